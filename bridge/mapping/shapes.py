"""Half 2 of a mapping: how a stream looks as a FHIR resource, and the codes it may wear.

Law (`mapping.md`): slots, no expressions; every code is a name in `codes.yaml`; `unit` strings follow the
HL7 CGM IG 1.0.0 patterns exactly (`mg/dl`, `mmol/l`), a display is given only where it is official. A shape says
what it knows and nothing else: shapes.yaml has one for every stream, a format or a site only what differs.
Rejected: inline codings (a wrong display then hides in twenty files), a shape repeated in every format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.mapping.resources import Type
from bridge.reading import Stream, Unit


class Closed(BaseModel):
    """A frozen model that refuses names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _for_any(value: object) -> object:
    return {ANY: value} if isinstance(value, str | list) else value


ANY: Final = "any"
"""Every unit that is not named."""
Words = Annotated[
    tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...])
]
"""One text or a list of texts."""
PerUnit: TypeAlias = Annotated[
    Mapping[Unit | Literal["any"], Words],
    BeforeValidator(
        _for_any, json_schema_input_type=Mapping[Unit | Literal["any"], Words] | str | tuple[str, ...]
    ),
]
"""Names of codes (several: codings of one meaning) by the unit at rest, or one for all."""
Canonical: TypeAlias = Annotated[str, Field(pattern=r"^\S+$")]
PerKind: TypeAlias = Mapping[str, Words]
"""Names of codes by the kind of the row, as `bridge.reading` names it in lower case."""


class CodeEntry(Closed):
    """A code as `codes.yaml` writes it; its name there is the key."""

    system: str = Field(pattern=r"^\S+$")
    code: str = Field(pattern=r"^\S+( \S+)*$")
    official: str | None = Field(
        None, description="official long name, for the reader of this file; never sent"
    )
    display: str | None = Field(None, description="sent as display: only the exact official text")
    ucum: str | None = Field(None, description="UCUM code of values under this code")
    unit: str | None = Field(None, description="Quantity.unit, exact as the profile's pattern wants it")


class Code(CodeEntry):
    """A code with the name by which mappings call it."""

    name: str = Field(description="the name in codes.yaml")


class UnitText(Closed):
    """How a unit is written in a Quantity."""

    unit: str = Field(description="Quantity.unit: what a person reads")
    ucum: str = Field(description="Quantity.code: UCUM")


class UnitEntry(UnitText):
    """A unit at rest as `codes.yaml` writes it; for amounts of insulin also in U-100 insulin."""

    model_config = ConfigDict(populate_by_name=True)

    u100: UnitText | None = Field(None, alias="U-100", description="where the shape says U-100")

    def of(self, concentration: str | None) -> UnitText:
        """The text for insulin of that concentration, None: not known."""
        return self.u100 if concentration and self.u100 else self


class ByKind(Closed):
    """Where the kind of a row is told: each slot a table from kind to code. A kind that is not named is not
    told in that slot."""

    code: PerKind = Field(default_factory=dict, description="instead of the stream's code")
    category: PerKind = Field(default_factory=dict, description="instead of the stream's category")
    value: PerKind = Field(default_factory=dict, description="valueCodeableConcept")
    component: PerKind = Field(default_factory=dict, description="value of the component `kind`")
    reason: PerKind = Field(default_factory=dict, description="reasonCode: why it was given")
    not_done: PerKind = Field(default_factory=dict, description="statusReason; the status is not-done")
    method: PerKind = Field(default_factory=dict, description="dosage.method")


class Components(Closed):
    """The components that an Observation may have, each with its code."""

    kind: Words = Field(default=(), description="has the kind as its value, see by_kind.component")
    minute: Words = Field(default=(), description="time of day from which a setting holds")


class Shape(Closed):
    """One stream as a resource. In shapes.yaml everything of it; elsewhere what differs."""

    resource: Type | None = Field(None, description="for the reader; it must be the stream's own type")
    code: PerUnit = Field(default_factory=dict, description="what was observed or given, by unit at rest")
    mean: Mapping[Unit, Words] = Field(
        default_factory=dict,
        description="codes of means over a period (effectivePeriod); a unit without one has no means",
    )
    category: Words = ()
    profile: Mapping[Unit, Canonical | None] = Field(default_factory=dict)
    mean_profile: Mapping[Unit, Canonical | None] = Field(default_factory=dict)
    by_kind: ByKind = Field(default_factory=ByKind)
    components: Components = Field(default_factory=Components)
    automated: Words = Field((), description="reasonCode where a controller decided")
    route: PerKind = Field(default_factory=dict, description="dosage.route by the kind of the device")
    concentration: Literal["U-100"] | None = Field(
        None, description="U-100: units of insulin are [iU]; without it they are the pump's or pen's own"
    )

    def codes(self, unit: Unit, kind: str) -> tuple[str, ...]:
        """Names of the codes of a row. KeyError where there is none."""
        told = self.by_kind.code.get(kind) or self.code.get(unit) or self.code.get(ANY)
        if told is None:
            raise KeyError(f"no code for {unit}")
        return told

    def categories(self, kind: str) -> tuple[str, ...]:
        """Names of the categories of a row."""
        return self.by_kind.category.get(kind, self.category)

    def named(self) -> frozenset[str]:
        """Every code that the shape names."""
        tables: list[Mapping[str, tuple[str, ...]]] = [self.route]
        tables += [getattr(self.by_kind, slot) for slot in ByKind.model_fields]
        lists = [names for table in tables for names in table.values()]
        lists += [*self.code.values(), *self.mean.values()]
        lists += [self.category, self.automated, self.components.kind, self.components.minute]
        return frozenset(name for names in lists for name in names)


class CodesFile(Closed):
    """`codes.yaml`."""

    codes: Mapping[str, CodeEntry]
    units: Mapping[Unit, UnitEntry] = Field(default_factory=dict)


class ShapesFile(Closed):
    """`shapes.yaml`."""

    shapes: Mapping[Stream, Shape]
