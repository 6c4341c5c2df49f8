"""What becomes of each row: the first rule that fits it, and what that rule leaves unread.

Law (`mapping.md`, field accounting): rules are tried in order, a row has one fate; a filled cell that the
row's rule does not read is warned of, never lost in silence. A reason names fields and never what is in them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import MOST_DECIMALS, Mask, Numbers, Words
from bridge.mapping.ranges import inside, said
from bridge.mapping.rounding import rounded
from bridge.mapping.rule import Option, Rule
from bridge.mapping.sheet import Sheet
from bridge.mapping.wanted import BLANK, FILLED, is_word, span

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
    """The sheet's columns as categories and as numbers, each made once."""

    sheet: Sheet
    made: dict[str, Words] = field(default_factory=dict)
    counted: dict[str, Numbers] = field(default_factory=dict)

    def words(self, name: str) -> Words:
        """A field as categories."""
        if name not in self.made:
            self.made[name] = self.sheet.column(name).words()
        return self.made[name]

    def numbers(self, name: str) -> Numbers:
        """A field as numbers to compare; those with more decimals than an amount can have are rounded."""
        if name not in self.counted:
            column = self.sheet.column(name)
            found = column.numbers()
            odd = np.flatnonzero(~found.ok & column.filled)
            if len(odd):
                more = rounded(column.at(odd), MOST_DECIMALS)
                for into, values in zip(_parts(found), _parts(more), strict=True):
                    into[odd] = values
            self.counted[name] = found
        return self.counted[name]

    def holds(self, name: str, demands: Sequence[str]) -> Mask:
        """Where a field is filled, blank, one of some words in any case, or in a range."""
        if tuple(demands) == (FILLED,):
            return self.sheet.filled(name)
        if tuple(demands) == (BLANK,):
            return ~self.sheet.filled(name)
        wanted = {word.casefold() for word in demands if span(word) is None}
        found = np.zeros(len(self.sheet), np.bool_)
        if wanted - {FILLED, BLANK}:
            words = self.words(name)
            found = words.mask([is_word(text, wanted) for text in words.texts])
        if wanted & {FILLED, BLANK}:
            found = found | (self.sheet.filled(name) == (FILLED in wanted))
        for one in (each for word in demands if (each := span(word)) is not None):
            found = found | inside(self.numbers(name), one)
        return found

    def fits(self, option: Option, among: Mask | None = None) -> Mask:
        """Where all demands of an option are met."""
        found = np.ones(len(self.sheet), np.bool_) if among is None else among.copy()
        for name, demands in option.items():
            if not found.any():
                break
            found &= self.holds(name, demands)
        return found


def _parts(numbers: Numbers) -> tuple[NDArray[np.generic], ...]:
    return numbers.amount, numbers.decimals, numbers.ok


def with_ignored(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, and after each whose value has words for `nothing was measured` one that ignores those."""
    found: list[Rule] = []
    for rule in rules:
        found.append(rule)
        if rule.value is not None and rule.value.ignore:
            found.append(
                Rule.model_validate({"name": f"{rule.name}, nothing measured", "when": (), "ignore": True})
            )
    return tuple(found)


def fates(vocabulary: Vocabulary, rules: Sequence[Rule]) -> NDArray[np.int16]:
    """The place of each row's rule (among `with_ignored`), or NO_RULE: int16[n]."""
    n = len(vocabulary.sheet)
    found = np.full(n, NO_RULE, np.int16)
    left = np.ones(n, np.bool_)
    for place, rule in enumerate(rules):
        for option in rule.when:
            fits = vocabulary.fits(option, left)
            found[fits] = place
            left &= ~fits
        if rule.value is not None and rule.value.ignore:
            name = rule.value.field
            empty = said(vocabulary.sheet.column(name), vocabulary.numbers(name), rule.value.ignore)
            found[empty & (found == place)] = place + 1
    return found


def unmatched(sheet: Sheet, rules: Sequence[Rule]) -> str:
    """Why rows fit no rule: the fields by which rules choose."""
    chosen = dict.fromkeys(
        name
        for rule in rules
        for option in rule.when
        for name, words in option.items()
        if words not in ((FILLED,), (BLANK,)) and name in sheet.headings
    )
    return f"no rule of the mapping fits{f' what is in {sheet.told(*chosen)}' if chosen else ''}"
