"""Small parts that the tests of the store share: a clock that ticks, artifacts and batches of few words."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from bridge.period import ALL, PeriodSet
from bridge.reading import COLUMNS, Device, Readings, SeriesKey, SourceClass, Stream, Unit, column, take
from bridge.store import readings
from bridge.store.artifacts import NewArtifact
from bridge.store.columns import Table, joined, names
from bridge.store.db import Database

MASTER = b"m" * 32
START = 1_760_000_000_000
STEP = 300_000

COUNTED = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "8GAAAA", Unit.MG_DL, 0, by_counter=True)
TIMED = SeriesKey(Stream.GLUCOSE, "libreview", "meter", Unit.MG_DL, 0)
SEGMENTS = SeriesKey(Stream.BASAL, "pump", "p1", Unit.UNITS_PER_HOUR, 2)
DEVICE = Device("Dexcom", "G6", "8GAAAA", kind="transmitter")


class Clock:
    """Milliseconds that go on by one whenever they are asked for."""

    def __init__(self, now: int = 1_790_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


def opened(home: Path) -> Database:
    return Database.open(home, MASTER, Clock())


def upload(content: bytes, **other: str) -> NewArtifact:
    return NewArtifact(
        source=other.get("source", "dexcom-clarity"),
        sha256=hashlib.sha256(content).hexdigest(),
        format=other.get("format", "dexcom-clarity"),
        revision=other.get("revision", "0123abcd"),
        file=other.get("file", "export.csv"),
        size=len(content),
        account=b'{"rows": 1}',
        original=content,
    )


def batch(key: SeriesKey, rows: Iterable[Mapping[str, object]], device: Device = DEVICE) -> Readings:
    """Readings of rows, each a dict of columns, put in order of (instant, counter)."""
    told = sorted(rows, key=lambda row: (row["instant"], row.get("counter", -1)))
    names_ = {name for row in told for name in row} | {"instant"}
    columns = {
        name: np.array([row.get(name, COLUMNS[name].default) for row in told], COLUMNS[name].dtype)
        for name in names_
    }
    return Readings(key, columns, device, SourceClass.MAKER)


def ticks(first: int, values: Iterable[int], shift: int = 0) -> list[dict[str, object]]:
    """Rows of a counted series: one each five minutes from tick `first` on."""
    return [
        {
            "instant": START + (first + i) * STEP + shift,
            "counter": (first + i) * 300,
            "value": v,
            "row": i + 2,
        }
        for i, v in enumerate(values)
    ]


def everything(db: Database, patient: int, number: int = 1) -> Table:
    """All readings of one series as they stand."""
    return joined(selected(db, patient, number, ALL))


def selected(
    db: Database,
    patient: int,
    number: int,
    periods: PeriodSet,
    descending: bool = False,
    columns: Collection[str] | None = None,
) -> list[Table]:
    """What a selection reads, a table a block, what is missing filled with defaults; every row lies where its
    chunk said."""
    box, found = db.keys.box(patient), list[Table]()
    longest = {each.number: each.longest for each in readings.series(db, patient, box)}.get(number, 0)
    for chunk in readings.select(db, patient, box, number, longest, periods, descending, columns):
        read = chunk.read()
        table = read | {name: column(read, name) for name in readings.STORED}
        assert all(chunk.low <= instant < chunk.high for instant in table["instant"].tolist())
        if len(table["instant"]):
            found.append(take(table, slice(None, None, -1)) if descending else table)
    return found


def said(table: Table, *columns: str) -> list[tuple[object, ...]]:
    """Rows as tuples."""
    return list(zip(*(column(table, name).tolist() for name in columns), strict=True))


def named(table: Table) -> list[int]:
    """Packed names of the rows."""
    return [int(name) for name in names(table)]
