"""An opened source: its parts, each a sheet beside the spec that its rows obey, and what lies around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.mapping.account import Person
from bridge.mapping.language import PartSpec
from bridge.mapping.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of a source. `kinds`: the kind of each section, the name of each set of records; `ignored`:
    rows of parts that are not read, by rule; `left`, `unknown`: fields around the records, known and not
    wanted, or not known (in how many objects); `empty`: what to say where there is no row at all."""

    kinds: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    specs: tuple[PartSpec, ...]
    ignored: Mapping[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)
    person: Person | None = None
    warnings: tuple[str, ...] = ()
    empty: str = ""
