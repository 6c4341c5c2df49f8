"""What the ledger says left to one recipient: spans, times, kinds and grants; nothing sealed is opened.

Law: it reads, from a row on, so that what was read before need not be read again; a disclosure whose outcome
says that nothing of it was sent counts as none (`store/ledger.py`: without an outcome it counts as sent).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

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
    mark, found, unsent, last = json.dumps(recipient).encode(), list[Telling](), set[int](), after
    for link in chain.links(db.reader("ledger"), chain.patients_chain(patient), after):
        last = link.seq
        if b'"kind":"outcome"' in link.body and b'"sent":0' in link.body:
            unsent |= _unsent(decode(link.body))
        elif b'"kind":"intent"' in link.body and mark in link.body:
            found += _tellings(link.seq, decode(link.body), recipient)
    return Told(last, tuple(found), frozenset(unsent))


def recipients(db: Database, patient: int) -> tuple[str, ...]:
    """Everybody to whom something of the patient's left."""
    found = set()
    for link in chain.links(db.reader("ledger"), chain.patients_chain(patient)):
        if b'"kind":"intent"' in link.body:
            found.add(_recipient(decode(link.body)))
    return tuple(sorted(found - {""}))


def _unsent(fields: dict[str, object]) -> set[int]:
    entry = fields.get("entry")
    return {entry} if isinstance(entry, int) and fields.get("sent") == 0 else set()


def _recipient(fields: dict[str, object]) -> str:
    party = fields.get("party")
    return str(party.get("organization") or party.get("client")) if isinstance(party, dict) else ""


def _tellings(entry: int, fields: dict[str, object], recipient: str) -> list[Telling]:
    party, at, first, last, items = (fields.get(name) for name in ("party", "at", "first", "last", "items"))
    if not (isinstance(party, dict) and isinstance(at, int) and isinstance(items, int)):
        return []
    if not (isinstance(first, int) and isinstance(last, int)) or _recipient(fields) != recipient:
        return []
    return [
        Telling(
            entry=entry,
            at=at,
            first=first,
            last=last,
            kinds=_texts(fields.get("kinds")),
            grains=_texts(fields.get("grains")),
            grants=_grants(fields.get("grants")),
            items=items,
            client=str(party.get("client")),
            is_push=fields.get("channel") == "push",
            retracts=fields.get("retracts") is True,
        )
    ]


def _texts(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def _grants(value: object) -> tuple[tuple[str, int], ...]:
    return tuple((str(name), int(version)) for name, version in value) if isinstance(value, list) else ()
