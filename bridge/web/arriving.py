"""A launch that came back, as its pages read it: found for this browser alone, as long as it lives.

Law: what the EHR said rests sealed (`bridge.store.arrivals`); its order of texts is known here and nowhere else. A
removed EHR or recipient ends what its launches brought.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from starlette.requests import Request

from bridge.people.requests import Record
from bridge.period import Instant
from bridge.smart.ehr_identity import Persona
from bridge.smart.ehr_launch import Arrived
from bridge.smart.tokens import digest
from bridge.store import arrivals, clients, ehrs
from bridge.store.ehrs import Ehr
from bridge.web.session import entrance, visitor


@dataclass(frozen=True, slots=True)
class Landed:
    """What one launch brought. `hashed` names it; `user`: who launched, as the EHR calls them."""

    hashed: bytes
    ehr: Ehr
    record: Record
    persona: Persona
    user: str
    visit: date | None
    token: str = field(repr=False)
    until: Instant
    refresh: str = field(repr=False)


def texts_of(found: Arrived) -> list[str]:
    """What a launch brought, in texts for rest."""
    told = found.record
    record = Record(told.system, told.value, told.id, told.name, told.birth_date)
    visit = found.visit.isoformat() if found.visit else ""
    return [
        found.persona.value,
        found.user,
        visit,
        found.token,
        str(found.until),
        found.refresh,
        *record.texts(),
    ]


def landed(request: Request) -> Landed | None:
    """The launch of the address, where this browser made it and it is not over."""
    here, hashed = entrance(request), digest(request.path_params["arrival"])
    browser = sha256(visitor(request).encode()).digest()
    found = arrivals.find(here.db, hashed, browser, here.clock())
    ehr = None if found is None else ehrs.find(here.db, found.ehr)
    if found is None or ehr is None:
        return None
    try:
        clients.load(here.db, ehr.client)
    except KeyError:
        return None
    persona, user, visit, token, until, refresh, *record = found.texts
    day = date.fromisoformat(visit) if visit else None
    return Landed(hashed, ehr, Record.of(record), Persona(persona), user, day, token, int(until), refresh)
