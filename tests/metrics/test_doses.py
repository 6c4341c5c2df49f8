"""Daily totals: shares of what takes time, and no sum where two sources claim one hour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bridge.metrics.doses import Claim, totals
from bridge.period import DAY, HOUR

MIDNIGHT = 20_000 * DAY
EDGES = MIDNIGHT + np.arange(4, dtype=np.int64) * DAY


def claimed(source: str, *rows: tuple[float, float, float]) -> Claim:
    """(start hour, end hour, amount) rows."""
    table = np.array(rows, np.float64).reshape(-1, 3)
    starts, ends = (MIDNIGHT + (table[:, place] * HOUR).astype(np.int64) for place in (0, 1))
    return Claim(source, starts, ends, table[:, 2])


def test_a_dose_counts_on_its_day_and_a_long_one_by_its_share() -> None:
    found = totals([claimed("pump", (1, 1, 4.5), (22, 26, 8.0))], EDGES)
    assert found.amounts.tolist() == [8.5, 4.0, 0.0]
    assert found.told.tolist() == [True, True, False]
    assert found.determined.all()


def test_two_sources_that_claim_one_hour_leave_its_day_undetermined() -> None:
    found = totals([claimed("pump", (1, 1, 4.0), (30, 30, 1.0)), claimed("loop", (1.5, 1.5, 3.0))], EDGES)
    assert found.determined.tolist() == [False, True, True]


def test_two_sources_in_different_hours_are_added() -> None:
    found = totals([claimed("pump", (1, 1, 4.0)), claimed("pen", (20, 20, 12.0))], EDGES)
    assert (found.amounts[0], bool(found.determined[0])) == (16.0, True)


def test_doses_and_basal_of_one_source_are_no_contest() -> None:
    found = totals([claimed("pump", (0, 24, 20.0)), claimed("pump", (1, 1, 4.0))], EDGES)
    assert (found.amounts[0], bool(found.determined[0])) == (24.0, True)


def test_a_dose_without_an_amount_leaves_its_day_undetermined() -> None:
    found = totals([claimed("pen", (1, 1, 4.0), (3, 3, float("nan")), (25, 25, 2.0))], EDGES)
    assert found.amounts.tolist() == [4.0, 2.0, 0.0]
    assert found.determined.tolist() == [False, True, True]


def test_nothing_told_is_told_as_nothing() -> None:
    found = totals([], EDGES)
    assert not found.told.any()
    assert found.determined.all()


ROWS = st.lists(
    st.tuples(st.floats(0, 71.9), st.floats(0, 30), st.floats(0, 50)).map(
        lambda r: (r[0], r[0] + r[1], r[2])
    ),
    max_size=12,
)


@given(ROWS, ROWS)
def test_totals_do_not_depend_on_the_order_and_lose_nothing(
    one: list[tuple[float, float, float]], two: list[tuple[float, float, float]]
) -> None:
    wide = MIDNIGHT + np.array([0, 10 * DAY], np.int64)
    first, second = claimed("a", *one), claimed("b", *two)
    there, back = totals([first, second], EDGES), totals([second, first], EDGES)
    assert np.allclose(there.amounts, back.amounts)
    assert there.determined.tolist() == back.determined.tolist()
    assert np.isclose(totals([first, second], wide).amounts[0], sum(row[2] for row in (*one, *two)))
    for place, (low, high) in enumerate(pairwise((EDGES - MIDNIGHT) / HOUR)):
        meets = any(
            max(int(a[0]), low) <= int(b[1]) and max(int(b[0]), low) <= int(a[1]) and a[1] >= low <= b[1]
            for a in one
            for b in two
            if min(a[0], b[0]) < high
        )
        assert bool(there.determined[place]) or meets
