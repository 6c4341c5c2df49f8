"""What reading one file gives back: columns, whom it names, and a truthful account of every row.

Law (`mapping.md`, field accounting): every data row of a source ends as exactly one of read into a stream,
ignored by a named rule, or rejected with a reason, so `rows == rows_read + ignored + rejected`; every field
is read, ignored by name, or counted as unknown. A second copy of a row counts as read: the store finds it.
One record may give several readings (insulin and carbs): `read` counts readings, `further` those beyond one.
What a file says about a person is compared with the patient by ingest and then dropped (`safety.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bridge.reading import Device, Readings, Stream


class Unreadable(Exception):
    """A source that cannot be read. Its text is one sentence: what was seen, where, and the mend."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a file names: '' and None where it does not. An identifier's system is '' where unknown."""

    name: str = ""
    birth_date: date | None = None
    identifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row (1 = the file's first line), or record (1 = the first) of `part`, that could not be read, and why."""

    row: int
    reason: str
    part: str = ""

    @property
    def where(self) -> str:
        """Its place, for a sentence."""
        return f"record {self.row} of {self.part}" if self.part else f"row {self.row}"


@dataclass(frozen=True, slots=True)
class Account:
    """Where every data row and every field of a source went."""

    rows: int
    read: Mapping[Stream, int] = field(default_factory=dict)  # readings by stream
    further: int = 0  # readings beyond the first of their record
    ignored: Mapping[str, int] = field(default_factory=dict)  # rule name -> rows
    rejected: tuple[Rejected, ...] = ()
    fields_ignored: tuple[str, ...] = ()
    fields_unknown: tuple[str, ...] = ()
    unknown_in: Mapping[str, int] = field(default_factory=dict)  # unknown field of a document -> records
    warnings: tuple[str, ...] = ()

    @property
    def rows_read(self) -> int:
        """Rows of which at least one reading came."""
        return sum(self.read.values()) - self.further


@dataclass(frozen=True, slots=True)
class Decoded:
    """A source as readings. Batches are sorted and may name one series twice only over distinct columns."""

    format: str
    revision: str  # of the mapping's read half
    readings: tuple[Readings, ...]
    person: Person | None
    devices: tuple[Device, ...]
    account: Account

    @property
    def rows(self) -> int:
        """Data rows seen."""
        return self.account.rows
