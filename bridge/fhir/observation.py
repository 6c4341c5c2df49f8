"""What one Observation says: the tree of a template, from a mapping's shape and what its rows share.

Law: HL7 CGM IG 1.0.0 patterns are met to the letter (code, unit `mg/dl` beside code `mg/dL`,
effectiveDateTime, subject). Out of range is a comparator with the limit and an off-scale
interpretation, never a bare limit; no value is a dataAbsentReason; a mean has a period, a count and its
coverage, never the code or profile of a reading; retracted is entered-in-error without a value
(`safety.md`, LOW and HIGH; `consent.md`, means). What happened is true: an event's code says what. A note that
may not be told, or was empty, is absent like any other value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridge.consent.asked import Selector
from bridge.fhir import sampled, terms
from bridge.fhir.elements import (
    codes,
    device,
    effective,
    head,
    named,
    notes,
    quantity,
    said,
    subject,
    text,
    written,
)
from bridge.fhir.tree import Node, Slot, Text, Tree, selected
from bridge.fhir.variant import AMENDED, Variant, has_amount
from bridge.mapping import Code, Mappings
from bridge.reading import Flag, SettingKind, Stream

MANDATORY: Final = frozenset({"status", "code"})
COUNT_WIDTH: Final = 10
CLOCK_WIDTH: Final = 8

DAILY: Final = frozenset(
    {SettingKind.BASAL_RATE, SettingKind.CARB_RATIO, SettingKind.SENSITIVITY, SettingKind.TARGET_LOW,
     SettingKind.TARGET_HIGH}
)  # fmt: skip
"""Settings that hold from a minute of the day on."""


def tree(variant: Variant, mappings: Mappings, system: str) -> Tree:
    """The Observation. `system`: of our identifiers. KeyError where the mapping has no code for it."""
    if variant.is_sampled:
        return sampled.tree(variant, mappings, system)
    wearing = codes(variant, mappings)
    categories = variant.shape(mappings).categories(variant.kind_name)
    is_note = variant.stream is Stream.NOTE
    resource: Tree = {
        **head(variant, mappings, system),
        "status": _status(variant),
        "category": tuple(said((mappings.codes[name],)) for name in categories),
        "code": said(wearing),
        "subject": subject(variant),
        **effective(variant),
        **_value(variant, mappings, wearing),
        "note": notes(variant, None if is_note else text(variant)),
        "device": device(variant, system),
        "component": _of_a_mean() if variant.is_mean else _components(variant, mappings),
    }
    return selected(resource, variant.elements, MANDATORY)


def statuses(stream: Stream) -> Iterator[tuple[str, Selector]]:
    """Which rows of a stream have which status."""
    wrong = int(Flag.RETRACTED)
    yield "entered-in-error", Selector(stream, marks=(wrong, wrong))
    yield "corrected", Selector(stream, marks=(wrong, 0), is_amended=True)
    yield "final", Selector(stream, marks=(wrong, 0), is_amended=False)


def _status(variant: Variant) -> str:
    if variant.has(Flag.RETRACTED):
        return "entered-in-error"
    return "corrected" if variant.has(AMENDED) else "final"


def _value(variant: Variant, mappings: Mappings, wearing: tuple[Code, ...]) -> Tree:
    if variant.has(Flag.RETRACTED):
        return {"dataAbsentReason": terms.absent("error")}
    told = variant.shape(mappings).by_kind.value
    if told:
        answer = named(mappings, told.get(variant.kind_name, ()))
        return {"valueCodeableConcept": answer} if answer else {"dataAbsentReason": terms.absent("unknown")}
    if has_amount(variant.stream, variant.unit):
        return _amount(variant, mappings, wearing)
    return _written_down(variant) if variant.stream is Stream.NOTE else {"valueBoolean": True}


def _amount(variant: Variant, mappings: Mappings, wearing: tuple[Code, ...]) -> Tree:
    off_scale = terms.BELOW if variant.has(Flag.LOW) else terms.ABOVE if variant.has(Flag.HIGH) else None
    interpretation: Tree = {"interpretation": (off_scale,)}
    if variant.has(Flag.NO_VALUE):
        return {"dataAbsentReason": terms.absent(_absence(variant)), **interpretation}
    value = Slot("value", variant.value_width)
    amount = quantity(value, written(variant, mappings, wearing), _comparator(variant))
    return {"valueQuantity": amount, **interpretation}


def _written_down(variant: Variant) -> Tree:
    found = text(variant)
    return {"valueString": found} if found else {"dataAbsentReason": terms.absent("unknown")}


def _comparator(variant: Variant) -> str | None:
    sign = "<" if variant.has(Flag.LOW) else ">" if variant.has(Flag.HIGH) else None
    return f"{sign}=" if sign and variant.has(Flag.INCLUSIVE) else sign


def _absence(variant: Variant) -> str:
    """Out of range with an unknown limit is an infinity (`data.md`, rendering)."""
    if variant.has(Flag.LOW):
        return "negative-infinity"
    return "positive-infinity" if variant.has(Flag.HIGH) else "unknown"


def _components(variant: Variant, mappings: Mappings) -> Node:
    shape = variant.shape(mappings)
    found: list[Tree] = []
    kind = named(mappings, shape.by_kind.component.get(variant.kind_name, ()))
    if kind and shape.components.kind:
        found.append({"code": named(mappings, shape.components.kind), "valueCodeableConcept": kind})
    if shape.components.minute and variant.stream is Stream.SETTINGS and variant.kind in DAILY:
        clock = Text((Slot("minute", CLOCK_WIDTH),))
        found.append({"code": named(mappings, shape.components.minute), "valueTime": clock})
    return () if variant.has(Flag.RETRACTED) else tuple(found)


def _of_a_mean() -> Node:
    percent: Tree = {"value": Slot("coverage", 5), "unit": "%", "system": terms.UCUM, "code": "%"}
    return (
        {"code": terms.READING_COUNT, "valueInteger": Slot("count", COUNT_WIDTH)},
        {"code": terms.COVERAGE, "valueQuantity": percent},
        {"code": terms.OFF_SCALE_COUNT, "valueInteger": Slot("off_scale", COUNT_WIDTH)},
    )
