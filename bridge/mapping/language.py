"""Half 1 of a mapping: how a source becomes streams. The whole language, as closed frozen models.

Law (`mapping.md`): declarative, no code, no expressions; an unknown key is an error. A source is one table, a
text of stacked sections, or a JSON document with sets of records; each part of it has fields, a time, a
device and rules (`rule`). A table is bound by column position where a vendor keeps the order in every
language, else by header words; a section by header words; a record by paths.
Rejected: one spec per file kind with rules of its own (one vendor writes the same events as CSV and JSON).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.mapping.rule import Pass, Rule
from bridge.mapping.shapes import Closed, Shape, Words
from bridge.mapping.wanted import Demands
from bridge.reading import SourceClass, Stream

Stamp = Annotated[
    str, Field(pattern=r"^(iso|iso-local|epoch-ms|epoch-s|net-date|(?:MON|[YMDhmsA\-/. T:])+)$")
]


CellForm = Literal["iso", "epoch-ms", "number", "any"]


class JsonSignature(Closed):
    """Names that show a JSON document: of the object at a path, or of a record in the array there."""

    at: str = Field("$", description="path of the object or array, as in `each`")
    keys: Words = Field(description="names that it has, all of them")
    without: Words = Field((), description="names that it does not have")
    values: Mapping[str, Words] = Field(
        default_factory=dict, description="name -> one of these texts, any case"
    )


class Signature(Closed):
    """What shows the format: so many cells of a header, with texts inside cells by place (0 = first); the forms
    of cells where there is no header; or the names of a JSON document."""

    layout: str = Field("", description="name by which a field's `at` may differ between layouts")
    least: int = Field(0, description="at least so many columns")
    most: int | None = Field(None, description="at most so many columns")
    cells: Mapping[int, Words] = Field(
        default_factory=dict, description="place -> the cell holds one of these texts, any case"
    )
    forms: Mapping[int, CellForm] = Field(
        default_factory=dict,
        description="place -> form of the cell in each of the first rows of a table without a header",
    )
    json_: JsonSignature | None = Field(None, alias="json")
    refuse: str = Field("", description="known, but no readings are in it: the sentence that refuses it")

    @model_validator(mode="after")
    def _one_kind(self) -> Signature:
        if sum([bool(self.cells), bool(self.forms), self.json_ is not None]) != 1:
            raise ValueError("a signature has exactly one of cells, forms, json")
        return self


class FieldSpec(Closed):
    """A column: where it stands, and how it is headed in each language."""

    at: int | Mapping[str, int] | None = Field(None, description="place (0 = first), or place per layout")
    names: Words = Field((), description="header texts, without their unit; known ones must stand in place")
    section: str | None = Field(None, description="no column: what the section itself tells under this name")
    ignore: bool = Field(False, description="known and not wanted")


class OffsetSpec(Closed):
    """How far local time stood from UTC, told beside the stamp."""

    minutes: str | None = Field(None, description="field with minutes east of UTC")
    zero: bool = Field(True, description="false: 0 minutes, and clocks that agree, tell nothing")
    local: str | None = Field(None, description="field with the same time by the local clock")
    round: int = Field(
        15,
        description="minutes to which the difference of both clocks is rounded; 0: only a written offset counts",
    )
    drift: bool = Field(
        False,
        description="what is left after rounding is how far the instant may be off: one of both clocks was",
    )


class TimeSpec(Closed):
    """How stamps are written, and which clock made them."""

    field: Words = Field(description="the field; or two, the date and the time of day")
    formats: tuple[Stamp, ...] = Field(
        description="masks of YYYY YY MM MON DD hh mm ss AM; iso, iso-local, epoch-ms, epoch-s, net-date"
    )
    naive: Annotated[str, Field(pattern="^(zone|utc)$")] = Field(
        "zone", description="a stamp without offset is by the person's zone, or is UTC"
    )
    utc: str | None = Field(
        None, description="field with the same time in UTC: it decides where the stamp has no offset"
    )
    offset: OffsetSpec | None = None
    months: Mapping[int, Words] = Field(
        default_factory=dict, description="names of months, which MON stands for: 1 -> January"
    )
    order: str | None = Field(None, description="procedure for stamps that fit two orders")
    clock: str = Field("zone", description="zone, or a procedure")


class DeviceSpec(Closed):
    """Which fields name the device of a record: the first of serial, install, model tells devices apart. Where
    a source names none, its maker may still be known."""

    serial: str | None = None
    install: str | None = Field(None, description="field with an app's installation id")
    model: str | None = None
    manufacturer: str = ""
    kind: str = Field("", description="sensor, transmitter, receiver, app, meter, pump, pen")
    procedure: str | None = None
    names: Mapping[str, Demands] = Field(
        default_factory=dict,
        description="model -> words of the first field; no other text of it is kept, for people name their phones",
    )
    source: Mapping[SourceClass, Demands] = Field(
        default_factory=dict,
        description="source class -> words of the first field; of all others the class is the format's",
    )

    @model_validator(mode="after")
    def _named(self) -> DeviceSpec:
        if not self.key and (self.procedure or not self.manufacturer):
            raise ValueError("a device has a field: serial, install or model, or a manufacturer alone")
        return self

    @property
    def key(self) -> str:
        """The field that tells devices apart; '' where the source has none."""
        return self.serial or self.install or self.model or ""


class PartSpec(Closed):
    """What every part of a source has."""

    time: TimeSpec
    device: DeviceSpec | None = None
    series: str = Field("", description="a series of its own for the part's readings whose rules name none")
    prepare: Words = Field((), description="procedures that mend cells, add fields or marks, in order")
    marks: Words = Field((), description="names of marks that procedures add")
    adds: Words = Field((), description="names of fields that procedures add")
    reads: Words = Field((), description="fields that procedures read: rules need not name them")
    rules: tuple[Rule, ...]
    also: tuple[Pass, ...] = Field((), description="more rules, by which each record is judged once more")

    @property
    def names(self) -> frozenset[str]:
        """Every field that rules may name, marks apart."""
        return frozenset(self.adds)

    @property
    def passes(self) -> tuple[Pass, ...]:
        """All passes; the first is `rules`."""
        return (Pass(name="", rules=self.rules), *self.also)


class TableSpec(PartSpec):
    """A delimited or spreadsheet table."""

    fields: Mapping[str, FieldSpec]
    person: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every field that rules may name, marks apart."""
        return frozenset({*self.adds, *self.fields})


class SectionsSpec(Closed):
    """A text of several tables, one below the other, each with a header of its own."""

    procedure: str = Field(description="finds the sections and names the kind of each")
    kinds: Mapping[str, TableSpec] = Field(description="kind -> how its tables are read; bound by name")
    ignore: Words = Field((), description="kinds that are known and not wanted")


class RecordSet(PartSpec):
    """Records of a JSON document: the elements of one or several arrays, or a single object."""

    name: str
    layout: Words = Field((), description="only in documents of these layouts; none: in all")
    each: Words | Mapping[str, Words] = Field(
        description="path of the array: records, data.sgs, $ (the top), store.*.basal, a[].b; or paths per layout, "
        "and then only in documents of these"
    )
    fields: Mapping[str, Words] = Field(
        description="field -> path in the record; of several the first that is filled. $.a: of the document; "
        "^.a: of the object around the array; *: the name that * stood for; a[]: the values of an array, as text"
    )
    ignore: Words = Field((), description="paths in the record that are known and not wanted")
    where: Mapping[str, Words] = Field(
        default_factory=dict,
        description="name -> texts (any case): only below an object that has one of them under this name",
    )
    unless: Mapping[str, Words] = Field(
        default_factory=dict, description="name -> texts: never below an object that has one of them"
    )

    @property
    def names(self) -> frozenset[str]:
        """Every field that rules may name, marks apart."""
        return frozenset({*self.adds, *self.fields})

    @property
    def layouts(self) -> tuple[str, ...]:
        """The layouts in which the set is; () where it is in all."""
        return tuple(self.each) if isinstance(self.each, Mapping) else self.layout

    @property
    def arrays(self) -> tuple[str, ...]:
        """Every path of an array, whatever the layout."""
        if isinstance(self.each, Mapping):
            return tuple(path for paths in self.each.values() for path in paths)
        return self.each

    def arrays_in(self, layout: str) -> tuple[str, ...]:
        """The paths of its arrays in documents of a layout; () where it is not in those."""
        if isinstance(self.each, Mapping):
            return self.each.get(layout, ())
        return self.each if not self.layout or layout in self.layout else ()


class PersonSpec(Closed):
    """Where a JSON document names the person: paths from its top, or from each object that names one. Where they
    say several different things the document is about several people, and is refused."""

    layout: Words = Field((), description="only in documents of these layouts; none: in all")
    each: Words = Field((), description="where persons lie: an object, or an array of them")
    name: Words = Field((), description="parts of the name, in order")
    birth_date: str | None = Field(None, description="year-month-day")
    identifiers: Mapping[str, Words] = Field(default_factory=dict, description="system -> path, or paths")


class ReadHalf(Closed):
    """Half 1: source -> streams. Exactly one of table, sections, records."""

    source: SourceClass
    table: TableSpec | None = None
    sections: SectionsSpec | None = None
    records: tuple[RecordSet, ...] = ()
    ignore: Words = Field((), description="paths of a JSON document, outside of records, that are not wanted")
    person: str | PersonSpec | None = Field(None, description="procedure, or paths in a JSON document")
    together: Words = Field((), description="procedures over all sections or sets of records at once")
    clock: str | None = Field(None, description="procedure that is the clock of all parts at once")

    @model_validator(mode="after")
    def _one_shape(self) -> ReadHalf:
        if sum([self.table is not None, self.sections is not None, bool(self.records)]) != 1:
            raise ValueError("exactly one of table, sections, records")
        return self

    @property
    def parts(self) -> tuple[tuple[tuple[str | int, ...], PartSpec], ...]:
        """Every part with its place in the file."""
        if self.table is not None:
            return ((("table",), self.table),)
        if self.sections is not None:
            return tuple((("sections", "kinds", kind), spec) for kind, spec in self.sections.kinds.items())
        return tuple((("records", index), spec) for index, spec in enumerate(self.records))


class FormatFile(Closed):
    """One source format: `mappings/<format>.yaml`."""

    format: str
    version: int
    title: str = Field(description="what the file is called where the person gets it")
    detect: tuple[Signature, ...] = Field(description="header words or names of a document, never file names")
    read: ReadHalf
    fhir: Mapping[Stream, Shape] = Field(
        default_factory=dict, description="half 2, where it differs from shapes.yaml"
    )
