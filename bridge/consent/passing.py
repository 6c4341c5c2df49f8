"""Which of what others submitted, and is no reading, may leave to one asker: by source, whole period and kinds.

Law (`consent.md`, custody; means and summaries): it leaves only where its whole period is permitted, and only under
grants of single readings of its source: those contain every figure of them. A grant of summaries fixes its blocks, one
of means yields means alone; a figure that somebody else made of a period of their choice would be no such block, and
its difference from one could tell a day. A PDF may say anything and names whom it is about: it leaves only where every
kind is open and the identity is full. A panel leaves with all of its figures or not at all. Taken away after it left,
it is told as entered in error, also after the grant ended.

Rejected: a PDF under the kind `notes` alone (it shows doses, devices, serials), a figure beside ours of one period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

import msgspec
import numpy as np

import bridge.store.received as store
from bridge.consent.answer import Answer
from bridge.consent.asked import Grain, Way
from bridge.consent.content import mac
from bridge.consent.grant import Identity
from bridge.consent.received import REPORT, Content, DisclosedReceived, Edges, Record, id_of
from bridge.consent.reporting import Reporting
from bridge.consent.summed import PANEL
from bridge.period import BEGINNING, Instant, Period, spelled
from bridge.store.artifacts import original
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.summaries import Holder

_RAW: Final = frozenset({Grain.RAW})
_GONE: Final = Content("entered-in-error")


class _Form(msgspec.Struct, rename="camel"):
    content_type: str = ""
    data: str = ""


class _Resource(msgspec.Struct, rename="camel"):
    presented_form: list[_Form] = []


class _Entry(msgspec.Struct):
    resource: _Resource


class _Kept(msgspec.Struct):
    """A kept submission, as far as its PDFs."""

    received: list[_Entry]


@final
@dataclass(frozen=True, slots=True)
class _One:
    """A record that may leave, and since when it is visible to the asker."""

    record: Record
    edges: Edges
    period: Period
    updated: Instant


@final
@dataclass(slots=True)
class Passing:
    """Finds it for one answer. `holder` None: for the owner, to whom nothing is taken back."""

    answer: Answer
    db: Database
    box: Box
    holder: Holder | None
    _open: dict[Record, _One] | None = field(default=None)

    def found(self, wish: Reporting) -> tuple[DisclosedReceived, ...]:
        """What of the wish may leave, sorted by period."""
        if not wish.received or not self._is_asked or self.answer.view.asked.newest is not None:
            return ()
        there = self._there()
        told = (self._shown(each, there) for each in there.values() if self._is_meant(each, wish))
        return tuple(
            sorted((each for each in told if each is not None), key=lambda one: (one.period, one.id))
        )

    def lost(self, wish: Reporting | None) -> tuple[DisclosedReceived, ...]:
        """What left to this asker and was removed since."""
        if (
            self.holder is None
            or wish is None
            or not self._is_asked
            or not (held := store.told(self.db, self.holder))
        ):
            return ()
        gone = (
            each for each in self._listed() if each.gone is not None and (each.artifact, each.row) in held
        )
        found = (self._one(each, each.gone or 0) for each in gone)
        meant = (each for each in found if each is not None and self._is_meant(each, wish))
        return tuple(self._made(each, _GONE, (), "", is_gone=True) for each in meant)

    def records(self, told: Sequence[DisclosedReceived]) -> tuple[Record, ...]:
        """Which records these are, to be written down."""
        names = {self._id(each.edges.kind, each.record): each.record for each in self._there().values()}
        return tuple(names[each.id] for each in told if each.id in names)

    @property
    def _is_asked(self) -> bool:
        """Whether who is told asks for it: what others submitted is pushed to nobody."""
        return self.answer.view.asked.way in (Way.LOOK, Way.BULK)

    # ---------------------------------------------------------------------------------- what may leave

    def _there(self) -> dict[Record, _One]:
        """All of it that may leave now, by record."""
        if self._open is None:
            standing = (each for each in self._listed() if each.gone is None)
            found = (self._opened(each) for each in standing)
            self._open = {each.record: each for each in found if each is not None}
        return self._open

    def _listed(self) -> tuple[store.Resting, ...]:
        return store.listed(self.db, self.answer.patient, self.box)

    def _opened(self, resting: store.Resting) -> _One | None:
        one = self._one(resting, resting.since)
        since = None if one is None else self._since(one)
        if one is None or since is None:
            return None
        return _One(one.record, one.edges, one.period, max(one.updated, since))

    def _one(self, resting: store.Resting, updated: Instant) -> _One | None:
        edges = msgspec.json.decode(resting.edges, type=Edges)
        period = self._period(edges)
        record = resting.artifact, resting.row
        return None if period is None else _One(record, edges, period, updated)

    def _period(self, edges: Edges) -> Period | None:
        """All instants that its edges name; None where they name none."""
        try:
            first, last = (spelled(text, self.answer.view.zones) for text in (edges.start, edges.end))
            return Period(first.start, last.end)
        except ValueError:
            return None

    def _since(self, one: _One) -> Instant | None:
        """Since when all of it is open without a break; None: it is not."""
        view, latest = self.answer.view, BEGINNING
        if one.edges.part == REPORT and not (view.is_owner or view.decision.identity is Identity.FULL):
            return None
        source = view.source(one.record[0])
        starts, ends = np.array([one.period.start], np.int64), np.array([one.period.end], np.int64)
        for kind in one.edges.kinds:
            layer = view.opened(source, kind, _RAW).raw()
            if layer is None or not layer.periods.covers(one.period):
                return None
            latest = max(latest, int(np.max(layer.since.over(starts, ends))))
        return latest

    def _is_meant(self, one: _One, wish: Reporting) -> bool:
        kind, is_report = wish.documents or "Observation", one.edges.part == REPORT
        part = PANEL if is_report else one.edges.part
        is_taken = wish.takes(part, self._id(one.edges.kind, one.record), one.updated)
        return one.edges.kind == kind and wish.covers(one.period) and is_taken

    # ----------------------------------------------------------------------------------- as it is told

    def _shown(self, one: _One, there: Mapping[Record, _One]) -> DisclosedReceived | None:
        named = [(artifact or one.record[0], row) for artifact, row in one.edges.members]
        members = [each for each in named if each in there and there[each].edges.part != REPORT]
        if one.edges.part == PANEL and (not named or members != named):
            return None
        content = store.content(self.db, self.answer.patient, self.box, one.record)
        if content is None:
            return None
        pdf = self._pdf(one.record) if one.edges.part == REPORT else ""
        said = msgspec.json.decode(content, type=Content)
        return self._made(one, said, [self._id("Observation", each) for each in members], pdf)

    def _made(
        self, one: _One, said: Content, members: Sequence[str], pdf: str, is_gone: bool = False
    ) -> DisclosedReceived:
        id_ = self._id(one.edges.kind, one.record)
        told = repr((id_, said, members, is_gone)).encode()
        return DisclosedReceived(
            id=id_,
            kind=one.edges.kind,
            part=one.edges.part,
            start=one.edges.start,
            end=one.edges.end,
            period=one.period,
            content=said,
            members=tuple(members),
            pdf=pdf,
            version=mac(self.answer.reader.secret(), told, 6).hex(),
            last_updated=one.updated,
            is_gone=is_gone,
        )

    def _pdf(self, record: Record) -> str:
        """The PDF of a report, as it was sent."""
        kept = msgspec.json.decode(original(self.db, self.answer.patient, record[0]), type=_Kept)
        return next(self._forms(kept.received[record[1] - 1].resource), "")

    def _forms(self, resource: _Resource) -> Iterator[str]:
        pdfs = (each for each in resource.presented_form if each.content_type == "application/pdf")
        yield from (each.data for each in pdfs if each.data)

    def _id(self, kind: str, record: Record) -> str:
        return id_of(self.db.ids, self.answer.patient, kind, record, self.answer.view.decision.pairing)
