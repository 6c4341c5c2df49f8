"""Summaries of sensor glucose for one asker: made of open readings alone, and frozen where the readings stay behind.

Law (`consent.md`, means and summaries; `safety.md`, sufficiency): each covers one contiguous permitted period; its
readings are read as those of any answer are, copies set aside. One that leaves under a grant of summaries is kept as
it left and told anew, as corrected, once three of its readings came, changed or went and its number is the same or
another by three; or where other sources of three readings or more are open now. What it has no figure for any more is
entered in error for who was told it; with fewer than three readings all of it is. Which figures may leave is decided
here: without 14 days and 70 % no GMI and no panel. Rejected: figures from means (they are others), making a frozen one
again (two answers could differ by a reading), one id for a block and for what readings are open of (two contents).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.answer import Answer
from bridge.consent.asked import Asked, DateTest, Grain, Kind, Selector
from bridge.consent.batches import Batch
from bridge.consent.blocks import Reported, Seen, reported
from bridge.consent.content import mac
from bridge.consent.decide import shown_finer
from bridge.consent.documents import report, whole
from bridge.consent.grant import Standing
from bridge.consent.part import Part
from bridge.consent.reporting import MARK, Reporting
from bridge.consent.summed import (
    KINDS,
    NOTHING,
    PANEL,
    PARTS,
    Content,
    DisclosedSummary,
    name_of,
    secret_of,
)
from bridge.consent.withdrawn import Waiting, departed
from bridge.metrics.brief import brief
from bridge.metrics.buckets import LEAST
from bridge.metrics.trace import Trace
from bridge.period import BEGINNING, Instant, Period, ZoneHistory
from bridge.reading import Flag, Stream, Unit, column
from bridge.store.columns import ints
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.summaries import Frozen, Holder, edges, held

_GLUCOSE: Final = frozenset({Selector(Stream.GLUCOSE, grain=Grain.RAW)})


@final
@dataclass(frozen=True, slots=True)
class Reports:
    """The summaries of one answer's wish. `holder` None: for the owner, who holds none; `standings`: every
    grant of the person."""

    answer: Answer
    db: Database
    box: Box
    holder: Holder | None
    standings: Sequence[Standing]

    def part(self) -> Part:
        """All of them, as one page."""
        view, wish = self.answer.view, self.answer.view.asked.reporting
        if wish is None:
            return Part()
        known = () if self.holder is None else held(self.db, self.box, self.holder, Content)
        mine = {each.period: each for each in known}
        seen = Seen() if self.holder is None else self._seen(self.holder)
        found = reported(view.decision, view.zones, view.now, wish.period, seen, wish.fixed)
        told, news = list[DisclosedSummary](), list[Frozen[Content]]()
        for each in (each for each in found if wish.covers(each.period)):
            made, before = self._made(each), mine.get(each.period) if each.is_frozen else None
            kept = self._kept(before, each, made) if each.is_frozen else None
            shown = self._told(each, made, kept)
            if shown is None or not (shown := _meant(shown, wish)).ids:
                continue
            told.append(shown)
            news += [kept] if kept is not None and kept is not before else []
        paged = _paged(told, news, view.asked)
        return whole(self.answer, paged) if wish.documents else paged

    def _seen(self, holder: Holder) -> Seen:
        view = self.answer.view
        every = edges(self.db, holder.patient, holder.recipient)
        mine = tuple(period for pairing, period in every if pairing == holder.pairing)
        others = tuple(period for pairing, period in every if pairing != holder.pairing)
        return Seen(mine, others, shown_finer(self.standings, holder.recipient, view.now, view.zones))

    def _made(self, each: Reported) -> _Made:
        """The content of a period as it is now."""
        view, period = self.answer.view, each.period
        batches = [batch for batch in self._read(each) if len(batch)]
        if not batches:
            return _Made(NOTHING, np.zeros(0, np.int64), view.now)
        changes = np.concatenate([ints(batch.rows, "changed") for batch in batches])
        units, sources = Counter[Unit](), Counter[str]()
        for batch in batches:
            units[batch.strand.series.key.unit] += len(batch)
            for artifact, count in zip(
                *np.unique(ints(batch.rows, "artifact"), return_counts=True), strict=True
            ):
                sources[view.source(int(artifact))] += int(count)
        content = Content(
            figures=brief([_trace(batch) for batch in batches], period, view.zones, view.now),
            readings=len(changes),
            unit=max(sorted(units), key=units.__getitem__),
            classes=tuple(sorted({batch.strand.series.source_class for batch in batches})),
            sources=tuple(sorted(sources.items())),
            days=_days(period, view.zones),
            offsets=(view.zones.offset(period.start), view.zones.offset(period.end - 1)),
        )
        updated = max(int(batch.updated.max()) for batch in batches)
        told = replace(content, told=content.leaving())
        return _Made(told, changes, updated if each.is_frozen else max(updated, self._went(period, 0)[1]))

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
        """The block as it is told: as it was, or anew where enough of it is another; None where it is not told."""
        now, content = self.answer.view.now, made.content
        if before is None:
            return Frozen(each.period, 0, now, content) if content.readings >= LEAST else None
        had, have = dict(before.content.sources), dict(content.sources)
        shut = [source for source in had if not any(box.covers(source, Kind.GLUCOSE) for box in each.boxes)]
        new = [source for source in have if source not in had]
        is_enough = all(had[each] >= LEAST for each in shut) and all(have[each] >= LEAST for each in new)
        if shut and not is_enough:
            return None
        if not shut and not (new and is_enough) and not self._is_corrected(before, each, made):
            return before
        told = tuple(part for part in PARTS if part in {*before.content.told, *content.told})
        shown = content if content.readings >= LEAST else NOTHING
        after = replace(shown, told=told, days=before.content.days, offsets=before.content.offsets)
        return before if after == before.content else Frozen(each.period, before.version + 1, now, after)

    def _is_corrected(self, before: Frozen[Content], each: Reported, made: _Made) -> bool:
        """Whether enough of its data are others: a difference of one or two readings would be theirs alone."""
        if 0 < abs(made.content.readings - before.content.readings) < LEAST:
            return False
        came = int((made.changes > before.changed).sum())
        return came >= LEAST or self._went(each.period, before.changed)[0] >= LEAST

    def _went(self, period: Period, since: Instant) -> tuple[int, Instant]:
        """How many readings of the period went, moved or turned out wrong after that instant, and when the last did."""
        found, latest, reader = 0, 0, self.answer.reader
        away = reader.away(since + 1, None)
        for row in reader.series() if away else ():
            if row.key.stream is Stream.GLUCOSE and row.number in away:
                instants, at = departed(reader, row.number, away[row.number])
                inside = at[(instants >= period.start) & (instants < period.end)]
                found, latest = found + len(inside), max(latest, int(inside.max(initial=0)))
        return found, latest

    def _told(self, each: Reported, made: _Made, kept: Frozen[Content] | None) -> DisclosedSummary | None:
        """The summary as it is disclosed; None where nothing of it may leave."""
        if each.is_frozen and kept is None:
            return None
        content = made.content if kept is None else kept.content
        named = tuple((part, self._id(each, part)) for part in content.told)
        period = each.period
        told = f"{period.start}|{period.end}|{content}".encode()
        return DisclosedSummary(
            period=period,
            days=content.days,
            offsets=content.offsets,
            figures=content.figures,
            unit=content.unit,
            classes=content.classes,
            ids=named,
            members=named,
            gone=frozenset(content.told) - frozenset(content.leaving()),
            version=mac(self.answer.reader.secret(), told, 6).hex()
            if kept is None
            else str(kept.version + 1),
            is_amended=kept is not None and kept.version > 0,
            last_updated=made.updated if kept is None else max(kept.changed, _since(each)),
            report=report(self.answer, each, secret_of(self.holder)),
        )

    def _id(self, each: Reported, part: str) -> str:
        name = name_of(self.answer.patient, each.period, part)
        return self.db.ids.one(KINDS[each.is_frozen], name, secret_of(self.holder))


@final
@dataclass(frozen=True, slots=True)
class _Made:
    """The content now, when each of its readings came or changed (int64[n]), and when any of it was last told
    otherwise."""

    content: Content
    changes: NDArray[np.int64]
    updated: Instant


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
    """The summary with those of its Observations that were asked for; with all of them where its report was."""
    if shown.report is not None:
        is_meant = wish.takes(PANEL, shown.report.id(wish.documents), shown.last_updated)
        return shown if is_meant else replace(shown, ids=())
    return replace(shown, ids=tuple(one for one in shown.ids if wish.takes(*one, shown.last_updated)))


_Listed: TypeAlias = tuple[DisclosedSummary, tuple[str, str]]
"""One Observation and the summary that it is of."""


def _paged(told: Sequence[DisclosedSummary], news: Sequence[Frozen[Content]], asked: Asked) -> Part:
    """The page of them that was asked for: `limit` Observations behind the one that `after` names."""
    every = [(each, one) for each in told for one in each.items]
    every = every[::-1] if asked.order.startswith("-") else every
    total = len(every)
    if asked.after is not None:
        every = every[_place(every, asked.after) + 1 :]
    page = every if asked.limit is None else every[: asked.limit]
    shown = tuple(each if each.report else replace(each, ids=tuple(ones)) for each, ones in _grouped(page))
    counts_alone = asked.limit == 0  # a number tells of a block too
    frozen = [each for each in news if counts_alone or any(one.period == each.period for one in shown)]
    more = MARK + page[-1][1][1].encode() if page and len(page) < len(every) else None
    return replace(_part(shown, frozen), more=more, total=total, frozen=tuple(frozen))


def _place(every: Sequence[_Listed], after: bytes) -> int:
    """Where the last Observation of the page before stands; past all of them where it is there no more."""
    named = after.removeprefix(MARK).decode("ascii", "replace")
    return next((at for at, (_, one) in enumerate(every) if one[1] == named), len(every))


def _grouped(page: Sequence[_Listed]) -> Iterator[tuple[DisclosedSummary, list[tuple[str, str]]]]:
    for _, ones in groupby(page, key=lambda each: each[0].members):
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
