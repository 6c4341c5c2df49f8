"""The main job once, end to end, on the shipped samples of an invented person, told on the terminal.

Law: nothing is faked and nothing is let through: the samples are imported, a grant is signed, a token is
fetched, the FHIR endpoint is asked over HTTP by another process, the deliveries go over HTTP to a third.
What the person has is counted with the owner's permit; what was held back is the difference, with the
gate's own sentences for why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import uvicorn
from joserfc.jwk import ECKey

from bridge.app import Bridge
from bridge.consent.asked import Asked, Grain, Kind, Way
from bridge.consent.collecting import own_act
from bridge.consent.grant import Authoriser, Grant, Recipient
from bridge.consent.grants import new_id, sign
from bridge.consent.lasting import default_end
from bridge.consent.permit import OwnerPermit
from bridge.demo.others import Receiver, Seen, asked_by_ehr, counted, public_keys, receiver
from bridge.ingest.upload import Imported, take
from bridge.period import MINUTE, Period, PeriodSet
from bridge.push.round import Report
from bridge.served import built
from bridge.settings import shipped
from bridge.smart.registration import Registration
from bridge.smart.registration import client as checked
from bridge.store import destinations, links
from bridge.store.clients import Client
from bridge.store.clients import add as add_client
from bridge.store.clients import listed as clients
from bridge.store.clients import remove as remove_client
from bridge.store.patients import Patient, by_identifier, load
from bridge.store.patients import add as add_patient

DAYS: Final = 14
SAMPLES: Final = ("dexcom-clarity", "libreview", "eversense-dms", "carelink", "nightscout")
IDENTIFIER: Final = ("urn:cgm-bridge:demo", "noor")
NAME: Final = "Noor Beispiel"
BIRTH: Final = date(2014, 5, 17)
ZONE: Final = "Europe/Berlin"
MRN: Final = ("https://hospital.example/mrn", "0042")
CLINIC: Final = "Demo Children's Clinic"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What the demonstration saw, in figures."""

    kept: int
    granted: Period
    seen: Seen
    pushed: Report
    received: int
    grant: str
    patient: str


async def tell(found: Bridge, say: Tell) -> Told:
    """Run the story beside the serving application."""
    person = load(found.db, _person(found))
    for one in _imported(found, person):
        say(_account(one))
    key = ECKey.generate_key("P-384", parameters={"kid": "demo", "use": "sig", "alg": "ES384"}, private=True)
    clinic = _clinic(found, key)
    grant = _grant(found, person, clinic)
    (window,) = grant.periods
    say(
        f"\nNoor's parent grants {clinic.organization} glucose, fingersticks and insulin: {_days(window, person)}"
    )
    kept = await _owned(found, person)
    say(f"\nThe clinic's EHR asks {found.settings.fhir_base} with its own key:")
    patient = found.patient_id(person.number)
    seen = await asked_by_ehr(found.settings.fhir_base, clinic.id, key, patient, found.now())
    say(f"  {_counted(seen.types)} in {seen.pages} pages, {seen.first} to {seen.last}")
    async with receiver(NAME, BIRTH, MRN) as other:
        pushed, received = await _push(found, person, clinic, other)
    say(f"\nThe same days are pushed to {other.base}, a second process:")
    say(f"  {pushed.sent} entries sent; in its chart {_counted(received)}")
    say("\n" + _held(found, person, clinic, kept, seen))
    return Told(kept, window, seen, pushed, sum(received.values()), grant.id, patient)


@asynccontextmanager
async def serving(found: Bridge, host: str, port: int) -> AsyncIterator[uvicorn.Server]:
    """The application over `found`, listening; stopped at the end."""
    config = uvicorn.Config(
        built(found, worker=False),
        host=host,
        port=port,
        loop="none",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            raise OSError(f"the address {host}:{port} cannot be served")
        await asyncio.sleep(0.02)
    try:
        yield server
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


def _person(found: Bridge) -> int:
    known = by_identifier(found.db, *IDENTIFIER)
    return known if known is not None else add_patient(found.db, NAME, BIRTH, ZONE, (IDENTIFIER,))


def _imported(found: Bridge, person: Patient) -> list[Imported]:
    folder = shipped("conformance")
    files = [path for name in SAMPLES for path in sorted((folder / name).glob("demo*"))]
    return [
        take(found.db, found.mappings, person, path.read_bytes(), path.name, act=own_act(person))
        for path in files
        if _is_input(path)
    ]


def _is_input(path: Path) -> bool:
    return path.suffix in (".csv", ".xlsx", ".txt", ".json")


def _account(one: Imported) -> str:
    streams = ", ".join(f"{c.stored} {s}" for s, c in one.streams.items() if c.stored) or "nothing new"
    ignored = sum(one.account.ignored.values())
    known = sum(c.duplicate + c.amended for c in one.streams.values())
    return (
        f"{one.file}: {one.account.rows} rows -> {streams} stored; {known} here already, {ignored} ignored by rule, "
        f"{len(one.account.rejected)} rejected"
    )


def _clinic(found: Bridge, key: ECKey) -> Client:
    for each in clients(found.db):
        if each.organization == CLINIC:
            remove_client(found.db, each.id)
    jwks = public_keys(key)
    made = checked(Registration(f"{CLINIC} EHR", "backend", CLINIC, "it@clinic.example", jwks=jwks))
    add_client(found.db, made)
    return made


def _grant(found: Bridge, person: Patient, clinic: Client) -> Grant:
    now = found.now()
    grant = Grant(
        id=new_id(),
        version=1,
        patient=person.number,
        authoriser=Authoriser("Alex Beispiel", "parent"),
        recipient=Recipient(clinic.organization, frozenset({clinic.id}), clinic.name, "", clinic.contact),
        purpose=clinic.purpose,
        ways=frozenset({Way.LOOK, Way.FILE}),
        periods=PeriodSet((_last_days(found, person),)),
        kinds=frozenset({Kind.GLUCOSE, Kind.CAPILLARY, Kind.INSULIN, Kind.DEVICE}),
        signed=now,
        begins=now,
        ends=default_end(now, person.zones),
        sources=frozenset(SAMPLES),
        said=f"the last {DAYS} days of the samples",
        grain=Grain.RAW,
    )
    return sign(found.db, grant).grant


def _last_days(found: Bridge, person: Patient) -> Period:
    wish = Asked(
        person.number, Way.LOOK, "demo", "the owner looks at the last reading", order="-date", limit=1
    )
    last = found.gate.disclose_now(OwnerPermit(person.number), wish)
    latest = max(int(group.columns["instant"][0]) for group in last.groups)
    today = person.zones.local_date(latest)
    return person.zones.days(date.fromordinal(today.toordinal() - DAYS + 1), today)


async def _owned(found: Bridge, person: Patient) -> int:
    everything = found.renderer.vocabulary.everything()
    wish = Asked(person.number, Way.LOOK, "demo", "the owner counts", everything, total=True, limit=1)
    whole = await found.gate.disclose(OwnerPermit(person.number), wish)
    return whole.total or 0


async def _push(
    found: Bridge, person: Patient, clinic: Client, other: Receiver
) -> tuple[Report, dict[str, int]]:
    destinations.add(
        found.db, clinic.id, "transaction", other.base, internal=True, monitored="nobody: a demo"
    )
    links.confirm(found.db, person.number, clinic.id, *MRN, "the demonstration", other.shown)
    report = await found.worker.once(person.number, clinic.id)
    return report, await counted(other.base, found.now())


def _held(found: Bridge, person: Patient, clinic: Client, kept: int, seen: Seen) -> str:
    owner = OwnerPermit(person.number)
    reasons = found.gate.explain(owner, clinic.id, clinic.organization, clinic.purpose, Way.LOOK)
    lines = [f"Noor has {kept} items; {seen.count} left; {kept - seen.count} were held back:"]
    return "\n".join([*lines, *(f"  - {reason.sentence}" for reason in reasons)])


def _counted(types: Mapping[str, int]) -> str:
    return " and ".join(f"{count} {name}s" for name, count in sorted(types.items(), reverse=True))


def _days(window: Period, person: Patient) -> str:
    first, last = person.zones.local_date(window.start), person.zones.local_date(window.end - MINUTE)
    return f"{DAYS} days, {first} to {last}"
