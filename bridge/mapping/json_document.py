"""A JSON document walked down to its records: which arrays a mapping reads, and what lies around them.

Law: what is passed on the way is accounted for: a name that is neither wanted nor known is counted with its
path. An array on the way is entered, element by element. A document may be one value, or several: a value a line,
or answers saved one after the other (which count as an array). Nothing is guessed about a document that is
damaged: `json_broken` names the place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import Raw

from bridge.mapping.account import Unreadable
from bridge.mapping.json_broken import broken, fault_at, moved
from bridge.mapping.json_path import ANY, Place, spelled
from bridge.mapping.json_record import Way, elements, first_of, kind_of, members
from bridge.mapping.json_where import ANYWHERE, Where
from bridge.mapping.text import Clean, clean

MOST_VALUES: Final = 10_000
MOST_BETWEEN: Final = 1024
"""Blank bytes between two lines."""
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_TOP: Final = msgspec.json.Decoder(Raw)
TOO_DEEP: Final = "the document is nested deeper than any export: it is damaged or made to do harm"


@dataclass(slots=True)
class Lines:
    """A document with a value a line."""

    text: bytes
    _values: list[Raw] | None = None

    def values(self) -> list[Raw]:
        """The value of each line. Unreadable where one is no JSON."""
        if self._values is None:
            try:
                self._values = _TOP.decode_lines(self.text)
            except msgspec.DecodeError as fault:
                raise Unreadable(broken(self.text, str(fault))) from fault
        return self._values


@dataclass(frozen=True, slots=True)
class Around:
    """What lies around a record: the objects from the nearest on, the name that the last * stood for, and which
    demands on the way they met."""

    objects: tuple[dict[str, Raw], ...] = ()
    name: str = ""
    met: frozenset[str] = frozenset()


@dataclass(slots=True)
class Document:
    """A document: its top value, and what was met on the ways through it."""

    top: Raw | Lines
    warnings: tuple[str, ...]
    unknown: Counter[Way] = field(default_factory=Counter)
    left: dict[Way, None] = field(default_factory=dict)
    _opened: dict[int, tuple[Raw, dict[str, Raw] | None]] = field(default_factory=dict)
    _taken: dict[int, tuple[Raw, dict[str, Raw] | None]] = field(default_factory=dict)
    _listed: dict[int, tuple[Raw, list[Raw]]] = field(default_factory=dict)

    def check(self) -> None:
        """Take the top object apart. msgspec.DecodeError where the text is no JSON."""
        if isinstance(self.top, Raw):
            self._taken[id(self.top)] = self.top, members(self.top)

    def members(self, raw: Raw, way: Way, known: Place) -> dict[str, Raw] | None:
        """The members of an object on the way, accounted for the first time that it is met. Records that other
        records lie in are accounted for as records."""
        if id(raw) not in self._opened:
            _, found = self._taken.get(id(raw)) or (raw, members(raw))
            self._opened[id(raw)] = raw, found
            here = _at(known, way)
            for name in () if way and here.leaf >= 0 else found or ():
                place = here.child(name)
                if place is None:
                    self.unknown[*way, name] += 1
                elif place.left:
                    self.left[*way, name] = None
        return self._opened[id(raw)][1]

    def _elements(self, raw: Raw) -> list[Raw]:
        if id(raw) not in self._listed:
            self._listed[id(raw)] = raw, elements(raw)
        return self._listed[id(raw)][1]

    def reach(self, way: Way, known: Place, where: Where = ANYWHERE) -> Iterator[tuple[Raw, Around]]:
        """The values at the end of a way, each with what lies around it. Lines that are records themselves are not
        entered."""
        if isinstance(self.top, Raw):
            yield from self._reach(self.top, way, (), Around(), known, where)
        elif way and known.leaf < 0:
            for line in self.top.values():
                yield from self._reach(line, way, (), Around(), known, where)

    def _reach(
        self, raw: Raw, way: Way, here: Way, around: Around, known: Place, where: Where
    ) -> Iterator[tuple[Raw, Around]]:
        if not way:
            if where.is_met(around.met):
                yield raw, around
            return
        if first_of(raw) == b"[":
            for element in self._elements(raw):
                yield from self._reach(element, way, here, around, known, where)
            return
        found = self.members(raw, here, known)
        met = None if found is None else where.met(found)
        if found is None or met is None:
            return
        step, *rest = way
        for name in found if step == ANY else (step,):
            if name in found:
                star = name if step == ANY else around.name
                inner = Around((found, *around.objects), star, around.met | met)
                yield from self._reach(found[name], tuple(rest), (*here, step), inner, known, where)

    def value(self, way: Way, known: Place) -> Raw:
        """One value of the document; null where it is not there."""
        for raw, _ in self.reach(way, known):
            return raw
        return Raw(b"null")


def _at(known: Place, way: Way) -> Place:
    place = known
    for step in way:
        place = place.child(step) or Place()
    return place


def below(found: dict[str, Raw], way: Way) -> Raw:
    """A value below an object; null where it is not there."""
    raw: Raw | None = None
    for number, step in enumerate(way):
        raw = found.get(step)
        inner = members(raw) if raw is not None and number + 1 < len(way) else {}
        if raw is None or inner is None:
            return Raw(b"null")
        found = inner
    return Raw(b"null") if raw is None else raw


def document(data: bytes) -> Document:
    """The document in some bytes. Unreadable where it is broken: with the place."""
    text: Clean = clean(data, lines=False)
    plain, halves = without_halves(text.data)
    warnings = text.warnings + ((f"{halves} halves of a character were replaced",) if halves else ())
    if is_lines(plain):
        return Document(Lines(plain), warnings)
    try:
        return _whole(plain.lstrip(), warnings)
    except RecursionError as fault:
        raise Unreadable(TOO_DEEP) from fault
    except msgspec.DecodeError as fault:
        values = several(plain, str(fault))
        return Document(_TOP.decode(b"".join((b"[", b",".join(values), b"]"))), warnings)


def several(text: bytes, fault: str) -> list[bytes]:
    """The values of a text that holds one after the other; `fault`: what the parser said of the first one.
    Unreadable where it is something else."""
    found, at = list[bytes](), 0
    while "trailing characters" in fault and len(found) < MOST_VALUES and text[at : at + 1] in (b"{", b"["):
        stop = fault_at(fault, text) - 1
        found.append(text[at:stop])
        at = stop
        try:
            _TOP.decode(memoryview(text)[at:])
        except msgspec.DecodeError as again:
            fault = moved(str(again), at)
        else:
            return [*found, text[at:]]
    raise Unreadable(broken(text, fault))


def _whole(text: bytes, warnings: tuple[str, ...]) -> Document:
    """A document of one value; its first walk is also what checks that it is JSON to its end."""
    if text.startswith(b"{"):
        found = Document(Raw(text), warnings)
        found.check()
        return found
    return Document(_TOP.decode(text), warnings)


def without_halves(text: bytes) -> tuple[bytes, int]:
    """The text with U+FFFD for escapes that are half of a surrogate pair, and how many; the parser would refuse
    the whole document for one (phones cut texts off inside an emoji)."""
    # One letter is looked for at the speed of memory, three are not.
    first = text.find(b"\\")
    if first < 0 or (text.find(b"\\ud", first) < 0 and text.find(b"\\uD", first) < 0):
        return text, 0
    count = 0

    def whole(escape: re.Match[bytes]) -> bytes:
        nonlocal count
        if escape["half"] is None:
            return escape[0]
        count += 1
        return b"\\ufffd"

    found = _ESCAPE.sub(whole, text)
    return (found, count) if count else (text, 0)


def is_lines(text: bytes) -> bool:
    """Whether a text has an object a line: its first line is one, and there is more below."""
    end = text.find(b"\n")
    if end < 0:
        return False
    line, rest = text[:end].strip(), text[end : end + MOST_BETWEEN].lstrip()
    if not line.startswith(b"{") or not rest.startswith(b"{"):
        return False
    try:
        _TOP.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def wrong(raw: Raw, name: str) -> str:
    """A warning for something that stands where records belong."""
    return f"{name} is {kind_of(raw)} where records belong: no record was read there"


def told(ways: Counter[Way]) -> dict[str, int]:
    """Names with their paths, as they are told."""
    return {spelled(way): count for way, count in ways.items() if count}
