"""The codec loses nothing, whatever the columns are called and hold."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bridge.reading import COLUMNS
from bridge.store.codec import Unreadable, decode, encode
from bridge.store.columns import Array

_KNOWN = [name for name, column in COLUMNS.items() if column.dtype != "object"]
_NUMBERS = "int64 int32 int16 int8 uint64 uint32 uint16 uint8 float64 float32 bool".split()


def _shapes(dtype: str, length: int) -> st.SearchStrategy[Array]:
    wild = hnp.arrays(dtype, length)
    if dtype in ("float64", "float32", "bool"):
        return wild
    top = int(np.iinfo(dtype).max)
    calm = hnp.arrays(dtype, length, elements=st.integers(0, min(top, 5)))
    slope = st.tuples(st.integers(0, top // 2), st.integers(-3, 3), calm).map(
        lambda parts: (parts[0] + parts[1] * np.arange(length) + parts[2]).astype(dtype)
    )
    return wild | calm | slope


@st.composite
def _tables(draw: st.DrawFn) -> dict[str, Array]:
    length = draw(st.integers(0, 300))
    table = {}
    for name in draw(st.lists(st.sampled_from(_KNOWN) | st.text(min_size=1, max_size=9), unique=True)):
        dtype = COLUMNS[name].dtype if name in _KNOWN else draw(st.sampled_from([*_NUMBERS, "object"]))
        if dtype == "object":
            words = draw(st.lists(st.text(), min_size=1, max_size=5))
            table[name] = np.array([words[i % len(words)] for i in range(length)] + [None], object)[:-1]
        else:
            table[name] = draw(_shapes(dtype, length))
    return table


def _equal(left: Array, right: Array) -> bool:
    if left.dtype == object:
        return bool((left == right).all())
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


@given(_tables())
@settings(max_examples=300, deadline=None)
def test_every_column_comes_back_as_it_was(table: dict[str, Array]) -> None:
    back = decode(encode(table))
    assert back.keys() == table.keys()
    assert all(_equal(back[name], table[name]) for name in table)


@given(_tables(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_reader_may_ask_for_some_columns(table: dict[str, Array], data: st.DataObject) -> None:
    wanted = set(data.draw(st.lists(st.sampled_from([*table, "missing"]), unique=True)))
    back = decode(encode(table), wanted)
    assert back.keys() == table.keys() & wanted
    assert all(_equal(back[name], table[name]) for name in back)


def test_bytes_columns_come_back() -> None:
    column = np.array([b"\x00\xff", b"", b"\x00\xff"], object)
    assert decode(encode({"blob": column}))["blob"].tolist() == column.tolist()


def test_what_comes_back_may_be_written_to() -> None:
    table = {name: np.arange(100).astype(COLUMNS[name].dtype) for name in _KNOWN}
    for values in decode(encode(table)).values():
        values[0] = 1


def test_the_ends_of_int64_and_a_lone_outlier_come_back() -> None:
    grid = np.arange(2016, dtype=np.int64) * 300_000
    grid[77] += 86_400_000
    edges = np.resize(np.array([2**63 - 1, -(2**63), 0], np.int64), 2016)
    back = decode(encode({"instant": grid, "counter": edges, "end": edges, "value": edges}))
    assert (back["instant"] == grid).all()
    assert all((back[name] == edges).all() for name in ("counter", "end", "value"))


@pytest.mark.parametrize("share", range(0, 100, 9))
def test_cut_or_foreign_bytes_are_told_apart(share: int) -> None:
    random = np.random.default_rng(1)
    whole = encode(
        {"instant": np.cumsum(random.integers(0, 2**40, 500)), "text": np.array(["a"] * 500, object)}
    )
    with pytest.raises(Unreadable):
        decode(whole[: len(whole) * share // 100])
    with pytest.raises(Unreadable):
        decode(struct.pack("<I", share) * 9)


def test_a_week_of_five_minute_readings_takes_little_room() -> None:
    random = np.random.default_rng(7)
    n = 2016
    table: dict[str, Array] = {
        "instant": 1_760_000_000_000 + np.arange(n) * 300_000 + random.integers(-1, 2, n) * 1000,
        "value": (120 + np.cumsum(random.integers(-4, 5, n))).astype(np.int64),
        "counter": 4_000 + np.arange(n, dtype=np.int64) * 300,
        "row": np.arange(n, dtype=np.int32) + 12,
        "offset": np.full(n, 120, np.int16),
        "artifact": np.ones(n, np.int32),
        "changed": np.full(n, 1_790_000_000_000),
    }
    assert len(encode(table)) / n < 1.2


def test_a_counter_that_runs_with_the_instant_costs_next_to_nothing() -> None:
    random = np.random.default_rng(7)
    seconds = 4_000 + np.arange(2016, dtype=np.int64) * 300 + random.integers(-9, 10, 2016)
    instants = 1_760_000_000_000 + seconds * 1000
    alone = len(encode({"instant": instants}))
    assert len(encode({"instant": instants, "counter": seconds})) - alone < 40
