"""Records taken apart: by structs where they are as the mapping knows them, else one by one.

Law: a struct forbids every name that is not known, so what it takes it takes whole; `tolerant` is the meaning
of both (a property test): an unknown name is counted, a record that is no object, or has a value where an
object belongs, is rejected alone. Where a name may have a value or an object (Mongo's {"$oid": …}) the structs take
values until a piece has objects there, and objects from then on. Cells are the bytes that were written, so that
5.0 stays 5.0; of a name that occurs twice the last one counts (RFC 8259 leaves it open).
Rejected: Python's floats and datetimes on the way (they round, and cost an object for each cell).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Raw
from msgspec.structs import astuple

from bridge.mapping.json_path import ANY, Place, places, spelled

Cell: TypeAlias = Raw | bytes
Way: TypeAlias = tuple[str, ...]
MISSING: Final = Raw(b"")
_ODD: Final = re.compile(r'["\\\x00-\x1f]')
MOST_LEARNED: Final = 64
"""So many unknown names are learned, that a vendor's new field makes no file slow."""
KINDS: Final = {
    b"{": "an object", b"[": "an array", b'"': "a text", b"t": "true", b"f": "false", b"n": "null", b"": "nothing",
}  # fmt: skip
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_ARRAY: Final = msgspec.json.Decoder(list[Raw])
_Plan: TypeAlias = list["tuple[msgspec.Struct, _Plan] | None"]


def first_of(raw: Cell) -> bytes:
    """The first byte of a value."""
    return bytes(memoryview(raw)[:1])


def kind_of(raw: Cell) -> str:
    """What a value is, for a sentence."""
    return KINDS.get(first_of(raw), "a number")


def members(raw: Cell) -> dict[str, Raw] | None:
    """The members of an object; None where it is none."""
    return _OBJECT.decode(raw) if first_of(raw) == b"{" else None


def elements(raw: Cell) -> list[Raw]:
    """The elements of an array."""
    return _ARRAY.decode(raw)


@dataclass(frozen=True, slots=True)
class One:
    """A record taken apart by itself: its cells by the number of the leaf, or why it cannot be."""

    cells: list[Cell]
    why: str = ""
    unknown: tuple[Way, ...] = ()
    left: tuple[Way, ...] = ()


@dataclass(slots=True)
class _Walk:
    cells: list[Cell]
    unknown: dict[Way, None] = field(default_factory=dict)
    left: dict[Way, None] = field(default_factory=dict)
    why: str = ""


def tolerant(raw: Cell, top: Place, width: int) -> One:
    """One record, whatever it is."""
    walk = _Walk([MISSING] * width)
    found = members(raw)
    if found is None:
        return One(walk.cells, f"the record is no object but {kind_of(raw)}")
    _walked(found, top, (), walk)
    cells: list[Cell] = [MISSING] * width if walk.why else walk.cells
    return One(cells, walk.why, tuple(walk.unknown), tuple(walk.left))


def _walked(found: dict[str, Raw], top: Place, way: Way, walk: _Walk) -> None:
    for name, value in found.items():
        if top.leaves_rest and name not in top.below:
            continue
        here, place = (*way, name), top.child(name)
        if place is None:
            walk.unknown[here] = None
            continue
        inner = members(value) if place.below else None
        if inner is not None:
            _walked(inner, place, here, walk)
        elif place.leaf >= 0:
            walk.cells[place.leaf] = value
        elif place.left:
            walk.left[here] = None
        elif first_of(value) != b"n":
            walk.why = walk.why or f"{spelled(here)} is {kind_of(value)} where an object belongs"


class Shape:
    """Structs for records of one set, made from what is known of them, and of names learned on the way."""

    def __init__(self, top: Place) -> None:
        self.top = top
        self.places = dict(places(top))
        self.width = sum(place.leaf >= 0 for place in self.places.values())
        self.rests = {way: None for way in self.places if way[-1] == ANY and self._is_rest(way)}
        self.is_quick = not any(ANY in way and way not in self.rests for way in self.places)
        self._mixed = frozenset(way for way, place in self.places.items() if place.is_mixed)
        self._objects: frozenset[Way] = frozenset()
        self._learned: dict[Way, None] = {}
        self._build()

    def _is_rest(self, way: Way) -> bool:
        return ANY not in way[:-1] and (self.places[way[:-1]] if way[:-1] else self.top).leaves_rest

    def _build(self) -> None:
        learned = Place()
        for way in self._learned:
            learned.at(way).left = True
        self.ways: list[Way] = []
        kind, self._plan = self._struct(self.top, learned, ())
        self._many: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._asked = [(place, way) for place, way in enumerate(self.ways) if way in self._mixed]
        wanted = (way for way, place in self.places.items() if place.leaf >= 0)
        self._untold = [way for way in wanted if way not in self.ways]
        self.ways += self._untold

    def _struct(self, top: Place, learned: Place, way: Way) -> tuple[Any, _Plan]:
        """A struct with a field for each name known or learned; `ways` are its leaves, in order."""
        fields: list[tuple[str, Any, Any]] = []
        names: dict[str, str] = {}
        plan: _Plan = []
        rest = top.leaves_rest
        for name in dict.fromkeys([*top.below, *learned.below]):
            if rest and name == ANY:
                continue
            here, new = top.below.get(name, Place()), learned.below.get(name, Place())
            slot = f"f{len(fields)}"
            names[slot] = name
            one = (*way, name)
            if (here.below or new.below) and (one not in self._mixed or one in self._objects):
                kind, inner = self._struct(here, new, one)
                fields.append((slot, kind | None, None))
                plan.append((kind(), inner))
            else:
                self.ways.append(one)
                fields.append((slot, Raw, MISSING))
                plan.append(None)
        made = msgspec.defstruct("Record", fields, rename=names, forbid_unknown_fields=not rest, gc=False)
        return made, plan

    def learn(self, ways: Sequence[Way]) -> None:
        """Know more names from here on, so that they are counted quickly. Structs take no names with quotes,
        backslashes or control characters: a record with such a one is taken apart by itself."""
        fresh = dict.fromkeys(
            way for way in ways if way not in self._learned and not any(map(_ODD.search, way))
        )
        if fresh and self.is_quick and len(self._learned) + len(fresh) <= MOST_LEARNED:
            self._learned |= fresh
            self._build()

    def quickly(self, array: bytes) -> list[tuple[Cell, ...]]:
        """The columns of an array of records, one for each of `ways`. msgspec.ValidationError where a record
        does not fit, msgspec.DecodeError where the text is no JSON."""
        records = self._many.decode(array)
        if not records:
            return [() for _ in self.ways]
        columns = list(_flat(records, self._plan))
        nested = frozenset(way for place, way in self._asked if _holds_objects(columns[place]))
        if nested:
            return self._as_objects(nested, array)
        return [*columns, *((MISSING,) * len(records) for _ in self._untold)]

    def _as_objects(self, nested: frozenset[Way], array: bytes) -> list[tuple[Cell, ...]]:
        """The columns again, some names taken for objects; as before where that does not fit either."""
        before, self._objects = self._objects, self._objects | nested
        self._build()
        try:
            return self.quickly(array)
        except msgspec.ValidationError:
            self._objects = before
            self._build()
            raise


def _holds_objects(column: Sequence[Cell]) -> bool:
    """Whether any cell is an object; JSON holds no control character."""
    return b"\x1f{" in b"\x1f" + b"\x1f".join(column)


def _flat(records: Sequence[msgspec.Struct], plan: _Plan) -> Iterator[tuple[Cell, ...]]:
    columns = list(zip(*map(astuple, records), strict=True))
    for column, inner in zip(columns, plan, strict=True):
        if inner is None:
            yield column
        elif column.count(None) == len(column):
            yield from ((MISSING,) * len(column) for _ in range(_leaves(inner[1])))
        else:
            blank, deeper = inner
            yield from _flat([blank if each is None else each for each in column], deeper)


def _leaves(plan: _Plan) -> int:
    return sum(1 if inner is None else _leaves(inner[1]) for inner in plan)
