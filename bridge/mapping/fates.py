"""What becomes of each row: the first rule that fits it, and what that rule leaves unread.

Law (`mapping.md`, field accounting): rules are tried in order, a row has one fate; a filled cell that the
row's rule does not read is warned of, never lost in silence. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Mask, Words
from bridge.mapping.language import BLANK, FILLED, Rule, TableSpec
from bridge.mapping.sheet import Sheet

NO_RULE = -1


@dataclass(slots=True)
class Reasons:
    """Why rows were rejected: the first reason of a row stands."""

    why: dict[int, str] = field(default_factory=dict)

    def add(self, rows: NDArray[np.intp], reasons: Iterator[str] | Sequence[str]) -> None:
        """Reject rows (indices into the sheet)."""
        for row, reason in zip(rows.tolist(), reasons, strict=False):
            self.why.setdefault(row, reason)

    def mask(self, n: int) -> Mask:
        """Which rows are rejected."""
        found = np.zeros(n, np.bool_)
        found[list(self.why)] = True
        return found


@dataclass(slots=True)
class Vocabulary:
    """The sheet's columns as categories, each made once."""

    sheet: Sheet
    made: dict[str, Words] = field(default_factory=dict)

    def words(self, name: str) -> Words:
        """A field as categories."""
        if name not in self.made:
            self.made[name] = self.sheet.column(name).words()
        return self.made[name]

    def holds(self, name: str, words: Sequence[str]) -> Mask:
        """Where a field is one of `words`, any case, or filled, or blank."""
        if tuple(words) == (FILLED,):
            return self.sheet.filled(name)
        if tuple(words) == (BLANK,):
            return ~self.sheet.filled(name)
        wanted = {word.casefold() for word in words}
        found = self.words(name)
        return found.mask([text.casefold() in wanted for text in found.texts])


def fates(vocabulary: Vocabulary, rules: Sequence[Rule]) -> NDArray[np.int16]:
    """The place of each row's rule, or NO_RULE: int16[n]."""
    n = len(vocabulary.sheet)
    found = np.full(n, NO_RULE, np.int16)
    left = np.ones(n, np.bool_)
    for place, rule in enumerate(rules):
        for option in rule.when:
            fits = left.copy()
            for name, words in option.items():
                if not fits.any():
                    break
                fits &= vocabulary.holds(name, words)
            found[fits] = place
            left &= ~fits
    return found


def unmatched(vocabulary: Vocabulary, spec: TableSpec, rows: NDArray[np.intp]) -> Iterator[str]:
    """Why rows fit no rule: the words by which rules choose."""
    chosen: Mapping[str, None] = {
        name: None
        for rule in spec.rules
        for option in rule.when
        for name, words in option.items()
        if words not in ((FILLED,), (BLANK,))
    }
    for row in rows.tolist():
        said = (f"{name} {vocabulary.sheet.column(name).text(row)!r}" for name in chosen)
        yield f"no rule of the mapping fits: {', '.join(said)}"


def unread(vocabulary: Vocabulary, spec: TableSpec, fate: NDArray[np.int16]) -> Iterator[str]:
    """A warning for each rule and field where cells are filled that the rule does not read."""
    sheet = vocabulary.sheet
    device = {spec.device.serial, spec.device.model} if spec.device else set()
    words = {n for r in spec.rules for o in r.when for n, w in o.items() if w not in ((FILLED,), (BLANK,))}
    always = {spec.time.field, *device, *words} | {n for n, f in spec.fields.items() if f.ignore}
    filled = {
        name: sheet.filled(name) for name in spec.fields if name in sheet.columns and name not in always
    }
    for place, rule in enumerate(spec.rules):
        rows = fate == place
        if rule.stream is None or not rows.any():
            continue
        for name in sorted(filled.keys() - rule.used - {*rule.beside}):
            lost = np.flatnonzero(rows & filled[name])
            if len(lost):
                yield (
                    f"{len(lost)} {rule.name} rows also fill column {sheet.headings[name]!r}, which was not "
                    f"read there (first: line {sheet.line[lost[0]]})"
                )
