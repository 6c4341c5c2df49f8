"""One invented person by four routes of Dexcom: every reading, dose and snack leaves once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from bridge.adapters import Decoded
from bridge.consent.clusters import Track, shadowed
from bridge.mapping import Mappings
from bridge.reading import Readings, Stream, column
from bridge.store.series import SeriesRow
from tests.adapters import clarity_files, dexcom_share_files
from tests.adapters.dexcom_api_files import PHONE, egv, entry, envelope, phone_times
from tests.adapters.suite import ints, read

START = datetime(2026, 5, 3, 10, 0, 20)
VALUES = (39, 62, 101, 140, 222, 310, 401, 380, 255, 180, 120, 97)


def by_api(mappings: Mappings) -> Decoded:
    """Her readings and entries as the API tells them."""
    readings = [
        egv(place, phone_times(START + timedelta(minutes=5 * place), 2), 1_700 + 300 * place, value, PHONE)
        for place, value in enumerate(VALUES)
    ]
    entries = [entry(1, "insulin", "4.5", "units", sub="fastActing"), entry(2, "carbs", "45", "grams")]
    return read(json.dumps([envelope("egv", readings), envelope("event", entries)]).encode(), mappings)


def by_share(mappings: Mappings) -> Decoded:
    """What her mother sees: seconds later, one value rounded otherwise."""
    values = [
        dexcom_share_files.value(
            START + timedelta(minutes=5 * place, seconds=7), "+0200", value + (place == 3), "Flat"
        )
        for place, value in enumerate(VALUES)
    ]
    return read(json.dumps(values).encode(), mappings)


def by_clarity(mappings: Mappings) -> Decoded:
    """Her export: wall clock, words for out of range, the printed id of the sensor."""
    out = clarity_files.Export(clarity_files.ENGLISH, "iOS G7")
    for place, value in enumerate(VALUES):
        wall = START + timedelta(hours=2, minutes=5 * place)
        shown = "Low" if value == 39 else "High" if value == 401 else str(value)
        out.egv(wall, shown, 1_700 + 300 * place, "509300000042")
    out.insulin(datetime(2026, 5, 3, 12, 1), "4.50", "Fast-Acting")
    out.event(datetime(2026, 5, 3, 12, 2), "Carbs", "")
    out.rows[-1][9] = "45"
    return read(clarity_files.quoted(out.sorted()), mappings)


def batch(done: Decoded, stream: Stream) -> Readings:
    """The one batch of a stream."""
    (found,) = [each for each in done.readings if each.key.stream is stream]
    return found


def track(readings: Readings, number: int) -> Track:
    """A batch as the gate sees it, all of it permitted."""
    row = SeriesRow(number, readings.key, readings.device, readings.source_class, 0)
    kinds, grains = column(readings.columns, "kind").astype(np.uint16), np.zeros(len(readings), np.uint8)
    return Track(row, ints(readings, "instant"), ints(readings, "value"), kinds, grains)


def shown(batches: Sequence[Readings]) -> list[int]:
    """How many readings of each leave."""
    tracks = [track(each, place + 1) for place, each in enumerate(batches)]
    return [int((~hidden).sum()) for hidden in shadowed(tracks)]


def test_api_share_and_clarity_agree_on_every_instant(mappings: Mappings) -> None:
    wanted = [
        round((START + timedelta(minutes=5 * n)).replace(tzinfo=UTC).timestamp() * 1000) for n in range(12)
    ]
    api, clarity = (batch(done(mappings), Stream.GLUCOSE) for done in (by_api, by_clarity))
    assert ints(api, "instant").tolist() == ints(clarity, "instant").tolist() == wanted
    assert ints(api, "counter").tolist() == ints(clarity, "counter").tolist()


def test_a_reading_by_three_routes_leaves_once_by_the_makers_own(mappings: Mappings) -> None:
    api, share, clarity = (batch(done(mappings), Stream.GLUCOSE) for done in (by_api, by_share, by_clarity))
    for order in permutations((api, share, clarity)):
        counts = shown(order)
        assert sum(counts) == len(VALUES)
        assert counts[next(place for place, each in enumerate(order) if each is share)] == 0


def test_a_dose_and_a_snack_by_two_routes_leave_once(mappings: Mappings) -> None:
    for stream in (Stream.BOLUS, Stream.CARBS):
        assert shown([batch(by_api(mappings), stream), batch(by_clarity(mappings), stream)]) == [1, 0]


@pytest.mark.parametrize("change", [{"displayDevice": "android"}, {"transmitterGeneration": "g6"}])
def test_another_phone_or_product_makes_no_copy_a_reading_of_its_own(
    mappings: Mappings, change: dict[str, str]
) -> None:
    other = [
        egv(
            50 + place, phone_times(START + timedelta(minutes=5 * place), 2), None, value, {**PHONE, **change}
        )
        | {"transmitterId": ""}
        for place, value in enumerate(VALUES)
    ]
    unnamed = batch(read(json.dumps(envelope("egv", other)).encode(), mappings), Stream.GLUCOSE)
    assert shown([batch(by_api(mappings), Stream.GLUCOSE), unnamed]) == [12, 0]
