"""Which registration of a recipient was verified, and whether it still is that one.

Law (`consent.md`, recipient; issue: recipients are verified): whoever verifies an organisation verifies the keys,
redirect addresses and endpoints that its client has then; their hash is kept, and compared whenever something is to
leave. A changed registration, and a client that joins a verified organisation later, are held until somebody verifies
again, whichever way they were changed, because nothing is stored about a change but the difference itself. A client
that nobody ever verified is shown as such; changing it holds it too.

Rejected: a flag that is set by whoever edits (an edit around it would go unseen).
"""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
from typing import Final

from bridge.period import Instant
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.recipients import Known, put

CHANGED: Final = (
    "its key, redirect address or endpoint was changed and nobody verified it since, so nothing goes there: "
    "cgm-bridge client verify"
)
JOINED: Final = (
    "it was registered after its organisation had been verified, so nothing goes there: "
    "cgm-bridge client verify"
)
_NOTHING: Final = b""


def key_of(client: Client) -> str:
    """What tells recipients apart: the organisation, or a lone client."""
    return client.organization or client.id


def fingerprint(db: Database, client: Client) -> bytes:
    """The hash of everything by which a client is reached and proves itself, as it is registered now."""
    rows = db.reader("bridge").execute(
        "SELECT kind, url FROM destinations WHERE client = ? AND removed IS NULL ORDER BY kind, url",
        (client.id,),
    )
    told = [
        client.jwks_inline,
        client.jwks_url,
        sorted(client.redirect_uris),
        sorted(client.launch_uris),
        [list(row) for row in rows.fetchall()],
    ]
    query = "SELECT origin FROM notification_origins WHERE client = ? ORDER BY origin"
    origins = [row[0] for row in db.reader("bridge").execute(query, (client.id,)).fetchall()]
    told += [origins] if origins else []  # a client without any keeps the hash that it was verified with
    return sha256(json.dumps(told, sort_keys=True).encode()).digest()


def verify(db: Database, client: Client, known: Known) -> None:
    """Record that somebody verified the client's recipient as it is registered now; `known.recipient` is its key."""
    put(db, known)
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO verifications (client, recipient, fingerprint, at) VALUES (?, ?, ?, ?)",
            (client.id, known.recipient, fingerprint(db, client), db.clock()),
        )


def mark_changed(con: sqlite3.Connection, client: str, at: Instant) -> None:
    """Within a change of a registration: hold the client also where nobody had verified it."""
    con.execute(
        "INSERT OR IGNORE INTO verifications (client, recipient, fingerprint, at)"
        " SELECT id, CASE organization WHEN '' THEN id ELSE organization END, ?, ? FROM clients WHERE id = ?",
        (_NOTHING, at, client),
    )


def fault(db: Database, client: Client) -> str:
    """Why nothing may go to the client until it is verified again; '' where nothing stands against it."""
    rows = dict(
        db.reader("bridge")
        .execute("SELECT client, fingerprint FROM verifications WHERE recipient = ?", (key_of(client),))
        .fetchall()
    )
    if client.id in rows:
        return "" if rows[client.id] == fingerprint(db, client) else CHANGED
    return JOINED if any(each != _NOTHING for each in rows.values()) else ""
