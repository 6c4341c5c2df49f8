"""What others submitted and is no reading, as it is kept and as it is disclosed: figures, edges and names.

Law (`consent.md`, custody): of such a resource only what a summary or a report of the CGM IG is made of is passed on:
status, code, period, amounts, references inside what was received, the PDF. No other text of its sender leaves: no
identifier, performer, note, extension, device or narrative, because nobody can say whom these would name. Values alone;
who may have them is decided in `passing.py`.

Rejected: passing the resource on as it came (an identifier of it joins a pseudonym to a chart elsewhere).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, final

from bridge.consent.asked import Kind
from bridge.period import BEGINNING, Instant, Period
from bridge.store.ids import Ids, Name

Record: TypeAlias = "tuple[int, int]"
"""Artifact, and record in it (1 the first)."""
REPORT: Final = "report"
"""In the place of the part of a summary: a DiagnosticReport with its PDF."""
_ROWS: Final = 2**13
"""More records than one submission can have."""


@final
@dataclass(frozen=True, slots=True)
class Edges:
    """What decides whether it may leave. `part`: which figure of a summary, or `REPORT`; `start`, `end`: as its sender
    wrote them; `members`: what it refers to; artifact 0: its own."""

    part: str
    start: str
    end: str
    members: tuple[Record, ...] = ()

    @property
    def kind(self) -> str:
        """The FHIR type that it leaves as."""
        return "DiagnosticReport" if self.part == REPORT else "Observation"

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that must all be open: a PDF may say anything."""
        return frozenset(Kind) if self.part == REPORT else frozenset({Kind.GLUCOSE})


@final
@dataclass(frozen=True, slots=True)
class Content:
    """What it says. `value` and the `shares` (LOINC code of a range, percent) are decimals as they were written, `unit`
    is UCUM's code."""

    status: str
    value: str = ""
    unit: str = ""
    shares: tuple[tuple[str, str], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class DisclosedReceived:
    """One resource as its asker may know it. `members`: ids of the Observations that it refers to and that leave to the
    asker too; `pdf`: base64 as it was sent; `is_gone`: it is told as entered in error, without what it said."""

    id: str
    kind: str
    part: str
    start: str
    end: str
    period: Period
    content: Content
    members: tuple[str, ...]
    pdf: str
    version: str
    last_updated: Instant
    is_gone: bool

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        """What stands in a page of its own: itself."""
        return ((self.part, self.id),)


def kinds_of(one: DisclosedReceived) -> frozenset[Kind]:
    """The kinds that the ledger says of it: of a PDF all that it may hold."""
    return Edges(one.part, one.start, one.end).kinds


def minted_as(kind: str) -> str:
    """Under which name ids of received resources of that type are minted."""
    return f"Received {kind}"


def id_of(ids: Ids, patient: int, kind: str, record: Record, pairing: bytes) -> str:
    """The id of one, as who knows the person by that pairing may know it."""
    name = Name(patient, 0, BEGINNING + record[0] * _ROWS + record[1], 0)
    return ids.one(minted_as(kind), name, pairing)
