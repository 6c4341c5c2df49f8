"""The signatures of procedures: what each stage gets and gives. Adapters implement them, `rows` calls them.

Law (`mapping.md`): pure functions of what they are given: no clock, file, network or log. Arrays have one
entry per data row of the sheet, or per row of `Rows`, as each says. The names that a mapping may call them by
are in `procedures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Person
from bridge.mapping.cells import Ints
from bridge.mapping.dates import Stamps
from bridge.mapping.language import Limit
from bridge.mapping.sheet import Sheet
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
    sheet; `group` tells series apart (int32[n])."""

    sheet: Sheet
    row: NDArray[np.intp]
    wall: Ints
    group: NDArray[np.int32]


Prepare: TypeAlias = Callable[[Sheet], Sheet]
Dates: TypeAlias = Callable[[Sheet, Mapping[str, Stamps]], str | None]
Clock: TypeAlias = Callable[[Rows, ZoneHistory], Clocked]
Named: TypeAlias = Callable[[Sheet, str, str, str], tuple[str, Device]]
"""(sheet, manufacturer, serial, model) -> (key inside the source, device)."""
Whose: TypeAlias = Callable[[Sheet, str], Person | None]
"""(sheet, date mask in force) -> person."""
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
