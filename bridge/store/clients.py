"""Registered clients: the programs of one organisation that may ask for data.

Law: one client is one organisation and one purpose (`consent.md`, the grant); what a request says about
itself changes neither. A removed client keeps its row for the ledger and its past grants, loses its tokens
in the same transaction, and is unknown to everything but `recall`. No secret of a client is stored: keys
are public ones (SMART App Launch 2.2, client-confidential-asymmetric), and of a secret that we made there is
only SHA-256, which suffices for 256 random bits.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bridge.store.db import Database


class ClientType(StrEnum):
    """How a client proves who it is."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"
    BACKEND = "backend"


@dataclass(frozen=True, slots=True)
class Client:
    """One registered client. `scopes` is SMART scope text; `jwks_inline` is the JSON text of a JWK Set;
    `secret`: SHA-256 of its secret."""

    id: str
    name: str
    type: ClientType
    organization: str
    contact: str
    purpose: str
    scopes: str
    jwks_inline: str | None = None
    jwks_url: str | None = None
    redirect_uris: tuple[str, ...] = ()
    launch_uris: tuple[str, ...] = ()
    secret: bytes | None = field(default=None, repr=False)

    @property
    def client_id(self) -> str:
        """The same as `id`: the name under which OAuth libraries look for it."""
        return self.id

    @property
    def has_keys(self) -> bool:
        """Whether it proves itself by signing."""
        return self.jwks_inline is not None or self.jwks_url is not None


_COLUMNS: Final = (
    "id, name, type, organization, contact, purpose, scopes, jwks_inline, jwks_url,"
    " redirect_uris, launch_uris, secret"
)


def add(db: Database, client: Client) -> None:
    """Register `client`. sqlite3.IntegrityError where the id is taken."""
    with db.write("bridge") as connection:
        connection.execute(
            f"INSERT INTO clients ({_COLUMNS}, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                client.id,
                client.name,
                client.type.value,
                client.organization,
                client.contact,
                client.purpose,
                client.scopes,
                client.jwks_inline,
                client.jwks_url,
                "\n".join(client.redirect_uris),
                "\n".join(client.launch_uris),
                client.secret,
                db.clock(),
            ),
        )


def load(db: Database, client_id: str) -> Client:
    """The client of that id; KeyError where it is unknown or removed."""
    return _one(db, f"SELECT {_COLUMNS} FROM clients WHERE id = ? AND removed IS NULL", client_id)


def recall(db: Database, client_id: str) -> Client:
    """The client of that id, removed or not: for naming a recipient, never for letting it in."""
    return _one(db, f"SELECT {_COLUMNS} FROM clients WHERE id = ?", client_id)


def listed(db: Database) -> tuple[Client, ...]:
    """Every client that is not removed, by name."""
    rows = db.reader("bridge").execute(
        f"SELECT {_COLUMNS} FROM clients WHERE removed IS NULL ORDER BY name, id"
    )
    return tuple(_client(row) for row in rows)


def remove(db: Database, client_id: str) -> None:
    """Remove the client and end its tokens; KeyError where it is unknown or removed already."""
    with db.write("bridge") as connection:
        changed = connection.execute(
            "UPDATE clients SET removed = ? WHERE id = ? AND removed IS NULL", (db.clock(), client_id)
        ).rowcount
        if not changed:
            raise KeyError(client_id)
        connection.execute("DELETE FROM tokens WHERE client = ?", (client_id,))


def _one(db: Database, query: str, client_id: str) -> Client:
    row = db.reader("bridge").execute(query, (client_id,)).fetchone()
    if row is None:
        raise KeyError(client_id)
    return _client(row)


def _client(row: sqlite3.Row | tuple[str, ...]) -> Client:
    (name, kind, organization, contact, purpose, scopes, inline, url, redirects, launches, secret) = tuple(
        row
    )[1:]
    return Client(
        id=row[0],
        name=name,
        type=ClientType(kind),
        organization=organization,
        contact=contact,
        purpose=purpose,
        scopes=scopes,
        jwks_inline=inline,
        jwks_url=url,
        redirect_uris=tuple(redirects.splitlines()),
        launch_uris=tuple(launches.splitlines()),
        secret=secret,
    )
