"""Nightscout treatments: what they are called, what is said twice, and what is nobody's note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.consent.collecting import own_act
from bridge.ingest.upload import Imported, take
from bridge.mapping import Mappings
from bridge.reading import EventKind, Stream
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.adapters.nightscout_entries import Record, document, ms, oid, v3, z
from tests.adapters.nightscout_told import lines, told
from tests.adapters.nightscout_treatments import (
    aaps_v3,
    at,
    careportal,
    record,
)
from tests.adapters.recordings import RECEIVED
from tests.adapters.suite import read


def test_changes_of_a_device_are_events_under_every_name(mappings: Mappings) -> None:
    said = {
        "Sensor Start": EventKind.SENSOR_START,
        "Sensor Stop": EventKind.SENSOR_STOP,
        "Site Change": EventKind.SITE_CHANGE,
        "Pod Change": EventKind.SITE_CHANGE,
        "Insulin Change": EventKind.RESERVOIR_CHANGE,
        "Pump Battery Change": EventKind.BATTERY_CHANGE,
        "Suspend Pump": EventKind.SUSPEND,
        "Basal Suspension": EventKind.SUSPEND,
        "Resume Pump": EventKind.RESUME,
    }
    done = told(mappings, *(record(each, each * 30, event) for each, event in enumerate(said)))
    assert lines(done, Stream.EVENT, "kind") == [(kind.name.lower(),) for kind in said.values()]


def test_a_start_that_a_phone_says_again_and_again_is_one(mappings: Mappings) -> None:
    starts = [record(each, 200 + each * 0.05, "Sensor Start", enteredBy="iAPS") for each in range(24)]
    whole, part = told(mappings, *starts), told(mappings, *starts[5:9])
    assert lines(whole, Stream.EVENT, "record") == lines(part, Stream.EVENT, "record")
    assert whole.account.ignored == {"repeated-event": 23}


def test_an_entry_that_a_thumb_saved_twice_is_one(mappings: Mappings) -> None:
    meal = {"insulin": 5, "carbs": 60, "notes": "porridge", "enteredBy": "Wanda"}
    done = told(mappings, record(2, 0, "Meal Bolus", **meal), record(1, 0, "Meal Bolus", **meal))
    assert lines(done, Stream.BOLUS, "value", "record") == [(5.0, oid(1))]
    assert done.account.ignored == {"copy-of-another-record": 1}


def test_the_uploaders_own_id_goes_before_the_databases(mappings: Mappings) -> None:
    named = (
        {"syncIdentifier": "b1"},
        {"identifier": "c3f7a0b1-d8e9"},
        {"pumpId": 7, "pumpSerial": "DAN00012AB"},
    )
    for own in named:
        ids = [
            lines(told(mappings, record(each, 0, None, insulin=1, **own)), Stream.BOLUS, "record")
            for each in (1, 2)
        ]
        assert ids[0] == ids[1] and "DAN" not in repr(ids)
    assert lines(told(mappings, record(1, 0, None, insulin=1)), Stream.BOLUS, "record") == [(oid(1),)]


def test_the_same_records_through_both_versions_of_the_server_have_the_same_keys(mappings: Mappings) -> None:
    first = [record(each, each * 9, "Correction Bolus", insulin=1 + each / 4) for each in range(4)]
    second = [
        {**one, "identifier": one["_id"], "isValid": True, "date": ms(at(place * 9))}
        for place, one in enumerate(first)
    ]
    for one in second:
        del one["_id"]
    found = [
        lines(read(data, mappings), Stream.BOLUS, "record", "instant")
        for data in (document(first), v3(second))
    ]
    assert found[0] == found[1]


def test_what_was_deleted_is_taken_back_in_every_stream(mappings: Mappings) -> None:
    done = read(aaps_v3(), mappings)
    gone = {
        stream: [value for value, flags in lines(done, stream, "value", "flags") if "RETRACTED" in flags]
        for stream in done.account.read
    }
    assert gone == {Stream.BOLUS: [3.0], Stream.CARBS: [25.0], Stream.BASAL: [2.0], Stream.CAPILLARY: []}


def test_requests_from_afar_are_no_treatments_and_their_passwords_are_dropped(mappings: Mappings) -> None:
    asked = record(1, 0, "Remote Bolus Entry", remoteBolus=1.5, otp="908172", remoteAddress="ab12cd")
    done = told(mappings, asked, record(2, 5, "Remote Carbs Entry", remoteCarbs=20, otp="908172"))
    assert (done.readings, done.account.ignored) == ((), {"remote-command": 2})
    assert "908172" not in repr(done)


def test_an_event_that_nobody_knows_is_kept_as_a_note_and_said(mappings: Mappings) -> None:
    done = told(mappings, record(1, 0, "Dog Walk", duration=20))
    assert lines(done, Stream.NOTE, "text") == [("Dog Walk",)]
    assert done.account.warnings[0].endswith("event types that are not known, kept as notes")


def test_texts_of_programs_are_no_notes_of_a_person(mappings: Mappings) -> None:
    done = told(
        mappings,
        record(1, 0, "Note", notes='{"guid":1}', enteredBy="Loop"),
        record(2, 9, "Sensor Start", notes="SensorID: 8HNL3P"),
        record(3, 19, "Note", notes="PumpSuspend", enteredBy="Trio"),
        record(
            4, 29, "Note", notes="Wanda (110%)", originalProfileName="Wanda", enteredBy="openaps://AndroidAPS"
        ),
        record(5, 39, "Note", notes="sweaty"),
    )
    assert lines(done, Stream.NOTE, "text") == [("sweaty",)]
    assert lines(done, Stream.EVENT, "kind") == [("sensor_start",), ("suspend",)]


def test_who_typed_a_record_in_is_kept_nowhere(mappings: Mappings) -> None:
    done = read(careportal(), mappings)
    assert {batch.device.model for batch in done.readings} == {""}
    assert "Uncle Max" not in repr(done) and "Grandma" not in repr(done)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    found = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    yield found
    found.close()


def kept(store: Database, mappings: Mappings, *answers: list[Record]) -> list[Imported]:
    """Answers of one server taken one after the other for one person."""
    person = load(store, add(store, "Test", None, "Europe/Berlin", ()))
    return [
        take(store, mappings, person, document(one), "answer.json", act=own_act(person)) for one in answers
    ]


def test_two_answers_that_overlap_bring_nothing_twice(store: Database, mappings: Mappings) -> None:
    doses = [
        record(each, each * 9, "Correction Bolus", insulin=1 + each / 4, notes=f"n{each}")
        for each in range(9)
    ]
    _, second = kept(store, mappings, doses[:6], doses[3:])
    assert {str(stream): (c.stored, c.duplicate, c.amended) for stream, c in second.streams.items()} == {
        "bolus": (3, 3, 0), "note": (3, 3, 0),
    }  # fmt: skip


def test_the_next_answer_mends_the_end_of_the_last_basal(store: Database, mappings: Mappings) -> None:
    basals = [record(each, each * 5, "Temp Basal", absolute=1.5, duration=30) for each in range(4)]
    _, second = kept(store, mappings, basals[:2], basals[1:])
    counts = second.streams[Stream.BASAL]
    assert (counts.stored, counts.duplicate, counts.amended) == (2, 0, 1)


def test_a_dose_that_is_deleted_later_is_taken_back_in_the_store(store: Database, mappings: Mappings) -> None:
    dose = record(1, 0, "Correction Bolus", insulin=1.5) | {"identifier": "a1b2"}
    person = load(store, add(store, "Test", None, "Europe/Berlin", ()))
    here, gone = (
        document([dose]),
        v3([dose | {"isValid": False, "srvModified": ms(at(9)), "created_at": z(at(0))}]),
    )
    first, second = (
        take(store, mappings, person, data, "a.json", act=own_act(person)) for data in (here, gone)
    )
    assert first.streams[Stream.BOLUS].stored == 1
    assert (second.streams[Stream.BOLUS].stored, second.streams[Stream.BOLUS].amended) == (0, 1)
