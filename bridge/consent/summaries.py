"""Summaries of sensor glucose for one asker: made of open readings alone, and frozen where the readings stay behind.

Law (`consent.md`, means and summaries; `safety.md`, sufficiency): each covers one contiguous permitted period; its
readings are read as those of any answer are, copies set aside. One that leaves under a grant of summaries is kept as
it left and told anew, as corrected, once three of its readings came, changed or went; with fewer than three it does
not exist, and who holds it is told entered-in-error. Which figures may leave is decided here: without 14 days and
70 % no GMI and no panel. Nothing is rounded.

Rejected: figures from means (they are others); making a frozen one again (two answers could differ by a reading).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from itertools import groupby
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.answer import Answer
from bridge.consent.asked import Asked, DateTest, Grain, Kind, Selector
from bridge.consent.batches import Batch
from bridge.consent.blocks import Reported, reported
from bridge.consent.part import Part
from bridge.consent.reporting import Reporting
from bridge.consent.summed import (
    ACTIVE,
    CV,
    GMI,
    KIND,
    MEAN,
    NOTHING,
    PANEL,
    PARTS,
    RANGES,
    WEAR,
    Content,
    DisclosedSummary,
    name_of,
    secret_of,
)
from bridge.consent.withdrawn import Waiting
from bridge.metrics.buckets import LEAST
from bridge.metrics.summary import Summary, summary
from bridge.metrics.trace import Trace
from bridge.period import BEGINNING, Instant, Period, ZoneHistory
from bridge.reading import Flag, Stream, Unit, column
from bridge.store.columns import ints
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.summaries import Frozen, Holder, held

MARK: Final = b"summary:"
"""How the keyset of a page of summaries begins."""
_GLUCOSE: Final = frozenset({Selector(Stream.GLUCOSE, grain=Grain.RAW)})


@final
@dataclass(frozen=True, slots=True)
class Reports:
    """The summaries of one answer's wish. `box` and `holder` None: for the owner, who holds none."""

    answer: Answer
    db: Database
    box: Box
    holder: Holder | None

    def part(self) -> Part:
        """All of them, as one page."""
        view, wish = self.answer.view, self.answer.view.asked.reporting
        if wish is None:
            return Part()
        known = () if self.holder is None else held(self.db, self.box, self.holder, Content)
        mine = {each.period: each for each in known}
        found = reported(view.decision, view.zones, view.now, wish.period, tuple(mine), wish.fixed)
        told, news = list[DisclosedSummary](), list[Frozen[Content]]()
        for each in (each for each in found if wish.means(each.period)):
            made, before = self._made(each), mine.get(each.period)
            kept = self._kept(before, each, made) if each.is_frozen else None
            shown = self._told(each, made, kept)
            if shown is None or not (shown := _meant(shown, wish)).ids:
                continue
            told.append(shown)
            news += [kept] if kept is not None and kept is not before else []
        return _paged(told, news, view.asked)

    def _made(self, each: Reported) -> _Made:
        """The content of a period as it is now."""
        view = self.answer.view
        batches = [batch for batch in self._read(each) if len(batch)]
        if not batches:
            return _Made(NOTHING, np.zeros(0, np.int64), view.now)
        changes = np.concatenate([ints(batch.rows, "changed") for batch in batches])
        figures = summary([_trace(batch) for batch in batches], each.period, view.zones, view.now)
        units = Counter[Unit]()
        for batch in batches:
            units[batch.strand.series.key.unit] += len(batch)
        classes = sorted({batch.strand.series.source_class for batch in batches})
        content = Content(figures, len(changes), max(sorted(units), key=units.__getitem__), tuple(classes))
        return _Made(content, changes, max(int(batch.updated.max()) for batch in batches))

    def _read(self, each: Reported) -> Iterator[Batch]:
        """The readings of one period, as an answer to who may have them would hold them."""
        view, period = self.answer.view, each.period
        dates = (DateTest("ge", period), DateTest("lt", Period(period.end, period.end + 1)))
        asked = Asked(view.asked.patient, view.asked.way, view.asked.channel, "", _GLUCOSE, dates)
        decision = view.decision if view.is_owner else replace(view.decision, boxes=each.boxes)
        seen = replace(view, asked=asked, decision=decision, memory={})
        for batches in self.answer.read(seen, None, 0, Waiting((), False)):
            for batch in batches:
                stands = ints(batch.rows, "flags") & int(Flag.RETRACTED) == 0
                yield batch if stands.all() else batch.taken(stands)

    def _kept(self, before: Frozen[Content] | None, each: Reported, made: _Made) -> Frozen[Content] | None:
        """The block as it is told: as it was, or anew where enough of it is another."""
        now, is_enough = self.answer.view.now, made.content.readings >= LEAST
        if before is None:
            return Frozen(each.period, 0, now, made.content) if is_enough else None
        came = int((made.changes > before.changed).sum())
        went = before.content.readings - (made.content.readings - came)
        if max(came, went) < LEAST:
            return before
        return Frozen(each.period, before.version + 1, now, made.content if is_enough else NOTHING)

    def _told(self, each: Reported, made: _Made, kept: Frozen[Content] | None) -> DisclosedSummary | None:
        """The summary as it is disclosed; None where nothing of it may leave."""
        if each.is_frozen and kept is None:
            return None
        content = made.content if kept is None else kept.content
        parts = _leaving(content.figures) if content.figures else PARTS if kept else ()
        named = tuple((part, self._id(each.period, part)) for part in parts)
        zones, period = self.answer.view.zones, each.period
        digest = sha256(repr(content).encode()).hexdigest()[:12]
        return DisclosedSummary(
            period=period,
            days=_days(period, zones),
            offsets=(zones.offset(period.start), zones.offset(period.end - 1)),
            figures=content.figures,
            unit=content.unit,
            classes=content.classes,
            ids=named,
            version=digest if kept is None else str(kept.version + 1),
            is_amended=kept is not None and kept.version > 0,
            last_updated=made.updated if kept is None else max(kept.changed, _since(each)),
        )

    def _id(self, period: Period, part: str) -> str:
        return self.db.ids.one(KIND, name_of(self.answer.patient, period, part), secret_of(self.holder))


@final
@dataclass(frozen=True, slots=True)
class _Made:
    """The content now, when each of its readings came or changed (int64[n]), and when any of it was last told
    otherwise."""

    content: Content
    changes: NDArray[np.int64]
    updated: Instant


def _leaving(figures: Summary) -> tuple[str, ...]:
    """The Observations that these figures make; the panel where nothing lacks."""
    worn = figures.wear.readings > 0
    told = {
        MEAN: figures.averages.mean.value is not None,
        RANGES: figures.ranges.value is not None,
        GMI: figures.gmi.value is not None,
        CV: figures.averages.cv.value is not None,
        WEAR: worn,
        ACTIVE: worn,
    }
    is_whole = all(told.values()) and not figures.lacks
    return (PANEL,) * is_whole + tuple(part for part, there in told.items() if there)


def _trace(batch: Batch) -> Trace:
    key, rows = batch.strand.series.key, batch.rows
    return Trace(
        name=str(batch.strand.series.number),
        unit=key.unit,
        scale=key.scale,
        instants=ints(rows, "instant"),
        values=ints(rows, "value"),
        flags=ints(rows, "flags").astype(np.uint16),
        offsets=column(rows, "offset").astype(np.int16),
        received=ints(rows, "changed"),
    )


def _days(period: Period, zones: ZoneHistory) -> tuple[date, date] | None:
    first, last = zones.local_date(period.start), zones.local_date(period.end - 1)
    return (first, last) if zones.days(first, last) == period else None


def _since(each: Reported) -> Instant:
    """When the block began to be open without a break, as far as its own grant tells."""
    return max((box.active.periods[-1].start for box in each.boxes if box.active), default=BEGINNING)


def _meant(shown: DisclosedSummary, wish: Reporting) -> DisclosedSummary:
    """The summary with those of its Observations that were asked for."""
    return replace(shown, ids=tuple(one for one in shown.ids if wish.takes(*one, shown.last_updated)))


_Listed: TypeAlias = tuple[DisclosedSummary, tuple[str, str]]
"""One Observation and the summary that it is of."""


def _paged(told: Sequence[DisclosedSummary], news: Sequence[Frozen[Content]], asked: Asked) -> Part:
    """The page of them that was asked for: `limit` Observations behind the one that `after` names."""
    every = [(each, one) for each in told for one in each.ids]
    every = every[::-1] if asked.order.startswith("-") else every
    total = len(every)
    if asked.after is not None:
        every = [each for at, each in enumerate(every) if at > _place(every, asked.after)]
    page = every if asked.limit is None else every[: asked.limit]
    shown = tuple(replace(each, ids=tuple(ones)) for each, ones in _grouped(page))
    frozen = [each for each in news if any(one.period == each.period for one in shown)]
    more = MARK + page[-1][1][1].encode() if page and len(page) < len(every) else None
    return replace(_part(shown, frozen), more=more, total=total)


def _place(every: Sequence[_Listed], after: bytes) -> int:
    """Where the last Observation of the page before stands; past all of them where it is there no more."""
    named = after.removeprefix(MARK).decode("ascii", "replace")
    return next((at for at, (_, one) in enumerate(every) if one[1] == named), len(every))


def _grouped(page: Sequence[_Listed]) -> Iterator[tuple[DisclosedSummary, list[tuple[str, str]]]]:
    for _, ones in groupby(page, key=lambda each: each[0].period):
        found = list(ones)
        yield found[0][0], [one for _, one in found]


def _part(told: Sequence[DisclosedSummary], news: Sequence[Frozen[Content]]) -> Part:
    if not told:
        return Part()
    count = sum(len(each.ids) for each in told)
    return Part(
        summaries=tuple(told),
        frozen=tuple(news),
        count=count,
        readings=count,
        last_updated=max(each.last_updated for each in told),
        first=min(each.period.start for each in told),
        last=max(each.period.end for each in told) - 1,
        kinds=frozenset({Kind.GLUCOSE}),
    )
