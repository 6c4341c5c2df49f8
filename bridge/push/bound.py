"""One month on its way to a portal: its file, its manifest, and everything that came of them.

Law: what goes is written down as `tried` before the first byte and settled with the answer, in the outbox and in the
ledger (`store/outbox.py`); a portal that gave no answer may hold something else than what is known. The manifest
follows its file, so that a manifest which stands speaks of a file that is there; a file whose manifest failed has left.
Right before each of both it is looked whether the grant still acts and the link stands.
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
from bridge.period import Instant
from bridge.portal.render import Binder, PortalBytes, Shelved
from bridge.push import round as rounds
from bridge.push.account import Settlement, untouched
from bridge.push.answers import Reply
from bridge.push.courier import Outcome, Waybill
from bridge.push.laying import Folder, Login
from bridge.push.plan import ended
from bridge.push.retry import Step, decide
from bridge.push.round import Report
from bridge.push.shelf import Change, Month, is_leaf, leaf_names, leaf_words, named
from bridge.push.trip import Trip
from bridge.push.upload import Upload
from bridge.store.outbox import Item, Result
from bridge.store.shelves import Shelf

MANIFEST: Final = ".manifest.csv"
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
class Volume:
    """One month on its way: what is in the file, what the outbox learns of it, and how it is accounted for. `under`:
    the grant and link by which it goes; None: marks of what is taken back, which go after both."""

    month: Month
    disclosure: Disclosure
    change: Change
    going: tuple[Item, ...]
    content: str
    revision: int
    under: tuple[str, int] | None


async def sent(rack: Rack, bill: Waybill, volume: Volume) -> tuple[Report, bool]:
    """The month's file and its manifest go, and everything that it came to is recorded; whether it arrived."""
    trip, lane = rack.trip, rack.trip.errand.lane
    link = links.load(trip.db, bill.link)
    # A month of one reading a minute takes half a second, in which a server answers nobody else.
    body = await asyncio.to_thread(rack.binder.month, volume.disclosure, rack.told.form)
    why = _ended(trip, volume)
    if why:
        trip.kept(volume.disclosure)
        return rounds.held(trip.client, why), False
    words = named(rack.told, link.value, volume.month.name, volume.revision)
    most = None if trip.spec is None else trip.spec.limits.bytes
    if most is not None and len(body) > most:
        trip.kept(volume.disclosure)
        sentence = f"{trip.client}: {TOO_LARGE.format(month=volume.month.name)}"
        return Report(failed=(sentence,)), False
    delivery = outbox.begin(
        trip.db, lane, bill.what, bill.grant, bill.link, volume.disclosure.entry, volume.going,
        reference=volume.month.place,
    )  # fmt: skip
    shelves.keep(trip.db, lane, Shelf(volume.month.name, volume.revision - 1, "", bill.link))
    with trip.courier.barrier.only(trip.standing(volume.disclosure, bill)):
        reply, is_there = await _uploaded(rack, volume, body, words)
    decision = decide(reply.step, delivery.attempts, trip.clock(), trip.courier.chance(), reply.asked)
    is_done = decision.step is Step.DONE
    # What is taken back goes again with its manifest, and what a portal keeps in many files is not known to be whole.
    is_known = is_done or (is_there and rack.told.replaces and bill.what != "retraction")
    results = tuple(_results(volume)) if is_known else _stayed(volume, reply)
    settlement = _settlement(bill, volume, reply.step) if is_known else Settlement(reply.step, ())
    outbox.settle(
        trip.db, delivery, decision.state.value, due=decision.due, problem=reply.problem, results=results,
        taken=settlement.taken,
    )  # fmt: skip
    if is_done:
        shelves.keep(trip.db, lane, Shelf(volume.month.name, volume.revision, volume.content, bill.link))
    if volume.disclosure.entry is not None:
        trip.gate.settle(volume.disclosure, *_word(volume, reply, is_there))
    outcome = Outcome(settlement, decision, reply.problem, delivery.delivery, delivery.items)
    return rounds.of(trip.client, outcome, trip.clock()), is_done


def _ended(trip: Trip, volume: Volume) -> str:
    """Why it goes no more, after its file was made; '' where it may. Each call asks the barrier besides."""
    return "" if volume.under is None else ended(trip.db, *volume.under, trip.clock())


def _word(volume: Volume, reply: Reply, is_there: bool) -> tuple[str, int]:
    """The ledger's outcome, and how many readings left. A file that is there left, also without its manifest."""
    if is_there:
        return rounds.WORDS[Step.DONE], volume.disclosure.count
    is_lost = reply.step is Step.UNKNOWN or reply.has_left
    return (rounds.WORDS[Step.UNKNOWN], volume.disclosure.count) if is_lost else (rounds.WORDS[reply.step], 0)


async def tidied(rack: Rack) -> None:
    """Half files that a lost connection left in a folder are taken away, also after the grant ended."""
    trip, folder = rack.trip, rack.upload
    if not isinstance(folder, Folder):
        return
    for each in shelves.doubtful(trip.db, trip.errand.lane):
        for name in _names(rack, each):
            if not await folder.tidy(name):
                return
        shelves.keep(trip.db, trip.errand.lane, replace(each, content=shelves.TIDIED))


def _names(rack: Rack, shelf: Shelf) -> Iterator[str]:
    """Under which names a file of it may be there."""
    trip, patient = rack.trip, links.load(rack.trip.db, shelf.link).value
    if not is_leaf(shelf.month):
        name = named(rack.told, patient, shelf.month, shelf.revision + 1)["name"]
        yield name
    else:
        name = leaf_words(rack.told, patient, shelf.month, shelf.revision + 1)["name"]
        held = outbox.standing(trip.db, trip.errand.lane, shelf.month)
        most = max((int(each.etag or 0) for each in held), default=0)
        yield from leaf_names(rack.told, name, most)
    yield f"{name}{MANIFEST}"


async def _uploaded(
    rack: Rack, volume: Volume, body: PortalBytes, words: dict[str, str]
) -> tuple[Reply, bool]:
    """The file, then the manifest that says it is there; and whether the file surely is."""
    upload, name = rack.upload, words["name"]
    reply = await upload.put(name, body, words)
    if reply.step is not Step.DONE or not rack.told.manifest:
        return reply, reply.step is Step.DONE
    start, until = _span(volume)
    manifest = rack.binder.manifest([Shelved(name, start, until, volume.revision, body)])
    reply = await upload.put(f"{name}{MANIFEST}", manifest, words)
    # The file itself is there by now, whatever became of its manifest.
    failed = replace(reply, is_untouched=False, step=not_untouched(reply))
    return (reply if reply.step is Step.DONE else failed), True


def _span(volume: Volume) -> tuple[Instant, Instant]:
    """The month, and what stands in its file though after a move it begins beside it."""
    instants = [group.columns["instant"] for group in volume.disclosure.groups if len(group.at)]
    first = min((int(each.min()) for each in instants), default=volume.month.start)
    last = max((int(each.max()) for each in instants), default=volume.month.start)
    return min(volume.month.start, first), max(volume.month.until, last + 1)


def not_untouched(reply: Reply) -> Step:
    """The step of a reply after which something is there all the same."""
    return Step.UNKNOWN if reply.step is Step.AGAIN else reply.step


def _results(volume: Volume) -> Iterator[Result]:
    place = volume.month.place
    for each in volume.going:
        yield Result(each.id, each.version, "open", place)
    for held in volume.change.lost:
        yield Result(held.id, held.version or held.tried, "retracted", place)


def _stayed(volume: Volume, reply: Reply) -> tuple[Result, ...]:
    return untouched(volume.going, (), volume.change.before) if reply.is_untouched else ()


def _settlement(bill: Waybill, volume: Volume, step: Step) -> Settlement:
    """What the portal took: readings that are new or said otherwise there, or that it has no more."""
    if bill.what == "retraction":
        return Settlement(step, (), retracted=len(volume.change.lost))
    new = {each.id for each in volume.change.new}
    sent = sum(each.id in new for each in volume.going)
    return Settlement(step, (), sent=sent, updated=len(volume.going) - sent)
