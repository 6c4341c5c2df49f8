"""The reports of a lane in a portal's folder: their names, their files one after the other, then the manifest.

Law: as months (`bound.py`): a file of the same name takes the place of the one before; where a portal keeps every file,
what must be corrected is a human's task. A report's days name it as they were when it first went, whatever the zones
became, so a correction finds its files. How many files it ever had there is durable before the first byte: those that a
newer version lacks are written over. What got there without its manifest has left, and goes again whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.shelves as shelves
from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Ask, Drafts
from bridge.fhir.filing import Sent
from bridge.fhir.paper import Paper
from bridge.fhir.reports import DOCUMENT
from bridge.fhir.summaries import GONE
from bridge.period import ZoneHistory
from bridge.portal.render import Bound, Shelved
from bridge.push.account import CREATED, unsettled
from bridge.push.answers import Entry, Reply
from bridge.push.bound import MANIFEST, Rack, not_untouched, tidied
from bridge.push.documents import Documents, deliver_documents
from bridge.push.leaves import Leaves, Letter
from bridge.push.ordered import WHOLE
from bridge.push.paper_retraction import withdraw_documents
from bridge.push.parcel import packed
from bridge.push.retry import Step
from bridge.push.round import Report
from bridge.push.shelf import leaf_names, leaf_place, leaf_words
from bridge.store.outbox import Held, Result
from bridge.store.shelves import Shelf

IN_DOUBT: Final = Entry(0, "", "", Step.UNKNOWN)
"""Of a report of which something may be there."""


@dataclass(frozen=True, slots=True)
class Leafing:
    """`leaves.Pages` over one rack."""

    rack: Rack

    @property
    def said(self) -> str:
        """Everything that is sent of the portal's file beside the report."""
        return sha256(self.rack.told.said.encode()).hexdigest()[:16]

    def known(self, before: Mapping[bytes, Held]) -> Mapping[bytes, Held]:
        """What never surely arrived is no update; what may lack its manifest is not known to be there whole, and goes
        again where that doubles nothing."""
        return {id_: self._known(held) for id_, held in before.items()}

    def _known(self, held: Held) -> Held:
        if held.state == "retracted":
            return held
        if not held.version:
            return replace(held, reference="")
        kept = shelves.shelf(self.rack.trip.db, self.rack.trip.errand.lane, held.reference)
        is_whole = kept is None or kept.content not in ("", shelves.TIDIED)
        return held if is_whole or not self.rack.told.replaces else replace(held, version="")

    def made(
        self,
        seen: Disclosure,
        zones: ZoneHistory,
        subject: str,
        paper: Paper,
        before: Mapping[bytes, Held],
    ) -> Drafts[Leaves]:
        """Each report as files under its names. What was entered in error is not told to who never had it."""
        replaces, letters, left = self.rack.told.replaces, list[Letter](), list[Sent]()
        link = links.load(self.rack.trip.db, int(subject.rpartition("/")[2]))
        for one in self.rack.binder.reports(seen, zones, paper, self.rack.told.pages):
            held = before.get(packed(one.leaf.id))
            is_there = held is not None and held.state != "retracted" and bool(held.version)
            may_be = is_there or (held is not None and held.state != "retracted" and bool(held.tried))
            if one.leaf.is_wrong and not may_be:
                continue
            sent = Sent(DOCUMENT, one.leaf.id, self._version(one), "PUT" if is_there else "POST")
            if not replaces and (is_there or one.leaf.is_wrong):
                left.append(sent)
                continue
            ask = Ask(sent.method, "", (sent,), is_bundle=False)
            letters.append((ask, self._leaves(one, sent.version, link.value, link.number, held)))
        return Drafts(tuple(letters), tuple(left))

    def _version(self, one: Bound) -> str:
        """Where a file takes the place of the one before, also what is told otherwise goes anew."""
        if not self.rack.told.replaces:
            return one.leaf.version
        told = f"{one.leaf.version.removesuffix(GONE)}|{self.said}"
        return sha256(told.encode()).hexdigest()[:16] + GONE * one.leaf.is_wrong

    def _leaves(self, one: Bound, version: str, patient: str, link: int, held: Held | None) -> Leaves:
        db, lane, told = self.rack.trip.db, self.rack.trip.errand.lane, self.rack.told
        place = (held.reference if held is not None else "") or leaf_place(one.leaf.days)
        kept = shelves.shelf(db, lane, place)
        revision = 1 if kept is None else kept.revision + 1
        words = leaf_words(told, patient, place, revision)
        most = max(len(one.pages), int((held.etag if held is not None else "") or 0))
        names = leaf_names(told, words["name"], most)
        contents = (*one.pages, *(one.blank,) * (most - len(one.pages)))
        span = one.leaf.start, one.leaf.until, revision
        files = tuple(Shelved(name, *span, body) for name, body in zip(names, contents, strict=True))
        manifest = (f"{words['name']}{MANIFEST}", self.rack.binder.manifest(files)) if told.manifest else None
        shelf = Shelf(place, revision, version, link)
        return Leaves(packed(one.leaf.id), files, manifest, words, shelf, one.leaf.is_wrong)

    def place(self, letters: Sequence[Letter]) -> str:
        """Where it will stand, if it stands nowhere yet."""
        return next((content.shelf.month for _, content in letters), "")

    async def sent(self, letters: Sequence[Letter]) -> Reply:
        """One report: a request of its own (`papers.py`)."""
        ((_, content),) = letters
        self._remembered(content)
        upload = self.rack.upload
        for there, each in enumerate(content.files):
            reply = await upload.put(each.name, each.content, {**content.words, "name": each.name})
            if reply.step is not Step.DONE:
                return _broken(reply, bool(there))
        if content.manifest is not None:
            name, manifest = content.manifest
            reply = await upload.put(name, manifest, {**content.words, "name": name})
            if reply.step is not Step.DONE:
                # What is taken back goes again with its manifest.
                entry = IN_DOUBT if content.is_wrong else _taken(content)
                return replace(reply, step=not_untouched(reply), is_untouched=False, entries=(entry,))
        shelves.keep(self.rack.trip.db, self.rack.trip.errand.lane, content.shelf)
        return Reply(Step.DONE, entries=(_taken(content),))

    def _remembered(self, content: Leaves) -> None:
        """Before the first byte: that it is on its way, and how many files there may be after it."""
        db, lane, shelf = self.rack.trip.db, self.rack.trip.errand.lane, content.shelf
        held = outbox.held(db, lane, [content.id])[content.id]
        files = str(len(content.files))
        outbox.note(
            db,
            lane,
            [Result(held.id, held.version, unsettled(held), "", files, held.problem, settled=False)],
        )
        shelves.keep(db, lane, replace(shelf, revision=shelf.revision - 1, content=""))


async def leafed(rack: Rack, maker: Documents | None, hold: str) -> Report:
    """What is due of reports, after what is wrong was taken back. `hold`: why nothing new goes; '' where it may. What a
    lost connection left half in a folder is taken away first, also after the grant ended."""
    await tidied(rack)
    courier, told = rack.trip.courier, rack.told
    can = replace(courier.can, conditional=told.replaces or told.is_repeatable)
    way = replace(courier, shown=[can], has_file=False, pages=Leafing(rack))
    trip = replace(rack.trip, courier=way)
    report = await withdraw_documents(trip)
    return report if report.stops or hold else report + await deliver_documents(trip, maker, WHOLE)


def _taken(content: Leaves) -> Entry:
    return Entry(CREATED, content.shelf.month, str(len(content.files)))


def _broken(reply: Reply, is_begun: bool) -> Reply:
    """A report of which a file did not get there; others, or a part of it, may have."""
    if not is_begun and reply.is_untouched and not reply.has_left:
        return reply
    return replace(reply, step=not_untouched(reply), is_untouched=False, entries=(IN_DOUBT,))
