"""What an interface engine's answer says: its code, whom it answers, and codes of errors.

Law: HL7 v2.5.1 2.15.8 (MSA), 2.15.5 (ERR), table 0008. Only what has the right form is read and nothing is quoted:
texts of engines hold names and values. An answer that is no acknowledgement is none. Errors stand in several places by
version: ERR-3 and 5 (2.5), ERR-1.4 (2.3), MSA-6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import hl7

CODES: Final = frozenset({"AA", "AE", "AR", "CA", "CE", "CR"})
_CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,20}")


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement: MSA-1, MSA-2, and the codes of errors in it, in order."""

    code: str
    control: str
    errors: tuple[str, ...] = ()


def acknowledgement(answer: bytes) -> Ack | None:
    """The acknowledgement that an answer is; None where it is none."""
    try:
        read = hl7.parse(answer.decode("latin-1").replace("\r\n", "\r").replace("\n", "\r"))
        msa = read.segment("MSA")
        code, control = _text(msa, 1), _text(msa, 2)
    except (hl7.HL7Exception, KeyError, IndexError, ValueError, AssertionError):
        return None
    if code not in CODES:
        return None
    found = [each for each in _codes(read) if _CODE.fullmatch(each)]
    return Ack(code, control, tuple(dict.fromkeys(found)))


def _codes(read: hl7.Message) -> Iterator[str]:
    for segment in read:
        name = _text(segment, 0)
        if name == "MSA":
            yield _first(segment, 6)
        elif name == "ERR":
            yield _first(segment, 5)
            yield _first(segment, 3)
            parts = _text(segment, 1).split("^")
            yield (parts[3] if len(parts) > 3 else "").partition("&")[0]


def _first(segment: hl7.Segment, at: int) -> str:
    """The identifier of a coded field."""
    return re.split(r"[\^&~]", _text(segment, at))[0]


def _text(segment: hl7.Segment, at: int) -> str:
    return str(segment[at]) if len(segment) > at else ""
