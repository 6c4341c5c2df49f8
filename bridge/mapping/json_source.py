"""A JSON document as sheets: one for each set of records, its fields found by paths.

Law (`mapping.md`): the one record reader of all JSON sources. A record becomes a row whose cells are what was
written; values of the document, and of the objects around an array, stand in every row below them. A set that
a document does not have is empty, not wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import Column, blank
from bridge.mapping.header import Binding
from bridge.mapping.json_array import Taken, take_array, take_lines, take_piece
from bridge.mapping.json_cells import Values, column_of, first_filled, listed, spread, texts, values
from bridge.mapping.json_document import Around, Document, Lines, below, document, told, wrong
from bridge.mapping.json_look import layout_of
from bridge.mapping.json_lot import Lot
from bridge.mapping.json_path import Path, Place, known, path, spelled, steps
from bridge.mapping.json_person import person_in, ways_to
from bridge.mapping.json_record import Shape, Way, first_of
from bridge.mapping.json_where import where_of
from bridge.mapping.language import PersonSpec, ReadHalf, RecordSet, Signature
from bridge.mapping.opened import Opened
from bridge.mapping.sheet import Sheet


def open_document(data: bytes, signatures: Sequence[Signature], half: ReadHalf) -> Opened:
    """The sets of records of a document. Unreadable where it is no JSON, of none of the layouts, or names several
    persons."""
    found = document(data)
    layout = layout_of(data, signatures)
    there = [(one, arrays) for one in half.records if (arrays := one.arrays_in(layout))]
    if not there:
        raise Unreadable("the document is none of those that this format has: give it as it was received")
    around = _around(half, there)
    sheets, warnings, before = list[Sheet](), list(found.warnings), 0
    for one, arrays in there:
        sheet = _sheet(one, arrays, found, around, before)
        sheets.append(sheet)
        before += len(sheet)
    return Opened(
        tuple(one.name for one, _ in there),
        tuple(sheets),
        tuple(one for one, _ in there),
        left=tuple(spelled(way) for way in found.left),
        unknown=told(found.unknown),
        person=person_in(half.person, layout, found, around),
        warnings=tuple(warnings),
        empty="there is no record in the document",
    )


def _around(half: ReadHalf, there: Sequence[tuple[RecordSet, Sequence[str]]]) -> Place:
    """What is known of a document outside of its records. `there`: the sets that its layout has."""
    ways = list[Way]()
    for one, arrays in there:
        for each in map(steps, arrays):
            ways.append(each)
            for asked in (path(text) for written in one.fields.values() for text in written):
                if asked.up == -1:
                    ways.append(asked.steps)
                elif asked.up > 0:
                    ways.append((*each[: max(len(each) - asked.up, 0)], *asked.steps))
    if isinstance(half.person, PersonSpec):
        ways += ways_to(half.person)
    return known(ways, map(steps, half.ignore))


@dataclass(slots=True)
class _Collected:
    """The records of a set, and for each array of them how many there are and what lies around it."""

    taken: Taken = field(default_factory=Taken)
    counts: list[int] = field(default_factory=list)
    homes: list[Around] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _collected(
    spec: RecordSet, arrays: Sequence[str], shape: Shape, found: Document, around: Place
) -> _Collected:
    done = _Collected()
    taken, where = done.taken, where_of(spec)
    for name in arrays:
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


def _sheet(spec: RecordSet, arrays: Sequence[str], found: Document, around: Place, before: int) -> Sheet:
    """All records of one set, in these arrays; `before`: records in the sets before it."""
    asked = {name: [path(text) for text in written] for name, written in spec.fields.items()}
    inside = dict.fromkeys(
        each.steps for some in asked.values() for each in some if each.up == 0 and not each.is_star
    )
    top = known(inside, (path(text).steps for text in spec.ignore))
    done = _collected(spec, arrays, Shape(top), found, around)
    done.taken.cells += [Lot() for _ in inside][len(done.taken.cells) :]
    lists = {each.steps for some in asked.values() for each in some if each.up == 0 and each.is_list}
    cells = {
        way: (listed if way in lists else values)(lot)
        for way, lot in zip(inside, done.taken.cells, strict=True)
    }
    prefix = steps(arrays[0])
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
        return spread(
            column_of([found.value(asked.steps, around)], is_list=asked.is_list), [done.taken.count]
        )
    objects = [home.objects[asked.up - 1] if len(home.objects) >= asked.up else {} for home in done.homes]
    return spread(
        column_of([below(each, asked.steps) for each in objects], is_list=asked.is_list), done.counts
    )


def _nested(cells: Mapping[Way, Values], top: Place) -> dict[int, str]:
    """Records that have an object or array where a value belongs, and why they are rejected."""
    found: dict[int, str] = {}
    for way, each in cells.items():
        if not top.at(way).is_mixed:
            for row in np.flatnonzero(each.is_nested).tolist():
                found.setdefault(row, f"{spelled(way)} is an object or array where a value belongs")
    return found
