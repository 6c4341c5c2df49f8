"""A person's access at an EHR, renewed with the refresh token that their launch brought (RFC 6749 6).

Law: only where the registration asked for `offline_access`. The EHR may give a new refresh token with each answer; the
old one is then over (RFC 9700 4.14), so what came is kept whole or not at all. Nothing of the answer is believed but
fields of the right form.
"""

from __future__ import annotations

from typing import Final

from bridge.net.message import Caller, NetFault
from bridge.smart.ehr_calls import posted
from bridge.smart.ehr_discovery import Discoveries, Flaw
from bridge.smart.record import parsed, text
from bridge.store.arrivals import EhrRecord
from bridge.store.db import Database
from bridge.store.ehrs import Ehr

__all__ = ["Flaw", "lifetime", "renewed"]

LONGEST_TOKEN: Final = 3600


def lifetime(told: object) -> int:
    """Milliseconds that a token lives, at most an hour; 0 where nothing readable is said."""
    return min(told, LONGEST_TOKEN) * 1000 if isinstance(told, int) and told > 0 else 0


async def renewed(db: Database, net: Caller, ehr: Ehr, record: EhrRecord) -> EhrRecord | Flaw:
    """The person's record there with a living token; UNREACHABLE where it can be tried again, CODE where it is over."""
    found = await Discoveries(net).of(ehr, db.clock())
    if isinstance(found, Flaw):
        return Flaw.UNREACHABLE
    form = {"grant_type": "refresh_token", "refresh_token": record.refresh}
    answer = await posted(db, net, ehr, found, found.token, form)
    if isinstance(answer, NetFault) or answer.status >= 500 or answer.status == 429:
        return Flaw.UNREACHABLE
    told = parsed(answer.body) if answer.status == 200 else {}
    token, refresh = text(told, "access_token"), text(told, "refresh_token") or record.refresh
    if not token or not token.isascii() or text(told, "token_type").lower() != "bearer":
        return Flaw.CODE
    until = db.clock() + lifetime(told.get("expires_in"))
    return EhrRecord(record.ehr, record.patient, record.id, token, until, refresh)
