"""Numbers and words of a column against what a mapping demands of them.

Law: exact: an amount is compared as the decimal that was written, never as a float, also below zero. A word
is compared in any case, and only where the cell is no number. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import Column, Ints, Mask, Numbers
from bridge.mapping.wanted import BLANK, Span, is_word, span


def inside(numbers: Numbers, wanted: Span) -> Mask:
    """Which numbers lie in a range."""
    found = numbers.ok.copy()
    if wanted.low is not None:
        found &= compared(numbers.amount, numbers.decimals, wanted.low) >= (0 if wanted.low_closed else 1)
    if wanted.high is not None:
        found &= compared(numbers.amount, numbers.decimals, wanted.high) <= (0 if wanted.high_closed else -1)
    return found


def compared(value: Ints, scale: NDArray[np.int8], end: Decimal) -> NDArray[np.int8]:
    """-1, 0, 1 where value / 10**scale is below, at, above `end`: int8[n]."""
    found = np.zeros(len(value), np.int8)
    for places in np.flatnonzero(np.bincount(scale, minlength=1)).tolist():
        same = scale == places
        exact = end.scaleb(places)
        floor = math.floor(exact)
        side = np.sign(value[same] - floor).astype(np.int8)
        found[same] = side if exact == floor else np.where(value[same] > floor, 1, -1)
    return found


def said(column: Column, numbers: Numbers, demands: Sequence[str]) -> Mask:
    """Which cells of a value are one of some words, or numbers, or ranges of numbers."""
    found = np.zeros(len(column), np.bool_)
    spans = [each for word in demands if (each := span(word, plain=True)) is not None]
    for one in spans:
        found |= inside(numbers, one)
    wanted = {word.casefold() for word in demands if span(word, plain=True) is None}
    if wanted:
        odd = np.flatnonzero(~numbers.ok)
        words = column.at(odd).words()
        found[odd] |= words.mask(
            [is_word(text, wanted) or (not text and BLANK in wanted) for text in words.texts]
        )
    return found
