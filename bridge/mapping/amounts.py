"""Cells as amounts: numbers, words for out of range, limits, plausibility.

Law (`safety.md`, LOW and HIGH): out of range rests as a mark beside the limit, never as a bare number: LOW
and HIGH where the source says a word or writes beyond its range, with INCLUSIVE where it writes its floor
or ceiling itself. A number that no such device reports is rejected: it is a wrong unit or a moved column.
Amounts are integers with the vendor's decimals; finer ones keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import Ints, Mask, Numbers, scaled
from bridge.mapping.fates import Reasons, Vocabulary
from bridge.mapping.language import Limit, ValueSpec
from bridge.reading import Flag, Unit


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts of some rows: `value` / 10**`scale` in `unit`, with flags."""

    unit: Unit
    value: Ints
    scale: NDArray[np.int8]
    flags: NDArray[np.uint16]


def unit_of(vocabulary: Vocabulary, spec: ValueSpec) -> Unit:
    """The unit of a value's column. Unreadable where its heading names none."""
    if spec.unit != "header":
        return spec.unit
    unit = vocabulary.sheet.unit(spec.field)
    if unit is None:
        heading = vocabulary.sheet.headings.get(spec.field, spec.field)
        raise Unreadable(f"column {heading!r} names no unit (mg/dL or mmol/L), so its numbers mean nothing")
    return unit


def amounts(
    vocabulary: Vocabulary, spec: ValueSpec, limit: Limit, rows: NDArray[np.intp], reasons: Reasons
) -> Amounts:
    """The amounts of `rows` (indices into the sheet); rows that have none go to `reasons`."""
    unit = unit_of(vocabulary, spec)
    column = vocabulary.sheet.column(spec.field).at(rows)
    numbers = column.numbers()
    decimals = spec.decimals[unit]
    low, high = _said(vocabulary, spec, rows, numbers)
    told = low | high
    value, scale = scaled(numbers, decimals)
    _reject(vocabulary, spec, unit, rows, numbers.ok | told, value, scale, ~told, reasons)
    flags = np.where(low, Flag.LOW, np.where(high, Flag.HIGH, 0)).astype(np.uint16)
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


def _said(
    vocabulary: Vocabulary, spec: ValueSpec, rows: NDArray[np.intp], numbers: Numbers
) -> tuple[Mask, Mask]:
    """Where a word says below or above: in the cell itself where it is no number, or in a marking field."""
    n = len(rows)
    low, high = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    if not (spec.low or spec.high):
        return low, high
    lows, highs = {w.casefold() for w in spec.low}, {w.casefold() for w in spec.high}
    odd = np.flatnonzero(~numbers.ok)
    words = vocabulary.sheet.column(spec.field).at(rows[odd]).words()
    low[odd] = words.mask([text.casefold() in lows for text in words.texts])
    high[odd] = words.mask([text.casefold() in highs for text in words.texts])
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
    column = vocabulary.sheet.column(spec.field)
    heading = vocabulary.sheet.headings.get(spec.field, spec.field)
    if len(bad):
        reasons.add(bad, _no_number(heading, column.at(bad).texts()))
    if unit in spec.plausible:
        low, high = spec.plausible[unit]
        wild = ok & is_number & ((compared(value, scale, low) < 0) | (compared(value, scale, high) > 0))
        if wild.any():
            texts = column.at(rows[wild]).texts()
            said = f"{unit} is outside {low} to {high}: a wrong unit or a moved column"
            reasons.add(rows[wild], [f"{text} {said}" for text in texts])


def _no_number(heading: str, texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield f"{text!r} in column {heading!r} is no amount" if text else f"column {heading!r} is blank"


def compared(value: Ints, scale: NDArray[np.int8], end: Decimal) -> NDArray[np.int8]:
    """-1, 0, 1 where value / 10**scale is below, at, above `end`: int8[n]."""
    found = np.zeros(len(value), np.int8)
    for places in np.flatnonzero(np.bincount(scale, minlength=1)).tolist():
        same = scale == places
        exact = end.scaleb(places)
        floor = math.floor(exact)
        side = np.sign(value[same] - floor).astype(np.int8)
        found[same] = side if exact == floor else np.where(value[same] > floor, 1, -1)
    return found
