"""A stranger's message taken apart by the signs that it names itself, and its escapes read.

Law: HL7 v2.5.1 2.5.4 and 2.15.9.1-2 (MSH-1 and 2 name the signs), 2.7 (escape sequences). One message, or none: where
MSH does not come first or comes twice it is not told apart whom the rest is about. Signs, `\\X..\\`, highlighting,
character sets and formatting are read; a formatting command is one blank, however many it asks for. Any other
sequence, or half of one, is unreadable: whoever asked for the text is told so. Nothing is logged and nothing is quoted.

Rejected: python-hl7's parser and `unescape` for what strangers send (it writes what it cannot read into the log, and
makes as many blanks as `\\.sp` asks for).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

USUAL: Final = "^~\\&"
"""Signs of components, repetitions, escapes and subcomponents, for those that MSH-2 leaves out."""
_SIGN: Final = re.compile(r"[!-/:-@\[-`{-~]")
_BREAK: Final = re.compile(r"\r\n|\n")
_SILENT: Final = re.compile(r"[HN]|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?")
"""Highlighting and changes of character set, which are no text (2.7.2, 2.7.3)."""
_LAYOUT: Final = re.compile(r"\.[a-z]{2}[+-]?[0-9]*")
_HEX: Final = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")


class Unreadable(Exception):
    """A text has an escape sequence that says nothing. The text is not told."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A message as it came. `signs`: of fields, components, repetitions, escapes and subcomponents; `segments`: the
    fields of each, numbered as HL7 does, from its name on."""

    signs: str
    segments: tuple[tuple[str, ...], ...] = field(repr=False)

    def named(self, name: str) -> Iterator[tuple[str, ...]]:
        """The segments of that name."""
        return (each for each in self.segments if each[0] == name)

    def repeated(self, segment: tuple[str, ...], at: int) -> Iterator[list[str]]:
        """A field's repetitions, each as its components. Escapes stand in them still."""
        for each in raw(segment, at).split(self.signs[2]):
            yield each.split(self.signs[1])

    def parts(self, component: str) -> list[str]:
        """The subcomponents of a component, read and without blanks around them. Raises Unreadable."""
        return [self.read(each).strip() for each in component.split(self.signs[4])]

    def text(self, segment: tuple[str, ...], at: int) -> str:
        """A field that is one text. Raises Unreadable."""
        return self.read(raw(segment, at)).strip()

    def read(self, text: str) -> str:
        """A text without its escapes. Raises Unreadable."""
        pieces = text.split(self.signs[3])
        if len(pieces) % 2 == 0:
            raise Unreadable
        return "".join(self._meant(each) if at % 2 else each for at, each in enumerate(pieces))

    def _meant(self, code: str) -> str:
        place = "FSRET".find(code) if len(code) == 1 else -1
        if place >= 0:
            return self.signs[place]
        if found := _HEX.fullmatch(code):
            return _of_bytes(bytes.fromhex(found[1]))
        if _LAYOUT.fullmatch(code):
            return " "
        if _SILENT.fullmatch(code):
            return ""
        raise Unreadable


def foreign(body: bytes) -> Foreign | None:
    """The message that these bytes are; None where they are none, or several."""
    text = _BREAK.sub("\r", body.decode("utf-8", "replace").removeprefix("\ufeff")).strip("\r ")
    signs = _signs(text)
    if signs is None:
        return None
    rows = [line.lstrip().split(signs[0]) for line in text.split("\r") if line.strip()]
    segments = [(name.strip().upper(), *fields) for name, *fields in rows]
    if [name for name, *_ in segments].count("MSH") != 1:
        return None
    head, *rest = segments
    return Foreign(signs, ((head[0], signs[0], *head[1:]), *rest))


def raw(segment: tuple[str, ...], at: int) -> str:
    """A field as it stands there; '' where the segment ends before it."""
    return segment[at] if len(segment) > at else ""


def _signs(text: str) -> str | None:
    if not text.startswith("MSH") or not _SIGN.fullmatch(text[3:4]):
        return None
    told = text[4:].partition("\r")[0].partition(text[3])[0][: len(USUAL)]
    signs = f"{text[3]}{told}{USUAL[len(told) :]}"
    return signs if len(set(signs)) == len(signs) and all(map(_SIGN.fullmatch, signs)) else None


def _of_bytes(some: bytes) -> str:
    try:
        return some.decode()
    except UnicodeDecodeError:
        return some.decode("latin-1")
