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

from bridge.hl7.foreign import Foreign, Unreadable, foreign, raw
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
UNREAD: Final = ("",)
"""A name that cannot be read: it equals no name that was confirmed."""
_CONTROL: Final = re.compile(r"[\x20-\x7e]{1,199}")
_EVENT: Final = re.compile(r"[A-Z][0-9]{2}")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Number:
    """An identifier, and of its assigning authority the local name and the id that is the same everywhere (HD, 2.A.33),
    '' where they are not told."""

    value: str
    namespace: str
    universal: str


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
    """What an ADT message says; None where it is none, or where whose it is cannot be read."""
    read = foreign(body)
    if read is None:
        return None
    try:
        return _announced(read)
    except Unreadable:
        return None


def _announced(read: Foreign) -> Announced | None:
    head, people = read.segments[0], list(read.named("PID"))
    kind, control = next(read.repeated(head, 9)), read.text(head, 10)
    event = "".join(kind[1:2])
    if kind[0] != "ADT" or not _EVENT.fullmatch(event) or not people or not _CONTROL.fullmatch(control):
        return None
    return Announced(
        event,
        control,
        tuple(_numbers(read)),
        frozenset(name for person in people for name in _names(read, person)),
        _day(raw(people[0], 7).strip()),
        any(_is_deceased(person) for person in people),
        raw(head, 15) in ("AL", "SU"),
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
    sign = body[3:4]
    fields = body.partition(b"\r")[0].split(sign, 10) if body.startswith(b"MSH") and sign else []
    told = fields[9].decode("ascii", "replace") if len(fields) > 9 else ""
    return told if _CONTROL.fullmatch(told) else ""


def _numbers(read: Foreign) -> Iterator[Number]:
    for segment in read.segments:
        for at in {"PID": (2, 3, 4), "MRG": (1, 2, 4)}.get(segment[0], ()):
            for components in read.repeated(segment, at):
                if value := read.parts(components[0])[0]:
                    namespace, universal, *_ = (*read.parts("".join(components[3:4])), "")
                    yield Number(value, namespace, universal)


def _names(read: Foreign, person: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each name with its further given names and without them; one that cannot be read is nobody's."""
    for components in read.repeated(person, 5):
        try:
            family, given, more = (*(read.parts(each)[0] for each in components[:3]), "", "")[:3]
        except Unreadable:
            yield UNREAD
            continue
        for told in (f"{family} {given}", f"{family} {given} {more}"):
            if found := words(told):
                yield found


def _is_deceased(person: tuple[str, ...]) -> bool:
    """By PID-30, or by a time of death that is not taken back (`""`, 2.5.3.1)."""
    return raw(person, 30).strip() == "Y" or raw(person, 29).strip() not in ("", '""')


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
    except ValueError:
        return None
