"""The devices of one submission: those that it brings, and those that its submitter's organisation brought before.

Law: a device is known by what its submitter says identifies it, and by the id under which it was told; nobody else's is
known. A reading of a device that was refused is of none. Where the submitter keeps a record of its own, its devices are
those of that record; of those that it told of before there was one, only where it never had a pseudonym of the person:
else a device that came under the one name, serial and all, could be had under the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bridge.fhir.outcome import Problem
from bridge.receive.bundle import Entry, Submission
from bridge.receive.entry import Fit
from bridge.receive.node import node, nodes, pair, text
from bridge.receive.profiles import What
from bridge.receive.record import NO_THING, Thing, keyed, owner, thing
from bridge.receive.subject import local, target
from bridge.store import submitted
from bridge.store.ids import Name
from bridge.web.submitting import Whose

MOST: Final = 1000
"""Devices that one submitter can tell of a person: each is a series, and a person has room for so many."""


@dataclass(slots=True)
class Worn:
    """The devices of one submission about a patient. `keeps`: whether its submitter keeps a record of its own, and
    `record` its number, None where it is not begun."""

    whose: Whose
    found: Submission
    patient: int
    keeps: bool
    record: int | None
    _known: Mapping[str, submitted.Thing] = field(default_factory=dict)
    _numbered: Mapping[int, Thing] = field(default_factory=dict)
    _former: Mapping[int, Thing] | None = None
    _brought: dict[int, Thing] = field(default_factory=dict)
    _keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.look()
        self._keys = set(self._known)

    def look(self, record: int | None = None) -> None:
        """Know what is kept now; `record`: where it was begun meanwhile."""
        self.record = record or self.record
        number = self.record if self.keeps else self.patient
        self._known = {} if number is None else self._things(number)
        self._numbered = _by_number(self._known)

    def id(self, kind: str, number: int = 0) -> str:
        """The id of the person, or of a device of theirs, as it is told: of the submitter's own record where it keeps
        one; '' where that holds nothing."""
        if not self.keeps:
            return self.whose.id(kind, Name(self.patient, number, 0, 0))
        ids = self.whose.desk.db.ids
        return "" if self.record is None else ids.one(kind, Name(self.record, number, 0, 0))

    def told(self, key: str) -> str:
        """The id of a device that is kept; '' where it is not."""
        known = self._known.get(key)
        return "" if known is None else self.id("Device", known.number)

    def of(self, fit: Fit) -> Thing | Problem:
        """The device of a reading, or the one that an entry is."""
        made = self._of(fit)
        if isinstance(made, Problem):
            return made
        self._keys.add(made.key)
        if len(self._keys) > MOST:
            place = fit.entry.place
            return Problem(422, "too-costly", f"{place}: more devices than one person wears.", (place,))
        return made

    def brings(self, at: int, worn: Thing) -> None:
        """The entry at that place is a device that can be kept."""
        self._brought[at] = worn

    def _of(self, fit: Fit) -> Thing | Problem:
        if fit.what is What.DEVICE:
            return thing(fit.entry.resource)
        reference = node(fit.entry.resource, "device")
        written, logical = text(reference, "reference"), pair(node(reference, "identifier"))
        if written:
            found = self._named(fit.entry, written)
            where = f"{fit.entry.place}.resource.device"
            return found or Problem(
                422, "business-rule", f"{where}: no device that was taken here.", (where,)
            )
        return self._identified(logical) if logical else NO_THING

    def _named(self, entry: Entry, written: str) -> Thing | None:
        if written.startswith("#"):
            inside = nodes(entry.resource, "contained")
            found = (each for each in inside if text(each, "id") == written[1:])
            return next((thing(each) for each in found if text(each, "resourceType") == "Device"), None)
        there = target(self.found, entry, written)
        if there is not None:
            return self._brought.get(there.at)
        id_ = local(written, "Device", self.whose.desk.renderer.base)
        return self._told_as(id_) or self._before(id_)

    def _told_as(self, id_: str) -> Thing | None:
        """A device by the id under which it is told now."""
        if not self.keeps:
            return self._read(id_, self.patient, self.whose.pairing(self.patient), self._numbered)
        return None if self.record is None else self._read(id_, self.record, b"", self._numbered)

    def _before(self, id_: str) -> Thing | None:
        """A device as it was told of while the submitter kept no record of its own; what was, is looked up once."""
        if not self.keeps:
            return None
        if self._former is None:
            has_one_name = self.whose.has_one_name(self.patient)
            self._former = _by_number(self._things(self.patient)) if has_one_name else {}
        return self._read(id_, self.patient, self.whose.pairing(self.patient), self._former)

    def _read(self, id_: str, number: int, pairing: bytes, known: Mapping[int, Thing]) -> Thing | None:
        """The device behind an id of that person or record: an id tells its number, so that none is tried."""
        name = self.whose.desk.db.ids.read("Device", id_, pairing)
        if name is None or name != Name(number, name.series, 0, 0):
            return None
        return known.get(name.series)

    def _identified(self, identifier: tuple[str, str]) -> Thing:
        """A device that is named by an identifier alone: as this Bundle describes it, else as it is known."""
        for at, worn in self._brought.items():
            if identifier in map(pair, nodes(self.found.entries[at].resource, "identifier")):
                return worn
        key = keyed(identifier)
        known = self._known.get(key)
        return Thing(key) if known is None else _as_known(key, known)

    def _things(self, number: int) -> Mapping[str, submitted.Thing]:
        """By their key the devices that this submitter's organisation brought, and nobody else's."""
        return submitted.things(self.whose.desk.db, number, f"{owner(self.whose.submitter)}/")


def _as_known(key: str, known: submitted.Thing) -> Thing:
    return Thing(key, known.device.manufacturer, known.device.model, known.device.serial)


def _by_number(known: Mapping[str, submitted.Thing]) -> Mapping[int, Thing]:
    return {each.number: _as_known(key, each) for key, each in known.items()}
