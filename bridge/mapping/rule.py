"""What a mapping says of one kind of record: where it goes, and what of it becomes a reading.

Law (`mapping.md`): each record goes to the first rule that fits: a stream, an ignore with its name, or a
rejection with its sentence. Closed frozen models; every name of a field must exist (`checks`).
Rejected: one block per stream (two blocks could claim one record, or none: rules in order cannot).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from pydantic import Field, model_validator

from bridge.mapping.shapes import Closed, Words
from bridge.mapping.wanted import Demands
from bridge.reading import KINDS, Flag, Stream, Trend, Unit

Option: TypeAlias = Mapping[str, Demands]
"""field -> demands; all fields must fit."""
LengthUnit: TypeAlias = Literal["h:mm:ss", "ms", "s", "min", "h"]


class Limit(Closed):
    """The ends of what a sensor reports."""

    low: Decimal | None = None
    high: Decimal | None = None


class UnitSpec(Closed):
    """A unit that stands in a field of its own."""

    field: str
    words: Mapping[Unit, Demands] = Field(
        description="unit -> how the field names it; blank where it does not"
    )
    otherwise: Unit | None = Field(None, description="the unit of all other words; none: they are rejected")


class ValueSpec(Closed):
    """An amount: its cell, unit, decimals, and the marks of out-of-range."""

    field: str
    unit: Unit | Literal["header"] | UnitSpec = Field(
        description="a unit, header (the one in the column's heading), or the field that names it"
    )
    decimals: Mapping[Unit, int] = Field(
        description="decimals that the vendor writes; finer amounts are kept"
    )
    procedure: str | None = Field(None, description="procedure that makes numbers of the cells")
    plausible: Mapping[Unit, tuple[Decimal, Decimal]] = Field(
        default_factory=dict, description="outside of this a number is rejected"
    )
    limits: Mapping[Unit, Limit] = Field(default_factory=dict, description="below low / above high: a mark")
    inclusive: bool = Field(False, description="the source writes its floor and ceiling as plain numbers")
    adjust: str | None = Field(None, description="procedure that settles the limits for one file")
    low: Demands = Field((), description="words and numbers that mean below the range")
    high: Demands = Field((), description="words and numbers that mean above the range")
    marks: Words = Field((), description="further fields where those words count")
    none: Demands = Field((), description="words and numbers for: logged without an amount")
    reject: Demands = Field((), description="words and numbers that are no amount")
    ignore: Demands = Field((), description="words and numbers for: nothing was measured")

    @property
    def units(self) -> frozenset[Unit]:
        """Every unit that the amount can have."""
        if isinstance(self.unit, UnitSpec):
            return frozenset({*self.unit.words, *([self.unit.otherwise] if self.unit.otherwise else [])})
        return frozenset({Unit.MG_DL, Unit.MMOL_L} if self.unit == "header" else {self.unit})


class KindSpec(Closed):
    """A table from words to the stream's kinds."""

    field: str
    words: Mapping[str, Demands]
    otherwise: str = "unknown"


class TrendSpec(Closed):
    """A table from words to trend arrows; another word is no arrow."""

    field: str
    words: Mapping[str, Demands]


class LengthSpec(Closed):
    """A length of time in a field."""

    field: str
    unit: LengthUnit = "h:mm:ss"
    none: Demands = Field((), description="words and numbers for: it is not known how long")


class MinuteSpec(Closed):
    """A minute of the local day in a field."""

    field: str
    unit: Literal["h:mm", "min", "s", "ms"] = "h:mm"


class Rule(Closed):
    """What becomes of the records that fit. Exactly one of stream, ignore, reject."""

    name: str
    when: tuple[Option, ...] = Field(
        description="any of these; each: field -> filled, blank, words or ranges (>= 39, 40..400), all of them"
    )
    stream: Stream | None = None
    ignore: bool = False
    reject: str | None = Field(None, description="the reason")
    value: ValueSpec | None = None
    series: str = Field("", description="a series of its own beside the device's other readings")
    counter: str | None = Field(
        None, description="field with the device's counter; else the wall time is the key"
    )
    record: str | None = Field(
        None, description="field with the source's record id: the key where there is no counter"
    )
    kind: str | KindSpec = "unknown"
    flags: Words = ()
    marked: Mapping[str, tuple[Option, ...]] = Field(
        default_factory=dict, description="flag -> when it stands; RETRACTED for what the source took back"
    )
    text: Words = Field((), description="fields with free text: the first that is filled")
    duration: str | LengthSpec | None = Field(
        None, description="field (h:mm:ss, or field and unit): makes the end of an interval"
    )
    end: str | None = Field(None, description="field with the stamp at which an interval ended")
    programmed: str | None = Field(None, description="field with the amount that was programmed")
    minute: str | MinuteSpec | None = Field(
        None, description="field with the minute of the day from which a setting holds"
    )
    rate: str | None = Field(None, description="field with the rate of change per minute")
    trend: TrendSpec | None = None
    beside: Words = Field((), description="fields that may be filled in such records without a warning")
    warn: str | None = Field(None, description="a warning for such records")

    @model_validator(mode="after")
    def _one_fate(self) -> Rule:
        fates = [self.stream is not None, self.ignore, self.reject is not None]
        if sum(fates) != 1:
            raise ValueError("a rule has exactly one of stream, ignore, reject")
        return self

    @property
    def length(self) -> LengthSpec | None:
        """The duration, its unit said."""
        return (
            LengthSpec.model_validate({"field": self.duration})
            if isinstance(self.duration, str)
            else self.duration
        )

    @property
    def minutes(self) -> MinuteSpec | None:
        """The minute of the day, its unit said."""
        return MinuteSpec(field=self.minute) if isinstance(self.minute, str) else self.minute

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind name that the rule can give."""
        return (self.kind,) if isinstance(self.kind, str) else (*self.kind.words, self.kind.otherwise)

    @property
    def slots(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """Every field that the rule reads, `when` apart, with where it is named."""
        plain = ("counter", "record", "end", "programmed", "rate")
        yield from (((slot,), name) for slot in plain if (name := getattr(self, slot)))
        for slot in ("duration", "minute"):
            named = getattr(self, slot)
            if named is not None:
                yield ((slot,), named) if isinstance(named, str) else ((slot, "field"), named.field)
        yield from ((("text",), name) for name in self.text)
        if self.value:
            yield ("value", "field"), self.value.field
            yield from ((("value", "marks"), name) for name in self.value.marks)
            if isinstance(self.value.unit, UnitSpec):
                yield ("value", "unit", "field"), self.value.unit.field
        if isinstance(self.kind, KindSpec):
            yield ("kind", "field"), self.kind.field
        if self.trend:
            yield ("trend", "field"), self.trend.field

    @property
    def used(self) -> frozenset[str]:
        """Every field that the rule reads."""
        options = (*self.when, *(option for some in self.marked.values() for option in some))
        return frozenset(
            {*(name for option in options for name in option), *(name for _, name in self.slots)}
        )


class Pass(Closed):
    """Rules by which every record is judged once more: one record may lead to several readings."""

    name: str
    rules: tuple[Rule, ...]


FLAG_NAMES: Final = {flag.name: flag for flag in Flag if flag.name}
TREND_NAMES: Final = {trend.name.lower(): trend for trend in Trend}


def kind_names(stream: Stream) -> tuple[str, ...]:
    """The kinds of a stream as a mapping writes them, in lower case; () where it has none."""
    table = KINDS.get(stream)
    return tuple(kind.name.lower() for kind in table) if table else ()
