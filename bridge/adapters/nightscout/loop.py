"""Who decided about insulin, read from the status that a loop sends every five minutes.

Law (`nightscout.md` 6): a loop is closed where it enacts, not where it suggests: within the last hour something was
enacted, else it only computed and a human decided. A first hour without an enactment tells nothing. Stretches are
cut at every full hour and named by it, so that a download of the next hours adds to what is there and doubles
nothing. Suspension is told where it begins and ends, between two statuses that were both seen.

Rejected: a reading for each status (288 a day that say the same), and the enacted rates (treatments have them;
both would be insulin twice).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.nightscout.columns import UNTOLD, begins, filled_in, instants, uploaders, written
from bridge.mapping.cells import Ints, Mask, blank
from bridge.mapping.sheet import Sheet
from bridge.period import HOUR, MINUTE

LATEST: Final = HOUR
"""An enactment closes the loop for so long."""
APART: Final = 15 * MINUTE
"""Statuses farther apart than this do not tell what was between them."""
ONE: Final = 5 * MINUTE
UNKNOWN, MANUAL, AUTOMATED = 0, 1, 2
MODES: Final = ("", "manual", "automated")


def modes(sheet: Sheet) -> Sheet:
    """Adds `mode` with `mode_ms` and `mode_id`, `override_ms` with `override_id`, in the first status of each
    stretch, and `delivery` (suspend, resume) with `delivery_id` where it changed."""
    at, dated = instants(sheet.column("at"))
    device = uploaders(sheet)
    rows = np.flatnonzero(dated & ~begins(sheet, "valid", "false"))
    rows = rows[np.lexsort((at[rows], device[rows]))]
    when, who = at[rows], device[rows]
    lasts = _lasts(when, who)
    mode = _stretches(when, who, lasts, _mode(sheet, rows, when, who))
    override = _stretches(when, who, lasts, begins(sheet, "override_active", "true")[rows].astype(np.int64))
    sheet = _said(sheet, rows, when, mode, "mode", MODES)
    sheet = _said(sheet, rows, when, override, "override", ("", "override"))
    return _changes(sheet, rows, when, who)


def _lasts(when: Ints, who: NDArray[np.int32]) -> Ints:
    """For how long each status is known to hold, in ms."""
    found = np.full(len(when), ONE, np.int64)
    gap, same = np.diff(when), np.diff(who) == 0
    found[:-1] = np.where(same & (gap <= APART), gap, ONE)
    return found


def _mode(sheet: Sheet, rows: NDArray[np.intp], when: Ints, who: NDArray[np.int32]) -> Ints:
    """What each status shows: UNKNOWN, MANUAL or AUTOMATED."""
    computes = (sheet.filled("computed_at") | sheet.filled("acted"))[rows]
    acted = begins(sheet, "acted", "true")[rows]
    stamps, told = instants(sheet.column("acted_at"))
    last = np.where(acted, np.where(told[rows], stamps[rows], when), UNTOLD)
    last = np.where(last > when, when, last)
    begun = np.maximum.accumulate(np.where(np.diff(who, prepend=-1) != 0, np.arange(len(who)), 0))
    newest = _newest(last, who)
    closed = (newest != UNTOLD) & (when - newest <= LATEST)
    seen = when - when[begun] >= LATEST if len(when) else np.zeros(0, np.bool_)
    return np.where(computes, np.where(closed, AUTOMATED, np.where(seen, MANUAL, UNKNOWN)), UNKNOWN)


def _newest(last: Ints, who: NDArray[np.int32]) -> Ints:
    """The newest so far, of each device."""
    if not len(last):
        return last
    far = int(last.max()) + 2
    found = np.maximum.accumulate(last + who.astype(np.int64) * far) - who.astype(np.int64) * far
    return np.where(found < 0, UNTOLD, found)


def _stretches(when: Ints, who: NDArray[np.int32], lasts: Ints, state: Ints) -> tuple[Mask, Ints, Ints]:
    """Where stretches of one state begin (every full hour anew), how long they last, and the state."""
    if not len(when):
        return np.zeros(0, np.bool_), lasts, state
    hour = when // HOUR
    changes = (np.diff(state) != 0) | (np.diff(who) != 0) | (np.diff(hour) != 0) | (np.diff(when) > APART)
    first = np.concatenate(([True], changes))
    home = np.cumsum(first) - 1
    end = np.zeros(home[-1] + 1, np.int64)
    np.maximum.at(end, home, np.minimum(when + lasts, (hour + 1) * HOUR))
    return first & (state > 0), end[home] - when, state


def _said(
    sheet: Sheet,
    rows: NDArray[np.intp],
    when: Ints,
    found: tuple[Mask, Ints, Ints],
    name: str,
    words: tuple[str, ...],
) -> Sheet:
    first, length, state = found
    here = rows[first]
    texts = [words[each] for each in state[first].tolist()]
    ids = [f"{text}/{hour}" for text, hour in zip(texts, (when[first] // HOUR).tolist(), strict=True)]
    empty, ms = blank(len(sheet)), np.zeros(len(sheet), np.int64)
    ms[here] = length[first]
    return sheet.with_columns(
        {
            name: filled_in(empty, here, texts),
            f"{name}_id": filled_in(empty, here, ids),
            f"{name}_ms": written(ms, ms > 0),
        }
    )


def _changes(sheet: Sheet, rows: NDArray[np.intp], when: Ints, who: NDArray[np.int32]) -> Sheet:
    """Where a pump stopped or began again between one status and the next."""
    suspended = np.where(
        begins(sheet, "suspended", "true"), 1, np.where(sheet.filled("suspended"), 0, UNTOLD)
    )
    told = np.flatnonzero(suspended[rows] != UNTOLD)
    state, home = suspended[rows][told], who[told]
    changed = told[1:][(np.diff(state) != 0) & (np.diff(home) == 0)]
    texts = ["suspend" if suspended[rows[each]] else "resume" for each in changed.tolist()]
    ids = [f"{text}/{when[each]}" for text, each in zip(texts, changed.tolist(), strict=True)]
    empty = blank(len(sheet))
    return sheet.with_columns(
        {
            "delivery": filled_in(empty, rows[changed], texts),
            "delivery_id": filled_in(empty, rows[changed], ids),
        }
    )
