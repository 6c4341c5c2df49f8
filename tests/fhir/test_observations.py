"""Observations: every row of every page says what an independent, slow reading of the design says."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.fhir.render import Renderer
from bridge.mapping import Mappings
from bridge.reading import Flag, SourceClass, Stream, Unit
from tests.fhir import disclosed, naive
from tests.fhir.disclosed import BASE, DEVICE, NOON, SYSTEM, disclose, group
from tests.shipped import mappings

Columns: TypeAlias = "dict[str, NDArray[np.generic]]"

SHIPPED = mappings()
FLAGS = [
    Flag(0), Flag.LOW, Flag.HIGH, Flag.LOW | Flag.INCLUSIVE, Flag.HIGH | Flag.INCLUSIVE, Flag.UNCERTAIN,
    Flag.NO_VALUE, Flag.NO_VALUE | Flag.LOW, Flag.NO_VALUE | Flag.HIGH, Flag.RETRACTED, Flag.SCAN,
    Flag.RETRACTED | Flag.UNCERTAIN, Flag.LOW | Flag.UNCERTAIN | Flag.SCAN,
]  # fmt: skip


@lru_cache(maxsize=1)
def shipped() -> tuple[Renderer, Mappings]:
    return disclosed.renderer(SHIPPED), SHIPPED


def page(disclosure: Disclosure) -> Any:
    return naive.parsed(shipped()[0].searchset(disclosure, "https://bridge.example/self").body)


@st.composite
def pages(draw: st.DrawFn) -> Disclosure:
    """Pages of up to four groups of random columns in any order of places."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    places = draw(st.permutations(range(sum(sizes))))
    groups: list[Group] = []
    first = 0
    for size in sizes:
        at = np.array(sorted(places[first : first + size]), np.int32)
        groups.append(draw(columns(size, at, first)))
        first += size
    return disclose(*groups)


@st.composite
def columns(draw: st.DrawFn, size: int, at: NDArray[np.int32], first: int) -> Group:
    def ints(low: int, high: int, kind: str) -> NDArray[Any]:
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), kind)

    stream = draw(st.sampled_from([Stream.GLUCOSE, Stream.CAPILLARY]))
    mean = stream is Stream.GLUCOSE and draw(st.booleans())
    instants = ints(-(2**42), 2**42, "int64")
    if draw(st.booleans()):
        instants = NOON + 1000 * ints(-(10**6), 10**6, "int64")
    largest = draw(st.sampled_from([500, 9_999, 2**40]))
    means = {
        "end": instants + draw(st.sampled_from([900_000, 3_600_000, 86_400_000])),
        "count": ints(3, 1500, "int32"),
        "expected": ints(0, 1500, "int32"),
        "off_scale": ints(0, 30, "int32"),
    }
    return group(
        size,
        stream=stream,
        unit=draw(st.sampled_from([Unit.MG_DL, Unit.MMOL_L])),
        scale=draw(st.integers(0, 3)),
        grain=draw(st.sampled_from([Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY])) if mean else Grain.RAW,
        at=at,
        first=first,
        device=draw(st.sampled_from([None, DEVICE])),
        format=draw(st.sampled_from(sorted(SHIPPED.formats))),
        source_class=draw(st.sampled_from(SourceClass)),
        version=ints(0, 255, "uint8") if draw(st.booleans()) else None,
        last_updated=NOON + ints(0, 10**9, "int64") if draw(st.booleans()) else None,
        columns={
            "instant": instants,
            "value": ints(0, largest, "int64"),
            "flags": np.array([draw(st.sampled_from(FLAGS)) for _ in range(size)], np.uint16),
            "offset": ints(-720, 840, "int16"),
            **(means if mean else {}),
        },
    )


@given(pages())
def test_every_row_says_what_a_slow_reading_of_the_design_says(disclosure: Disclosure) -> None:
    expected = naive.observations(disclosure, SHIPPED, SYSTEM, BASE)
    assert page(disclosure)["entry"] == expected


@given(pages())
def test_a_stream_of_pages_is_the_page(disclosure: Disclosure) -> None:
    stream = shipped()[0].stream("https://bridge.example/self")
    body = bytes(stream.rows(disclosure)) + bytes(stream.tail())
    assert naive.parsed(body)["entry"] == page(disclosure)["entry"]


def test_precision_is_kept_as_text() -> None:
    values = {"value": np.array([50, 5, 100], np.int64)}
    told = page(disclose(group(3, unit=Unit.MMOL_L, scale=1, columns=values)))
    said = [entry["resource"]["valueQuantity"]["value"] for entry in told["entry"]]
    assert said == ["5.0", "0.5", "10.0"]


def test_low_and_high_leave_with_comparator_and_limit_never_as_a_bare_number() -> None:
    flags = np.array([Flag.LOW, Flag.HIGH, Flag.LOW | Flag.INCLUSIVE, Flag.HIGH | Flag.INCLUSIVE], np.uint16)
    marked: Columns = {"flags": flags, "value": np.array([40, 400, 40, 400], np.int64)}
    told = page(disclose(group(4, columns=marked)))
    said = [
        (entry["resource"]["valueQuantity"]["comparator"], entry["resource"]["valueQuantity"]["value"])
        for entry in told["entry"]
    ]
    assert said == [("<", "40"), (">", "400"), ("<=", "40"), (">=", "400")]


def test_a_mean_never_wears_the_code_or_profile_of_a_reading() -> None:
    hour = NOON + 3_600_000 * np.arange(2, dtype=np.int64)
    means: Columns = {
        "instant": hour,
        "end": hour + 3_600_000,
        "count": np.array([12, 9], np.int32),
        "expected": np.array([12, 12], np.int32),
        "off_scale": np.array([0, 1], np.int32),
    }
    told = page(disclose(group(2, grain=Grain.HOUR, columns=means)))
    for entry in told["entry"]:
        resource = entry["resource"]
        assert resource["code"]["coding"][0]["code"] == "97507-8"
        assert "profile" not in resource["meta"] and "effectiveDateTime" not in resource
    period = told["entry"][0]["resource"]["effectivePeriod"]
    assert period == {"start": "2026-03-01T11:00:00+01:00", "end": "2026-03-01T11:59:59.999+01:00"}
    coverage = told["entry"][1]["resource"]["component"][1]["valueQuantity"]["value"]
    assert coverage == "75.0"


def test_a_page_without_readings_has_no_entry_and_the_same_notice() -> None:
    empty, full = page(disclose()), page(disclose(group(1)))
    assert "entry" not in empty
    assert empty["meta"]["tag"] == full["meta"]["tag"]


def test_a_total_is_told_only_where_the_disclosure_tells_one() -> None:
    assert "total" not in page(disclose(group(2)))
    assert page(disclose(group(2), total=17))["total"] == "17"


@pytest.mark.parametrize("wanted", [frozenset({"valueQuantity"}), frozenset(), frozenset({"nonsense"})])
def test_asked_elements_come_with_the_mandatory_ones_and_are_marked_subsetted(wanted: frozenset[str]) -> None:
    said = shipped()[0].searchset(disclose(group(1)), "https://bridge.example/self", elements=wanted)
    resource = naive.parsed(said.body)["entry"][0]["resource"]
    kept = {"resourceType", "id", "meta", "status", "code"} | (wanted - {"nonsense"})
    assert set(resource) == kept
    assert {"SUBSETTED", "patient-supplied"} <= {tag["code"] for tag in resource["meta"]["tag"]}


def test_the_etag_is_of_what_is_said_and_of_nothing_else() -> None:
    renderer = shipped()[0]
    one, same = disclose(group(3)), disclose(group(3), entry=99)
    other = disclose(group(3, version=np.array([0, 1, 0], np.uint8)))
    tags = [renderer.searchset(each, "u", more).etag for each in (one, same, other) for more in (None, "x")]
    assert tags[0] is not None and tags[0].startswith('W/"')
    assert tags[0] == tags[1] == tags[2] == tags[3] != tags[4]


def test_a_slot_refuses_a_subject_that_is_no_logical_id() -> None:
    hostile = replace(disclosed.subject(), id='"}],"x":"')
    with pytest.raises(ValueError, match="no logical id"):
        shipped()[0].searchset(disclose(group(1), subject=hostile), "u")
