"""Every row judged before anything is read: its rule, its time, and why it cannot be used.

Law: one mask for the dates of a whole file, and where two fit and nothing decides the file is refused, not
guessed. A row without a possible time, cut off, or without a rule is rejected with its reason; the first
reason stands. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import Ints, Mask
from bridge.mapping.dates import Stamps, read_stamps
from bridge.mapping.fates import Reasons, Vocabulary, fates, unmatched
from bridge.mapping.language import Rule, TableSpec
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Procedures

EARLIEST: Final = -631_152_000_000
"""1950-01-01: no such reading is older; year-1 rows occur in LibreView files."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sheet with each row's rule (`fate` int16[n], -1 none), wall time (int64[n] ms), and the reasons of
    the rejected. `mask`: the date mask in force."""

    words: Vocabulary
    spec: TableSpec
    fate: NDArray[np.int16]
    wall: Ints
    mask: str
    reasons: Reasons

    @property
    def sheet(self) -> Sheet:
        """The rows."""
        return self.words.sheet

    def of(self, place: int) -> NDArray[np.intp]:
        """The rows of one rule that are not rejected."""
        return np.flatnonzero((self.fate == place) & ~self.reasons.mask(len(self.sheet)))

    def streamed(self) -> Mask:
        """Rows whose rule leads to a stream."""
        leads = np.array([rule.stream is not None for rule in self.spec.rules] + [False])
        return np.asarray(leads[self.fate])

    def good(self) -> NDArray[np.intp]:
        """The rows that become readings, as judged so far."""
        return np.flatnonzero(self.streamed() & ~self.reasons.mask(len(self.sheet)))

    def rules(self) -> tuple[tuple[int, Rule], ...]:
        """The rules that have rows, with their places."""
        there = np.bincount(self.fate[self.fate >= 0], minlength=len(self.spec.rules))
        return tuple((place, rule) for place, rule in enumerate(self.spec.rules) if there[place])


def judge(sheet: Sheet, spec: TableSpec, procedures: Procedures, date_order: str | None) -> Judged:
    """The rows of a sheet, judged. Unreadable where the dates cannot be understood."""
    words = Vocabulary(sheet)
    fate = fates(words, spec.rules)
    mask, stamps = _dated(sheet, spec, procedures, date_order)
    judged = Judged(words, spec, fate, stamps.wall, mask, Reasons())
    _reject_cut(judged)
    _reject_by_rule(judged)
    _reject_undated(judged, stamps.ok)
    return judged


def _dated(
    sheet: Sheet, spec: TableSpec, procedures: Procedures, date_order: str | None
) -> tuple[str, Stamps]:
    if spec.time.field not in sheet.columns:
        raise Unreadable(f"the column with the time ({spec.time.field}) is missing: use the whole export")
    column = sheet.columns[spec.time.field]
    found = read_stamps(column, spec.time.formats)
    if date_order:
        found = {mask: stamps for mask, stamps in found.items() if order_of(mask) == date_order}
    if not found:
        return spec.time.formats[0], Stamps(np.zeros(len(sheet), np.int64), np.zeros(len(sheet), np.bool_))
    most = max(int(stamps.ok.sum()) for stamps in found.values())
    best = {mask: stamps for mask, stamps in found.items() if int(stamps.ok.sum()) == most}
    first = next(iter(best))
    if all((best[first].wall == stamps.wall)[stamps.ok].all() for stamps in best.values()):
        return first, best[first]
    mask = procedures.dates[spec.time.order](sheet, best) if spec.time.order else None
    if mask is None:
        raise Unreadable(_undecidable(column.text(int(np.flatnonzero(best[first].ok)[0])), best))
    return mask, best[mask]


def order_of(mask: str) -> str:
    """ymd, mdy or dmy."""
    return "".join(sorted("ymd", key=lambda part: mask.find(part.upper())))


def _undecidable(example: str, best: Mapping[str, Stamps]) -> str:
    orders = " or ".join(sorted({order_of(mask) for mask in best}))
    return (
        f"the dates can be read in two ways ({example!r} as {orders}) and nothing in the file decides: "
        "choose year-month-day in the vendor's account settings and download again, or give the date order"
    )


def _reject_by_rule(judged: Judged) -> None:
    lost = np.flatnonzero(judged.fate < 0)
    judged.reasons.add(lost, unmatched(judged.words, judged.spec, lost))
    for place, rule in judged.rules():
        if rule.reject:
            rows = np.flatnonzero(judged.fate == place)
            judged.reasons.add(rows, [rule.reject] * len(rows))


def _reject_undated(judged: Judged, ok: Mask) -> None:
    streamed = judged.streamed()
    column = judged.sheet.column(judged.spec.time.field)
    undated = np.flatnonzero(streamed & ~ok)
    texts = column.at(undated).texts()
    judged.reasons.add(undated, [f"{text!r} is no date and time as {judged.mask}" for text in texts])
    early = np.flatnonzero(streamed & ok & (judged.wall < EARLIEST))
    texts = column.at(early).texts()
    judged.reasons.add(
        early, [f"{text!r} is before any sensor: the device's clock was not set" for text in texts]
    )


def _reject_cut(judged: Judged) -> None:
    """The last row of a file without a line end, where it lacks what such rows have."""
    sheet = judged.sheet
    if len(sheet) and (sheet.cut or (sheet.open_end and _lacks(judged))):
        why = "the file ends inside this line: it was cut off, download it again"
        judged.reasons.add(np.array([len(sheet) - 1]), [why])


def _lacks(judged: Judged) -> bool:
    """Whether the last row has fewer cells than rows of its rule, lacks one that all of them fill, or ends in
    the beginning of another row's device id."""
    sheet, fate, last = judged.sheet, judged.fate, len(judged.sheet) - 1
    alike = np.flatnonzero(fate[:last] == fate[last])
    usual = alike if len(alike) else np.arange(last)
    if len(usual) and int(sheet.count[last]) < int(sheet.count[usual].min()):
        return True
    filled = (column.filled for column in sheet.columns.values())
    if len(alike) and any(each[alike].all() and not each[last] for each in filled):
        return True
    if judged.spec.device is None:
        return False
    mine = sheet.column(judged.spec.device.serial).text(last)
    others = judged.words.words(judged.spec.device.serial).texts
    return bool(mine) and any(other != mine and other.startswith(mine) for other in others)
