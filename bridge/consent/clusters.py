"""One physical event leaves once: which copies of a reading stay behind.

Law: pure, over permitted readings only (`safety.md`, duplicates). Two readings of different series are
copies where they lie within the stream's window and either come from the same sensor or differ by no more
than its tolerance; never two of one series, never two sensors that are both known and different. A copy is
shadowed by any copy of a series that stands before its own in the route order. A sensor's values shadow all
copies near them; a dose, a meal or a strip shadows one of each other series (`pairs.py`), for two alike within
two minutes are two. The answer needs no more than `WIDEST` of context and does not depend on the order of import.
Rejected: a mark at rest (it would be made from data that the asker may not see).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.pairs import REACH, Pairs, paired
from bridge.period import MINUTE
from bridge.reading import MG_DL_PER_MMOL_L, BolusKind, Device, SourceClass, Stream, Unit
from bridge.store.series import SeriesRow

ROUTES: Final[Mapping[str, int]] = {
    SourceClass.MAKER: 0,  # the vendor's record
    SourceClass.FOLLOWER: 1,
    SourceClass.PROCESSED: 2,
    SourceClass.TYPED: 3,
    SourceClass.UNKNOWN: 4,
}
"""Nearest to the sensor first; then the lowest series number."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near two copies lie: ms, and amount by unit (none: equal). `by_sensor`: whether the same sensor
    makes copies whatever the amount, of all readings near it; two strips or doses of one device are two events,
    and their copies are paired one to one. `same`: kinds that routes call by different names."""

    window: int
    tolerance: Mapping[Unit, float]
    by_sensor: bool = False
    same: frozenset[int] = frozenset()


_GLUCOSE: Final = {Unit.MG_DL: 1.0, Unit.MMOL_L: 0.1}
_RAPID: Final = frozenset(map(int, BolusKind)) - {BolusKind.LONG, BolusKind.EXTENDED}
LIKENESS: Final[Mapping[Stream, Likeness]] = {
    Stream.GLUCOSE: Likeness(MINUTE, _GLUCOSE, by_sensor=True),
    Stream.CAPILLARY: Likeness(MINUTE, _GLUCOSE),
    Stream.CALIBRATION: Likeness(MINUTE, _GLUCOSE),
    Stream.KETONE: Likeness(MINUTE, {}),
    Stream.BOLUS: Likeness(2 * MINUTE, {}, same=_RAPID),
    Stream.CARBS: Likeness(2 * MINUTE, {}),
}
"""Streams whose copies are joined; others leave as they are."""
WIDEST: Final = max(each.window * (1 if each.by_sensor else REACH) for each in LIKENESS.values())
"""How far around a reading anything lies that decides whether it leaves: ms."""

SMOOTHED: Final = "/smoothed"
"""Ends the device of a series of smoothed copies: a mapping calls it `series: smoothed`."""
_WORN: Final = (frozenset({"sensor", "transmitter"}), frozenset({"pump"}))


@dataclass(frozen=True, slots=True)
class Track:
    """Permitted readings of one series: sorted instants int64[n], values int64[n], and the grain (uint8[n])
    at which each may be told."""

    series: SeriesRow
    instants: NDArray[np.int64]
    values: NDArray[np.int64]
    kinds: NDArray[np.uint16]
    grains: NDArray[np.uint8]


def rank(series: SeriesRow) -> tuple[int, bool, int]:
    """Place in the route order, lowest first; of one route what was smoothed comes after what was not."""
    return ROUTES.get(series.source_class, len(ROUTES)), _is_smoothed(series), series.number


def _is_smoothed(series: SeriesRow) -> bool:
    return series.key.device.endswith(SMOOTHED)


def shadowed(tracks: Sequence[Track]) -> list[NDArray[np.bool_]]:
    """For tracks of one stream: which readings of each stay behind."""
    hidden = [np.zeros(len(track.instants), np.bool_) for track in tracks]
    for place, track in enumerate(tracks):
        for other in tracks:
            if rank(other.series) < rank(track.series) and len(other.instants) and len(track.instants):
                hidden[place] |= _copies(track, other)
    return hidden


def _copies(track: Track, other: Track) -> NDArray[np.bool_]:
    """Which readings of `track` have a copy in `other` that is told at least as finely."""
    found = np.zeros(len(track.instants), np.bool_)
    if are_apart(track.series.device, other.series.device) or are_other_makes(track.series, other.series):
        return found
    likeness = LIKENESS[track.series.key.stream]
    alike = _alike_pairs(track, other, likeness)
    if likeness.by_sensor:
        found[alike.mine] = True
        return found
    found[paired(alike)] = True
    return found


def _alike_pairs(track: Track, other: Track, likeness: Likeness) -> Pairs:
    """Every reading of `track` with every copy of it in `other`."""
    low = np.searchsorted(other.instants, track.instants - likeness.window, side="left")
    high = np.searchsorted(other.instants, track.instants + likeness.window, side="right")
    same = likeness.by_sensor and is_same_sensor(track.series, other.series)
    found = [Pairs.none()]
    for step in range(int((high - low).max(initial=0))):
        place = np.minimum(low + step, len(other.instants) - 1)
        alike = same or _alike(track, other, place, likeness)
        mine = np.flatnonzero((low + step < high) & alike & (other.grains[place] <= track.grains))
        found.append(Pairs(mine, place[mine]))
    return Pairs.joined(found)


def _alike(track: Track, other: Track, place: NDArray[np.intp], likeness: Likeness) -> NDArray[np.bool_]:
    one, two = track.series.key, other.series.key
    if one.unit is two.unit:
        scale = max(one.scale, two.scale)
        left = track.values * 10 ** (scale - one.scale)
        right = other.values[place] * 10 ** (scale - two.scale)
        within = round(likeness.tolerance.get(one.unit, 0.0) * 10**scale)
        alike = (track.kinds == other.kinds[place]) | (
            _are(track.kinds, likeness.same) & _are(other.kinds[place], likeness.same)
        )
        return np.asarray((np.abs(left - right) <= within) & alike)
    if {one.unit, two.unit} != {Unit.MG_DL, Unit.MMOL_L}:
        return np.zeros(len(track.values), np.bool_)
    left, right = _mg_dl(track.values, track.series), _mg_dl(other.values[place], other.series)
    within = likeness.tolerance.get(Unit.MMOL_L, 0.0) * MG_DL_PER_MMOL_L
    return np.asarray(np.abs(left - right) <= within)


def _are(kinds: NDArray[np.uint16], wanted: frozenset[int]) -> NDArray[np.bool_]:
    return np.isin(kinds, np.array(sorted(wanted), np.uint16))


def _mg_dl(values: NDArray[np.int64], series: SeriesRow) -> NDArray[np.float64]:
    factor = MG_DL_PER_MMOL_L if series.key.unit is Unit.MMOL_L else 1.0
    return values.astype(np.float64) * (factor / 10.0**series.key.scale)


def is_same_sensor(one: SeriesRow, two: SeriesRow) -> bool:
    """Whether both are known to come from the same device: the same of one family (a smoothed copy is of it too),
    or the same serial."""
    made = one.key.device.removesuffix(SMOOTHED)
    if one.key.family == two.key.family and made and made == two.key.device.removesuffix(SMOOTHED):
        return True
    serial = one.device.serial.casefold()
    return serial != "" and serial == two.device.serial.casefold()


def are_apart(one: Device, two: Device) -> bool:
    """Whether both are known sensors, or known pumps, and not the same: worn together they stay two."""
    known = one.serial and two.serial and any({one.kind, two.kind} <= worn for worn in _WORN)
    return bool(known) and one.serial.casefold() != two.serial.casefold()


def are_other_makes(one: SeriesRow, two: SeriesRow) -> bool:
    """Whether two makers' sensors measured: by chance they agree, but they never copy each other."""
    makers = {one.device.manufacturer.casefold(), two.device.manufacturer.casefold()}
    return one.key.stream is Stream.GLUCOSE and len(makers) == 2 and "" not in makers
