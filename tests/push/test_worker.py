"""What is granted arrives once, in its newest version, in the right chart, and nothing else does."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bridge.store.destinations as destinations
import bridge.store.ledger as ledger
import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.consent.asked import Kind, Way
from bridge.consent.grant import Identity
from bridge.period import DAY, PeriodSet
from bridge.push.affected import affected, holders
from bridge.store.blocks import retracted, withdraw
from bridge.store.lanes import Lane, claimed
from bridge.store.links import LinkState, Shown
from tests.push.house import BEGIN, STEP, House, furnished
from tests.push.twin import Cut, Fault, Refuse, Say, Slow, Swollen, Torn, Twin, hospital

START = BEGIN - 10 * DAY


@pytest.fixture
def twin() -> Iterator[Twin]:
    with hospital() as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, twin: Twin) -> Iterator[House]:
    made = furnished(tmp_path, twin.url)
    yield made
    made.db.close()


@pytest.fixture
def ready(house: House) -> House:
    """Ten readings, a grant for all of them, a confirmed link."""
    house.bring(0, list(range(100, 110)))
    house.grant()
    house.link()
    return house


def values(twin: Twin) -> list[int]:
    found = (each for each in twin.observations() if each["status"] != "entered-in-error")
    return sorted(each["valueQuantity"]["value"] for each in found)


def outcomes(house: House) -> list[tuple[str, int]]:
    house.gate.flush()
    rows = ledger.listed(house.db, house.patient)
    return [(str(r.fields["outcome"]), int(str(r.fields["sent"]))) for r in rows if r.kind == "outcome"]


# ---------------------------------------------------------------------------------- what is delivered


def test_exactly_the_granted_readings_arrive_and_again_nothing(house: House, twin: Twin) -> None:
    house.bring(0, list(range(100, 130)))
    house.grant(periods=PeriodSet.between(START + 5 * STEP, START + 15 * STEP))
    house.link()
    assert house.push().sent == 10
    assert values(twin) == list(range(105, 115))
    again = house.push()
    assert (again.sent, again.updated, again.held, again.failed) == (0, 0, (), ())
    assert len(twin.posts) == 1


def test_every_resource_is_about_the_receivers_patient(ready: House, twin: Twin) -> None:
    ready.push()
    assert {each["subject"]["reference"] for each in twin.observations()} == {"Patient/p1"}
    assert {each["resource"]["resourceType"] for each in twin.posts[0]["entry"]} <= {"Observation", "Device"}


def test_what_comes_later_follows_and_a_page_holds_eight_hundred(ready: House, twin: Twin) -> None:
    ready.push()
    ready.bring(10, [120 + number % 50 for number in range(1200)])
    assert ready.push().sent == 1200
    assert [len([e for e in p["entry"] if "Observation" in e["request"]["url"]]) for p in twin.posts] == [
        10,
        800,
        400,
    ]
    assert len(twin.observations()) == 1210 == len(set(twin.identifiers()))


def test_the_ledger_says_what_left(ready: House) -> None:
    ready.push()
    assert outcomes(ready) == [("acknowledged", 10)]
    intents = [row for row in ledger.listed(ready.db, ready.patient) if row.kind == "intent"]
    assert [row.fields["way"] for row in intents] == ["file"]


def test_a_correction_becomes_an_update_under_the_receivers_version(ready: House, twin: Twin) -> None:
    ready.push()
    ready.wait()
    ready.bring(3, [250], name="corrected")
    report = ready.push()
    assert (report.sent, report.updated) == (0, 1)
    assert values(twin) == sorted([*range(100, 103), *range(104, 110), 250])
    changed = next(each for each in twin.observations() if each["valueQuantity"]["value"] == 250)
    assert (changed["status"], changed["meta"]["versionId"]) == ("corrected", "2")
    entry = twin.posts[-1]["entry"][-1]
    assert entry["request"]["method"] == "PUT" and entry["request"]["ifMatch"] == 'W/"1"'


def test_a_second_grant_over_the_same_days_sends_nothing_twice(ready: House, twin: Twin) -> None:
    ready.push()
    ready.wait()
    ready.bring(10, [140, 141])
    ready.grant()
    report = ready.push()
    assert (report.sent, report.updated) == (2, 0)
    assert len(twin.observations()) == 12
    assert {each["meta"]["versionId"] for each in twin.observations()} == {"1"}


def test_a_correction_made_between_two_grants_travels_with_the_second(house: House, twin: Twin) -> None:
    house.bring(0, list(range(100, 110)))
    grant = house.grant()
    house.link()
    house.push()
    house.revoke(grant)
    house.wait()
    house.bring(3, [250], name="corrected")
    house.grant()
    report = house.push()
    assert (report.sent, report.updated) == (0, 1)
    assert values(twin) == sorted([*range(100, 103), *range(104, 110), 250])


def test_a_share_under_a_pseudonym_goes_into_no_chart(house: House, twin: Twin) -> None:
    """A chart has a name: what is filed there would say who the pseudonym is."""
    house.bring(0, [100])
    house.grant(identity=Identity.PSEUDONYMOUS)
    house.link()
    report = house.push()
    assert report.sent == 0 and "pseudonym" in report.held[0] and twin.posts == []


def test_a_link_that_is_stopped_while_a_push_runs_stops_the_next_request(house: House, twin: Twin) -> None:
    house.bring(0, [100 + at % 90 for at in range(1400)])
    house.grant()
    house.link()
    link = links.of(house.db, house.patient, house.client)
    assert link is not None
    twin.on_post = lambda: links.suspend(house.db, link.number, "the record was merged")
    report = house.push()
    assert len(twin.posts) == 1 and report.sent == 800 and "merged" in report.held[0]
    twin.on_post = lambda: None
    house.link()
    assert house.push().sent == 600


# -------------------------------------------------------------------------------------- what holds it


def test_nothing_leaves_without_a_link(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.grant()
    report = house.push()
    assert report.sent == 0 and "link add" in report.held[0]
    assert twin.posts == [] and house.calls == []


def test_nothing_leaves_without_a_grant_or_by_another_way(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.link()
    assert "no grant" in house.push().held[0]
    house.grant(ways=frozenset({Way.LOOK, Way.BULK}))
    assert "no grant" in house.push().held[0]
    assert twin.posts == []


def test_nothing_leaves_to_a_client_without_a_destination(house: House) -> None:
    report = asyncio.run(house.worker.once(house.patient, "nobody"))
    assert "destination add" in report.held[0]


def test_a_feed_needs_somebody_who_looks_at_it(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.link()
    house.grant(ways=frozenset({Way.FEED}))
    assert "looking at what arrives" in house.push().held[0]
    destinations.add(house.db, "clinic", "transaction", twin.url, monitored="the CGM nurse, weekdays at 9")
    assert house.push().sent == 1


def test_a_revoked_grant_stops_the_next_bundle(house: House, twin: Twin) -> None:
    house.bring(0, [120 + number % 50 for number in range(2000)])
    grant = house.grant()
    house.link()
    twin.on_post = lambda: house.revoke(grant) if len(twin.posts) == 2 else None
    assert house.push().sent == 1600
    assert len(twin.observations()) == 1600 and len(twin.posts) == 2
    twin.on_post = lambda: None
    assert house.push().sent == 0 and len(twin.posts) == 2


def test_a_grant_that_pauses_holds_and_goes_on_where_it_was(house: House, twin: Twin) -> None:
    house.bring(0, [120 + number % 50 for number in range(1100)])
    grant = house.grant()
    house.link()
    twin.on_post = lambda: house.pause(grant)
    assert house.push().sent == 800
    twin.on_post = lambda: None
    assert house.push().sent == 0
    house.resume(grant)
    house.push()
    assert len(twin.observations()) == 1100 == len(set(twin.identifiers()))


def test_l32_a_retry_after_a_narrowing_sends_the_narrow_part_alone(house: House, twin: Twin) -> None:
    house.bring(0, list(range(100, 130)))
    grant = house.grant()
    house.link()
    twin.script.append(Say(503, (("retry-after", "60"),)))
    house.push()
    house.narrow(grant, PeriodSet.between(START + 5 * STEP, START + 8 * STEP))
    house.wait(5)
    assert house.push().sent == 3
    assert values(twin) == [105, 106, 107]


def test_l32_nothing_that_was_sent_is_kept_at_home(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.grant()
    house.link()
    twin.script.append(Say(503))
    house.push()
    house.wait(5)
    house.push()
    house.db.close()
    kept = b"".join(file.read_bytes() for file in house.db.home.rglob("*") if file.is_file())
    kept = re.sub(rb"17800\d{8}", b"", kept)  # instants: their digits are no record's number
    assert b"valueQuantity" not in kept and b"Robin" not in kept and b"0042" not in kept


def test_l32_a_retry_after_a_revocation_sends_nothing(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    grant = house.grant()
    house.link()
    twin.script.append(Say(503, (("retry-after", "60"),)))
    assert house.push().sent == 0
    house.revoke(grant)
    house.wait(5)
    house.push()
    assert twin.observations() == [] and len(twin.posts) == 1


BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"birthDate": "1990-04-02"}, "birth date"),
    ({"name": [{"text": "Somebody Else"}]}, "name"),
    ({"active": False}, "inactive"),
    ({"deceasedDateTime": "2026-05-01"}, "died"),
    ({"link": [{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}]}, "replaced"),
    ({"identifier": [{"system": "x", "value": "y"}]}, "no patient"),
]


@pytest.mark.parametrize(("change", "word"), BREAKS)
def test_a_changed_record_breaks_the_link_until_a_human_confirms(
    ready: House, twin: Twin, change: dict[str, Any], word: str
) -> None:
    before = dict(twin.chart.shelves["Patient"]["p1"])
    twin.show(**change)
    report = ready.push()
    assert report.sent == 0 and "link-broken" in report.held[0] and word in report.held[0]
    broken = links.of(ready.db, ready.patient, ready.client)
    assert broken is not None and broken.state is LinkState.BROKEN
    twin.chart.shelves["Patient"]["p1"] = before
    assert "link-broken" in ready.push().held[0] and twin.posts == []
    ready.link()
    assert ready.push().sent == 10


def test_a_record_that_changes_between_two_bundles_stops_the_second(ready: House, twin: Twin) -> None:
    ready.push()
    ready.bring(10, [150])
    twin.show(active=False)
    assert ready.push().sent == 0 and len(twin.observations()) == 10


def test_a_receiver_that_shows_no_patients_is_trusted_to_the_human(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.grant()
    house.link(shown=None)
    twin.gets.append(Say(403))
    assert house.push().sent == 1
    assert twin.observations()[0]["subject"]["reference"] == "Patient/p1"


def test_a_receiver_that_showed_the_patient_once_is_waited_for(ready: House, twin: Twin) -> None:
    twin.gets.append(Say(403))
    assert "does not show" in ready.push().held[0] and twin.posts == []
    twin.gets.append(Say(503, (("retry-after", "60"),)))
    assert "next attempt" in ready.push().held[0]
    assert "next attempt" in ready.push().held[0]
    ready.wait(2)
    assert ready.push().sent == 10


def test_a_second_chart_gets_nothing_while_the_first_has_readings(ready: House, twin: Twin) -> None:
    ready.push()
    ready.link(Shown("p9", "Robin Example", None))
    assert "another record" in ready.push().held[0]


def test_a_daily_budget_is_kept(tmp_path: Path, twin: Twin) -> None:
    house = furnished(tmp_path, twin.url, daily=15)
    house.bring(0, list(range(100, 130)))
    house.grant()
    house.link()
    report = house.push()
    assert report.sent == 15 and "in a day" in report.held[0]
    assert house.push().sent == 0
    house.wait(25 * 60)
    assert house.push().sent == 15 and len(twin.observations()) == 30
    house.db.close()


def test_a_destination_that_nobody_registered_is_not_called(ready: House, twin: Twin) -> None:
    net: Any = ready.worker._net
    net._allowed = lambda _purpose: []
    assert "not registered" in ready.push().held[0] and ready.calls[-1].outcome == "not-registered"


def test_a_secret_goes_with_every_call_and_the_register_has_no_bodies(tmp_path: Path, twin: Twin) -> None:
    house = furnished(tmp_path, twin.url, secret="s3cret")
    house.bring(0, [100])
    house.grant()
    house.link()
    house.push()
    assert set(twin.tokens) == {"Bearer s3cret"}
    assert [(call.outcome, call.patient) for call in house.calls] == [("200", house.patient)] * 2
    house.db.close()


# ------------------------------------------------------------------------------------- what goes wrong

FAULTS: list[tuple[Fault, str]] = [
    (Torn(committed=True), "unknown"),
    (Torn(committed=False), "unknown"),
    (Cut(4), "unknown"),
    (Swollen(9 << 20), "unknown"),
    (Say(200, body=b"<html>"), "unknown"),
    (Say(500), "unknown"),
    (Say(504), "unknown"),
    (Say(503, (("retry-after", "30"),)), "queued"),
    (Say(429, (("retry-after", "Thu, 28 May 2026 20:26:45 GMT"),)), "queued"),
    (Say(409), "queued"),
    (Say(412), "queued"),
]


@pytest.mark.parametrize(("fault", "state"), FAULTS)
def test_after_every_passing_fault_the_receiver_has_everything_once(
    ready: House, twin: Twin, fault: Fault, state: str
) -> None:
    twin.script.append(fault)
    report = ready.push()
    assert report.sent == 0 and report.held and not report.failed
    waiting = outbox.listed(ready.db)[-1]
    assert waiting.state == state and waiting.due is not None and waiting.due > ready.clock()
    assert ready.push().sent == 0, "it is not tried before it is due"
    ready.wait(24 * 60)
    ready.push()
    assert values(twin) == list(range(100, 110)) and len(set(twin.identifiers())) == 10
    assert {each["meta"]["versionId"] for each in twin.observations()} == {"1"}
    assert [each.state for each in outbox.listed(ready.db)] == ["acked"]


def test_an_answer_that_comes_too_late_is_an_unknown_outcome(
    ready: House, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.push.receiver.SECONDS", 0.5)
    twin.script.append(Slow(1.5))
    assert "did not answer in time" in ready.push().held[0]
    assert outbox.listed(ready.db)[-1].state == "unknown" and len(twin.observations()) == 10
    assert outcomes(ready) == [("sent", 10)]
    ready.wait(5)
    monkeypatch.undo()
    assert ready.push().sent == 10
    assert len(twin.observations()) == 10
    assert {each["meta"]["versionId"] for each in twin.observations()} == {"1"}


@pytest.mark.parametrize("status", [400, 422])
def test_what_was_refused_for_its_content_goes_in_smaller_requests(
    ready: House, twin: Twin, status: int
) -> None:
    twin.script.append(Say(status))
    report = ready.push()
    assert (report.sent, report.failed) == (10, ()) and len(twin.posts) > 2
    assert {each.state for each in outbox.listed(ready.db)} == {"acked"}


@pytest.mark.parametrize("status", [401, 403, 404, 405, 301])
def test_what_a_repetition_cannot_mend_waits_for_a_human(ready: House, twin: Twin, status: int) -> None:
    twin.script.append(Say(status))
    report = ready.push()
    assert report.failed and str(status) in report.failed[0]
    failed = outbox.listed(ready.db)[-1]
    assert failed.state == "failed"
    ready.wait(24 * 60)
    assert ready.push().failed and len(twin.posts) == 1
    outbox.retry(ready.db, failed.delivery)
    assert ready.push().sent == 10


def test_what_the_receiver_refused_singly_is_told_and_the_rest_arrives(ready: House, twin: Twin) -> None:
    twin.script.append(Refuse(frozenset({3, 4}), "422 Unprocessable"))
    report = ready.push()
    assert report.sent >= 8 and "refused" in report.failed[0]
    partial = outbox.listed(ready.db)[-1]
    assert (partial.state, partial.taken) == ("partial", report.sent)
    ready.bring(10, [150])
    assert ready.push().sent == 1 and len(twin.observations()) < 11
    outbox.retry(ready.db, partial.delivery)
    ready.push()
    assert len(twin.observations()) == 11


def test_what_the_receiver_postponed_singly_is_sent_again_alone(ready: House, twin: Twin) -> None:
    twin.script.append(Refuse(frozenset({3, 4}), "503 Busy"))
    ready.push()
    ready.wait(5)
    ready.push()
    assert len(twin.observations()) == 10
    assert len(twin.posts[1]["entry"]) <= 3


def test_a_correction_made_while_the_outcome_was_unknown_arrives(ready: House, twin: Twin) -> None:
    twin.script.append(Torn(committed=True))
    ready.push()
    ready.bring(3, [250], name="corrected")
    ready.wait(5)
    ready.push()
    assert 250 in values(twin) and 103 not in values(twin) and len(twin.observations()) == 10


def test_a_lost_update_is_repeated_under_the_version_that_it_made(ready: House, twin: Twin) -> None:
    ready.push()
    ready.bring(3, [250], name="corrected")
    twin.script.append(Torn(committed=True))
    ready.push()
    ready.wait(5)
    ready.push()
    assert 250 in values(twin) and len(twin.observations()) == 10
    assert outbox.listed(ready.db)[-1].state == "acked"


def test_a_copy_that_was_changed_at_the_receiver_is_not_overwritten(ready: House, twin: Twin) -> None:
    ready.push()
    changed = next(each for each in twin.observations() if each["valueQuantity"]["value"] == 103)
    changed["meta"]["versionId"] = "2"
    changed["note"] = [{"text": "compared with the lab"}]
    ready.bring(3, [250], name="corrected")
    report = ready.push()
    assert "refused" in " ".join(report.failed) and 250 not in values(twin)
    ready.bring(10, [150])
    assert ready.push().sent == 1


def test_a_copy_that_is_gone_at_the_receiver_holds_nothing_up(ready: House, twin: Twin) -> None:
    ready.push()
    shelf = twin.chart.shelves["Observation"]
    gone = next(each for each in twin.observations() if each["valueQuantity"]["value"] == 103)
    del shelf[gone["id"]]
    ready.bring(3, [250, 251], name="corrected")
    ready.push()
    assert 251 in values(twin) and 250 not in values(twin)


def test_an_identifier_that_the_receiver_has_twice_is_left_to_a_human(ready: House, twin: Twin) -> None:
    ready.push()
    with ready.db.write("bridge") as con:
        con.execute("DELETE FROM sent")
        con.execute("DELETE FROM cursors")
    shelf = twin.chart.shelves["Observation"]
    shelf["twice"] = {**next(iter(shelf.values())), "id": "twice"}
    assert "refused" in " ".join(ready.push().failed)
    assert len(twin.observations()) == 11
    ready.bring(10, [150])
    assert ready.push().sent == 1


def test_a_bridge_that_lost_its_account_brings_every_copy_up_to_date(ready: House, twin: Twin) -> None:
    ready.push()
    with ready.db.write("bridge") as con:
        for table in ("sent", "cursors", "deliveries"):
            con.execute(f"DELETE FROM {table}")
    ready.bring(3, [250], name="corrected")
    ready.push()
    assert len(twin.observations()) == 10 and 250 in values(twin) and 103 not in values(twin)


def test_another_process_in_the_lane_is_not_disturbed(ready: House, twin: Twin) -> None:
    with claimed(ready.db, Lane(ready.patient, 1)):
        assert "another process" in ready.push().held[0] and twin.posts == []


# --------------------------------------------------------------------------------------- retractions


def entered_in_error(twin: Twin) -> list[dict[str, Any]]:
    return [each for each in twin.observations() if each["status"] == "entered-in-error"]


def test_what_was_another_persons_is_taken_back_even_after_the_grant(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100, 101, 102])
    house.bring(3, [103])
    grant = house.grant()
    house.link()
    house.push()
    house.revoke(grant)
    withdraw(house.db, house.patient, wrong)
    assert house.push().retracted == 3
    assert len(entered_in_error(twin)) == 3 and values(twin) == [103]
    assert all("valueQuantity" not in each for each in entered_in_error(twin))
    assert outcomes(house)[-1] == ("retracted", 3)
    posts = len(twin.posts)
    assert house.push().retracted == 0 and len(twin.posts) == posts


def test_a_retraction_is_put_over_a_copy_that_was_changed_there(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100])
    house.grant()
    house.link()
    house.push()
    twin.observations()[0]["meta"]["versionId"] = "7"
    withdraw(house.db, house.patient, wrong)
    house.push()
    assert len(entered_in_error(twin)) == 1


def test_what_may_have_arrived_is_looked_for_and_taken_back(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100, 101])
    grant = house.grant()
    house.link()
    twin.script.append(Torn(committed=True))
    house.push()
    house.revoke(grant)
    withdraw(house.db, house.patient, wrong)
    house.wait(5)
    assert house.push().retracted == 2
    assert len(entered_in_error(twin)) == 2


def test_what_never_arrived_needs_no_retraction(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100, 101])
    house.grant()
    house.link()
    twin.script.append(Torn(committed=False))
    house.push()
    withdraw(house.db, house.patient, wrong)
    house.wait(5)
    assert house.push().retracted == 0 and twin.observations() == []


def test_what_comes_back_after_a_retraction_is_final_again(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100, 101])
    house.grant()
    house.link()
    house.push()
    withdraw(house.db, house.patient, wrong)
    house.push()
    house.bring(0, [100, 101], name="right after all")
    house.push()
    assert values(twin) == [100, 101] and len(twin.observations()) == 2


# ------------------------------------------------------------------------------------------ for ever


def test_a_running_worker_delivers_and_stops_when_told(
    ready: House, twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.push.worker.PAUSE", 0.05)

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(ready.worker.run(stop))
        await _until(lambda: len(twin.observations()) == 10)
        ready.bring(10, [150])
        await _until(lambda: len(twin.observations()) == 11)
        stop.set()
        await asyncio.wait_for(running, 5)

    asyncio.run(run())


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(200):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_kinds_that_were_not_granted_do_not_go(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.grant(kinds=frozenset({Kind.GLUCOSE}))
    house.link()
    house.push()
    assert twin.chart.counts() == {"Observation": 1, "Patient": 1}
    assert "device" not in twin.observations()[0]


def test_a_receiver_that_refuses_to_take_it_back_is_a_humans_task(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100])
    house.bring(1, [101])
    house.grant()
    house.link()
    house.push()
    withdraw(house.db, house.patient, wrong)
    twin.script.append(Refuse(frozenset({0}), "422 Unprocessable"))
    assert "refused" in " ".join(house.push().failed)
    assert house.push().failed == () and len(twin.posts) == 2
    house.bring(2, [102])
    assert house.push().sent == 1
    held = holders(house.db, house.patient, [name for name, _ in retracted(house.db, house.patient)])
    assert [(each.state, each.kept) for each in held] == [("refused", True)]
    refused = next(each for each in outbox.listed(house.db) if each.state == "partial")
    outbox.retry(house.db, refused.delivery)
    assert house.push().retracted == 1


def test_who_holds_what_of_an_artifact_is_known_whatever_ids_it_left_under(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100, 101])
    house.bring(2, [102])
    house.grant()
    house.link()
    house.push()
    assert states(house, wrong) == {"held": 2}
    gone = withdraw(house.db, house.patient, wrong).gone
    assert states(house, wrong) == {"held, to be taken back": 2}
    assert {each.version.split("-")[0] for each in holders(house.db, house.patient, gone)} == {"1"}
    assert house.push().retracted == 2
    assert holders(house.db, house.patient, gone) == ()
    assert states(house, wrong) == {"taken back": 2}
    (one,) = affected(house.db, house.patient, wrong)
    assert (one.destination, one.client) == (1, "clinic")
    assert {each.identifier for each in one.copies} == {
        each["identifier"][0]["value"] for each in entered_in_error(twin)
    }


def states(house: House, artifact: int) -> Counter[str]:
    """How many items of an upload the clinic has, by state."""
    found = affected(house.db, house.patient, artifact)
    return Counter(each.state for one in found for each in one.copies)


def test_what_a_removed_correction_leaves_behind_is_told_until_it_is_corrected(
    house: House, twin: Twin
) -> None:
    first = house.bring(0, [100, 101, 102])
    house.grant()
    house.link()
    house.push()
    correction = house.bring(1, [250], name="correction")
    assert states(house, correction) == {"held": 1}
    house.push()
    withdraw(house.db, house.patient, correction)
    assert states(house, correction) == {"held, to be corrected": 1}
    assert states(house, first) == {"held": 3}
    assert house.push().updated == 1
    assert states(house, correction) == {"corrected": 1}
    assert values(twin) == [100, 101, 102]


def test_what_cannot_be_taken_back_is_told(house: House, twin: Twin) -> None:
    wrong = house.bring(0, [100])
    house.grant()
    house.link()
    twin.script.append(Torn(committed=True))
    house.push()
    assert states(house, wrong) == {"may be held: no answer came": 1}
    house.wait(5)
    house.push()
    withdraw(house.db, house.patient, wrong)
    twin.script.append(Refuse(frozenset({0}), "422 Unprocessable"))
    house.push()
    assert [each.partition(":")[0] for each in states(house, wrong)] == [
        "held, the receiver refused to take it back"
    ]


def test_a_receiver_is_left_alone_while_nothing_is_due(ready: House, twin: Twin) -> None:
    def rounds(count: int) -> None:
        for _ in range(count):
            asyncio.run(ready.worker.once())

    rounds(3)
    assert len(ready.calls) == 2, "a look at the chart and a Bundle"
    ready.bring(10, [150])
    rounds(3)
    assert len(twin.observations()) == 11
    quiet = len(ready.calls)
    ready.wait(61)
    rounds(3)
    assert len(ready.calls) == quiet + 1, "once an hour, because time opens grants too"


def test_a_grant_that_begins_later_is_delivered_when_it_has_begun(house: House, twin: Twin) -> None:
    house.bring(0, [100])
    house.link()
    house.grant(begins=90 * 60_000)
    asyncio.run(house.worker.once())
    assert twin.observations() == []
    house.wait(91)
    asyncio.run(house.worker.once())
    assert len(twin.observations()) == 1
