"""A JSON document as sheets: one for each set of records, its fields found by paths.

Law (`mapping.md`): the one record reader of all JSON sources. A record becomes a row whose cells are what was
written; values of the document, and of the objects around an array, stand in every row below them. A set that
a document does not have is empty, not wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from msgspec import Raw

from bridge.mapping.account import Person, Unreadable
from bridge.mapping.cells import Column, blank
from bridge.mapping.fates import short
from bridge.mapping.header import Binding
from bridge.mapping.json_array import SEPARATOR, Taken, take_array, take_lines, take_piece
from bridge.mapping.json_cells import Values, first_filled, listed, spread, texts, values
from bridge.mapping.json_document import Around, Document, Lines, below, document, told, wrong
from bridge.mapping.json_path import Path, Place, known, path, spelled, steps
from bridge.mapping.json_record import Shape, Way, first_of
from bridge.mapping.json_where import where_of
from bridge.mapping.language import PersonSpec, ReadHalf, RecordSet
from bridge.mapping.opened import Opened
from bridge.mapping.sheet import Sheet


def open_document(data: bytes, half: ReadHalf) -> Opened:
    """The sets of records of a document. Unreadable where it is no JSON."""
    found = document(data)
    around = _around(half)
    sheets, warnings, before = list[Sheet](), list(found.warnings), 0
    for one in half.records:
        sheet = _sheet(one, found, around, before)
        sheets.append(sheet)
        before += len(sheet)
    person = _person(half.person, found, around) if isinstance(half.person, PersonSpec) else None
    return Opened(
        tuple(one.name for one in half.records),
        tuple(sheets),
        half.records,
        left=tuple(spelled(way) for way in found.left),
        unknown=told(found.unknown),
        person=person,
        warnings=tuple(warnings),
        empty="there is no record in the document",
    )


def _around(half: ReadHalf) -> Place:
    """What is known of a document outside of its records."""
    ways = list[Way]()
    for one in half.records:
        for each in map(steps, one.each):
            ways.append(each)
            for asked in (path(text) for written in one.fields.values() for text in written):
                if asked.up == -1:
                    ways.append(asked.steps)
                elif asked.up > 0:
                    ways.append((*each[: max(len(each) - asked.up, 0)], *asked.steps))
    if isinstance(half.person, PersonSpec):
        ways += map(steps, _named(half.person))
    return known(ways, map(steps, half.ignore))


@dataclass(slots=True)
class _Collected:
    """The records of a set, and for each array of them how many there are and what lies around it."""

    taken: Taken = field(default_factory=Taken)
    counts: list[int] = field(default_factory=list)
    homes: list[Around] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _collected(spec: RecordSet, shape: Shape, found: Document, around: Place) -> _Collected:
    done = _Collected()
    taken, where = done.taken, where_of(spec)
    for name in spec.each:
        way = steps(name)
        if isinstance(found.top, Lines) and not way:
            take_lines(found.top.text, shape, taken)
            done.counts, done.homes = [taken.count], [Around()]
        for raw, home in found.reach(way, around, where):
            before, first = taken.count, first_of(raw)
            if first == b"[":
                take_array(memoryview(raw), shape, taken)
            elif first == b"{" and not name.endswith("[]"):
                take_piece(b"".join((b"[", raw, b"]")), shape, taken)
            elif first not in b"n{":
                done.warnings.append(wrong(raw, name))
            done.counts.append(taken.count - before)
            done.homes.append(home)
    return done


def _sheet(spec: RecordSet, found: Document, around: Place, before: int) -> Sheet:
    """All records of one set; `before`: records in the sets before it."""
    asked = {name: [path(text) for text in written] for name, written in spec.fields.items()}
    inside = dict.fromkeys(
        each.steps for some in asked.values() for each in some if each.up == 0 and not each.is_star
    )
    top = known(inside, (path(text).steps for text in spec.ignore))
    done = _collected(spec, Shape(top), found, around)
    done.taken.cells += [bytearray() for _ in inside][len(done.taken.cells) :]
    lists = {each.steps for some in asked.values() for each in some if each.up == 0 and each.is_list}
    cells = {
        way: (listed if way in lists else values)(lot)
        for way, lot in zip(inside, done.taken.cells, strict=True)
    }
    prefix = steps(spec.each[0])
    unknown = told(Counter({(*prefix, *way): count for way, count in done.taken.unknown.items()}))
    left = tuple(spelled(prefix, way) for way in done.taken.left)
    n = done.taken.count
    return Sheet(
        np.arange(1, n + 1, dtype=np.int32),
        np.zeros(n, np.int64),
        {
            name: first_filled([_column(each, done, cells, found, around) for each in paths])
            for name, paths in asked.items()
        },
        {name: written[0] for name, written in spec.fields.items()},
        (),
        "",
        Binding({}, left, tuple((-1, name) for name in unknown), ()),
        warnings=tuple(done.warnings),
        part=spec.name,
        before=before,
        faults={**_nested(cells, top), **done.taken.faults},
        unknown_in=unknown,
    )


def _column(
    asked: Path, done: _Collected, cells: Mapping[Way, Values], found: Document, around: Place
) -> Column:
    """What a path names, for every record of a set."""
    if not done.taken.count:
        return blank(0)
    if asked.is_star:
        return spread(texts([home.name for home in done.homes]), done.counts)
    if asked.up == 0:
        return cells[asked.steps].column
    if asked.up < 0:
        return spread(_values([found.value(asked.steps, around)], asked), [done.taken.count])
    objects = [home.objects[asked.up - 1] if len(home.objects) >= asked.up else {} for home in done.homes]
    return spread(_values([below(each, asked.steps) for each in objects], asked), done.counts)


def _values(raws: Sequence[Raw], asked: Path) -> Column:
    cells = bytearray(SEPARATOR.join((*raws, b"")))
    return (listed if asked.is_list else values)(cells).column


def _nested(cells: Mapping[Way, Values], top: Place) -> dict[int, str]:
    """Records that have an object or array where a value belongs, and why they are rejected."""
    found: dict[int, str] = {}
    for way, each in cells.items():
        if not top.at(way).is_mixed:
            for row in np.flatnonzero(each.is_nested).tolist():
                found.setdefault(row, f"{spelled(way)} is an object or array where a value belongs")
    return found


def _person(spec: PersonSpec, found: Document, around: Place) -> Person | None:
    """Whom a document names. Unreadable where it names several people."""
    name = " ".join(filter(None, (_one_of((text,), found, around) for text in spec.name)))
    born = _one_of((spec.birth_date,), found, around) if spec.birth_date else ""
    said = {system: _one_of(texts, found, around) for system, texts in spec.identifiers.items()}
    identifiers = tuple((system, text) for system, text in said.items() if text)
    return Person(name, _date(born), identifiers) if name or born or identifiers else None


def _one_of(texts: Sequence[str], found: Document, around: Place) -> str:
    """What all of some paths say, wherever they lead; '' where they say nothing."""
    said = dict[str, None]()
    for asked in map(path, texts):
        raws = [raw for raw, _ in found.reach(asked.steps, around)]
        said |= dict.fromkeys(each for each in _values(raws, asked).texts() if each)
    if len(said) > 1:
        raise Unreadable(
            f"the document is about {len(said)} people ({', '.join(map(short, said))}): it can be kept for none of "
            "them; give the answers about one"
        )
    return next(iter(said), "")


def _named(spec: PersonSpec) -> tuple[str, ...]:
    identifiers = (text for texts in spec.identifiers.values() for text in texts)
    return tuple(text for text in (*spec.name, spec.birth_date or "", *identifiers) if text)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
