"""Amounts that are asked for (R4 3.1.1.4.5 and 3.1.1.4.6), as tests over integers at rest.

Law: pure and exact: bounds are fractions and a value is its integer over its scale, so 5.0 and 5.00 are one number
and nothing is converted: a test holds for values in the unit that it names, and for no other. A value out of range
is the open range beyond its limit. What has no amount passes no test.

Rejected: converting between mg/dL and mmol/L (no factor is exact, so an edge would move); floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain, Prefix, Selector
from bridge.reading import Flag, SeriesKey

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

_NOTHING: Final = int(Flag.NO_VALUE | Flag.RETRACTED)
_FAR: Final = np.int64(2**62)


@final
@dataclass(frozen=True, slots=True)
class Amount:
    """One value of a quantity parameter: what it says of rows of `selectors`, which are told in its unit. `low`
    and `high` are the edges of what its number means; they are one for prefixes that take it exactly."""

    prefix: Prefix
    low: Fraction
    high: Fraction
    selectors: frozenset[Selector]

    def concerns(self, key: SeriesKey, grain: Grain) -> bool:
        """Whether items of that series and grain are told in its unit."""
        return any(
            each.stream is key.stream and each.unit in (None, key.unit) and each.grain in (None, grain)
            for each in self.selectors
        )


@final
@dataclass(frozen=True, slots=True)
class AmountTest:
    """One quantity parameter: any of its values holds."""

    values: tuple[Amount, ...]

    def passes(self, key: SeriesKey, grain: Grain, values: Ints, flags: Ints) -> Mask:
        """Which items of one series and grain pass: amounts int64[n] in its scale, and Flags."""
        said, found = _said(values, flags), np.zeros(len(values), np.bool_)
        for each in self.values:
            if each.concerns(key, grain):
                factor = 10**key.scale
                found |= _TESTS[each.prefix](said, each.low * factor, each.high * factor)
        return np.asarray(found & (flags & _NOTHING == 0))


@final
@dataclass(frozen=True, slots=True)
class _Said:
    """What amounts say, as ranges: from `lows` to `highs` (int64[n]), and whether the edge itself is outside."""

    lows: Ints
    highs: Ints
    is_low_open: Mask
    is_high_open: Mask


def _said(values: Ints, flags: Ints) -> _Said:
    is_beyond = flags & int(Flag.INCLUSIVE) == 0
    is_low, is_high = flags & int(Flag.LOW) != 0, flags & int(Flag.HIGH) != 0
    return _Said(
        lows=np.where(is_low, -_FAR, values),
        highs=np.where(is_high, _FAR, values),
        is_low_open=is_high & is_beyond,
        is_high_open=is_low & is_beyond,
    )


def _over(edges: Ints, number: Fraction) -> Mask:
    return np.asarray(edges >= min(int(_FAR), number.numerator // number.denominator + 1))


def _from(edges: Ints, number: Fraction) -> Mask:
    return np.asarray(edges >= min(int(_FAR), -(-number.numerator // number.denominator)))


def _within(said: _Said, low: Fraction, high: Fraction) -> Mask:
    """The number as it is written contains the amount: from half its last digit below to before half above."""
    return _from(said.lows, low) & ~_from(said.highs, high)


def _near(said: _Said, low: Fraction, high: Fraction) -> Mask:
    begins = np.where(said.is_low_open, ~_from(said.lows, high), ~_over(said.lows, high))
    return np.asarray(begins & np.where(said.is_high_open, _over(said.highs, low), _from(said.highs, low)))


_TESTS: Final[Mapping[str, Callable[[_Said, Fraction, Fraction], Mask]]] = {
    "eq": _within,
    "ne": lambda said, low, high: ~_within(said, low, high),
    "gt": lambda said, low, high: _over(said.highs, high),
    "lt": lambda said, low, high: ~_from(said.lows, low),
    "ge": lambda said, low, high: np.where(
        said.is_high_open, _over(said.highs, high), _from(said.highs, high)
    ),
    "le": lambda said, low, high: np.where(said.is_low_open, ~_from(said.lows, low), ~_over(said.lows, low)),
    "sa": lambda said, low, high: np.where(said.is_low_open, _from(said.lows, high), _over(said.lows, high)),
    "eb": lambda said, low, high: np.where(
        said.is_high_open, ~_over(said.highs, low), ~_from(said.highs, low)
    ),
    "ap": _near,
}
"""R4 3.1.1.4.4, over ranges."""
