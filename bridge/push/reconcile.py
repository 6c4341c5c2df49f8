"""Look what the receiver holds, after an answer that contradicts what we know of it.

Law (`smart-consent.md` 7.1, 7.5): 409 and 412 are investigated, never taken for "already there". A copy
that somebody changed at the receiver is not overwritten by a correction, a human decides; where our own
lost attempt explains the new version, its ETag is taken and the correction goes out again. A retraction
is put over any version: what is another person's must not stand. An identifier that the receiver holds
twice is touched by nobody but a human.

Rejected: repeating without If-Match (FHIR R4 3.1.0.7.1: the lost update that it is there to prevent).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from bridge.period import Instant
from bridge.push.account import is_update
from bridge.push.answers import Found, Reply, etag_of
from bridge.push.receiver import Receiver
from bridge.store.outbox import SEVERAL, Held, Item, Result

TWICE: Final = "the receiver holds it several times: a human must tidy there"
GONE: Final = "the receiver no longer has it"
GONE_STATUSES: Final = frozenset({404, 410})
UNSEEN: Final = "it may be there, and the receiver cannot be asked: somebody must look there"
CHANGED: Final = "somebody changed it at the receiver: a human decides which stands"


async def look(
    receiver: Receiver,
    system: str,
    items: Sequence[Item],
    before: Mapping[bytes, Held],
    retracts: bool,
    now: Instant,
) -> tuple[Result, ...] | Reply:
    """What is to be noted about the entries of a contradicted Bundle; a Reply where it cannot be found. `system`: of
    our identifiers, '' where the receiver is not searched by them: each copy is read where it is known to be."""
    if not system:
        return await _reread(receiver, items, before, retracts, now)
    results: list[Result] = []
    ordered = sorted(items, key=lambda item: item.kind)
    for kind, group in groupby(ordered, key=lambda item: item.kind):
        some = list(group)
        found = await receiver.find(kind, system, [spelled(item.id) for item in some], now)
        if isinstance(found, Reply):
            return found
        results += _noted(some, found, before, retracts)
    return tuple(results)


async def _reread(
    receiver: Receiver, items: Sequence[Item], before: Mapping[bytes, Held], retracts: bool, now: Instant
) -> tuple[Result, ...] | Reply:
    results: list[Result | None] = []
    for item in items:
        known = before.get(item.id)
        if known is None or not known.reference:
            results.append(
                Result(item.id, known.version if known else "", "refused", problem=UNSEEN)
                if retracts
                else None
            )
            continue
        body = await receiver.search(known.reference, now)
        if isinstance(body, Reply) and body.status not in GONE_STATUSES:
            return body
        there = () if isinstance(body, Reply) else ((known.reference, etag_of(body)),)
        results.append(_one(item, known, there, retracts))
    return tuple(result for result in results if result is not None)


async def doubts(
    receiver: Receiver, system: str, items: Sequence[Item], before: Mapping[bytes, Held], now: Instant
) -> tuple[Result, ...] | Reply:
    """What a receiver that cannot create once has already of what is about to be created there: asked first, because
    a repetition would double it (`smart-consent.md` 7.4)."""
    results: list[Result] = []
    for kind, group in groupby(sorted(items, key=lambda item: item.kind), key=lambda item: item.kind):
        some = list(group)
        found = await receiver.find(kind, system, [spelled(item.id) for item in some], now)
        if isinstance(found, Reply):
            return found
        for item in some:
            results += _before(item, before.get(item.id), found.by_value[spelled(item.id)])
    return tuple(results)


def _before(item: Item, known: Held | None, there: tuple[tuple[str, str], ...]) -> list[Result]:
    if len(there) > 1:
        return [Result(item.id, "" if known is None else known.version, "refused", problem=TWICE)]
    if there:
        is_ours = known is not None and known.tried == item.version
        return [Result(item.id, item.version if is_ours else SEVERAL, "open", *there[0])]
    return [] if known is None or not (known.tried or known.version) else [Result(item.id, "")]


def spelled(id_: bytes) -> str:
    """An id as it stands in an identifier."""
    h = id_.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def _noted(items: Sequence[Item], found: Found, before: Mapping[bytes, Held], retracts: bool) -> list[Result]:
    noted = (_one(item, before.get(item.id), found.by_value[spelled(item.id)], retracts) for item in items)
    return [result for result in noted if result is not None]


def _one(item: Item, known: Held | None, there: tuple[tuple[str, str], ...], retracts: bool) -> Result | None:
    version = "" if known is None else known.version
    if len(there) > 1:
        return Result(item.id, version, "refused", problem=TWICE)
    if not there:
        return _absent(item, known, retracts)
    reference, etag = there[0]
    if known is None or not is_update(known):
        # It was created meanwhile; the conditional create will say so and be answered 200.
        return Result(item.id, version, "open", reference, etag, settled=False) if retracts else None
    if (reference, etag) == (known.reference, known.etag):
        return None
    if retracts or known.tried:
        return Result(item.id, version, "open", reference, etag, settled=False)
    return Result(item.id, version, "refused", reference, etag, CHANGED)


def _absent(item: Item, known: Held | None, retracts: bool) -> Result | None:
    if retracts:
        return Result(item.id, "", "retracted", problem=GONE)
    return Result(item.id, "", "refused", problem=GONE) if is_update(known) else None
