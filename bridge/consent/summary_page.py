"""Summaries as one page of an answer.

Law: pure; a page holds whole Observations in the order of their periods, and where the newest were asked for, of each
figure the newest so many. What is frozen is what stands in it, for a number tells of a block too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import Final, TypeAlias

from bridge.consent.asked import Asked, Kind
from bridge.consent.part import Part
from bridge.consent.passing import Passing
from bridge.consent.received import DisclosedReceived, kinds_of
from bridge.consent.reporting import MARK
from bridge.consent.summed import PARTS, Content, DisclosedSummary
from bridge.store.summaries import Frozen

MOST_BYTES: Final = 4 << 20
"""Of the submissions out of which the reports of a page come; one that is larger stands alone."""
_Listed: TypeAlias = tuple[DisclosedSummary | DisclosedReceived, tuple[str, str]]
"""One resource and what it is of: a summary, or itself where others submitted it."""


def paged(
    told: Sequence[DisclosedSummary],
    news: Sequence[Frozen[Content]],
    asked: Asked,
    foreign: Sequence[DisclosedReceived] = (),
    weights: Callable[[Sequence[DisclosedReceived]], Sequence[int]] = lambda page: (0,) * len(page),
) -> Part:
    """The page of them that was asked for: `limit` Observations behind the one that `after` names, fewer where they
    weigh too much; or the newest of each figure."""
    every: list[_Listed] = [(each, one) for each in told for one in each.items]
    if foreign:
        every += [(each, one) for each in foreign for one in each.items]
        every.sort(key=lambda listed: (listed[0].period, isinstance(listed[0], DisclosedReceived)))
    if asked.newest is not None:
        every = _newest(every, asked.newest.most)
    else:
        every = every[::-1] if asked.order.startswith("-") else every
    total = len(every)
    if asked.after is not None:
        every = every[_place(every, asked.after) + 1 :]
    page = every if asked.limit is None else every[: asked.limit]
    if foreign and asked.newest is None:
        heavy = [each for each, _ in page if isinstance(each, DisclosedReceived)]
        each_of = dict(zip((each.id for each in heavy), weights(heavy), strict=True))
        page = page[: fitting([each_of.get(one[1], 0) for _, one in page])]
    shown = tuple(each if each.report else replace(each, ids=tuple(ones)) for each, ones in _grouped(page))
    beside = tuple(each for each, _ in page if isinstance(each, DisclosedReceived))
    counts_alone = asked.limit == 0  # a number tells of a block too
    keys = {(one.period, one.is_frozen) for one in shown}
    frozen = [each for each in news if counts_alone or (each.period, not each.is_open) in keys]
    more = MARK + page[-1][1][1].encode() if page and len(page) < len(every) else None
    return replace(part_of(shown, beside), more=more, total=total, frozen=tuple(frozen))


def fitting(weights: Sequence[int]) -> int:
    """How many of these, by their bytes, one page has: one at least."""
    return max(1, sum(whole <= MOST_BYTES for whole in accumulate(weights)))


def with_received(part: Part, passing: Passing) -> Part:
    """The page with what stands in it of what others submitted, and which records that is."""
    if not part.received:
        return part
    received, records = passing.filled(part.received)
    return replace(part, received=received, handed=records)


def _newest(every: Sequence[_Listed], most: int) -> list[_Listed]:
    """Of each figure so many, newest first, figure by figure (R4 Observation operation lastn)."""
    found, seen = list[_Listed](), Counter[str]()
    for one in reversed(every):
        seen[one[1][0]] += 1
        if seen[one[1][0]] <= most:
            found.append(one)
    return sorted(found, key=lambda one: PARTS.index(one[1][0]))


def _place(every: Sequence[_Listed], after: bytes) -> int:
    """Where the last Observation of the page before stands; past all of them where it is there no more."""
    named = after.removeprefix(MARK).decode("ascii", "replace")
    return next((at for at, (_, one) in enumerate(every) if one[1] == named), len(every))


def _grouped(page: Sequence[_Listed]) -> Iterator[tuple[DisclosedSummary, list[tuple[str, str]]]]:
    ours = ((each, one) for each, one in page if isinstance(each, DisclosedSummary))
    for _, ones in groupby(ours, key=lambda each: each[0].members):
        found = list(ones)
        yield found[0][0], [one for _, one in found]


def part_of(told: Sequence[DisclosedSummary], foreign: Sequence[DisclosedReceived] = ()) -> Part:
    """All of them, without an order of pages."""
    if not (told or foreign):
        return Part()
    count = sum(len(each.ids) for each in told) + len(foreign)
    every: tuple[DisclosedSummary | DisclosedReceived, ...] = (*told, *foreign)
    return Part(
        summaries=tuple(told),
        received=tuple(foreign),
        count=count,
        readings=count,
        last_updated=max(each.last_updated for each in every),
        first=min(each.period.start for each in every),
        last=max(each.period.end for each in every) - 1,
        kinds=frozenset({Kind.GLUCOSE}).union(*(kinds_of(each) for each in foreign)),
    )
