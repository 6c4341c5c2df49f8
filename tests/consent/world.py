"""A small world for tests of the door: one store, a clock that obeys, people, sources, grants.

Everything is real: the store, the ledger, the gate. Only time is ours.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bridge.consent import grants
from bridge.consent.asked import Asked, Grain, Kind, Selector, Way
from bridge.consent.disclosure import Disclosure, Group
from bridge.consent.gate import Gate
from bridge.consent.grant import Authoriser, Grant, Identity, Recipient, Standing
from bridge.consent.lasting import default_end
from bridge.consent.part import Part
from bridge.consent.permit import DeliveryPermit, OwnerPermit, RecipientPermit
from bridge.period import DAY, HOUR, MINUTE, Instant, Period, PeriodSet, ZoneHistory
from bridge.reading import COLUMNS, Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.artifacts import NewArtifact
from bridge.store.blocks import Absorbed, absorb
from bridge.store.db import Database
from bridge.store.ids import text
from bridge.store.patients import add, load

MASTER = bytes(range(32))
NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z, a Thursday
ZONE = "Europe/Berlin"
CLARITY = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "8XK2P1", Unit.MG_DL, 0)
LIBRE = SeriesKey(Stream.GLUCOSE, "libreview", "reader-1", Unit.MMOL_L, 1)
CLINIC = RecipientPermit("clinic-ehr", "Clinic", "TREAT", "token-1", NOON + 300 * DAY)


@dataclass
class Clock:
    """Time as the test says."""

    now: Instant = NOON

    def __call__(self) -> Instant:
        return self.now


@dataclass
class World:
    """One open store with a gate before it. `changed`: when the FHIR half of formats was activated."""

    db: Database
    clock: Clock
    changed: dict[str, Instant] = field(default_factory=dict)
    files: int = 0

    def __post_init__(self) -> None:
        self.gate = Gate(self.db, self.clock, lambda name: self.changed.get(name, 0))

    def person(self, name: str = "Ada Beispiel", zone: str = ZONE) -> int:
        return add(self.db, name, None, zone, (("urn:mrn", f"mrn-{name}"),))

    def zones(self, patient: int) -> ZoneHistory:
        return load(self.db, patient).zones

    def bring(
        self,
        patient: int,
        readings: Iterable[tuple[Instant, int]],
        key: SeriesKey = CLARITY,
        source: str | None = None,
        device: Device | None = None,
        source_class: SourceClass = SourceClass.MAKER,
        also: Mapping[str, Sequence[object]] | None = None,
        **columns: Sequence[object],
    ) -> Absorbed:
        """Import (instant, value) pairs as one file of one series, with more columns where needed."""
        pairs = sorted(readings)
        self.files += 1
        made: dict[str, np.ndarray[tuple[int], np.dtype[np.generic]]] = {
            "instant": np.array([instant for instant, _ in pairs], np.int64),
            "value": np.array([value for _, value in pairs], np.int64),
            "row": np.arange(1, len(pairs) + 1, dtype=np.int32),
        }
        for name, values in (columns | dict(also or {})).items():
            made[name] = np.array(values, COLUMNS[name].dtype)
        device = device or Device("Dexcom", "G6", key.device, "", "transmitter")
        content = f"{self.files}".encode()
        new = NewArtifact(
            source=source or key.family,
            sha256=hashlib.sha256(content).hexdigest(),
            format=key.family,
            revision="0123abcd",
            file=f"file-{self.files}.csv",
            size=len(content),
            account=b"{}",
            original=content,
        )
        return absorb(self.db, patient, new, [Readings(key, made, device, source_class)])

    def grant(self, patient: int, periods: PeriodSet, **more: object) -> Standing:
        """Sign a grant for the clinic: raw glucose of Clarity and LibreView, all ways, unless said otherwise."""
        identity = more.get("identity", Identity.FULL)
        recipient = more.get("recipient", Recipient("Clinic", frozenset({"clinic-ehr"}), "The Clinic"))
        assert isinstance(identity, Identity)
        assert isinstance(recipient, Recipient)
        begins = more.get("begins", self.clock.now)
        assert isinstance(begins, int)
        grant = Grant(
            id=grants.new_id(),
            version=1,
            patient=patient,
            authoriser=Authoriser("Ada Beispiel"),
            recipient=recipient,
            purpose="TREAT",
            ways=frozenset(Way),
            periods=periods,
            kinds=frozenset({Kind.GLUCOSE}),
            signed=self.clock.now,
            begins=begins,
            ends=default_end(begins, self.zones(patient)),
            sources=frozenset({"dexcom-clarity", "libreview"}),
            identity=identity,
            pairing=grants.pairing_for(self.db, recipient, identity),
        )
        return grants.sign(self.db, replace(grant, **more))  # type: ignore[arg-type]

    def ask(self, permit: RecipientPermit | OwnerPermit | DeliveryPermit, asked: Asked) -> Disclosure:
        return asyncio.run(self.gate.disclose(permit, asked))


def opened(folder: Path) -> World:
    clock = Clock()
    return World(Database.open(folder, MASTER, clock), clock)


def wish(patient: int | None, **more: object) -> Asked:
    """A query for everything of one patient, unless said otherwise."""
    return replace(Asked(patient, Way.LOOK, "query", "GET Observation"), **more)  # type: ignore[arg-type]


def between(start: Instant, end: Instant) -> PeriodSet:
    return PeriodSet((Period(start, end),))


def items(disclosure: Disclosure) -> list[tuple[Instant, int]]:
    """(instant, value) of every item, in page order."""
    found: dict[int, tuple[Instant, int]] = {}
    for group in disclosure.groups:
        rows = zip(group.columns["instant"].tolist(), group.columns["value"].tolist(), strict=True)
        found.update(zip(group.at.tolist(), rows, strict=True))
    assert sorted(found) == list(range(disclosure.count))
    return [found[place] for place in sorted(found)]


def ids(disclosure: Disclosure | Part) -> list[str]:
    """Ids of every item, in page order."""
    found: dict[int, str] = {}
    for group in disclosure.groups:
        found.update(zip(group.at.tolist(), spelled(group), strict=True))
    return [found[place] for place in sorted(found)]


def spelled(group: Group) -> list[str]:
    return [row.tobytes().decode() for row in text(group.ids)]


def every(
    minutes: int, count: int, start: Instant = NOON - 14 * DAY, value: int = 100
) -> list[tuple[Instant, int]]:
    """Readings every so many minutes, each with a value of its own."""
    return [(start + i * minutes * MINUTE, value + i % 200) for i in range(count)]


__all__ = ["CLARITY", "CLINIC", "DAY", "HOUR", "LIBRE", "MINUTE", "NOON", "Grain", "Selector"]
