"""Half 2 of a mapping: how a stream looks as a FHIR resource, and the codes it may wear.

Law (`mapping.md`): slots, no expressions; every code is a name in `codes.yaml`; `unit` strings follow the
HL7 CGM IG 1.0.0 patterns exactly (`mg/dl`, `mmol/l`), a display is given only where it is official.
Rejected: inline codings (a wrong display then hides in twenty files).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.reading import Unit


class Closed(BaseModel):
    """A frozen model that refuses names it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
"""One text or a list of texts."""


class CodeEntry(Closed):
    """A code as `codes.yaml` writes it; its name there is the key."""

    system: str
    code: str
    official: str | None = Field(
        None, description="official long name, for the reader of this file; never sent"
    )
    display: str | None = Field(None, description="sent as display: only the exact official text")
    ucum: str | None = Field(None, description="UCUM code of values under this code")
    unit: str | None = Field(None, description="Quantity.unit, exact as the profile's pattern wants it")


class Code(CodeEntry):
    """A code with the name by which mappings call it."""

    name: str = Field(description="the name in codes.yaml")


class Shape(Closed):
    """One stream as an Observation: which code for which unit at rest, categories, profile."""

    resource: Literal["Observation"]
    code: Mapping[Unit, str]
    mean: Mapping[Unit, str] = Field(
        default_factory=dict,
        description="codes of means over a period (effectivePeriod); a unit without one has no means",
    )
    category: Words
    profile: Mapping[Unit, str | None] = Field(default_factory=dict)
    mean_profile: Mapping[Unit, str | None] = Field(default_factory=dict)


class CodesFile(Closed):
    """`codes.yaml`."""

    codes: Mapping[str, CodeEntry]
