"""Cells as amounts: numbers, words for out of range, limits, plausibility.

Law (`safety.md`, LOW and HIGH): out of range rests as a mark beside the limit, never as a bare number: LOW
and HIGH where the source says a word or writes beyond its range, with INCLUSIVE where it writes its floor
or ceiling itself. A number that no such device reports is rejected: it is a wrong unit or a moved column.
Amounts are integers with the vendor's decimals; finer ones keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import WIDEST, Column, Ints, Mask, Numbers, scaled
from bridge.mapping.fates import Reasons, Vocabulary
from bridge.mapping.ranges import compared, said
from bridge.mapping.rule import Limit, UnitSpec, ValueSpec
from bridge.mapping.stages import Amount
from bridge.reading import Flag, Unit


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts of some rows: `value` / 10**`scale` in `unit`, with flags."""

    unit: Unit
    value: Ints
    scale: NDArray[np.int8]
    flags: NDArray[np.uint16]


def units_of(
    vocabulary: Vocabulary, spec: ValueSpec, rows: NDArray[np.intp], reasons: Reasons
) -> Iterator[tuple[Unit, NDArray[np.intp]]]:
    """The rows of each unit; rows whose unit is not known go to `reasons`. Unreadable where a column's
    heading names none."""
    if not isinstance(spec.unit, UnitSpec):
        yield (_of_heading(vocabulary, spec.field) if spec.unit == "header" else spec.unit), rows
        return
    left = np.zeros(len(vocabulary.sheet), np.bool_)
    left[rows] = True
    for unit, words in spec.unit.words.items():
        mine = left & vocabulary.holds(spec.unit.field, words)
        left &= ~mine
        if mine.any():
            yield unit, np.flatnonzero(mine)
    rest = np.flatnonzero(left)
    if spec.unit.otherwise is not None and len(rest):
        yield spec.unit.otherwise, rest
    elif len(rest):
        why = f"what is in {vocabulary.sheet.told(spec.unit.field)} is no unit that is known here"
        reasons.add(rest, [why] * len(rest))


def _of_heading(vocabulary: Vocabulary, name: str) -> Unit:
    unit = vocabulary.sheet.unit(name)
    if unit is None:
        heading = vocabulary.sheet.headings.get(name, name)
        raise Unreadable(f"column {heading!r} names no unit (mg/dL or mmol/L), so its numbers mean nothing")
    return unit


def amounts(
    vocabulary: Vocabulary,
    spec: ValueSpec,
    unit: Unit,
    limit: Limit,
    rows: NDArray[np.intp],
    reasons: Reasons,
    number: Amount | None = None,
    excused: Mask | None = None,
) -> Amounts:
    """The amounts of `rows` (indices into the sheet) in `unit`; rows that have none go to `reasons`.
    `number`: the procedure that makes numbers of cells; `excused` (bool per row): may lack an amount."""
    column = vocabulary.sheet.column(spec.field).at(rows)
    decimals = spec.decimals[unit]
    numbers = column.numbers() if number is None else number(column, decimals)
    low, high = _out_of_range(vocabulary, spec, rows, column, numbers)
    none = said(column, numbers, spec.none) & ~(low | high)
    none |= np.zeros(len(rows), np.bool_) if excused is None else excused & ~(numbers.ok | low | high)
    told = low | high | none
    value, scale = scaled(numbers, decimals)
    ok = (numbers.ok | told) & ~(said(column, numbers, spec.reject) & ~told)
    _reject(vocabulary, spec, unit, rows, ok, value, scale, ~told, reasons)
    flags = np.where(low, Flag.LOW, np.where(high, Flag.HIGH, 0)).astype(np.uint16)
    if none.any():
        flags[none] = Flag.NO_VALUE
        value, scale = np.where(none, 0, value), np.where(none, decimals, scale).astype(np.int8)
    for mark, end, sign in ((Flag.LOW, limit.low, -1), (Flag.HIGH, limit.high, 1)):
        if end is None:
            beyond = (flags & mark) > 0
            value, scale = np.where(beyond, 0, value), np.where(beyond, decimals, scale).astype(np.int8)
            flags[beyond] |= np.uint16(Flag.NO_VALUE)
            continue
        side = compared(value, scale, end)
        over = (side == sign) | (side == 0) if spec.inclusive else (side == sign)
        over &= ~told & numbers.ok
        flags[over] |= np.uint16(mark | (Flag.INCLUSIVE if spec.inclusive else 0))
        marked = (flags & mark) > 0
        value = np.where(marked, int(end.scaleb(decimals)), value)
        scale = np.where(marked, decimals, scale).astype(np.int8)
    return Amounts(unit, value, scale, flags)


def _out_of_range(
    vocabulary: Vocabulary, spec: ValueSpec, rows: NDArray[np.intp], column: Column, numbers: Numbers
) -> tuple[Mask, Mask]:
    """Where a word or number says below or above: in the cell itself, or in a marking field."""
    low, high = said(column, numbers, spec.low), said(column, numbers, spec.high)
    for name in spec.marks:
        if name in vocabulary.sheet.columns:
            low |= vocabulary.holds(name, spec.low)[rows]
            high |= vocabulary.holds(name, spec.high)[rows]
    return low, high & ~low


def _reject(
    vocabulary: Vocabulary,
    spec: ValueSpec,
    unit: Unit,
    rows: NDArray[np.intp],
    ok: Mask,
    value: Ints,
    scale: NDArray[np.int8],
    is_number: Mask,
    reasons: Reasons,
) -> None:
    bad = rows[~ok]
    told = vocabulary.sheet.told(spec.field)
    if len(bad):
        reasons.add(bad, _no_number(told, vocabulary.sheet.column(spec.field).at(bad).texts()))
    if unit in spec.plausible:
        low, high = spec.plausible[unit]
        wild = ok & is_number & ((compared(value, scale, low) < 0) | (compared(value, scale, high) > 0))
        if wild.any():
            why = f"what is in {told} is outside {low} to {high} {unit}: a wrong unit or a moved column"
            reasons.add(rows[wild], [why] * int(wild.sum()))


def _no_number(field: str, texts: list[str]) -> Iterator[str]:
    for text in texts:
        if text and len(text) <= WIDEST and text.lstrip("-").replace(".", "", 1).isdigit():
            yield f"{field} has more digits than an amount can have: the mapping may round it"
        else:
            yield f"what is in {field} is no amount" if text else f"{field} is blank"
