"""Readings reach a chart by HL7 v2 once, corrections reach them there, and every answer of an engine is a state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.store.ledger as ledger
import bridge.store.outbox as outbox
import bridge.store.receipts as receipts
import bridge.store.receivers as receivers
from bridge.hl7.render import BEYOND
from bridge.period import DAY
from bridge.push.courier import NOT_CORRECTABLE
from bridge.push.engine import NOT_SHOWN
from bridge.reading import Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.blocks import withdraw
from bridge.store.links import Shown
from tests.hl7.engine import START, Away, Engine, Fault, Hush, Other, Raw, Say, Slow, read, standing
from tests.push.house import BEGIN, SOURCE, STEP, House, filed, opened
from tests.push.twin import IDENTIFIER

RECORD = Shown("", "Öberg|^~\\&, Robin\rEVIL", date(1990, 4, 1))


@contextmanager
def world(
    home: Path, *, enhanced: bool = False, shown: Shown | None = RECORD, count: int = 10, **told: Any
) -> Iterator[tuple[House, Engine]]:
    """A bridge with readings of a person, their grant and link, and an interface engine."""
    with standing(enhanced=enhanced) as engine:
        apart = ("receiver", "limits", "errors", "raw", "summaries")
        more = {name: told.pop(name) for name in apart if name in told}
        house = filed(home, engine.url(), kind="hl7v2", hl7v2={"seconds": 1, **told}, **more)
        house.bring(0, list(range(100, 100 + count)))
        house.grant()
        house.link(shown)
        yield house, engine
        house.db.close()


def states(house: House) -> list[str]:
    return [each.state for each in outbox.listed(house.db)]


def outcomes(house: House) -> list[str]:
    """What the ledger says came of each disclosure."""
    house.gate.flush()
    rows = ledger.listed(house.db, house.patient)
    return [str(row.fields["outcome"]) for row in rows if row.kind == "outcome"]


# ------------------------------------------------------------------------------------- what is said


def test_readings_arrive_once_and_another_library_reads_what_was_meant(tmp_path: Path) -> None:
    with world(tmp_path) as (house, engine):
        assert house.push().sent == 10 and engine.values() == [str(value) for value in range(100, 110)]
        assert house.push().sent == 0 and len(engine.bodies) == 1
        found = read(engine.bodies[0])
        patient = found.oru_r01_patient_result.oru_r01_patient.pid
        assert patient.pid_3.pid_3_1.value == IDENTIFIER[1] and patient.pid_3.pid_3_5.value == "MR"
        assert (
            patient.pid_3.pid_3_4.to_er7() == f"&{IDENTIFIER[0]}&URI" and patient.pid_7.to_er7() == "19900401"
        )
        groups = found.oru_r01_patient_result.oru_r01_order_observation
        assert len(groups) == 10
        one = groups[0]
        (result,) = one.oru_r01_observation
        assert result.obx.obx_2.value == "NM" and result.obx.obx_11.value == "F"
        assert result.obx.obx_3.to_er7() == "99504-3^^LN" and result.obx.obx_6.to_er7() == "mg/dL^mg/dl^UCUM"
        assert result.obx.obx_14.value == "20260518222640+0200"
        notes = [each.nte_3.value for each in result.nte]
        assert notes[0] == "patient-supplied; source class: cleared-maker-route"
        assert any("No alarms, no dosing advice" in note for note in notes)
        assert one.obr.obr_3.obr_3_3.value == house.db.installation


def test_nothing_of_our_own_record_of_the_person_is_in_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, engine):
        house.push()
        assert b"Robin Example" not in engine.bodies[0] and b"EVIL" in engine.bodies[0]
        assert b"\\X0D\\EVIL" in engine.bodies[0] and engine.bodies[0].count(b"PID|") == 1


def test_a_link_without_name_and_birth_date_holds_everything(tmp_path: Path) -> None:
    with world(tmp_path, shown=None) as (house, engine):
        assert house.push().held == (f"clinic: {NOT_SHOWN}",) and not engine.bodies
        house.link(Shown("", "No comma here", date(1990, 4, 1)))
        assert house.push().held == (f"clinic: {NOT_SHOWN}",) and not engine.bodies
        house.link()
        assert house.push().held == (f"clinic: {NOT_SHOWN}",), "a name as FHIR shows it is not taken apart"


def test_the_file_says_who_writes_to_whom_and_how_things_are_called(tmp_path: Path) -> None:
    told: dict[str, Any] = {
        "sending": {"application": "BRIDGE", "facility": "HOME"},
        "receiving": {"application": ["LAB", "1.2.3", "ISO"], "facility": "HOSPITAL"},
        "processing": "T",
        "charset": "8859/1",
        "authority": "MRN",
        "patient_class": "O",
        "codes": {"cgm-mass": {"code": "GLU", "text": "Glucose"}},
        "orders": {"cgm-mass": {"code": "CGM"}},
    }
    with world(tmp_path, shown=Shown("", "Öberg, Åsa", date(1990, 4, 1)), count=1, **told) as (house, engine):
        assert house.push().sent == 1
        lines = engine.bodies[0].decode("latin-1").split("\r")
        head = lines[0].split("|")
        assert head[2:6] == ["BRIDGE", "HOME", "LAB^1.2.3^ISO", "HOSPITAL"]
        assert (head[10], head[11], head[17]) == ("T", "2.5.1", "8859/1")
        assert lines[1].split("|")[3:6] == ["0042^^^MRN^MR", "", "Öberg^Åsa^^^^^L"] and lines[2] == "PV1|1|O"
        assert lines[3].split("|")[4] == "CGM^^L" and lines[4].split("|")[3] == "GLU^Glucose^L^99504-3^^LN"


def test_a_name_that_the_character_set_lacks_is_held_back_and_said(tmp_path: Path) -> None:
    with world(tmp_path, shown=Shown("", "名前, Åsa", date(1990, 4, 1)), charset="8859/1") as (house, engine):
        report = house.push()
        assert report.failed == ("clinic: 10 entries were refused: see cgm-bridge deliveries list",)
        assert not engine.bodies and states(house) == ["partial"]


# -------------------------------------------------------------------------------- corrections travel


def test_a_correction_replaces_and_a_removed_upload_is_taken_back(tmp_path: Path) -> None:
    with world(tmp_path, count=3) as (house, engine):
        wrong = house.bring(20, [333])
        assert house.push().sent == 4
        before = dict(engine.filed)
        house.bring(1, [150])
        report = house.push()
        assert report.updated == 1 and engine.filed.keys() == before.keys()
        assert [each for each in engine.filed.values() if each[2] == "C"] == [("NM", "150", "C")]
        withdraw(house.db, house.patient, wrong)
        assert house.push().retracted == 1 and engine.filed.keys() == before.keys()
        assert [each for each in engine.filed.values() if each[2] == "W"] == [("NM", "", "W")]
        assert engine.messages()


def test_what_is_taken_back_goes_to_the_record_that_it_was_sent_to(tmp_path: Path) -> None:
    with world(tmp_path, count=1, retraction="D") as (house, engine):
        wrong = house.bring(20, [333])
        house.push()
        other = Shown("", "Other, Robin", date(1990, 4, 1))
        house.link(other)
        withdraw(house.db, house.patient, wrong)
        house.push()
        assert "Öberg" in engine.bodies[-1].decode() and "|D|" in engine.bodies[-1].decode()


def test_a_receiver_that_takes_no_corrections_is_not_told_them_and_both_sides_know(tmp_path: Path) -> None:
    with world(tmp_path, receiver={"updates": False}) as (house, engine):
        house.push()
        house.bring(1, [150])
        report = house.push()
        assert len(engine.bodies) == 1 and "correction-not-deliverable" in states(house)
        assert "1 corrections cannot be delivered" in report.failed[0]
        rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''").fetchall()
        assert rows == [(NOT_CORRECTABLE,)]


# ------------------------------------------------------------------------ every answer is a state


UNKNOWN = [
    (Hush(), "it may have done what was asked"),
    (Hush(closes=False), "did not answer in time: it may have done"),
    (Slow(3), "did not answer in time: it may have done"),
    (Other(), "answered another message than ours"),
    (Raw(b"MSH|^~\\&|no frame\r"), "broke the connection off"),
    (Raw(START + b"MSH|^~\\&|torn"), "broke the connection off"),
    (Raw(START + b"HTTP/1.1 400 Bad Request\x1c\r"), "answered something that is not understood"),
    (Raw(START + b"x" * 200_000 + b"\x1c\r"), "answered more than was asked for"),
]


@pytest.mark.parametrize(("fault", "words"), UNKNOWN)
def test_an_answer_that_is_none_leaves_it_unknown_and_the_same_message_goes_again(
    tmp_path: Path, fault: Fault, words: str
) -> None:
    with world(tmp_path, count=2) as (house, engine):
        engine.script = [fault]
        report = house.push()
        assert report.sent == 0 and words in report.held[0] and states(house) == ["unknown"]
        assert outcomes(house) == ["sent"]
        house.wait()
        assert house.push().sent == 2 and engine.values() == ["100", "101"] and len(engine.bodies) == 2
        first, second = (body.split(b"|", 10)[9] for body in engine.bodies)
        assert first == second, "an engine that knows the number files nothing twice"
        assert states(house) == ["acked"] and house.push().sent == 0


REFUSED = [
    (Say("AE", "204"), "failed", "the receiver does not know the patient's number"),
    (Say("AR", "203"), "failed", "the receiver takes no HL7 2.5.1: its interface team allows it (AR, 203)"),
    (Say("AR"), "queued", "the receiver's application rejects the message for now (AR)"),
    (Say("AE", "207"), "queued", "the receiver had an internal error (AE, 207)"),
    (Say("CE"), "queued", "the receiver cannot store the message just now (CE)"),
    (Say("CR"), "failed", "the receiver does not take messages of this kind"),
    (Say("AE", "X7"), "queued", "the ward counts its beds (AE, X7)"),
]


@pytest.mark.parametrize(("fault", "state", "words"), REFUSED)
def test_a_no_is_a_state_with_a_sentence_and_names_nobody(
    tmp_path: Path, fault: Fault, state: str, words: str
) -> None:
    errors = {"X7": {"say": "the ward counts its beds", "then": "later"}}
    with world(tmp_path, count=2, errors=errors) as (house, engine):
        engine.script = [fault]
        report = house.push()
        assert states(house) == [state] and words in (report.held + report.failed)[0]
        assert "SECRET" not in str(report) and not engine.filed
        (receipt,) = receipts.listed(house.db)
        assert words in receipt.problem and outcomes(house) == ["failed"]
        house.wait()
        if state == "failed":
            outbox.retry(house.db, outbox.listed(house.db)[0].delivery)
        assert house.push().sent == 2 and engine.values() == ["100", "101"]


def test_an_engine_that_is_away_is_left_alone_after_a_while(tmp_path: Path) -> None:
    with standing() as gone:
        url = gone.url()
    house = filed(tmp_path, url, kind="hl7v2")
    house.bring(0, [100])
    house.grant()
    house.link(RECORD)
    for _ in range(3):
        assert "accepts no connection" in house.push().held[0]
        house.wait()
    kept = receivers.circuit(house.db, 1)
    assert kept is not None and kept.failures == 3 and kept.until > house.clock.now - 60_000
    house.db.close()


def test_a_connection_that_is_closed_at_once_is_tried_again(tmp_path: Path) -> None:
    with world(tmp_path, count=1) as (house, engine):
        engine.script = [Away()]
        assert house.push().sent == 0
        house.wait()
        assert house.push().sent == 1 and engine.values() == ["100"]


@pytest.mark.parametrize("mode", ["enhanced", "enhanced-application"])
def test_in_enhanced_mode_a_commit_counts_or_the_application_has_the_word(tmp_path: Path, mode: str) -> None:
    with world(tmp_path, enhanced=True, count=1, ack=mode) as (house, engine):
        assert house.push().sent == 1
        expected = ["AL", "NE"] if mode == "enhanced" else ["AL", "AL"]
        assert engine.bodies[0].decode().split("\r")[0].split("|")[14:16] == expected


def test_stored_but_refused_by_the_application_is_a_no(tmp_path: Path) -> None:
    with world(tmp_path, enhanced=True, count=1, ack="enhanced-application") as (house, engine):
        engine.script = [Say("CA+AE", "204")]
        assert "does not know the patient's number" in house.push().failed[0]


# ------------------------------------------------------------------------------- how much, how fast


def test_a_message_holds_so_many_results_and_a_day_so_many_readings(tmp_path: Path) -> None:
    raw = {"daily": 25}
    with world(tmp_path, count=40, limits={"entries": 10}, raw=raw) as (house, engine):
        report = house.push()
        assert report.sent == 25 and "more goes tomorrow" in report.held[0]
        assert [body.count(b"OBX|") for body in engine.bodies] == [10, 10, 5]


def test_a_revoked_grant_stops_the_next_message(tmp_path: Path) -> None:
    with world(tmp_path) as (house, engine):
        house.push()
        house.bring(30, [180])
        house.revoke(outbox.listed(house.db)[0].grant_id)
        assert house.push().sent == 0 and len(engine.bodies) == 1


def test_a_correction_before_the_answer_is_known_is_a_correction(tmp_path: Path) -> None:
    with world(tmp_path, count=1) as (house, engine):
        engine.script = [Hush()]
        house.push()
        house.bring(0, [155])
        house.wait()
        assert house.push().sent == 1
        assert list(engine.filed.values()) == [("NM", "155", "C")]


def test_after_a_crash_the_same_message_goes_again(tmp_path: Path) -> None:
    with world(tmp_path, count=2) as (house, engine):
        engine.script = [Hush()]
        house.push()
        house.db.close()
        again = opened(tmp_path, house.clock)
        again.wait()
        assert again.push().sent == 2 and engine.values() == ["100", "101"]
        assert len({body.split(b"|", 10)[9] for body in engine.bodies}) == 1
        again.db.close()


def test_what_the_receiver_takes_no_comparator_for_is_held_back_and_said_once(tmp_path: Path) -> None:
    with world(tmp_path, count=2, off_scale="hold") as (house, engine):
        low(house, 50)
        report = house.push()
        assert report.sent == 2 and engine.values() == ["100", "101"]
        assert report.failed == ("clinic: 1 entries were refused: see cgm-bridge deliveries list",)
        assert states(house) == ["partial"]
        (problem,) = (
            house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''").fetchall()
        )
        assert problem == (BEYOND,)
        assert house.push().failed == () and len(engine.bodies) == 1


def low(house: House, slot: int) -> None:
    """A reading below what the sensor measures."""
    columns: dict[str, NDArray[np.generic]] = {
        "instant": np.array([BEGIN - 10 * DAY + slot * STEP], np.int64),
        "value": np.array([40], np.int64),
        "flags": np.array([Flag.LOW], np.uint16),
        "counter": np.array([slot], np.int64),
        "row": np.array([1], np.int32),
    }
    key = SeriesKey(Stream.GLUCOSE, SOURCE, "8XXXXX", Unit.MG_DL, 0, by_counter=True)
    device = Device("Dexcom", "G6", serial="8XXXXX", kind="transmitter")
    house._import(Readings(key, columns, device, SourceClass.MAKER), f"low{slot}")


def test_out_of_range_arrives_with_its_comparator(tmp_path: Path) -> None:
    with world(tmp_path, count=1) as (house, engine):
        low(house, 50)
        assert house.push().sent == 2
        assert ("SN", "<^40", "F") in engine.filed.values()
        assert all(read(body) for body in engine.bodies)


def test_what_may_have_arrived_is_taken_back_by_its_number(tmp_path: Path) -> None:
    with world(tmp_path, count=1) as (house, engine):
        wrong = house.bring(20, [333])
        engine.script = [Hush()]
        house.push()
        withdraw(house.db, house.patient, wrong)
        house.wait()
        report = house.push()
        assert report.retracted == 1 and engine.values() == ["100"]
        assert ("NM", "", "W") in engine.filed.values()
