"""Segments as text: every leaf of every field is escaped here, and nothing else puts a message together.

Law: HL7 v2.5.1 2.7 (escape sequences): the five delimiters of this message and every control character are written as
escapes, so no text of a person or a mapping can end a field, a segment or an MLLP frame. Characters beyond ASCII stay
what they are, in the character set that MSH-18 names; one that this set lacks is a fault, never a question mark.
Containers and joining are python-hl7's.

Rejected: python-hl7's own `escape` (it writes every character beyond ASCII as a bare code point, which no receiver can
read back), hl7apy's (it lets carriage returns and component separators through when a whole field is set).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

from hl7 import Component, Field, Message, Repetition, Segment

Part: TypeAlias = "str | tuple[str, ...]"
"""A component, or its subcomponents."""
Value: TypeAlias = "str | tuple[Part, ...]"
"""A field of one component, or its components."""
Line: TypeAlias = "tuple[str, Sequence[Value]]"
"""A segment: its name and its fields from the first on."""

CHARSETS: Final = {"UNICODE UTF-8": "utf-8", "8859/1": "latin-1", "ASCII": "ascii"}
"""HL7 table 0211 and Python's name of the codec."""
_ESCAPES: Final = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_SPECIAL: Final = re.compile(r"[\\|^&~\x00-\x1f\x7f]")
_BREAKS: Final = re.compile(r"\r\n|\n|\u2028|\u2029|\x85")
"""Ends of a line, all of which become one carriage return, escaped."""


class Unwritable(Exception):
    """A text has a character that the receiver's character set lacks. The text is not told."""


def escaped(text: str) -> str:
    """A text as it stands in a message with the delimiters `|^~\\&`."""
    if text.isalnum():
        return text
    return _SPECIAL.sub(lambda found: _escape(found[0]), _BREAKS.sub("\r", text))


def _escape(character: str) -> str:
    return _ESCAPES.get(character) or f"\\X{ord(character):02X}\\"


def message(lines: Iterable[Line], charset: str) -> bytes:
    """The message with these segments, the first of which is MSH from MSH-3 on. Unwritable where its character set
    lacks a character."""
    text = str(Message("\r", [_segment(*line) for line in lines]))
    try:
        return text.encode(CHARSETS[charset])
    except UnicodeEncodeError as lacking:
        raise Unwritable from lacking


def is_writable(lines: Iterable[Line], charset: str) -> bool:
    """Whether the character set has every character of these segments."""
    try:
        "".join(_leaves([fields for _, fields in lines])).encode(CHARSETS[charset])
    except UnicodeEncodeError:
        return False
    return True


def _leaves(values: Iterable[object]) -> Iterator[str]:
    for each in values:
        if isinstance(each, str):
            yield each
        elif isinstance(each, tuple | list):
            yield from _leaves(each)


def _segment(name: str, fields: Sequence[Value]) -> Segment:
    head = [Field("~", [name])]
    if name == "MSH":
        head += [Field("", ["|"]), Field("", ["^~\\&"])]
    return Segment("|", [*head, *(_field(value) for value in _shortened(fields))])


_Some = TypeVar("_Some", bound=Value)


def _shortened(fields: Sequence[_Some]) -> Sequence[_Some]:
    """Without empty fields at the end (2.6.2)."""
    end = len(fields)
    while end and not any(fields[end - 1]):
        end -= 1
    return fields[:end]


def _field(value: Value) -> Repetition | str:
    if isinstance(value, str):
        return escaped(value)
    return Repetition("^", [_component(part) for part in _shortened(value)])


def _component(part: Part) -> Component | str:
    return escaped(part) if isinstance(part, str) else Component("&", [escaped(leaf) for leaf in part])
