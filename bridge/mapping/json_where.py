"""Below which objects a set of records lies: demands on names of the objects on the way to it.

Law: vendors answer every question in one envelope that names what it holds (`recordType`); the names inside say
less. An object that has a name that is asked for, with another text, is not entered, so that what lies below is
not even looked at. Rejected: one set for all kinds of records (each would pay for the fields of the others).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Raw

from bridge.mapping.json_cells import column_of
from bridge.mapping.language import RecordSet

Texts = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Where:
    """What objects on a way must have (`wanted`) and may not have (`barred`), name by name, in any case."""

    wanted: Texts
    barred: Texts

    def met(self, found: Mapping[str, Raw]) -> frozenset[str] | None:
        """Which demands an object meets; None where it is shut."""
        for name in self.barred.keys() & found.keys():
            if said(found[name]) in self.barred[name]:
                return None
        here = self.wanted.keys() & found.keys()
        return frozenset(here) if all(said(found[name]) in self.wanted[name] for name in here) else None

    def is_met(self, demands: frozenset[str]) -> bool:
        """Whether nothing is left to demand."""
        return demands >= self.wanted.keys()


ANYWHERE = Where({}, {})


def where_of(spec: RecordSet) -> Where:
    """The demands of a set of records."""
    return Where(_texts(spec.where), _texts(spec.unless))


def _texts(demands: Mapping[str, tuple[str, ...]]) -> Texts:
    return {name: frozenset(word.casefold() for word in words) for name, words in demands.items()}


def said(raw: Raw) -> str:
    """A value as a text in small letters; '' for null, objects and arrays."""
    return column_of((raw,)).text(0).casefold()
