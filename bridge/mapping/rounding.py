"""Amounts that a source wrote with the noise of binary fractions, rounded to the decimals that were meant.

Law (`carelink.md` B3): only where a mapping says so; halves go away from zero, as the vendors round; nothing goes
through a float. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

import numpy as np

from bridge.mapping.cells import MOST_DIGITS, Column, Numbers

_FIRST: Final = frozenset("0123456789+-.,")


def rounded(column: Column, decimals: int) -> Numbers:
    """Cells as numbers with `decimals` decimals; a cell that is no number, or too large a one, is not `ok`."""
    words = column.words()
    found = [_rounded(text, decimals) for text in words.texts]
    amount = np.array([each or 0 for each in found], np.int64)[words.codes]
    ok = words.mask([each is not None for each in found])
    return Numbers(amount, np.where(ok, decimals, 0).astype(np.int8), ok)


def unsigned(column: Column, decimals: int) -> Numbers:
    """The same without their sign: a rate of falling is written with and without one."""
    found = rounded(column, decimals)
    return replace(found, amount=np.abs(found.amount))


def _rounded(text: str, decimals: int) -> int | None:
    try:
        exact = Decimal(text.replace(",", ".")) if text[:1] in _FIRST else Decimal("NaN")
        scaled = int(exact.scaleb(decimals).quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, OverflowError, ValueError):
        return None
    return scaled if abs(scaled) < 10**MOST_DIGITS else None
