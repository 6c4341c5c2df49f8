"""One person who has something of every stream, kind and mark: what no shipped recording brings yet.

Law: laid in as readings, in the columns that adapters write; from there on it goes the way of any reading. People
and devices are invented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import DAY, HOUR, MINUTE
from bridge.reading import (
    INTERVALS,
    KINDS,
    Device,
    Flag,
    Readings,
    SeriesKey,
    SourceClass,
    Stream,
    Unit,
)
from bridge.store.artifacts import NewArtifact
from bridge.store.blocks import absorb
from bridge.store.db import Database

FAMILY: Final = "dexcom-clarity"
BEGINS: Final = 1_790_000_000_000 - 20 * DAY
PUMP: Final = Device("Tandem", "t:slim X2", "P-1", kind="pump")
SENSOR: Final = Device("Dexcom", "G7", "S-1", kind="sensor")

UNITS: Final[Mapping[Stream, tuple[tuple[Unit, int], ...]]] = {
    Stream.GLUCOSE: ((Unit.MG_DL, 0), (Unit.MMOL_L, 1)),
    Stream.CAPILLARY: ((Unit.MG_DL, 0), (Unit.MMOL_L, 1)),
    Stream.CALIBRATION: ((Unit.MG_DL, 0), (Unit.MMOL_L, 1)),
    Stream.KETONE: ((Unit.MMOL_L, 1),),
    Stream.BOLUS: ((Unit.UNITS, 2),),
    Stream.BASAL: ((Unit.UNITS_PER_HOUR, 3), (Unit.PERCENT, 0), (Unit.UNITS, 2)),
    Stream.CARBS: ((Unit.GRAMS, 0), (Unit.SERVINGS, 1)),
    Stream.ACTIVITY: ((Unit.MINUTES, 0),),
    Stream.NOTE: ((Unit.NONE, 0),),
    Stream.EVENT: ((Unit.NONE, 0), (Unit.MG_DL, 0)),
    Stream.MODE: ((Unit.NONE, 0),),
    Stream.SETTINGS: tuple((unit, 1) for unit in Unit if unit is not Unit.SERVINGS),
}
FLAGS: Final = (
    Flag(0), Flag.LOW, Flag.HIGH | Flag.INCLUSIVE, Flag.UNCERTAIN, Flag.NO_VALUE, Flag.NO_VALUE | Flag.HIGH,
    Flag.AUTOMATED, Flag.INTERRUPTED,
)  # fmt: skip
WORDS: Final = ('Ate late & "ran" <far>', "", "  two\nlines ")


def everything(db: Database, patient: int) -> int:
    """Lay it all in; how many readings there are."""
    return absorbed(db, patient, list(_batches()), b"everything")


def absorbed(db: Database, patient: int, batches: Sequence[Readings], content: bytes) -> int:
    """Lay these in as one file; how many readings there are."""
    new = NewArtifact(
        FAMILY, hashlib.sha256(content).hexdigest(), FAMILY, "0123abcd", "everything.csv", len(content), b"{}",
        content,
    )  # fmt: skip
    absorb(db, patient, new, batches)
    return sum(map(len, batches))


def _batches() -> Iterator[Readings]:
    for stream, units in UNITS.items():
        device = PUMP if stream in (Stream.BOLUS, Stream.BASAL, Stream.MODE, Stream.SETTINGS) else SENSOR
        for place, (unit, scale) in enumerate(units):
            key = SeriesKey(stream, FAMILY, f"{device.serial}/{place}", unit, scale)
            yield Readings(key, _columns(stream, scale, place), device, SourceClass.MAKER)


def _columns(stream: Stream, scale: int, place: int) -> dict[str, NDArray[np.generic]]:
    kinds = [int(each) for each in KINDS[stream]] if stream in KINDS else [0]
    rows = [(kind, flags) for kind in kinds for flags in FLAGS]
    count = len(rows)
    step = HOUR if stream in INTERVALS else 10 * MINUTE
    at = BEGINS + place * 5 * DAY + step * np.arange(count, dtype=np.int64)
    found: dict[str, NDArray[np.generic]] = {
        "instant": at,
        "value": (100 + 7 * np.arange(count)) * 10**scale // 10,
        "flags": np.array([flags for _, flags in rows], np.uint16),
        "kind": np.array([kind for kind, _ in rows], np.uint16),
        "text": np.array([WORDS[n % 3] for n in range(count)], object),
        "row": np.arange(2, count + 2, dtype=np.int32),
    }
    if stream in INTERVALS:
        found["end"] = np.where(np.arange(count) % 3 == 0, 0, at + step)
    if stream in (Stream.BOLUS, Stream.BASAL):
        found["programmed"] = np.where(np.arange(count) % 2 == 0, -1, 9 * 10**scale)
    if stream is Stream.SETTINGS:
        found["minute"] = (np.arange(count) * 30 % 1440).astype(np.int16)
    return found
