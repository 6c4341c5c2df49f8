"""Stamps that say what they are: as the vendors write them, and as they must not be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.cells import CHUNK, Column
from bridge.mapping.json_cells import texts
from bridge.mapping.stamps import FORMS, Told, read_forms
from bridge.reading import NO_OFFSET


def told(cell: str, *forms: str) -> Told:
    """One cell, read."""
    return read_forms(texts([cell]), forms or ("iso",))


def instant(text: str) -> int:
    """ms UTC, by the library."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("cell", "utc", "offset"),
    [
        ("2021-02-03T14:15:16Z", "2021-02-03T14:15:16+00:00", None),
        ("2021-02-03T14:15Z", "2021-02-03T14:15:00+00:00", None),
        ("2021-2-3 4:05:06z", "2021-02-03T04:05:06+00:00", None),
        ("2021-02-03t14:15:16.789Z", "2021-02-03T14:15:16.789+00:00", None),
        ("2021-02-03T14:15:16.7Z", "2021-02-03T14:15:16.700+00:00", None),
        ("2021-02-03T14:15:16,1234567Z", "2021-02-03T14:15:16.123+00:00", None),
        ("2021-02-03T14:15:16+03:00", "2021-02-03T11:15:16+00:00", 180),
        ("2021-02-03T14:15:16+0300", "2021-02-03T11:15:16+00:00", 180),
        ("2021-02-03T14:15:16-08", "2021-02-03T22:15:16+00:00", -480),
        ("2021-02-03T14:15:16-06:59:58", "2021-02-03T21:15:16+00:00", -420),
        ("2021-02-03T14:15:16-06:59:29", "2021-02-03T21:14:16+00:00", -419),
        ("2021-02-03T14:15:16 +05:45", "2021-02-03T08:30:16+00:00", 345),
        ("2021-02-03T14:15:16+00:00", "2021-02-03T14:15:16+00:00", 0),
    ],
)
def test_a_stamp_with_z_or_offset_is_an_instant(cell: str, utc: str, offset: int | None) -> None:
    found = told(cell)
    assert found.known[0] and found.ok[0]
    assert found.instant[0] == instant(utc)
    assert found.offset[0] == (NO_OFFSET if offset is None else offset)


def test_a_stamp_without_either_is_a_wall() -> None:
    found = told("2021-02-03T14:15:16")
    assert found.ok[0] and not found.known[0]
    assert found.wall[0] == instant("2021-02-03T14:15:16+00:00")


def test_a_false_z_can_be_read_past() -> None:
    found = told("2021-02-03T14:15:16.000-00:00", "iso-local")
    assert found.ok[0] and not found.known[0]
    assert found.wall[0] == instant("2021-02-03T14:15:16+00:00")


@pytest.mark.parametrize(
    "cell",
    [
        "2021-02-30T00:00Z",
        "2021-02-03T24:00Z",
        "2021-02-03",
        "2021-02-03T14:15+15:00",
        "yesterday",
        "",
        "12345",
    ],
)
def test_what_is_no_stamp(cell: str) -> None:
    assert not told(cell, *FORMS).ok[0]


@pytest.mark.parametrize(
    ("cell", "utc", "offset"),
    [
        ("1745081013817", "2025-04-19T16:43:33.817+00:00", None),
        ("1745081013817.0", "2025-04-19T16:43:33.817+00:00", None),
        ("1745081013", "2025-04-19T16:43:33+00:00", None),
        ("1745081013.25", "2025-04-19T16:43:33.250+00:00", None),
        ("Date(1745081013817)", "2025-04-19T16:43:33.817+00:00", None),
        ("/Date(1745081013817-0400)/", "2025-04-19T16:43:33.817+00:00", -240),
        ("Date(1745081013817+0530)", "2025-04-19T16:43:33.817+00:00", 330),
    ],
)
def test_numbers_and_net_dates_are_instants(cell: str, utc: str, offset: int | None) -> None:
    found = told(cell, "epoch-ms", "epoch-s", "net-date")
    assert found.known[0] and found.instant[0] == instant(utc)
    assert found.offset[0] == (NO_OFFSET if offset is None else offset)


@given(
    st.datetimes(datetime(1975, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60), st.booleans()
)
def test_every_moment_in_every_form_is_the_same_instant(moment: datetime, minutes: int, brief: bool) -> None:
    moment = moment.replace(microsecond=0 if brief else moment.microsecond // 1000 * 1000)
    local = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    ms = round(local.timestamp() * 1000)
    sign = f"{local:%z}"
    cells = [local.isoformat(timespec="seconds" if brief else "milliseconds"), str(ms), f"/Date({ms}{sign})/"]
    found = read_forms(texts(cells), FORMS)
    assert found.ok.all() and found.instant.tolist() == [ms] * 3
    assert found.offset.tolist() == [minutes, NO_OFFSET, minutes]


def test_long_columns_are_read_in_pieces_without_a_seam() -> None:
    cells = [str(1_745_081_013_817 + row) for row in range(CHUNK + 7)]
    column: Column = texts(cells)
    assert read_forms(column, ("epoch-ms",)).instant.tolist() == [int(cell) for cell in cells]
