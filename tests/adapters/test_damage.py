"""Whatever happens to a file on its way: it is refused with a sentence, or every row has its fate."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters import Unreadable
from tests.adapters import clarity_files, libreview_files
from tests.adapters.recordings import FAMILIES, committed
from tests.adapters.suite import adds_up, read
from tests.shipped import mappings

MAPPINGS = mappings()
SMALL = {
    f"{family}/{path.name}": path.read_bytes()
    for family in FAMILIES
    for path in committed(family)
    if path.stat().st_size < 10_000
}
NAMES = sorted(SMALL)
BITS = [
    b"",
    b",",
    b'"',
    b"\n",
    b"\r",
    b"\t",
    b"9",
    b"\x00",
    b"\xff",
    b"-",
    b".",
    b"99-99",
    b";",
    b"EGV",
    b"Low",
    b"\x1f",
    b"{",
    b"]",
    b"null",
    b"{}",
    b"[1]",
    b'"x":',
    b"1e9",
]
HARMS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(BITS), st.integers(0, 60)), max_size=6)


@settings(max_examples=150)
@given(st.sampled_from(NAMES), HARMS)
def test_damage_of_any_kind_is_refused_or_accounted_for(
    name: str, harms: list[tuple[float, bytes, int]]
) -> None:
    data = SMALL[name]
    for place, put, cut in harms:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    with suppress(Unreadable):
        adds_up(read(data, MAPPINGS))


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(NAMES), st.integers(0, 600))
def test_bytes_of_any_kind_are_refused_or_accounted_for(data: bytes, name: str, start: int) -> None:
    with suppress(Unreadable):
        adds_up(read(SMALL[name][:start] + data, MAPPINGS))


@settings(max_examples=40)
@given(st.sampled_from(["dexcom-clarity", "libreview"]), st.randoms(use_true_random=False))
def test_rows_in_any_order_give_the_same_keys(family: str, random: Random) -> None:
    data = clarity_files.g6_2023() if family == "dexcom-clarity" else libreview_files.us_12h()
    above = 1 if family == "dexcom-clarity" else 2
    lines = data.splitlines(keepends=True)
    rows = lines[above:]
    random.shuffle(rows)
    mixed = read(b"".join([*lines[:above], *rows]), MAPPINGS)
    plain = read(data, MAPPINGS)
    assert {b.key for b in mixed.readings} == {b.key for b in plain.readings}
    for batch in plain.readings:
        (other,) = [b for b in mixed.readings if b.key == batch.key]
        assert sorted(batch.columns["instant"].tolist()) == sorted(other.columns["instant"].tolist())
