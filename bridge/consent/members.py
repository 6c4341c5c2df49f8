"""Who shares with an asker by one way now: the patients that a bulk export goes through.

Law: it is asked by a system's token alone, and says numbers of our own, which leave nowhere: whatever is told of one
of these patients goes through the gate, which decides again. Whose grant ended is not among them. What is read is
bounded, so that nobody waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import bridge.store.grants as kept
from bridge.consent.asked import Way
from bridge.consent.decide import is_open
from bridge.consent.memory import Memory
from bridge.consent.permit import Permit, RecipientPermit
from bridge.period import Instant
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Span:
    """Patients with numbers in (after, upto], looked at `most` at a time."""

    after: int
    upto: int
    most: int


@dataclass(frozen=True, slots=True)
class Found:
    """`patients`: in order of their numbers; `reached`: the last number that was looked at; `is_all`: there is
    nobody behind it."""

    patients: tuple[int, ...]
    reached: int
    is_all: bool


NOBODY: Final = Found((), 0, is_all=True)


def members(db: Database, memory: Memory, permit: Permit, way: Way, span: Span, now: Instant) -> Found:
    """Of a span, who shares with the asker by that way now."""
    if not isinstance(permit, RecipientPermit) or permit.patient is not None or now >= permit.expires:
        return NOBODY
    client, organization, purpose = permit.client, permit.organization, permit.purpose
    known = kept.granted(db, organization, client, span.after, span.upto, span.most)
    found = tuple(
        each
        for each in known
        if is_open(
            memory.grants_for(permit, each)[1],
            client=client, organization=organization, purpose=purpose, way=way, now=now,
        )
    )  # fmt: skip
    is_all = len(known) < span.most
    return Found(found, span.upto if is_all else known[-1], is_all)
