"""Whom a JSON document names; a document that names several is refused.

Law (`safety.md`, whose data is it): an account that follows several people is never bound to the first of them.
What is named is compared with the patient and then dropped. Persons may lie in an array, where two entries that
say the same are one; elsewhere each path says one thing, wherever it leads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from msgspec import Raw

from bridge.mapping.account import Person, Unreadable
from bridge.mapping.json_cells import column_of
from bridge.mapping.json_document import Document, below
from bridge.mapping.json_path import Place, path, steps
from bridge.mapping.json_record import Way, elements, first_of, members
from bridge.mapping.language import PersonSpec

NOBODY: Final = Person()


def ways_to(spec: PersonSpec) -> Iterator[Way]:
    """Every place of a document that tells who it is of."""
    identifiers = (text for texts in spec.identifiers.values() for text in texts)
    asked = filter(None, (*spec.name, spec.birth_date or "", *identifiers))
    yield from ((*steps(each), *steps(text)) for text in asked for each in spec.each or ("$",))


def person_in(spec: str | PersonSpec | None, layout: str, found: Document, around: Place) -> Person | None:
    """The one person of a document; None where it names none. Unreadable where it names several."""
    if not isinstance(spec, PersonSpec) or (spec.layout and layout not in spec.layout):
        return None
    if spec.each:
        named = dict.fromkeys(_read(spec, each) for each in _objects(spec, found, around))
        return _one(tuple(each for each in named if each != NOBODY))
    name = " ".join(filter(None, (_said((text,), found, around) for text in spec.name)))
    born = _said((spec.birth_date,), found, around) if spec.birth_date else ""
    said = {system: _said(texts, found, around) for system, texts in spec.identifiers.items()}
    person = Person(name, _date(born), tuple((system, text) for system, text in said.items() if text))
    return None if person == NOBODY else person


def _one(named: Sequence[Person]) -> Person | None:
    if len(named) > 1:
        raise Unreadable(_several(len(named)))
    return named[0] if named else None


def _several(people: int) -> str:
    return (
        f"the document is about {people} people: it can be kept for none of them; give the answers about one"
    )


def _said(texts: Sequence[str], found: Document, around: Place) -> str:
    """What all of some paths say, wherever they lead; '' where they say nothing."""
    said = dict[str, None]()
    for asked in map(path, texts):
        raws = [raw for raw, _ in found.reach(asked.steps, around)]
        said |= dict.fromkeys(each for each in column_of(raws, is_list=asked.is_list).texts() if each)
    if len(said) > 1:
        raise Unreadable(_several(len(said)))
    return next(iter(said), "")


def _objects(spec: PersonSpec, found: Document, around: Place) -> Iterator[dict[str, Raw]]:
    """The objects that may name a person."""
    for each in spec.each:
        for raw, _ in found.reach(steps(each), around):
            for one in elements(raw) if first_of(raw) == b"[" else (raw,):
                yield members(one) or {}


def _read(spec: PersonSpec, found: dict[str, Raw]) -> Person:
    """What one object says of a person."""
    name = " ".join(filter(None, (_first((text,), found) for text in spec.name)))
    born = _first((spec.birth_date,), found) if spec.birth_date else ""
    said = {system: _first(texts, found) for system, texts in spec.identifiers.items()}
    return Person(name, _date(born), tuple((system, text) for system, text in said.items() if text))


def _first(texts: Sequence[str], found: dict[str, Raw]) -> str:
    cells = column_of([below(found, steps(text)) for text in texts]).texts()
    return next(filter(None, cells), "")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
