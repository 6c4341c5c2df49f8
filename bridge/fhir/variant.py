"""What the rows of one template share, as a value; and the marks by which rows are told apart.

Law: a variant holds nothing of one reading: no value, no time, no word of a person; of a text only how wide its
slot is. Rows that differ in what must be said have variants of their own, so a template has no blanks for rare
marks. Marks are bits of one integer, so that a whole column is sorted into variants at once.

Rejected: optional slots full of blanks (every row would carry every mark).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.mapping import Mappings, Shape
from bridge.mapping.resources import TYPE_OF
from bridge.reading import KINDS, Flag, SourceClass, Stream, Unit

FINE: Final = 1 << 16
"""Mark of rows whose times have milliseconds. Below lie the flags."""
AMENDED: Final = 1 << 17
"""Mark of rows that are not the first version."""
SPAN: Final = 1 << 18
"""Mark of rows with an end."""
PROGRAMMED: Final = 1 << 19
"""Mark of doses and rates that were programmed otherwise than given."""
OPEN: Final = 1 << 20
"""Mark of chunks whose day is not over."""
BELOW: Final = 1 << 21
ABOVE: Final = 1 << 22
"""Marks of chunks with samples beyond a limit that is known."""
KIND_AT: Final = 24
KINDS_MOST: Final = 0xFFFF
TEXT_AT: Final = 40
"""Where the kind and the width of a text (as a power of two; 0 none) lie in a row's marks."""
BITS: Final = (1 << KIND_AT) - 1

MARKED: Final = Flag.LOW | Flag.HIGH | Flag.INCLUSIVE | Flag.UNCERTAIN | Flag.NO_VALUE | Flag.RETRACTED
"""Flags that change what an Observation says."""
GIVEN: Final = Flag.UNCERTAIN | Flag.NO_VALUE | Flag.RETRACTED | Flag.AUTOMATED | Flag.INTERRUPTED
"""Flags that change what a MedicationAdministration says."""

_NO_AMOUNT: Final = frozenset({Stream.NOTE, Stream.MODE})

BY_ID: Final = "id"
BY_ENTRY: Final = "entry"
BY_IDENTIFIER: Final = "identifier"
"""How a device is named: our Device, an entry of the same Bundle, its identifier alone; any other text is
a reference of the receiver's."""


def has_amount(stream: Stream, unit: Unit) -> bool:
    """Whether the value of such rows is an amount: a note's is text, a mode's a code, an event's that it
    happened, unless it was told with an amount."""
    return unit is not Unit.NONE if stream is Stream.EVENT else stream not in _NO_AMOUNT


@dataclass(frozen=True, slots=True)
class Variant:
    """What the rows of one template share. `marks`: flags, FINE, AMENDED, SPAN, PROGRAMMED, those of chunks;
    `kind`: number in the stream's own table. `value_width`, `text_width`: of these slots. `device_kind`: of the
    device that was named, '' none. `subject`: a foreign reference, or None for our Patient's slot. `device`: how the
    device is named, or None. `is_sampled`: they are chunks of readings;
    `has_content`: their versionIds have what tells contents apart. `is_filed`: it goes into a chart, so the
    receiver gives id and version; `filed_as` is the id it has there."""

    format: str
    stream: Stream
    unit: Unit
    is_mean: bool
    source_class: SourceClass
    marks: int
    value_width: int
    kind: int = 0
    text_width: int = 0
    device_kind: str = ""
    elements: frozenset[str] | None = None
    subject: str | None = None
    device: str | None = None
    is_filed: bool = False
    is_sampled: bool = False
    has_content: bool = False
    filed_as: str | None = None

    def has(self, mark: int) -> bool:
        """Whether its rows carry the mark."""
        return bool(self.marks & mark)

    @property
    def type(self) -> str:
        """The type of its resources."""
        return TYPE_OF[self.stream]

    @property
    def kind_name(self) -> str:
        """The kind as mappings name it; one that has no name here is unknown."""
        table = KINDS.get(self.stream)
        names = {int(each): each.name.lower() for each in table} if table else {}
        return names.get(self.kind, "unknown")

    def shape(self, mappings: Mappings) -> Shape:
        """How its format says the stream."""
        return mappings.formats[self.format].fhir[self.stream]
