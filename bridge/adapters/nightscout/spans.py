"""What a treatment started lasts until its time is up, or until the next of its kind, whichever comes first.

Law (`nightscout.md` 5): a temporary basal is renewed every five minutes and each record names the whole half hour,
so lengths as they are told overlap by far; a record of length 0 ends what runs and is nothing of its own. Targets,
overrides, loop modes and profiles go the same way, each uploader for itself, so that a second one is not cut off by
the first. What nobody ended and nobody said the end of has no known length.

Insulin is told only as far as it is known to have run (`safety.md`): a temporary basal that is planned beyond the
last record of its uploader ends there for now, and the last record of all has no known length yet. The next
download, in which it was renewed, called off or ran out, amends it. What is planned of targets, overrides, modes
and profiles is told as it was planned, for that is what they are.

Rejected: marking what the next record replaced as interrupted (delivery went on; only what was called off was).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.nightscout.columns import (
    UNTOLD,
    amounts,
    begins,
    instants,
    taken_back,
    uploaders,
    written,
)
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
    there = dated & ~taken_back(sheet) & ~sheet.filled("copy")
    who = uploaders(sheet)
    latest = _until_the_last(at, who, there)
    lasted, stops, cut = told.copy(), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for name, track in tracks(sheet, told).items():
        rows = np.flatnonzero(track.about & there)
        planned = np.where(track.open[rows], UNTOLD, told[rows])
        lasted[rows], cut[rows] = until(at[rows], planned, who[rows], track.stops[rows])
        stops |= track.about & track.stops
        if name == "basal":
            lasted[rows] = known(lasted[rows], latest[rows])
    found = sheet.with_columns({"lasted": written(lasted, (lasted != UNTOLD) & ~stops)})
    return found.with_mark("stops", stops).with_mark("cut", cut)


def known(lasted: Ints, latest: Ints) -> Ints:
    """Lengths as far as they are known, ms int64[n]. `latest`: from each start to its uploader's last record; a
    record that is the last itself has no known length, UNTOLD."""
    return np.where(latest > 0, np.where(lasted == UNTOLD, UNTOLD, np.minimum(lasted, latest)), UNTOLD)


def _until_the_last(at: Ints, who: NDArray[np.int32], there: Mask) -> Ints:
    """From each record to the last one of its uploader: ms int64[n]."""
    last = np.zeros(int(who.max(initial=0)) + 1, np.int64)
    np.maximum.at(last, who[there], at[there])
    return last[who] - at


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
