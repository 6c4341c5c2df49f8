"""One document as a parcel: printed for one attempt, held against what the receiver has.

Law (`smart-consent.md` L32): what goes is made of a Disclosure that the gate has just made, by a sealed renderer, and
kept nowhere. Printing takes its time, so it is done beside the loop.
"""

from __future__ import annotations

import asyncio

import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Drafts
from bridge.fhir.filing import Filing
from bridge.fhir.paper import Paper
from bridge.fhir.render import Consignment
from bridge.hl7.render import Letters
from bridge.mapping.papers import Document
from bridge.mapping.summed import UNITS
from bridge.push.leaves import Leaves
from bridge.push.parcel import Parcel, known_of, packed, parcel
from bridge.push.trip import Trip
from bridge.report.layout import Layout
from bridge.report.targets import PROFILES


def paper_of(wanted: Document) -> Paper:
    """How a destination is told documents."""
    targets = None if wanted.goals == "none" else PROFILES[wanted.goals]
    return Paper(Layout(UNITS[wanted.units], targets, wanted.rounding), tuple(wanted.code))


async def printed(trip: Trip, seen: Disclosure, subject: str, type_: str, paper: Paper) -> Parcel:
    """The documents of a disclosure, against what the receiver holds of them."""
    courier, zones = trip.courier, patients.load(trip.db, trip.errand.lane.patient).zones
    ids = [packed(each.report.id(type_)) for each in seen.summaries if each.report is not None]
    figures = [packed(id_) for each in seen.summaries for _, id_ in each.members]
    held = outbox.held(trip.db, trip.errand.lane, [*ids, *figures])
    before = {id_: each for id_, each in held.items() if id_ in ids}
    found: Consignment | Letters | Drafts[Leaves]
    if courier.pages is not None:
        known = courier.pages.known(before)
        found = await asyncio.to_thread(courier.pages.made, seen, zones, subject, paper, before)
        return parcel(found, known)
    if courier.engine is not None:
        to = courier.engine.writing(subject, before, trip.clock())
        found = await asyncio.to_thread(courier.engine.scribe.reports, seen, zones, paper, to)
    else:
        wanted = Filing(subject, known_of(held), trip.clock())
        make = courier.renderer.report_letters
        found = await asyncio.to_thread(make, seen, zones, wanted, courier.can.manner, type_, paper)
    return parcel(found, before)
