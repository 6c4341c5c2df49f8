"""Nightscout device status and profiles: who decided about insulin, and which settings were in force since when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.mapping import Mappings
from bridge.period import MINUTE, iso
from bridge.reading import Stream
from tests.adapters.nightscout_entries import Record, document, oid, v3, z
from tests.adapters.nightscout_others import (
    profiles_flat,
    profiles_iaps,
    profiles_loop,
    profiles_v3,
    statuses_loop,
    statuses_rig,
)
from tests.adapters.nightscout_told import lines, told
from tests.adapters.nightscout_treatments import at
from tests.adapters.suite import adds_up, read


def status(minutes: float, **more: Any) -> Record:
    """A status of Loop that computed and enacted nothing."""
    stamp = z(at(minutes))
    loop = {
        "name": "Loop",
        "timestamp": stamp,
        "predicted": {"values": [120]},
        "iob": {"iob": 1.2},
    } | more.pop("loop", {})
    return {"_id": oid(round(minutes)), "device": "loop://phone", "created_at": stamp, "loop": loop} | more


ACTED = {"enacted": {"rate": 0.6, "duration": 30, "received": True}}


def test_a_loop_is_closed_where_it_enacts_and_open_where_it_only_suggests(mappings: Mappings) -> None:
    found = lines(read(statuses_rig(), mappings), Stream.MODE, "kind", "instant", "value")
    assert [(kind, iso(instant)[11:16], value) for kind, instant, value in found] == [
        ("automated", "07:00", 60.0),
        ("automated", "08:00", 60.0),
        ("automated", "09:00", 5.0),
        ("manual", "09:05", 55.0),
        ("manual", "10:00", 60.0),
    ]


def test_a_first_hour_without_an_enactment_tells_nothing(mappings: Mappings) -> None:
    done = told(mappings, *(status(each * 5) for each in range(12)))
    assert (done.readings, done.account.ignored) == ((), {"status-without-a-change": 12})


def test_any_part_of_the_statuses_tells_a_part_of_the_same(mappings: Mappings) -> None:
    records = json.loads(statuses_rig())[::-1]
    whole = {
        (stream, record): (instant, end)
        for stream in (Stream.MODE, Stream.EVENT)
        for record, instant, end in lines(read(statuses_rig(), mappings), stream, "record", "instant", "end")
    }
    for start in range(0, 55, 3):
        for end in range(start + 2, 61, 7):
            done = read(document(records[start:end]), mappings)
            for stream in (Stream.MODE, Stream.EVENT):
                for record, instant, until in lines(done, stream, "record", "instant", "end"):
                    begun, over = whole[stream, record]
                    assert abs(instant - begun) <= 5 * MINUTE and until <= over, (start, end)


def test_two_stretches_of_one_mode_in_one_hour_are_two(mappings: Mappings) -> None:
    minutes = [0, 5, 10, *range(40, 60, 5)]
    found = lines(
        told(mappings, *(status(each, loop=ACTED) for each in minutes)), Stream.MODE, "value", "record"
    )
    assert [value for value, _ in found] == [15.0, 20.0] and len({record for _, record in found}) == 2


def test_an_override_of_loop_is_a_mode_with_its_name(mappings: Mappings) -> None:
    found = lines(read(statuses_loop(), mappings), Stream.MODE, "kind", "value", "text")
    assert [each for each in found if each[0] == "override"] == [
        ("override", 40.0, "Wanda runs"), ("override", 20.0, "Wanda runs"),
    ]  # fmt: skip


def test_a_suspension_is_told_where_it_begins_and_where_it_ends(mappings: Mappings) -> None:
    found = lines(read(statuses_rig(), mappings), Stream.EVENT, "kind", "instant")
    assert [(kind, iso(instant)[11:16]) for kind, instant in found] == [
        ("suspend", "08:30"),
        ("resume", "08:50"),
    ]


def test_a_suspension_that_was_there_before_is_not_told(mappings: Mappings) -> None:
    pump = {"pump": {"suspended": True, "reservoir": 50.5, "battery": {"percent": 20}}}
    done = told(mappings, *(status(each * 5, **pump) for each in range(5)))
    assert done.readings == ()


def test_a_suspension_is_not_told_where_hours_without_a_status_hide_it(mappings: Mappings) -> None:
    states = [(0, False), (5, True), (300, False), (305, False), (310, True), (315, False)]
    done = told(mappings, *(status(minute, pump={"suspended": state}) for minute, state in states))
    found = lines(done, Stream.EVENT, "kind", "instant")
    assert [(kind, instant - round(at(0).timestamp() * 1000)) for kind, instant in found] == [
        ("suspend", 5 * MINUTE),
        ("suspend", 310 * MINUTE),
        ("resume", 315 * MINUTE),
    ]


def test_enacted_rates_and_what_a_model_computed_are_no_readings(mappings: Mappings) -> None:
    done = told(mappings, *(status(each * 5, loop=ACTED) for each in range(24)))
    assert set(done.account.read) == {Stream.MODE}
    assert "loop.predicted" in done.account.fields_ignored and "loop.iob" in done.account.fields_ignored
    assert done.account.fields_unknown == ()


def test_a_status_that_was_deleted_says_nothing(mappings: Mappings) -> None:
    quiet, acted = status(0), status(5, loop=ACTED)
    done = read(v3([quiet, acted, acted | {"isValid": False, "created_at": z(at(50))}]), mappings)
    adds_up(done)
    assert done.readings == ()
    assert lines(read(v3([acted | {"created_at": z(at(0))}]), mappings), Stream.MODE, "value") == [(5.0,)]


def settings(mappings: Mappings, data: bytes) -> list[tuple[Any, ...]]:
    """Kind, value, unit and minute of the settings of a document."""
    return lines(read(data, mappings), Stream.SETTINGS, "kind", "value", "unit", "minute")


def test_a_profile_is_settings_with_the_minute_from_which_each_holds(mappings: Mappings) -> None:
    found = settings(mappings, profiles_loop())
    assert found == sorted(found, key=lambda each: each[1])
    assert {each for each in found if each[0] == "basal_rate"} == {
        ("basal_rate", 0.7, "U/h", 0), ("basal_rate", 0.85, "U/h", 360),
    }  # fmt: skip
    assert {each for each in found if each[0] == "carb_ratio"} == {
        ("carb_ratio", 12.0, "g/U", 0), ("carb_ratio", 8.25, "g/U", 720),
    }  # fmt: skip
    assert ("sensitivity", 45.0, "mg/dL/U", 0) in found and ("insulin_duration", 6.0, "h", 0) in found
    assert ("target_low", 100.0, "mg/dL", 0) in found and ("target_high", 115.0, "mg/dL", 0) in found


def test_of_several_profiles_the_one_in_force_is_read(mappings: Mappings) -> None:
    done = read(profiles_loop(), mappings)
    assert 9.0 not in [value for (value,) in lines(done, Stream.SETTINGS, "value")]
    assert done.account.ignored["profile-not-in-force"] == 8
    assert "old one" not in repr(done)


def test_where_no_profile_is_named_none_of_several_is_read(mappings: Mappings) -> None:
    done = read(profiles_v3(), mappings)
    assert any("none is named as the one in force" in warning for warning in done.account.warnings)
    assert {instant for (instant,) in lines(done, Stream.SETTINGS, "instant")} == {
        round(at(0).timestamp() * 1000)
    }


def test_a_profile_in_mmol_stays_in_mmol(mappings: Mappings) -> None:
    found = settings(mappings, profiles_iaps())
    assert ("sensitivity", 8.0, "mmol/L/U", 0) in found and ("target_low", 5.5, "mmol/L", 0) in found


def test_numbers_that_are_of_the_other_unit_are_rejected(mappings: Mappings) -> None:
    done = read(profiles_iaps(), mappings)
    assert [one.reason.split(" is outside ")[1].split(":")[0] for one in done.account.rejected] == [
        "0.1 to 55 mmol/L/U", "2.2 to 22.2 mmol/L", "2.2 to 22.2 mmol/L",
    ]  # fmt: skip


def test_a_profile_since_1970_holds_since_it_was_saved(mappings: Mappings) -> None:
    instants = [instant for (instant,) in lines(read(profiles_iaps(), mappings), Stream.SETTINGS, "instant")]
    assert min(instants) == round(at(0).timestamp() * 1000)


def test_documents_of_the_first_years_have_one_number_for_the_day(mappings: Mappings) -> None:
    found = settings(mappings, profiles_flat())
    assert ("basal_rate", 0.1, "U/h", 0) in found and ("carb_ratio", 30.0, "g/U", 0) in found
    assert ("sensitivity", 100.0, "mg/dL/U", 0) in found and ("sensitivity", 50.0, "mg/dL/U", 0) in found


def test_secrets_of_a_phone_are_ignored_by_name(mappings: Mappings) -> None:
    done = read(profiles_loop(), mappings)
    assert {"loopSettings", "deviceToken"} <= set(done.account.fields_ignored)
    assert done.account.fields_unknown == () and "f00dbabe" not in repr(done)


@pytest.mark.parametrize("form", [document, v3])
def test_the_same_profile_through_both_versions_has_the_same_keys(mappings: Mappings, form: Any) -> None:
    records = [dict(one) for one in json.loads(profiles_iaps())[:2]]
    plain = lines(
        read(document(records), mappings), Stream.SETTINGS, "instant", "minute", "kind", "value", "record"
    )
    assert (
        lines(read(form(records), mappings), Stream.SETTINGS, "instant", "minute", "kind", "value", "record")
        == plain
    )
