"""Which type of FHIR resource each stream leaves as: one table, the same for every source and site.

Law: the type is part of a resource's name: logical ids are minted with a key of each type (`data.md`, ids), so
what a stream is cannot be a site's choice; a mapping that says another type is refused. Insulin that was given is
a MedicationAdministration (every insulin profile in use says so: `cgm-ig.md` 6.3), all else an Observation.

Rejected: MedicationStatement for pens (what was logged as taken was taken; two types for one kind of dose).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from bridge.reading import Stream

Type: TypeAlias = Literal["Observation", "MedicationAdministration"]

OBSERVATION: Final = "Observation"
ADMINISTRATION: Final = "MedicationAdministration"
READING_TYPES: Final[tuple[Type, ...]] = (OBSERVATION, ADMINISTRATION)
"""The types of which each resource is one reading."""

_GIVEN: Final = frozenset({Stream.BOLUS, Stream.BASAL})
TYPE_OF: Final[Mapping[Stream, Type]] = {
    stream: ADMINISTRATION if stream in _GIVEN else OBSERVATION for stream in Stream
}
