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
from numpy.typing import NDArray

from bridge.consent.asked import Asked, Kind, Order, Selector
from bridge.consent.assemble import NEEDED, Assembly, merged
from bridge.consent.batches import Batch, count
from bridge.consent.clusters import LIKENESS, WIDEST
from bridge.consent.disclosure import DisclosedDevice, Group
from bridge.consent.gather import Gathering
from bridge.consent.means import Load, fresh_rows
from bridge.consent.named import named
from bridge.consent.opened import MEANS
from bridge.consent.page import Cursor, Page, beyond, chosen, cursor, keyset, sort_keys
from bridge.consent.past import with_past
from bridge.consent.reader import Reader
from bridge.consent.rows import PART_GRAINS, admitted
from bridge.consent.slabs import slabs
from bridge.consent.strands import AROUND, Mask, Named, Strand, View, nearby, strands
from bridge.consent.withdrawn import Waiting
from bridge.metrics.buckets import ceiling, floor
from bridge.period import BEGINNING, END_OF_TIME, Instant, PeriodSet
from bridge.store.columns import ints
from bridge.store.ids import Ids, Name
from bridge.store.published import BLOCK, Week


@final
@dataclass(frozen=True, slots=True)
class Part:
    """One page of an answer. `weeks`: means that leave for the first time or anew; `lost`: numbers of the
    items in it that are told as taken away, which `first`, `last` and `kinds` leave out."""

    groups: tuple[Group, ...] = ()
    devices: tuple[DisclosedDevice, ...] = ()
    count: int = 0
    more: bytes | None = None
    last_updated: Instant | None = None
    first: Instant | None = None
    last: Instant | None = None
    kinds: frozenset[str] = frozenset()
    weeks: tuple[Week, ...] = ()
    lost: Part | None = None


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
    was_told: Callable[[NDArray[np.int64], NDArray[np.int64]], Mask]
    lost: tuple[Batch, ...] = ()

    def part(self) -> Part:
        """The one page that was asked for."""
        asked = self.view.asked
        if asked.selectors == frozenset():
            devices = self._every_device() if asked.device_resources else ()
            return Part(devices=devices, kinds=frozenset({Kind.DEVICE} if devices else ()))
        if asked.limit == 0:
            return Part()
        return next(self.parts(asked.limit), Part())

    def parts(self, size: int | None) -> Iterator[Part]:
        """Everything from the cursor on, in order, in pages of `size`."""
        order, last, pending = self.view.asked.order, None, list[Batch]()
        if self.view.asked.after is not None:
            last = cursor(self.view.asked.after, self.ids, self.view.decision.pairing, self.patient)
            if last is None:
                return
        most = None if self.view.asked.ids is None else len(self.view.asked.ids)
        for batches in self._walk(self.view, last, size or 0):
            pending += batches if last is None else [b.taken(beyond(b, order, last)) for b in batches]
            while size and order.endswith("date") and count(pending) > size:
                page = chosen(pending, order, size)
                yield self._part(page)
                pending = _rest(pending, order, page)
            if most is not None and count(pending) >= most:
                break
        while count(pending):
            page = chosen(pending, order, size)
            yield self._part(page)
            pending = _rest(pending, order, page) if page.has_more else []

    def whole(self) -> Part:
        """Everything that was asked for as one, without groups: its count, edges and new means."""
        items, kinds, means = 0, set[Kind](), list[Batch]()
        first, last, lost = END_OF_TIME, BEGINNING, _lost(self.lost)
        for batch in (batch for found in self._walk(self.view, None) for batch in found if len(batch)):
            items += len(batch)
            if batch.is_lost:
                continue
            instants = ints(batch.rows, "instant")
            first, last = min(first, int(instants.min())), max(last, int(instants.max()))
            kinds.add(batch.strand.kind)
            means += [batch] if batch.grain in MEANS else []
        return Part(
            count=items,
            first=first if kinds else None,
            last=last if kinds else None,
            kinds=frozenset(kinds),
            weeks=self._weeks(chosen(means, "date", None)) if means else (),
            lost=lost,
        )

    def total(self) -> int:
        """How many items were asked for and may leave, over all pages."""
        return sum(count(found) for found in self._walk(self.view, None))

    def lost_part(self) -> Part:
        """What was asked for and taken away after it had left to this asker, and nothing else."""
        page = chosen(self.lost, "date", None)
        return self._part(page) if page.count else Part()

    def _walk(self, view: View, last: Cursor | None, least: int = 0) -> Iterator[list[Batch]]:
        """The items that may leave, slab by slab; from about the cursor on where the order is by date."""
        found = self._strands(view)
        descending = view.asked.order == "-date"
        waiting = Waiting(self.lost, descending)
        if not found:
            yield waiting.rest()
            return
        margin = _margin(found)
        has_means = any(box.grain in MEANS for box in view.decision.boxes)
        columns = None if view.is_owner else NEEDED
        chunks = []
        for strand in found:
            reach = strand.reach if last is None else strand.reach & _onwards(view, last, margin)
            rows = self.reader.chunks(strand.series, reach, descending, columns)
            chunks.append(admitted(view, strand, rows))
        gathering = Gathering(view, found, self.fhir_changed, self.load, self.was_told, self.reader.earlier)

        def align(edge: Instant) -> Instant:
            if not has_means:
                return edge
            return ceiling(edge, view.zones) if descending else floor(edge, view.zones)

        for slab in slabs(chunks, margin, align, descending, least):
            yield [*gathering.items(slab), *waiting.beside(slab.low, slab.high)]
        yield waiting.rest()

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
            at = self.reader.locate(name) if name.grain in PART_GRAINS else name.instant
            if at is not None:
                found.setdefault(name.series, []).append((name, at))
        return found

    def _devices(self, asked: Asked) -> frozenset[int] | None:
        """The series of the devices asked for."""
        if asked.devices is None:
            return None
        pairing = self.view.decision.pairing
        names = (self.ids.read("Device", text, pairing) for text in asked.devices)
        return frozenset(name.series for name in names if name is not None and name.patient == self.patient)

    def _assembly(self) -> Assembly:
        return Assembly(self.view, self.ids, self.patient, self.reader.origins, self.fhir_changed)

    def _part(self, page: Page) -> Part:
        asked, assembly = self.view.asked, self._assembly()
        weeks, shown = self._weeks(page), page
        if asked.history:
            shown = with_past(self.view, page, self.reader.past, self.reader.earlier, self.fhir_changed)
        groups = assembly.groups(shown)
        real = [batch for batch, _ in page.batches if not batch.is_lost]
        instants = [ints(batch.rows, "instant") for batch in real]
        devices = assembly.devices(real) if asked.device_resources else ()
        return Part(
            groups=groups,
            devices=devices,
            count=shown.count,
            more=self._keyset(page, groups) if page.has_more else None,
            last_updated=max(int(group.last_updated.max()) for group in groups),
            first=min((int(each.min()) for each in instants), default=None),
            last=max((int(each.max()) for each in instants), default=None),
            kinds=frozenset(batch.strand.kind for batch in real)
            | ({Kind.DEVICE} if devices else frozenset[Kind]()),
            weeks=weeks,
            lost=_lost([batch for batch, _ in page.batches if batch.is_lost]),
        )

    def _keyset(self, page: Page, groups: Sequence[Group]) -> bytes:
        batch, place = _last(page)
        key = int(sort_keys(batch, self.view.asked.order)[place])
        last = page.count - 1
        (raw,) = (group.ids[row] for group in groups for row in np.flatnonzero(group.at == last))
        return keyset(key, raw.tobytes())

    def _weeks(self, page: Page) -> tuple[Week, ...]:
        """The means of the page that are told for the first time or anew, as they are to be kept."""
        found: list[Week] = []
        if self.view.is_owner or all(batch.grain not in MEANS for batch, _ in page.batches):
            return ()
        for batch, _ in merged(page):
            if batch.grain in MEANS:
                blocks = batch.first // BLOCK
                held = self.load(batch.strand, batch.grain, int(blocks.min()), int(blocks.max()))
                found += held.with_rows(fresh_rows(batch, held.rows()))
        return tuple(found)

    def _every_device(self) -> tuple[DisclosedDevice, ...]:
        """The devices that were asked for and have a reading that may leave."""
        asked = replace(self.view.asked, selectors=_ANYTHING, ids=None, order="date", after=None)
        view = replace(self.view, asked=asked)
        batches = [batch for found in self._walk(view, None) for batch in found]
        return self._assembly().devices(batches)


def _lost(batches: Sequence[Batch]) -> Part | None:
    """The numbers of items that are told as taken away."""
    instants = [int(at) for batch in batches for at in batch.rows["instant"]]
    kinds = frozenset(batch.strand.kind for batch in batches)
    return (
        Part(count=len(instants), first=min(instants), last=max(instants), kinds=kinds) if instants else None
    )


_ANYTHING: Final[frozenset[Selector] | None] = None


def _margin(found: Sequence[Strand]) -> int:
    """How far copies may lie apart, where some are possible."""
    joined = [strand.stream for strand in found if strand.stream in LIKENESS]
    return WIDEST if len(joined) > len(set(joined)) else 0


def _onwards(view: View, last: Cursor, margin: int) -> PeriodSet:
    """Where anything after the cursor may lie."""
    around = margin + max(AROUND[box.grain] for box in view.decision.boxes)
    if view.asked.order == "date":
        return PeriodSet.between(last.key - around, END_OF_TIME)
    if view.asked.order == "-date":
        return PeriodSet.between(BEGINNING, last.key + 1 + around)
    return PeriodSet.between(BEGINNING, END_OF_TIME)


def _last(page: Page) -> tuple[Batch, int]:
    """The last item of a page: its batch and place in it."""
    for batch, at in page.batches:
        places = np.flatnonzero(at == page.count - 1)
        if len(places):
            return batch, int(places[0])
    raise AssertionError("a page with more after it has a last item")


def _rest(pending: Sequence[Batch], order: Order, page: Page) -> list[Batch]:
    """What stands after a page."""
    batch, place = _last(page)
    name = Name(0, batch.strand.series.number, int(batch.first[place]), int(batch.slots[place]))
    last = Cursor(int(sort_keys(batch, order)[place]), name)
    return [each.taken(beyond(each, order, last)) for each in pending]
