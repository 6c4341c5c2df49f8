"""Invitations at rest: a code that lets one person, once, begin to act for a patient, or a member of staff enrol.

Law: the code rests as its hash; a use is one statement, so two uses cannot both succeed. For whom it was made and
on what evidence rests sealed. What is used or has run out stays for a while, so that its reader is told which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.period import Instant
from bridge.store.accounts import Persona
from bridge.store.db import Database
from bridge.store.sealing import opened, sealed


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitation. `patient`: whom a person will act for, None for staff; `account`: the staff account that
    enrols; `ends`: when the representation will end, None by itself never; `to`: whom it was sent to."""

    persona: Persona
    patient: int | None
    account: str | None
    kind: str
    powers: tuple[str, ...]
    made: Instant
    expires: Instant
    to: str = ""
    evidence: str = ""
    by: str = ""
    ends: Instant | None = None
    used: Instant | None = None


_COLUMNS: Final = "persona, patient, account, kind, powers, made, expires, used, sealed"


def add(db: Database, hashed: bytes, one: Invitation) -> None:
    """Keep an invitation by the hash of its code."""
    ends = "" if one.ends is None else str(one.ends)
    box = sealed(db, "invitation", hashed.hex(), [one.to, one.evidence, one.by, ends])
    with db.write("bridge") as con:
        con.execute("DELETE FROM invitations WHERE expires < ?", (one.made - (one.expires - one.made),))
        con.execute(
            f"INSERT INTO invitations (hash, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                hashed,
                one.persona,
                one.patient,
                one.account,
                one.kind,
                " ".join(one.powers),
                one.made,
                one.expires,
                None,
                box,
            ),
        )


def find(db: Database, hashed: bytes) -> Invitation | None:
    """The invitation of that code, used or not, run out or not."""
    query = f"SELECT {_COLUMNS} FROM invitations WHERE hash = ?"
    row = db.reader("bridge").execute(query, (hashed,)).fetchone()
    if row is None:
        return None
    persona, patient, account, kind, powers, made, expires, used, box = row
    to, evidence, by, ends = opened(db, "invitation", hashed.hex(), box)
    until = int(ends) if ends else None
    given = tuple(powers.split())
    return Invitation(persona, patient, account, kind, given, made, expires, to, evidence, by, until, used)


def use(db: Database, hashed: bytes, now: Instant) -> bool:
    """Use it; False where it was used or has run out."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE invitations SET used = ?2 WHERE hash = ?1 AND used IS NULL AND expires > ?2",
            (hashed, now),
        )
        return done.rowcount == 1


def withdraw(db: Database, patient: int, now: Instant) -> int:
    """Let every open invitation to act for a patient run out now; how many there were."""
    with db.write("bridge") as con:
        done = con.execute(
            "UPDATE invitations SET expires = ?2 WHERE patient = ?1 AND used IS NULL AND expires > ?2",
            (patient, now),
        )
        return done.rowcount
