"""EHR launch, from our side: a registered app is opened with one patient in context.

Law: a launch is a handle of 256 random bits, made for one client and one patient, good for ten minutes and one
approval (SMART App Launch 2.2, app-launch, EHR launch). It opens nothing: whoever follows it signs in and decides
as always, and can decide about that patient alone. It goes only to a launch address that the client registered.
Handles are made where somebody already acts for the patient: the patient's own pages and the command line.
"""

from __future__ import annotations

from typing import Final

import bridge.store.pendings as kept
from bridge.period import Instant
from bridge.smart.pending import address
from bridge.smart.tokens import digest, fresh
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database

LIFE: Final = 600_000


class NoLaunch(Exception):
    """A launch that cannot be made; the sentence says why."""


def launched(
    db: Database, client: Client, patient: int, fhir_base: str, now: Instant, launch_uri: str | None = None
) -> str:
    """The address that opens the app for that patient. `launch_uri`: which one, where several are registered."""
    if client.type is ClientType.BACKEND:
        raise NoLaunch("a backend client is not opened by anybody: it asks by itself")
    wanted = launch_uri or next(iter(client.launch_uris), None)
    if wanted is None or wanted not in client.launch_uris:
        raise NoLaunch(f"the client {client.name!r} registered no such launch address")
    handle = fresh()
    kept.hand(db, digest(handle), client.id, patient, now + LIFE)
    return address(wanted, iss=fhir_base, launch=handle)
