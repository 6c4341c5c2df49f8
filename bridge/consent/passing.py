"""Which of what others submitted, and is no reading, may leave to one asker: by source, whole period and kinds.

Law (`consent.md`, custody; means and summaries): it leaves only where its whole period is permitted, and only under
grants of single readings of its source: those contain every figure of them. A grant of summaries fixes its blocks, one
of means yields means alone; a figure that somebody else made of a period of their choice would be no such block, and
its difference from one could tell a day. A PDF may say anything and names whom it is about: it leaves only where every
kind is open and the identity is full. A panel leaves with all of its figures or not at all. Taken away after it left,
as a panel is with any of its figures, it is told as entered in error, also after the grant ended.

Rejected: a PDF under the kind `notes` alone (it shows doses, devices, serials), a figure beside ours of one period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from bridge.consent.strands import View
from bridge.consent.summed import PANEL
from bridge.mapping.resources import OBSERVATION
from bridge.period import BEGINNING, Instant, Period, ZoneHistory, spelled
from bridge.store.artifacts import original, without_account
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.summaries import Holder

_RAW: Final = frozenset({Grain.RAW})
_GONE: Final = Content("entered-in-error")
_UNREAD: Final = Content("")
_PDF: Final = "application/pdf"


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
    """A record by its id, and when it became what it is for the asker."""

    id: str
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
    _open: dict[Record, _One] | None = None
    _resting: tuple[store.Resting, ...] | None = None
    _periods: dict[tuple[str, str], Period | None] = field(default_factory=dict)
    _sinces: dict[tuple[str, bool, Period], Instant | None] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)

    def found(self, wish: Reporting) -> tuple[DisclosedReceived, ...]:
        """What of the wish may leave, sorted by period, as outlines: what each says is read for a page (`filled`)."""
        if not wish.received or not self._is_asked or self.answer.view.asked.newest is not None:
            return ()
        meant = [
            each for each in self._there().values() if self._is_meant(each, wish) and self._is_whole(each)
        ]
        return tuple(map(_outline, sorted(meant, key=lambda one: (one.period, one.record))))

    def filled(
        self, page: Sequence[DisclosedReceived]
    ) -> tuple[tuple[DisclosedReceived, ...], tuple[Record, ...]]:
        """The outlines of a page with what they say, and which records they are."""
        wanted = {each.id for each in page}
        named = {one.id: one for one in self._there().values() if one.id in wanted}
        ones = [named[each.id] for each in page]
        return tuple(map(self._told, ones)), tuple(one.record for one in ones)

    def records(self, page: Sequence[DisclosedReceived]) -> tuple[Record, ...]:
        """Which records the outlines are of."""
        named = {one.id: one.record for one in self._there().values()}
        return tuple(named[each.id] for each in page)

    def weights(self, page: Sequence[DisclosedReceived]) -> list[int]:
        """Of each report the bytes of the submission that it came in, without reading it; of a figure 0."""
        records = zip(page, self.records(page), strict=True)
        return [self._size(record[0]) if each.part == REPORT else 0 for each, record in records]

    def lost(self, wish: Reporting | None) -> tuple[DisclosedReceived, ...]:
        """What left to this asker and was removed since, or was a panel of something that was, as far as its scopes
        reach: a wish that names no parts was not read by them."""
        is_fenced = wish is not None and (wish.parts is not None or bool(wish.documents))
        if self.holder is None or wish is None or not (is_fenced and self._is_asked):
            return ()
        held = store.told(self.db, self.holder)
        mine = [each for each in self._listed() if (each.artifact, each.row) in held] if held else []
        away = self._away(mine)
        found = (self._one(each, away[each]) for each in mine if each in away)
        meant = (each for each in found if each is not None and self._is_meant(each, wish))
        return tuple(self._said(each, _GONE, (), "") for each in meant)

    def _away(self, some: Sequence[store.Resting]) -> dict[store.Resting, Instant]:
        """Since when each is not told any more: it was removed, or is a panel of which a figure was."""
        removed = {(each.artifact, each.row): each.gone for each in self._listed() if each.gone is not None}
        found: dict[store.Resting, Instant] = {}
        for each in some if removed else ():
            own, edges = (each.artifact, each.row), msgspec.json.decode(each.edges, type=Edges)
            parts = (own, *(_named(own, edges) if edges.part == PANEL else ()))
            since = [removed[part] for part in parts if part in removed]
            if since:
                found[each] = min(since)
        return found

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
        if self._resting is None:
            self._resting = store.listed(self.db, self.answer.patient, self.box)
        return self._resting

    def _opened(self, resting: store.Resting) -> _One | None:
        one = self._one(resting, resting.since)
        since = None if one is None else self._since(one)
        return None if one is None or since is None else replace(one, updated=max(one.updated, since))

    def _one(self, resting: store.Resting, updated: Instant) -> _One | None:
        edges, record = msgspec.json.decode(resting.edges, type=Edges), (resting.artifact, resting.row)
        key = edges.start, edges.end
        if key not in self._periods:
            self._periods[key] = _period(edges, self.answer.view.zones)
        period = self._periods[key]
        return None if period is None else _One(self._id(edges.kind, record), record, edges, period, updated)

    def _since(self, one: _One) -> Instant | None:
        """Since when all of it is open without a break; None: it is not."""
        source, is_report = self.answer.view.source(one.record[0]), one.edges.part == REPORT
        key = source, is_report, one.period
        if key not in self._sinces:
            self._sinces[key] = _open_since(self.answer.view, source, one.edges, one.period)
        return self._sinces[key]

    def _is_meant(self, one: _One, wish: Reporting) -> bool:
        kind, part = wish.documents or OBSERVATION, PANEL if one.edges.part == REPORT else one.edges.part
        return one.edges.kind == kind and wish.takes(part, one.id, one.updated) and wish.covers(one.period)

    def _is_whole(self, one: _One) -> bool:
        """A panel is told with all of its figures or not at all."""
        if one.edges.part != PANEL:
            return True
        members = self._members(one)
        return bool(members) and len(members) == len(one.edges.members)

    def _members(self, one: _One) -> list[_One]:
        """The Observations that it refers to and that leave to the asker too."""
        found = (self._there().get(each) for each in _named(one.record, one.edges))
        there = [each for each in found if each is not None and each.edges.part != REPORT]
        return [each for each in there if self._is_whole(each)] if one.edges.part == REPORT else there

    # ----------------------------------------------------------------------------------- as it is told

    def _told(self, one: _One) -> DisclosedReceived:
        """One with what it says; where it was removed a moment ago, that."""
        content = store.content(self.db, self.answer.patient, self.box, one.record)
        if content is None:
            return self._said(one, _GONE, (), "")
        pdf = self._pdf(one.record) if one.edges.part == REPORT else ""
        said = msgspec.json.decode(content, type=Content)
        return self._said(one, said, tuple(each.id for each in self._members(one)), pdf)

    def _said(self, one: _One, said: Content, members: tuple[str, ...], pdf: str) -> DisclosedReceived:
        told = repr((one.id, said, members)).encode()
        version = mac(self.answer.reader.secret(), told, 6).hex()
        is_gone = said is _GONE
        return replace(
            _outline(one), content=said, members=members, pdf=pdf, version=version, is_gone=is_gone
        )

    def _pdf(self, record: Record) -> str:
        """The PDF of a report, as it was sent."""
        kept = msgspec.json.decode(original(self.db, self.answer.patient, record[0]), type=_Kept)
        forms = kept.received[record[1] - 1].resource.presented_form
        return next((each.data for each in forms if each.content_type == _PDF and each.data), "")

    def _size(self, artifact: int) -> int:
        if artifact not in self._sizes:
            kept = without_account(self.db, self.answer.patient, self.box, artifact)
            self._sizes[artifact] = 0 if kept is None else kept.size
        return self._sizes[artifact]

    def _id(self, kind: str, record: Record) -> str:
        return id_of(self.db.ids, self.answer.patient, kind, record, self.answer.view.decision.pairing)


def _named(record: Record, edges: Edges) -> tuple[Record, ...]:
    """The records that one refers to."""
    return tuple((artifact or record[0], row) for artifact, row in edges.members)


def _outline(one: _One) -> DisclosedReceived:
    """One without what it says."""
    edges = one.edges
    return DisclosedReceived(
        id=one.id,
        kind=edges.kind,
        part=edges.part,
        start=edges.start,
        end=edges.end,
        period=one.period,
        content=_UNREAD,
        members=(),
        pdf="",
        version="",
        last_updated=one.updated,
        is_gone=False,
    )


def _period(edges: Edges, zones: ZoneHistory) -> Period | None:
    """All instants that the edges name; None where they name none."""
    try:
        return Period(spelled(edges.start, zones).start, spelled(edges.end, zones).end)
    except ValueError:
        return None


def _open_since(view: View, source: str, edges: Edges, period: Period) -> Instant | None:
    """Since when such a record of a source and period is open without a break; None: it is not."""
    if edges.part == REPORT and not (view.is_owner or view.decision.identity is Identity.FULL):
        return None
    latest, starts, ends = BEGINNING, np.array([period.start], np.int64), np.array([period.end], np.int64)
    for kind in edges.kinds:
        layer = view.opened(source, kind, _RAW).raw()
        if layer is None or not layer.periods.covers(period):
            return None
        latest = max(latest, int(np.max(layer.since.over(starts, ends))))
    return latest
