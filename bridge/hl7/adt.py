"""What an ADT message says of a record: which event, which numbers, which name and birth date; and the answer to it.

Law: HL7 v2.5.1 3.3 (events), 3.4.2 (PID), 3.4.9 (MRG), 2.9.2 and 2.9.3 (acknowledgement). Read from a stranger's text:
what has another form than it should is as if it were not there. Nothing of it is kept and nothing is quoted. The answer
names the message by its control id and nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import hl7

from bridge.hl7.segments import VERSION, stamp
from bridge.hl7.text import Value, message
from bridge.period import Instant

IDENTITY: Final = frozenset(
    {"A18", "A23", "A24", "A29", "A30", "A34", "A35", "A36", "A37", "A39", "A40", "A41", "A42", "A43", "A44", "A45",
     "A46", "A47", "A48", "A49", "A50", "A51"}
)  # fmt: skip
"""Events that merge, move, link, unlink or delete records, or change their numbers."""
UNNAMED: Final = "UNKNOWN"
"""MSA-2, which an answer must have, of a message without a control id."""
_CONTROL: Final = re.compile(r"[\x20-\x7e]{1,199}")
_EVENT: Final = re.compile(r"[A-Z][0-9]{2}")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Number:
    """An identifier with the parts of its assigning authority that are told."""

    value: str
    authority: frozenset[str]


@dataclass(frozen=True, slots=True)
class Announced:
    """An ADT message. `numbers`: of the record and of those that were merged; `names`: each as its words in order of
    the alphabet; `wants_commit`: CA is the answer to it."""

    event: str
    control: str
    numbers: tuple[Number, ...] = field(repr=False)
    names: frozenset[tuple[str, ...]] = field(repr=False)
    birth_date: date | None = field(repr=False)
    is_deceased: bool = False
    wants_commit: bool = False

    @property
    def is_about_identity(self) -> bool:
        """Whether whose record it is has changed."""
        return self.event in IDENTITY


def announced(body: bytes) -> Announced | None:
    """What an ADT message says; None where it is none."""
    try:
        read = hl7.parse(body.decode("utf-8", "replace").replace("\r\n", "\r").replace("\n", "\r"))
        head = read.segment("MSH")
        kind, control = _parts(head, 9), _text(head, 10)
    except (hl7.HL7Exception, KeyError, IndexError, ValueError, AssertionError):
        return None
    people = [segment for segment in read if _text(segment, 0) == "PID"]
    if (
        kind[0] != "ADT"
        or not _EVENT.fullmatch("".join(kind[1:2]))
        or not people
        or not _CONTROL.fullmatch(control)
    ):
        return None
    return Announced(
        kind[1],
        control,
        tuple(_numbers(read)),
        frozenset(name for person in people for name in _names(read, person)),
        _day(_text(people[0], 7)),
        any(_text(person, 30) == "Y" for person in people),
        _text(head, 15) in ("AL", "SU"),
    )


def words(name: str) -> tuple[str, ...]:
    """A name as two of them are compared here: its words, without case, in order of the alphabet."""
    return tuple(sorted(_WORD.findall(name.casefold())))


def reply(code: str, event: str, control: str, at: Instant) -> bytes:
    """An acknowledgement of a message with that event, '' where it is not known."""
    head: list[Value] = [
        "CGM-BRIDGE",
        "",
        "",
        "",
        stamp(at, 0),
        "",
        ("ACK", event, "ACK"),
        f"A{at}"[-20:],
        "P",
        VERSION,
    ]
    return message([("MSH", head), ("MSA", [code, control or UNNAMED])], "ASCII")


def control_of(body: bytes) -> str:
    """The control id of whatever this is, for an answer that says no; '' where it has none."""
    fields = body.partition(b"\r")[0].split(b"|", 10)
    told = fields[9].decode("ascii", "replace") if body.startswith(b"MSH|") and len(fields) > 9 else ""
    return told if _CONTROL.fullmatch(told) else ""


def _numbers(read: hl7.Message) -> Iterator[Number]:
    for segment in read:
        for at in {"PID": (2, 3, 4), "MRG": (1, 2, 4)}.get(_text(segment, 0), ()):
            for parts in _repeated(segment, at):
                if parts[0]:
                    told = re.split("&", parts[3]) if len(parts) > 3 else []
                    yield Number(
                        read.unescape(parts[0]), frozenset(read.unescape(each) for each in told if each)
                    )


def _names(read: hl7.Message, person: hl7.Segment) -> Iterator[tuple[str, ...]]:
    """Each name with its further given names and without them."""
    for parts in _repeated(person, 5):
        family, given, more = (*(part.partition("&")[0] for part in parts[:3]), "", "")[:3]
        for told in (f"{family} {given}", f"{family} {given} {more}"):
            if found := words(read.unescape(told)):
                yield found


def _repeated(segment: hl7.Segment, at: int) -> Iterator[list[str]]:
    for each in _text(segment, at).split("~"):
        yield each.split("^")


def _parts(segment: hl7.Segment, at: int) -> list[str]:
    return _text(segment, at).split("^")


def _text(segment: hl7.Segment, at: int) -> str:
    return str(segment[at]) if len(segment) > at else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError:
        return None
