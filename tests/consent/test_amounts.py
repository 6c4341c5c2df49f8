"""Amounts that are asked for, against R4 3.1.1.4.4 read slowly, over fractions and with a sample of real numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.consent.amounts import Amount, AmountTest
from bridge.consent.asked import Grain, Prefix, Selector
from bridge.fhir.outcome import Problem
from bridge.fhir.quantities import quantities
from bridge.fhir.vocabulary import Vocabulary
from bridge.reading import Flag, SeriesKey, Stream, Unit
from tests.shipped import mappings

MASS = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "x", Unit.MG_DL, 0)
TENTHS = SeriesKey(Stream.GLUCOSE, "libreview", "x", Unit.MMOL_L, 1)
ALL = frozenset({Selector(Stream.GLUCOSE)})
VOCABULARY = Vocabulary.of(mappings())
UCUM = "http://unitsofmeasure.org"
SCALE = 1
MARKS = [0, Flag.LOW, Flag.HIGH, Flag.LOW | Flag.INCLUSIVE, Flag.HIGH | Flag.INCLUSIVE]


def numbers(value: int, flags: int) -> list[Fraction]:
    """Numbers that the amount may stand for: itself, or many beyond a limit, near to it and far."""
    at = Fraction(value, 10**SCALE)
    steps = [Fraction(1, 1000), Fraction(1, 7), Fraction(1, 2), Fraction(1), Fraction(90), Fraction(10**6)]
    edge = [at] if flags & Flag.INCLUSIVE else []
    if flags & Flag.LOW:
        return [*edge, *(at - step for step in steps)]
    return [*edge, *(at + step for step in steps)] if flags & Flag.HIGH else [at]


def holds(prefix: str, low: Fraction, high: Fraction, value: int, flags: int) -> bool:
    """What R4 says of ranges, asked of every number that the amount may stand for."""
    may = numbers(value, flags)
    inside = [low <= each < high if low < high else each == low for each in may]
    return {
        "eq": all(inside) and not flags & (Flag.LOW | Flag.HIGH),
        "ne": not (all(inside) and not flags & (Flag.LOW | Flag.HIGH)),
        "gt": any(each > high for each in may),
        "lt": any(each < low for each in may),
        "ge": any(each >= high for each in may),
        "le": any(each <= low for each in may),
        "sa": all(each > high for each in may) and not flags & Flag.LOW,
        "eb": all(each < low for each in may) and not flags & Flag.HIGH,
        "ap": any(low <= each <= high for each in may),
    }[prefix]


@given(
    prefix=st.sampled_from(["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]),
    number=st.integers(0, 40),
    digits=st.integers(0, 2),
    values=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(MARKS)), min_size=1, max_size=8),
)
def test_every_prefix_is_what_r4_says(
    prefix: Prefix, number: int, digits: int, values: list[tuple[int, int]]
) -> None:
    exact, half = Fraction(number, 10**digits), Fraction(1, 2 * 10**digits)
    is_written = prefix in ("eq", "ne")
    low, high = (exact - half, exact + half) if is_written else (exact, exact)
    test = AmountTest((Amount(prefix, low, high, ALL),))
    at, flags = (np.array(column, np.int64) for column in zip(*values, strict=True))
    found = test.passes(TENTHS, Grain.RAW, at, flags).tolist()
    assert found == [holds(prefix, low, high, value, mark) for value, mark in values]


def passes(said: str, value: int, key: SeriesKey = MASS, flags: int = 0) -> bool:
    test = quantities("value-quantity", said, VOCABULARY)
    assert isinstance(test, AmountTest), test
    return bool(test.passes(key, Grain.RAW, np.array([value]), np.array([flags]))[0])


@pytest.mark.parametrize(
    ("said", "value", "found"),
    [
        ("100", 100, True), ("100", 101, False), ("1e2", 95, True), ("1e2", 105, False), ("100.0", 100, True),
        ("ne100", 100, False), ("gt100", 100, False), ("ge100", 100, True), ("ap100", 110, True),
        ("ap100", 111, False), ("lt70,gt180", 65, True), ("lt70,gt180", 181, True), ("lt70,gt180", 100, False),
    ],
)  # fmt: skip
def test_a_number_is_as_exact_as_it_is_written(said: str, value: int, found: bool) -> None:
    assert passes(said, value) is found


@pytest.mark.parametrize(
    ("unit", "mass", "molar"),
    [
        ("", True, True), ("||", True, True), (f"|{UCUM}|mg/dL", True, False), (f"|{UCUM}|mmol/L", False, True),
        ("||mg/dl", True, False), ("||mg/dL", False, False), (f"|{UCUM}|mg/dl", False, False),
        ("|http://elsewhere|mg/dL", False, False), (f"|{UCUM}|", True, True),
    ],
)  # fmt: skip
def test_a_unit_means_values_that_leave_in_it_and_none_is_converted(
    unit: str, mass: bool, molar: bool
) -> None:
    assert passes(f"gt1{unit}", 90, MASS) is mass
    assert passes(f"gt1{unit}", 90, TENTHS) is molar


def test_a_value_below_the_range_is_what_lies_below_its_limit() -> None:
    low = {"value": 40, "flags": int(Flag.LOW)}
    for said, found in (
        ("lt54", True),
        ("lt40", True),
        ("eq40", False),
        ("gt30", True),
        ("gt40", False),
        ("ne40", True),
    ):
        assert passes(said, **low) is found, said  # type: ignore[arg-type]
    assert not passes("lt54", 0, flags=int(Flag.LOW | Flag.NO_VALUE))
    assert not passes("lt54", 0, flags=int(Flag.RETRACTED))


@pytest.mark.parametrize(
    "said", ["x", "gt", "gt gt5", "5|mg/dL", "5|a|b|c", "--5", "5,6x", "nan", "1e999", "5.", "0x5"]
)
def test_what_is_no_quantity_is_a_problem(said: str) -> None:
    assert isinstance(quantities("value-quantity", said, VOCABULARY), Problem)


def test_a_huge_number_is_a_number() -> None:
    assert passes("lt1e99", 90) and not passes("gt1e99", 90) and passes("gt-1e99", 90)
