"""Records that a provider keeps as its own: whose they are, about whom, and how long which law keeps them.

Law (`consent.md`, custody): such a record has a number and a key like a patient's, but no name, no birth date and no
identifier: it holds what its custodian submitted under one name of the person, all of it and nothing else. What it
submitted by name and under a pseudonym are two records: in one, the pseudonym would be joined with the name. It is
compared with nobody: what were set aside in it would tell its custodian what the person is called, or who wears a
device. Erasing the person leaves it; it is erased by itself, after its time. What came keeps the rule that was told
when the person agreed, never a default and never a later one; the record is kept until the latest end of all.
Rejected: one record with two owners (whose key, whose erasure, whose ledger would have to be asked of every reading).
"""

from __future__ import annotations

import sqlite3
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Final, TypeAlias, final

from bridge.period import Instant
from bridge.store import ledger, patients
from bridge.store.db import Database
from bridge.store.entries import Row
from bridge.store.keys import Erased
from bridge.store.originals import sweep

_Read: TypeAlias = "tuple[int, int, str, Instant, str, int, Instant]"
ZONE: Final = "UTC"
"""Where the clock of a record stands: its person's zone is nothing that its custodian brought."""


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """How long something is kept: `years` after the last of it came, as `law` demands."""

    law: str
    years: int

    def __post_init__(self) -> None:
        if not self.law.strip() or not 1 <= self.years <= 100:
            raise ValueError("a retention rule names its law, and 1 to 100 years")


@final
@dataclass(frozen=True, slots=True)
class Came:
    """What came under one rule. `last`: when the latest of it did."""

    rule: Rule
    last: Instant

    @property
    def until(self) -> date:
        """The last day on which the law keeps it (UTC)."""
        came = datetime.fromtimestamp(self.last / 1000, UTC).date()
        year = came.year + self.rule.years
        has_day = isleap(year) or (came.month, came.day) != (2, 29)
        return came.replace(year=year) if has_day else date(year, 3, 1)


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One provider's own record of one person under one name. `came`: by rule, never empty."""

    number: int
    person: int
    organization: str
    since: Instant
    came: tuple[Came, ...]

    @property
    def _latest(self) -> Came:
        return max(self.came, key=lambda each: (each.until, each.last, each.rule.law))

    @property
    def rule(self) -> Rule:
        """The rule that keeps it longest."""
        return self._latest.rule

    @property
    def until(self) -> date:
        """The last day on which a law keeps anything of it (UTC)."""
        return self._latest.until

    @property
    def last(self) -> Instant:
        """When the latest came of what that rule keeps."""
        return self._latest.last

    def is_over(self, now: Instant) -> bool:
        """Whether its time is over."""
        return datetime.fromtimestamp(now / 1000, UTC).date() > self.until


def rule_of(db: Database, organization: str) -> Rule | None:
    """The rule by which an organisation keeps its own records; None where none was set."""
    sql = "SELECT law, years FROM retention WHERE organization = ?"
    row = db.reader("bridge").execute(sql, (organization,)).fetchone()
    return None if row is None else Rule(*row)


def set_rule(db: Database, organization: str, rule: Rule) -> None:
    """Set the rule for what is agreed from now on; what came keeps the one that was told for it."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO retention (organization, law, years) VALUES (?, ?, ?)",
            (organization, rule.law, rule.years),
        )


# --------------------------------------------------------------------------------------------- its making


def current(db: Database, person: int, organization: str, pairing: bytes) -> int | None:
    """The number of what a provider keeps of a person under one name of theirs; None where that is nothing. `pairing`:
    of a pseudonym, b'' in clear."""
    return _current(db.reader("bridge"), _known(db, person, organization, pairing))


def begun(db: Database, person: int, organization: str, pairing: bytes) -> int:
    """The same, made where there is none. It is a record as soon as something came into it. Raises Erased where there
    is no such person any more."""
    known = _known(db, person, organization, pairing)
    with db.write("bridge") as con:
        if not patients.is_known(db, person):
            raise Erased(f"there is no patient {person}")
        db.keys.box(person)
        there = _current(con, known)
        if there is not None:
            return there
        number = patients.begin(db, con, patients.Patient.nobody(ZONE, db.clock()))
        con.execute(
            "INSERT INTO custody (record, person, organization, known_as, since) VALUES (?, ?, ?, ?, ?)",
            (number, *known, db.clock()),
        )
        return number


def came(con: sqlite3.Connection, record: int, rule: Rule, at: Instant) -> None:
    """Something came into a record under a rule, in the transaction that keeps it. A clock that was set back shortens
    nothing."""
    con.execute(
        "INSERT INTO custody_rules (record, law, years, last) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
        (record, rule.law, rule.years, at),
    )


def dropped(db: Database, number: int) -> None:
    """Begun, but nothing came into it: it goes with its key. Looked at and gone in one transaction: another process may
    be putting something into it."""
    with db.write("bridge") as con:
        kept = con.execute("SELECT 1 FROM custody_rules WHERE record = ?", (number,)).fetchone()
        if kept is None:
            db.keys.destroy(number, db.clock())
            patients.clear(db, con, number)


def erase_over(db: Database, number: int) -> Record | None:
    """Erase a record whose time is over; None, or the record where it is not. Looked at while nothing can come in: what
    comes under the law at that moment is kept, or is refused because there is no record any more, and never lost."""
    with db.write("bridge") as con:
        there = find(db, number)
        if there is None or not there.is_over(db.clock()):
            return there
        db.keys.destroy(number, db.clock())
        patients.clear(db, con, number)
    sweep(db, wait=True)
    return None


def is_of(db: Database, number: int, person: int, organization: str, pairing: bytes) -> bool:
    """Whether that number is what a provider keeps of a person under that name of theirs now."""
    return number == current(db, person, organization, pairing)


# ------------------------------------------------------------------------------------------ what there is


def ledgers(db: Database, person: int) -> Iterator[tuple[str, tuple[Row, ...]]]:
    """The keeper and the ledger, oldest first, of each record that a provider keeps of a person or kept: theirs to see.
    Of a person who was erased none: the id that is left names nothing that stands."""
    for number, keeper in ever(db, person) if patients.is_known(db, person) else ():
        yield keeper, ledger.listed(db, number)


def whose(db: Database, number: int) -> tuple[int, str] | None:
    """About whom that record is and who keeps it, also where it was erased; None where the number is a person's, or
    nobody's."""
    sql = "SELECT person, organization FROM custody WHERE record = ?"
    row = db.reader("bridge").execute(sql, (number,)).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def ever(db: Database, person: int) -> tuple[tuple[int, str], ...]:
    """Number and keeper of each record that a provider keeps of a person or kept: whose ledgers are theirs to see."""
    sql = (
        "SELECT record, organization FROM custody WHERE person = ?"
        " AND EXISTS (SELECT 1 FROM custody_rules WHERE custody_rules.record = custody.record) ORDER BY record"
    )
    rows = db.reader("bridge").execute(sql, (person,))
    return tuple((int(number), str(organization)) for number, organization in rows.fetchall())


def find(db: Database, number: int) -> Record | None:
    """The provider's record of that number."""
    return next(iter(_read(db, "AND record = ?", (number,))), None)


def of(db: Database, person: int) -> tuple[Record, ...]:
    """What providers keep of a person."""
    return _read(db, "AND person = ?", (person,))


def every(db: Database) -> tuple[Record, ...]:
    """Every provider's record."""
    return _read(db, "", ())


def _known(db: Database, person: int, organization: str, pairing: bytes) -> tuple[int, str, bytes]:
    """By what a record is found: the table alone does not tell under which pseudonym."""
    told = f"{person}\0{organization}\0{pairing.hex()}"
    return person, organization, db.keys.blind("custody", told)


def _current(con: sqlite3.Connection, known: tuple[int, str, bytes]) -> int | None:
    sql = (
        "SELECT record FROM custody WHERE person = ? AND organization = ? AND known_as = ? AND ended IS NULL"
    )
    row = con.execute(sql, known).fetchone()
    return None if row is None else int(row[0])


def _read(db: Database, where: str, values: tuple[int, ...]) -> tuple[Record, ...]:
    """In order of their numbers; what was taken away came all the same."""
    sql = (
        "SELECT record, person, organization, since, law, years, last FROM custody JOIN custody_rules USING (record)"
        f" WHERE ended IS NULL {where} ORDER BY record, last"
    )
    rows = db.reader("bridge").execute(sql, values).fetchall()
    return tuple(_record(list(some)) for _, some in groupby(rows, key=lambda row: row[0]))


def _record(rows: list[_Read]) -> Record:
    number, person, organization, since = rows[0][:4]
    kept = tuple(Came(Rule(law, years), last) for *_, law, years, last in rows)
    return Record(number, person, organization, since, kept)
