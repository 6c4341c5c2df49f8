"""What the fences of scopes let through, as selectors: read by the same parser as a search, so both mean the same.

Law: what cannot be read opens nothing; several fences add up; the empty fence is no fence (SMART App Launch 2.2,
scopes). Pure, and without a person.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.consent.asked import Selector
from bridge.fhir.outcome import Problem
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.fhir.vocabulary import Vocabulary

Fence = frozenset[tuple[str, str]]


def fenced(vocabulary: Vocabulary, kind: str, fences: Iterable[Fence]) -> frozenset[Selector]:
    """The readings of that type inside any of the fences."""
    fences = tuple(fences)
    if frozenset() in fences:
        return vocabulary.everything(kind)
    read = (inside(vocabulary, kind, fence) for fence in fences)
    return frozenset[Selector]().union(*(each.selectors for each in read if not isinstance(each, Problem)))


def inside(vocabulary: Vocabulary, kind: str, fence: Fence) -> Search | Problem:
    """What one fence says, as a search."""
    return parse(kind, (("patient", "any"), *sorted(fence)), vocabulary, strict=True)
