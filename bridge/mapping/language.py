"""Half 1 of a mapping: how a table becomes streams. The whole language, as closed frozen models.

Law (`mapping.md`): declarative, no code, no expressions; an unknown key is an error. A table is bound by
column position where a vendor keeps the order in every language, else by header words. Each data row goes
to the first rule that fits: a stream, an ignore with its name, or a rejection with its sentence.
Rejected: one block per stream (two blocks could claim one row, or none: rules in order cannot).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from bridge.mapping.shapes import Closed, Shape, Words
from bridge.reading import KINDS, Flag, SourceClass, Stream, Unit

FILLED: Final = "filled"
BLANK: Final = "blank"
DateMask = Annotated[str, Field(pattern=r"^[YMDhmsA\-/. T:]+$")]


class Signature(Closed):
    """A header that shows the format: so many cells, and texts inside cells by place (0 = first)."""

    layout: str = Field("", description="name by which a field's `at` may differ between layouts")
    least: int = Field(description="at least so many columns")
    most: int | None = Field(None, description="at most so many columns")
    cells: Mapping[int, Words] = Field(description="place -> the cell holds one of these texts, any case")


class FieldSpec(Closed):
    """A column: where it stands, and how it is headed in each language."""

    at: int | Mapping[str, int] | None = Field(None, description="place (0 = first), or place per layout")
    names: Words = Field((), description="header texts, without their unit; known ones must stand in place")
    ignore: bool = Field(False, description="known and not wanted")


class TimeSpec(Closed):
    """How stamps are written, and which clock made them."""

    field: str
    formats: tuple[DateMask, ...] = Field(description="YYYY YY MM DD hh mm ss AM; all rows fit one of them")
    order: str | None = Field(None, description="procedure for stamps that fit two orders")
    clock: str = Field("zone", description="zone, or a procedure")


class Limit(Closed):
    """The ends of what a sensor reports."""

    low: Decimal | None = None
    high: Decimal | None = None


class ValueSpec(Closed):
    """An amount: its cell, unit, decimals, and the marks of out-of-range."""

    field: str
    unit: Unit | Literal["header"] = Field(description="a unit, or header: the one in the column's heading")
    decimals: Mapping[Unit, int] = Field(
        description="decimals that the vendor writes; finer amounts are kept"
    )
    plausible: Mapping[Unit, tuple[Decimal, Decimal]] = Field(
        default_factory=dict, description="outside of this a number is rejected"
    )
    limits: Mapping[Unit, Limit] = Field(default_factory=dict, description="below low / above high: a mark")
    inclusive: bool = Field(False, description="the source writes its floor and ceiling as plain numbers")
    adjust: str | None = Field(None, description="procedure that settles the limits for one file")
    low: Words = Field((), description="words that mean below the range")
    high: Words = Field((), description="words that mean above the range")
    marks: Words = Field((), description="further fields where those words count")


class KindSpec(Closed):
    """A table from words to the stream's kinds."""

    field: str
    words: Mapping[str, Words]
    otherwise: str = "unknown"


class Rule(Closed):
    """What becomes of the rows that fit. Exactly one of stream, ignore, reject."""

    name: str
    when: tuple[Mapping[str, Words], ...] = Field(
        description="any of these; each: field -> filled, blank, or words, all of them"
    )
    stream: Stream | None = None
    ignore: bool = False
    reject: str | None = Field(None, description="the reason")
    value: ValueSpec | None = None
    series: str = Field("", description="a series of its own beside the device's other readings")
    counter: str | None = Field(
        None, description="field with the device's counter; else the wall time is the key"
    )
    kind: str | KindSpec = "unknown"
    flags: tuple[str, ...] = ()
    text: Words = Field((), description="fields with free text: the first that is filled")
    duration: str | None = Field(None, description="field h:mm:ss: makes the end of an interval")
    rate: str | None = Field(None, description="field with the rate of change per minute")
    beside: Words = Field((), description="fields that may be filled in such rows without a warning")
    warn: str | None = Field(None, description="a warning for such rows")

    @model_validator(mode="after")
    def _one_fate(self) -> Rule:
        fates = [self.stream is not None, self.ignore, self.reject is not None]
        if sum(fates) != 1:
            raise ValueError("a rule has exactly one of stream, ignore, reject")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind name that the rule can give."""
        return (self.kind,) if isinstance(self.kind, str) else (*self.kind.words, self.kind.otherwise)

    @property
    def used(self) -> frozenset[str]:
        """Every field that the rule reads."""
        found = {name for option in self.when for name in option} | {*self.text}
        found |= {name for name in (self.counter, self.duration, self.rate) if name}
        if self.value:
            found |= {self.value.field, *self.value.marks}
        if isinstance(self.kind, KindSpec):
            found.add(self.kind.field)
        return frozenset(found)


class DeviceSpec(Closed):
    """Which fields name the device of a row."""

    serial: str
    model: str | None = None
    manufacturer: str
    procedure: str | None = None


class TableSpec(Closed):
    """A delimited or spreadsheet table."""

    fields: Mapping[str, FieldSpec]
    time: TimeSpec
    device: DeviceSpec | None = None
    prepare: tuple[str, ...] = Field((), description="procedures that mend cells or add marks, in order")
    marks: Words = Field((), description="names of marks that those procedures add")
    person: str | None = None
    rules: tuple[Rule, ...]


class ReadHalf(Closed):
    """Half 1: source -> streams."""

    source: SourceClass
    table: TableSpec


class FormatFile(Closed):
    """One source format: `mappings/<format>.yaml`."""

    format: str
    version: int
    title: str = Field(description="what the file is called where the person gets it")
    detect: tuple[Signature, ...] = Field(description="header words, never file names")
    read: ReadHalf
    fhir: Mapping[Stream, Shape] = Field(
        default_factory=dict, description="half 2, where it differs from shapes.yaml"
    )


FLAG_NAMES: Final = {flag.name: flag for flag in Flag if flag.name}


def kind_names(stream: Stream) -> tuple[str, ...]:
    """The kinds of a stream as a mapping writes them, in lower case; () where it has none."""
    table = KINDS.get(stream)
    return tuple(kind.name.lower() for kind in table) if table else ()
