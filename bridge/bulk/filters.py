"""The filters of an export: `_typeFilter` is a list of searches (FHIR Bulk Data Access STU2, _typeFilter Parameter).

Law: pure. Each is a search of one type without a patient and without what orders or shapes an answer; several of one
type mean what any of them finds. They are told apart by the comma before a type, because values have commas too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from bridge.fhir.controls import CONTROLS
from bridge.fhir.everything import SUBMITTED, TYPES, UNASKED
from bridge.fhir.outcome import Problem, bad_parameter
from bridge.fhir.sought import Pairs, Search

NAME: Final = "_typeFilter"
MOST: Final = 50
"""Filters in one request."""
FILTERED: Final = TYPES - UNASKED - {"Patient", SUBMITTED}
"""Who is in an export is said by the Group and by `patient`; of what leaves all evidence may come, and of reports all
that others submitted."""
_APART: Final = re.compile(r",(?=[A-Z][A-Za-z]*\?)")
_NO_FILTER: Final = frozenset({*CONTROLS, "patient", "subject"})


@dataclass(frozen=True, slots=True)
class Filter:
    """One search of a type."""

    kind: str
    pairs: Pairs


def filters(value: str) -> list[Filter] | Problem:
    """The filters of one parameter."""
    found: list[Filter] = []
    for text in _APART.split(value)[: MOST + 1]:
        kind, asks, query = text.partition("?")
        if kind not in FILTERED or not asks:
            offered = ", ".join(sorted(FILTERED))
            return bad_parameter(NAME, f"write Type?parameter=value; types that are filtered: {offered}")
        try:
            pairs = tuple(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST))
        except ValueError:
            return bad_parameter(NAME, "the search is not percent-encoded UTF-8, or too long")
        if any(name.partition(":")[0] in _NO_FILTER for name, _ in pairs):
            return bad_parameter(
                NAME, "a filter names no patient, and nothing that orders or shapes an answer"
            )
        found.append(Filter(kind, pairs))
    if len(found) > MOST:
        return bad_parameter(NAME, f"more than {MOST} filters: ask several times")
    return found


def merged(read: Sequence[Search | Problem]) -> Search | Problem:
    """What any of these searches of one type finds."""
    whole: Search | None = None
    for each in read:
        if isinstance(each, Problem):
            return bad_parameter(NAME, each.sentence)
        if whole is None or whole == each:
            whole = each
            continue
        if _bare(whole) != _bare(each):
            return bad_parameter(
                NAME, "filters of one type may differ in code, category or status alone: ask twice"
            )
        whole = replace(whole, selectors=whole.selectors | each.selectors)
    if whole is None:
        raise ValueError("no search to merge")
    return whole


def _bare(search: Search) -> Search:
    return replace(search, selectors=frozenset(), pairs=())
