"""What the ledger says left to one recipient: spans, times, kinds and grants; nothing sealed is opened.

Law: it reads, from a row on, so that what was read before need not be read again; a disclosure whose outcome
says that nothing of it was sent counts as none (`store/ledger.py`: without an outcome it counts as sent). Years of
polls are hundreds of thousands of rows: of each only the fields below are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

import msgspec

import bridge.store.chain as chain
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.entries import decode


@dataclass(frozen=True, slots=True)
class Telling:
    """One disclosure of readings: `first` and `last` instant, when (`at`), under which (grant, version).
    `is_push`: the outbox knows more of it. `retracts`: it took back."""

    entry: int
    at: Instant
    first: Instant
    last: Instant
    kinds: frozenset[str]
    grains: frozenset[str]
    grants: tuple[tuple[str, int], ...]
    items: int
    client: str
    is_push: bool
    retracts: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What was read: up to row `entry` of the chain; `unsent`: disclosures that did not leave after all."""

    entry: int
    tellings: tuple[Telling, ...]
    unsent: frozenset[int]


def told(db: Database, patient: int, recipient: str, after: int = 0) -> Told:
    """What was told to a recipient (organisation or lone client) in rows behind `after`."""
    parts = [Told(after, (), frozenset()), *portions(db, patient, recipient, after)]
    unsent = frozenset(entry for part in parts for entry in part.unsent)
    return Told(parts[-1].entry, tuple(each for part in parts for each in part.tellings), unsent)


def portions(db: Database, patient: int, recipient: str, after: int = 0) -> Iterator[Told]:
    """The same, so many rows at a time: whoever makes columns of it never holds all."""
    mark, links = (
        json.dumps(recipient).encode(),
        chain.links(db.reader("ledger"), chain.patients_chain(patient), after),
    )
    while some := tuple(islice(links, _PORTION)):
        found, unsent = list[Telling](), set[int]()
        for link in some:
            if b'"kind":"outcome"' in link.body:
                if b'"sent":0' in link.body:
                    unsent |= _unsent(decode(link.body))
            elif mark in link.body and b'"kind":"intent"' in link.body:
                said = _INTENT.decode(link.body)
                telling = _telling(link.seq, said) if said.recipient == recipient else None
                found += [] if telling is None else [telling]
        yield Told(some[-1].seq, tuple(found), frozenset(unsent))


_PORTION: Final = 2_000


def behind(db: Database, patient: int, after: int) -> int:
    """How many rows there are behind `after`."""
    row = db.reader("ledger").execute(_LAST, (chain.patients_chain(patient),)).fetchone()
    return max(0, int(row[0] or 0) - after)


_LAST: Final = "SELECT max(seq) FROM ledger WHERE chain = ?"


def recipients(db: Database, patient: int) -> tuple[str, ...]:
    """Everybody to whom something of the patient's left."""
    found = set()
    for link in chain.links(db.reader("ledger"), chain.patients_chain(patient)):
        if b'"kind":"intent"' in link.body:
            found.add(_INTENT.decode(link.body).recipient)
    return tuple(sorted(found - {""}))


def _unsent(fields: dict[str, object]) -> set[int]:
    entry = fields.get("entry")
    return {entry} if isinstance(entry, int) and fields.get("sent") == 0 else set()


def _telling(entry: int, said: _Intent) -> Telling | None:
    if said.first is None or said.last is None:
        return None
    return Telling(
        entry=entry,
        at=said.at,
        first=said.first,
        last=said.last,
        kinds=_set(said.kinds),
        grains=_set(said.grains),
        grants=said.grants,
        items=said.items,
        client=said.party.client,
        is_push=said.channel in PUSHED,
        retracts=said.retracts,
    )


PUSHED: Final = frozenset({"push", "document"})
"""Channels of what was delivered."""
_set: Final = lru_cache(maxsize=256)(frozenset[str])


class _Party(msgspec.Struct, gc=False):
    client: str = ""
    organization: str = ""


class _Intent(msgspec.Struct, gc=False):
    """The fields of an intent (`entries.py`) that say what left; nothing else of a row is read."""

    party: _Party
    at: int
    items: int
    first: int | None
    last: int | None
    kinds: tuple[str, ...]
    grains: tuple[str, ...]
    grants: tuple[tuple[str, int], ...]
    channel: str
    retracts: bool = False

    @property
    def recipient(self) -> str:
        return self.party.organization or self.party.client


_INTENT: Final = msgspec.json.Decoder(_Intent)
