"""When each row was: the field or fields with its stamp, the form or mask that fits, and the offset beside it.

Law: one mask for the dates of a whole file, and where two fit and nothing decides the file is refused, not
guessed. A stamp that names its instant, or has its offset beside it, needs no clock; all others are walls of
the clock that the mapping names. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import PADDING, Column, Ints, Mask, coded
from bridge.mapping.dates import Stamps, read_stamps
from bridge.mapping.language import OffsetSpec, TimeSpec
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Procedures
from bridge.mapping.stamps import FARTHEST, FORMS, Told, read_forms
from bridge.period import MINUTE
from bridge.reading import NO_OFFSET

DAY_MINUTES: Final = 24 * 60
WESTMOST: Final = -12 * 60
QUARTER: Final = 15
"""Minutes: every zone of today stands a multiple of it from UTC."""
_NARROW: Final = re.compile("[\u00a0\u2009\u202f]")
"""Blanks that CLDR puts before AM and PM since 2022."""
MOST_BOUND: Final = 2**31 - 1
"""ms, 24 days: what a column of bounds can say."""


@dataclass(frozen=True, slots=True)
class Dated:
    """Rows in time: `wall` int64[n] is the instant where `known`, else the time by the source's clock; good
    where `ok`. `offset` int16[n]: minutes east as told. `mask`: the date mask in force ('' none). `column`:
    the stamps as they are written. `bound` int32[n]: ms by which the instant may be off (None: nothing says so)."""

    column: Column
    mask: str
    wall: Ints
    known: Mask
    offset: NDArray[np.int16]
    ok: Mask
    bound: NDArray[np.int32] | None = None


def dated(sheet: Sheet, spec: TimeSpec, procedures: Procedures, date_order: str | None) -> Dated:
    """The times of all rows. Unreadable where the dates can be read in two ways."""
    missing = [name for name in spec.field if name not in sheet.columns]
    if missing and len(sheet):
        raise Unreadable(f"the column with the time ({missing[0]}) is missing: use the whole export")
    column = _stamps(sheet, spec, spec.field)
    mask, told = _told(sheet, column, spec, procedures, date_order)
    if spec.utc is not None:
        told = _by_utc(told, _told(sheet, sheet.column(spec.utc), spec, procedures, date_order)[1])
    known = told.ok.copy() if spec.naive == "utc" else told.known
    offset = told.offset
    if spec.offset is not None and spec.offset.minutes is not None:
        minutes, said = _minutes(sheet, spec.offset)
        offset = np.where((offset == NO_OFFSET) & said, minutes, offset)
        here = told.ok & ~known & said
        told = replace(told, shift=np.where(here, minutes, told.shift))
        known = known | here
    wall, bound = told.wall, None
    if known.any():
        wall = told.instant if known.all() else np.where(known, told.instant, told.wall)
    if spec.offset is not None and spec.offset.local is not None:
        local = _stamps(sheet, spec, (spec.offset.local,))
        _, other = _told(sheet, local, spec, procedures, date_order)
        # +00:00 of a stamp beside a local clock is UTC's, not the person's
        asked = (offset == NO_OFFSET) | (offset == 0)
        between, bound = _between(wall, known & asked, other, spec.offset)
        offset = np.where(asked, between, offset)
    return Dated(column, mask, wall, known, offset.astype(np.int16), told.ok, bound)


def same_way(sheet: Sheet, spec: TimeSpec, mask: str, name: str) -> Told:
    """Another field's stamps, read as the time of the rows was."""
    column = _stamps(sheet, spec, (name,))
    told = _formed(column, spec)
    left = np.flatnonzero(~told.ok & column.filled)
    if mask and len(left):
        stamps = read_stamps(column.at(left), [mask]).get(mask)
        if stamps is not None:
            told.wall[left], told.ok[left] = stamps.wall, stamps.ok
    return replace(told, known=told.ok.copy()) if spec.naive == "utc" else told


def _stamps(sheet: Sheet, spec: TimeSpec, names: Sequence[str]) -> Column:
    columns = [sheet.column(name) for name in names]
    if spec.months:
        columns = [_with_months(column, spec.months) for column in columns]
    found = columns[0]
    for column in columns[1:]:
        found = beside(found, column)
    return found


def _formed(column: Column, spec: TimeSpec) -> Told:
    forms = [each for each in spec.formats if each in FORMS]
    return read_forms(column, forms) if forms else Told.nothing(len(column))


def _told(
    sheet: Sheet, column: Column, spec: TimeSpec, procedures: Procedures, date_order: str | None
) -> tuple[str, Told]:
    """The stamps of a column: what forms do not fit is left to the masks."""
    masks = [each for each in spec.formats if each not in FORMS]
    told = _formed(column, spec)
    if not masks:
        return "", told
    whole = not told.ok.any()
    left = np.flatnonzero(~told.ok & column.filled)
    mask, stamps = _masked(sheet, column if whole else column.at(left), spec, masks, procedures, date_order)
    if whole:
        return mask, replace(told, wall=stamps.wall, ok=stamps.ok)
    told.wall[left], told.ok[left] = stamps.wall, stamps.ok
    return mask, told


def _masked(
    sheet: Sheet,
    column: Column,
    spec: TimeSpec,
    masks: Sequence[str],
    procedures: Procedures,
    date_order: str | None,
) -> tuple[str, Stamps]:
    found = read_stamps(column, masks)
    if date_order:
        found = {mask: stamps for mask, stamps in found.items() if order_of(mask) == date_order}
    if not found:
        return masks[0], Stamps(np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_))
    most = max(int(stamps.ok.sum()) for stamps in found.values())
    best = {mask: stamps for mask, stamps in found.items() if int(stamps.ok.sum()) == most}
    first = next(iter(best))
    if all((best[first].wall == stamps.wall)[stamps.ok].all() for stamps in best.values()):
        return first, best[first]
    mask = procedures.dates[spec.order](sheet, best) if spec.order else None
    if mask is None:
        raise Unreadable(_undecidable(sheet.place(int(np.flatnonzero(best[first].ok)[0])), best))
    return mask, best[mask]


def order_of(mask: str) -> str:
    """ymd, mdy or dmy."""
    return "".join(sorted("ymd", key=lambda part: mask.find(part.upper())))


def _undecidable(first: str, best: Mapping[str, Stamps]) -> str:
    orders = " or ".join(sorted({order_of(mask) for mask in best}))
    return (
        f"the dates can be read in two ways ({orders}, the first in {first}) and nothing in the file decides: "
        "choose year-month-day in the vendor's account settings and download again, or give the date order"
    )


def _minutes(sheet: Sheet, spec: OffsetSpec) -> tuple[NDArray[np.int16], Mask]:
    """Minutes east of UTC in a field of their own, and where they are told."""
    numbers = sheet.column(spec.minutes or "").numbers()
    said = numbers.ok & (numbers.decimals == 0) & (np.abs(numbers.amount) <= FARTHEST)
    said &= spec.zero | (numbers.amount != 0)
    return np.where(said, numbers.amount, 0).astype(np.int16), said


def _by_utc(told: Told, utc: Told) -> Told:
    """Stamps without an offset, settled by the same times in UTC, which tell the offset too."""
    here, instant = utc.ok & ~told.known, utc.instant
    between, _ = _between(instant, here, told, OffsetSpec.model_validate({"round": QUARTER}))
    return Told(
        np.where(here, instant, told.wall),
        np.where(here, 0, told.shift).astype(np.int16),
        np.where(here, between, told.offset).astype(np.int16),
        told.known | here,
        told.ok | here,
    )


def _between(
    utc: Ints, asked: Mask, local: Told, spec: OffsetSpec
) -> tuple[NDArray[np.int16], NDArray[np.int32] | None]:
    """The offset between an instant and the same time by the local clock, as it is written or as the clocks
    differ; and, where the mapping wants to know, what the rounding left over. Whole days that lie between the
    clocks (a receiver whose date was never set) are no offset."""
    written = asked & local.ok & (local.offset != NO_OFFSET)
    offset = np.where(written, local.offset, NO_OFFSET).astype(np.int16)
    rows = np.flatnonzero(asked & local.ok & ~written) if spec.round else np.zeros(0, np.intp)
    if not len(rows):
        return offset, None
    apart = local.wall[rows] - utc[rows]
    minutes = np.rint(apart / (spec.round * MINUTE)).astype(np.int64) * spec.round
    around = (minutes - WESTMOST) % DAY_MINUTES + WESTMOST
    minutes = np.where((minutes >= WESTMOST) & (minutes <= FARTHEST), minutes, around)
    offset[rows] = np.where(spec.zero | (minutes != 0), minutes, NO_OFFSET)
    if not spec.drift:
        return offset, None
    bound = np.zeros(len(utc), np.int32)
    bound[rows] = np.minimum(np.abs(apart - minutes * MINUTE), MOST_BOUND)
    return offset, bound


def _with_months(column: Column, months: Mapping[int, Sequence[str]]) -> Column:
    """The column with the names of months written M01 to M12, and the narrow blanks of newer clocks as blanks."""
    numbers = {name.casefold(): f"M{number:02d}" for number, names in months.items() for name in names}
    longest = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    pattern = re.compile(longest, re.IGNORECASE)
    words = column.words()
    plain = [_NARROW.sub(" ", text) for text in words.texts]
    texts = [pattern.sub(lambda name: numbers[name[0].casefold()], text, count=1) for text in plain]
    return coded(texts, words.codes)


def beside(left: Column, right: Column) -> Column:
    """Two columns as one, a blank between them; blank where either is."""
    both = left.filled & right.filled
    one, two = left.at(np.flatnonzero(both)), right.at(np.flatnonzero(both))
    first, second = one.letters(), two.letters()
    width = first.shape[1] + 1 + second.shape[1]
    rows, lengths = np.arange(len(one)), np.minimum(one.end - one.start, first.shape[1])
    joined = np.full((len(one), width), 32, np.uint8)
    joined[:, : first.shape[1]] = first
    joined[rows, lengths] = 32
    joined[rows[:, None], lengths[:, None] + 1 + np.arange(second.shape[1])] = second
    start, end = np.zeros(len(left), np.int32), np.zeros(len(left), np.int32)
    start[both] = rows * width
    end[both] = rows * width + lengths + 1 + np.minimum(two.end - two.start, second.shape[1])
    return Column(np.concatenate((joined.ravel(), np.frombuffer(PADDING, np.uint8))), start, end)
