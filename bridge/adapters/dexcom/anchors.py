"""Which UTC offset each chain of ticks began with: the patient's zone, and that clocks seldom move unseen.

Law (`safety.md`, time): inside a chain every move of the clock is seen in the ticks; between chains none is,
so a move there must be paid for, as must each reading away from the patient's zone, and a person who is not
at home before the first chain and after the last. The cheapest account of all chains together is taken; where
another is nearly as cheap the chain is not `clear`, and its readings stay uncertain.
Rejected: the vote of each chain alone (a sensor worn mostly abroad would be put at home).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.adapters.dexcom.chains import Chain
from bridge.mapping.cells import Ints
from bridge.period import MINUTE, ZoneHistory

UNSEEN_MOVE: Final = 1.0
AWAY: Final = 0.5
"""Cost of a chain wholly away from the patient's zone."""
MARGIN: Final = 0.25
MOST_PLACES: Final = 10
"""Distances from home that are considered."""
ROUNDS: Final = 2
"""A trip from a trip lies as far as both together."""
MOST_CHAINS: Final = 400
"""Beyond this the file is shredded (a clock set each day): chains vote alone."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """A chain with the offset (ms east) at its first reading. `spread`: how far the next best one lies."""

    chain: Chain
    anchor: int
    clear: bool
    spread: int


@dataclass(frozen=True, slots=True)
class _Option:
    """An anchor, how far (ms) the clock then stood from home at both ends, and its own cost."""

    anchor: int
    first: int
    last: int
    cost: float


def anchored(chains: Sequence[Chain], wall: Ints, zones: ZoneHistory) -> list[Anchored]:
    """The chains with their anchors. They come in order of time."""
    votes = [_votes(chain, wall, zones) for chain in chains]
    if len(chains) > MOST_CHAINS:
        return [
            Anchored(chain, max(vote, key=lambda a: vote[a]), True, 0)
            for chain, vote in zip(chains, votes, strict=True)
        ]
    options = [[_option(c, a, v, wall, zones) for a in v] for c, v in zip(chains, votes, strict=True)]
    for _ in range(ROUNDS):
        away = _places(options)
        options = [
            _with_places(mine, chain, vote, away, wall, zones)
            for mine, chain, vote in zip(options, chains, votes, strict=True)
        ]
    totals = _totals(options)
    return [_best(*each) for each in zip(chains, options, totals, strict=True)]


def _votes(chain: Chain, wall: Ints, zones: ZoneHistory) -> dict[int, float]:
    """The anchors that the patient's zone wants, with the share of readings that want each."""
    walls = zones.resolve(wall[chain.places])
    plain = ~(walls.ambiguous | walls.skipped)
    use = plain if plain.any() else np.ones(len(plain), np.bool_)
    left = walls.offsets[use].astype(np.int64) * MINUTE - chain.moved[use]
    total, votes = len(left), dict[int, float]()
    while len(left) and len(votes) < MOST_PLACES:
        same = left == left[-1]
        votes[int(left[-1])] = float(same.sum()) / total
        left = left[~same]
    return votes


def _option(chain: Chain, anchor: int, votes: Mapping[int, float], wall: Ints, zones: ZoneHistory) -> _Option:
    ends = []
    for end in (0, -1):
        offset = anchor + int(chain.moved[end])
        ends.append(offset - zones.offset(int(wall[chain.places[end]]) - offset) * MINUTE)
    return _Option(anchor, ends[0], ends[1], AWAY * (1 - votes.get(anchor, 0.0)))


def _places(options: Sequence[Sequence[_Option]]) -> list[int]:
    """Distances from home at which some chain may begin or end, home apart, the frequent ones first."""
    counts: dict[int, int] = {}
    for one in (option for mine in options for option in mine):
        for away in {one.first, one.last} - {0}:
            counts[away] = counts.get(away, 0) + 1
    return sorted(counts, key=lambda away: -counts[away])[:MOST_PLACES]


def _with_places(
    own: Sequence[_Option],
    chain: Chain,
    votes: Mapping[int, float],
    away: Sequence[int],
    wall: Ints,
    zones: ZoneHistory,
) -> list[_Option]:
    """Own options and those that begin where another chain was."""
    home = own[0].anchor - own[0].first
    anchors = dict.fromkeys([*(option.anchor for option in own), *(home + each for each in away)])
    return [_option(chain, anchor, votes, wall, zones) for anchor in anchors]


def _totals(options: Sequence[Sequence[_Option]]) -> list[list[float]]:
    """The cost of the cheapest account of all chains, for each option of each chain."""
    before = _along(options, backwards=False)
    after = _along(options, backwards=True)
    return [
        [to + on - option.cost for to, on, option in zip(left, right, mine, strict=True)]
        for left, right, mine in zip(before, after, options, strict=True)
    ]


def _along(options: Sequence[Sequence[_Option]], backwards: bool) -> list[list[float]]:
    """Costs up to and with each option, from the first chain on or from the last one back."""
    found: list[list[float]] = []
    edges = [(0, 0.0)]  # at home, before the first and after the last
    for mine in reversed(options) if backwards else options:
        costs = []
        for option in mine:
            near, far = (option.last, option.first) if backwards else (option.first, option.last)
            reached = min(cost + (UNSEEN_MOVE if near != place else 0.0) for place, cost in edges)
            costs.append((far, reached + option.cost))
        edges = costs
        found.append([cost for _, cost in costs])
    return found[::-1] if backwards else found


def _best(chain: Chain, options: Sequence[_Option], totals: Sequence[float]) -> Anchored:
    order = sorted(range(len(options)), key=lambda place: totals[place])
    best = options[order[0]]
    if len(order) == 1:
        return Anchored(chain, best.anchor, True, 0)
    margin = totals[order[1]] - totals[order[0]]
    return Anchored(chain, best.anchor, margin >= MARGIN, abs(options[order[1]].anchor - best.anchor))
