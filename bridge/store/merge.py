"""What an arriving batch means to the readings that are there: repeated, corrected, or new.

Law (data.md, series): inside a series the key is the device's own counter where the series has one, else
the instant. Same key, same content: a repetition. Same key, other content: the last received stands, the
earlier one becomes an amendment, and the reading keeps its name even where its instant moved. Two readings
of one instant without a counter are two; equal ones are one. Nothing else is dropped. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.period import Instant
from bridge.reading import Flag, column, take
from bridge.store.columns import (
    RANKS,
    Ints,
    Table,
    TooMany,
    among,
    content,
    empty,
    find,
    firsts,
    ints,
    joined,
    names,
    same,
    size,
)

NEVER: Final = 255
"""`version` of a displaced reading that never was the current one; 254 is where counting ends."""
LAST_VERSION: Final = 254
OUTDONE: Final = "outdone"
"""A column of displaced versions alone: 1 where the same artifact has a later word about the name."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one layer: rows to drop (names, and the instants whose blocks hold them) and to add."""

    drop: Ints
    at: Ints
    add: Table


@dataclass(frozen=True, slots=True)
class Merge:
    """The outcome of one batch: changes by layer, and the account of its rows."""

    now: Change
    past: Change
    echo: Change
    away: Change
    stored: int
    duplicate: int
    amended: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch with one row a key: places kept, and (loser, winner) places of rows a later row corrected."""

    kept: Ints
    losers: Ints
    winners: Ints


def merge(now: Table, away: Table, batch: Table, by_counter: bool, at: Instant) -> Merge:
    """Merge `batch` (sorted by instant, its `artifact` set and newer than any) into the readings `now`
    and the names `away` that could share a key or a name with it."""
    folded = fold(batch, by_counter)
    kept = take(batch, folded.kept)
    match = matched(now, kept, by_counter)
    known, fresh = np.flatnonzero(match >= 0), np.flatnonzero(match < 0)
    held, said = take(now, match[known]), take(kept, known)
    equal = same(held, said)
    repeated, corrected = np.flatnonzero(equal), np.flatnonzero(~equal)
    old = take(held, corrected)
    amended = renamed(take(said, corrected), firsts(old), ints(old, "rank"), _next(ints(old, "version")), at)
    live = np.concatenate((names(now), names(away)[~is_gone(away)]))
    named, versions = new_names(take(kept, fresh), live, away, by_counter)
    added = renamed(take(kept, fresh), named // RANKS, named % RANKS, versions, at)
    repeats = _echoes(take(held, repeated), take(said, repeated), at)
    standing = joined([amended, added])
    lost = _losers(batch, folded, np.concatenate((known[corrected], fresh)), standing, at)
    moved = take(standing, np.flatnonzero(was_away(standing, away)))
    return Merge(
        now=Change(names(old), ints(old, "instant"), standing),
        past=Change(_NONE, _NONE, joined([old, lost])),
        echo=Change(_NONE, _NONE, repeats),
        away=_away(old, moved, named, away),
        stored=len(fresh),
        duplicate=size(batch) - len(fresh) - len(corrected) - size(lost),
        amended=len(corrected) + size(lost),
    )


_NONE: Final[Ints] = np.zeros(0, np.int64)


def renamed(table: Table, first: Ints, rank: Ints, version: Ints, at: Instant) -> Table:
    """The same readings under these names and versions, changed now."""
    return {
        **table,
        "origin": first - ints(table, "instant"),
        "rank": rank.astype(np.uint8),
        "version": version.astype(np.uint8),
        "changed": np.full(size(table), at, np.int64),
    }


def outdone(table: Table) -> Table:
    """The same rows, marked: their own artifact says something else about the name, and that counts."""
    return {**table, OUTDONE: np.ones(size(table), np.uint8)}


def _next(versions: Ints) -> Ints:
    return np.minimum(versions + 1, LAST_VERSION)


def _losers(batch: Table, folded: Folded, taken: Ints, winners: Table, at: Instant) -> Table:
    """Rows that a later row of the same batch corrected, unless that row only repeated what was there."""
    order = np.argsort(taken)
    place = find(taken[order], folded.winners)
    here = np.flatnonzero(place >= 0)
    if not len(here):
        return empty()
    winner = take(winners, order[place[here]])
    lost = take(batch, folded.losers[here])
    never = np.full(len(here), NEVER, np.int64)
    return outdone(renamed(lost, firsts(winner), ints(winner, "rank"), never, at))


def _echoes(held: Table, said: Table, at: Instant) -> Table:
    """Which artifact said again what is there, when, and in which row."""
    if not size(held):
        return empty()
    changed = np.full(size(held), at, np.int64)
    echoes: Table = {"instant": firsts(held), "rank": column(held, "rank"), "changed": changed}
    echoes.update((name, column(said, name)) for name in ("artifact", "row", "witness"))
    return echoes


def _away(old: Table, moved: Table, named: Ints, away: Table) -> Change:
    back = among(names(away), named)
    drop = np.concatenate((names(old), names(away)[back]))
    return Change(drop, drop // RANKS, elsewhere(moved))


def was_away(now: Table, away: Table) -> NDArray[np.bool_]:
    """Which readings are not at the instant of their first storage, or were not at some time: who was told of
    them elsewhere finds them by it."""
    return np.asarray((ints(now, "origin") != 0) | among(names(now), names(away)))


def elsewhere(moved: Table) -> Table:
    """Readings that left the instant of their first storage, as entries of the layer of absent names."""
    return {name: column(moved, name) for name in _ENTRY} if size(moved) else empty()


_ENTRY: Final = ("instant", "origin", "rank", "version", "changed", "artifact")


def is_gone(away: Table) -> NDArray[np.bool_]:
    """Which entries of the layer of absent names are of readings that were taken away."""
    return np.asarray(ints(away, "flags") & Flag.RETRACTED != 0)


# ---------------------------------------------------------------------------------- inside one batch


def fold(batch: Table, by_counter: bool) -> Folded:
    """One row a key. A counter twice: the last row stands. An instant twice: equal rows are one."""
    rows = np.arange(size(batch))
    counted = (ints(batch, "counter") >= 0) if by_counter else np.zeros(len(rows), bool)
    timed, drop = rows[~counted], np.zeros(len(rows), bool)
    for group in _groups(ints(batch, "instant")[timed]):
        seen: set[tuple[object, ...]] = set()
        for row in timed[group].tolist():
            said = content(batch, row)
            drop[row] = said in seen
            seen.add(said)
    losers, winners = [], []
    counters = rows[counted]
    counters = counters[np.lexsort((ints(batch, "row")[counters], ints(batch, "counter")[counters]))]
    for group in _groups(ints(batch, "counter")[counters]):
        *earlier, winner = counters[group].tolist()
        drop[earlier] = True
        told = {content(batch, winner)}
        for loser in earlier:
            if content(batch, loser) not in told:
                told.add(content(batch, loser))
                losers.append(loser)
                winners.append(winner)
    kept = np.flatnonzero(~drop)
    places = np.cumsum(~drop) - 1
    return Folded(kept, np.array(losers, np.int64), places[np.array(winners, np.int64)])


def _groups(sorted_keys: Ints) -> Iterator[slice]:
    """The runs of two or more equal keys."""
    if len(sorted_keys) < 2:
        return
    equal = sorted_keys[1:] == sorted_keys[:-1]
    if not equal.any():
        return
    edges = np.flatnonzero(np.concatenate(([True], ~equal, [True])))
    for index in np.flatnonzero(np.diff(edges) > 1).tolist():
        yield slice(int(edges[index]), int(edges[index + 1]))


# ------------------------------------------------------------------------------- against what is there


def matched(now: Table, batch: Table, by_counter: bool) -> Ints:
    """For each row of a folded batch the place in `now` of the reading with its key; -1 none."""
    found = np.full(size(batch), -1, np.int64)
    rows, held = np.arange(size(batch)), np.arange(size(now))
    if by_counter:
        counters, theirs = ints(batch, "counter"), ints(now, "counter")
        rows, held = rows[counters < 0], held[theirs < 0]
        order = np.argsort(theirs, kind="stable")
        place = find(theirs[order], counters)
        here = (place >= 0) & (counters >= 0)
        found[here] = order[place[here]]
    _match_instants(now, held, batch, rows, found)
    return found


def _match_instants(now: Table, held: Ints, batch: Table, rows: Ints, found: Ints) -> None:
    ours, theirs = ints(batch, "instant")[rows], ints(now, "instant")[held]
    low, high = np.searchsorted(theirs, ours), np.searchsorted(theirs, ours, side="right")
    single = high - low == 1
    found[rows[single]] = held[low[single]]
    crowded = {int(ours[group.start]): group for group in _groups(ours)}
    for index in np.flatnonzero(high - low > 1).tolist():
        crowded.setdefault(int(ours[index]), slice(index, index + 1))
    for group in crowded.values():
        theirs_here = held[low[group.start] : high[group.start]].tolist()
        _pair(now, theirs_here, batch, rows[group].tolist(), found)


def _pair(now: Table, held: list[int], batch: Table, rows: list[int], found: Ints) -> None:
    """Several readings of one instant: equal ones first, the rest in order of rank and row."""
    by_content = {content(now, place): place for place in reversed(held)}
    pairs = {row: by_content.pop(content(batch, row), -1) for row in rows}
    free = iter([place for place in held if place not in pairs.values()])
    for row in sorted(rows, key=lambda row: int(ints(batch, "row")[row])):
        found[row] = pairs[row] if pairs[row] >= 0 else next(free, -1)


def new_names(batch: Table, live: Ints, away: Table, by_counter: bool) -> tuple[Ints, Ints]:
    """Names for readings without one, none of `live`, and the versions they start with: above that of a
    reading that was taken away under the same name, else 0."""
    instants, counters = ints(batch, "instant"), ints(batch, "counter")
    named, versions, gone = instants * RANKS, np.zeros(len(instants), np.int64), is_gone(away)
    left = dict(zip(names(away)[gone].tolist(), ints(away, "version")[gone].tolist(), strict=True))
    wanted = _by_counter(away, gone) if by_counter else {}
    clash = among(instants, np.concatenate((live, names(away))) // RANKS)
    clash[1:] |= instants[1:] == instants[:-1]
    clash[:-1] |= instants[1:] == instants[:-1]
    if wanted:
        clash |= among(counters, np.array(list(wanted), np.int64))
    rows = np.flatnonzero(clash)
    used = set(live.tolist()) if len(rows) else set()
    for row in rows[np.argsort(ints(batch, "row")[rows], kind="stable")].tolist():
        name = wanted.get(int(counters[row]))
        if name is None or name in used:
            name = _free(int(instants[row]), used | left.keys() if by_counter else used)
        used.add(name)
        named[row] = name
        versions[row] = min(left[name] + 1, LAST_VERSION) if name in left else 0
    return named, versions


def _by_counter(away: Table, gone: NDArray[np.bool_]) -> dict[int, int]:
    counters = ints(away, "counter")[gone].tolist()
    return {c: n for c, n in zip(counters, names(away)[gone].tolist(), strict=True) if c >= 0}


def _free(instant: int, avoid: set[int]) -> int:
    for name in range(instant * RANKS, instant * RANKS + RANKS):
        if name not in avoid:
            return name
    raise TooMany(f"more than {RANKS} different readings at one instant ({instant} ms)")
