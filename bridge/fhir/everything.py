"""The parameters of `Patient/[id]/$everything` read (R4 Patient operation everything).

Law: pure; what cannot be honoured is a Problem, and what is not known is ignored, or refused under strict
handling, as in a search. `start` and `end` are care dates: whole days of the person, and what overlaps them is
meant; `_since` is about lastUpdated of readings (the person and the devices come along, because references lead to
them). Without `_type` everything comes but Provenance, which is there for whoever asks. Of reports those come that
others submitted; ours are made where they are searched and rest nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.fhir.draft import Step, alternatives
from bridge.fhir.filters import bare_date, date_text
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.parameters import FORMS, PARAMETERS, RECORDS, REFUSED
from bridge.fhir.sought import MOST, Care, DateText, Search
from bridge.period import ZoneHistory, spelled

OPERATION: Final = "$everything"
UNASKED: Final = frozenset({"Provenance"})
"""Types that come only where they are named."""
SUBMITTED: Final = "DiagnosticReport"
"""The type of reports that others submitted, in the one form in which they are kept."""
TYPES: Final = frozenset({*PARAMETERS, SUBMITTED}) - RECORDS
_UTC: Final = ZoneHistory.always("UTC")


@dataclass(slots=True)
class _Draft:
    strict: bool
    edges: dict[str, str] = field(default_factory=dict)
    since: DateText | None = None
    types: frozenset[str] | None = None
    count: int | None = None


def parse(id: str, pairs: Sequence[tuple[str, str]], strict: bool = False) -> Search | Problem:
    """The wish for everything of the Patient with that id, of which nothing is selected yet; `types` None where
    none was named."""
    draft, used = _Draft(strict), list[tuple[str, str]]()
    for name, value in pairs:
        step = _read(draft, name, value)
        if isinstance(step, Problem):
            return step
        if step:
            used.append((name, value))
    start, end = (draft.edges.get(name, "") for name in ("start", "end"))
    if start and end and spelled(end, _UTC).end <= spelled(start, _UTC).start:
        return bad_parameter("end", "it lies before start: write a later one")
    dates = (Care(start, end),) if draft.edges else ()
    return Search(
        kind="Patient",
        pairs=tuple(used),
        patient=id,
        identifier=None,
        selectors=frozenset(),
        dates=dates,
        updated=() if draft.since is None else (draft.since,),
        count=MOST if draft.count is None else draft.count,
        operation=f"/{id}/{OPERATION}",
        types=draft.types,
    )


def _read(draft: _Draft, name: str, value: str) -> Step:
    shown = name[:64]
    if name in FORMS:
        return False
    if name in REFUSED or ":" in name or "." in name:
        return bad_parameter(shown, "this operation has no such parameter")
    if name not in _PARAMETERS:
        return bad_parameter(shown, "this operation has no such parameter") if draft.strict else False
    if not value:
        return bad_parameter(shown, "the value is missing; write one or leave the parameter out")
    return _PARAMETERS[name](draft, name, value)


def _edge(draft: _Draft, name: str, value: str) -> Step:
    read = bare_date(name, value, name in draft.edges)
    if isinstance(read, Problem):
        return read
    draft.edges[name] = value
    return True


def _since(draft: _Draft, name: str, value: str) -> Step:
    read = date_text(name, value)
    if isinstance(read, Problem):
        return read
    if draft.since is not None or value[:1].isalpha():
        return bad_parameter(name, "write one instant, without a prefix")
    draft.since = DateText("ge", value)
    return True


def _type(draft: _Draft, name: str, value: str) -> Step:
    named = frozenset(alternatives(value))
    if draft.strict and not named <= TYPES:
        return bad_parameter(name, f"the types are {', '.join(sorted(TYPES))}")
    draft.types = (named | (draft.types or frozenset())) & TYPES
    return True


def _count(draft: _Draft, name: str, value: str) -> Step:
    if draft.count is not None or not (value.isascii() and value.isdecimal()) or not int(value[:12]):
        return bad_parameter(name, "write a whole number from 1 up, once")
    draft.count = min(int(value[:12]), MOST)
    return True


_PARAMETERS: Final[Mapping[str, Callable[[_Draft, str, str], Step]]] = {
    "start": _edge,
    "end": _edge,
    "_since": _since,
    "_type": _type,
    "_count": _count,
}
