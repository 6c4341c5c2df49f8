"""ESEL's broadcast: one measurement twice, numbers that are words, and what tells it from a Nightscout site."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from bridge.adapters import Decoded, Unreadable, recognise
from bridge.consent.clusters import SMOOTHED
from bridge.mapping import Mappings
from bridge.reading import Flag, Readings, SourceClass, Trend, Witness
from tests.adapters.eversense_files import START, broadcast, sentinels, text, values
from tests.adapters.suite import DocumentSuite, adds_up, ints, read


class TestEversenseBroadcast(DocumentSuite):
    """The sentences that every adapter of documents keeps."""

    family = "eversense-broadcast"
    small = "broadcast.json"
    records = ""


def both(mappings: Mappings, document: object) -> tuple[Readings, Readings, Decoded]:
    """What the sensor said, what ESEL smoothed, and the account."""
    done = read(text(document), mappings)
    adds_up(done)
    (own,) = [batch for batch in done.readings if not batch.key.device.endswith(SMOOTHED)]
    (copy,) = [batch for batch in done.readings if batch.key.device.endswith(SMOOTHED)]
    return own, copy, done


def test_a_smoothed_copy_is_marked_and_lies_beside_what_it_was_made_of(mappings: Mappings) -> None:
    own, copy, done = both(mappings, values())
    assert (ints(own, "value").tolist(), ints(copy, "value").tolist()) == ([112, 116, 119], [112, 114, 118])
    assert not ints(own, "flags").any()
    assert set(ints(copy, "flags").tolist()) == {Flag.SMOOTHED}
    assert (done.account.rows, done.account.rows_read, done.account.further) == (3, 3, 3)


def test_an_instant_is_told_in_milliseconds_and_its_offset_beside_it(mappings: Mappings) -> None:
    own, copy, _ = both(mappings, values())
    assert ints(own, "instant").tolist() == ints(copy, "instant").tolist()
    assert ints(own, "instant")[0] == values()[0]["date"]
    assert (set(ints(own, "offset").tolist()), set(ints(own, "witness").tolist())) == ({120}, {Witness.UTC})


def test_a_value_of_the_future_costs_itself_alone(mappings: Mappings) -> None:
    *_, done = both(mappings, [*values(), broadcast(START + timedelta(days=90), 120, 120)])
    assert [one.row for one in done.account.rejected] == [4]


def test_nothing_of_it_is_called_cleared(mappings: Mappings) -> None:
    assert {batch.source_class for batch in both(mappings, values())[:2]} == {SourceClass.PROCESSED}


def test_numbers_that_stand_for_lo_and_hi_are_no_measurements(mappings: Mappings) -> None:
    own, copy, done = both(mappings, sentinels())
    marks = [Flag.LOW, Flag.LOW, Flag.HIGH, Flag.HIGH, 0, 0]
    assert ints(own, "flags").tolist() == marks
    assert ints(own, "value").tolist() == [40, 40, 400, 400, 40, 399]
    assert ints(copy, "flags").tolist() == [each | Flag.SMOOTHED for each in [*marks, 0]]
    assert [one.row for one in done.account.rejected] == [7]


def test_a_value_without_its_raw_number_is_read_smoothed(mappings: Mappings) -> None:
    own, copy, _ = both(mappings, sentinels())
    assert (len(own), len(copy), ints(copy, "value")[-1]) == (6, 7, 150)


def test_the_arrow_is_of_the_smoothed_values(mappings: Mappings) -> None:
    own, copy, _ = both(mappings, values())
    assert not ints(own, "trend").any()
    assert ints(copy, "trend").tolist() == [Trend.FLAT, Trend.FORTY_FIVE_UP, Trend.NONE]


def test_an_entry_of_another_program_among_them_is_ignored_by_name(mappings: Mappings) -> None:
    _, _, done = both(mappings, [*values(), values()[0] | {"device": "xDrip"}])
    assert done.account.ignored == {"made-by-another-program": 1}


@pytest.mark.parametrize("more", [{"_id": "65"}, {"identifier": "65"}, {"device": "share2"}])
def test_what_came_through_a_nightscout_site_is_no_broadcast(
    mappings: Mappings, more: dict[str, Any]
) -> None:
    found = ""
    with suppress(Unreadable):
        found = recognise(text([each | more for each in values()]), "entries.json", mappings)
    assert found != "eversense-broadcast"


def test_a_broadcast_is_not_taken_for_a_nightscout_site(mappings: Mappings) -> None:
    assert recognise(text(values()), "entries.json", mappings) == "eversense-broadcast"
