"""What a bulk export is asked for: parameters in, `Export` or `Problem` out (FHIR Bulk Data Access STU2, kick-off).

Law: pure. Unlike a search, an export refuses what it does not understand unless it is asked to be lenient; then what
was left away is told in the manifest's `error`. A filter that cannot be honoured is refused all the same: leaving one
away would answer more than was asked (L11). Filters are read by the parser of searches and name no patient.

Rejected: filters of one type that differ in more than what they select (a resource that both find would stand twice).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from bridge.bulk.filters import Filter, filters, merged
from bridge.fhir.draft import alternatives
from bridge.fhir.everything import TYPES, UNASKED
from bridge.fhir.filters import date_text
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.parameters import FORMS
from bridge.fhir.search import parse as parse_search
from bridge.fhir.sought import Pairs, Search
from bridge.fhir.vocabulary import Vocabulary
from bridge.period import Instant, ZoneHistory, spelled

EXPORT: Final = "$export"
FORMATS: Final = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
EVIDENCE: Final = frozenset({"LatestProvenanceResources", "RelevantProvenanceResources"})
"""Of everything that leaves there is one Provenance, which is both."""
TOLD: Final = 500
"""Of a request the ledger keeps so many characters."""
_UTC: Final = ZoneHistory.always("UTC")


@dataclass(frozen=True, slots=True)
class Export:
    """One understood export. `types`: those that were named, None where none was; `since` and `until`: told of what
    came to be as it is in (since, until]; `patients`: ids, None for everybody; `searches`: what is wanted of each type;
    `ignored`: what was left away."""

    described: str
    types: frozenset[str] | None
    since: Instant | None
    until: Instant | None
    patients: frozenset[str] | None
    searches: Mapping[str, Search]
    ignored: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Draft:
    is_lenient: bool
    types: frozenset[str] | None = None
    has_evidence: bool = False
    instants: dict[str, Instant] = field(default_factory=dict)
    patients: frozenset[str] | None = None
    filters: list[Filter] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    once: set[str] = field(default_factory=set)
    ignored: list[Problem] = field(default_factory=list)

    def left_away(self, problem: Problem) -> Problem | None:
        """The problem, or where it may be left away nothing."""
        if not self.is_lenient:
            return problem
        self.ignored.append(problem)
        return None


@dataclass(frozen=True, slots=True)
class Grammar:
    """What parameters are read by: codes in force, our FHIR address and the system of our identifiers."""

    vocabulary: Vocabulary
    base: str
    system: str

    def search(self, kind: str, pairs: Pairs) -> Search | Problem:
        """What these parameters mean of everybody."""
        named = ("_id" if kind == "Patient" else "patient", "any")
        return parse_search(
            kind, (named, *pairs), self.vocabulary, base=self.base, system=self.system, strict=True
        )


def parse(
    address: str, pairs: Sequence[tuple[str, str]], grammar: Grammar, is_lenient: bool = False
) -> Export | Problem:
    """The export at that address that these decoded parameters say."""
    draft = _Draft(is_lenient)
    for name, value in pairs:
        problem = _read(draft, name, value)
        if problem is not None:
            return problem
    searches = _searches(draft, grammar)
    if isinstance(searches, Problem):
        return searches
    since, until = draft.instants.get("_since"), draft.instants.get("_until")
    described = f"{address}?{urlencode(pairs)}" if pairs else address
    return Export(
        described=described[:TOLD],
        types=_types(draft),
        since=since,
        until=until,
        patients=draft.patients,
        searches=searches,
        ignored=tuple(draft.ignored),
    )


def _types(draft: _Draft) -> frozenset[str] | None:
    if draft.types is None or not draft.has_evidence:
        return draft.types
    return draft.types | UNASKED


def _searches(draft: _Draft, grammar: Grammar) -> dict[str, Search] | Problem:
    """What is wanted of each type."""
    found: dict[str, Search] = {}
    for kind in sorted(TYPES):
        asked = [each.pairs for each in draft.filters if each.kind == kind] or [()]
        shown = _elements(draft, kind)
        read = [grammar.search(kind, (*pairs, *shown)) for pairs in asked]
        wanted = merged(read)
        if isinstance(wanted, Problem):
            return wanted
        found[kind] = replace(wanted, pairs=())
    return found


def _elements(draft: _Draft, kind: str) -> Pairs:
    """The elements that are wanted of a type: those named with it, or for every type."""
    mine = [each for each in draft.elements if each.startswith(f"{kind}.") or "." not in each]
    return (("_elements", ",".join(mine)),) if mine else ()


# ------------------------------------------------------------------------------------------- parameters


def _read(draft: _Draft, name: str, value: str) -> Problem | None:
    shown = name[:64]
    if name in FORMS:
        return None
    if name not in _PARAMETERS:
        return draft.left_away(bad_parameter(shown, "an export has no such parameter here"))
    if not value:
        return bad_parameter(shown, "the value is missing; write one or leave the parameter out")
    return _PARAMETERS[name](draft, name, value)


def _format(draft: _Draft, name: str, value: str) -> Problem | None:
    if value.lower().replace(" ", "+") not in FORMATS:
        return bad_parameter(name, f"files are {', '.join(sorted(FORMATS))}, which is all one")
    return _once(draft, name)


def _instant(draft: _Draft, name: str, value: str) -> Problem | None:
    if value[:1].isalpha() or "T" not in value or isinstance(date_text(name, value), Problem):
        return bad_parameter(name, "write one instant with its time zone, like 2026-03-01T00:00:00Z")
    draft.instants[name] = spelled(value, _UTC).start
    return _once(draft, name)


def _type(draft: _Draft, name: str, value: str) -> Problem | None:
    named = frozenset(alternatives(value))
    draft.types = (draft.types or frozenset()) | (named & TYPES)
    if named <= TYPES:
        return None
    return draft.left_away(bad_parameter(name, f"the types are {', '.join(sorted(TYPES))}"))


def _filter(draft: _Draft, name: str, value: str) -> Problem | None:
    read = filters(value)
    if isinstance(read, Problem):
        return read
    draft.filters += read
    return None


def _wanted(draft: _Draft, name: str, value: str) -> Problem | None:
    draft.elements += alternatives(value)
    return None


def _evidence(draft: _Draft, name: str, value: str) -> Problem | None:
    named = frozenset(alternatives(value))
    draft.has_evidence = draft.has_evidence or bool(named & EVIDENCE)
    if named <= EVIDENCE:
        return None
    return draft.left_away(bad_parameter(name, f"what comes along is {', '.join(sorted(EVIDENCE))}"))


def _patient(draft: _Draft, name: str, value: str) -> Problem | None:
    named = frozenset(each.rpartition("Patient/")[2] for each in alternatives(value))
    draft.patients = (draft.patients or frozenset()) | named
    return None


def _once(draft: _Draft, name: str) -> Problem | None:
    if name in draft.once:
        return bad_parameter(name, "write it once")
    draft.once.add(name)
    return None


_PARAMETERS: Final[Mapping[str, Callable[[_Draft, str, str], Problem | None]]] = {
    "_outputFormat": _format,
    "_since": _instant,
    "_until": _instant,
    "_type": _type,
    "_typeFilter": _filter,
    "_elements": _wanted,
    "includeAssociatedData": _evidence,
    "patient": _patient,
}
