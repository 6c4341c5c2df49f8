"""One request as far as it was decided: who asks, what is open, and what the wish comes to.

Law: made by the gate alone, lives for one try of one request, and is never handed out. `opens` None: nothing
of this person is open to the asker, which looks the same as a person that does not exist. Rejected: one
object for a request and its stream (a page would be answered under yesterday's decision).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import final

import bridge.consent.behind as behind
import bridge.store.received as received
import bridge.store.summaries as summaries
from bridge.consent.answer import Answer
from bridge.consent.asked import Asked
from bridge.consent.asker import Asker
from bridge.consent.entry import Leaving
from bridge.consent.memory import Decided
from bridge.consent.part import Part
from bridge.consent.subject import last_updated
from bridge.consent.summaries import Reports
from bridge.period import Instant
from bridge.store.entries import Intent
from bridge.store.keys import Box
from bridge.store.ledger import Also, together
from bridge.store.patients import Patient
from bridge.store.published import freezing


@final
@dataclass(frozen=True, slots=True)
class Opens:
    """The person behind an open decision: their demographics, key, answer and summaries."""

    person: Patient
    box: Box
    answer: Answer
    reports: Reports

    def stream(self, size: int, whole: Part) -> Iterator[Part]:
        """The readings in pages, at least one, and what comes behind them; with the first what is told as taken away of
        summaries."""
        pages = self.answer.stream(size, whole)
        part = self.behind(next(pages), size)
        yield part.with_lost(self.reports.lost())
        for each in pages:
            part = self.behind(each, size)
            yield part
        while behind.is_behind(part.more):
            part = self._following(Part(), size, part.more)
            yield part

    def behind(self, part: Part, limit: int | None) -> Part:
        """A page with what comes behind the last one; where something stands in the place of readings, not without
        them."""
        asked = self.answer.view.asked
        if not asked.along or part.more is not None or limit == 0 or self._gives_way(part):
            return part
        return self._following(part, limit, asked.after)

    def whole(self, part: Part) -> Part:
        """The same with all that comes behind, as numbers."""
        asked = self.answer.view.asked
        return part if self._gives_way(part) else behind.whole(part, asked, self.reports.passing)

    def total(self) -> int:
        """How many readings there are over all pages, and how many come behind them."""
        asked, readings = self.answer.view.asked, self.answer.total()
        gives_way = asked.instead is not None and not readings
        return readings if gives_way else readings + len(behind.every(asked, self.reports.passing))

    def _following(self, part: Part, limit: int | None, after: bytes | None) -> Part:
        return behind.following(part, limit, after, self.answer.view.asked, self.reports.passing)

    def _gives_way(self, part: Part) -> bool:
        return self.answer.view.asked.instead is not None and not part.count


@final
@dataclass(frozen=True, slots=True)
class Look:
    """A wish that was decided at `now` under `epoch`."""

    asked: Asked
    who: Asker
    epoch: int
    now: Instant
    decided: Decided
    opens: Opens | None = None

    def leaving(self, opens: Opens, counts_behind: bool = False) -> Leaving:
        """The page that was asked for, and its total where it is wanted or plain. `counts_behind`: with all that comes
        behind it, as numbers."""
        if behind.is_behind(self.asked.after):
            part = Part()
        else:
            part = opens.answer.part() if self.asked.reporting is None else opens.reports.part()
        part = opens.whole(part) if counts_behind else opens.behind(part, self.asked.limit)
        part = part.with_lost(opens.reports.lost())
        total = self._total(opens, part)
        foreign = any(not each.is_gone for each in part.received)
        is_there = bool(part.summaries) or foreign or not self._is_documents
        has_person = self._has_person(opens) and is_there
        return Leaving(self.asked, self.who, self.decided.decision, part, total, has_person)

    def leaving_whole(self, opens: Opens) -> Leaving:
        """All that was asked for, as numbers."""
        part = opens.whole(opens.answer.whole()).with_lost(opens.reports.lost())
        has_person = self._has_person(opens)
        return Leaving(self.asked, self.who, self.decided.decision, part, part.count, has_person)

    def leaving_lost(self, opens: Opens) -> Leaving:
        """What of the wish was taken away after it had left to this asker."""
        part = opens.answer.lost_part().with_lost(opens.reports.lost())
        return Leaving(self.asked, self.who, self.decided.decision, part, None, has_person=False)

    def entry(self, opens: Opens, leaving: Leaving) -> tuple[Intent, int, Also | None, Intent | None]:
        """What the ledger is to write, under which epoch, what together with it, and which entry before it:
        what is taken back has one of its own."""
        told = partial(leaving.intent, opens.person.number, self.now, opens.box)
        back = told(retracts=True) if leaving.lost else None
        if back is not None and not leaving.items:
            return back, self.epoch, also(opens, leaving.part), None
        return told(), self.epoch, also(opens, leaving.part), back

    @property
    def _is_documents(self) -> bool:
        """Whether the person is wanted for reports alone."""
        return self.asked.reporting is not None and bool(self.asked.reporting.documents)

    def _has_person(self, opens: Opens) -> bool:
        """Whether the person is wanted, and changed when it was asked for what changed."""
        asked = self.asked
        if not (asked.patient_resource and asked.strictly):
            return asked.patient_resource
        at = last_updated(opens.person, self.decided.decision)
        return all(at in test.instants() for test in asked.updated)

    def _total(self, opens: Opens, part: Part) -> int | None:
        if part.total is not None:
            return part.total if self.asked.total or part.more is None else None
        if part.more is None and self.asked.after is None and self.asked.limit != 0:
            return part.count
        return opens.total() if self.asked.total else None


def also(opens: Opens, part: Part) -> Also | None:
    """What is written together with the intent: means and summaries that leave for the first time or anew, or are
    taken back."""
    kept = [freezing(opens.box, part.weeks)] if part.weeks else []
    if part.frozen and opens.reports.holder is not None:
        kept.append(summaries.freezing(opens.box, opens.reports.holder, part.frozen))
    if part.handed and opens.reports.holder is not None:
        kept.append(received.telling(opens.reports.holder, part.handed))
    return together(kept) if kept else None
