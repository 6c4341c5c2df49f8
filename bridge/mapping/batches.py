"""Records with times become Readings: one batch a series over all parts of a source, keyed, sorted.

Law (`data.md`, series): inside a series a reading is known by the device's own counter where there is one,
else by the record id of its source (`keys`). A logger of minutes has neither, but its own clock's stamp serves
as one. So a corrected zone or amount keeps the identity, and what one record says twice stays two readings.
Rejected: the instant as key (a moved clock would make a second reading).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Ints
from bridge.mapping.devices import DevicesNamed
from bridge.mapping.judge import Judged
from bridge.mapping.keys import name_keys, stamp_keys
from bridge.mapping.record import UNITS, Records, is_event, is_said
from bridge.mapping.rule import Rule
from bridge.mapping.stages import Clocked
from bridge.reading import (
    COLUMNS,
    INTERVALS,
    NO_COUNTER,
    Device,
    Readings,
    SeriesKey,
    SourceClass,
    Stream,
)

Columns = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One pass over one part, ready to become batches. `rows` index the sheet, `clocked` lies beside them."""

    judged: Judged
    records: Records
    named: DevicesNamed
    rows: NDArray[np.intp]
    clocked: Clocked


@dataclass(frozen=True, slots=True)
class _Group:
    """The rows of one series: places in the good rows."""

    key: SeriesKey
    device: Device
    source: SourceClass | None
    rows: NDArray[np.intp]


def batches(drawn: Sequence[Drawn], family: str, source: SourceClass) -> tuple[Readings, ...]:
    """One batch for each series, in the order in which the series first occur. `source`: of devices of which
    nothing else is said."""
    found: dict[SeriesKey, list[Columns]] = {}
    made: dict[SeriesKey, _Group] = {}
    for one in drawn:
        counter = _counters(one)
        for group in _groups(one, family):
            found.setdefault(group.key, []).append(_columns(one, group, counter))
            made.setdefault(group.key, group)
    return tuple(
        Readings(key, _finished(key, _joined(lots)), made[key].device, made[key].source or source)
        for key, lots in found.items()
    )


def _counters(one: Drawn) -> Ints:
    """The key of each good row: the device's counter, else the record id's, else NO_COUNTER."""
    judged, rows = one.judged, one.rows
    told = one.clocked.counter
    found = np.full(len(rows), NO_COUNTER, np.int64) if told is None else told.copy()
    for place, rule in judged.rules():
        mine = np.flatnonzero(judged.fate[rows] == place)
        if told is None and rule.counter is not None and rule.counter in judged.sheet.columns:
            amount, ok = judged.sheet.columns[rule.counter].at(rows[mine]).wholes()
            found[mine[ok]] = amount[ok]
        if rule.record is not None:
            left = mine[found[mine] == NO_COUNTER]
            found[left] = name_keys(one.records.name[rows[left]], judged.pass_name)
    return found


def _groups(one: Drawn, family: str) -> Iterator[_Group]:
    """Rows by series, in the order of the rules; rows rejected meanwhile are left out."""
    judged, records, rows, named = one.judged, one.records, one.rows, one.named
    homes: dict[tuple[Stream, str], int] = {}
    home_of = [_home(homes, rule, judged.spec.series) for rule in judged.ruled]
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
        key = SeriesKey(stream, family, name, unit, scale, True)
        yield _Group(key, named.devices[device], named.sources[device], mine)


def _home(homes: dict[tuple[Stream, str], int], rule: Rule, series: str) -> int:
    """The number of the stream and series of a rule; `series`: that of its part."""
    return homes.setdefault((rule.stream, rule.series or series), len(homes)) if rule.stream else 0


def _distinct(codes: Ints) -> list[int]:
    """The distinct codes, found one after the other: they are few."""
    found = []
    while len(codes):
        found.append(int(codes[0]))
        codes = codes[codes != codes[0]]
    return sorted(found)


def _columns(one: Drawn, group: _Group, counter: Ints) -> Columns:
    """The columns of one series in one pass; `wall` and `said` (flags of the record alone) are for its keys."""
    mine, records, clocked = group.rows, one.records, one.clocked
    source, stream = one.rows[mine], group.key.stream
    instant, sheet = clocked.instant[mine], one.judged.sheet
    found: dict[str, NDArray[np.generic]] = {
        "instant": instant,
        "value": records.value[source],
        "flags": records.flags[source] | clocked.flags[mine],
        "counter": counter[mine],
        "row": sheet.line[source] + np.int32(sheet.before),
        "offset": clocked.offset[mine],
        "bound": clocked.bound[mine],
        "witness": clocked.witness[mine],
    }
    if (found["counter"] == NO_COUNTER).any():
        found |= {"wall": one.judged.wall[source], "said": records.flags[source]}
    more: dict[str, NDArray[Any]] = {"trend": records.trend, "kind": records.kind}
    more |= {"rate": records.rate, "text": records.text}
    if is_event(stream):
        more |= {"record": records.name, "programmed": records.programmed, "minute": records.minute}
    found |= {name: values[source] for name, values in more.items() if is_said(values)}
    if stream in INTERVALS and (stream is not Stream.BOLUS or _lasts(records, source)):
        length = np.maximum(records.length[source], 0)
        # a dose given at once has no end, whether or not others beside it have one
        found["end"] = np.where((length > 0) | (stream is not Stream.BOLUS), instant + length, 0)
    return {name: values for name, values in found.items() if name in _ALWAYS or _says(name, values)}


_ALWAYS = frozenset({"instant", "counter", "wall", "said"})


def _lasts(records: Records, source: NDArray[np.intp]) -> bool:
    """Whether any of these takes time."""
    return is_said(records.length) and bool((records.length[source] > 0).any())


def _says(name: str, values: NDArray[np.generic]) -> bool:
    """Whether a column holds anything but its default."""
    return bool((values != COLUMNS[name].default).any())


def _joined(lots: Sequence[Columns]) -> Columns:
    """The columns of a series from all parts that have it."""
    if len(lots) == 1:
        return lots[0]
    names = dict.fromkeys(name for lot in lots for name in lot)
    return {name: np.concatenate([_of(lot, name) for lot in lots]) for name in names}


def _of(lot: Columns, name: str) -> NDArray[np.generic]:
    """A column of one part; where it is not said, its default. The stamps of readings that have another key are
    never looked at."""
    if name in lot:
        return lot[name]
    if name in ("wall", "said"):
        return lot["instant"]
    return np.full(len(lot["instant"]), COLUMNS[name].default, COLUMNS[name].dtype)


def _finished(key: SeriesKey, columns: Columns) -> Columns:
    """The columns with a key for every reading, sorted by time and key, then by their order in the source."""
    keys = np.asarray(columns["counter"], np.int64)
    stamped = keys == NO_COUNTER
    if stamped.any():
        keys = keys.copy()
        keys[stamped] = stamp_keys(columns, np.flatnonzero(stamped))
    kept = {name: values for name, values in columns.items() if name in COLUMNS} | {"counter": keys}
    instant = np.asarray(columns["instant"], np.int64)
    if bool((instant[1:] > instant[:-1]).all()):
        return kept
    if bool((instant[1:] < instant[:-1]).all()):  # many services answer with the newest first
        return {name: values[::-1] for name, values in kept.items()}
    order = np.lexsort((np.arange(len(keys)), keys, instant))
    return {name: values[order] for name, values in kept.items()}
