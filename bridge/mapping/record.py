"""What a row says beside its time and amount: kind, text, length, rate, and which device.

Law: columns of the whole sheet, filled rule by rule; a cell that cannot be read rejects its row only where
the reading would be wrong without it (a length), not where it would be poorer (a rate).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.amounts import Amounts, amounts, unit_of
from bridge.mapping.cells import Ints
from bridge.mapping.fates import Vocabulary
from bridge.mapping.judge import Judged
from bridge.mapping.language import FLAG_NAMES, Limit, Rule, TableSpec, ValueSpec
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Procedures
from bridge.period import MINUTE
from bridge.reading import KINDS, Device, Unit

UNITS = tuple(Unit)


@dataclass(frozen=True, slots=True)
class Records:
    """Columns over all rows of a sheet. `length` in ms, -1 unknown; `unit` indexes UNITS."""

    value: Ints
    scale: NDArray[np.int8]
    unit: NDArray[np.int8]
    flags: NDArray[np.uint16]
    kind: NDArray[np.uint16]
    rate: NDArray[np.int16]
    length: Ints
    text: NDArray[np.object_]

    @classmethod
    def empty(cls, n: int) -> Records:
        """Nothing said yet."""
        return cls(
            np.zeros(n, np.int64),
            np.zeros(n, np.int8),
            np.full(n, UNITS.index(Unit.NONE), np.int8),
            np.zeros(n, np.uint16),
            np.zeros(n, np.uint16),
            np.zeros(n, np.int16),
            np.full(n, -1, np.int64),
            np.full(n, "", np.object_),
        )

    def put(self, rows: NDArray[np.intp], found: Amounts) -> None:
        """Take the amounts of some rows."""
        self.value[rows], self.scale[rows] = found.value, found.scale
        self.unit[rows] = UNITS.index(found.unit)
        self.flags[rows] |= found.flags


def record(judged: Judged, procedures: Procedures) -> Records:
    """What every row says; rows that say nothing usable are rejected."""
    records = Records.empty(len(judged.sheet))
    for place, rule in judged.rules():
        rows = judged.of(place)
        if rule.stream is None or not len(rows):
            continue
        if rule.value is not None:
            limit = _limit(judged, rule.value, procedures)
            records.put(rows, amounts(judged.words, rule.value, limit, rows, judged.reasons))
        else:
            unit, scale = _of_its_like(judged.spec, rule)
            records.unit[rows], records.scale[rows] = UNITS.index(unit), scale
        _extras(judged, rule, rows, records)
    return records


def _limit(judged: Judged, value: ValueSpec, procedures: Procedures) -> Limit:
    unit = unit_of(judged.words, value)
    limit = value.limits.get(unit, Limit())
    if value.adjust is None:
        return limit
    return procedures.limits[value.adjust](judged.sheet, judged.mask, value.field, unit, limit)


def _of_its_like(spec: TableSpec, rule: Rule) -> tuple[Unit, int]:
    """Unit and decimals of a logged thing without an amount: those of the stream's first rule that has one,
    so that it lies in the series of its like."""
    for other in spec.rules:
        if other.stream is rule.stream and other.value is not None and other.value.unit != "header":
            return other.value.unit, other.value.decimals[other.value.unit]
    return Unit.NONE, 0


def _extras(judged: Judged, rule: Rule, rows: NDArray[np.intp], records: Records) -> None:
    """Kind, flags, text, length and rate of the rows of one rule."""
    for name in rule.flags:
        records.flags[rows] |= np.uint16(FLAG_NAMES[name])
    _kinds(judged.words, rule, rows, records)
    for name in reversed(rule.text):
        column = judged.sheet.column(name).at(rows)
        said = np.flatnonzero(column.filled)
        records.text[rows[said]] = column.at(said).texts()
    if rule.duration:
        _lengths(judged, rule.duration, rows, records)
    if rule.rate and rule.rate in judged.sheet.columns:
        _rates(judged.words, rule.rate, rows, records)


def _kinds(words: Vocabulary, rule: Rule, rows: NDArray[np.intp], records: Records) -> None:
    table = KINDS.get(rule.stream) if rule.stream else None
    if table is None:
        return
    spec = rule.kind
    if isinstance(spec, str):
        records.kind[rows] = table[spec.upper()]
        return
    records.kind[rows] = table[spec.otherwise.upper()]
    for name, said in spec.words.items():
        records.kind[rows[words.holds(spec.field, said)[rows]]] = table[name.upper()]


def _lengths(judged: Judged, field: str, rows: NDArray[np.intp], records: Records) -> None:
    """h:mm:ss or h:mm, as ms; the amount is the length in minutes, NO_VALUE where none is told."""
    column = judged.sheet.column(field)
    found = [_length(text) for text in column.at(rows).texts()]
    for row, length in zip(rows.tolist(), found, strict=True):
        if length is None:
            judged.reasons.add(np.array([row]), [f"{column.text(row)!r} is no length of time as h:mm:ss"])
        elif length < 0:
            records.flags[row] |= np.uint16(FLAG_NAMES["NO_VALUE"])
            records.length[row] = 0
        else:
            records.length[row] = length
            records.value[row], records.scale[row] = _minutes(length)
        records.unit[row] = UNITS.index(Unit.MINUTES)


def _length(text: str) -> int | None:
    if not text:
        return -1
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isdigit() and len(part) < 5 for part in parts):
        return None
    hours, minutes, seconds = (int(part) for part in (*parts, "0")[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _minutes(length: int) -> tuple[int, int]:
    """Minutes as (amount, decimals): whole where they are, else to the hundredth."""
    whole, rest = divmod(length, MINUTE)
    return (whole, 0) if not rest else (round(length * 100 / MINUTE), 2)


def _rates(words: Vocabulary, field: str, rows: NDArray[np.intp], records: Records) -> None:
    column = words.sheet.column(field).at(rows)
    numbers = column.numbers()
    tenths = np.rint(numbers.amount * 10.0 / 10.0**numbers.decimals)
    fits = numbers.ok & (np.abs(tenths) < 2**15)
    records.rate[rows[fits]] = tenths[fits].astype(np.int16)


@dataclass(frozen=True, slots=True)
class DevicesNamed:
    """The devices of a sheet: `code` int32[n] indexes `keys` and `devices`."""

    code: NDArray[np.int32]
    keys: tuple[str, ...]
    devices: tuple[Device, ...]

    def group(self, fate: NDArray[np.int16], rows: NDArray[np.intp]) -> NDArray[np.int32]:
        """A number per (rule, device) for some rows: series whose rows keep their own order."""
        return fate[rows].astype(np.int32) * max(len(self.keys), 1) + self.code[rows]


def devices(judged: Judged, procedures: Procedures) -> DevicesNamed:
    """Who made each row."""
    sheet, spec = judged.sheet, judged.spec
    if spec.device is None:
        return DevicesNamed(np.zeros(len(sheet), np.int32), ("",), (Device(),))
    serials = judged.words.words(spec.device.serial)
    name = procedures.device[spec.device.procedure] if spec.device.procedure else _as_written
    keys: dict[str, int] = {}
    found: list[Device] = []
    places = []
    for code, serial in enumerate(serials.texts):
        last = int(np.flatnonzero(serials.codes == code)[-1])
        model = sheet.column(spec.device.model).text(last) if spec.device.model else ""
        key, device = name(sheet, spec.device.manufacturer, serial, model)
        places.append(keys.setdefault(key, len(keys)))
        if places[-1] == len(found):
            found.append(device)
    codes = np.array(places or [0], np.int32)[serials.codes]
    return DevicesNamed(codes, tuple(keys), tuple(found))


def _as_written(sheet: Sheet, manufacturer: str, serial: str, model: str) -> tuple[str, Device]:
    return serial.casefold(), Device(manufacturer, model, serial)
