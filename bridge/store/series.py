"""Series: one stream of one device of one source of one person, numbered inside the person.

Law: the key of a series and its device are sealed under the patient's key; in clear are the numbers and
the longest interval (data.md, series and keys). A series is never renumbered: its number is in ids. Series of
one physical device share the number of the first of them, which names it; that is settled when a series
begins and stays, so an id that was told keeps its meaning.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Final

from bridge.period import Period
from bridge.reading import INTERVALS, Device, SeriesKey, SourceClass, Stream, Unit
from bridge.store.files import Files
from bridge.store.ids import SERIES
from bridge.store.keys import Box, place
from bridge.store.layers import BLOCK

_NEAR: Final = (
    "SELECT series, longest, sealed, EXISTS (SELECT 1 FROM blocks AS b"
    " WHERE b.patient = s.patient AND b.series = s.series AND b.layer = 0"
    f" AND b.block BETWEEN (? - longest) / {BLOCK} - 1 AND (? + longest) / {BLOCK})"
    " FROM series AS s WHERE patient = ? ORDER BY series"
)
SUBMITTED: Final = "cgm-submission"
"""The family of what others submit; its devices are told apart by who does."""
FIRST: Final = 1
"""Number 0 is the patient itself."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series of a patient. `longest` is the longest interval in ms, 0 for points; `first`: number of the
    first series of the same device, 0 where this is the first."""

    number: int
    key: SeriesKey
    device: Device
    source_class: SourceClass
    longest: int
    first: int = 0

    @property
    def thing(self) -> int:
        """The number that names its device."""
        return self.first or self.number


def is_one_device(one: SeriesRow, two: SeriesRow) -> bool:
    """Whether two series are of one physical device, as far as the sources tell: the same serial of the same
    kind and maker, or what one source calls by the same name. What no source names is one only where
    all that is told of it is the same. What others submit is a device of each submitter alone, or a serial that one of
    them guesses would be confirmed by the id that others' readings have."""
    mine, other = one.device, two.device
    if SUBMITTED in (one.key.family, two.key.family):
        return (one.key.family, one.key.device) == (two.key.family, two.key.device)
    if not (_agree(mine.kind, other.kind) and _agree(mine.manufacturer, other.manufacturer)):
        return False
    if mine.serial and other.serial:
        return mine.serial.casefold() == other.serial.casefold()
    if one.key.family != two.key.family or one.key.device != two.key.device:
        return False
    return bool(one.key.device) or mine == other


def _agree(one: str, other: str) -> bool:
    return not one or not other or one.casefold() == other.casefold()


def listed(con: sqlite3.Connection, patient: int, box: Box) -> tuple[SeriesRow, ...]:
    """Every series of the patient, by number."""
    rows = con.execute(
        "SELECT series, longest, sealed FROM series WHERE patient = ? ORDER BY series", (patient,)
    )
    return tuple(_read(box, patient, *row) for row in rows.fetchall())


def near(
    con: sqlite3.Connection, patient: int, box: Box, within: Period, always: Collection[int]
) -> tuple[SeriesRow, ...]:
    """The same without those that have no reading near `within` and are not among `always`: told by block
    numbers, so theirs stay sealed."""
    rows = con.execute(_NEAR, (within.start, within.end, patient)).fetchall()
    return tuple(
        _read(box, patient, number, longest, sealed)
        for number, longest, sealed, is_near in rows
        if is_near or number in always
    )


def put(con: sqlite3.Connection, patient: int, box: Box, row: SeriesRow) -> None:
    """Store a new or changed series."""
    if not FIRST <= row.number < SERIES:
        raise ValueError(f"a patient has at most {SERIES - 1} series")
    key = {name: getattr(row.key, name) for name in _KEY}
    kept = {"key": key, "device": asdict(row.device), "class": row.source_class, "first": row.first}
    plain = json.dumps(kept).encode()
    con.execute(
        "INSERT OR REPLACE INTO series (patient, series, longest, sealed) VALUES (?, ?, ?, ?)",
        (patient, row.number, row.longest, box.seal(plain, place("series", patient, row.number))),
    )


def intervals(db: Files, patient: int) -> frozenset[int]:
    """The numbers of the patient's series of intervals: what holes in a grant cut into parts."""
    found = listed(db.reader("bridge"), patient, db.keys.box(patient))
    return frozenset(row.number for row in found if row.key.stream in INTERVALS)


_STREAMS: Final = {each.value: each for each in Stream}
_UNITS: Final = {each.value: each for each in Unit}
_CLASSES: Final = {each.value: each for each in SourceClass}
_KEY: Final = ("stream", "family", "device", "unit", "scale", "by_counter")


def _read(box: Box, patient: int, number: int, longest: int, sealed: bytes) -> SeriesRow:
    kept = json.loads(box.open(sealed, place("series", patient, number)))
    key = kept["key"]
    return SeriesRow(
        number,
        SeriesKey(
            _STREAMS[key["stream"]],
            key["family"],
            key["device"],
            _UNITS[key["unit"]],
            key["scale"],
            key["by_counter"],
        ),
        Device(**kept["device"]),
        _CLASSES[kept["class"]],
        longest,
        kept.get("first", 0),
    )
