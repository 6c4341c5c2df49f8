"""Whom a JSON document names; a document that names several is refused with their list.

Law (`safety.md`, whose data is it): an account that follows several people is never bound to the first of them.
What is named is compared with the patient and then dropped; two entries that say the same are one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from msgspec import Raw

from bridge.mapping.account import Person, Unreadable
from bridge.mapping.json_cells import column_of
from bridge.mapping.json_document import Document, below
from bridge.mapping.json_path import Place, steps
from bridge.mapping.json_record import Way, elements, first_of, members
from bridge.mapping.language import PersonSpec


def ways_to(spec: PersonSpec) -> Iterator[Way]:
    """Every place of a document that tells who it is of."""
    for each in spec.each or ("$",):
        yield from ((*steps(each), *steps(text)) for text in _asked(spec))


def person_in(spec: str | PersonSpec | None, layout: str, found: Document, around: Place) -> Person | None:
    """The one person of a document; None where it names none. Unreadable where it names several."""
    if not isinstance(spec, PersonSpec) or (spec.layout and layout not in spec.layout):
        return None
    named = dict.fromkeys(
        each for each in map(_read(spec), _objects(spec, found, around)) if each != Person()
    )
    if len(named) > 1:
        raise Unreadable(several(tuple(named)))
    return next(iter(named), None)


def several(named: Sequence[Person]) -> str:
    """The sentence that refuses several persons."""
    told = ", ".join(each.name or each.identifiers[0][1] for each in named)
    return f"this names {len(named)} persons ({told}): give what is of one of them alone; the first is never just taken"


def _asked(spec: PersonSpec) -> tuple[str, ...]:
    named = (*spec.name, spec.birth_date or "", *spec.identifiers.values())
    return tuple(text for text in named if text)


def _objects(spec: PersonSpec, found: Document, around: Place) -> Iterator[dict[str, Raw]]:
    """The objects that may name a person."""
    for each in spec.each or ("$",):
        for raw, _ in found.reach(steps(each), around):
            for one in elements(raw) if first_of(raw) == b"[" else (raw,):
                yield members(one) or {}


def _read(spec: PersonSpec) -> Callable[[dict[str, Raw]], Person]:
    """What one object says of a person."""
    asked = _asked(spec)

    def person(found: dict[str, Raw]) -> Person:
        cells = column_of([below(found, steps(text)) for text in asked])
        said = dict(zip(asked, cells.texts(), strict=True))
        name = " ".join(said[text] for text in spec.name if said[text])
        told = tuple((system, said[text]) for system, text in spec.identifiers.items() if said[text])
        return Person(name, _date(said.get(spec.birth_date or "", "")), told)

    return person


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
