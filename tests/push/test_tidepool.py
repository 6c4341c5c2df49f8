"""Tidepool holds what may be told as its own records, each once, and loses what is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.store.ledger as ledger
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent.asked import Grain
from bridge.period import DAY
from bridge.push.readings import NO_ROOM
from bridge.push.recording import NO_RECORD
from bridge.push.tidepool import DEDUPLICATOR, NO_SESSION
from bridge.reading import Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.reading.kinds import BasalKind, BolusKind
from bridge.store.blocks import withdraw
from tests.push.house import BEGIN, SOURCE, STEP, House, filed
from tests.push.platform import Tidepool, standing

SESSION = {"kind": "basic", "user": "bridge@clinic.example", "secret": "vault"}


@contextmanager
def world(
    home: Path, secret: str = "s3cret", grant: bool = True, **more: Any
) -> Iterator[tuple[House, Tidepool]]:
    """A bridge with ten readings of a person, their grant, and the account that a human confirmed."""
    with standing() as there:
        told = {"by": "tidepool", "corrections": "replace"}
        house = filed(home, there.url, kind="portal", portal=told, secret=secret, **{"auth": SESSION, **more})
        house.bring(0, list(range(100, 110)))
        if grant:
            house.grant()
        house.link(None)
        yield house, there
        house.db.close()


def add(house: House, stream: Stream, unit: Unit, scale: int, values: list[int], **columns: Any) -> int:
    """Import readings of any stream, 5 minutes apart."""
    count = len(values)
    told: dict[str, NDArray[np.generic]] = {
        "instant": BEGIN - 9 * DAY + np.arange(count, dtype=np.int64) * STEP,
        "value": np.array(values, np.int64),
        "row": np.arange(1, count + 1, dtype=np.int32),
        **columns,
    }
    key = SeriesKey(stream, SOURCE, "9YYYYY", unit, scale)
    device = Device('Evil "Inc\\', "G7", serial="9YYYYY", kind="cgm")
    return house._import(Readings(key, told, device, SourceClass.PROCESSED), f"{stream}{values}")


def test_readings_become_records_in_a_continuous_data_set_of_the_person(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        report = house.push()
        assert (report.sent, report.failed, report.held) == (10, (), ())
        (made,) = there.sets.values()
        assert (made["of"], made["dataSetType"], made["deduplicator"]["name"]) == (
            "0042",
            "continuous",
            DEDUPLICATOR,
        )
        first = there.told()[0]
        assert (first["type"], first["units"], first["value"]) == ("cbg", "mg/dL", 100)
        assert (first["time"], first["deviceTime"]) == ("2026-05-18T20:26:40.000Z", "2026-05-18T22:26:40")
        assert first["timezoneOffset"] == 120 and first["deviceId"] == "Dexcom G6"
        assert first["origin"]["payload"] == {"patientSupplied": True, "sourceClass": "cleared-maker-route"}
        assert [each["value"] for each in there.told()] == list(range(100, 110))


@pytest.mark.parametrize("act", ["revoke", "suspend", "erase"])
def test_what_ends_while_the_data_set_is_looked_for_stops_the_records(tmp_path: Path, act: str) -> None:
    with world(tmp_path, grant=False) as (house, there):
        acts = {
            "revoke": partial(house.revoke, house.grant()),
            "suspend": partial(links.suspend, house.db, links.listed(house.db)[0].number, "they moved"),
            "erase": partial(patients.erase, house.db, house.patient),
        }
        there.looked = acts[act]
        assert house.push().sent == 0
        assert there.told() == [] and there.sets == {}


def test_a_second_round_sends_nothing_and_a_new_reading_goes_into_the_same_data_set(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        house.push()
        calls = len(there.calls)
        assert house.push().sent == 0 and len(there.calls) == calls
        house.wait()
        house.bring(20, [77])
        assert house.push().sent == 1
        assert len(there.sets) == 1 and [each["value"] for each in there.told()][-1] == 77
        assert there.logins == [200]


def test_a_correction_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        house.push()
        house.wait()
        house.bring(3, [250], name="corrected")
        report = house.push()
        assert (report.sent, report.updated) == (0, 1)
        assert [each["value"] for each in there.told()] == [100, 101, 102, 250, *range(104, 110)]


def test_doses_rates_strips_and_carbs_have_records_of_their_own(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        house.give(5, [150])
        add(house, Stream.CAPILLARY, Unit.MMOL_L, 1, [55])
        add(house, Stream.KETONE, Unit.MMOL_L, 1, [12])
        add(house, Stream.CARBS, Unit.GRAMS, 0, [45])
        start = BEGIN - 9 * DAY
        kinds = np.array([BasalKind.SCHEDULED, BasalKind.SUSPENDED], np.uint16)
        ends = np.array([start + STEP, start + 2 * STEP], np.int64)
        add(house, Stream.BASAL, Unit.UNITS_PER_HOUR, 2, [80, 0], end=ends, kind=kinds)
        doses = np.array([BolusKind.LONG, BolusKind.EXTENDED], np.uint16)
        over = np.array([start, start + 3 * STEP], np.int64)
        add(house, Stream.BOLUS, Unit.UNITS, 1, [200, 35], end=over, kind=doses)
        assert house.push().failed == ()
        assert [
            (each["subType"], each.get("normal"), each.get("extended")) for each in there.of("bolus")
        ] == [
            ("normal", 1.5, None),
            ("square", None, 3.5),
        ]
        (long_,) = there.of("insulin")
        assert long_["dose"] == {"total": 20.0, "units": "Units"}
        assert long_["formulation"]["simple"]["actingType"] == "long"
        assert [(each["units"], each["value"]) for each in there.of("smbg")] == [("mmol/L", 5.5)]
        assert there.of("bloodKetone")[0]["value"] == 1.2
        assert there.of("food")[0]["nutrition"]["carbohydrate"] == {"net": 45, "units": "grams"}
        told = [(each["deliveryType"], each.get("rate"), each["duration"]) for each in there.of("basal")]
        assert told == [("scheduled", 0.8, STEP), ("suspend", None, STEP)]
        assert {each["deviceId"] for each in there.of("smbg")} == {"Evil Inc G7"}


def test_low_and_high_are_annotated_and_never_the_bare_limit(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        flags = [Flag.LOW, Flag.HIGH, Flag.LOW | Flag.INCLUSIVE, Flag.HIGH | Flag.INCLUSIVE]
        add(house, Stream.GLUCOSE, Unit.MG_DL, 0, [40, 400, 40, 400], flags=np.array(flags, np.uint16))
        add(house, Stream.CAPILLARY, Unit.MMOL_L, 1, [22], flags=np.array([Flag.LOW], np.uint16))
        house.push()
        told = [(each["value"], each["annotations"]) for each in there.told() if "annotations" in each]
        assert [(value, *(each[0][key] for key in ("value", "threshold"))) for value, each in told] == [
            (39, "low", 40),
            (39, "low", 40),
            (401, "high", 400),
            (40, "low", 41),
            (400, "high", 399),
        ]


def test_what_has_no_record_there_waits_for_a_human_and_is_not_counted(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        add(house, Stream.CARBS, Unit.SERVINGS, 0, [2])
        report = house.push()
        assert report.sent == 10 and "1 entries were refused" in report.failed[0]
        assert there.of("food") == []
        rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''").fetchall()
        assert rows == [(NO_RECORD,)]


def test_a_reading_that_lost_its_amount_is_gone_there_as_well(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        add(house, Stream.CARBS, Unit.GRAMS, 0, [45])
        house.push()
        assert len(there.of("food")) == 1
        house.wait()
        add(house, Stream.CARBS, Unit.GRAMS, 0, [0], flags=np.array([Flag.NO_VALUE], np.uint16))
        report = house.push()
        assert report.updated == 1 and "refused" in report.failed[0] and there.of("food") == []
        assert house.push().updated == 0


def test_means_are_no_readings_there(tmp_path: Path) -> None:
    with world(tmp_path, grant=False) as (house, there):
        house.grant(grain=Grain.HOUR)
        report = house.push()
        assert report.sent == 0 and there.told() == []
        assert report.failed == ("clinic: 2 entries were refused: see cgm-bridge deliveries list",)


def test_a_reading_that_is_taken_away_is_deleted_there_also_after_the_grant_ended(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        second = house.bring(20, [250, 251])
        house.push()
        house.wait()
        house.revoke(next(iter(outbox.listed(house.db))).grant_id)
        house.bring(30, [99])
        withdraw(house.db, house.patient, second)
        assert house.push().retracted == 2
        assert [each["value"] for each in there.told()] == list(range(100, 110))
        assert house.push().retracted == 0


@pytest.mark.parametrize("wrong", ["torn", 500, 503, 429])
def test_a_lost_answer_is_repeated_and_doubles_nothing(tmp_path: Path, wrong: int | str) -> None:
    with world(tmp_path) as (house, there):
        there.script = [wrong]
        assert house.push().sent == 0
        house.wait(60)
        assert house.push().sent == 10
        assert [each["value"] for each in there.told()] == list(range(100, 110))


def test_more_than_a_thousand_records_go_in_several_requests(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        house.bring(20, [100 + each % 50 for each in range(1_500)])
        assert house.push().sent == 1_510
        assert len(there.told()) == 1_510
        assert len([each for each in there.calls if each[1].endswith("/data")]) == 2


def test_a_request_is_no_larger_than_the_file_allows(tmp_path: Path) -> None:
    with world(tmp_path, limits={"bytes": 16_384}) as (house, there):
        house.bring(20, [100 + each % 50 for each in range(50)])
        assert house.push().sent == 60
        assert len([each for each in there.calls if each[1].endswith("/data")]) == 3
        assert max(there.sizes) <= 16_384


def test_a_session_that_is_over_is_begun_anew_once(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        house.push()
        there.sessions.clear()
        house.wait()
        house.bring(20, [77])
        assert house.push().sent == 1 and there.logins == [200, 200]


def test_a_refused_login_is_shown_once_and_said(tmp_path: Path) -> None:
    with world(tmp_path, "wrong") as (house, there):
        assert NO_SESSION in house.push().failed[0]
        house.wait(5)
        house.push()
        assert there.logins == [401] and there.told() == []


def test_a_bearer_of_the_file_needs_no_session(tmp_path: Path) -> None:
    auth = {"kind": "bearer", "secret": "vault"}
    with world(tmp_path, "t0ken", auth=auth) as (house, there):
        assert house.push().sent == 10 and there.logins == []


@pytest.mark.parametrize(
    ("break_", "said"),
    [
        (lambda there: there.may_write.clear(), "does not let the bridge write for this person"),
        (lambda there: there.script.append(404), "has no such account or data set"),
        (lambda there: there.script.append(400), "finds a record wrong"),
        (lambda there: there.script.append(409), "was closed at Tidepool"),
    ],
)
def test_a_refusal_says_whose_turn_it_is(tmp_path: Path, break_: Any, said: str) -> None:
    with world(tmp_path) as (house, there):
        break_(there)
        assert said in house.push().failed[0]
        assert there.told() == []


def test_a_link_that_is_stopped_meanwhile_stops_the_next_request(tmp_path: Path) -> None:
    with world(tmp_path) as (house, there):
        house.bring(20, [100 + each % 50 for each in range(1_500)])
        number = links.listed(house.db)[0].number
        there.meanwhile = partial(links.suspend, house.db, number, "they moved")
        report = house.push()
        assert report.sent == 1_000 and len(there.told()) == 1_000
        assert "suspended: they moved" in report.held[0]


def test_the_cap_of_a_day_holds(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 6}) as (house, there):
        report = house.push()
        assert report.sent == 6 and NO_ROOM in report.held[0] and len(there.told()) == 6
        house.clock.skip(DAY + 1)
        assert house.push().sent == 4


def test_every_request_stands_in_the_ledger(tmp_path: Path) -> None:
    with world(tmp_path) as (house, _):
        house.push()
        rows = ledger.listed(house.db, house.patient)
        told = [(row.fields["outcome"], row.fields["sent"]) for row in rows if row.kind == "outcome"]
        assert told == [("acknowledged", 10)]
