"""A whole bridge with one person, one client and one hospital, in a folder: real parts, a clock by hand."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bridge.store.clients as clients
import bridge.store.destinations as destinations
import bridge.store.ehrs as ehrs
import bridge.store.links as links
import bridge.store.patients as patients
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Grain, Kind, Way
from bridge.consent.gate import Gate
from bridge.consent.grant import Authoriser, Grant, Identity, Recipient
from bridge.fhir.render import Renderer
from bridge.hl7.render import Scribe
from bridge.mapping import Code, Mappings
from bridge.mapping.destination import DestinationFile, written
from bridge.net.client import Outbound
from bridge.net.endpoint import Endpoint, Purpose, endpoint
from bridge.net.message import Call
from bridge.period import ALL, DAY, PeriodSet
from bridge.push.papers import Papers
from bridge.push.reached import addresses
from bridge.push.round import Report
from bridge.push.worker import Worker
from bridge.reading import Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.blocks import NewArtifact, absorb
from bridge.store.db import Database
from bridge.store.links import Shown
from tests.push.ehr import ROW
from tests.push.twin import BIRTH, IDENTIFIER, NAME
from tests.shipped import mappings

MASTER = bytes(32)
BEGIN = 1_780_000_000_000
"""2026-05-28: when the clock of these tests starts."""
STEP = 300_000
SOURCE = "dexcom-clarity"
SHOWN = Shown("p1", NAME, date.fromisoformat(BIRTH))


@dataclass
class Clock:
    """Moves when told, and a millisecond each time it is read: no two things happen at one instant."""

    now: int = BEGIN

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def skip(self, milliseconds: int) -> None:
        self.now += milliseconds


@dataclass
class House:
    """The parts, and verbs for what people do with them."""

    db: Database
    clock: Clock
    gate: Gate
    worker: Worker
    patient: int
    client: str
    calls: list[Call] = field(default_factory=list)

    def push(self, at_once: bool = False) -> Report:
        """What `cgm-bridge push` does, with `--once` or without."""
        return asyncio.run(self.worker.once(self.patient, self.client, at_once=at_once))

    def round(self) -> Report:
        """What a running worker does every few seconds."""
        return asyncio.run(self.worker.once())

    def bring(self, first: int, values: list[int], name: str = "") -> int:
        """Import readings 5 minutes apart from the `first` slot on; the number of the artifact."""
        instants = BEGIN - 10 * DAY + (first + np.arange(len(values), dtype=np.int64)) * STEP
        columns: dict[str, NDArray[np.generic]] = {
            "instant": instants,
            "value": np.array(values, np.int64),
            "counter": np.arange(first, first + len(values), dtype=np.int64),
            "row": np.arange(1, len(values) + 1, dtype=np.int32),
        }
        key = SeriesKey(Stream.GLUCOSE, SOURCE, "8XXXXX", Unit.MG_DL, 0, by_counter=True)
        device = Device("Dexcom", "G6", serial="8XXXXX", kind="transmitter")
        return self._import(Readings(key, columns, device, SourceClass.MAKER), f"{name}{first}{values}")

    def give(self, first: int, hundredths: list[int], name: str = "") -> int:
        """Import doses of a pump, 5 minutes apart from the `first` slot on; the number of the artifact."""
        count = len(hundredths)
        columns: dict[str, NDArray[np.generic]] = {
            "instant": BEGIN - 10 * DAY + (first + np.arange(count, dtype=np.int64)) * STEP,
            "value": np.array(hundredths, np.int64),
            "counter": np.arange(first, first + count, dtype=np.int64),
            "row": np.arange(1, count + 1, dtype=np.int32),
        }
        key = SeriesKey(Stream.BOLUS, SOURCE, "PUMP", Unit.UNITS, 2, by_counter=True)
        device = Device("Tandem", "t:slim X2", serial="PUMP", kind="pump")
        return self._import(Readings(key, columns, device, SourceClass.MAKER), f"d{name}{first}{hundredths}")

    def run(self, first: int, hours: int) -> int:
        """Import one basal rate that ran for so many hours; the number of the artifact."""
        start = BEGIN - 10 * DAY + first * STEP
        columns: dict[str, NDArray[np.generic]] = {
            "instant": np.array([start], np.int64),
            "end": np.array([start + hours * 12 * STEP], np.int64),
            "value": np.array([80], np.int64),
            "row": np.array([1], np.int32),
        }
        key = SeriesKey(Stream.BASAL, SOURCE, "PUMP", Unit.UNITS_PER_HOUR, 2)
        device = Device("Tandem", "t:slim X2", serial="PUMP", kind="pump")
        return self._import(Readings(key, columns, device, SourceClass.MAKER), f"b{first}{hours}")

    def _import(self, batch: Readings, name: str) -> int:
        original = name.encode()
        new = NewArtifact(
            source=SOURCE,
            sha256=hashlib.sha256(original).hexdigest(),
            format="dexcom-clarity",
            revision="00000000",
            file=f"{name[:40]}.csv",
            size=len(original),
            account=b"{}",
            original=original,
        )
        return absorb(self.db, self.patient, new, [batch]).artifact

    def grant(
        self,
        ways: frozenset[Way] = frozenset({Way.FILE}),
        periods: PeriodSet = ALL,
        kinds: frozenset[Kind] = WILDCARD,
        identity: Identity = Identity.FULL,
        grain: Grain = Grain.RAW,
        begins: int = 0,
    ) -> str:
        """Sign a grant for the client, in force `begins` ms from now; its id."""
        now = self.clock()
        recipient = Recipient("Clinic", frozenset({self.client}))
        grant = Grant(
            id=grants.new_id(),
            version=1,
            patient=self.patient,
            authoriser=Authoriser("Robin Example"),
            recipient=recipient,
            purpose="TREAT",
            ways=ways,
            periods=periods,
            kinds=kinds,
            signed=now,
            begins=now + begins,
            ends=now + 90 * DAY,
            sources=frozenset({SOURCE}),
            identity=identity,
            pairing=grants.pairing_for(self.db, recipient, identity),
            grain=grain,
        )
        grants.sign(self.db, grant)
        return grant.id

    def register(self, url: str, secret: str | None = None, **more: Any) -> int:
        """Register the hospital's file, or register it again; the number of the destination."""
        usual = {"destination": "hospital", "kind": "auto", "address": url, "patients": IDENTIFIER[0]}
        spec = DestinationFile.model_validate(usual | {"raw": {"daily": 100_000}} | more)
        now = [each for each in destinations.listed(self.db) if each.name]
        if now and now[0].kind == spec.kind and now[0].url == url:
            kept = destinations.revise(
                self.db,
                now[0].number,
                spec.destination,
                spec.monitored,
                spec.daily,
                written(spec),
                is_said_otherwise=True,
            )
            return kept.number
        return destinations.add(
            self.db,
            self.client,
            spec.kind,
            url,
            monitored=spec.monitored,
            daily=spec.daily,
            secret=secret,
            name=spec.destination,
            spec=written(spec),
        ).number

    def revoke(self, grant: str) -> None:
        """The patient's no."""
        grants.revoke(self.db, grant)

    def narrow(self, grant: str, periods: PeriodSet) -> None:
        """The patient's less: the next version of a grant."""
        now, standing = self.clock(), grants.load(self.db, grant)
        less = replace(standing.grant, periods=periods, signed=now, begins=now)
        grants.supersede(self.db, grant, less)

    def pause(self, grant: str) -> None:
        """The patient's not now."""
        grants.pause(self.db, grant)

    def resume(self, grant: str) -> None:
        """The patient's again."""
        grants.resume(self.db, grant)

    def link(self, shown: Shown | None = SHOWN, value: str = IDENTIFIER[1]) -> None:
        """A human confirms the hospital's record."""
        links.confirm(self.db, self.patient, self.client, IDENTIFIER[0], value, "Dr. Who", shown)

    def wait(self, minutes: float = 1) -> None:
        """Time goes by."""
        self.clock.skip(round(minutes * 60_000))


@cache
def with_rows() -> Mappings:
    """The shipped ones, and the codes of the invented hospital's flowsheet rows."""
    row = Code.model_validate({"name": "row-glucose", "system": ROW[0], "code": ROW[1]})
    return replace(mappings(), codes={**mappings().codes, row.name: row})


def opened(home: Path, clock: Clock, told: Mappings | None = None) -> House:
    """The bridge in `home`, whoever lives there."""
    db = Database.open(home, MASTER, clock)
    gate = Gate(db, clock, lambda _format: 0)
    renderer = Renderer(told or mappings(), "https://bridge.example/fhir", db.installation)
    calls: list[Call] = []
    net = Outbound(lambda purpose: registered(db, purpose), calls.append, clock, allow_loopback=True)
    scribe = Scribe(told or mappings(), db.installation)
    worker = Worker(db, gate, renderer, net, clock, chance=lambda: 0.5, documents=Papers(), scribe=scribe)
    numbers = patients.numbers(db)
    known = clients.listed(db)
    return House(db, clock, gate, worker, numbers[0] if numbers else 0, known[0].id if known else "", calls)


def registered(db: Database, purpose: Purpose) -> list[Endpoint]:
    """What the composition root registers: the destinations in use."""
    if purpose is Purpose.EHR:
        told = [(url, each.internal) for each in ehrs.listed(db) for url in each.origins]
    else:
        told = [one for each in destinations.listed(db) for one in addresses(each)]
    found = [endpoint(purpose, url, internal) for url, internal in told]
    return [each for each in found if each is not None]


def furnished(
    home: Path, url: str, monitored: str = "", daily: int | None = None, secret: str | None = None
) -> House:
    """A new bridge with a person, a client, and the hospital as its destination; nothing granted."""
    house = opened(home, Clock())
    house.patient = patients.add(house.db, NAME, date.fromisoformat(BIRTH), "Europe/Berlin", (IDENTIFIER,))
    house.client = "clinic"
    clients.add(
        house.db,
        clients.Client("clinic", "Clinic", clients.ClientType.BACKEND, "Clinic", "", "TREAT", "system/*.rs"),
    )
    destinations.add(house.db, "clinic", "transaction", url, monitored=monitored, daily=daily, secret=secret)
    return house


def filed(
    home: Path, url: str, told: Mappings | None = None, secret: str | None = None, **more: Any
) -> House:
    """A new bridge whose hospital is described by a file: `more` beside what every file has to say."""
    house = opened(home, Clock(), told)
    house.patient = patients.add(house.db, NAME, date.fromisoformat(BIRTH), "Europe/Berlin", (IDENTIFIER,))
    house.client = "clinic"
    clients.add(
        house.db,
        clients.Client("clinic", "Clinic", clients.ClientType.BACKEND, "Clinic", "", "TREAT", "system/*.rs"),
    )
    house.register(url, secret, **more)
    return house


def main(home: str, skip: str) -> None:
    """A worker process that can be killed: one round in the house at `home`."""
    clock = Clock(BEGIN + int(skip))
    house = opened(Path(home), clock)
    print("ready", flush=True)
    report = house.push()
    print(report.sent, report.updated, *report.held, *report.failed, flush=True)
    house.db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
