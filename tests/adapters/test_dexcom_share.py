"""Dexcom Share: what followers see, and what a receiver sends where there is no glucose."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from bridge.adapters import Decoded, decode
from bridge.consent.collecting import own_act
from bridge.ingest.upload import take
from bridge.mapping import Mappings
from bridge.reading import NO_OFFSET, EventKind, Flag, Readings, SourceClass, Stream, Trend, Witness
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.adapters import dexcom_share_files as made
from tests.adapters.recordings import RECEIVED, ZONES
from tests.adapters.suite import DocumentSuite, adds_up, ints, read, refused


class TestDexcomShare(DocumentSuite):
    """The sentences that every adapter keeps."""

    family = "dexcom-share"
    small = "values-a-morning.json"
    records = ""


def told(mappings: Mappings, values: object) -> Decoded:
    """An answer read as ingest does."""
    done = read(json.dumps(values).encode(), mappings)
    adds_up(done)
    return done


def glucose(done: Decoded) -> Readings:
    """The one batch of glucose."""
    (found,) = [batch for batch in done.readings if batch.key.stream is Stream.GLUCOSE]
    return found


def test_a_value_is_a_followers_of_a_dexcom_that_nobody_names(mappings: Mappings) -> None:
    batch = glucose(told(mappings, made.day()))
    assert batch.source_class is SourceClass.FOLLOWER
    assert (batch.device.manufacturer, batch.device.model, batch.device.serial, batch.key.device) == (
        "Dexcom",
        "",
        "",
        "",
    )
    assert set(ints(batch, "witness").tolist()) == {Witness.UTC}


def test_the_instant_is_the_first_stamps_and_only_the_offset_the_displays(mappings: Mappings) -> None:
    batch = glucose(told(mappings, made.old()))
    first = datetime.fromisoformat("2026-04-03T05:00:59+00:00").timestamp() * 1000
    assert ints(batch, "instant").tolist() == [round(first) + 300_000 * place for place in range(14)]
    assert ints(batch, "offset").tolist() == [-420] * 13 + [NO_OFFSET]


def test_arrows_are_numbers_or_words_in_any_spelling(mappings: Mappings) -> None:
    found = ints(glucose(told(mappings, made.old())), "trend").tolist()
    assert found == [*range(10), Trend.SINGLE_DOWN, Trend.FORTY_FIVE_UP, Trend.NONE, Trend.NONE]


def test_what_is_below_39_is_an_error_and_39_is_low(mappings: Mappings) -> None:
    done = told(mappings, made.errors())
    batch = glucose(done)
    assert ints(batch, "value").tolist() == [40, 40, 104, 110, 112]
    assert ints(batch, "flags").tolist() == [Flag.LOW, 0, 0, 0, 0]
    assert done.account.ignored == {"no-value": 1, "no-sensor-session": 1}
    assert len(done.account.rejected) == 2


def test_errors_with_a_meaning_are_events(mappings: Mappings) -> None:
    done = told(mappings, made.errors())
    (events,) = [batch for batch in done.readings if batch.key.stream is Stream.EVENT]
    assert ints(events, "kind").tolist() == [
        EventKind.SENSOR_FAULT,
        EventKind.SIGNAL_LOSS,
        EventKind.CALIBRATION_NEEDED,
        EventKind.SENSOR_FAULT,
        EventKind.SENSOR_FAULT,
        EventKind.SENSOR_FAULT,
        EventKind.SIGNAL_LOSS,
    ]


def test_answers_that_overlap_bring_no_value_twice(mappings: Mappings, tmp_path: Path) -> None:
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        who = load(db, add(db, "Mia", None, "Europe/Berlin", ()))
        counts = [
            take(db, mappings, who, json.dumps(values).encode(), "answer.json", act=own_act(who)).streams[
                Stream.GLUCOSE
            ]
            for values in (made.day()[10:], made.day()[:20])
        ]
    finally:
        db.close()
    assert [(each.stored, each.duplicate, each.amended) for each in counts] == [(26, 0, 0), (10, 10, 0)]


def test_an_answer_without_values_is_told_and_no_fault(mappings: Mappings) -> None:
    done = decode(b"[]", mappings.formats["dexcom-share"], ZONES, RECEIVED)
    assert done.readings == () and done.account.warnings == ("there is no record in the document",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"Code":"SessionIdNotFound","Message":"m","SubCode":"s","TypeName":"F"}',
            "an error that Dexcom Share answered",
        ),
        (b'"1b2c3d4e-0000-4000-8000-000000000001"', "one text alone, perhaps the key to a session"),
    ],
)
def test_answers_without_values_are_refused_and_keys_never_quoted(
    mappings: Mappings, body: bytes, said: str
) -> None:
    sentence = refused(body, mappings)
    assert said in sentence and "1b2c3d4e" not in sentence
