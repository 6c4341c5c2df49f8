"""How the parameters about an answer's form are read: count, total, summary, order, inclusions.

Law: each comes once, except inclusions; what is not offered is 400, except an inclusion under lenient
handling: leaving it out answers less, never more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bridge.consent.asked import Order
from bridge.fhir.draft import Draft, Step, alternatives
from bridge.fhir.outcome import bad_parameter
from bridge.fhir.parameters import DATES, ELEMENTS, INCLUDES, REVINCLUDES
from bridge.fhir.sought import MOST

_ORDERS: Final[Mapping[str, Mapping[str, Order]]] = {
    kind: {date: "date", f"-{date}": "-date", "_lastUpdated": "lastUpdated", "-_lastUpdated": "-lastUpdated"}
    for kind, date in DATES.items()
}
_TOTALS: Final[Mapping[str, bool]] = {"none": False, "estimate": True, "accurate": True}


def _count(draft: Draft, value: str) -> Step:
    if not (value.isascii() and value.isdecimal()):
        return bad_parameter("_count", "write a whole number from 0 up")
    draft.count = min(int(value[:12]), MOST)
    draft.count_only = draft.count_only or draft.count == 0
    return _single(draft, "_count")


def _total(draft: Draft, value: str) -> Step:
    if value not in _TOTALS:
        return bad_parameter("_total", f"write one of {', '.join(_TOTALS)}")
    draft.total = _TOTALS[value]
    return _single(draft, "_total")


def _summary(draft: Draft, value: str) -> Step:
    modes = ELEMENTS[draft.kind]
    if value == "count":
        draft.count_only = True
    elif value in modes:
        draft.elements = modes[value]
    else:
        return bad_parameter("_summary", f"write one of count, {', '.join(modes)}")
    return _single(draft, "_summary")


def _elements(draft: Draft, value: str) -> Step:
    named = frozenset(each.removeprefix(f"{draft.kind}.") for each in alternatives(value))
    draft.elements = frozenset(_spread(named))
    return _single(draft, "_elements")


def _spread(named: frozenset[str]) -> set[str]:
    """Choice elements by their base name too: `effective` is effectiveDateTime or effectivePeriod."""
    return {each for name in named for each in _CHOICES.get(name.removesuffix("[x]"), {name})}


_CHOICES: Final[Mapping[str, frozenset[str]]] = {
    "effective": frozenset({"effectiveDateTime", "effectivePeriod"}),
    "value": frozenset(
        {"valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueSampledData"}
    ),
    "medication": frozenset({"medicationCodeableConcept"}),
}


def _sort(draft: Draft, value: str) -> Step:
    orders = _ORDERS.get(draft.kind, {})
    if value not in orders:
        mend = f"sort by one of {', '.join(orders)}" if orders else "resources of this type are not sorted"
        return bad_parameter("_sort", mend)
    draft.order = orders[value]
    return _single(draft, "_sort")


def _include(draft: Draft, value: str) -> Step:
    return _included(draft, "_include", INCLUDES, value)


def _revinclude(draft: Draft, value: str) -> Step:
    return _included(draft, "_revinclude", REVINCLUDES, value)


def _included(draft: Draft, name: str, offered: Mapping[str, tuple[str, ...]], value: str) -> Step:
    wanted = ":".join(value.split(":")[:2])
    spellings = (wanted, f"{wanted}:Device", f"{wanted}:{draft.kind}")
    if wanted in offered.get(draft.kind, ()) and value in spellings:
        draft.includes.add(wanted)
        return True
    return bad_parameter(name, "this inclusion is not offered") if draft.strict else False


FOLLOWED: Final = frozenset({"DeviceMetric:source", "DeviceMetric:source:Device"})
"""What `_include:iterate` (R4 3.1.1.5.7) may follow. HDDT's clients always send it: where readings name their Device
itself there is nothing left to follow."""


def _single(draft: Draft, name: str) -> Step:
    if name in draft.once:
        return bad_parameter(name, "write it once")
    draft.once.add(name)
    return True


CONTROLS: Final[Mapping[str, Callable[[Draft, str], Step]]] = {
    "_count": _count,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_sort": _sort,
    "_include": _include,
    "_revinclude": _revinclude,
}
