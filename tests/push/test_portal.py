"""A portal holds each month of what may be told, once, in the newest state, and what it cannot be told is said."""

from __future__ import annotations

import hashlib
import json
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
from bridge.period import DAY
from bridge.push import asking
from bridge.push.courier import IN_DOUBT, NOT_CORRECTABLE
from bridge.push.plan import NO_GRANT
from bridge.push.readings import NO_ROOM
from bridge.reading import Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.blocks import withdraw
from tests.push.house import BEGIN, SOURCE, STEP, House, filed
from tests.push.portal import Shelf, standing

PUT = {"by": "https", "path": "files/{name}", "corrections": "replace"}
FORM = {
    "by": "https",
    "path": "up",
    "upload": "multipart",
    "corrections": "replace",
    "fields": {"who": "{patient}"},
}
KEEPS = {**PUT, "corrections": "none", "name": "{patient}-{month}-{revision}.{extension}"}
MAY, JUNE = "0042-2026-05.csv", "0042-2026-06.csv"
NEXT_MONTH = 14 * 288
"""A slot that lies in June: slots are 5 minutes, the first lies on May 18."""
EDGE = 3769
"""A slot that lies in June in Berlin and in May in New York."""


@contextmanager
def world(home: Path, portal: dict[str, Any] = PUT, **more: Any) -> Iterator[tuple[House, Shelf, str]]:
    """A bridge with ten readings of a person in May, their grant and link, and a portal; also the grant."""
    with standing() as shelf:
        house = filed(home, shelf.url, kind="portal", portal=portal, **more)
        house.bring(0, list(range(100, 110)))
        grant = house.grant()
        house.link(None)
        yield house, shelf, grant
        house.db.close()


def said_otherwise(house: House, shelf: Shelf, portal: dict[str, Any]) -> None:
    """The portal's file is edited and registered again."""
    house.wait()
    house.register(shelf.url, kind="portal", portal=portal)


def values(shelf: Shelf, name: str = MAY) -> list[int]:
    return [int(line.split(",")[5]) for line in shelf.lines(name)]


def test_each_month_is_one_file_with_a_manifest_that_has_its_checksum(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.bring(NEXT_MONTH, [120, 121])
        report = house.push()
        assert (report.sent, report.failed, report.held) == (12, (), ())
        assert values(shelf) == list(range(100, 110)) and values(shelf, JUNE) == [120, 121]
        told = shelf.lines(f"{MAY}.manifest.csv")[0].split(",")
        assert told[:5] == [MAY, "2026-04-30T22:00:00Z", "2026-05-31T22:00:00Z", "10", "1"]
        assert told[7] == hashlib.sha256(shelf.files[MAY]).hexdigest()
        assert shelf.files[MAY].startswith(b"# Patient-supplied")
        assert all(line.split(",")[9] == "cleared-maker-route" for line in shelf.lines(MAY))


def test_what_is_there_is_not_sent_again_and_a_changed_month_takes_its_place(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.push()
        before = len(shelf.uploads)
        assert house.push().sent == 0 and len(shelf.uploads) == before
        house.wait()
        house.bring(10, [77])
        assert house.push().sent == 1
        assert values(shelf) == [*range(100, 110), 77]
        assert shelf.lines(f"{MAY}.manifest.csv")[0].split(",")[3:5] == ["11", "2"]


def test_a_correction_goes_with_its_month(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.push()
        house.wait()
        house.bring(3, [250], name="corrected")
        report = house.push()
        assert (report.sent, report.updated) == (0, 1)
        assert values(shelf) == [100, 101, 102, 250, *range(104, 110)]
        assert shelf.lines(MAY)[3].split(",")[7] == "corrected"


def test_a_form_has_its_fields_and_a_secret_travels_in_its_header(tmp_path: Path) -> None:
    auth = {"auth": {"kind": "bearer", "secret": "vault"}, "secret": "s3cret"}
    with world(tmp_path, FORM, **auth) as (house, shelf, _):
        assert house.push().sent == 10
        way, name, told = shelf.uploads[0]
        assert (way, name, told["who"], told["authorization"]) == ("POST", MAY, "0042", "Bearer s3cret")
        assert values(shelf) == list(range(100, 110))


def test_fhir_lines_are_those_of_the_renderer(tmp_path: Path) -> None:
    with world(tmp_path, {**PUT, "form": "fhir"}) as (house, shelf, _):
        house.give(5, [150])
        assert house.push().sent == 11
        lines = [json.loads(line) for line in shelf.files["0042-2026-05.ndjson"].splitlines()]
        found = [each["valueQuantity"]["value"] for each in lines if each["resourceType"] == "Observation"]
        assert found == list(range(100, 110))
        kinds = [each["resourceType"] for each in lines]
        assert kinds.count("MedicationAdministration") == 1 and kinds.count("Device") == 2


def test_low_and_high_keep_their_comparator_beside_the_limit(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        instants = BEGIN - 9 * DAY + np.arange(3, dtype=np.int64) * STEP
        columns: dict[str, NDArray[np.generic]] = {
            "instant": instants,
            "value": np.array([40, 400, 55], np.int64),
            "flags": np.array([Flag.LOW, Flag.HIGH | Flag.INCLUSIVE, 0], np.uint16),
            "row": np.array([1, 2, 3], np.int32),
        }
        key = SeriesKey(Stream.GLUCOSE, SOURCE, "9YYYYY", Unit.MMOL_L, 1)
        device = Device("=Evil, Inc", "G7", serial="9YYYYY", kind="cgm")
        house._import(Readings(key, columns, device, SourceClass.PROCESSED), "limits")
        house.push()
        rows = [line.split(",") for line in shelf.lines(MAY)][-3:]
        assert [row[4:7] for row in rows] == [
            ["<", "4.0", "mmol/L"],
            [">=", "40.0", "mmol/L"],
            ["", "5.5", "mmol/L"],
        ]
        assert {(row[9], row[10]) for row in rows} == {("diy-or-processed", "Evil Inc G7")}


def test_what_is_taken_away_is_gone_from_the_month(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        second = house.bring(20, [250, 251])
        house.push()
        assert values(shelf)[-2:] == [250, 251]
        house.wait()
        withdraw(house.db, house.patient, second)
        assert house.push().retracted == 2
        assert values(shelf) == list(range(100, 110))
        before = len(shelf.uploads)
        assert house.push().retracted == 0 and len(shelf.uploads) == before


def test_after_a_revocation_nothing_goes_but_what_takes_back(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, grant):
        second = house.bring(20, [250, 251])
        house.push()
        house.wait()
        house.revoke(grant)
        house.bring(30, [99])
        before = len(shelf.uploads)
        house.push()
        assert len(shelf.uploads) == before
        withdraw(house.db, house.patient, second)
        house.push()
        assert [line.split(",")[5:8] for line in shelf.lines(MAY)] == [["", "", "entered-in-error"]] * 2


def test_a_portal_that_keeps_every_file_gets_what_is_new_and_no_correction(tmp_path: Path) -> None:
    with world(tmp_path, KEEPS) as (house, shelf, _):
        second = house.bring(20, [250])
        house.push()
        house.wait()
        house.bring(30, [99])
        assert house.push().sent == 1
        assert values(shelf, "0042-2026-05-2.csv") == [99]
        withdraw(house.db, house.patient, second)
        house.wait()
        house.push()
        assert {each.state for each in outbox.listed(house.db)} >= {"correction-not-deliverable"}
        assert len([name for name in shelf.files if "manifest" not in name]) == 2
        rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''").fetchall()
        assert rows == [(NOT_CORRECTABLE,)]


@pytest.mark.parametrize("wrong", ["torn", 500, 503, 429])
def test_a_lost_answer_is_repeated_under_the_same_name(tmp_path: Path, wrong: int | str) -> None:
    with world(tmp_path) as (house, shelf, _):
        shelf.script = [wrong]
        assert house.push().sent == 0
        house.wait(60)
        assert house.push().sent == 10
        assert values(shelf) == list(range(100, 110))
        assert {each.state for each in outbox.listed(house.db)} == {"acked"}


def test_a_form_without_an_answer_waits_for_a_human_where_every_file_is_kept(tmp_path: Path) -> None:
    told = {**FORM, "corrections": "none", "name": KEEPS["name"]}
    with world(tmp_path, told) as (house, shelf, _):
        shelf.script = ["torn"]
        house.push()
        house.wait(60)
        house.push()
        assert len(shelf.uploads) == 1
        rows = house.db.reader("bridge").execute("SELECT DISTINCT problem FROM sent").fetchall()
        assert rows == [(IN_DOUBT,)]


def test_a_month_is_sent_anew_when_its_file_says_it_otherwise(tmp_path: Path) -> None:
    with world(tmp_path, FORM) as (house, shelf, _):
        house.push()
        said_otherwise(house, shelf, {**FORM, "fields": {"chart": "{patient}"}})
        before = len(shelf.uploads)
        report = house.push()
        assert (report.sent, report.updated, report.failed, report.held) == (0, 0, (), ())
        assert [each[2].get("chart") for each in shelf.uploads[before:]] == ["0042", "0042"]
        assert shelf.lines(f"{MAY}.manifest.csv")[0].split(",")[3:5] == ["10", "2"]
        house.push()
        assert len(shelf.uploads) == before + 2
        rows = [row.fields for row in ledger.listed(house.db, house.patient) if row.kind == "outcome"]
        assert [row["sent"] for row in rows if row["outcome"] == "acknowledged"] == [10, 10]


def test_a_portal_that_keeps_every_file_is_not_sent_it_twice_when_its_file_is_edited(tmp_path: Path) -> None:
    with world(tmp_path, KEEPS) as (house, shelf, _):
        house.push()
        said_otherwise(house, shelf, {**KEEPS, "headers": {"X-Folder": "7"}})
        before = len(shelf.uploads)
        house.push()
        assert len(shelf.uploads) == before
        house.wait()
        house.bring(30, [99])
        house.push()
        assert values(shelf, "0042-2026-05-2.csv") == [99]
        assert shelf.uploads[before][2]["x-folder"] == "7"


def test_a_link_that_is_stopped_during_an_upload_stops_the_next_month(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.bring(NEXT_MONTH, [120, 121])
        shelf.meanwhile = partial(links.suspend, house.db, links.listed(house.db)[0].number, "they moved")
        assert "decided anew" in house.push().held[0]
        house.wait()
        assert "suspended: they moved" in house.push().held[0]
        assert MAY in shelf.files and JUNE not in shelf.files


@pytest.mark.parametrize("act", ["revoke", "pause"])
def test_a_grant_that_ends_during_an_upload_leaves_the_next_month_as_it_stands(
    tmp_path: Path, act: str
) -> None:
    with world(tmp_path) as (house, shelf, grant):
        house.bring(NEXT_MONTH, [120, 121])
        house.push()
        house.wait()
        house.bring(20, [130])
        house.bring(NEXT_MONTH + 20, [140])
        shelf.meanwhile = partial(getattr(house, act), grant)
        report = house.push()
        assert report.sent == 1 and "decided anew" in report.held[0]
        house.wait()
        assert NO_GRANT in house.push().held[0]
        assert values(shelf)[-1] == 130 and values(shelf, JUNE) == [120, 121]
        if act == "pause":
            house.resume(grant)
            house.wait()
            assert house.push().sent == 1
            assert values(shelf, JUNE) == [120, 121, 140]


def test_a_reading_stays_in_its_month_after_a_move_and_is_taken_back_from_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        edge = house.bring(EDGE, [130, 131])
        house.bring(NEXT_MONTH, [120])
        house.wait(20 * 24 * 60)
        house.push()
        assert values(shelf, JUNE) == [130, 131, 120]
        patients.add_zone(house.db, house.patient, "America/New_York", BEGIN - 30 * DAY)
        house.bring(30, [99])
        house.bring(EDGE + 2, [132])
        house.wait()
        assert house.push().sent == 2
        assert values(shelf) == [*range(100, 110), 99, 132] and values(shelf, JUNE) == [130, 131, 120]
        house.bring(EDGE, [133], name="corrected")
        house.wait()
        # Their offsets are said anew with the first file that goes.
        assert house.push().updated == 3
        assert values(shelf, JUNE) == [133, 131, 120] and values(shelf)[-1] == 132
        withdraw(house.db, house.patient, edge)
        house.wait()
        assert house.push().retracted == 1
        assert values(shelf, JUNE) == [133, 120]


def test_a_reading_whose_upload_had_no_answer_is_taken_back_from_that_month(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.push()
        edge = house.bring(EDGE, [130, 131])
        house.wait(20 * 24 * 60)
        shelf.script = ["torn"]
        house.push()
        assert values(shelf, JUNE) == [130, 131]
        patients.add_zone(house.db, house.patient, "America/New_York", BEGIN - 30 * DAY)
        withdraw(house.db, house.patient, edge)
        house.wait(60)
        house.push()
        assert "130" not in shelf.files[JUNE].decode() and values(shelf) == list(range(100, 110))


def test_what_came_back_without_an_answer_is_taken_back_again(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        second = house.bring(20, [250])
        house.bring(30, [251])
        house.push()
        links.suspend(house.db, links.listed(house.db)[0].number, "they moved")
        withdraw(house.db, house.patient, second)
        house.wait()
        house.push()
        house.link(None)
        house.wait()
        shelf.script = ["torn"]
        house.push()
        assert values(shelf) == [*range(100, 110), 251]
        withdraw(house.db, house.patient, second + 1)
        house.wait(60)
        assert house.push().retracted == 1
        assert values(shelf) == list(range(100, 110))


def test_a_month_of_more_readings_than_are_asked_for_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.push()
        house.wait()
        monkeypatch.setattr(asking, "MOST", 10)
        house.bring(30, [99])
        report = house.push()
        assert "more readings than a file takes" in report.held[0]
        assert values(shelf) == list(range(100, 110))


def test_a_file_whose_manifest_is_refused_has_left_and_is_counted(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        shelf.script = [201, 403]
        report = house.push()
        assert report.sent == 10 and "does not let the bridge upload" in report.failed[0]
        rows = [row.fields for row in ledger.listed(house.db, house.patient) if row.kind == "outcome"]
        assert [(row["outcome"], row["sent"]) for row in rows][-1] == ("acknowledged", 10)
        outbox.retry(house.db, outbox.listed(house.db)[0].delivery)
        house.wait()
        assert house.push().sent == 0
        told = shelf.lines(f"{MAY}.manifest.csv")[0].split(",")
        assert told[7] == hashlib.sha256(shelf.files[MAY]).hexdigest()


def test_a_revocation_during_an_upload_stops_its_manifest(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, grant):
        shelf.meanwhile = partial(house.revoke, grant)
        house.push()
        assert list(shelf.files) == [MAY]


def test_a_person_erased_during_an_upload_ends_the_lane_in_silence(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        house.bring(NEXT_MONTH, [120])
        shelf.meanwhile = partial(patients.erase, house.db, house.patient)
        house.push()
        assert list(shelf.files) == [MAY]


def test_a_month_of_which_nothing_could_be_told_is_whole_again_after_it_may(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        second = house.bring(20, [250])
        house.push()
        house.wait()
        links.suspend(house.db, links.listed(house.db)[0].number, "they moved")
        withdraw(house.db, house.patient, second)
        house.push()
        assert [line.split(",")[7] for line in shelf.lines(MAY)] == ["entered-in-error"]
        house.wait()
        house.link(None)
        house.push()
        assert values(shelf) == list(range(100, 110))


def test_a_refusal_says_whose_turn_it_is(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        shelf.script = [507]
        assert "the portal has no room left" in house.push().failed[0]


def test_a_month_larger_than_the_limit_does_not_leave(tmp_path: Path) -> None:
    with world(tmp_path, {**PUT, "form": "fhir"}, limits={"bytes": 16_384}) as (house, shelf, _):
        house.bring(20, [100] * 40)
        assert "is larger than limits.bytes" in house.push().failed[0]
        assert shelf.uploads == []


def test_the_cap_of_a_day_lets_a_month_grow_day_by_day(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 6}) as (house, shelf, _):
        report = house.push()
        assert report.sent == 6 and NO_ROOM in report.held[0]
        assert values(shelf) == list(range(100, 106))
        house.clock.skip(DAY + 1)
        assert house.push().sent == 4
        assert values(shelf) == list(range(100, 110))


def test_every_upload_stands_in_the_ledger_before_it_leaves(tmp_path: Path) -> None:
    with world(tmp_path) as (house, _, _):
        house.push()
        rows = ledger.listed(house.db, house.patient)
        assert [row.fields["way"] for row in rows if row.kind == "intent"] == ["file", "file"]
        told = [(row.fields["outcome"], row.fields["sent"]) for row in rows if row.kind == "outcome"]
        assert sorted(told) == [("acknowledged", 10), ("kept", 0)]
