"""A search (R4 3.1.1) read: query pairs in, `Search` or `Problem` out.

Law: nothing is looked up and nothing is decided here. What could widen an answer when ignored (chains,
`_has`, modifiers, `_filter`, empty or malformed values) is 400 always; an unknown parameter is 400 under
`Prefer: handling=strict`, otherwise ignored and left out of the self link (R4 3.1.1.1.1); a code that
means nothing finds nothing. One patient a search, by name, or 400 (`consent.md`, what the asker learns).

Rejected: a parameter framework that answers what it does not know with everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bridge.consent.asked import met
from bridge.fhir.controls import CONTROLS, FOLLOWED
from bridge.fhir.draft import Draft, Step
from bridge.fhir.filters import FILTERS, ONE_PATIENT
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.parameters import FORMS, INCLUDES, READINGS, REFUSED, SOUGHT
from bridge.fhir.sought import Pairs, Search
from bridge.fhir.vocabulary import Vocabulary
from bridge.mapping.resources import OBSERVATION

__all__ = ["Search", "parse"]


def parse(
    kind: str,
    pairs: Sequence[tuple[str, str]],
    vocabulary: Vocabulary,
    *,
    base: str = "",
    system: str = "",
    strict: bool = False,
) -> Search | Problem:
    """The search of type `kind` that these decoded query or form pairs say. KeyError where the bridge
    does not search that type. `base`: our FHIR address, under which absolute references are ours; `system`: of
    our identifiers."""
    draft = Draft(kind, vocabulary, base, strict, system)
    used: list[tuple[str, str]] = []
    for name, value in pairs:
        step = _read(draft, name, value)
        if isinstance(step, Problem):
            return step
        if step:
            used.append((name, value))
    return _finished(draft, tuple(used))


def _read(draft: Draft, name: str, value: str) -> Step:
    plain, _, modifier = name.partition(":")
    shown = plain[:64]
    if plain in REFUSED or "." in plain:
        return bad_parameter(shown, "chained and reverse-chained searches, filters and lists are not offered")
    if plain in FORMS:
        return False
    parameter = next((p for p in SOUGHT[draft.kind] if p.name == plain), None)
    if (plain, modifier) == ("_include", "iterate") and value in FOLLOWED and INCLUDES.get(draft.kind):
        return True
    if modifier and not (parameter and modifier in parameter.targets):
        return bad_parameter(shown, f"the modifier :{modifier[:64]} is not offered; ask without it")
    if parameter is None and plain not in CONTROLS:
        return bad_parameter(shown, "this parameter is not known for this type") if draft.strict else False
    if not value:
        return bad_parameter(shown, "the value is missing; write one or leave the parameter out")
    return CONTROLS[plain](draft, value) if parameter is None else FILTERS[plain](draft, parameter, value)


SUMMARISED: Final = frozenset(
    {"patient", "subject", "code", "category", "date", "_profile", "_lastUpdated", "_id"}
)
"""Filters that summaries have too; where another one is, none is meant."""


def _parts(draft: Draft, used: Pairs) -> frozenset[str]:
    """The Observations of summaries that are meant."""
    named = {name.partition(":")[0] for name, _ in used} - CONTROLS.keys()
    if draft.kind != OBSERVATION or draft.sampled or not named <= SUMMARISED:
        return frozenset()
    return frozenset(draft.vocabulary.parts) if draft.parts is None else draft.parts


def _finished(draft: Draft, used: tuple[tuple[str, str], ...]) -> Search | Problem:
    if len(draft.patients) + (draft.identifier is not None) != 1:
        wanted = "_id" if draft.kind == "Patient" else "patient"
        return bad_parameter(wanted, ONE_PATIENT)
    if draft.targets is not None and draft.ids is not None:
        return bad_parameter("target", "search a Provenance by target or by _id, not by both")
    if draft.sampled and (draft.amounts or any(name == "status" for name, _ in used)):
        return bad_parameter("_profile", "chunks are not searched by status or value")
    chosen = draft.vocabulary.everything(draft.kind)
    if draft.selectors is not None:
        chosen = met(chosen, draft.selectors)
    return Search(
        kind=draft.kind,
        pairs=used,
        parts=_parts(draft, used),
        patient=next(iter(draft.patients), None),
        identifier=draft.identifier,
        selectors=chosen if draft.kind in READINGS else frozenset(),
        dates=tuple(draft.dates),
        updated=tuple(draft.updated),
        ids=None if draft.kind == "Patient" else draft.ids,
        targets=draft.targets,
        devices=draft.devices,
        device_kinds=draft.device_kinds,
        amounts=tuple(draft.amounts),
        sampled=draft.sampled,
        states=draft.states,
        order=draft.order,
        count=draft.count,
        total=draft.total,
        count_only=draft.count_only,
        elements=draft.elements,
        include_devices=bool(draft.includes & {f"{draft.kind}:device", "DeviceMetric:source"})
        and draft.kind != "Device",
        include_metrics=draft.kind == "Device" and "DeviceMetric:source" in draft.includes,
        include_provenance="Provenance:target" in draft.includes,
    )
