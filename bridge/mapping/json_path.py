"""Paths in a JSON document, as a mapping writes them, and what is known at each place of one.

Law: names parted by dots; `[]` after a name says that it is an array (arrays are entered either way; at the end
of `each` it says that a single object there is no record, at the end of a field that the array's values are read
as one text); `*` stands for any name; `$` is the top of the
document, `^` the object around the array that a record lies in, `^^` the one around that; a lone `*` is the
name that a `*` of `each` stood for.
Rejected: JSONPath (filters and slices are code, and no two libraries agree on them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

ANY: Final = "*"
_NAME: Final = r"(?:\*|[^.*\[\]^]+)(?:\[\])*"
_FORM: Final = re.compile(rf"(?:\$|\^+)(?:\[\])*(?:\.{_NAME})*|{_NAME}(?:\.{_NAME})*")
_PREFIX: Final = re.compile(r"(\$|\^+)(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Path:
    """Steps down from the record (`up` 0), from the document (`up` -1), or from the `up`-th object around.
    `is_list`: at the end is an array of values."""

    up: int
    steps: tuple[str, ...]
    is_list: bool = False

    @property
    def is_star(self) -> bool:
        """Whether it asks for the name that a * stood for."""
        return self.up == 0 and self.steps == (ANY,)


def is_path(text: str) -> bool:
    """Whether a text is a path of this grammar."""
    return _FORM.fullmatch(text) is not None


def path(text: str) -> Path:
    """A path as a mapping writes it."""
    plain = text.replace("[]", "")
    found = _PREFIX.match(plain)
    up = 0 if found is None else -1 if found[1] == "$" else len(found[1])
    rest = plain if found is None else plain[found.end() :]
    return Path(up, tuple(rest.split(".")) if rest else (), text.endswith("[]"))


def steps(text: str) -> tuple[str, ...]:
    """The steps of a path from the top of the document: `$.a.b` and `a.b` are the same."""
    return path(text).steps


def spelled(*parts: Iterable[str]) -> str:
    """Steps as they are told: `records.value`."""
    return ".".join(step for part in parts for step in part)


@dataclass(slots=True)
class Place:
    """What is known at one place: names below it, whether its value is wanted (`leaf`: its number) or known
    and not wanted (`left`)."""

    below: dict[str, Place] = field(default_factory=dict)
    leaf: int = -1
    left: bool = False

    def at(self, way: Iterable[str]) -> Place:
        """The place at the end of a way, made where it is new."""
        place = self
        for step in way:
            place = place.below.setdefault(step, Place())
        return place

    def child(self, name: str) -> Place | None:
        """The place under a name, or under *."""
        return self.below.get(name) or self.below.get(ANY)

    @property
    def leaves_rest(self) -> bool:
        """Whether every name below that is not known by itself is known and not wanted (`ignore: a.*`)."""
        rest = self.below.get(ANY)
        return rest is not None and rest.left and rest.leaf < 0 and not rest.below

    @property
    def is_mixed(self) -> bool:
        """Whether it is a value in some records and an object in others."""
        return bool(self.below) and (self.leaf >= 0 or self.left)


def known(ways: Iterable[tuple[str, ...]], left: Iterable[tuple[str, ...]]) -> Place:
    """The places of wanted ways, numbered in their order, and of those that are known and not wanted."""
    top = Place()
    for number, way in enumerate(ways):
        top.at(way).leaf = number
    for way in left:
        top.at(way).left = True
    return top


def places(top: Place, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Every place below, with the way there."""
    for name, place in top.below.items():
        yield (*way, name), place
        yield from places(place, (*way, name))
