"""Records with times become Readings: one batch a series, keyed, sorted.

Law (`data.md`, series): inside a series a reading is known by the device's own counter where there is one.
A minute logger has none, but its own clock's stamp serves as one: wall time, kind, and an ordinal among
different entries of one stamp. So a corrected zone moves the instant and keeps the identity, both passes of
a repeated hour stay two readings, and two doses of one minute stay two. Equal entries of one stamp are copies.
Rejected: the instant as key (each of these three would lose a reading or make a second one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Ints
from bridge.mapping.judge import Judged
from bridge.mapping.record import UNITS, DevicesNamed, Records
from bridge.mapping.stages import Clocked
from bridge.period import BEGINNING
from bridge.reading import (
    COLUMNS,
    INTERVALS,
    NO_COUNTER,
    Flag,
    Readings,
    SeriesKey,
    SourceClass,
    Stream,
)

ORDINAL: Final = 36
KIND: Final = 40
MOST_OF_A_STAMP: Final = (1 << (KIND - ORDINAL)) - 1


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one series: places in the good rows."""

    key: SeriesKey
    device: int
    rows: NDArray[np.intp]


def batches(
    judged: Judged,
    family: str,
    source: SourceClass,
    records: Records,
    named: DevicesNamed,
    rows: NDArray[np.intp],
    clocked: Clocked,
) -> tuple[Readings, ...]:
    """One batch for each series; `rows` index the sheet, `clocked` lies beside them."""
    counter = _counters(judged, rows) if clocked.counter is None else clocked.counter
    found = []
    for group in _groups(judged, family, records, named, rows):
        columns = _columns(judged, group, records, rows, clocked, counter)
        found.append(Readings(group.key, columns, named.devices[group.device], source))
    return tuple(found)


def _counters(judged: Judged, rows: NDArray[np.intp]) -> Ints:
    """The device's counter of each good row, NO_COUNTER where there is none."""
    found = np.full(len(rows), NO_COUNTER, np.int64)
    for place, rule in judged.rules():
        if rule.counter is None or rule.counter not in judged.sheet.columns:
            continue
        mine = np.flatnonzero(judged.fate[rows] == place)
        amount, told = judged.sheet.columns[rule.counter].at(rows[mine]).wholes()
        found[mine[told]] = amount[told]
    return found


def _groups(
    judged: Judged, family: str, records: Records, named: DevicesNamed, rows: NDArray[np.intp]
) -> Iterator[_Group]:
    """Rows by series, in the order of the rules; rows rejected meanwhile are left out."""
    rules = judged.spec.rules
    homes: dict[tuple[Stream, str], int] = {}
    home_of = [homes.setdefault((r.stream, r.series), len(homes)) if r.stream else 0 for r in rules]
    home = np.array([*home_of, 0])[judged.fate[rows]]
    code = (home * (len(named.keys) + 1) + named.code[rows]) * len(UNITS) + records.unit[rows]
    code = code * 32 + records.scale[rows]
    places = np.flatnonzero(~judged.reasons.mask(len(judged.sheet))[rows])
    for value in _distinct(code[places]):
        mine = places[code[places] == value]
        first = int(mine[0])
        (stream, series), device = list(homes)[home[first]], int(named.code[rows[first]])
        name = f"{named.keys[device]}/{series}" if series else named.keys[device]
        unit = UNITS[records.unit[rows[first]]]
        scale = int(records.scale[rows[first]])
        yield _Group(SeriesKey(stream, family, name, unit, scale, True), device, mine)


def _distinct(codes: Ints) -> list[int]:
    """The distinct codes, found one after the other: they are few."""
    found = []
    while len(codes):
        found.append(int(codes[0]))
        codes = codes[codes != codes[0]]
    return sorted(found)


def _columns(
    judged: Judged,
    group: _Group,
    records: Records,
    rows: NDArray[np.intp],
    clocked: Clocked,
    counter: Ints,
) -> Mapping[str, NDArray[np.generic]]:
    mine, source = group.rows, rows[group.rows]
    instant = clocked.instant[mine]
    keys = counter[mine]
    stamped = keys == NO_COUNTER
    if stamped.any():
        keys[stamped] = stamp_keys(judged.wall[source[stamped]], records, source[stamped])
    found: dict[str, NDArray[np.generic]] = {
        "instant": instant,
        "value": records.value[source],
        "flags": records.flags[source] | clocked.flags[mine],
        "counter": keys,
        "row": judged.sheet.line[source],
        "offset": clocked.offset[mine],
        "bound": clocked.bound[mine],
        "witness": clocked.witness[mine],
        "kind": records.kind[source],
        "rate": records.rate[source],
        "text": records.text[source],
    }
    if group.key.stream in INTERVALS and (group.key.stream is not Stream.BOLUS or _lasts(records, source)):
        found["end"] = instant + np.maximum(records.length[source], 0)
    kept = {name: values for name, values in found.items() if name == "instant" or _says(name, values)}
    rising = bool((instant[1:] > instant[:-1]).all())
    if rising:
        return kept
    order = np.lexsort((source, keys, instant))
    return {name: values[order] for name, values in kept.items()}


def _lasts(records: Records, source: NDArray[np.intp]) -> bool:
    """Whether any of these takes time."""
    return bool((records.length[source] > 0).any())


def _says(name: str, values: NDArray[np.generic]) -> bool:
    """Whether a column holds anything but its default."""
    return bool((values != COLUMNS[name].default).any())


def stamp_keys(wall: Ints, records: Records, source: NDArray[np.intp]) -> Ints:
    """Keys of readings that only a stamp identifies: seconds of the wall clock in the low 36 bits (so that
    neighbours differ by little at rest), above them ordinal, kind, and whether there was an amount."""
    seconds = (wall - BEGINNING) // 1000
    no_amount = (records.flags[source] & Flag.NO_VALUE) > 0
    kind = records.kind[source].astype(np.int64) * 2 + no_amount
    keys = (kind << KIND) | seconds
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    seen: dict[int, dict[tuple[int, int, str], int]] = {}
    for place in sorted({*same.tolist(), *(same + 1).tolist()}):
        at = int(order[place])
        row = source[at]
        entries = seen.setdefault(int(keys[at]), {})
        entry = (int(records.value[row]), int(records.flags[row]), str(records.text[row]))
        ordinal = entries.setdefault(entry, len(entries))
        keys[at] |= min(ordinal, MOST_OF_A_STAMP) << ORDINAL
    return keys
