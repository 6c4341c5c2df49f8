"""The same readings in HAPI, the same page asked of it, in the same run.

Law: the readings come there by our own push, through gate and ledger; HAPI runs with its full compiler and
is warmed before it is measured. Its CPU is the whole process's, as ours is.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from bridge.app import opened
from bridge.cli.wishes import Wish, drawn
from bridge.consent.grants import sign
from bridge.settings import load
from bridge.smart.registration import Registration
from bridge.smart.registration import client as checked
from bridge.store import destinations, links
from bridge.store.clients import add
from bridge.store.patients import load as load_patient
from tests.bench.figures import PAGE, Row, beside
from tests.bench.home import Home
from tests.bench.load import Figure, measure
from tests.peers.hapi import Hapi

MRN = ("https://hospital.example/mrn", "bench")
DAYS = ("2025-06-01", "2025-06-04")
"""Four days: more than one page."""


def against_hapi(home: Home, page: Figure, seconds: float) -> list[Row]:
    """Our page's CPU against HAPI's for as many Observations of the same readings."""
    with Hapi(quick=False) as hapi:
        patient = httpx.post(
            f"{hapi.base}/Patient",
            json={"resourceType": "Patient", "identifier": [{"system": MRN[0], "value": MRN[1]}]},
        ).json()["id"]
        sent = _pushed(home, hapi.base)
        if sent < PAGE:
            raise RuntimeError(f"HAPI was given {sent} readings")
        port = urlsplit(hapi.base).port or 80
        path = f"/fhir/Observation?patient=Patient/{patient}&_count={PAGE}&_total=none"
        for _ in range(20):
            httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60)
        headers = {"Accept": "application/fhir+json", "Cache-Control": "no-cache"}
        theirs = measure("HAPI page", hapi.pid, port, path, headers, seconds)
    ratio = theirs.cpu / page.cpu
    name = "1,000-entry page, times HAPI"
    return [Row(name, f"{ratio:,.0f}", ">= 100", ratio >= 100, f"HAPI: {beside(theirs)}")]


def _pushed(home: Home, base: str) -> int:
    found = opened(replace(load(home=home.path), allow_loopback=True))
    try:
        name = found.db.ids.read("Patient", home.patient)
        if name is None:
            raise RuntimeError("the home has no patient")
        person = load_patient(found.db, name.patient)
        client = checked(Registration("HAPI", "backend"))
        add(found.db, client)
        wish = Wish(start=DAYS[0], end=DAYS[1], expires="2027-01-01")
        sign(found.db, drawn(found, person, client, wish))
        destinations.add(found.db, client.id, "transaction", base, internal=True)
        links.confirm(found.db, person.number, client.id, *MRN, "the bench")
        report = asyncio.run(found.worker.once(person.number, client.id))
        if report.failed or report.held:
            raise RuntimeError("; ".join(report.failed + report.held))
        return report.sent
    finally:
        found.close()
