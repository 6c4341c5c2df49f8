"""The signatures of procedures: what each stage gets and gives. Adapters implement them, `rows` calls them.

Law (`mapping.md`): pure functions of what they are given: no clock, file, network or log. Arrays have one
entry per data row of the sheet, or per row of `Rows`, as each says. The names that a mapping may call them by
are in `procedures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Person
from bridge.mapping.cells import Column, Ints, Mask, Numbers
from bridge.mapping.dates import Stamps
from bridge.mapping.rule import Limit
from bridge.mapping.sheet import Sheet
from bridge.mapping.table import Table
from bridge.period import ZoneHistory
from bridge.reading import Device, Unit


@dataclass(frozen=True, slots=True)
class Clocked:
    """Wall times as instants, see `COLUMNS` of bridge.reading for dtypes. `counter`: the device counters that
    identify readings, NO_COUNTER where the wall time does; None where this clock did not look at them."""

    instant: Ints
    offset: NDArray[np.int16]
    flags: NDArray[np.uint16]
    bound: NDArray[np.int32]
    witness: NDArray[np.uint8]
    counter: Ints | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that a clock works on: those that go to a stream and have a wall time. `row` indexes the
    sheet; `group` tells series apart (int32[n]). Where `known`, `wall` is the instant already, off by `bound`
    ms at most (int32[n]); `offset`: minutes east as the source tells them (None: no row knows, none is told)."""

    sheet: Sheet
    row: NDArray[np.intp]
    wall: Ints
    group: NDArray[np.int32]
    known: Mask | None = None
    offset: NDArray[np.int16] | None = None
    bound: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a text of several: its kind as the mapping calls it, what it tells of itself (a device's
    name, a serial), its header, and its data rows (indices into the text's table). `own`: the places of its
    columns, where other tables stand beside it in the same rows."""

    kind: str
    header: tuple[str, ...]
    rows: NDArray[np.intp]
    told: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Sectioned:
    """All sections of a text, and the rows above the first."""

    sections: tuple[Section, ...]
    above: tuple[tuple[str, ...], ...] = ()
    warnings: tuple[str, ...] = ()


Prepare: TypeAlias = Callable[[Sheet], Sheet]
Dates: TypeAlias = Callable[[Sheet, Mapping[str, Stamps]], str | None]
Clock: TypeAlias = Callable[[Rows, ZoneHistory], Clocked]
Named: TypeAlias = Callable[[Sheet, str, str, str], tuple[str, Device]]
"""(sheet, manufacturer, serial, model) -> (key inside the source, device)."""
Whose: TypeAlias = Callable[[Sheet, str], Person | None]
"""(sheet, date mask in force) -> person."""
Sections: TypeAlias = Callable[[Table], Sectioned]
"""A text's rows, lines that are blank left out -> its sections."""
Together: TypeAlias = Callable[[Sequence[tuple[str, Sheet]]], Sequence[Sheet]]
"""(kind or name of each part, its sheet) -> the sheets, mended; as many and in the same order."""
Clocks: TypeAlias = Callable[[Sequence[Rows], ZoneHistory], Sequence[Clocked]]
"""Rows of all parts (and of each pass) -> as many clocked columns, in the same order."""
Amount: TypeAlias = Callable[[Column, int], Numbers]
"""(cells, decimals that the mapping wants) -> numbers."""
Limits: TypeAlias = Callable[[Sheet, str, str, Unit, Limit], Limit]
"""(sheet, date mask in force, field, unit, limits of the mapping) -> limits of this file."""


@dataclass(frozen=True, slots=True)
class Procedures:
    """Implementations by name, one table per stage."""

    prepare: Mapping[str, Prepare] = field(default_factory=dict)
    dates: Mapping[str, Dates] = field(default_factory=dict)
    clock: Mapping[str, Clock] = field(default_factory=dict)
    device: Mapping[str, Named] = field(default_factory=dict)
    person: Mapping[str, Whose] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    sections: Mapping[str, Sections] = field(default_factory=dict)
    together: Mapping[str, Together] = field(default_factory=dict)
    clocks: Mapping[str, Clocks] = field(default_factory=dict)
    amount: Mapping[str, Amount] = field(default_factory=dict)
