"""Dexcom API v3: what its answers say, when it was, and what becomes of a record that comes again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters import Decoded, Person, Unreadable
from bridge.consent.collecting import own_act
from bridge.ingest.upload import Imported, take
from bridge.mapping import Mappings
from bridge.period import DAY, MINUTE
from bridge.reading import (
    NO_OFFSET,
    BolusKind,
    EventKind,
    Flag,
    Readings,
    SettingKind,
    SourceClass,
    Stream,
    Trend,
    Unit,
    Witness,
    column,
)
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.adapters import dexcom_api_files as made
from tests.adapters.dexcom_api_files import (
    G6,
    G7,
    MIA,
    PHONE,
    RECEIVED_BY,
    alert,
    egv,
    entry,
    envelope,
    phone_times,
)
from tests.adapters.recordings import RECEIVED
from tests.adapters.suite import DocumentSuite, adds_up, ints, names, read, refused

Record = dict[str, Any]
NOON = datetime(2026, 4, 1, 12)


class TestDexcomApi(DocumentSuite):
    """The sentences that every adapter keeps."""

    family = "dexcom-api"
    small = "calibrations.json"
    records = "records"


def told(mappings: Mappings, document: object) -> Decoded:
    """An answer read as ingest does."""
    done = read(json.dumps(document).encode(), mappings)
    adds_up(done)
    return done


def only(done: Decoded, wanted: Stream) -> Readings:
    """The one batch of a stream."""
    (found,) = [batch for batch in done.readings if batch.key.stream is wanted]
    return found


def one_egv(mappings: Mappings, **more: Any) -> Readings:
    """One reading of a phone with some names changed."""
    return only(
        told(mappings, envelope("egv", [{**egv(1, phone_times(NOON, 2), 90_000, 101), **more}])),
        Stream.GLUCOSE,
    )


def plain(batch: Readings, name: str) -> list[Any]:
    """A column as Python values, its default where it is missing."""
    return list(column(batch.columns, name).tolist())


# ------------------------------------------------------------------------------------------- readings


def test_a_reading_is_counted_by_its_ticks_and_knows_its_sensor(mappings: Mappings) -> None:
    batch = one_egv(mappings)
    assert (batch.key.unit, batch.key.scale, batch.key.device) == (Unit.MG_DL, 0, G7)
    assert plain(batch, "counter") == [90_000]
    assert (plain(batch, "value"), plain(batch, "trend"), plain(batch, "rate")) == (
        [101],
        [Trend.FORTY_FIVE_UP],
        [-19],
    )
    assert batch.source_class is SourceClass.MAKER


def test_the_hash_of_a_transmitter_is_no_serial(mappings: Mappings) -> None:
    device = one_egv(mappings).device
    assert (device.manufacturer, device.serial, device.install) == ("Dexcom", "", G7)


@pytest.mark.parametrize(
    ("said", "model", "kind"),
    [
        ({}, "Dexcom G7", "sensor"),
        ({"transmitterGeneration": "g6"}, "Dexcom G6", "transmitter"),
        ({"transmitterGeneration": "g6+"}, "Dexcom G6", "transmitter"),
        ({"transmitterGeneration": "g6 pro"}, "Dexcom G6 Pro", "transmitter"),
        ({"transmitterGeneration": "dexcomPro"}, "Dexcom Pro", "transmitter"),
        ({"transmitterGenerationVariant": "g715day"}, "Dexcom G7 15 Day", "sensor"),
        ({"transmitterGenerationVariant": "d1+"}, "Dexcom ONE+", "sensor"),
        ({"displayApp": "D1G7"}, "Dexcom ONE+", "sensor"),
        ({"displayApp": "DexcomOne", "transmitterGeneration": "g6"}, "Dexcom ONE", "transmitter"),
        ({"transmitterGeneration": "g8"}, "g8", "transmitter"),
        ({"transmitterGeneration": "unknown", "displayApp": None}, "", "transmitter"),
    ],
)
def test_a_product_is_told_by_app_and_variant_before_generation(
    mappings: Mappings, said: Record, model: str, kind: str
) -> None:
    device = one_egv(mappings, **said).device
    assert (device.model, device.kind) == (model, kind)


@pytest.mark.parametrize(
    ("said", "value", "flags"),
    [
        ({"value": 39}, 40, Flag.LOW),
        ({"value": 401}, 400, Flag.HIGH),
        ({"value": 450}, 400, Flag.HIGH),
        ({"value": 40, "status": "low"}, 40, 0),
        ({"value": 65, "status": "low"}, 65, 0),
        ({"value": None, "status": "low"}, 40, Flag.LOW),
        ({"value": None, "status": "high"}, 400, Flag.HIGH),
        ({"value": "101", "unit": None, "rateUnit": None}, 101, 0),
        ({"value": 101, "unit": "unknown", "status": "ok"}, 101, 0),
    ],
)
def test_what_a_value_means(mappings: Mappings, said: Record, value: int, flags: int) -> None:
    batch = one_egv(mappings, **said)
    assert (plain(batch, "value"), plain(batch, "flags")) == ([value], [flags])


def test_a_reading_without_a_value_is_ignored_by_name_and_is_never_nought(mappings: Mappings) -> None:
    done = told(mappings, envelope("egv", [egv(1, phone_times(NOON, 2), 90_000, None)]))
    assert done.readings == () and done.account.ignored == {"no-value": 1}


def test_a_rate_in_another_unit_than_its_value_is_not_read(mappings: Mappings) -> None:
    batch = one_egv(mappings, rateUnit="mmol/L/min", trendRate=0.1)
    assert plain(batch, "rate") == [0] and plain(batch, "counter") == [90_000]


def test_codes_of_errors_are_no_glucose(mappings: Mappings) -> None:
    good = [
        egv(place, phone_times(NOON + timedelta(minutes=5 * place), 2), 300 * place, 100)
        for place in (1, 2, 3)
    ]
    done = told(mappings, envelope("egv", [*good, {**egv(9, phone_times(NOON, 2), 90_000, 100), "value": 9}]))
    assert [each.reason for each in done.account.rejected] == [
        "below 39 mg/dL there is no glucose in this answer, but codes of a receiver's errors"
    ]


def test_a_number_that_no_sensor_reports_is_rejected(mappings: Mappings) -> None:
    good = [
        egv(place, phone_times(NOON + timedelta(minutes=5 * place), 2), 300 * place, 100)
        for place in (1, 2, 3)
    ]
    done = told(
        mappings, envelope("egv", [*good, {**egv(9, phone_times(NOON, 2), 90_000, 100), "value": 1012}])
    )
    assert [each.reason for each in done.account.rejected] == [
        "what is in field 'value' is outside 39 to 600 mg/dL: a wrong unit or a moved column"
    ]


@pytest.mark.parametrize("name", [None, ""])
def test_ticks_of_a_transmitter_without_a_name_count_nothing(mappings: Mappings, name: str | None) -> None:
    records = [
        {
            **egv(place, phone_times(NOON + timedelta(days=30 * place), 2), 90_000, 100 + place),
            "transmitterId": name,
        }
        for place in range(3)
    ]
    batch = only(told(mappings, envelope("egv", records)), Stream.GLUCOSE)
    assert batch.key.device == "" and len(set(plain(batch, "counter"))) == 3
    assert 90_000 not in plain(batch, "counter")


def test_ticks_that_stand_for_several_times_count_nothing(mappings: Mappings) -> None:
    done = told(mappings, made.sandbox_day())
    batch = only(done, Stream.GLUCOSE)
    assert len(set(plain(batch, "counter"))) == len(batch) == 24
    assert "24 egvs have a transmitter time that stands for several times" in done.account.warnings[0]


# ---------------------------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("system", "shown", "instant", "offset"),
    [
        ("2026-04-01T10:00Z", "2026-04-01T12:00:00+02:00", "2026-04-01T10:00:00", 120),
        ("2026-04-01 10:05:00Z", "2026-04-01 03:05:02-06:59:58", "2026-04-01T10:05:00", -420),
        ("2026-4-1T10:10:0Z", "2026-04-01T03:09:45-06:59:59", "2026-04-01T10:10:00", -420),
        ("2026-04-01T10:20:00+00:00", "2026-04-01T02:20:00-08:00", "2026-04-01T10:20:00", -480),
        ("2026-04-01T10:00:00Z", "2026-04-01T10:00:00+00:00", "2026-04-01T10:00:00", 0),
        ("2026-04-01T10:00:00Z", "2026-04-01T10:00:00Z", "2026-04-01T10:00:00", NO_OFFSET),
        ("2026-04-01T10:00:00Z", "2026-04-02T00:00:00+14:00", "2026-04-01T10:00:00", 840),
    ],
)
def test_odd_stamps_are_read_as_they_are_meant(
    mappings: Mappings, system: str, shown: str, instant: str, offset: int
) -> None:
    batch = one_egv(mappings, systemTime=system, displayTime=shown)
    wanted = datetime.fromisoformat(instant).replace(tzinfo=UTC).timestamp() * 1000
    assert (plain(batch, "instant"), plain(batch, "offset")) == ([round(wanted)], [offset])
    assert plain(batch, "witness") == [Witness.UTC]


def test_a_receiver_is_off_by_what_its_two_clocks_leave_over(mappings: Mappings) -> None:
    batch = only(told(mappings, made.receiver_day()), Stream.GLUCOSE)
    assert plain(batch, "offset") == [-480, -480, -480, 330, 840, 60, NO_OFFSET, NO_OFFSET]
    assert plain(batch, "bound") == [0, 12_000, 13 * MINUTE, 0, 0, 3 * DAY, 0, 4_000]
    assert [bool(each) for each in ints(batch, "flags") & Flag.UNCERTAIN] == [0, 0, 1, 0, 0, 1, 0, 0]


def test_what_a_receiver_shows_once_more_is_not_read_twice(mappings: Mappings) -> None:
    done = told(mappings, made.phone_and_receiver())
    batch = only(done, Stream.GLUCOSE)
    assert done.account.ignored == {"shown-twice": 4}
    assert plain(batch, "counter") == [2_000_000 + 300 * place for place in range(20)]


def test_ticks_of_a_phone_date_a_receiver_whose_clock_was_reset(mappings: Mappings) -> None:
    done = told(mappings, made.phone_and_receiver())
    batch = only(done, Stream.GLUCOSE)
    assert (
        plain(batch, "witness")[-4:] == [Witness.COUNTER] * 4
        and plain(batch, "offset")[-4:] == [NO_OFFSET] * 4
    )
    steps = ints(batch, "instant")[-4:] - ints(batch, "instant")[0]
    assert steps.tolist() == [300_000 * place for place in range(16, 20)]
    assert (
        "4 readings of a receiver whose clock was wrong were dated by the transmitter's ticks"
        in done.account.warnings
    )


def test_a_receiver_alone_that_contradicts_its_ticks_stays_and_is_uncertain(mappings: Mappings) -> None:
    done = told(mappings, made.reset_receiver_alone())
    batch = only(done, Stream.GLUCOSE)
    doubtful = ints(batch, "flags") & Flag.UNCERTAIN > 0
    assert doubtful.tolist() == [True, True] + [False] * 6
    assert plain(batch, "bound")[:2] == [2 * DAY, 2 * DAY]
    assert "2 readings of a receiver may be off" in done.account.warnings[0]


def test_ticks_that_disagree_among_phones_judge_no_receiver(mappings: Mappings) -> None:
    phones = [
        egv(1, phone_times(NOON, 2), 90_000, 100),
        egv(2, phone_times(NOON + timedelta(days=9), 2), 90_300, 101),
    ]
    shown = {**RECEIVED_BY, "transmitterId": G7}
    receiver = egv(
        3, made.receiver_times(NOON - timedelta(days=5), NOON - timedelta(days=5)), 90_600, 102, shown
    )
    batch = only(told(mappings, envelope("egv", [*phones, receiver])), Stream.GLUCOSE)
    assert plain(batch, "witness") == [Witness.UTC] * 3 and not any(plain(batch, "flags"))


# --------------------------------------------------------------------------------------------- events


def test_doses_say_what_they_were_and_a_missing_amount_is_no_nought(mappings: Mappings) -> None:
    batch = only(told(mappings, made.all_events()), Stream.BOLUS)
    assert plain(batch, "value") == [450, 1200, 0, 0]
    assert plain(batch, "flags") == [0, 0, Flag.NO_VALUE, 0]
    assert plain(batch, "kind") == [BolusKind.RAPID, BolusKind.LONG, BolusKind.UNKNOWN, BolusKind.RAPID]


def test_an_exercise_of_unknown_length_has_no_minutes_and_no_end(mappings: Mappings) -> None:
    batch = only(told(mappings, made.all_events()), Stream.ACTIVITY)
    assert plain(batch, "flags") == [0, Flag.NO_VALUE, Flag.NO_VALUE, Flag.NO_VALUE]
    assert (ints(batch, "end") - ints(batch, "instant")).tolist() == [30 * MINUTE, 0, 0, 0]


def test_health_events_are_sensitive_kinds_and_new_ones_are_notes(mappings: Mappings) -> None:
    done = told(mappings, made.all_events())
    assert sorted(plain(only(done, Stream.EVENT), "kind")) == list(
        range(EventKind.ILLNESS, EventKind.ALCOHOL + 1)
    )
    assert {"pregnancy", "sleep", "party at Ben's"} <= set(plain(only(done, Stream.NOTE), "text"))


def test_a_fingerstick_keeps_the_unit_in_which_it_was_typed(mappings: Mappings) -> None:
    done = told(mappings, made.all_events())
    found = [
        (batch.key.unit, batch.key.scale, plain(batch, "value"))
        for batch in done.readings
        if batch.key.stream is Stream.CAPILLARY
    ]
    assert found == [(Unit.MG_DL, 0, [118]), (Unit.MMOL_L, 1, [64])]


def test_an_entry_keeps_its_series_on_another_phone(mappings: Mappings) -> None:
    here = told(mappings, envelope("event", [entry(1, "carbs", "45", "grams")]))
    there = told(
        mappings,
        envelope("events", [entry(1, "carbs", "50", "grams", displayDevice="android", displayApp="G6")]),
    )
    (one,), (other,) = here.readings, there.readings
    assert one.key == other.key and plain(one, "counter") == plain(other, "counter")


def test_an_answer_of_a_one_with_no_events_is_no_fault(mappings: Mappings) -> None:
    done = told(mappings, envelope("events", []))
    assert done.readings == () and done.account.rows == 0


# --------------------------------------------------------------------------------- alarms and settings


def test_alarms_tell_their_kind_and_how_they_stand(mappings: Mappings) -> None:
    done = told(mappings, made.alerts())
    phone, receiver = sorted((b for b in done.readings), key=lambda batch: batch.key.device)
    assert (receiver.device.kind, len(receiver)) == ("receiver", 1)
    said = list(zip(plain(phone, "kind"), plain(phone, "text"), strict=True))
    assert said[:3] == [
        (EventKind.ALARM_HIGH, "activeAlarming"),
        (EventKind.ALARM_HIGH, "activeSnoozed"),
        (EventKind.ALARM_CLEARED, "high"),
    ]
    assert said[-2:] == [(EventKind.ALARM, "unknown"), (EventKind.ALARM, "sensorAsleep")]


def settings(done: Decoded) -> list[tuple[int, str, int, str]]:
    """Kind, amount with its unit, minute of the day and note of every setting."""
    found = []
    for batch in done.readings:
        rows = zip(
            *(plain(batch, name) for name in ("kind", "value", "flags", "minute", "text")), strict=True
        )
        for kind, value, flags, minute, text in rows:
            amount = "off" if flags & Flag.NO_VALUE else f"{value / 10**batch.key.scale:g} {batch.key.unit}"
            found.append((kind, amount, minute, text))
    return found


def test_settings_hold_from_their_schedule_on_and_the_newest_counts(mappings: Mappings) -> None:
    found = settings(told(mappings, made.devices()))
    assert (SettingKind.ALERT_HIGH, "240 mg/dL", 0, "") in found
    assert (SettingKind.ALERT_LOW, "75 mg/dL", 0, "") in found
    assert (SettingKind.ALERT_LOW, "85 mg/dL", 22 * 60 + 30, "22:30 to 6:00 monday friday") in found
    assert (SettingKind.ALERT_HIGH, "13.9 mmol/L", 22 * 60 + 30, "22:30 to 6:00 monday friday") in found
    assert (SettingKind.ALERT_FALLING, "2 mg/dL/min", 0, "") in found
    assert (SettingKind.ALERT_SIGNAL_LOSS, "20 min", 0, "") in found
    assert (SettingKind.ALERT_SIGNAL_LOSS, "20 min", 0, "no readings") in found
    assert not any("250" in amount or "80 mg" in amount for _, amount, _, _ in found)


def test_what_is_switched_off_has_no_level_and_says_which_it_would_be(mappings: Mappings) -> None:
    found = settings(told(mappings, made.devices()))
    assert (SettingKind.ALERT_RISING, "off", 0, "switched off (set to 3 mg/dL/min)") in found
    assert (SettingKind.ALERT_LOW, "off", 8 * 60, "switched off (set to 3.9 mmol/L)") in found


def test_the_name_of_a_schedule_is_kept_nowhere(mappings: Mappings) -> None:
    done = told(mappings, made.devices())
    said = repr(
        [
            (batch.key, batch.device, {k: v.tolist() for k, v in batch.columns.items()})
            for batch in done.readings
        ]
    )
    assert "Ben" not in said + repr(done.account)


@pytest.mark.parametrize(
    ("starts", "minute"),
    [("0:00", 0), ("10:30 PM", 1350), ("12:15 am", 15), ("12:15 PM", 735), ("23:59:00", 1439), ("24:30", 30)],
)
def test_a_schedule_starts_at_an_odd_time(mappings: Mappings, starts: str, minute: int) -> None:
    schedule = {
        "alertScheduleSettings": {"isDefaultSchedule": False, "startTime": starts, "endTime": "7:00"},
        "alertSettings": [alert("low", 80)],
    }
    (one,) = settings(told(mappings, envelope("device", [{**PHONE, "alertSchedules": [schedule]}])))
    assert one[2] == minute


def test_a_schedule_that_starts_at_no_time_is_rejected(mappings: Mappings) -> None:
    schedule = {
        "alertScheduleSettings": {"isDefaultSchedule": False, "startTime": "noon"},
        "alertSettings": [alert("low", 80), alert("high", 200)],
    }
    good = {
        "alertScheduleSettings": {"isDefaultSchedule": True},
        "alertSettings": [alert("low", 70), alert("rise", 2, "mg/dL/min")],
    }
    done = told(mappings, envelope("devices", [{**PHONE, "alertSchedules": [good, schedule]}]))
    assert {each.reason for each in done.account.rejected} == {
        "what is in field 'from' is no minute of a day"
    }


# --------------------------------------------------------------------------------------------- answers


def test_answers_together_read_as_they_do_one_by_one(mappings: Mappings) -> None:
    apart = [told(mappings, each) for each in made.pulled()[:-1]]
    for text in made.files().items():
        if not text[0].startswith("pulled"):
            continue
        together = read(text[1], mappings)
        assert {(b.key, pair) for b in together.readings for pair in names(b)} == {
            (b.key, pair) for done in apart for b in done.readings for pair in names(b)
        }


def test_an_answer_of_a_new_kind_is_counted_and_named(mappings: Mappings) -> None:
    done = told(mappings, made.pulled())
    assert done.account.ignored["unknown-answer"] == 1
    assert done.account.unknown_in["records.loudness"] == 1


def test_the_account_is_named_and_two_accounts_are_refused(mappings: Mappings) -> None:
    assert told(mappings, made.calibrations()).person == Person(identifiers=(("dexcom-api-user", MIA),))
    other = envelope("egv", [egv(1, phone_times(NOON, 2), 90_000, 101)], user="00" * 32)
    sentence = refused(json.dumps([made.calibrations(), other]).encode(), mappings)
    assert "is about 2 people" in sentence and MIA[:8] not in sentence


def test_a_key_to_an_account_is_refused_and_never_quoted(mappings: Mappings) -> None:
    key = json.dumps({"access_token": "s3cr3t", "expires_in": 7200, "refresh_token": "s3cr3t"}).encode()
    sentence = refused(key, mappings)
    assert "the key to an account: give it to nobody" in sentence and "s3cr3t" not in sentence


# ------------------------------------------------------------------------------------------- the store


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Database]:
    """A home with one person in it."""
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    add(db, "Mia", None, "Europe/Berlin", ())
    yield db
    db.close()


def kept(db: Database, mappings: Mappings, document: object) -> Imported:
    """A document imported."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    who = load(db, 1)
    return take(db, mappings, who, data, "answer.json", act=own_act(who))


def counts(done: Imported, stream: Stream) -> tuple[int, int, int]:
    """Stored, duplicate, amended."""
    found = done.streams[stream]
    return found.stored, found.duplicate, found.amended


def test_windows_that_overlap_bring_nothing_twice(mappings: Mappings, home: Database) -> None:
    day = made.g7_day()["records"]
    assert counts(kept(home, mappings, envelope("egv", day[100:])), Stream.GLUCOSE) == (188, 0, 0)
    assert counts(kept(home, mappings, envelope("egvs", day[:200])), Stream.GLUCOSE) == (99, 100, 0)


def test_every_recording_again_changes_nothing(mappings: Mappings, home: Database) -> None:
    for data in made.files().values():
        kept(home, mappings, data)
        again = kept(home, mappings, data + b"\n")
        assert all(each.stored == each.amended == 0 for each in again.streams.values())


def test_a_changed_entry_is_an_amendment_and_a_deleted_one_is_taken_back(
    mappings: Mappings, home: Database
) -> None:
    first = entry(1, "insulin", "4.5", "units", sub="fastActing")
    assert counts(kept(home, mappings, envelope("event", [first])), Stream.BOLUS) == (1, 0, 0)
    second = {**first, "value": "5", "eventStatus": "updated"}
    assert counts(kept(home, mappings, envelope("event", [second])), Stream.BOLUS) == (0, 0, 1)
    third = {**second, "value": None, "eventStatus": "deleted"}
    assert counts(kept(home, mappings, envelope("event", [third])), Stream.BOLUS) == (0, 0, 1)


def test_the_last_word_about_an_entry_counts_whatever_its_place_in_the_file(mappings: Mappings) -> None:
    done = told(mappings, made.changed_events())
    assert plain(only(done, Stream.BOLUS), "value") == [500]
    carbs = only(done, Stream.CARBS)
    assert plain(carbs, "flags") == [Flag.RETRACTED, 0, 0, 0]
    assert done.account.ignored == {"outdone": 2}
    assert plain(only(done, Stream.NOTE), "flags") == [Flag.RETRACTED]
    assert [each.reason for each in done.account.rejected] == ["a deletion that does not say of what"]


def test_a_sensor_of_another_patient_puts_an_answer_aside(mappings: Mappings, home: Database) -> None:
    add(home, "Ben", None, "Europe/Berlin", ())
    kept(home, mappings, made.g7_day())
    who, answer = load(home, 2), json.dumps(made.g7_day()).encode()
    other = take(home, mappings, who, answer, "answer.json", act=own_act(who))
    assert (other.state, other.reason) == (
        "quarantined",
        "a device in the file was worn by another patient at the same time",
    )


def test_a_document_of_nothing_known_is_refused(mappings: Mappings) -> None:
    with pytest.raises(Unreadable):
        read(json.dumps({"recordType": "egv"}).encode(), mappings)


def test_a_transmitter_of_the_sheet_is_one_device_in_every_case(mappings: Mappings) -> None:
    records = [
        egv(1, phone_times(NOON, 2), 90_000, 101, {**PHONE, "transmitterId": G6.upper()}),
        egv(2, phone_times(NOON + timedelta(minutes=5), 2), 90_300, 102, {**PHONE, "transmitterId": G6}),
    ]
    assert len(only(told(mappings, envelope("egv", records)), Stream.GLUCOSE)) == 2
