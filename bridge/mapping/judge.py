"""Every row judged before anything is read: its rule, its time, and why it cannot be used.

Law: a row without a possible time, cut off, or without a rule is rejected with its reason; the first reason
stands. Where a mapping has several passes each judges every row by rules of its own, and only the first has
an opinion about rows that none of its rules fits. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Ints, Mask
from bridge.mapping.dated import Dated
from bridge.mapping.fates import Reasons, Vocabulary, fates, unmatched, with_ignored
from bridge.mapping.language import PartSpec
from bridge.mapping.rule import Pass, Rule
from bridge.mapping.sheet import Sheet

EARLIEST: Final = -631_152_000_000
"""1950-01-01: no such reading is older; year-1 rows occur in LibreView files."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sheet with each row's rule (`fate` int16[n], -1 none; it indexes `ruled`), its time, and the reasons
    of the rejected. `pass_name` is '' for the first pass."""

    words: Vocabulary
    spec: PartSpec
    pass_name: str
    ruled: tuple[Rule, ...]
    fate: NDArray[np.int16]
    dated: Dated
    reasons: Reasons

    @property
    def sheet(self) -> Sheet:
        """The rows."""
        return self.words.sheet

    @property
    def wall(self) -> Ints:
        """Each row's time: an instant where it is told, else by the source's clock (int64[n] ms)."""
        return self.dated.wall

    def of(self, place: int) -> NDArray[np.intp]:
        """The rows of one rule that are not rejected."""
        return np.flatnonzero((self.fate == place) & ~self.reasons.mask(len(self.sheet)))

    def streamed(self) -> Mask:
        """Rows whose rule leads to a stream."""
        leads = np.array([rule.stream is not None for rule in self.ruled] + [False])
        return np.asarray(leads[self.fate])

    def good(self) -> NDArray[np.intp]:
        """The rows that become readings, as judged so far."""
        return np.flatnonzero(self.streamed() & ~self.reasons.mask(len(self.sheet)))

    def rules(self) -> tuple[tuple[int, Rule], ...]:
        """The rules that have rows, with their places."""
        there = np.bincount(self.fate[self.fate >= 0], minlength=len(self.ruled))
        return tuple((place, rule) for place, rule in enumerate(self.ruled) if there[place])


def judge(words: Vocabulary, spec: PartSpec, one: Pass, dated: Dated) -> Judged:
    """The rows of a sheet, judged by the rules of one pass."""
    ruled = with_ignored(one.rules)
    judged = Judged(
        words, spec, one.name, ruled, fates(words, ruled), dated, Reasons(dict(words.sheet.faults))
    )
    _reject_cut(judged)
    _reject_by_rule(judged)
    _reject_undated(judged)
    return judged


def _reject_by_rule(judged: Judged) -> None:
    if not judged.pass_name:
        lost = np.flatnonzero(judged.fate < 0)
        judged.reasons.add(lost, [unmatched(judged.sheet, judged.ruled)] * len(lost))
    for place, rule in judged.rules():
        if rule.reject:
            rows = np.flatnonzero(judged.fate == place)
            judged.reasons.add(rows, [rule.reject] * len(rows))


def _reject_undated(judged: Judged) -> None:
    streamed, found = judged.streamed(), judged.dated
    undated = np.flatnonzero(streamed & ~found.ok)
    forms = found.mask or ", ".join(judged.spec.time.formats)
    told = judged.sheet.told(*judged.spec.time.field)
    judged.reasons.add(undated, [f"what is in {told} is no date and time as {forms}"] * len(undated))
    early = np.flatnonzero(streamed & found.ok & (found.wall < EARLIEST))
    why = f"the time in {told} is before any sensor: the device's clock was not set"
    judged.reasons.add(early, [why] * len(early))


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
    mine = sheet.column(judged.spec.device.key).text(last)
    others = judged.words.words(judged.spec.device.key).texts
    return bool(mine) and any(other != mine and other.startswith(mine) for other in others)
