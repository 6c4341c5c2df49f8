"""What fills each slot of a template: functions of a disclosure's columns, in one table.

Law: a slot's name in the trees is its key here; a cell is made of integers, ids and quoted texts of the
disclosure alone. Adding a slot is adding a line. Rejected: filling by position (a template that moves would lie).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.consent.disclosure import Group
from bridge.fhir import cells, samples
from bridge.fhir.cells import Cells
from bridge.fhir.template import Place, Template
from bridge.store.ids import text

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of one group that share a template; `rows` None: all of them. `subject`: the Patient's id,
    `revision`: of the FHIR half that renders, `quoted`: how the notation quotes a text."""

    group: Group
    subject: str
    revision: str
    quoted: Callable[[str], bytes]
    rows: Integers | None = None

    def integers(self, column: NDArray[np.generic]) -> Integers:
        """These rows of a column of numbers."""
        return (column if self.rows is None else column.take(self.rows)).astype(np.int64, copy=False)

    def version_ids(self) -> list[str]:
        """These rows' versionIds."""
        content = self.group.content
        told = np.zeros(len(self.group.version), np.uint32) if content is None else content
        both = zip(self.integers(self.group.version).tolist(), self.integers(told).tolist(), strict=True)
        return [cells.version_id(*each, self.revision) for each in both]

    def column(self, name: str) -> Integers:
        """These rows of a named column."""
        return self.integers(self.group.columns[name])

    def texts(self) -> list[bytes]:
        """These rows' free texts, quoted."""
        column = self.group.columns["text"]
        return [self.quoted(str(each)) for each in (column if self.rows is None else column.take(self.rows))]

    def identities(self, raw: NDArray[np.uint8] | None) -> Cells:
        """These rows' ids as text. ValueError where none were disclosed."""
        if raw is None:
            raise ValueError("provenance was not asked for")
        return Cells(text(raw if self.rows is None else raw.take(self.rows, axis=0)))

    @property
    def at(self) -> Integers:
        """Their places in the page."""
        return self.integers(self.group.at)


Fill: TypeAlias = Callable[[Cut, Place], Cells]
"""Rows and the slot's place to cells."""


def filled(template: Template, cut: Cut, fills: Mapping[str, Fill]) -> dict[str, Cells]:
    """The cells of every slot of the template."""
    return {name: fills[name](cut, places[0]) for name, places in template.places.items()}


def _versions(cut: Cut, place: Place) -> Cells:
    content = None if cut.group.content is None else cut.integers(cut.group.content)
    return cells.versions(cut.integers(cut.group.version), content, cut.revision, place.width)


def _stamps(column: str) -> Fill:
    """A column of instants at the reading's own offset."""
    return lambda cut, place: cells.stamps(
        cut.column(column), cut.column("offset"), place.width == cells.FINE_STAMP_WIDTH
    )


def _last(cut: Cut, place: Place) -> Cells:
    """The last millisecond of the bucket: a FHIR Period includes its end (R4 2.24.0.13)."""
    return cells.stamps(cut.column("end") - 1, cut.column("offset"), fine=True)


def _amounts(column: str) -> Fill:
    """A column of numbers in the scale of the readings."""
    return lambda cut, place: cells.numbers(cut.column(column), cut.group.scale, place.width, place.closes)


def _counts(column: str) -> Fill:
    """A column of whole numbers."""
    return lambda cut, place: cells.numbers(cut.column(column), 0, place.width, place.closes)


def _coverage(cut: Cut, place: Place) -> Cells:
    """Readings per expected ones in percent with one decimal, at most 100.0."""
    expected = np.maximum(cut.column("expected"), 1)
    share = (cut.column("count") * 1000 + expected // 2) // expected
    return cells.numbers(np.minimum(share, 1000), 1, place.width, place.closes)


def _samples(cut: Cut, place: Place) -> Cells:
    column = cut.group.columns["samples"]
    chosen = column if cut.rows is None else column.take(cut.rows)
    return samples.cells(chosen, cut.group.scale, place.width)


def _minutes(cut: Cut, place: Place) -> Cells:
    minutes = cut.group.columns.get("minute")
    return cells.clocks(np.zeros(1, np.int64) if minutes is None else cut.integers(minutes))


def _row(cut: Cut, place: Place) -> Cells:
    rows = cut.group.rows
    if rows is None:
        raise ValueError("rows are the owner's alone")
    return cells.closing_numbers(cut.integers(rows), place.width)


_COMMON: Final[Mapping[str, Fill]] = {
    "version": _versions,
    "updated": lambda cut, place: cells.instants(cut.integers(cut.group.last_updated)),
}
READING: Final[Mapping[str, Fill]] = {
    **_COMMON,
    "id": lambda cut, place: cut.identities(cut.group.ids),
    "subject": lambda cut, place: cells.identity(cut.subject),
    "device": lambda cut, place: cells.identity(cut.group.device or ""),
    "time": _stamps("instant"),
    "end": _stamps("end"),
    "last": _last,
    "value": _amounts("value"),
    "programmed": _amounts("programmed"),
    "text": lambda cut, place: cells.texts(cut.texts(), place.width),
    "minute": _minutes,
    "period": _counts("period"),
    "lower": _amounts("lower"),
    "upper": _amounts("upper"),
    "samples": _samples,
    "count": _counts("count"),
    "off_scale": _counts("off_scale"),
    "coverage": _coverage,
}
"""The slots of a reading."""
EVIDENCE: Final[Mapping[str, Fill]] = {
    **_COMMON,
    "id": lambda cut, place: cut.identities(cut.group.provenance),
    "target": lambda cut, place: cut.identities(cut.group.ids),
    "row": _row,
}
"""The slots of a Provenance."""
