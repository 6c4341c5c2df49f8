"""What a treatment started lasts until its time is up, or until the next of its kind, whichever comes first.

Law (`nightscout.md` 5): a temporary basal is renewed every five minutes and each record names the whole half hour,
so lengths as they are told overlap by far; a record of length 0 ends what runs and is nothing of its own. Targets,
overrides, loop modes and profiles go the same way, each uploader for itself, so that a second one is not cut off by
the first. What nobody ended and nobody said the end of has no known length.

Rejected: marking what the next record replaced as interrupted (delivery went on; only what was called off was).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.nightscout.columns import UNTOLD, amounts, begins, instants, uploaders, written
from bridge.mapping.cells import Ints, Mask
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

INDEFINITE: Final = 43_200 * MINUTE
"""30 days: how iAPS and Trio write an override without an end."""
OVERRIDING_APPS: Final = ("iaps", "trio", "open-iaps", "freeaps")
"""They upload overrides under the event type Exercise."""


@dataclass(frozen=True, slots=True)
class Track:
    """One kind of thing of which an uploader has one at a time: the records about it, those among them that
    end what runs, and those that run until they are ended."""

    about: Mask
    stops: Mask
    open: Mask


def until(start: Ints, told: Ints, group: NDArray[np.int32], stops: Mask) -> tuple[Ints, Mask]:
    """How long each thing lasts, in ms int64[n], UNTOLD where nothing tells; and which were called off before
    their time. `told`: the length that was planned, UNTOLD without end; `stops`: records that only end."""
    order = np.lexsort((~stops, start, group))
    ordered, same = start[order], group[order]
    room = np.full(len(start), UNTOLD, np.int64)
    follows = same[1:] == same[:-1]
    room[order[:-1][follows]] = (ordered[1:] - ordered[:-1])[follows]
    stopped = np.zeros(len(start), np.bool_)
    stopped[order[:-1][follows]] = stops[order[1:]][follows]
    shorter = (room != UNTOLD) & ((told == UNTOLD) | (room < told))
    return np.where(shorter, room, told), shorter & stopped & ~stops & (told != UNTOLD)


def spans(sheet: Sheet) -> Sheet:
    """Adds `lasted` (ms), and the marks `stops` (ends what runs, else nothing) and `cut` (called off)."""
    n = len(sheet)
    at, dated = instants(sheet.column("at"))
    minutes, ms = amounts(sheet.column("minutes"), MINUTE), amounts(sheet.column("ms"), 1)
    told = np.where(ms != UNTOLD, ms, minutes)
    there = dated & ~_taken_back(sheet) & ~sheet.filled("copy")
    who = uploaders(sheet)
    lasted, stops, cut = told.copy(), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for track in tracks(sheet, told).values():
        rows = np.flatnonzero(track.about & there)
        planned = np.where(track.open[rows], UNTOLD, told[rows])
        lasted[rows], cut[rows] = until(at[rows], planned, who[rows], track.stops[rows])
        stops |= track.about & track.stops
    found = sheet.with_columns({"lasted": written(lasted, (lasted != UNTOLD) & ~stops)})
    return found.with_mark("stops", stops).with_mark("cut", cut)


def _taken_back(sheet: Sheet) -> Mask:
    return begins(sheet, "valid", "false", "0")


def tracks(sheet: Sheet, told: Ints) -> Mapping[str, Track]:
    """The records of each kind."""
    nothing, zero = np.zeros(len(sheet), np.bool_), told == 0
    cancel, basal = begins(sheet, "event", *_CANCELS), _basal(sheet)
    rated = sheet.filled("rate") | sheet.filled("percent")
    target = begins(sheet, "event", "temporary target")
    override = begins(sheet, "event", "temporary override")
    override |= begins(sheet, "event", "exercise") & begins(sheet, "by", *OVERRIDING_APPS)
    loop, named = begins(sheet, "event", "openaps offline"), sheet.filled("mode")
    profile, extended = begins(sheet, "event", "profile switch"), begins(sheet, "event", "combo bolus")
    endless = zero | (told == INDEFINITE)
    return {
        "basal": Track(basal, zero | cancel | ~rated, nothing),
        "target": Track(target, zero | cancel, nothing),
        "override": Track(override, cancel, endless),
        "loop": Track(loop, zero & ~named, zero & named),
        "profile": Track(profile, nothing, zero),
        "extended": Track(extended & sheet.filled("split_later"), zero, nothing),
    }


_CANCELS: Final = ("temporary target cancel", "temporary override cancel", "temp basal end")


def _basal(sheet: Sheet) -> Mask:
    """By fields, not by event type: a rate belongs to nothing else."""
    rated = sheet.filled("rate") | sheet.filled("percent")
    return np.asarray(begins(sheet, "event", "temp basal") | (rated & ~sheet.filled("units_given")))
