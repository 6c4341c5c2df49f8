"""Summaries of sensor glucose for one asker: made of open readings alone, and kept where they must not change.

Law (`consent.md`, means and summaries; `safety.md`, sufficiency): which periods there are follows from the grants
(`blocks.py`, `paces.py`), what a summary says from the readings in it (`made.py`), and how one that left stays or is
corrected from how it left (`keeping.py`). Which figures may leave is decided here: without 14 days and 70 % no GMI and
no panel. What is told without being asked for is kept also where its readings are open. A summary of which the readings
proved wrong after its grant ended is taken back, without a figure, from who holds it.

Rejected: one id for a block and for what readings are open of (two contents).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from bridge.consent.answer import Answer
from bridge.consent.asked import Asked, Grain, Kind
from bridge.consent.blocks import Reported, Seen, reported
from bridge.consent.content import mac
from bridge.consent.decide import shown_finer
from bridge.consent.documents import changed, read_in, report, whole
from bridge.consent.grant import Standing
from bridge.consent.keeping import Keeping, Kept, Made
from bridge.consent.made import made
from bridge.consent.ordered import begun, due_as_ordered
from bridge.consent.paces import due
from bridge.consent.part import Part
from bridge.consent.passing import Passing
from bridge.consent.received import REPORT, DisclosedReceived
from bridge.consent.reporting import Paced, Reporting
from bridge.consent.summary_page import paged, part_of, with_received
from bridge.consent.summed import (
    PANEL,
    REPORTS,
    Content,
    DisclosedSummary,
    behind,
    ids_of,
    period_of,
    secret_of,
)
from bridge.period import BEGINNING, Instant, Period, union
from bridge.reading import Stream
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.summaries import Holder, edges, held


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
    passing: Passing

    def part(self) -> Part:
        """All of them, as one page."""
        wish = self.answer.view.asked.reporting
        if wish is None:
            return Part()
        known, told, news = self._held(), list[DisclosedSummary](), list[Kept]()
        seen = {} if wish.paced is None else {(e.period, e.is_frozen): e.seen for e in wish.paced.standing}
        for each in (each for each in self._wanted(wish) if wish.covers(each.period)):
            now, before = made(self.answer, each, self._keeping), known.get((each.period, each.is_frozen))
            is_kept = each.is_frozen or (wish.paced is not None and self.holder is not None)
            kept = self._keeping.kept(before, each, now) if is_kept else None
            shown = self._shown(each, now, kept, is_kept)
            if shown is None or self._as_of(shown) <= seen.get((each.period, each.is_frozen), BEGINNING):
                continue
            if not (shown := self._meant(shown, wish)).ids:
                continue
            told.append(shown)
            news += [kept] if kept is not None and kept is not before else []
            if wish.paced is not None and len(told) == wish.paced.most:
                break
        page = with_received(
            paged(told, news, self.answer.view.asked, self._foreign(told, wish), self.passing.weights),
            self.passing,
        )
        return whole(self.answer, page) if wish.documents else page

    def lost(self) -> Part:
        """Those that the asker holds, that are open to it no longer, and that are wrong: each as it is taken back."""
        asked = self.answer.view.asked
        wish, away = _lost_wish(asked), self.passing.lost(_lost_reports(asked))
        if self.holder is None or wish is None:
            return part_of((), away)
        away += self.passing.lost(wish)
        if wish.documents and not (wish.paced is not None and wish.ids):
            return part_of((), away)  # of reports of ours, a delivery alone is told of those that stood
        named = None if wish.ids is None else self._named(wish.ids, wish)
        told, news = list[DisclosedSummary](), list[Kept]()
        for (period, is_frozen), before in self._held().items() if named != {} else ():
            if named is not None and (period, is_frozen) not in named:
                continue
            if not wish.covers(period) or self._is_open(period, is_frozen):
                continue
            after = self._keeping.recalled(before)
            is_kept = after is not None and after is not before
            if after is None and self._is_wrong(period, is_frozen, wish):
                after = self._keeping.emptied(before)
            shown = None if after is None else self._meant(self._told(period, (), after), wish)
            if after is not None and shown is not None and shown.ids:
                told.append(shown)
                news += [after] if is_kept else []
        return replace(part_of(told, away), frozen=tuple(news))

    def _foreign(self, told: Sequence[DisclosedSummary], wish: Reporting) -> tuple[DisclosedReceived, ...]:
        """What others submitted as such, but figures of which ours of the same period are told."""
        ours = {(each.period, part) for each in told for part, _ in each.ids}
        found = self.passing.found(wish)
        return tuple(each for each in found if (each.period, each.part) not in ours)

    def _as_of(self, shown: DisclosedSummary) -> Instant:
        """When it, or its report, became as it is."""
        return shown.last_updated if shown.report is None else changed(self.answer, shown)

    def _is_wrong(self, period: Period, is_frozen: bool, wish: Reporting) -> bool:
        """Whether a single reading that stood in the report of a period went since: of the kinds that were in it, of a
        source that any grant of this recipient named."""
        stood = () if wish.paced is None or not wish.documents else wish.paced.standing
        return any(
            self._keeping.went(period, each.seen, self._was_named, read_in(each.kinds))[0] > 0
            for each in stood
            if (each.period, each.is_frozen) == (period, is_frozen)
        )

    def _was_named(self, source: str) -> bool:
        """Whether any grant of this recipient let it have readings of that source."""
        signed = (each.grant for each in self.standings)
        return any(
            each.covers_source(source)
            for each in signed
            if self.holder is not None and each.recipient.key == self.holder.recipient
        )

    @property
    def _keeping(self) -> Keeping:
        view = self.answer.view
        return Keeping(self.answer.reader, view.now, view.source)

    def _held(self) -> dict[tuple[Period, bool], Kept]:
        known = () if self.holder is None else held(self.db, self.box, self.holder, Content)
        return {(each.period, not each.is_open): each for each in known}

    def _wanted(self, wish: Reporting) -> Iterator[Reported]:
        """The periods that are meant, sorted."""
        view, seen = self.answer.view, Seen() if self.holder is None else self._seen(self.holder)
        if wish.paced is not None:
            yield from self._due(wish.paced, seen)
        elif wish.ids is not None and wish.period is None:
            for period, is_frozen in sorted(self._named(wish.ids, wish)):
                found = reported(view.decision, view.zones, view.now, period, seen, is_frozen)
                yield from (each for each in found if (each.period, each.is_frozen) == (period, is_frozen))
        else:
            yield from reported(view.decision, view.zones, view.now, wish.period, seen, wish.fixed)

    def _due(self, pace: Paced, seen: Seen) -> Iterator[Reported]:
        """What is to be looked at now; a block without a reading is none."""
        view, standing = self.answer.view, {(each.period, each.is_frozen) for each in pace.standing}
        as_told = view.decision, view.zones, view.now, pace
        order = pace.ordered and replace(pace.ordered, periods=begun(pace.ordered.periods, self._may_have))
        found = due(*as_told, seen) if order is None else due_as_ordered(*as_told, order, seen)
        for each in found:
            if (each.period, each.is_frozen) in standing or self._may_have(each.period):
                yield each

    def _may_have(self, period: Period) -> bool:
        """Whether there may be a reading of glucose in a period."""
        return any(row.key.stream is Stream.GLUCOSE for row in self.answer.reader.series(period))

    def _named(self, texts: frozenset[str], wish: Reporting) -> dict[tuple[Period, bool], frozenset[str]]:
        """The summaries that ids of the asker's own say, as what was asked for, and which of them."""
        kind = wish.documents or "Observation"
        found: dict[tuple[Period, bool], frozenset[str]] = {}
        for text in texts:
            read = behind(self.db.ids, text, secret_of(self.holder), kind)
            period = None if read is None else period_of(read[0])
            if read is not None and period is not None and read[0].patient == self.answer.patient:
                key = period, read[1]
                found[key] = found.get(key, frozenset()) | {text}
        return found

    def _seen(self, holder: Holder) -> Seen:
        view = self.answer.view
        every = edges(self.db, holder.patient, holder.recipient)
        mine = tuple(period for pairing, period in every if pairing == holder.pairing)
        others = tuple(period for pairing, period in every if pairing != holder.pairing)
        return Seen(mine, others, shown_finer(self.standings, holder.recipient, view.now, view.zones))

    def _is_open(self, period: Period, is_frozen: bool) -> bool:
        """Whether it may still be told as it is."""
        grain = Grain.SUMMARY if is_frozen else Grain.RAW
        boxes = [
            box for box in self.answer.view.decision.boxes if box.grain is grain and Kind.GLUCOSE in box.kinds
        ]
        if is_frozen:
            return any(box.periods.covers(period) for box in boxes)
        return union(box.periods for box in boxes).covers(period)

    def _shown(self, each: Reported, now: Made, kept: Kept | None, is_kept: bool) -> DisclosedSummary | None:
        """The summary as it is disclosed; None where nothing of it may leave."""
        if not is_kept:
            told = f"{each.period.start}|{each.period.end}|{now.content}".encode() + secret_of(self.holder)
            version = mac(self.answer.reader.secret(), told, 6).hex()
            return self._said(each.period, now.content, False, version, False, now.updated)
        return None if kept is None else self._told(each.period, (_since(each),), kept)

    def _told(self, period: Period, since: tuple[Instant, ...], kept: Kept) -> DisclosedSummary:
        updated = max(kept.content.updated or kept.changed, *since, BEGINNING)
        version, is_amended = str(kept.version + 1), kept.version > 0
        return self._said(period, kept.content, not kept.is_open, version, is_amended, updated)

    def _meant(self, shown: DisclosedSummary, wish: Reporting) -> DisclosedSummary:
        """The summary with those of its Observations that were asked for; with all of them where its report was."""
        if shown.report is not None:
            at = changed(self.answer, shown) if wish.updated else shown.last_updated
            is_meant = wish.takes(PANEL, shown.report.id(wish.documents), at)
            return shown if is_meant else replace(shown, ids=())
        return replace(shown, ids=tuple(one for one in shown.ids if wish.takes(*one, shown.last_updated)))

    def _said(
        self,
        period: Period,
        content: Content,
        is_frozen: bool,
        version: str,
        is_amended: bool,
        updated: Instant,
    ) -> DisclosedSummary:
        ids = ids_of(self.db.ids, self.answer.patient, period, is_frozen, secret_of(self.holder))
        named = tuple((part, ids[part]) for part in content.told)
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
            version=version,
            is_amended=is_amended,
            last_updated=updated,
            is_frozen=is_frozen,
            report=report(self.answer, period, is_frozen, secret_of(self.holder)),
        )


def _since(each: Reported) -> Instant:
    """When the block began to be open without a break, as far as its own grant tells."""
    if not each.is_frozen:
        return BEGINNING
    return max((box.active.periods[-1].start for box in each.boxes if box.active), default=BEGINNING)


def _lost_wish(asked: Asked) -> Reporting | None:
    """Which summaries are asked for as taken back: by their ids, or by when that was; None: none."""
    if (
        not asked.retractions
        or asked.after
        or asked.limit == 0
        or asked.sampled
        or asked.newest
        or asked.amounts
    ):
        return None
    wish = asked.reporting or (asked.instead and asked.instead.reporting)
    if wish is None:
        return Reporting(ids=asked.ids) if asked.ids else None
    wish = replace(wish, updated=wish.updated or asked.updated)
    return wish if wish.ids or wish.updated else None


def _lost_reports(asked: Asked) -> Reporting | None:
    """Which reports that others submitted are asked for as taken back: by when that was; None: none."""
    said = asked.reporting or asked
    is_asked = REPORT in asked.along and asked.retractions and not asked.after
    if not is_asked or not said.updated or asked.limit == 0:
        return None
    return Reporting(documents=REPORTS[0], dates=said.dates, updated=said.updated)
