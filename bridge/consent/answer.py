"""What a wish comes to under a decision: pages of items, with all that an entry and a disclosure need.

Law: reads through a `Reader` that is handed in and reaches only what is open; knows no clock, no ledger and
no seal. Totals are counted over what may leave and only where asked for (`smart-consent.md`, L2); devices
come from disclosed readings alone (L28). Rejected: a count query beside the page (two truths).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from bridge.consent.asked import Asked, Kind, Newest
from bridge.consent.assemble import NEEDED, Assembly
from bridge.consent.batches import Batch, count
from bridge.consent.chunks import is_chunk, lasts_of, readings_in
from bridge.consent.disclosure import DisclosedDevice, Group
from bridge.consent.gather import Gathering
from bridge.consent.means import Load, frozen
from bridge.consent.named import named
from bridge.consent.opened import MEANS
from bridge.consent.page import (
    Cursor,
    Page,
    beyond,
    chosen,
    cursor,
    in_turn,
    keyset,
    last_of,
    rest_of,
    sort_keys,
)
from bridge.consent.part import Part
from bridge.consent.past import with_past
from bridge.consent.reader import Reader
from bridge.consent.rows import admitted
from bridge.consent.sensors import sensors
from bridge.consent.slabs import slabs
from bridge.consent.strands import Mask, Named, Strand, View, margin_of, nearby, onwards, strands
from bridge.consent.things import Things
from bridge.consent.withdrawn import Waiting, numbers
from bridge.metrics.buckets import ceiling, floor
from bridge.period import BEGINNING, END_OF_TIME, Instant
from bridge.store.columns import Table, ints
from bridge.store.ids import Ids, Name

MANY: Final = 1 << 15
"""Rows that are looked at together where all must be read before the first leaves: more than 90 days of readings."""


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """One wish of one asker under one decision."""

    view: View
    reader: Reader
    ids: Ids
    patient: int
    fhir_changed: Callable[[str], Instant]
    load: Load
    was_told: Callable[[Strand, Table], Mask]
    beside: Part
    lost: tuple[Batch, ...] = ()

    def part(self) -> Part:
        """The one page that was asked for."""
        asked = self.view.asked
        if asked.selectors == frozenset():
            found = self._every_device() if asked.device_resources else ()
            return self._with_metrics(replace(self.beside, devices=found))
        if asked.limit == 0:
            return Part()
        if asked.newest is not None:
            page = self._newest(asked.newest)
            return self._part(page) if page.count else Part()
        part = next(self.parts(asked.limit), Part())
        return part if asked.after else self._with_metrics(part)

    def stream(self, size: int, whole: Part) -> Iterator[Part]:
        """The same in pages, at least one; sensors stand in the first. `whole`: all of it as numbers."""
        parts = self.parts(size)
        yield replace(next(parts, Part()), metrics=whole.metrics)
        yield from parts

    def parts(self, size: int | None) -> Iterator[Part]:
        """Everything from the cursor on, in order, in pages of `size`."""
        order, last, pending = self.view.asked.order, None, list[Batch]()
        if self.view.asked.after is not None:
            last = cursor(self.view.asked.after, self.ids, self.view.decision.pairing, self.patient)
            if last is None:
                return
        most = None if self.view.asked.ids is None else len(self.view.asked.ids)
        for batches in self._walk(self.view, last, self._least(size)):
            pending += batches if last is None else [b.taken(beyond(b, order, last)) for b in batches]
            while size and order.endswith("date") and count(pending) > size:
                page = chosen(pending, order, size)
                yield self._part(page)
                pending = rest_of(pending, order, page)
            if most is not None and count(pending) >= most:
                break
        while count(pending):
            page = chosen(pending, order, size)
            yield self._part(page)
            pending = rest_of(pending, order, page) if page.has_more else []

    def _least(self, size: int | None) -> int:
        """How many rows a slab waits for: where the order is not by time, nothing leaves before all was read."""
        if self.view.asked.order.endswith("date") or self.view.asked.ids is not None:
            return size or 0
        return max(size or 0, MANY)

    def _newest(self, wanted: Newest) -> Page:
        """The newest of each group, group by group; each is read from its end on, as far as is needed."""
        offered, pages = {box.grain for box in self.view.decision.boxes}, list[Page]()
        for group in wanted.groups:
            asked = replace(self.view.asked, selectors=group, order="-date")
            found = list[Batch]()
            if any(each.grain is None or each.grain in offered for each in group):
                for batches in self._walk(replace(self.view, asked=asked), None):
                    found += batches
                    if count(found) >= wanted.most:
                        break
            pages.append(chosen(found, "-date", wanted.most))
        return in_turn(pages)

    def whole(self) -> Part:
        """Everything that was asked for as one, without groups: its count, edges and new means."""
        items, readings, kinds, means = 0, 0, set[Kind](), list[Batch]()
        first, last = END_OF_TIME, BEGINNING
        things = self._things()
        for batch in (batch for found in self._walk(self.view, None) for batch in found if len(batch)):
            items, readings = items + len(batch), readings + readings_in(batch)
            means += [batch] if batch.grain in MEANS else []
            if batch.is_lost:
                continue
            things.see([batch] if self.view.asked.device_resources else ())
            instants = ints(batch.rows, "instant")
            first, last = min(first, int(instants.min())), max(last, int(lasts_of(batch).max()))
            kinds.add(batch.strand.kind)
        part = Part(
            devices=things.devices(),
            count=items,
            readings=readings,
            first=first if kinds else None,
            last=last if kinds else None,
            kinds=frozenset(kinds),
            weeks=() if self.view.is_owner else frozen(means, self.load),
            lost=numbers(self.lost),
        )
        return self._with_metrics(part)

    def total(self) -> int:
        """How many items were asked for and may leave, over all pages."""
        return sum(count(found) for found in self._walk(self.view, None))

    def lost_part(self) -> Part:
        """What was asked for and taken away after it had left to this asker, and nothing else."""
        page = chosen(self.lost, "date", None)
        return self._part(page) if page.count else Part()

    def _walk(self, view: View, last: Cursor | None, least: int = 0) -> Iterator[list[Batch]]:
        """The items that may leave, slab by slab; from about the cursor on where the order is by date."""
        if apart := self._apart(view):
            slabs_of = (slab for each in apart for slab in self.read(each, None, 0, Waiting((), False)))
            yield [*self.lost, *(batch for slab in slabs_of for batch in slab)]
            return
        yield from self.read(view, last, least, Waiting(self.lost, view.asked.order == "-date"))

    def read(self, view: View, last: Cursor | None, least: int, waiting: Waiting) -> Iterator[list[Batch]]:
        """The items of one view, slab by slab, with what waits to be told beside them."""
        found, descending = self._strands(view), view.asked.order == "-date"
        if not found:
            yield waiting.rest()
            return
        margin = margin_of(found)
        has_days = view.asked.sampled or any(box.grain in MEANS for box in view.decision.boxes)
        columns = None if view.is_owner else NEEDED
        chunks = []
        for strand in found:
            reach = strand.reach if last is None else strand.reach & onwards(view, last.key, margin)
            rows = self.reader.chunks(strand.series, reach, descending, columns)
            chunks.append(admitted(view, strand, rows))
        gathering = Gathering(view, found, self.fhir_changed, self.load, self.was_told, self.reader)

        def align(edge: Instant) -> Instant:
            if not has_days:
                return edge
            return ceiling(edge, view.zones) if descending else floor(edge, view.zones)

        for slab in slabs(chunks, margin, align, descending, least):
            yield [*gathering.items(slab), *waiting.beside(slab.low, slab.high)]
        yield waiting.rest()

    def _apart(self, view: View) -> tuple[View, ...]:
        """Where chunks are asked for by id: they and the other ids, each as a wish of its own."""
        if view.asked.sampled or not view.asked.ids:
            return ()
        pairing = view.decision.pairing
        names = {text: named(self.ids, text, pairing, self.patient) for text in view.asked.ids}
        chunks = frozenset(text for text, name in names.items() if name and is_chunk(name.slot))
        asked = (
            replace(view.asked, ids=chunks, sampled=True),
            replace(view.asked, ids=view.asked.ids - chunks),
        )
        return tuple(replace(view, asked=each) for each in asked if each.ids) if chunks else ()

    def _strands(self, view: View) -> tuple[Strand, ...]:
        """What to read; for readings asked for by id nothing that lies apart from them."""
        wanted = self._named(view.asked)
        if wanted is None:
            return strands(view, self.reader.series(), None, self._devices(view.asked))
        if not wanted:
            return ()
        found = self.reader.series(nearby(view, wanted), wanted)
        return strands(view, found, wanted, self._devices(view.asked))

    def _named(self, asked: Asked) -> Named | None:
        """The readings asked for by id, by series; ids that are none of this asker's name nothing."""
        if asked.ids is None:
            return None
        found: dict[int, list[tuple[Name, Instant]]] = {}
        for text in sorted(asked.ids):
            name = named(self.ids, text, self.view.decision.pairing, self.patient)
            if name is None:
                continue
            at = self.reader.locate(name) if name.is_reading else name.instant
            if at is not None:
                found.setdefault(name.series, []).append((name, at))
        return found

    def _devices(self, asked: Asked) -> frozenset[int] | None:
        """The numbers of the devices asked for, as such or as sensors."""
        wanted = [(kind, ids) for kind, ids in (("Device", asked.devices), ("DeviceMetric", asked.metrics))]
        found = [self._numbers(kind, ids) for kind, ids in wanted if ids is not None]
        return frozenset.intersection(*found) if found else None

    def _numbers(self, kind: str, texts: frozenset[str]) -> frozenset[int]:
        names = (self.ids.read(kind, text, self.view.decision.pairing) for text in texts)
        return frozenset(name.series for name in names if name is not None and name.patient == self.patient)

    def _things(self) -> Things:
        return Things(self.view, self.ids, self.patient, self.fhir_changed, self.reader)

    def _part(self, page: Page) -> Part:
        asked, things = self.view.asked, self._things()
        weeks = () if self.view.is_owner else frozen((batch for batch, _ in page.batches), self.load)
        shown = page
        if asked.history:
            shown = with_past(self.view, page, self.reader.past, self.reader.earlier, self.fhir_changed)
        groups = Assembly(self.view, self.ids, self.patient, self.reader).groups(shown)
        real = [batch for batch, _ in page.batches if not batch.is_lost]
        things.see(real if asked.device_resources else ())
        return Part(
            groups=groups,
            devices=things.devices(),
            count=shown.count,
            readings=shown.count + sum(readings_in(batch) - len(batch) for batch, _ in page.batches),
            more=self._keyset(page, groups) if page.has_more else None,
            last_updated=max(int(group.last_updated.max()) for group in groups),
            first=min((int(ints(batch.rows, "instant").min()) for batch in real), default=None),
            last=max((int(lasts_of(batch).max()) for batch in real), default=None),
            kinds=frozenset(batch.strand.kind for batch in real),
            weeks=weeks,
            lost=numbers([batch for batch, _ in page.batches if batch.is_lost]),
        )

    def _keyset(self, page: Page, groups: Sequence[Group]) -> bytes:
        batch, place = last_of(page)
        key = int(sort_keys(batch, self.view.asked.order)[place])
        last = page.count - 1
        (raw,) = (group.ids[row] for group in groups for row in np.flatnonzero(group.at == last))
        return keyset(key, raw.tobytes())

    def _every_device(self) -> tuple[DisclosedDevice, ...]:
        """The devices that were asked for and have a reading that may leave."""
        asked = replace(self.view.asked, selectors=None, ids=None, order="date", after=None)
        things = self._things()
        for batches in self._walk(replace(self.view, asked=asked), None):
            things.see(batches)
        return things.devices()

    def _with_metrics(self, part: Part) -> Part:
        """The part with the sensors, where they were asked for and may be told."""
        found = sensors(self.view, lambda view: self._walk(view, None), self._things)
        return replace(part, metrics=found) if found else part
