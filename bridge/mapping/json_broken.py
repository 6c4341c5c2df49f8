"""Where a JSON document is broken, and what a document cut short still shows of itself.

Law: a fault names the record and the path, as a person counts (1 = the first), never a value. The same walk over
brackets completes the first bytes of a large document, so that its format is seen without all of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_CLOSED: Final = {b"{": b"}", b"[": b"]"}
MOST_STEPS: Final = 8
MOST_DEEP: Final = 100
MOST_NAME: Final = 40
MOST_WALKED: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class _Open:
    """An object or array that is open: its bracket, the last name in it, and how many elements came before."""

    bracket: bytes
    name: str = ""
    count: int = 0


@dataclass(slots=True)
class _Walked:
    """A walk: what is open at its end, and the last comma with what was open there."""

    open: list[_Open]
    comma: int = -1
    closers: bytes = b""


def _walk(text: bytes) -> _Walked:
    found, last = _Walked([]), b""
    for token in _TOKEN.finditer(text):
        said = token[0]
        if len(found.open) > MOST_DEEP:
            break
        if said in _CLOSED:
            found.open.append(_Open(said))
        elif said in (b"}", b"]") and found.open:
            found.open.pop()
        elif said == b"," and found.open:
            found.open[-1].count += 1
            found.comma = token.start()
            found.closers = b"".join(_CLOSED[each.bracket] for each in reversed(found.open))
        elif said == b":" and found.open:
            found.open[-1].name = last[1:-1].decode("utf-8", "replace")[:MOST_NAME]
        last = said
    return found


def fault_at(fault: str, text: bytes) -> int:
    """The byte at which a parser stopped (0 = the first), the end where it ran out of text."""
    found = _BYTE.search(fault)
    return int(found[1]) if found else len(text)


def moved(fault: str, by: int) -> str:
    """What a parser said of the rest of a text, as of the whole one."""
    return _BYTE.sub(lambda found: f"(byte {int(found[1]) + by})", fault)


def broken(text: bytes, fault: str) -> str:
    """The sentence for a document that is no JSON, from the fault that the parser told."""
    at = fault_at(fault, text)
    place = _place(_walk(text[: min(at, MOST_WALKED)]))
    if at >= len(text) or "truncated" in fault:
        return f"the document ends {place}: it was cut off, download it again"
    why = fault.removeprefix("JSON is malformed: ").partition(" (byte")[0]
    if is_not_a_number(text, at):
        return (
            f"the document is no JSON {place} (byte {at + 1}): NaN and Infinity are no numbers of JSON, though some "
            "programs write them; put null in their place, or have the program that wrote it leave them out"
        )
    return f"the document is no JSON {place} (byte {at + 1}): {why}; it is damaged, download it again"


def is_not_a_number(text: bytes, at: int) -> bool:
    """Whether a parser stopped at NaN or Infinity; at `-Infinity` it stops behind the sign."""
    return text[at : at + 3] in (b"NaN", b"Inf", b"-In")


def _place(found: _Walked) -> str:
    if not found.open:
        return "at its beginning"
    record, named = 0, list[str]()
    for each in found.open:
        if each.bracket == b"[":
            record, named = (record, [*named, "[]"]) if record else (each.count + 1, named)
        elif each.name:
            named.append(each.name)
    path = ".".join(named[:MOST_STEPS])
    where = f"in record {record}" if record else "inside"
    return f"{where}, at {path}" if path else where


def completed(text: bytes) -> bytes:
    """A document cut short, without the value in which it ends, and closed."""
    found = _walk(text)
    if not found.open:
        return text
    if found.comma >= 0:
        return text[: found.comma] + found.closers
    return found.open[0].bracket + _CLOSED[found.open[0].bracket]
