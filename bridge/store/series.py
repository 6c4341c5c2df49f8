"""Series: one stream of one device of one source of one person, numbered inside the person.

Law: the key of a series and its device are sealed under the patient's key; in clear are the numbers and
the longest interval (data.md, series and keys). A series is never renumbered: its number is in ids.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Final

from bridge.reading import Device, SeriesKey, SourceClass, Stream, Unit
from bridge.store.ids import SERIES
from bridge.store.keys import Box, place

FIRST: Final = 1
"""Number 0 is the patient itself."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series of a patient. `longest` is the longest interval in ms, 0 for points."""

    number: int
    key: SeriesKey
    device: Device
    source_class: SourceClass
    longest: int


def listed(con: sqlite3.Connection, patient: int, box: Box) -> tuple[SeriesRow, ...]:
    """Every series of the patient, by number."""
    rows = con.execute(
        "SELECT series, longest, sealed FROM series WHERE patient = ? ORDER BY series", (patient,)
    )
    return tuple(_read(box, patient, *row) for row in rows.fetchall())


def put(con: sqlite3.Connection, patient: int, box: Box, row: SeriesRow) -> None:
    """Store a new or changed series."""
    if not FIRST <= row.number < SERIES:
        raise ValueError(f"a patient has at most {SERIES - 1} series")
    key = {name: getattr(row.key, name) for name in _KEY}
    plain = json.dumps({"key": key, "device": asdict(row.device), "class": row.source_class}).encode()
    con.execute(
        "INSERT OR REPLACE INTO series (patient, series, longest, sealed) VALUES (?, ?, ?, ?)",
        (patient, row.number, row.longest, box.seal(plain, place("series", patient, row.number))),
    )


_KEY: Final = ("stream", "family", "device", "unit", "scale", "by_counter")


def _read(box: Box, patient: int, number: int, longest: int, sealed: bytes) -> SeriesRow:
    kept = json.loads(box.open(sealed, place("series", patient, number)))
    key = kept["key"]
    return SeriesRow(
        number,
        SeriesKey(
            Stream(key["stream"]),
            key["family"],
            key["device"],
            Unit(key["unit"]),
            key["scale"],
            key["by_counter"],
        ),
        Device(**kept["device"]),
        SourceClass(kept["class"]),
        longest,
    )
