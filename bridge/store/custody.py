"""Records that a provider keeps as its own: whose they are, about whom, and how long which law keeps them.

Law (`consent.md`, custody): such a record has a number and a key like a patient's, but no name, no birth date and no
identifier: it holds what its custodian submitted, all of it and nothing else of the person. It is compared with
nobody either: what were set aside in it would tell its custodian what the person is called, or who wears a device.
Erasing the person leaves it; it is erased by itself, after its time. The rule is the one that was told when the person
agreed, never a default. Rejected: one record with two owners (whose key, whose erasure, whose ledger would have to be
asked of every reading).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeAlias, final

from bridge.period import Instant
from bridge.store import patients
from bridge.store.db import Database

Row: TypeAlias = "tuple[int, int, str, str, int, Instant, Instant | None]"
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
class Record:
    """One provider's own record of one person. `last`: when the newest of it came."""

    number: int
    person: int
    organization: str
    rule: Rule
    since: Instant
    last: Instant

    @property
    def until(self) -> date:
        """The last day on which the law keeps it (UTC)."""
        came = datetime.fromtimestamp(self.last / 1000, UTC).date()
        year = came.year + self.rule.years
        return date(year, 3, 1) if (came.month, came.day) == (2, 29) else came.replace(year=year)

    def is_over(self, now: Instant) -> bool:
        """Whether its time is over."""
        return datetime.fromtimestamp(now / 1000, UTC).date() > self.until


def rule_of(db: Database, organization: str) -> Rule | None:
    """The rule by which an organisation keeps its own records; None where none was set."""
    sql = "SELECT law, years FROM retention WHERE organization = ?"
    row = db.reader("bridge").execute(sql, (organization,)).fetchone()
    return None if row is None else Rule(*row)


def set_rule(db: Database, organization: str, rule: Rule) -> None:
    """Set the rule for what is agreed from now on; a record keeps the one that was told for it."""
    with db.write("bridge") as con:
        con.execute(
            "INSERT OR REPLACE INTO retention (organization, law, years) VALUES (?, ?, ?)",
            (organization, rule.law, rule.years),
        )


def kept(db: Database, person: int, organization: str, rule: Rule) -> int:
    """The number of the provider's record of a person, made where there is none, under the rule told last."""
    known = db.reader("bridge").execute(_CURRENT, (person, organization)).fetchone()
    if known is not None and known[1:] == (rule.law, rule.years):
        return int(known[0])
    with db.write("bridge") as con:
        row = con.execute(_CURRENT, (person, organization)).fetchone()
        if row is not None:
            sql = "UPDATE custody SET law = ?, years = ? WHERE record = ?"
            con.execute(sql, (rule.law, rule.years, row[0]))
            return int(row[0])
        number = patients.begin(db, con, patients.Patient.nobody(ZONE, db.clock()))
        con.execute(
            "INSERT INTO custody (record, person, organization, law, years, since) VALUES (?, ?, ?, ?, ?, ?)",
            (number, person, organization, rule.law, rule.years, db.clock()),
        )
        return number


def whose(db: Database, number: int) -> tuple[int, str] | None:
    """About whom that record is and who keeps it, also where it was erased; None where the number is a person's, or
    nobody's."""
    sql = "SELECT person, organization FROM custody WHERE record = ?"
    row = db.reader("bridge").execute(sql, (number,)).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def ever(db: Database, person: int) -> tuple[tuple[int, str], ...]:
    """Number and keeper of each record that a provider keeps of a person or kept: whose ledgers are theirs to see."""
    sql = "SELECT record, organization FROM custody WHERE person = ? ORDER BY record"
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


_CURRENT: Final = (
    "SELECT record, law, years FROM custody WHERE person = ? AND organization = ? AND ended IS NULL"
)


def _read(db: Database, where: str, values: tuple[int, ...]) -> tuple[Record, ...]:
    """In order of their numbers; what was taken away came all the same."""
    sql = (
        "SELECT record, person, organization, law, years, since, (SELECT received FROM artifacts"
        " WHERE artifacts.patient = custody.record ORDER BY artifact DESC LIMIT 1)"
        f" FROM custody WHERE ended IS NULL {where} ORDER BY record"
    )
    return tuple(_record(row) for row in db.reader("bridge").execute(sql, values).fetchall())


def _record(row: Row) -> Record:
    number, person, organization, law, years, since, last = row
    return Record(number, person, organization, Rule(law, years), since, last or since)
