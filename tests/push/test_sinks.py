"""Each receiver gets the granted readings once, in the form that it takes, and what it cannot take is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bridge.store.ledger as ledger
import bridge.store.outbox as outbox
import bridge.store.receipts as receipts
import bridge.store.receivers as receivers
from bridge.mapping import Mappings
from bridge.pages.page import environment
from bridge.push.courier import IN_DOUBT, NOT_CORRECTABLE, TOO_LARGE
from bridge.push.parcel import Bounds
from bridge.store.blocks import withdraw
from bridge.web.disclosures import uncorrected
from tests.push.ehr import (
    CGM_PLAIN,
    CGM_RECEIVER,
    EPIC,
    FROZEN,
    ORACLE,
    ROW,
    TRANSACTION,
    Ehr,
    Rules,
    Twice,
    standing,
)
from tests.push.house import House, filed, with_rows
from tests.push.twin import Say, Torn

ROWS = {"glucose": {"code": {"mg/dL": ["cgm-mass", "row-glucose"]}}}
PROFILE = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-data-submission-bundle"


@contextmanager
def world(home: Path, rules: Rules, told: Mappings | None = None, **more: Any) -> Iterator[tuple[House, Ehr]]:
    """A bridge with ten readings of a person, their grant and link, and a receiver with these rules."""
    with standing(rules) as ehr:
        house = filed(home, ehr.url, told, **more)
        house.bring(0, list(range(100, 110)))
        house.grant()
        house.link()
        yield house, ehr
        house.db.close()


def states(house: House) -> list[str]:
    return [each.state for each in outbox.listed(house.db)]


def problems(house: House) -> set[str]:
    rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''")
    return {problem for (problem,) in rows}


# -------------------------------------------------------------------------------- what it is sent as


@pytest.mark.parametrize(
    ("rules", "more", "form"),
    [
        (CGM_RECEIVER, {}, "submit-cgm-bundle"),
        (TRANSACTION, {}, "transaction"),
        (ORACLE, {}, "batch"),
        (EPIC, {"fhir": ROWS}, "single"),
        (TRANSACTION, {"kind": "single"}, "transaction"),
    ],
)
def test_every_receiver_gets_them_once_in_the_form_that_it_takes(
    tmp_path: Path, rules: Rules, more: dict[str, Any], form: str
) -> None:
    with world(tmp_path, rules, with_rows(), **more) as (house, ehr):
        done = house.push()
        assert (done.sent, done.held, done.failed) == (10, (), ())
        assert ehr.values() == list(range(100, 110))
        writes = len(ehr.writes())
        assert house.push().sent == 0 and len(ehr.writes()) == writes
        kept = receivers.known(house.db, 1)
        assert kept is not None and kept.form == form


def test_a_submission_is_the_bundle_of_the_guide(tmp_path: Path) -> None:
    with world(tmp_path, CGM_RECEIVER) as (house, ehr):
        house.give(0, [250])
        house.push()
        assert ehr.writes() == ["$submit-cgm-bundle"]
        (body,) = ehr.bodies
        assert (body["type"], body["meta"]["profile"]) == ("transaction", [PROFILE])
        assert body["timestamp"].startswith("2026-05-28")
        requests = {(each["request"]["method"], each["request"]["url"]) for each in body["entry"]}
        assert requests == {("POST", "Device"), ("POST", "Observation")}
        assert all(each["fullUrl"].startswith("urn:uuid:") for each in body["entry"])
        system = f"identifier=urn:uuid:{house.db.installation}|"
        assert all(each["request"]["ifNoneExist"].startswith(system) for each in body["entry"])
        observation = body["entry"][-1]["resource"]
        assert observation["device"]["reference"] == body["entry"][0]["fullUrl"]
        assert "Patient" not in {each["resource"]["resourceType"] for each in body["entry"]}


def test_a_receiver_without_conditional_create_gets_the_same_entries_without_it(tmp_path: Path) -> None:
    with world(tmp_path, CGM_PLAIN) as (house, ehr):
        assert house.push().sent == 10
        assert ehr.values() == list(range(100, 110)) and len(ehr.bodies) == 2
        assert all("ifNoneExist" in each["request"] for each in ehr.bodies[0]["entry"])
        assert all("ifNoneExist" not in each["request"] for each in ehr.bodies[1]["entry"])
        house.bring(10, [150])
        house.push()
        assert len(ehr.bodies) == 3, "it is known now"


def test_corrections_of_a_submission_are_updates_of_their_own(tmp_path: Path) -> None:
    with world(tmp_path, CGM_RECEIVER) as (house, ehr):
        wrong = house.bring(20, [333])
        house.push()
        house.bring(0, [99], name="corrected")
        assert house.push().updated == 1
        assert ehr.asked[-1][0] == "PUT" and ehr.values() == [99, *range(101, 110), 333]
        withdraw(house.db, house.patient, wrong)
        assert house.push().retracted == 1 and ehr.values() == [99, *range(101, 110)]


def test_codes_of_the_hospitals_rows_are_sent_to_it_alone(tmp_path: Path) -> None:
    with world(tmp_path, EPIC, with_rows(), fhir=ROWS) as (house, ehr):
        house.push()
        codings = ehr.readings[0]["code"]["coding"]
        assert [(each["system"], each["code"]) for each in codings] == [("http://loinc.org", "99504-3"), ROW]
        assert "reference" not in ehr.readings[0]["device"], (
            "it creates no Device, so it is named by identifier"
        )
        assert "If-None-Exist".lower() not in {name for told in ehr.headers for name in told}


def test_without_the_code_of_a_row_the_hospitals_own_words_say_why(tmp_path: Path) -> None:
    errors = {59188: {"say": "the hospital maps no row to this code: ask its FHIR team"}}
    with world(tmp_path, EPIC, errors=errors) as (house, ehr):
        done = house.push()
        assert done.sent == 0 and "10 entries were refused" in done.failed[0]
        assert problems(house) == {"the hospital maps no row to this code: ask its FHIR team (59188)"}
        assert states(house)[-1] == "partial" and ehr.readings == []
        assert "SECRET" not in str(problems(house))


@pytest.mark.parametrize(("then", "state"), [("later", "queued"), ("look", "partial"), ("stop", "partial")])
def test_what_a_code_means_is_what_follows(tmp_path: Path, then: str, state: str) -> None:
    errors = {4135: {"say": "no more today", "then": then}}
    with world(tmp_path, EPIC, with_rows(), fhir=ROWS, errors=errors) as (house, ehr):
        ehr.outcome = (400, "4135")
        house.push()
        assert states(house)[-1] == state and ehr.readings == []
        ehr.outcome = None
        house.wait(60)
        assert house.push().sent == (10 if then == "later" else 0)


def test_devices_go_before_a_batch_whose_readings_refer_to_them(tmp_path: Path) -> None:
    rules = Rules(batch=True)
    with world(tmp_path, rules) as (house, ehr):
        house.push()
        first, second = ehr.bodies
        assert [each["resource"]["resourceType"] for each in first["entry"]] == ["Device"]
        there = f"Device/{next(iter(ehr.shelves['Device']))}"
        assert {each["resource"]["device"]["reference"] for each in second["entry"]} == {there}
        assert second["type"] == "batch" and len(second["entry"]) == 10


def test_one_bad_entry_of_a_batch_holds_up_no_other(tmp_path: Path) -> None:
    rules = Rules(batch=True, creates=frozenset({"Observation", "Device"}))
    with world(tmp_path, rules) as (house, ehr):
        house.give(0, [250])
        done = house.push()
        assert done.sent == 10 and ehr.values() == list(range(100, 110))
        assert "1 entries were refused" in " ".join(done.failed)


# ------------------------------------------------------------------------------------------- how much


def test_a_bundle_is_split_to_the_size_that_the_receiver_takes(tmp_path: Path) -> None:
    with world(tmp_path, Rules(operation=True, said=None, size=20_000), limits={"bytes": 20_000}) as (
        house,
        ehr,
    ):
        house.bring(10, [120 + place % 90 for place in range(190)])
        assert house.push().sent == 200
        assert len(ehr.readings) == 200 and len(ehr.bodies) >= 8
        assert set(states(house)) == {"acked"}


def test_what_is_taken_back_goes_in_requests_no_larger_than_what_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.push.trip.BYTES", 20_000)
    with world(tmp_path, TRANSACTION) as (house, ehr):
        wrong = house.bring(10, [120 + place % 90 for place in range(50)])
        house.push()
        sent = len(ehr.bodies)
        house.worker._fits.clear()  # as of a worker that was started anew
        withdraw(house.db, house.patient, wrong)
        assert house.push().retracted == 50 and len(ehr.bodies) > sent + 2
        assert max(len(json.dumps(each, separators=(",", ":"))) for each in ehr.bodies) <= 20_000


def test_a_receiver_that_finds_it_too_large_gets_less_next_time(tmp_path: Path) -> None:
    with world(tmp_path, Rules(transaction=True, entries=40)) as (house, ehr):
        house.bring(10, [120 + place % 90 for place in range(190)])
        assert house.push().sent == 200 and len(ehr.readings) == 200
        kept = receivers.known(house.db, 1)
        assert kept is not None and kept.most is not None and kept.most <= 40


def test_no_request_has_more_entries_than_the_file_says(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, limits={"entries": 4}) as (house, ehr):
        assert house.push().sent == 10
        assert max(len(each["entry"]) for each in ehr.bodies) <= 4


def test_an_entry_that_alone_is_too_large_waits_for_a_human(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.push.trip.Trip.bounds", property(lambda _: Bounds(bytes=100)))
    with world(tmp_path, TRANSACTION) as (house, ehr):
        house.push()
        assert problems(house) == {TOO_LARGE} and ehr.readings == []


def test_calls_are_paced_as_the_file_says(tmp_path: Path) -> None:
    limits = {"calls_per_minute": 6}
    with world(tmp_path, EPIC, with_rows(), fhir=ROWS, limits=limits) as (house, ehr):
        house.push()
        first = len(ehr.asked)
        assert first <= 6 and 0 < len(ehr.readings) < 10
        for _ in range(8):
            house.wait(2)
            house.push()
        assert ehr.values() == list(range(100, 110))


def test_a_rate_limit_stops_everything_until_it_is_over(tmp_path: Path) -> None:
    with world(tmp_path, EPIC, with_rows(), fhir=ROWS) as (house, ehr):
        ehr.left = 5
        house.push()
        calls = len(ehr.asked)
        assert 0 < len(ehr.readings) < 10
        house.push()
        assert len(ehr.asked) == calls, "nobody calls before Retry-After is over"
        ehr.left = None
        house.wait(2)
        assert "left alone" not in " ".join(house.push().held)
        assert ehr.values() == list(range(100, 110))


# ------------------------------------------------------------------------- lost answers, no second row


@pytest.mark.parametrize("rules", [EPIC, ORACLE, CGM_RECEIVER])
@pytest.mark.parametrize("committed", [True, False])
def test_a_lost_answer_doubles_nothing_where_nothing_is_created_once(
    tmp_path: Path, rules: Rules, committed: bool
) -> None:
    with world(tmp_path, rules, with_rows(), fhir=ROWS) as (house, ehr):
        ehr.script.append(Torn(committed=committed))
        house.push()
        house.wait(5)
        house.push()
        assert ehr.values() == list(range(100, 110))
        assert house.push().sent == 0


def test_what_is_in_doubt_at_a_receiver_that_cannot_be_asked_waits_for_a_human(tmp_path: Path) -> None:
    rules = Rules(
        batch=True, conditional="ignored", said=None, searches=False, creates=frozenset({"Observation"})
    )
    with world(tmp_path, rules) as (house, ehr):
        ehr.script += [Torn()]
        house.push()
        house.wait(5)
        house.push()
        assert problems(house) == {IN_DOUBT} and len(ehr.readings) == 10
        house.bring(10, [150])
        assert house.push().sent == 1 and len(ehr.readings) == 11


def test_a_destination_that_is_registered_anew_doubles_nothing(tmp_path: Path) -> None:
    with world(tmp_path, ORACLE) as (house, ehr):
        house.push()
        house.register(ehr.url, kind="single")
        house.push()
        assert ehr.values() == list(range(100, 110))


def test_a_repeated_request_doubles_nothing_where_it_is_created_once(tmp_path: Path) -> None:
    with world(tmp_path, CGM_RECEIVER) as (house, ehr):
        ehr.script.append(Twice())
        house.push()
        house.push()
        assert ehr.values() == list(range(100, 110))


# -------------------------------------------------------------------------------- what cannot be put right


def test_a_correction_that_the_receiver_takes_in_no_form_is_told_and_not_hidden(tmp_path: Path) -> None:
    with world(tmp_path, FROZEN) as (house, ehr):
        house.push()
        house.bring(0, [99], name="corrected")
        house.bring(20, [200])
        done = house.push()
        assert "1 corrections cannot be delivered" in " ".join(done.failed)
        assert done.sent == 1 and ehr.values() == [*range(100, 110), 200]
        assert "correction-not-deliverable" in states(house) and problems(house) == {NOT_CORRECTABLE}
        posts = len(ehr.writes())
        assert house.push().failed == () and len(ehr.writes()) == posts


def test_a_retraction_that_the_receiver_takes_in_no_form_is_told_once(tmp_path: Path) -> None:
    with world(tmp_path, FROZEN) as (house, ehr):
        wrong = house.bring(20, [333])
        house.push()
        withdraw(house.db, house.patient, wrong)
        assert "1 corrections cannot be delivered" in " ".join(house.push().failed)
        assert states(house)[-1] == "correction-not-deliverable" and 333 in ehr.values()
        assert house.push().failed == ()


def test_a_receiver_that_learns_to_take_corrections_gets_them_after_a_retry(tmp_path: Path) -> None:
    with world(tmp_path, FROZEN) as (house, ehr):
        house.push()
        house.bring(0, [99], name="corrected")
        house.push()
        ehr.rules = TRANSACTION
        house.register(ehr.url)
        stuck = next(each for each in outbox.listed(house.db) if each.state == "correction-not-deliverable")
        outbox.retry(house.db, stuck.delivery)
        assert house.push().updated == 1 and ehr.values() == [99, *range(101, 110)]


# ------------------------------------------------------------------------------- what the file decides


def test_only_what_the_file_wants_goes(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, raw={"daily": 4, "streams": ["glucose"]}) as (house, ehr):
        house.give(0, [250])
        assert house.push().sent == 4 and "more goes tomorrow" in house.push().held[0]
        assert {each["resourceType"] for each in ehr.readings} == {"Observation"}


def test_a_file_that_wants_neither_readings_nor_summaries_gets_nothing(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, raw=False, summaries=False) as (house, ehr):
        assert "wants neither readings one by one" in house.push().held[0]
        assert ehr.asked == []


def test_a_link_of_another_authority_stops_it(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, patients="urn:oid:9.9.9") as (house, ehr):
        assert "another authority" in house.push().held[0] and ehr.asked == []


def test_without_an_open_encounter_it_waits_for_the_next(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, encounter="open") as (house, ehr):
        assert "no open encounter" in house.push().held[0] and ehr.readings == []
        ehr.shelves["Encounter"] = {"e1": {"resourceType": "Encounter", "id": "e1", "status": "in-progress"}}
        assert house.push().sent == 10


def test_codes_that_change_in_the_file_correct_what_is_there(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, with_rows()) as (house, ehr):
        house.push()
        house.register(ehr.url, fhir=ROWS)
        assert house.push().updated == 10
        assert all(len(each["code"]["coding"]) == 2 for each in ehr.readings)


def test_a_receiver_that_says_nothing_of_itself_is_held_until_its_kind_is_set(tmp_path: Path) -> None:
    with world(tmp_path, Rules()) as (house, ehr):
        ehr.rules = Rules(creates=frozenset())
        assert "no way to write" in house.push().held[0] and ehr.readings == []


def test_a_receiver_that_is_down_is_left_alone_by_everybody(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION) as (house, ehr):
        ehr.script += [Say(503)] * 9
        for _ in range(3):
            house.push()
            house.wait(60)
        kept = receivers.circuit(house.db, 1)
        assert kept is not None and kept.failures == 3 and kept.until
        ehr.script.clear()
        house.wait(60)
        assert house.push().sent == 10 and receivers.circuit(house.db, 1) is None


def test_the_clinic_and_the_person_see_that_a_correction_cannot_be_delivered(tmp_path: Path) -> None:
    with world(tmp_path, FROZEN) as (house, _ehr):
        house.push()
        house.bring(0, [99], name="corrected")
        house.push()
        assert uncorrected(house.db, house.patient) == (("Clinic", 1),)
        (stuck,) = [each for each in outbox.listed(house.db) if each.problem]
        words = '{% import "words.html" as say %}{{ say.delivery(state) }}'
        told = environment("de").from_string(words).render(state=stuck.state)
        assert told == "Berichtigung nicht zustellbar" and stuck.problem == NOT_CORRECTABLE


def test_every_attempt_has_a_receipt_with_its_row_of_the_ledger(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION) as (house, ehr):
        ehr.script += [Say(500), Torn()]
        for _ in range(3):
            house.push()
            house.wait(5)
        told = receipts.listed(house.db, house.patient)
        assert [(each.attempt, each.outcome, each.taken) for each in told] == [
            (1, "unknown", 0),
            (2, "unknown", 0),
            (3, "acked", 10),
        ]
        house.gate.flush()
        intents = {row.entry for row in ledger.listed(house.db, house.patient) if row.kind == "intent"}
        assert len({each.entry for each in told}) == 3 and {each.entry for each in told} <= intents


def test_nothing_leaves_while_the_clock_is_behind_what_was_written_down(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION) as (house, ehr):
        house.clock.now -= 3_600_000
        assert "clock says an earlier time" in house.push().held[0] and ehr.asked == []
        house.clock.now += 3_600_000
        assert house.push().sent == 10
