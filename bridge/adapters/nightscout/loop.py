"""Who decided about insulin, read from the status that a loop sends every five minutes.

Law (`nightscout.md` 6): a loop is closed where it enacts, not where it suggests: within the last hour something was
enacted, else it only computed and a human decided. A first hour without an enactment tells nothing. Stretches are
cut at every full hour and named by where they begin; one whose beginning was not seen is not told. So a download
of the next hours adds to what is there, and doubles and shortens nothing. Suspension is told where it begins and
ends, between two statuses that were both seen and lie no farther apart than that tells what was between: after hours
without a status nobody knows when the pump stopped or began again.

Rejected: a reading for each status (288 a day that say the same), and the enacted rates (treatments have them;
both would be insulin twice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.nightscout.columns import (
    UNTOLD,
    begins,
    filled_in,
    instants,
    taken_back,
    uploaders,
    written,
)
from bridge.mapping.cells import Ints, Mask, blank
from bridge.mapping.sheet import Sheet
from bridge.period import HOUR, MINUTE

LATEST: Final = HOUR
"""An enactment closes the loop for so long."""
APART: Final = 15 * MINUTE
"""Statuses farther apart than this do not tell what was between them."""
ONE: Final = 5 * MINUTE
UNKNOWN, MANUAL, AUTOMATED = -1, 1, 2
MODES: Final = ("", "manual", "automated")


@dataclass(frozen=True, slots=True)
class Stretches:
    """Which statuses begin a stretch bool[n]; what it is named by and how long it lasts, in ms int64[n]; its state."""

    first: Mask
    name: Ints
    length: Ints
    state: Ints


def modes(sheet: Sheet) -> Sheet:
    """Adds `mode` with `mode_ms` and `mode_id`, `override_ms` with `override_id`, in the first status of each
    stretch, and `delivery` (suspend, resume) with `delivery_id` where it changed."""
    at, dated = instants(sheet.column("at"))
    device = uploaders(sheet)
    rows = np.flatnonzero(dated & ~taken_back(sheet))
    rows = rows[np.lexsort((at[rows], device[rows]))]
    active = begins(sheet, "override_active", "true")
    computing = rows[(sheet.filled("computed_at") | sheet.filled("acted"))[rows]]
    mode = _stretches(at[computing], device[computing], _mode(sheet, computing, at, device))
    override = _stretches(at[rows], device[rows], active[rows].astype(np.int64))
    sheet = _said(sheet, computing, mode, "mode", MODES)
    sheet = _said(sheet, rows, override, "override", ("", "override"))
    return _changes(sheet, rows, at[rows], device[rows])


def _lasts(when: Ints, who: NDArray[np.int32]) -> Ints:
    """For how long each status is known to hold, in ms."""
    found = np.full(len(when), ONE, np.int64)
    gap, same = np.diff(when), np.diff(who) == 0
    found[:-1] = np.where(same & (gap <= APART), gap, ONE)
    return found


def _mode(sheet: Sheet, rows: NDArray[np.intp], at: Ints, device: NDArray[np.int32]) -> Ints:
    """What each status of a loop shows: UNKNOWN, MANUAL or AUTOMATED."""
    when, who = at[rows], device[rows]
    acted = begins(sheet, "acted", "true")[rows]
    stamps, told = instants(sheet.column("acted_at"))
    last = np.where(acted, np.where(told[rows], stamps[rows], when), UNTOLD)
    newest = _newest(np.minimum(last, when), who)
    closed = (newest != UNTOLD) & (when - newest <= LATEST)
    begun = np.maximum.accumulate(np.where(np.diff(who, prepend=-1) != 0, np.arange(len(who)), 0))
    seen = when - when[begun] >= LATEST
    return np.where(closed, AUTOMATED, np.where(seen, MANUAL, UNKNOWN))


def _newest(last: Ints, who: NDArray[np.int32]) -> Ints:
    """The newest so far, of each device."""
    if not len(last):
        return last
    far = int(last.max()) + 2
    found = np.maximum.accumulate(last + who.astype(np.int64) * far) - who.astype(np.int64) * far
    return np.where(found < 0, UNTOLD, found)


def _stretches(when: Ints, who: NDArray[np.int32], state: Ints) -> Stretches:
    """Stretches of one state, each cut at every full hour."""
    if not len(when):
        return Stretches(np.zeros(0, np.bool_), when, when, state)
    hour = when // HOUR
    other = np.diff(who, prepend=-1) != 0
    cut = other | (np.diff(hour, prepend=-1) != 0)
    first = cut | (np.diff(when, prepend=when[0]) > APART) | (np.diff(state, prepend=UNKNOWN) != 0)
    begin = np.where(cut, hour * HOUR, when)
    home = np.cumsum(first) - 1
    end = np.zeros(home[-1] + 1, np.int64)
    np.maximum.at(end, home, np.minimum(when + _lasts(when, who), (hour + 1) * HOUR))
    is_known = np.concatenate(([False], state[:-1] != UNKNOWN))
    seen = np.where(cut, ~other | (when - begin <= ONE), is_known)
    return Stretches(first & seen & (state > 0), begin, end[home] - when, state)


def _said(sheet: Sheet, rows: NDArray[np.intp], found: Stretches, name: str, words: tuple[str, ...]) -> Sheet:
    here, first = rows[found.first], found.first
    texts = [words[each] for each in found.state[first].tolist()]
    ids = [f"{text}/{begin}" for text, begin in zip(texts, found.name[first].tolist(), strict=True)]
    empty, ms = blank(len(sheet)), np.zeros(len(sheet), np.int64)
    ms[here] = found.length[first]
    return sheet.with_columns(
        {
            name: filled_in(empty, here, texts),
            f"{name}_id": filled_in(empty, here, ids),
            f"{name}_ms": written(ms, ms > 0),
        }
    )


def _changes(sheet: Sheet, rows: NDArray[np.intp], when: Ints, who: NDArray[np.int32]) -> Sheet:
    """Where a pump stopped or began again between one status and the next, with no gap between the two."""
    suspended = np.where(
        begins(sheet, "suspended", "true"), 1, np.where(sheet.filled("suspended"), 0, UNTOLD)
    )
    told = np.flatnonzero(suspended[rows] != UNTOLD)
    state, home = suspended[rows][told], who[told]
    near = np.diff(when[told]) <= APART
    changed = told[1:][(np.diff(state) != 0) & (np.diff(home) == 0) & near]
    texts = ["suspend" if suspended[rows[each]] else "resume" for each in changed.tolist()]
    ids = [f"{text}/{when[each]}" for text, each in zip(texts, changed.tolist(), strict=True)]
    empty = blank(len(sheet))
    return sheet.with_columns(
        {
            "delivery": filled_in(empty, rows[changed], texts),
            "delivery_id": filled_in(empty, rows[changed], ids),
        }
    )
