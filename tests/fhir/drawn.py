"""Disclosures drawn at random: groups of every stream with columns as a gate may seal them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.reading import INTERVALS, KINDS, Flag, SourceClass, Stream, Unit
from tests.fhir.disclosed import DEVICE, NOON, disclose, group

UNITS: dict[Stream, list[Unit]] = {
    Stream.GLUCOSE: [Unit.MG_DL, Unit.MMOL_L],
    Stream.CAPILLARY: [Unit.MG_DL, Unit.MMOL_L],
    Stream.CALIBRATION: [Unit.MG_DL, Unit.MMOL_L],
    Stream.KETONE: [Unit.MMOL_L],
    Stream.BOLUS: [Unit.UNITS],
    Stream.BASAL: [Unit.UNITS_PER_HOUR, Unit.PERCENT, Unit.UNITS],
    Stream.CARBS: [Unit.GRAMS, Unit.SERVINGS],
    Stream.ACTIVITY: [Unit.MINUTES],
    Stream.NOTE: [Unit.NONE],
    Stream.EVENT: [Unit.NONE, Unit.MG_DL],
    Stream.MODE: [Unit.NONE],
    Stream.SETTINGS: [unit for unit in Unit if unit is not Unit.SERVINGS],
}
FORMATS = ["dexcom-clarity", "libreview"]
FLAGS = st.lists(st.sampled_from(list(Flag)), max_size=3).map(lambda some: int(sum({*some}, start=Flag(0))))
TEXTS = st.one_of(
    st.just(""),
    st.text(max_size=12),
    st.text(alphabet="&<>\"'\\/\t\n\r \u2028\U0001f489\x07]}", max_size=90),
    st.integers(100, 3000).map(lambda size: "long " * (size // 5)),
)


@st.composite
def pages(draw: st.DrawFn, streams: tuple[Stream, ...] = tuple(Stream)) -> Disclosure:
    """Pages of up to four groups in any order of places."""
    sizes = draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    places = draw(st.permutations(range(sum(sizes))))
    groups, first = [], 0
    for size in sizes:
        at = np.array(sorted(places[first : first + size]), np.int32)
        groups.append(draw(rows(size, at, first, draw(st.sampled_from(streams)))))
        first += size
    return disclose(*groups)


@st.composite
def rows(draw: st.DrawFn, size: int, at: NDArray[np.int32], first: int, stream: Stream) -> Group:
    """One group of a stream."""

    def ints(low: int, high: int, kind: str) -> NDArray[Any]:
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), kind)

    instants = NOON + draw(st.sampled_from([1, 1000, 60_000])) * ints(-(10**6), 10**6, "int64")
    flags = draw(st.lists(FLAGS, min_size=size, max_size=size))
    said: dict[str, NDArray[np.generic]] = {
        "instant": instants,
        "value": ints(0, draw(st.sampled_from([500, 9_999, 2**40])), "int64"),
        "flags": np.array(flags, np.uint16),
        "offset": ints(-720, 840, "int16"),
    }
    if stream in KINDS and draw(st.booleans()):
        known = [int(each) for each in KINDS[stream]]
        kinds = draw(st.lists(st.sampled_from([*known, 777]), min_size=size, max_size=size))
        said["kind"] = np.array(kinds, np.uint16)
    if stream in INTERVALS and draw(st.booleans()):
        said["end"] = instants + np.maximum(0, ints(-2, 10**4, "int64")) * draw(st.sampled_from([1, 1000]))
    if stream in (Stream.BOLUS, Stream.BASAL) and draw(st.booleans()):
        said["programmed"] = np.where(
            ints(0, 1, "bool"), said["value"].astype(np.int64), ints(-1, 600, "int64")
        )
    if stream is Stream.SETTINGS:
        said["minute"] = ints(0, 1439, "int16")
    if draw(st.booleans()):
        texts = draw(st.lists(TEXTS, min_size=size, max_size=size))
        said["text"] = np.array([*texts, None], object)[:-1]
    return group(
        size,
        stream=stream,
        unit=draw(st.sampled_from(UNITS[stream])),
        scale=draw(st.integers(0, 3)),
        grain=Grain.RAW,
        at=at,
        first=first,
        device=draw(st.sampled_from([None, DEVICE])),
        device_kind=draw(st.sampled_from(["", "pump", "meter"])),
        format=draw(st.sampled_from(FORMATS)),
        source_class=draw(st.sampled_from(SourceClass)),
        version=ints(0, 255, "uint8") if draw(st.booleans()) else None,
        columns=said,
        provenance=True,
    )
