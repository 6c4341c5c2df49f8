"""What would be sent to a destination of a file: the whole way, to a receiver that takes everything and is not there.

Law (`mapping.md`, `mapping try --destination`): the same gate, renderer and worker as a delivery, in a bridge that is
thrown away (`rehearsal.py`); only the calls end here, in a list. Nothing is opened but the file that was named, nobody
is called, and no secret is read: our proof is not rehearsed. Of `auto` the form is not known before the receiver was
asked; it is shown as a transaction.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bridge.app import Bridge
from bridge.cli.rehearsal import rehearsal, taken
from bridge.cli.shell import Failed
from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Way
from bridge.consent.grant import Authoriser, Grant, Recipient
from bridge.mapping.destination import Auth, DestinationFile, Raw, written
from bridge.net.message import Answer, Framed, NetFault, Request
from bridge.period import ALL, DAY
from bridge.push.round import Report
from bridge.push.worker import Worker
from bridge.settings import Settings
from bridge.store import clients, destinations, links
from bridge.store.clients import Client, ClientType
from bridge.store.links import Shown

CLIENT: Final = "rehearsal"
RECORD: Final = Shown("id-of-the-patient-there", "A Rehearsal", None)
CONFIRMED: Final = Shown("", "Rehearsal, A", date(2000, 1, 1))
"""The record that a human confirmed at an engine, which shows none."""
MOST: Final = 20
"""Readings that are shown at most."""
CONDITIONS: Final = ("if-none-exist", "if-match")
PATIENT: Final = (
    '{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient","id":"%s",'
    '"identifier":[{"system":"%s","value":"0"}],"name":[{"text":"%s"}]}}]}'
)
NONE: Final = b'{"resourceType":"Bundle","type":"searchset"}'
_RESOURCE: Final = (
    '{"type":"%s","conditionalCreate":true,"searchParam":[{"name":"identifier"}],"interaction":'
    '[{"code":"create"},{"code":"update"},{"code":"search-type"}]}'
)
_TYPES: Final = ",".join(_RESOURCE % each for each in ("Device", "Observation", "MedicationAdministration"))
STATEMENT: Final = (
    '{"resourceType":"CapabilityStatement","rest":[{"mode":"server","interaction":[{"code":"transaction"}],'
    f'"resource":[{_TYPES}]}}]}}'
)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A receiver that takes everything. `sent`: what it would have got; `system`: of its patients' identifiers."""

    system: str
    sent: list[Request] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    async def fetch(self, request: Request) -> Answer | NetFault:
        """The answer of a receiver that can do all that the bridge knows of."""
        path = urlsplit(request.url).path
        if request.method == "GET":
            if path.endswith("/metadata"):
                return _said(STATEMENT.encode())
            is_patient = path.endswith("/Patient")
            return _said((PATIENT % (RECORD.id, self.system, RECORD.name)).encode() if is_patient else NONE)
        self.sent.append(request)
        place = f"{path.rpartition('/')[2]}/{len(self.sent)}"
        if not is_json(request):
            return Answer(201, {}, b"")
        told = json.loads(request.body)
        if told["resourceType"] != "Bundle":
            return Answer(201, {"location": place}, b"")
        kinds = [each["resource"]["resourceType"] for each in told.get("entry", [])]
        entries = ",".join(_taken(kind, at) for at, kind in enumerate(kinds))
        body = f'{{"resourceType":"Bundle","type":"batch-response","entry":[{entries}]}}'
        return _said(body.encode())

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        """The acknowledgement of an engine that takes everything."""
        self.messages.append(message.body)
        control = message.body.split(b"|", 10)[9]
        stored, taken = (b"MSH|^~\\&\rMSA|%s|%s\r" % (code, control) for code in (b"CA", b"AA"))
        return (stored, taken) if message.is_more(stored) else (taken,)


def sent(wanted: Settings, file: Path, timezone: str, spec: DestinationFile) -> Nowhere:
    """What would go to a destination for a file of an invented person, in order; at most so many readings as are shown
    of it. Failed where nothing would go."""
    raw = Raw(daily=min(spec.daily, MOST), streams=spec.raw.streams) if spec.raw else None
    kind = "transaction" if spec.kind == "auto" else spec.kind
    changed = {"raw": raw, "kind": kind, "auth": Auth(), "authority": None, "encounter": "none"}
    shown = spec.model_copy(update=changed)
    nowhere = Nowhere(spec.patients)
    with rehearsal(wanted) as found:
        person, _ = taken(found, file, timezone)
        _shared(found, person, shown)
        worker = Worker(found.db, found.gate, found.renderer, nowhere, found.now, scribe=found.scribe)
        report = asyncio.run(worker.once(person, CLIENT))
    if not nowhere.sent and not nowhere.messages:
        raise Failed("; ".join((*report.failed, *report.held)) or _nothing(report))
    return nowhere


def _shared(found: Bridge, person: int, spec: DestinationFile) -> None:
    """Everything of the file is granted to the receiver, and the person's record there is confirmed."""
    clients.add(
        found.db, Client(CLIENT, "A Rehearsal", ClientType.BACKEND, "A Rehearsal", "", "TREAT", "system/*.rs")
    )
    now, recipient = found.now(), Recipient("A Rehearsal", frozenset({CLIENT}))
    grants.sign(
        found.db,
        Grant(
            id=grants.new_id(), version=1, patient=person, authoriser=Authoriser("A Rehearsal"),
            recipient=recipient, purpose="TREAT", ways=frozenset({Way.FILE}), periods=ALL, kinds=WILDCARD,
            signed=now, begins=now, ends=now + DAY, sources=frozenset(found.mappings.formats),
        ),
    )  # fmt: skip
    destinations.add(
        found.db, CLIENT, spec.kind, spec.address, internal=spec.internal, monitored=spec.monitored,
        daily=spec.daily, name=spec.destination, spec=written(spec),
    )  # fmt: skip
    links.confirm(
        found.db,
        person,
        CLIENT,
        spec.patients,
        "0",
        "a rehearsal",
        CONFIRMED if spec.kind == "hl7v2" else RECORD,
    )


def is_json(request: Request) -> bool:
    """Whether its body is one JSON document; a portal gets files."""
    return any(
        name == "content-type" and value.endswith("json") for name, value in request.headers
    ) and not any(value.endswith("ndjson") for _, value in request.headers)


def conditions(request: Request) -> dict[str, str]:
    """The conditions under which a request is to be done."""
    return {name: value for name, value in request.headers if name in CONDITIONS}


def _taken(kind: str, at: int) -> str:
    return f'{{"response":{{"status":"201","location":"{kind}/{at}"}}}}'


def _said(body: bytes) -> Answer:
    return Answer(200, {}, body)


def _nothing(report: Report) -> str:
    return "nothing of this file would be sent" if not report.stops else "the delivery stopped"
