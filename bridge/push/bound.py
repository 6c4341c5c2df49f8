"""One month on its way to a portal: its file, its manifest, and everything that came of them.

Law: what goes is written down as `tried` before the first byte and settled with the answer, in the outbox and in the
ledger (`store/outbox.py`); a portal that gave no answer may hold something else than what is known. The manifest
follows its file, so that a manifest which stands speaks of a file that is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.shelves as shelves
from bridge.consent.disclosure import Disclosure
from bridge.mapping.portal import Portal
from bridge.portal.render import Binder, PortalBytes, Shelved
from bridge.push import round as rounds
from bridge.push.account import Settlement, untouched
from bridge.push.answers import Reply
from bridge.push.courier import Outcome, Waybill
from bridge.push.laying import Folder, Login
from bridge.push.retry import Step, decide
from bridge.push.round import Report
from bridge.push.shelf import Change, Month, named
from bridge.push.trip import Trip
from bridge.push.upload import Upload
from bridge.store.outbox import Item, Result
from bridge.store.shelves import Shelf

TOO_LARGE: Final = (
    "the file of {month} is larger than limits.bytes of its file: raise it, or choose form: csv"
)


@dataclass(frozen=True, slots=True)
class Rack:
    """What is needed for a lane to a portal. `login`: where it is a server of folders."""

    trip: Trip
    told: Portal
    binder: Binder
    login: Login | None = None

    @property
    def upload(self) -> Upload | Folder:
        """The way there."""
        receiver = self.trip.courier.receiver
        if self.login is not None:
            return Folder(receiver, self.told, self.login)
        return Upload(receiver, self.told, self.trip.clock)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One month on its way: what is in the file, what the outbox learns of it, and how it is accounted for."""

    month: Month
    disclosure: Disclosure
    change: Change
    going: tuple[Item, ...]
    content: str
    revision: int


async def sent(rack: Rack, bill: Waybill, parcel: Parcel) -> tuple[Report, bool]:
    """The month's file and its manifest go, and everything that it came to is recorded; whether it arrived."""
    trip, lane = rack.trip, rack.trip.errand.lane
    link = links.load(trip.db, bill.link)
    # A month of one reading a minute takes half a second, in which a server answers nobody else.
    body = await asyncio.to_thread(rack.binder.month, parcel.disclosure, rack.told.form)
    words = named(rack.told, link.value, parcel.month.name, parcel.revision)
    most = None if trip.spec is None else trip.spec.limits.bytes
    if most is not None and len(body) > most:
        trip.kept(parcel.disclosure)
        sentence = f"{trip.client}: {TOO_LARGE.format(month=parcel.month.name)}"
        return Report(failed=(sentence,)), False
    delivery = outbox.begin(
        trip.db, lane, bill.what, bill.grant, bill.link, parcel.disclosure.entry, parcel.going
    )
    shelves.keep(trip.db, lane, Shelf(parcel.month.name, parcel.revision - 1, "", bill.link))
    reply = await _uploaded(rack, bill, parcel, body, words)
    decision = decide(reply.step, delivery.attempts, trip.clock(), trip.courier.chance(), reply.asked)
    is_done = decision.step is Step.DONE
    results = tuple(_results(parcel)) if is_done else _stayed(parcel, reply)
    settlement = _settlement(bill, parcel) if is_done else Settlement(reply.step, ())
    outbox.settle(
        trip.db, delivery, decision.state.value, due=decision.due, problem=reply.problem, results=results,
        taken=settlement.taken,
    )  # fmt: skip
    if is_done:
        shelves.keep(trip.db, lane, Shelf(parcel.month.name, parcel.revision, parcel.content, bill.link))
    left = parcel.disclosure.count if reply.step in (Step.DONE, Step.UNKNOWN) else 0
    if parcel.disclosure.entry is not None:
        trip.gate.settle(parcel.disclosure, rounds.WORDS[reply.step], left)
    outcome = Outcome(settlement, decision, reply.problem, delivery.delivery, delivery.items)
    return rounds.of(trip.client, outcome, trip.clock()), is_done


async def _uploaded(
    rack: Rack, bill: Waybill, parcel: Parcel, body: PortalBytes, words: dict[str, str]
) -> Reply:
    """The file, then the manifest that says it is there; that goes in any case, for it has no reading, and a file
    without it is none."""
    upload, name, trip = rack.upload, words["name"], rack.trip
    with trip.courier.barrier.only(trip.standing(parcel.disclosure, bill)):
        reply = await upload.put(name, body, words)
    if reply.step is not Step.DONE or not rack.told.manifest:
        return reply
    month = parcel.month
    manifest = rack.binder.manifest([Shelved(name, month.start, month.until, parcel.revision, body)])
    reply = await upload.put(f"{name}.manifest.csv", manifest, words)
    # The file itself is there by now, whatever became of its manifest.
    return (
        reply if reply.step is Step.DONE else replace(reply, is_untouched=False, step=_not_untouched(reply))
    )


def _not_untouched(reply: Reply) -> Step:
    return Step.UNKNOWN if reply.step is Step.AGAIN else reply.step


def _results(parcel: Parcel) -> Iterator[Result]:
    place = parcel.month.place
    for each in parcel.going:
        yield Result(each.id, each.version, "open", place)
    for held in parcel.change.lost:
        yield Result(held.id, held.version or held.tried, "retracted", place)


def _stayed(parcel: Parcel, reply: Reply) -> tuple[Result, ...]:
    return untouched(parcel.going, (), parcel.change.before) if reply.is_untouched else ()


def _settlement(bill: Waybill, parcel: Parcel) -> Settlement:
    """What the portal took: readings that are new or said otherwise there, or that it has no more."""
    if bill.what == "retraction":
        return Settlement(Step.DONE, (), retracted=len(parcel.change.lost))
    new = {each.id for each in parcel.change.new}
    sent = sum(each.id in new for each in parcel.going)
    return Settlement(Step.DONE, (), sent=sent, updated=len(parcel.going) - sent)
