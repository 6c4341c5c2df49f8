"""The scopes of a token as limits on a wish: the outer fence, never the boundary.

Law: 403 is decided by the token's scopes alone, before anything is looked up (`consent.md`, what the asker
learns). `patient/` and `user/` scopes reach alike, because the permit holds either to the one patient in
context. A granular scope (`?category=`, `?code=`) is read by the same parser as a search, so both mean
the same; what it cannot read opens nothing. A fence only takes away: it is intersected with what was asked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from bridge.consent.asked import Selector, met
from bridge.consent.summed import MEMBERS, PANEL, PARTS
from bridge.fhir.everything import SUBMITTED
from bridge.fhir.fenced import fenced, inside
from bridge.fhir.outcome import OUT_OF_SCOPE, Problem
from bridge.fhir.sought import Search
from bridge.fhir.vocabulary import Vocabulary
from bridge.mapping.resources import OBSERVATION, READING_TYPES
from bridge.reading import Stream
from bridge.smart.scopes import Fence
from bridge.smart.tokens import Bearer
from bridge.web.call import Refused

READ: Final = "r"
SEARCH: Final = "s"
INSUFFICIENT: Final = {"WWW-Authenticate": 'Bearer realm="fhir", error="insufficient_scope"'}


class Fences:
    """What scopes mean under the mappings in force."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.everything = vocabulary.everything()
        self._opened = lru_cache(maxsize=256)(self._selectors)
        self._parts_of = lru_cache(maxsize=256)(self._parts)

    def readings(self, bearer: Bearer, kind: str, action: str) -> frozenset[Selector]:
        """The readings of that type inside the token's scopes; Refused with 403 where there is no such
        scope."""
        return self._opened(kind, reached(bearer, kind, action))

    def parts(self, bearer: Bearer, action: str) -> frozenset[str]:
        """The Observations of summaries inside the token's scopes; a panel where all of its members are."""
        return self._parts_of(bearer.scopes.reach(OBSERVATION, action))

    def is_report(self, bearer: Bearer, kind: str, action: str) -> bool:
        """Whether a report, as that type, lies inside the token's scopes: every one wears the same code and
        categories. Refused with 403 where there is no such scope."""
        read = (inside(self._vocabulary, kind, fence) for fence in reached(bearer, kind, action) if fence)
        meant = any(not isinstance(each, Problem) and each.ids is None for each in read)
        return meant or frozenset() in reached(bearer, kind, action)

    def lacking(self, bearer: Bearer, action: str) -> frozenset[Stream]:
        """The streams of which not all lies inside the scopes."""
        opened = frozenset[Selector]()
        for kind in READING_TYPES:
            if bearer.scopes.reach(kind, action):
                opened |= self.readings(bearer, kind, action)
        return frozenset(each.stream for each in self.everything - opened)

    def is_everything(self, bearer: Bearer, action: str) -> bool:
        """Whether all that a PDF of others may show lies inside the scopes."""
        things = all(bearer.scopes.reach(each, READ) for each in ("Patient", "Device"))
        return things and not self.lacking(bearer, action)

    def submitted(self, bearer: Bearer, action: str) -> bool:
        """Whether reports that others submitted lie inside, with all that they may show. Refused with 403 where their
        type does not."""
        is_told = self.is_report(bearer, SUBMITTED, action) and self.is_everything(bearer, action)
        return is_told and self.parts(bearer, action) >= frozenset(PARTS)

    def evidence(self, bearer: Bearer, action: str) -> frozenset[Selector]:
        """The readings whose Provenance lies inside: those that the token reaches themselves; Refused with 403
        where it reaches no Provenance."""
        reached(bearer, "Provenance", action)
        opened = ((kind, bearer.scopes.reach(kind, action)) for kind in READING_TYPES)
        return frozenset().union(*(self._opened(kind, fences) for kind, fences in opened if fences))

    def allow(self, bearer: Bearer, search: Search) -> frozenset[Selector]:
        """What of a search lies inside the scopes; 403 where its type or an inclusion does not."""
        for kind, is_wanted in (
            (search.kind, True),
            ("Device", search.include_devices),
            ("DeviceMetric", search.include_metrics),
            ("Provenance", search.include_provenance),
        ):
            if is_wanted:
                reached(bearer, kind, SEARCH)
        if search.kind == "Provenance":
            return met(search.selectors, self.evidence(bearer, SEARCH))
        if search.kind not in READING_TYPES:
            return search.selectors
        return met(search.selectors, self.readings(bearer, search.kind, SEARCH))

    def _selectors(self, kind: str, fences: tuple[Fence, ...]) -> frozenset[Selector]:
        return fenced(self._vocabulary, kind, fences)

    def _parts(self, fences: tuple[Fence, ...]) -> frozenset[str]:
        read = (inside(self._vocabulary, OBSERVATION, fence) for fence in fences)
        found = frozenset[str]().union(*(each.parts for each in read if not isinstance(each, Problem)))
        return found if found >= set(MEMBERS) else found - {PANEL}


def reached(bearer: Bearer, kind: str, action: str) -> tuple[Fence, ...]:
    """The fences of that type and action; Refused with 403 where there are none."""
    fences = bearer.scopes.reach(kind, action)
    if not fences:
        raise Refused(OUT_OF_SCOPE, INSUFFICIENT)
    return fences
