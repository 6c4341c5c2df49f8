"""`Observation/$lastn`: of each code the newest Observations (R4 Observation operation lastn).

Law: a search like any other, through the same scopes, gate and renderer: the parameters of a search select, `max`
(1 where it is not given) says how many of each code. R4 wants a person and a category or a code. Groups stand one
after the other, each newest first; there is one page and no order to choose, so what asks for pages, counts or
order is refused. More than `MOST` of a code are not given (fewer than asked for is allowed).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from bridge.consent.asked import Newest
from bridge.fhir.outcome import bad_parameter
from bridge.fhir.pages import PARAMETER
from bridge.mapping.resources import OBSERVATION
from bridge.smart.tokens import Bearer
from bridge.web.answers import Answers, Request, Sought
from bridge.web.call import Call, Pairs, Refused
from bridge.web.desk import Desk
from bridge.web.fence import SEARCH, reached
from bridge.web.response import FhirResponse
from bridge.web.search import Searches, requested
from bridge.web.told import told

OPERATION: Final = "/$lastn"
MAX: Final = "max"
MOST: Final = 100
NAMED: Final = frozenset({"code", "category"})
NO_PAGES: Final = frozenset({"_count", "_sort", "_total", PARAMETER})
WHAT: Final = bad_parameter("category", "name a category or a code")
WHOLE: Final = bad_parameter(MAX, "write a whole number from 1 up, once")


class Lastn:
    """Answers the operation."""

    def __init__(self, desk: Desk, searches: Searches) -> None:
        self._answers = Answers(desk)
        self._searches = searches
        self._grouped = lru_cache(maxsize=256)(desk.renderer.vocabulary.grouped)

    async def answer(self, call: Call) -> FhirResponse:
        """GET or POST [base]/Observation/$lastn"""
        reached(call.bearer, OBSERVATION, SEARCH)
        return await self.whole(call.bearer, requested(OBSERVATION, call, await told(call)))

    async def whole(self, bearer: Bearer, request: Request) -> FhirResponse:
        """The same, inside a batch or alone."""
        reached(bearer, OBSERVATION, SEARCH)
        most = _most([value for name, value in request.pairs if name == MAX])
        for name, value in request.pairs:
            if name in NO_PAGES or (name, value) == ("_summary", "count"):
                raise Refused(
                    bad_parameter(name, "the newest of each code stand on one page; ask without it")
                )
        rest = tuple(pair for pair in request.pairs if pair[0] != MAX)
        sought = self._searches.sought(bearer, replace(request, pairs=rest))
        if not NAMED & {name for name, _ in sought.search.pairs}:
            raise Refused(WHAT)
        return await self._answers.page(bearer, self._newest(sought, request.pairs, most))

    def _newest(self, sought: Sought, pairs: Pairs, most: int) -> Sought:
        said = tuple(pair for pair in pairs if pair[0] == MAX)
        search = replace(sought.search, operation=OPERATION, pairs=(*sought.search.pairs, *said))
        newest = Newest(most, self._grouped(search.selectors))
        asked = replace(sought.asked, described=search.described, limit=None, newest=newest)
        if asked.instead is not None:
            instead = replace(asked.instead, described=search.described, limit=None, newest=newest)
            asked = replace(asked, instead=instead)
        return Sought(search, asked, sought.request)


def _most(values: list[str]) -> int:
    if not values:
        return 1
    (value, *others) = values
    if others or not (value.isascii() and value.isdecimal()) or not int(value[:12]):
        raise Refused(WHOLE)
    return min(int(value[:12]), MOST)
