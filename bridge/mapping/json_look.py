"""Which format a JSON document is of: the names in it, also where only its first bytes are there.

Law (`mapping.md`, detect): by content, never by file name; names of keys and closed words, never values of a
person. A document that nobody knows is described by the names at its top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from bridge.mapping.account import Unreadable
from bridge.mapping.json_broken import broken, completed, fault_at, is_not_a_number
from bridge.mapping.json_cells import column_of
from bridge.mapping.json_document import document, is_lines, without_halves
from bridge.mapping.json_path import ANY, steps
from bridge.mapping.json_record import elements, first_of, members
from bridge.mapping.language import JsonSignature, Signature
from bridge.mapping.text import clean

HEAD: Final = 65_536
MOST_RECORDS: Final = 50
MOST_NAMES: Final = 5
_RAW: Final = msgspec.json.Decoder(Raw)


def is_json(data: bytes) -> bool:
    """Whether bytes begin as a JSON document does. What cannot be read as text is none."""
    try:
        return clean(data[:HEAD], lines=False).data.lstrip()[:1] in (b"{", b"[")
    except Unreadable:
        return False


def head_of(data: bytes) -> Raw | None:
    """The first bytes of a document as a document of their own; None where they are no JSON. A value a line
    counts as an array."""
    text, _ = without_halves(clean(data[:HEAD], lines=False).data)
    if is_lines(text):
        lines = [line for line in text.split(b"\n")[:-1] if line.strip()]
        text = b"[" + b",".join(lines) + b"]"
    try:
        return _RAW.decode(text)
    except RecursionError:
        sound = text
    except msgspec.DecodeError as fault:
        sound = text[: fault_at(str(fault), text)]
    try:
        return _RAW.decode(completed(sound))
    except (msgspec.DecodeError, RecursionError):
        return None


def layout_of(data: bytes, signatures: Sequence[Signature]) -> str:
    """The layout of a document: that of the first signature that it shows, or whose records it could have and has
    none; '' where there is neither."""
    if not any(each.layout for each in signatures):
        return ""
    top = head_of(data)
    if top is None:
        return ""
    asked = [(each.layout, each.json_) for each in signatures if each.json_]
    fitting = (layout for layout, wanted in asked if shows(top, wanted))
    empty = (layout for layout, wanted in asked if _is_empty(top, steps(wanted.at)))
    return next(fitting, next(empty, ""))


def not_a_number(data: bytes) -> str | None:
    """The sentence for first bytes in which NaN or Infinity stands for a number; None where none does."""
    text, _ = without_halves(clean(data[:HEAD], lines=False).data)
    try:
        _RAW.decode(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        return broken(text, str(fault)) if is_not_a_number(text, fault_at(str(fault), text)) else None
    return None


def is_broken(data: bytes) -> bool:
    """Whether bytes that begin as a JSON document does are none, as far as they go."""
    try:
        document(data)
    except Unreadable:
        return len(data) <= HEAD
    return False


def shows(top: Raw, wanted: JsonSignature) -> bool:
    """Whether a document has the names of a signature, in the object there or in one of the first records."""
    return any(_fits(found, wanted) for found in _objects(top, steps(wanted.at)))


def _is_empty(raw: Raw, way: tuple[str, ...]) -> bool:
    """Whether there is an array without elements at a place."""
    if not way:
        return first_of(raw) == b"[" and not elements(raw)
    inner = (members(raw) or {}).get(way[0])
    return inner is not None and _is_empty(inner, way[1:])


def _objects(raw: Raw, way: tuple[str, ...]) -> Iterator[dict[str, Raw]]:
    if first_of(raw) == b"[":
        for element in elements(raw)[:MOST_RECORDS]:
            yield from _objects(element, way)
        return
    found = members(raw)
    if found is None:
        return
    if not way:
        yield found
        return
    for name in found if way[0] == ANY else way[:1]:
        if name in found:
            yield from _objects(found[name], way[1:])


def _fits(found: dict[str, Raw], wanted: JsonSignature) -> bool:
    if not all(name in found for name in wanted.keys) or any(name in found for name in wanted.without):
        return False
    return all(
        _text(found[name]).casefold() in {word.casefold() for word in words} if name in found else False
        for name, words in wanted.values.items()
    )


def _text(raw: Raw) -> str:
    return column_of((raw,)).text(0)


def names(top: Raw) -> tuple[str, ...]:
    """The first names at the top of a document, or of its first record."""
    found: Iterable[str] = next(_objects(top, ()), {})
    return tuple(found)[:MOST_NAMES]
