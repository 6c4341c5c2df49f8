"""What fills each slot of a template: functions of a disclosure's columns, in one table.

Law: a slot's name in the trees is its key here; a cell is made of integers and ids of the disclosure
alone. Adding a slot is adding a line. Rejected: filling by position (a template that moves would lie).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.consent.disclosure import Group
from bridge.fhir import cells
from bridge.fhir.cells import Cells
from bridge.fhir.template import Template
from bridge.store.ids import text

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of one group that share a template; `rows` None: all of them. `subject`: the Patient's id,
    `revision`: of the FHIR half that renders."""

    group: Group
    subject: str
    revision: str
    rows: Integers | None

    def integers(self, column: NDArray[np.generic]) -> Integers:
        """These rows of a column of numbers."""
        return (column if self.rows is None else column.take(self.rows)).astype(np.int64, copy=False)

    def column(self, name: str) -> Integers:
        """These rows of a named column."""
        return self.integers(self.group.columns[name])

    def identities(self, raw: NDArray[np.uint8] | None) -> Cells:
        """These rows' ids as text. ValueError where none were disclosed."""
        if raw is None:
            raise ValueError("provenance was not asked for")
        return Cells(text(raw if self.rows is None else raw.take(self.rows, axis=0)))

    @property
    def at(self) -> Integers:
        """Their places in the page."""
        return self.integers(self.group.at)


Fill: TypeAlias = Callable[[Cut, int], Cells]
"""Rows and the slot's width to cells."""


def filled(template: Template, cut: Cut, fills: Mapping[str, Fill]) -> dict[str, Cells]:
    """The cells of every slot of the template."""
    return {name: fills[name](cut, places[0].width) for name, places in template.places.items()}


def _versions(cut: Cut, width: int) -> Cells:
    return cells.versions(cut.integers(cut.group.version), cut.revision)


def _time(cut: Cut, width: int) -> Cells:
    return cells.stamps(cut.column("instant"), cut.column("offset"), width == cells.FINE_STAMP_WIDTH)


def _end(cut: Cut, width: int) -> Cells:
    """The last millisecond of the bucket: a FHIR Period includes its end (R4 2.24.0.13)."""
    return cells.stamps(cut.column("end") - 1, cut.column("offset"), fine=True)


def _coverage(cut: Cut, width: int) -> Cells:
    """Readings per expected ones in percent with one decimal, at most 100.0."""
    expected = np.maximum(cut.column("expected"), 1)
    share = (cut.column("count") * 1000 + expected // 2) // expected
    return cells.numbers(np.minimum(share, 1000), 1, width)


def _row(cut: Cut, width: int) -> Cells:
    rows = cut.group.rows
    if rows is None:
        raise ValueError("rows are the owner's alone")
    return cells.closing_numbers(cut.integers(rows), width)


_COMMON: Final[Mapping[str, Fill]] = {
    "version": _versions,
    "updated": lambda cut, width: cells.instants(cut.integers(cut.group.last_updated)),
}
READING: Final[Mapping[str, Fill]] = {
    **_COMMON,
    "id": lambda cut, width: cut.identities(cut.group.ids),
    "subject": lambda cut, width: cells.identity(cut.subject),
    "device": lambda cut, width: cells.identity(cut.group.device or ""),
    "time": _time,
    "end": _end,
    "value": lambda cut, width: cells.numbers(cut.column("value"), cut.group.scale, width),
    "count": lambda cut, width: cells.numbers(cut.column("count"), 0, width),
    "off_scale": lambda cut, width: cells.numbers(cut.column("off_scale"), 0, width),
    "coverage": _coverage,
}
"""The slots of an Observation."""
EVIDENCE: Final[Mapping[str, Fill]] = {
    **_COMMON,
    "id": lambda cut, width: cut.identities(cut.group.provenance),
    "target": lambda cut, width: cut.identities(cut.group.ids),
    "row": _row,
}
"""The slots of a Provenance."""
