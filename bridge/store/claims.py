"""A series as the claims of its artifacts: taken apart, edited, and put together again.

Law: a claim is what one row of one artifact says about one name. The claims of a name stand in order of
receipt (artifact, its last word last); the last one is the reading, an earlier different one is an
amendment, an equal neighbour is a repetition. Removing an artifact therefore takes exactly what it
brought and restores what it displaced, and the series is as if it had never come (safety.md, whose data
is it). A name keeps its version count through all of this, a removal being a version too: what was disclosed
under a version is never said again otherwise. Which versions stood when stays known after they are taken
back, without what they said: each recipient's own count is made of it (data.md, versions and times). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import BEGINNING, Instant
from bridge.reading import Flag, column, take
from bridge.store.columns import (
    CONTENT,
    RANKS,
    Ints,
    Table,
    among,
    empty,
    find,
    firsts,
    in_order,
    ints,
    joined,
    names,
    same,
    size,
)
from bridge.store.merge import (
    LAST_VERSION,
    NEVER,
    OUTDONE,
    elsewhere,
    fold,
    is_gone,
    matched,
    new_names,
    outdone,
    renamed,
    was_away,
)


@dataclass(frozen=True, slots=True)
class Layers:
    """One series whole: readings, displaced versions, repetitions, absent names, versions taken back."""

    now: Table
    past: Table
    echo: Table
    away: Table
    spent: Table


@dataclass(frozen=True, slots=True)
class Recast:
    """A series without, or with other, claims of one artifact. `gone`: names that have no reading any
    more; `changed`: how many say something else now; the rest is the account of the new rows."""

    layers: Layers
    gone: Ints
    changed: int
    read: int = 0
    duplicate: int = 0
    amended: int = 0


_INHERITED: Final = (*CONTENT, "origin", "version")


def withdrawn(held: Layers, artifact: int, at: Instant) -> Recast:
    """The series as if the artifact had never come."""
    claims = _claims(held)
    return _settled(held, take(claims, ints(claims, "artifact") != artifact), at)


def recast(held: Layers, artifact: int, batch: Table, by_counter: bool, at: Instant) -> Recast:
    """The series as if the artifact had brought `batch` (sorted by instant, `artifact` set) instead of
    what it brought. A row that says something else keeps its name, also where its instant moved, and
    what it said before becomes an amendment."""
    claims = _claims(held)
    theirs = take(claims, ints(claims, "artifact") != artifact)
    ours = take(claims, ints(claims, "artifact") == artifact)
    folded = fold(batch, by_counter)
    kept, lost = take(batch, folded.kept), take(batch, folded.losers)
    named = _names(kept, _settled(held, theirs, at).layers, ours, by_counter)
    said = joined([outdone(_claimed(lost, named[folded.winners], at)), _claimed(kept, named, at)])
    shown = among(names(ours), named) & (ints(ours, "version") != NEVER)
    after = _settled(held, joined([theirs, outdone(take(ours, shown)), said]), at)
    known = among(named, names(claims))
    equal = known & _unchanged(held, after.layers, named)
    return replace(
        after,
        read=size(batch),
        duplicate=int(equal.sum()) + size(batch) - size(kept) - size(lost),
        amended=int((known & ~equal).sum()) + size(lost),
    )


def _claimed(table: Table, named: Ints, at: Instant) -> Table:
    never = np.full(size(table), NEVER, np.int64)
    return renamed(table, named // RANKS, named % RANKS, never, at)


def _claims(held: Layers) -> Table:
    """Every claim in order of name and receipt; repetitions say what their forerunner says."""
    said = joined([held.past, held.now])
    claims = joined([said, held.echo])
    order = _receipt(claims)
    claims, spoken = take(claims, order), order < size(said)
    forerunner = np.maximum.accumulate(np.where(spoken, np.arange(len(order)), 0))
    if bool((names(claims) != names(claims)[forerunner]).any()):
        raise ValueError("a repetition without the reading that it repeats")
    return {n: values[forerunner] if n in _INHERITED else values for n, values in claims.items()}


def _receipt(claims: Table) -> NDArray[np.intp]:
    """By name, then in order of receipt: artifact, its last word last, when it came to be said, row."""
    last = np.zeros(size(claims), bool) if OUTDONE not in claims else claims[OUTDONE] == 0
    keys = (ints(claims, "row"), ints(claims, "changed"), last, ints(claims, "artifact"), names(claims))
    return np.lexsort(keys)


def _settled(held: Layers, claims: Table, at: Instant) -> Recast:
    claims = take(claims, _receipt(claims))
    named = names(claims)
    repeats = np.zeros(len(named), bool)
    repeats[1:] = named[1:] == named[:-1]
    repeats[1:] &= same(take(claims, slice(1, None)), take(claims, slice(None, -1)))
    spoken = np.flatnonzero(~repeats)
    last = np.ones(len(spoken), bool)
    last[:-1] = named[spoken[1:]] != named[spoken[:-1]]
    standing = take(claims, spoken[last])
    standing.pop(OUTDONE, None)
    now, changed = _versioned(standing, held, at)
    gone = np.setdiff1d(names(held.now), names(now))
    past = _since_when(take(claims, spoken[~last]), held)
    away = _absent(held, now, gone, at)
    layers = Layers(
        now=in_order(now),
        past=_by_name(past),
        echo=_by_name(_repetitions(take(claims, np.flatnonzero(repeats & ~_twice(claims))))),
        away=_by_name(away),
        spent=_spent(held, joined([past, now]), take(away, np.flatnonzero(among(names(away), gone)))),
    )
    return Recast(layers, gone, changed)


def _versions(table: Table) -> Ints:
    """Name and version of each row in one number."""
    return np.asarray(names(table) * RANKS + ints(table, "version"), np.int64)


def _stood(held: Layers) -> Table:
    """Every version that stood at some time and can still be told."""
    said = joined([held.past, held.now])
    return take(said, np.flatnonzero(ints(said, "version") != NEVER))


def _since_when(past: Table, held: Layers) -> Table:
    """A version that another artifact speaks for now stands since when it stood."""
    stood = _stood(held)
    order = np.argsort(_versions(stood))
    place = find(_versions(stood)[order], _versions(past))
    changed, known = ints(past, "changed").copy(), np.flatnonzero(place >= 0)
    changed[known] = ints(stood, "changed")[order[place[known]]]
    return {**past, "changed": changed} if size(past) else past


def _spent(held: Layers, after: Table, gone: Table) -> Table:
    """What a removal took back: the versions that no claim speaks for any more, and the going itself."""
    stood = _stood(held)
    lost = take(stood, np.flatnonzero(~among(_versions(stood), _versions(after))))
    found = joined([held.spent, _bare(lost), _bare(gone)])
    return take(found, np.argsort(_versions(found), kind="stable")) if size(found) else empty()


def _bare(table: Table) -> Table:
    """Which version, of which kind and when, since when, by which artifact: no value, mark or word. Without the
    kind nobody could tell who held it: sensitive kinds are granted one by one."""
    flags = ints(table, "flags").astype(np.uint16) & np.uint16(Flag.RETRACTED)
    return {**{name: column(table, name) for name in _BARE}, "flags": flags}


_BARE: Final = ("instant", "origin", "rank", "version", "changed", "artifact", "end", "bound", "kind")


def _twice(claims: Table) -> NDArray[np.bool_]:
    """Claims that the same artifact makes right after each other."""
    again = np.zeros(size(claims), bool)
    again[1:] = np.diff(ints(claims, "artifact")) == 0
    return again


def _versioned(now: Table, held: Layers, at: Instant) -> tuple[Table, int]:
    """What is as it was keeps its version; what changed counts on from the last one it had."""
    if not size(now):
        return now, 0
    order = np.argsort(names(held.now))
    was = take(held.now, order)
    place = find(names(was), names(now))
    known = np.flatnonzero(place >= 0)
    equal = np.zeros(size(now), bool)
    equal[known] = same(take(was, place[known]), take(now, known))
    version, changed = np.zeros(size(now), np.int64), np.full(size(now), at, np.int64)
    version[known] = np.minimum(ints(was, "version")[place[known]] + 1, LAST_VERSION)
    version[equal] = ints(was, "version")[place[equal]]
    changed[equal] = ints(was, "changed")[place[equal]]
    left = take(held.away, np.flatnonzero(is_gone(held.away)))
    back = find(names(left), names(now))
    returned = (back >= 0) & (place < 0)
    version[returned] = np.minimum(ints(left, "version")[back[returned]] + 1, LAST_VERSION)
    return {**now, "version": version.astype(np.uint8), "changed": changed}, int((~equal[known]).sum())


def _unchanged(held: Layers, after: Layers, named: Ints) -> NDArray[np.bool_]:
    """Which of the names say now what they said before."""
    was, now = _by_name(held.now), _by_name(after.now)
    here, there = find(names(was), named), find(names(now), named)
    both = np.flatnonzero((here >= 0) & (there >= 0))
    equal = np.zeros(len(named), bool)
    equal[both] = same(take(was, here[both]), take(now, there[both]))
    return equal


def _repetitions(claims: Table) -> Table:
    beside: Table = {name: column(claims, name) for name in ("rank", "changed", "artifact", "row", "witness")}
    marks: Table = {OUTDONE: claims[OUTDONE]} if OUTDONE in claims else {}
    return {"instant": firsts(claims), **beside, **marks}


def _absent(held: Layers, now: Table, gone: Ints, at: Instant) -> Table:
    """Names whose reading is not at the instant of its first storage, or once was not: moved, gone before,
    gone now."""
    earlier = take(held.away, np.flatnonzero(is_gone(held.away)))
    earlier = take(earlier, np.flatnonzero(~among(names(earlier), names(now))))
    was = _by_name(held.now)
    left = take(was, find(names(was), gone))
    entry: Table = {
        "instant": gone // RANKS,
        "rank": (gone % RANKS).astype(np.uint8),
        "version": np.minimum(ints(left, "version") + 1, LAST_VERSION).astype(np.uint8),
        "changed": np.full(len(gone), at, np.int64),
        "artifact": column(left, "artifact"),
        "counter": ints(left, "counter"),
        "flags": np.full(len(gone), Flag.RETRACTED, np.uint16),
    }
    moved = take(now, np.flatnonzero(was_away(now, held.away)))
    return joined([earlier, entry, elsewhere(moved)])


def _by_name(table: Table) -> Table:
    return take(table, np.argsort(names(table), kind="stable")) if size(table) else empty()


_KEYS: Final = (("counter", 0), ("row", 1), ("instant", BEGINNING))
"""How a row is known again in another reading of the same file, and the lowest number that says something."""


def _names(kept: Table, rest: Layers, ours: Table, by_counter: bool) -> Ints:
    """The name of each row: that of another artifact's reading with its key, else the one that its
    counter, its row or its instant had in this artifact before, else a new one."""
    named = np.zeros(size(kept), np.int64)
    match = matched(rest.now, kept, by_counter)
    named[match >= 0] = names(rest.now)[match[match >= 0]]
    own = take(ours, np.flatnonzero(~among(names(ours), names(rest.now))))
    open_, taken = np.flatnonzero(match < 0).tolist(), set[int]()
    for key, lowest in _KEYS if by_counter else _KEYS[1:]:
        known = dict(zip(ints(own, key).tolist(), names(own).tolist(), strict=True))
        keys, still = ints(kept, key).tolist(), []
        for place in open_:
            name = known.get(keys[place]) if keys[place] >= lowest else None
            if name is None or name in taken:
                still.append(place)
                continue
            named[place] = name
            taken.add(name)
        open_ = still
    left = np.array(open_, np.int64)
    live = np.concatenate(
        (names(rest.now), names(rest.away)[~is_gone(rest.away)], np.array(sorted(taken), np.int64))
    )
    named[left], _ = new_names(take(kept, left), live, rest.away, by_counter)
    return named
