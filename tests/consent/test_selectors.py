"""Selectors meet as sets of rows do: what both let through, no row more and no row fewer."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bridge.consent.asked import Grain, Selector, met
from bridge.reading import Stream, Unit

SELECTORS = st.builds(
    Selector,
    st.sampled_from([Stream.BOLUS, Stream.EVENT]),
    st.sampled_from([None, Unit.UNITS, Unit.NONE]),
    st.sampled_from([None, Grain.RAW, Grain.HOUR]),
    st.none() | st.frozensets(st.integers(0, 3), max_size=3),
    st.none()
    | st.integers(0, 7).flatmap(lambda mask: st.integers(0, 7).map(lambda value: (mask, value & mask))),
    st.sampled_from([None, True, False]),
)
SETS = st.frozensets(SELECTORS, max_size=4)
ROWS = [
    (stream, unit, grain, kind, flags, version)
    for stream in (Stream.BOLUS, Stream.EVENT)
    for unit in (Unit.UNITS, Unit.NONE)
    for grain in (Grain.RAW, Grain.HOUR)
    for kind in range(4)
    for flags in range(8)
    for version in (0, 3)
]


def lets_through(selectors: frozenset[Selector]) -> set[tuple[object, ...]]:
    def one(each: Selector, row: tuple[Stream, Unit, Grain, int, int, int]) -> bool:
        stream, unit, grain, kind, flags, version = row
        where = each.stream is stream and each.unit in (None, unit) and each.grain in (None, grain)
        return where and bool(each.passes(np.array([kind]), np.array([flags]), np.array([version]))[0])

    return {row for row in ROWS if any(one(each, row) for each in selectors)}


@given(SETS, SETS)
def test_what_two_sets_have_in_common_is_what_both_let_through(
    one: frozenset[Selector], other: frozenset[Selector]
) -> None:
    assert lets_through(met(one, other)) == lets_through(one) & lets_through(other)


@given(SETS)
def test_a_set_has_itself_in_common_with_itself(one: frozenset[Selector]) -> None:
    assert met(one, one) == one
