"""What a row says beside its time: amount, kind, flags, text, arrow, and what it is called at its source.

Law: columns of the whole sheet, filled rule by rule; a cell that cannot be read rejects its row only where
the reading would be wrong without it (a length), not where it would be poorer (a rate). What the source took
back is kept as retracted, with whatever it still says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.amounts import Amounts, amounts, units_of
from bridge.mapping.cells import Ints, scaled
from bridge.mapping.fates import Vocabulary
from bridge.mapping.judge import Judged
from bridge.mapping.lengths import ends, lengths, minutes
from bridge.mapping.rule import FLAG_NAMES, TREND_NAMES, Limit, Rule, TrendSpec, ValueSpec
from bridge.mapping.stages import Procedures
from bridge.mapping.wanted import span
from bridge.period import MINUTE
from bridge.reading import KINDS, NONE_PROGRAMMED, Flag, Stream, Trend, Unit

UNITS = tuple(Unit)


@dataclass(frozen=True, slots=True)
class Records:
    """Columns over all rows of a sheet. `length` in ms, -1 unknown; `unit` indexes UNITS; `name`: the source's
    record id."""

    value: Ints
    scale: NDArray[np.int8]
    unit: NDArray[np.int8]
    flags: NDArray[np.uint16]
    kind: NDArray[np.uint16]
    rate: NDArray[np.int16]
    trend: NDArray[np.uint8]
    length: Ints
    programmed: Ints
    minute: NDArray[np.int16]
    text: NDArray[np.object_]
    name: NDArray[np.object_]

    @classmethod
    def empty(cls, n: int, rules: Iterable[Rule]) -> Records:
        """Nothing said yet. A column that none of the rules can write has no memory behind it (`is_said`)."""
        rules = tuple(rules)
        wanted = {
            "kind": any(rule.stream in KINDS for rule in rules),
            "rate": any(rule.rate for rule in rules),
            "trend": any(rule.trend for rule in rules),
            "length": any(rule.duration or rule.end for rule in rules),
            "programmed": any(rule.programmed for rule in rules),
            "minute": any(rule.minute for rule in rules),
            "text": any(rule.text for rule in rules),
            "name": any(rule.record for rule in rules),
        }
        return cls(
            value=np.zeros(n, np.int64),
            scale=np.zeros(n, np.int8),
            unit=np.full(n, UNITS.index(Unit.NONE), np.int8),
            flags=np.zeros(n, np.uint16),
            kind=_column(n, np.uint16(0), wanted["kind"]),
            rate=_column(n, np.int16(0), wanted["rate"]),
            trend=_column(n, np.uint8(0), wanted["trend"]),
            length=_column(n, np.int64(-1), wanted["length"]),
            programmed=_column(n, np.int64(NONE_PROGRAMMED), wanted["programmed"]),
            minute=_column(n, np.int16(0), wanted["minute"]),
            text=_column(n, "", wanted["text"]),
            name=_column(n, "", wanted["name"]),
        )

    def put(self, rows: NDArray[np.intp], found: Amounts) -> None:
        """Take the amounts of some rows."""
        self.value[rows], self.scale[rows] = found.value, found.scale
        self.unit[rows] = UNITS.index(found.unit)
        self.flags[rows] |= found.flags


def _column(n: int, default: Any, wanted: bool) -> NDArray[Any]:
    dtype = np.asarray(default, None if isinstance(default, np.generic) else np.object_).dtype
    return np.full(n, default, dtype) if wanted else np.broadcast_to(np.array(default, dtype), (n,))


def is_said(column: NDArray[Any]) -> bool:
    """Whether a column of records can hold anything but its default."""
    return column.strides != (0,)


def record(judged: Judged, procedures: Procedures) -> Records:
    """What every row says; rows that say nothing usable are rejected."""
    records = Records.empty(len(judged.sheet), judged.ruled)
    for place, rule in judged.rules():
        rows = judged.of(place)
        if rule.stream is None or not len(rows):
            continue
        _flags(judged.words, rule, rows, records)
        if rule.value is not None:
            _amounts(judged, rule.value, rows, records, procedures)
        else:
            unit, scale = _of_its_like(judged, rule)
            records.unit[rows], records.scale[rows] = UNITS.index(unit), scale
        _extras(judged, rule, rows, records)
        if rule.programmed:
            _programmed(judged, rule, rows, records, procedures)
    return records


def _amounts(
    judged: Judged, value: ValueSpec, rows: NDArray[np.intp], records: Records, procedures: Procedures
) -> None:
    number = procedures.amount[value.procedure] if value.procedure else None
    for unit, mine in units_of(judged.words, value, rows, judged.reasons):
        limit = value.limits.get(unit, Limit())
        if value.adjust is not None:
            adjust = procedures.limits[value.adjust]
            limit = adjust(judged.sheet, judged.dated.mask, value.field, unit, limit)
        excused = (records.flags[mine] & Flag.RETRACTED) > 0
        records.put(mine, amounts(judged.words, value, unit, limit, mine, judged.reasons, number, excused))


def _of_its_like(judged: Judged, rule: Rule) -> tuple[Unit, int]:
    """Unit and decimals of a logged thing without an amount: those of the stream's first rule that has one,
    so that it lies in the series of its like."""
    if rule.duration is not None and rule.stream is Stream.ACTIVITY:
        return Unit.MINUTES, 0
    for other in (each for one in judged.spec.passes for each in one.rules):
        unit = other.value.unit if other.value is not None else "header"
        if other.stream is rule.stream and other.value is not None and isinstance(unit, Unit):
            return unit, other.value.decimals[unit]
    return Unit.NONE, 0


def _flags(words: Vocabulary, rule: Rule, rows: NDArray[np.intp], records: Records) -> None:
    for name in rule.flags:
        records.flags[rows] |= np.uint16(FLAG_NAMES[name])
    for name, options in rule.marked.items():
        for option in options:
            records.flags[rows[words.fits(option)[rows]]] |= np.uint16(FLAG_NAMES[name])


def _extras(judged: Judged, rule: Rule, rows: NDArray[np.intp], records: Records) -> None:
    """Kind, text, name, length, arrow and more of the rows of one rule."""
    _kinds(judged.words, rule, rows, records)
    for name in reversed(rule.text):
        _texts(judged, name, rows, records.text)
    if rule.record:
        _texts(judged, rule.record, _unnumbered(judged, rule, rows), records.name)
    if rule.length is not None:
        _lengths(judged, rule, rows, records)
    if rule.end:
        records.length[rows] = ends(judged, rule.end, rows)
    if rule.rate and rule.rate in judged.sheet.columns:
        _rates(judged.words, rule.rate, rows, records)
    if rule.trend is not None:
        _trends(judged.words, rule.trend, rows, records)
    if rule.minutes is not None:
        found = minutes(judged.sheet.column(rule.minutes.field).at(rows), rule.minutes.unit)
        lost = rows[found < 0]
        why = f"what is in {judged.sheet.told(rule.minutes.field)} is no minute of a day"
        judged.reasons.add(lost, [why] * len(lost))
        records.minute[rows] = np.maximum(found, 0)


def _unnumbered(judged: Judged, rule: Rule, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rows whose record id is wanted: all of an event stream, else those without a counter."""
    if rule.stream is None or is_event(rule.stream) or rule.counter is None:
        return rows
    _, told = judged.sheet.column(rule.counter).at(rows).wholes()
    return rows[~told]


def _texts(judged: Judged, name: str, rows: NDArray[np.intp], into: NDArray[np.object_]) -> None:
    column = judged.sheet.column(name).at(rows)
    said = np.flatnonzero(column.filled)
    into[rows[said]] = column.at(said).texts()


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


def _lengths(judged: Judged, rule: Rule, rows: NDArray[np.intp], records: Records) -> None:
    """The length as ms. Of an activity or mode without an amount of its own it is the amount, in whole minutes
    (decimals would make another series of what was ended early), NO_VALUE where none is told."""
    spec = rule.length
    if spec is None:
        return
    found, ok = lengths(judged.sheet.column(spec.field).at(rows), spec)
    lost = rows[~ok]
    why = f"what is in {judged.sheet.told(spec.field)} is no length of time as {spec.unit}"
    judged.reasons.add(lost, [why] * len(lost))
    records.length[rows] = np.maximum(found, 0)
    if rule.value is not None or rule.stream not in (Stream.ACTIVITY, Stream.MODE):
        return
    records.unit[rows] = UNITS.index(Unit.MINUTES)
    records.flags[rows[found < 0]] |= np.uint16(Flag.NO_VALUE)
    records.value[rows] = np.where(found < 0, 0, np.rint(found / MINUTE).astype(np.int64))


def _rates(words: Vocabulary, field: str, rows: NDArray[np.intp], records: Records) -> None:
    numbers = words.sheet.column(field).at(rows).numbers()
    tenths = np.rint(numbers.amount * 10.0 / 10.0**numbers.decimals)
    fits = numbers.ok & (np.abs(tenths) < 2**15)
    records.rate[rows[fits]] = tenths[fits].astype(np.int16)


def _trends(words: Vocabulary, spec: TrendSpec, rows: NDArray[np.intp], records: Records) -> None:
    pairs = [(word, TREND_NAMES[name]) for name, said in spec.words.items() for word in said]
    arrows = {word.casefold(): arrow for word, arrow in pairs}
    found = words.words(spec.field)
    code = np.array(
        [arrows.get(text.casefold(), Trend.NONE) for text in found.texts] or [Trend.NONE], np.uint8
    )
    records.trend[rows] = code[found.codes[rows]]
    for word, arrow in pairs:
        if span(word) is not None:
            records.trend[rows[words.holds(spec.field, (word,))[rows]]] = arrow


def _programmed(
    judged: Judged, rule: Rule, rows: NDArray[np.intp], records: Records, procedures: Procedures
) -> None:
    """The amount that was programmed, read as the row's own amount is, with as many decimals; finer ones are
    rounded."""
    column, value = judged.sheet.column(rule.programmed or "").at(rows), rule.value
    if value is not None and value.procedure:
        numbers = procedures.amount[value.procedure](column, max(value.decimals.values()))
    else:
        numbers = column.numbers()
    mine = records.scale[rows]
    for scale in np.flatnonzero(np.bincount(mine, minlength=1)).tolist():
        here = np.flatnonzero((mine == scale) & numbers.ok & (numbers.amount >= 0))
        amount, places = scaled(numbers.at(here), scale)
        records.programmed[rows[here]] = np.rint(amount / 10.0 ** (places - scale)).astype(np.int64)


def is_event(stream: Stream) -> bool:
    """Streams whose readings keep the record id of their source (`data.md`, columns)."""
    return stream is not Stream.GLUCOSE
