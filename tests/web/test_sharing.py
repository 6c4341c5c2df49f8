"""My shares, what left, my sources: what a person finds afterwards, and what they can do about it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.consent import grants
from bridge.consent.asked import Asked, Grain, Kind, Way
from bridge.consent.collecting import Signed, give, newest
from bridge.consent.grant import Authoriser, Grant, Recipient, State, state_at
from bridge.consent.intake import source, standing
from bridge.consent.permit import OwnerPermit, RecipientPermit
from bridge.people import notices
from bridge.people.representation import Kind as Role
from bridge.people.representation import Power
from bridge.period import DAY, Period, PeriodSet
from tests.web.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    made.browser.sign_in()
    made.browser.web.cookies.set("whose", made.public(made.noor))
    yield made
    made.close()


def shared(house: House, **more: object) -> Grant:
    """A grant of the child's last ten days to the clinic."""
    now = house.db.clock()
    grant = Grant(
        id=grants.new_id(),
        version=1,
        patient=house.noor,
        authoriser=Authoriser("Robin Example", "parent", "birth certificate"),
        recipient=Recipient(
            "Lake Clinic", frozenset({house.ehr.id}), "Lake Clinic", "", "team@clinic.example"
        ),
        purpose="TREAT",
        ways=frozenset({Way.LOOK}),
        periods=PeriodSet((Period(house.midnight(9), house.midnight(-1)),)),
        kinds=frozenset({Kind.GLUCOSE}),
        signed=now,
        begins=now,
        ends=now + 30 * DAY,
        sources=frozenset({"dexcom-clarity"}),
    )
    return grants.sign(house.db, replace(grant, **more)).grant  # type: ignore[arg-type]


def looks(house: House, times: int = 1) -> int:
    """The clinic asks that often; how much it gets at once."""
    permit = RecipientPermit(house.ehr.id, "Lake Clinic", "TREAT", "token", house.db.clock() + DAY)
    count = 0
    for _ in range(times):
        found = house.bridge.gate.disclose_now(
            permit, Asked(house.noor, Way.LOOK, "query", "GET Observation", limit=50)
        )
        house.bridge.gate.settle(found, "sent", found.count)
        count = found.count
    return count


def state(house: House, grant: Grant) -> State:
    return state_at(grants.load(house.db, grant.id), house.db.clock())


def test_pausing_takes_one_tap_and_resuming_opens_again(house: House) -> None:
    grant = shared(house)
    page = house.browser.get(f"/shares/{grant.id}")
    assert house.browser.submit(page, "/pause").status_code == 303
    assert (state(house, grant), looks(house)) == (State.PAUSED, 0)
    page = house.browser.get(f"/shares/{grant.id}")
    assert "paused" in page.text
    assert house.browser.submit(page, "/resume").status_code == 303
    assert (state(house, grant), looks(house)) == (State.ACTIVE, 50)


def test_ending_asks_once_and_tells_the_others(house: House) -> None:
    house.account("toni", "Toni Example")
    house.acts("toni", house.noor, Role.PARENT)
    grant = shared(house)
    page = house.browser.submit(house.browser.get(f"/shares/{grant.id}"), "/revoke")
    assert state(house, grant) is State.ACTIVE
    assert house.browser.submit(page, "/revoke").status_code == 303
    assert (state(house, grant), looks(house)) == (State.REVOKED, 0)
    (told,) = notices.listed(house.db, "toni")
    assert (told.what, told.texts) == ("grant-revoked", ("Robin Example", "Lake Clinic"))
    assert notices.listed(house.db, "robin") == ()
    assert house.browser.submit(page, "/revoke").status_code == 409


def test_whoever_may_revoke_may_pause_and_end_but_neither_resume_nor_change(house: House) -> None:
    house.account("toni", "Toni Example")
    house.acts("toni", house.noor, Role.CARER, {Power.SEE, Power.REVOKE})
    grant = shared(house)
    house.browser.sign_in("toni")
    page = house.browser.get(f"/shares/{grant.id}")
    assert "/change" not in page.text
    assert house.browser.submit(page, "/pause").status_code == 303
    form = house.browser.filled(house.browser.get(f"/shares/{grant.id}"), "/revoke")[1]
    assert house.browser.post(f"/shares/{grant.id}/resume", form).status_code == 404
    assert house.browser.get(f"/shares/{grant.id}/change").status_code == 404
    assert state(house, grant) is State.PAUSED


def test_a_share_of_somebody_else_is_no_page(house: House) -> None:
    stranger = house.person("Sam Other", house.today.replace(year=1990, day=1))
    grant = shared(house, patient=stranger)
    answer = house.browser.get(f"/shares/{grant.id}")
    nothing = house.browser.get(f"/shares/{grants.new_id()}")
    assert answer.status_code == nothing.status_code == 404
    assert answer.text == nothing.text
    token = house.browser.filled(house.browser.get("/"), "/sign-out")[1]
    for end in ("revoke", "pause", "resume", "change/preview", "change/approve"):
        sent = token | {"sure": "yes", "draft": grant.id}
        assert house.browser.post(f"/shares/{grant.id}/{end}", sent).status_code == 404
    for end in ("change", f"change/preview/{grant.id}"):
        assert house.browser.get(f"/shares/{grant.id}/{end}").status_code == 404
    assert state(house, grant) is State.ACTIVE


def test_a_share_is_narrowed_by_a_new_version_after_a_preview(house: House) -> None:
    grant = shared(house)
    page = house.browser.get(f"/shares/{grant.id}/change")
    sent = house.browser.submit(
        page, "/preview", days="dates", first=_day(house, 4), last=_day(house, 3), grain="hourly"
    )
    look = house.browser.get(sent.headers["location"])
    assert "What Lake Clinic would see" in look.text
    assert state(house, grant) is State.ACTIVE
    assert house.browser.submit(look, "/approve").status_code == 303
    newest_ = grants.load(house.db, grant.id).grant
    assert (newest_.version, newest_.grain) == (2, Grain.HOUR)
    assert [state_at(each, house.db.clock()) for each in grants.listed(house.db, house.noor)] == [
        State.SUPERSEDED,
        State.ACTIVE,
    ]
    assert looks(house) <= 48


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"days": "30"}, "this adds days"),
        ({"days": "rolling", "rolling_days": "3"}, "this adds days"),
        ({"identity": "full", "days": "2"}, ""),
        ({"later": "yes", "days": "2"}, "this adds a source"),
        ({"ways": ["file"], "days": "2"}, "this adds a way"),
        ({"kinds": ["glucose", "insulin"], "days": "2"}, "not among those"),
    ],
)
def test_a_change_cannot_widen(house: House, choice: dict[str, object], sentence: str) -> None:
    grant = shared(house)
    answer = house.browser.submit(house.browser.get(f"/shares/{grant.id}/change"), "/preview", **choice)
    assert answer.status_code == (422 if sentence else 303)
    assert sentence in answer.text


def test_a_change_of_a_version_that_is_over_is_refused(house: House) -> None:
    grant = shared(house)
    page = house.browser.get(f"/shares/{grant.id}/change")
    look = house.browser.get(house.browser.submit(page, "/preview", days="2").headers["location"])
    grants.pause(house.db, grant.id)
    assert house.browser.submit(look, "/approve").status_code == 409
    assert grants.load(house.db, grant.id).grant.version == 1


def test_the_lists_name_only_the_person_who_was_chosen(house: House) -> None:
    shared(house)
    looks(house)
    for path in ("/", "/shares", "/disclosures"):
        assert "Lake Clinic" in house.browser.get(path).text
        assert "Noor Example" in house.browser.get(path).text
    house.browser.web.cookies.set("whose", house.public(house.robin))
    for path in ("/", "/shares", "/disclosures", "/disclosures.csv", "/disclosures.json", "/sources"):
        page = house.browser.get(path).text
        assert "Lake Clinic" not in page
        assert "Noor" not in page


def test_a_person_is_chosen_among_those_one_acts_for(house: House) -> None:
    page = house.browser.get("/person")
    assert "Noor Example" in page.text
    token = house.browser.filled(page, "/sign-out")[1]
    stranger = house.person("Sam Other", house.today.replace(year=1990, day=1))
    refused = house.browser.post("/person", token | {"person": house.public(stranger), "next": "/shares"})
    assert refused.status_code == 404
    away = house.browser.post(
        "/person", token | {"person": house.public(house.noor), "next": "//evil.example"}
    )
    assert (away.status_code, away.headers["location"]) == (303, "/")
    house.browser.web.cookies.set("whose", house.public(stranger))
    assert "Sam" not in house.browser.get("/").text


def test_every_disclosure_is_found_in_sum_and_one_by_one(house: House) -> None:
    shared(house)
    looks(house, 3)
    page = house.browser.get("/disclosures").text
    assert "3 times, 150 items" in page
    assert page.count("looked up, sent") == 3
    assert "team@clinic.example" in page


def test_my_own_looks_are_there_where_i_ask_for_them(house: House) -> None:
    shared(house)
    house.bridge.gate.disclose_now(
        OwnerPermit(house.noor), Asked(house.noor, Way.LOOK, "query", "mine", limit=5)
    )
    assert "looked up" not in house.browser.get("/disclosures").text
    assert "looked up" in house.browser.get("/disclosures?own=yes").text


def test_the_list_is_a_file_that_no_spreadsheet_runs(house: House) -> None:
    shared(
        house,
        recipient=Recipient("Lake Clinic", frozenset({house.ehr.id}), "=cmd|' /C calc'!A0", "", "+1 234"),
    )
    looks(house)
    answer = house.browser.get("/disclosures.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="disclosures.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["recipient"], row["contact"], row["items"]) == ("'=cmd|' /C calc'!A0", "'+1 234", "50")
    told = house.browser.get("/disclosures.json").json()["disclosures"]
    assert [(each["items"], each["kinds"], each["outcome"]) for each in told] == [(50, ["glucose"], "sent")]
    assert told[0]["grants"] == [grants.listed(house.db, house.noor)[0].grant.id]


def test_sources_show_files_and_counts_and_collecting_is_withdrawn_with_a_tap(house: House) -> None:
    give(house.db, house.noor, "dexcom-clarity", Signed(Authoriser("Robin Example", "parent")))
    page = house.browser.get("/sources")
    assert "Noor-secret.csv" in page.text
    assert f"Sensor glucose: {len(house.every(5, 28)):,}" in page.text
    assert house.browser.submit(page, "/withdraw").status_code == 303
    found = newest(house.db, house.noor, "dexcom-clarity")
    assert found is not None
    assert found.withdrawn is not None
    assert house.browser.submit(page, "/withdraw").status_code == 409


def test_an_intake_grant_shows_its_end_and_is_withdrawn_with_a_tap(house: House) -> None:
    ends = house.db.clock() + 30 * DAY
    give(house.db, house.noor, source("Acme"), Signed(Authoriser("Robin Example", "parent"), ends=ends))
    assert standing(house.db, house.noor, "Acme") is not None
    page = house.browser.get("/sources")
    assert "submission:Acme" in page.text and "until" in page.text
    assert house.browser.submit(page, "/withdraw").status_code == 303
    assert standing(house.db, house.noor, "Acme") is None


def test_a_carer_cannot_withdraw_collecting(house: House) -> None:
    give(house.db, house.noor, "dexcom-clarity", Signed(Authoriser("Robin Example", "parent")))
    page = house.browser.get("/sources")
    fields = house.browser.filled(page, "/withdraw")[1]
    house.account("toni", "Toni Example")
    house.acts("toni", house.noor, Role.CARER, {Power.SEE, Power.REVOKE})
    house.browser.sign_in("toni")
    token = house.browser.filled(house.browser.get("/sources"), "/sign-out")[1]
    assert house.browser.post("/sources/withdraw", fields | token).status_code == 403


def test_pages_are_private_and_a_wrong_address_is_a_page(house: House) -> None:
    answer = house.browser.get("/shares")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    lost = house.browser.get("/nothing-here")
    assert lost.status_code == 404
    assert "There is no such page" in lost.text


def test_the_language_is_the_readers_choice_and_leads_nowhere_else(house: House) -> None:
    answer = house.browser.post("/language", {"language": "de", "next": "https://evil.example/"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Übersicht" in house.browser.get("/").text
    house.browser.post("/language", {"language": "xx", "next": "/"})
    assert "Übersicht" in house.browser.get("/").text


def _day(house: House, ago: int) -> str:
    return house.zones.local_date(house.midnight(ago)).isoformat()


def test_a_paused_share_is_not_changed_because_that_would_open_it(house: House) -> None:
    grant = shared(house)
    grants.pause(house.db, grant.id)
    assert house.browser.get(f"/shares/{grant.id}/change").status_code == 409
    assert looks(house) == 0


def test_a_share_that_waits_still_waits_after_a_change(house: House) -> None:
    grant = shared(house, begins=house.db.clock() + 5 * DAY)
    page = house.browser.get(f"/shares/{grant.id}/change")
    look = house.browser.get(house.browser.submit(page, "/preview", days="2").headers["location"])
    house.browser.submit(look, "/approve")
    assert state(house, grant) is State.WAITING and looks(house) == 0


def test_a_change_keeps_out_what_was_withheld_though_it_is_not_here_now(house: House) -> None:
    grant = shared(house, later_sources=True, withheld=frozenset({"libreview"}))
    page = house.browser.get(f"/shares/{grant.id}/change")
    sent = house.browser.submit(page, "/preview", days="2", later="yes")
    assert house.browser.submit(house.browser.get(sent.headers["location"]), "/approve").status_code == 303
    changed = grants.load(house.db, grant.id).grant
    assert changed.version == 2 and "libreview" in changed.withheld


def test_a_draft_of_before_a_change_does_not_widen_the_share_again(house: House) -> None:
    grant = shared(house)
    page = house.browser.get(f"/shares/{grant.id}/change")
    wide = house.browser.submit(page, "/preview", days="dates", first=_day(house, 8), last=_day(house, 1))
    narrow = house.browser.submit(page, "/preview", days="2")
    house.browser.submit(house.browser.get(narrow.headers["location"]), "/approve")
    assert house.browser.get(wide.headers["location"]).status_code == 404
    assert grants.load(house.db, grant.id).grant.version == 2


def test_a_window_that_rolls_is_not_changed_into_days_that_stay_open(house: House) -> None:
    grant = shared(house, periods=PeriodSet(), rolling_days=3)
    page = house.browser.get(f"/shares/{grant.id}/change")
    answer = house.browser.submit(page, "/preview", days="dates", first=_day(house, 1), last=_day(house, 0))
    assert answer.status_code == 422 and "this adds days" in answer.text


def test_a_person_takes_their_report_along_and_finds_it_in_what_left(house: House) -> None:
    page = house.browser.get("/sources")
    assert 'action="/sources/report.pdf"' in page.text
    answer = house.browser.get("/sources/report.pdf")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-") and "no-store" in answer.headers["cache-control"]
    assert "attachment" in answer.headers["content-disposition"]
    for wrong in (
        "first=soon",
        "first=2026-09-20&last=2026-09-01",
        "first=1000-01-01&last=1000-01-02",
        "last=2001-01-01",
    ):
        away = house.browser.get(f"/sources/report.pdf?{wrong}")
        assert (away.status_code, away.headers["location"]) == (303, "/sources?done=report"), wrong
    rows = csv.DictReader(io.StringIO(house.browser.get("/disclosures.csv").text))
    assert "report" in {row["channel"] for row in rows}
