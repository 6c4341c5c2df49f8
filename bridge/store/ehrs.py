"""EHRs that may launch us: registered by a human, each with its own redirect address.

Law (SMART App Launch 2.2, app-launch; RFC 9700 4.4): an issuer is on this list or nothing is ever fetched for it. A
registration names the recipient whom its launches are for, our id and proof there, and where its endpoints may lie.
Its secret rests sealed and is opened for one call. A removed one keeps its row, because links speak of it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.store.db import Database
from bridge.store.sealing import opened, sealed

Method: TypeAlias = Literal["public", "secret", "key"]


@dataclass(frozen=True, slots=True)
class Ehr:
    """One registered EHR. `issuer`: its FHIR base, without a slash at its end; `client`: our recipient; `client_id`:
    ours there; `origins`: scheme://host[:port] of every endpoint that it may name; `scope` '': what we ask by
    ourselves; `identifier_system` '': its medical record number."""

    id: str
    issuer: str
    client: str
    client_id: str
    method: Method
    origins: tuple[str, ...]
    scope: str = ""
    identifier_system: str = ""
    internal: bool = False


_COLUMNS: Final = "ehr, issuer, client, client_id, method, origins, scope, identifier_system, internal"


class Registered(Exception):
    """An EHR of that issuer is registered already."""


def new_id() -> str:
    """An id for a new registration."""
    return secrets.token_hex(8)


def add(db: Database, ehr: Ehr, secret: str | None = None) -> None:
    """Register an EHR; Registered where its issuer is on the list already."""
    box = None if secret is None else sealed(db, "ehr", ehr.id, [secret])
    with db.write("bridge") as con:
        known = con.execute("SELECT 1 FROM ehrs WHERE issuer = ? AND removed IS NULL", (ehr.issuer,))
        if known.fetchone():
            raise Registered(f"{ehr.issuer} is registered already: remove it first")
        con.execute(
            f"INSERT INTO ehrs ({_COLUMNS}, secret, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ehr.id, ehr.issuer, ehr.client, ehr.client_id, ehr.method, "\n".join(ehr.origins), ehr.scope,
                ehr.identifier_system, int(ehr.internal), box, db.clock(),
            ),
        )  # fmt: skip


def listed(db: Database) -> tuple[Ehr, ...]:
    """The registered EHRs, by issuer."""
    rows = db.reader("bridge").execute(f"SELECT {_COLUMNS} FROM ehrs WHERE removed IS NULL ORDER BY issuer")
    return tuple(_ehr(row) for row in rows.fetchall())


def of_issuer(db: Database, issuer: str) -> Ehr | None:
    """The registered EHR of that FHIR base; None where it is not on the list."""
    return next((each for each in listed(db) if each.issuer == issuer.rstrip("/")), None)


def find(db: Database, ehr: str) -> Ehr | None:
    """The registered EHR of that id; None where there is none."""
    return next((each for each in listed(db) if each.id == ehr), None)


def secret(db: Database, ehr: str) -> str:
    """Our secret there, for one call; '' where there is none."""
    row = (
        db.reader("bridge")
        .execute("SELECT secret FROM ehrs WHERE ehr = ? AND removed IS NULL", (ehr,))
        .fetchone()
    )
    return "" if row is None or row[0] is None else opened(db, "ehr", ehr, row[0])[0]


def remove(db: Database, ehr: str) -> None:
    """Take an EHR off the list; its secret, what came of its launches and its tokens go at once. KeyError."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE ehrs SET removed = ?, secret = NULL WHERE ehr = ? AND removed IS NULL", (db.clock(), ehr)
        )
        if not done.rowcount:
            raise KeyError(ehr)
        con.execute("DELETE FROM arrivals WHERE ehr = ?", (ehr,))
        con.execute("DELETE FROM ehr_records WHERE ehr = ?", (ehr,))


def _ehr(row: tuple[str, str, str, str, Method, str, str, str, int]) -> Ehr:
    ehr, issuer, client, client_id, method, origins, scope, system, internal = row
    return Ehr(
        ehr, issuer, client, client_id, method, tuple(origins.splitlines()), scope, system, bool(internal)
    )
