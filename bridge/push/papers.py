"""The documents of a lane: the report of each block that is due, once, corrected where it says something else now.

Law (`safety.md`, default content; corrections travel): what a destination's file wants, as the gate finds it due
(`consent/paces.py`): the blocks that have their summary there, or those of a pace of the document's own. One document
is one disclosure and one request: a revocation stops the next one, and one that is refused holds up nothing else. An
attempt that was cut off is looked at again and doubles nothing: a document has one number, and each version of it
another. Where a file does not name documents, they go only to who says that it creates them. Nothing that was printed
is kept.

Rejected: one request for all blocks (who is cut off in its midst has half of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import bridge.store.documented as store
import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.consent.asked import KIND_OF, Asked, Grain, Selector
from bridge.consent.disclosure import Disclosure
from bridge.consent.reporting import Paced, Reporting, Standing
from bridge.fhir.reports import versioned
from bridge.mapping.papers import Document
from bridge.mapping.summed import WEEKDAYS
from bridge.period import BEGINNING, Period
from bridge.push import round as rounds
from bridge.push.answers import Reply
from bridge.push.courier import IN_DOUBT, TOO_LARGE, Waybill
from bridge.push.ordered import Course
from bridge.push.paper_ways import is_named, taken, types_for, wanted_of
from bridge.push.parcel import Parcel
from bridge.push.plan import Passage
from bridge.push.printing import paper_of, printed
from bridge.push.readings import not_ready, permit_of, subject_there
from bridge.push.reconcile import TWICE, spelled
from bridge.push.retry import State
from bridge.push.round import NOTHING, Report
from bridge.push.summaries import passage_of
from bridge.push.trip import Trip
from bridge.store.documented import Documented
from bridge.store.links import Link
from bridge.store.outbox import SEVERAL, Item, Result
from bridge.store.reported import Reported

NO_TYPE: Final = (
    "its CapabilityStatement creates neither DocumentReference nor DiagnosticReport: ask its FHIR team, or name the "
    "types in its file"
)


class Papers:
    """Makes and sends documents (`documents.Documents`)."""

    async def deliver(self, trip: Trip, blocks: Sequence[Reported], course: Course) -> Report:
        """What is due of documents over these blocks, each of which has its summary there, and of a pace of their own;
        of what was ordered the ordered days, and of what stands what says something else now."""
        is_ordered = course.summed is not None
        wanted, passage, standing = wanted_of(trip, is_ordered), passage_of(trip), trip.errand.link
        if wanted is None or passage is None or standing is None:
            return NOTHING
        types = types_for(trip, wanted)
        if not types and is_named(trip):
            return Report(held=(f"{trip.client}: {NO_TYPE}",))
        report, link = NOTHING, links.load(trip.db, standing.number)
        for type_ in types:
            way = taken(trip, wanted, type_)
            some = () if is_ordered else tuple(blocks)
            report += await _Round(way, passage, link, wanted, type_, some, course).every()
            if report.stops:
                break
        return report


@dataclass(frozen=True, slots=True)
class _Round:
    """The documents of one type that are due on a lane. `blocks`: of which the summaries are there; `skipped`: what
    stands nowhere yet, where only what stands is meant."""

    trip: Trip
    passage: Passage
    link: Link
    wanted: Document
    type: str
    blocks: tuple[Reported, ...]
    course: Course
    skipped: set[tuple[Period, bool]] = field(default_factory=set)

    async def every(self) -> Report:
        """All of them, one after the other."""
        report, goes_on = NOTHING, True
        while goes_on and not report.stops:
            one, goes_on = await self._one()
            report += one
        return report

    async def _one(self) -> tuple[Report, bool]:
        """The next of them; whether another may follow at once."""
        trip, courier = self.trip, self.trip.courier
        subject = await subject_there(trip, self.passage, self.link)
        if isinstance(subject, Report):
            return subject, False
        seen = await trip.gate.disclose(permit_of(trip, self.passage), self._asked())
        if not seen.count:
            return NOTHING, False
        parcel = await printed(trip, seen, subject, self.type, paper_of(self.wanted))
        bill = Waybill("document", self.passage.id, self.link.number, subject, None, parcel.has_refused)
        if self.course.only_held and not parcel.told.keys() <= parcel.there:
            trip.kept(seen)
            self.skipped.update((each.period, each.is_frozen) for each in seen.summaries)
            return NOTHING, True
        if parcel.stuck:
            report = rounds.stuck(trip.client, courier.stuck(parcel, bill))
        elif not parcel.needed:
            report = NOTHING
            standing = outbox.opened(trip.db, trip.errand.lane)
            if standing is not None and standing.what == bill.what:  # it was found to have arrived
                courier.skip(bill)
        elif parcel.fit(trip.bounds) is not None:
            courier.give_up(parcel.items, bill, TOO_LARGE, State.PARTIAL)
            report = rounds.refused(trip.client, len(parcel.items))
        else:
            return await self._gone(seen, parcel, bill)
        trip.kept(seen)
        store.note(trip.db, trip.errand.lane, self._row(seen))
        return report, True

    async def _gone(self, seen: Disclosure, parcel: Parcel, bill: Waybill) -> tuple[Report, bool]:
        trip = self.trip
        ready = await self._replaced(parcel, bill)
        ready = await trip.courier.ready(parcel, bill) if ready is True else ready
        if ready is not True:
            trip.kept(seen)
            return not_ready(trip, bill, ready)
        store.begun(trip.db, trip.errand.lane, self._row(seen))
        report, _ = await trip.sent(seen, parcel, bill)
        if not report.stops and self._is_there(parcel):
            store.note(trip.db, trip.errand.lane, self._row(seen))
        return report, True

    def _is_there(self, parcel: Parcel) -> bool:
        """Whether it is there in its version, or was refused."""
        known = self.trip.courier.held(parcel)
        return all(
            item.id in known and (known[item.id].version == item.version or known[item.id].state == "refused")
            for item in parcel.items
        )

    async def _replaced(self, parcel: Parcel, bill: Waybill) -> bool | Reply:
        """Whether the parcel may go: one that replaces another and got no answer before is looked for by the number of
        its version, where the receiver does not create once."""
        can, engine = self.trip.courier.can, self.trip.courier.engine
        doubtful = [
            item
            for item in parcel.items
            if (held := parcel.before.get(item.id)) is not None and held.reference and held.tried
        ]
        if not doubtful or can.updates or can.conditional or engine is not None:
            return True
        (item,) = doubtful
        tried = parcel.before[item.id].tried
        if not can.searches or tried == SEVERAL:
            self.trip.courier.give_up(parcel.items, bill, IN_DOUBT, State.PARTIAL)
            return False
        return await self._looked_for(item, tried)

    async def _looked_for(self, item: Item, tried: str) -> bool | Reply:
        trip, number = self.trip, versioned(spelled(item.id), tried)
        system = f"urn:uuid:{trip.db.installation}"
        found = await trip.courier.receiver.find(self.type, system, [number], trip.clock())
        if isinstance(found, Reply):
            return found
        there = found.by_value[number]
        if len(there) > 1:
            results = [Result(item.id, tried, "refused", problem=TWICE)]
        else:
            results = [Result(item.id, tried, "open", *each) for each in there]
        outbox.note(trip.db, trip.errand.lane, results)
        return not there

    def _asked(self) -> Asked:
        lane, name = self.trip.errand.lane, self._name
        every = (each for each in store.documented(self.trip.db, lane) if each.type == self.type)
        rows = [each for each in every if (each.period, each.is_frozen) not in self.skipped]
        standing = [
            Standing(each.period, each.is_frozen, each.seen if each.told == name else BEGINNING)
            for each in rows
        ]
        known = {(each.period, each.is_frozen) for each in rows}
        if self.wanted.days is None:
            fresh = (each for each in self.blocks if (each.period, each.is_frozen) not in known)
            standing += [Standing(each.period, each.is_frozen, BEGINNING) for each in fresh]
        pace = self.wanted.pace(None if self.trip.spec is None else self.trip.spec.summed)
        paced = Paced(
            days=pace.days,
            every=pace.every or pace.days,
            weekday=None if pace.weekday is None else WEEKDAYS.index(pace.weekday),
            back=pace.lookback,
            standing=tuple(standing),
            ordered=self.course.summed,
        )
        return Asked(
            patient=lane.patient,
            way=self.passage.way,
            channel="document",
            described=f"the document (PDF) that is due for destination {lane.destination}",
            selectors=frozenset(Selector(each, grain=Grain.RAW) for each in self.wanted.streams),
            reporting=Reporting(paced=paced, documents=self.type),
            patient_resource=True,
            device_resources=True,
        )

    @property
    def _name(self) -> str:
        """How the destination is told documents now: what was told otherwise is told anew."""
        courier = self.trip.courier
        parts = [courier.renderer.summed, paper_of(self.wanted).name, *sorted(self.wanted.sections)]
        return "|".join(parts if courier.pages is None else [*parts, courier.pages.said])

    def _row(self, seen: Disclosure) -> Documented:
        (one,) = seen.summaries
        assert one.report is not None
        kinds = frozenset(KIND_OF[each] for each in self.wanted.streams) & one.report.open
        return Documented(
            self.type, one.period, one.is_frozen, one.report.last_updated, self._name, self.passage.id,
            frozenset(each.value for each in kinds),
        )  # fmt: skip
