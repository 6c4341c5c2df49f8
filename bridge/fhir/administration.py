"""What one MedicationAdministration says: a dose, or a time in which insulin was delivered at a rate.

Law (`safety.md`, sufficiency and goals): an amount is in units of the pump or pen with its concentration said to
be unknown, and [iU] only where the mapping says U-100. R4 11.4: completed; stopped where it ended before what was
programmed; not-done with its reason where delivery was suspended, at a rate of 0; entered-in-error without any
amount. What was programmed otherwise than given stands in dosage.text, exactly. An amount that nobody recorded is
said to be absent (mad-1 wants a dose or a rate). A percentage of another rate is a ratio to that rate, never a
rate in units.

Rejected: extensions for the programmed amount and for automation (dosage.text and reasonCode say both); the route
of a pen (no file tells it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridge.consent.asked import Selector
from bridge.fhir import terms
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
from bridge.fhir.variant import PROGRAMMED, Variant
from bridge.mapping import Mappings, Shape
from bridge.mapping.shapes import UnitText
from bridge.reading import KINDS, Flag, Stream, Unit

MANDATORY: Final = frozenset(
    {"status", "medicationCodeableConcept", "subject", "effectiveDateTime", "effectivePeriod"}
)
ERROR: Final = int(Flag.RETRACTED)
STOPPED: Final = int(Flag.INTERRUPTED)
PUMP: Final = "pump"

_PROGRAMMED: Final = "Programmed, in the unit of what was given: "
_NOT_RECORDED: Final = "The amount was not recorded."
_OF_SCHEDULE: Final = UnitText(unit="scheduled-basal-rate", ucum="{scheduled-basal-rate}")


def tree(variant: Variant, mappings: Mappings, system: str) -> Tree:
    """The MedicationAdministration. `system`: of our identifiers."""
    shape, is_wrong = variant.shape(mappings), variant.has(Flag.RETRACTED)
    why_not = shape.by_kind.not_done.get(variant.kind_name, ())
    resource: Tree = {
        **head(variant, mappings, system),
        "status": _status(variant, bool(why_not)),
        "statusReason": () if is_wrong else (named(mappings, why_not),),
        "medicationCodeableConcept": said(codes(variant, mappings)),
        "subject": subject(variant),
        **effective(variant),
        "reasonCode": () if is_wrong else tuple(_reasons(variant, shape, mappings)),
        "device": (device(variant, system),),
        "note": notes(variant, text(variant)),
        "dosage": None if is_wrong else _dosage(variant, shape, mappings),
    }
    return selected(resource, variant.elements, MANDATORY)


def statuses(stream: Stream, shape: Shape) -> Iterator[tuple[str, Selector]]:
    """Which rows of a stream have which status."""
    table = {each.name.lower(): int(each) for each in KINDS[stream]}
    idle = frozenset(table[name] for name in shape.by_kind.not_done if name in table)
    given = frozenset(table.values()) - idle if idle else None
    yield "entered-in-error", Selector(stream, marks=(ERROR, ERROR))
    yield "stopped", Selector(stream, kinds=given, marks=(ERROR | STOPPED, STOPPED))
    yield "completed", Selector(stream, kinds=given, marks=(ERROR | STOPPED, 0))
    if idle:
        yield "not-done", Selector(stream, kinds=idle, marks=(ERROR, 0))


def _status(variant: Variant, is_idle: bool) -> str:
    if variant.has(Flag.RETRACTED):
        return "entered-in-error"
    if is_idle:
        return "not-done"
    return "stopped" if variant.has(Flag.INTERRUPTED) else "completed"


def _reasons(variant: Variant, shape: Shape, mappings: Mappings) -> Iterator[Node]:
    found = [shape.by_kind.reason.get(variant.kind_name, ())]
    if variant.has(Flag.AUTOMATED):
        found.append(shape.automated)
    for names in dict.fromkeys(found):
        yield named(mappings, names)


def _dosage(variant: Variant, shape: Shape, mappings: Mappings) -> Tree:
    by = PUMP if variant.stream is Stream.BASAL else variant.device_kind
    return {
        "text": _text(variant, shape),
        "route": named(mappings, shape.route.get(by, ())),
        "method": named(mappings, shape.by_kind.method.get(variant.kind_name, ())),
        **_given(variant, mappings, _value(variant, shape)),
    }


def _text(variant: Variant, shape: Shape) -> Node:
    if variant.has(PROGRAMMED):
        return Text((_PROGRAMMED, Slot("programmed", variant.value_width + 1, closes=True)))
    return None if _value(variant, shape) is not None else _NOT_RECORDED


def _value(variant: Variant, shape: Shape) -> Node:
    """The amount; None where nobody recorded it. In a suspension it was 0."""
    if not variant.has(Flag.NO_VALUE):
        return Slot("value", variant.value_width)
    return 0 if variant.kind_name in shape.by_kind.not_done else None


def _given(variant: Variant, mappings: Mappings, value: Node) -> Tree:
    unit = written(variant, mappings)
    if value is None:
        unknown: Tree = {"extension": (terms.ABSENT_UNKNOWN,)}
        return {"rateQuantity" if variant.unit in _RATES else "dose": unknown}
    if variant.unit is Unit.PERCENT:
        ratio: Tree = {"numerator": quantity(value, unit), "denominator": quantity(1, _OF_SCHEDULE)}
        return {"rateRatio": ratio}
    return {"rateQuantity" if variant.unit in _RATES else "dose": quantity(value, unit)}


_RATES: Final = frozenset({Unit.UNITS_PER_HOUR, Unit.PERCENT})
