"""The consent page as whole programs: an app asks, a person chooses, sees, agrees; the app gets that and no more."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest

import bridge.store.recipients as recipients
import bridge.store.wordings as wordings
from bridge.cli.wishes import ends_of
from bridge.consent import grants
from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Identity, State, state_at
from bridge.consent.lasting import longest_end
from bridge.consent.received import Content, Edges
from bridge.consent.summed import CV
from bridge.people.representation import Kind as Role
from bridge.people.representation import Power
from bridge.period import DAY
from bridge.store import ledger
from bridge.store.artifacts import NewArtifact
from bridge.store.blocks import absorb
from bridge.store.ledger import disclosures
from bridge.store.patients import load
from bridge.store.received import New
from bridge.store.verifications import verify
from tests.web.house import BACK, CANARY, House, Question


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home")
    made.browser.sign_in()
    yield made
    made.close()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that no test changes."""
    made = House(tmp_path_factory.mktemp("quiet") / "home")
    made.browser.sign_in()
    yield made
    made.close()


def form_of(house: House, question: Question) -> httpx.Response:
    """The consent page about the child."""
    page = house.browser.get(f"{question.page()}?person={house.public(house.noor)}")
    assert page.status_code == 200, page.text
    return page


def preview_of(house: House, question: Question, **choice: Any) -> httpx.Response:
    sent = house.browser.submit(form_of(house, question), "/preview", **choice)
    assert sent.status_code == 303, sent.text
    return house.browser.get(sent.headers["location"])


def agreed(house: House, question: Question, **choice: Any) -> str:
    """The address that the browser is sent back to, after both yeses."""
    first = house.browser.submit(preview_of(house, question, **choice), "/approve")
    answer = house.browser.submit(first, "/approve") if first.status_code == 200 else first
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def seen(house: House, token: str, query: str = "_count=1000") -> list[dict[str, Any]]:
    path, found = f"/fhir/Observation?patient={house.public(house.noor)}&{query}", []
    while path:
        bundle = house.browser.get(path, token).json()
        found += [entry["resource"] for entry in bundle.get("entry", [])]
        path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    return found


def test_the_app_sees_hourly_means_of_the_chosen_days_and_nothing_else(house: House) -> None:
    question = house.ask()
    told = question.token(agreed(house, question, days="14", grain="hourly"))
    assert told["patient"] == house.public(house.noor)
    found = seen(house, told["access_token"])
    assert len(found) in range(14 * 24 - 26, 14 * 24 + 2)
    assert {tuple(sorted(each["effectivePeriod"])) for each in found} == {("end", "start")}
    assert CANARY not in {each["valueQuantity"]["value"] for each in found}
    answer = house.browser.get(
        f"/fhir/MedicationAdministration?patient={told['patient']}", told["access_token"]
    )
    assert answer.status_code == 403


def test_the_preview_is_what_the_app_then_sees(house: House) -> None:
    question = house.ask()
    page = preview_of(house, question, days="7", grain="hourly")
    first = house.browser.submit(page, "/approve")
    told = question.token(str(house.browser.submit(first, "/approve").headers["location"]))
    count = len(seen(house, told["access_token"]))
    assert f'<td class="n">{count}</td>' in page.text
    assert "Noor Example" in page.text
    assert "Noor-secret.csv" not in page.text


def test_figures_that_others_sent_stand_in_the_preview_of_readings_and_in_no_other(house: House) -> None:
    first, last = house.zones.local_date(house.midnight(5)), house.zones.local_date(house.midnight(3))
    edges = Edges(CV, first.isoformat(), last.isoformat())
    of_all = dataclasses.replace(edges, start="1999-01-01")
    content = b"theirs"
    new = NewArtifact(
        "submission:Hill", hashlib.sha256(content).hexdigest(), "cgm-submission", "1", "", 6, b"{}", content
    )
    said = msgspec.json.encode(Content("final", "33.1", "%"))
    brought = [New(at, msgspec.json.encode(each), said) for at, each in enumerate((edges, of_all), 1)]
    absorb(house.db, house.noor, new, (), received=brought)
    question, words = house.ask(), "that somebody else made and sent here"
    assert words not in preview_of(house, question, days="7", grain="hourly").text
    assert words not in preview_of(house, question, days="7", sources=["dexcom-clarity"]).text
    page = preview_of(house, question, days="7", sources=["dexcom-clarity", "submission:Hill"])
    assert page.text.count(words) == 1
    once = house.browser.submit(page, "/approve")
    told = question.token(str(house.browser.submit(once, "/approve").headers["location"]))
    (one,) = seen(house, told["access_token"], "code=http://loinc.org|104638-2&_sort=date")[:1]
    assert one["effectivePeriod"]["start"] >= house.zones.local_date(house.midnight(7)).isoformat()
    found = seen(house, told["access_token"], "code=http://loinc.org|104638-2")
    assert [each for each in found if each["effectivePeriod"] == {"start": edges.start, "end": edges.end}]
    assert not [each for each in found if each["effectivePeriod"]["start"] == "1999-01-01"]


def test_a_share_of_summaries_shows_its_figures_first_and_gives_no_value(house: House) -> None:
    question = house.ask()
    page = preview_of(house, question, days="7", grain="summary")
    assert "Average glucose" in page.text
    assert "too few values for a GMI" in page.text
    first = house.browser.submit(page, "/approve")
    told = question.token(str(house.browser.submit(first, "/approve").headers["location"]))
    found = seen(house, told["access_token"])
    assert {each["code"]["coding"][0]["code"] for each in found} >= {"97507-8", "106793-3"}
    assert not [each for each in found if "effectiveDateTime" in each]
    mean = next(each for each in found if each["code"]["coding"][0]["code"] == "97507-8")
    assert f"{mean['valueQuantity']['value']:g} mg/dL" in page.text


def test_the_grant_says_what_was_chosen_and_the_words_are_kept(house: House) -> None:
    agreed(house, house.ask(), days="14", grain="hourly", identity="pseudonymous")
    (standing,) = grants.listed(house.db, house.noor)
    grant = standing.grant
    assert (grant.kinds, grant.grain, grant.identity) == (
        frozenset({Kind.GLUCOSE}),
        Grain.HOUR,
        Identity.PSEUDONYMOUS,
    )
    assert (grant.sources, grant.later_sources) == (frozenset({"dexcom-clarity"}), False)
    assert (grant.authoriser.name, grant.authoriser.role) == ("Robin Example", "parent")
    hull = grant.periods.hull()
    assert hull is not None
    assert (hull.start, hull.end) == (house.midnight(13), house.midnight(-1))
    assert 89 * DAY < grant.ends - grant.begins <= 90 * DAY
    kept = wordings.find(house.db, grant.wording.sha256)
    assert kept is not None
    assert "Lake Clinic" in kept.text
    assert "Noor" not in kept.text
    assert "Robin" not in kept.text


def test_looking_and_drafting_shares_nothing_and_tells_the_ledger_of_the_owner(house: House) -> None:
    preview_of(house, house.ask(), days="14")
    assert grants.listed(house.db, house.noor) == ()
    (row,) = disclosures(house.db, house.noor)
    assert row.fields["channel"] == "preview"


def test_glucose_alone_is_proposed(house: House) -> None:
    page = form_of(house, house.ask())
    _, fields = house.browser.filled(page, "/preview")
    assert fields["kinds"] == ["glucose"]
    assert "later" not in fields
    assert 'name="kinds" value="notes"' in page.text


def test_only_what_was_asked_for_can_be_chosen(house: House) -> None:
    narrow = house.register(
        "Insulin app", "Dose Clinic", "launch/patient patient/MedicationAdministration.rs"
    )
    page = form_of(house, house.ask(narrow, "launch/patient patient/MedicationAdministration.rs"))
    assert 'name="kinds" value="glucose"' not in page.text
    refused = house.browser.submit(page, "/preview", kinds=["glucose"])
    assert refused.status_code == 422
    assert "not among those that were asked for" in refused.text


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"days": "dates", "first": "2026-03-02", "last": "2026-03-01"}, "lies before the first"),
        ({"days": "dates", "first": "yesterday", "last": "2026-03-01"}, "Give the first day as a date"),
        ({"days": "visit", "visit": ""}, "Give the day of the appointment"),
        ({"days": "visit", "visit": "2001-01-01"}, "The appointment is over"),
        ({"days": "visit", "visit": "2199-03-02", "visit_days": "0"}, "from 1 to 365"),
        ({"days": "rolling", "rolling_days": "-1"}, "from 1 to 365"),
        ({"days": "on", "on_until": "2001-01-01"}, "over already"),
        ({"days": "everything"}, "Choose which days"),
        ({"kinds": []}, "Choose at least one kind"),
        ({"kinds": ["glucose", "insulin"], "grain": "hourly"}, "made of sensor glucose alone"),
        ({"sources": []}, "Choose at least one source"),
        ({"sources": ["somebody-elses"]}, "not here"),
        ({"identity": "de-identified"}, "Choose one of the three"),
        ({"ways": ["feed"]}, "not offered here"),
        ({"ends": "2001-01-01"}, "The end is over already"),
        ({"ends": "2199-01-01"}, "twelve months at most"),
        ({"ends": "<script>"}, "Give the end as a date"),
    ],
)
def test_what_is_unclear_is_said_beside_its_field_and_nothing_is_drafted(
    quiet: House, choice: dict[str, Any], sentence: str
) -> None:
    answer = quiet.browser.submit(form_of(quiet, quiet.ask()), "/preview", **choice)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "<script>" not in answer.text
    assert quiet.db.reader("bridge").execute("SELECT count(*) FROM drafts").fetchone() == (0,)


def test_a_visit_ends_two_days_after_it_and_covers_the_days_before(house: House) -> None:
    visit = date.fromordinal(house.today.toordinal() + 3)
    agreed(house, house.ask(), days="visit", visit=visit.isoformat(), visit_days="10")
    grant = grants.listed(house.db, house.noor)[0].grant
    hull = grant.periods.hull()
    assert hull is not None
    assert (hull.start, hull.end) == (house.midnight(7), house.midnight(-3))
    assert grant.ends == house.midnight(-6)


def test_the_last_day_of_twelve_months_is_the_same_here_and_on_the_command_line(house: House) -> None:
    zones, now = load(house.db, house.noor).zones, house.db.clock()
    last = zones.local_date(longest_end(now, zones))
    for day, is_fine in ((last, True), (last + timedelta(days=1), False)):
        status = house.browser.submit(
            form_of(house, house.ask()), "/preview", ends=day.isoformat()
        ).status_code
        assert status == (303 if is_fine else 422), day
    assert ends_of(last.isoformat(), now, None, zones) == longest_end(now, zones)
    with pytest.raises(ValueError, match=f"{last} is the last day"):
        ends_of((last + timedelta(days=1)).isoformat(), now, None, zones)


def test_a_feed_is_offered_only_where_somebody_is_named_who_looks(house: House) -> None:
    assert 'value="feed"' not in form_of(house, house.ask()).text
    house.verify("Lake Clinic", watcher="the diabetes team")
    page = form_of(house, house.ask())
    assert 'value="feed"' in page.text
    assert "the diabetes team, weekdays 9 to 16" in page.text


def test_a_recipient_is_shown_as_not_verified_until_somebody_verified_it(house: House) -> None:
    assert "not verified" in form_of(house, house.ask()).text
    house.verify("Lake Clinic")
    assert "not verified" not in form_of(house, house.ask()).text


def test_another_address_than_was_verified_is_shown_as_not_verified(house: House) -> None:
    page = house.ask().page()
    known = recipients.Known(
        "Lake Clinic", how="called back", verifier="Dr. Example", until=house.now + 90 * DAY
    )
    verify(house.db, house.ehr, known)
    assert "not verified" not in house.browser.get(page).text
    moved = f"{BACK}/elsewhere"
    with house.db.write("bridge") as con:
        con.execute("UPDATE clients SET redirect_uris = ? WHERE id = ?", (moved, house.ehr.id))
    assert "not verified" in house.browser.get(page).text


def test_a_grain_that_would_show_single_values_is_not_offered(house: House) -> None:
    house.bring(house.robin, house.every(15, 3), "libreview")
    page = house.browser.get(f"{house.ask().page()}?person={house.public(house.robin)}")
    assert "so seldom that a mean this short would be a single value (LibreView)" in page.text
    answer = house.browser.submit(page, "/preview", grain="15min")
    assert answer.status_code == 422


def test_the_first_share_asks_twice_and_the_next_one_once(house: House) -> None:
    question = house.ask()
    first = house.browser.submit(preview_of(house, question), "/approve")
    assert first.status_code == 200
    assert "The first time with Lake Clinic" in first.text
    assert grants.listed(house.db, house.noor) == ()
    assert house.browser.submit(first, "/approve").status_code == 303
    again = house.browser.submit(preview_of(house, house.ask(), days="2"), "/approve")
    assert again.status_code == 303


def test_the_same_app_a_second_time_replaces_an_equal_share_and_says_so(house: House) -> None:
    agreed(house, house.ask())
    (first,) = grants.listed(house.db, house.noor)
    preview = preview_of(house, house.ask())
    assert "already share exactly this" in preview.text
    back = house.browser.submit(preview, "/approve")
    assert back.status_code == 303 and "code=" in back.headers["location"]
    old, new = grants.listed(house.db, house.noor)
    assert (old.grant.id, new.grant.id) == (first.grant.id, first.grant.id)
    assert (state_at(old, house.db.clock()), state_at(new, house.db.clock())) == (
        State.SUPERSEDED,
        State.ACTIVE,
    )
    other = preview_of(house, house.ask(), days="90")
    assert "already share exactly this" not in other.text
    assert house.browser.submit(other, "/approve").status_code == 303
    assert len({each.grant.id for each in grants.listed(house.db, house.noor)}) == 2


def test_two_tabs_with_the_same_choices_make_one_share(house: House) -> None:
    agreed(house, house.ask(), days="30")
    tabs = [preview_of(house, house.ask()) for _ in range(2)]
    assert house.browser.submit(tabs[0], "/approve").status_code == 303
    assert house.browser.submit(tabs[1], "/approve").status_code in (404, 409)
    assert len(grants.listed(house.db, house.noor)) == 2


def test_a_share_that_ended_while_its_equal_was_looked_at_is_not_replaced(house: House) -> None:
    agreed(house, house.ask())
    preview = preview_of(house, house.ask())
    grants.revoke(house.db, grants.listed(house.db, house.noor)[0].grant.id)
    assert house.browser.submit(preview, "/approve").status_code in (404, 409)


def test_declining_shares_nothing_and_tells_the_app(house: House) -> None:
    question = house.ask()
    answer = house.browser.submit(form_of(house, question), "/decline")
    told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert answer.headers["location"].startswith(BACK)
    assert (told["error"], told["state"]) == ("access_denied", question.state)
    assert grants.listed(house.db, house.noor) == ()
    assert house.browser.get(question.page()).status_code == 200
    (row,) = answers_in_the_ledger(house)
    assert (row["step"], row["organization"], row["grant"]) == ("declined", "Lake Clinic", "")
    assert row["person"] == "Robin Example" and "patient/" in str(row["asked"]) and row["given"] == ""


def test_a_yes_stands_in_the_ledger_with_who_gave_it_and_to_which_scopes(house: House) -> None:
    question = house.ask()
    question.token(agreed(house, question, days="14"))
    (row,) = answers_in_the_ledger(house)
    (standing,) = grants.listed(house.db, house.noor)
    assert (row["step"], row["grant"], row["version"]) == ("authorised", standing.grant.id, 1)
    assert row["person"] == "Robin Example"
    asked, given = str(row["asked"]).split(), str(row["given"]).split()
    assert "patient/*.rs" in asked and "fhirUser" in asked
    assert "patient/*.rs" not in given and "fhirUser" not in given, "what was given is not what was asked"
    assert any(each.startswith("patient/Observation.rs") for each in given)


def answers_in_the_ledger(house: House) -> list[Mapping[str, object]]:
    return [row.fields for row in ledger.listed(house.db, house.noor) if row.kind == "authorisation"]


def test_a_request_is_answered_once(house: House) -> None:
    question = house.ask()
    page = preview_of(house, question)
    first = house.browser.submit(page, "/approve")
    assert house.browser.submit(first, "/approve").status_code == 303
    assert house.browser.submit(first, "/approve").status_code == 404
    assert len(grants.listed(house.db, house.noor)) == 1


def test_a_form_of_another_request_is_refused(house: House) -> None:
    mine, theirs = house.ask(), house.ask(house.other)
    page = preview_of(house, mine)
    action, fields = house.browser.filled(page, "/approve", again="yes")
    swapped = f"{theirs.page()}/approve"
    assert house.browser.post(swapped, fields).status_code == 404
    digest = house.browser.filled(form_of(house, theirs), "/preview")[1]["digest"]
    assert house.browser.post(swapped, fields | {"digest": digest}).status_code == 404
    assert house.browser.post(action, fields | {"digest": digest}).status_code == 404
    assert grants.listed(house.db, house.noor) == ()


def test_words_that_are_not_those_of_the_draft_are_not_signed(house: House) -> None:
    page = preview_of(house, house.ask())
    for changed in ({"words": "0" * 64}, {"locale": "xx"}, {"locale": "de"}):
        answer = house.browser.submit(page, "/approve", again="yes", **changed)
        assert answer.status_code == 409
        assert "Something changed since you looked" in answer.text
    assert grants.listed(house.db, house.noor) == ()


def test_a_form_without_the_sessions_secret_is_refused(house: House) -> None:
    page = preview_of(house, house.ask())
    for end in ("/approve", "/decline"):
        action, fields = house.browser.filled(page, end, csrf="guess")
        assert house.browser.post(action, fields).status_code == 403
    action, fields = house.browser.filled(page, "/approve")
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert house.browser.post(action, fields, **from_elsewhere).status_code == 403
    assert grants.listed(house.db, house.noor) == ()


def test_nobody_and_staff_come_to_the_sign_in(house: House) -> None:
    page = house.ask().page()
    house.browser.web.cookies.clear()
    answer = house.browser.get(page)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/sign-in?next={page.replace('/', '%2F')}",
    )
    house.account("lea", "Dr. Lea Example", "staff")
    house.browser.sign_in("lea", "staff")
    assert house.browser.get(page).status_code == 303
    assert house.browser.get("/shares").status_code == 303


def test_who_may_see_but_not_grant_cannot_decide(house: House) -> None:
    house.account("toni", "Toni Example")
    house.acts("toni", house.noor, Role.CARER, {Power.SEE, Power.REVOKE})
    house.browser.sign_in("toni")
    page = house.ask().page()
    assert house.browser.get(page).status_code == 403
    house.browser.sign_in()
    form = form_of(house, house.ask())
    action, fields = house.browser.filled(form, "/preview")
    house.browser.sign_in("toni")
    assert house.browser.post(action, fields).status_code == 403


def test_a_draft_of_one_child_cannot_be_seen_or_signed_by_another_account(house: House) -> None:
    stranger = house.person("Sam Other", house.today.replace(year=1990))
    house.account("sam", "Sam Other")
    house.acts("sam", stranger, Role.SELF)
    page = preview_of(house, house.ask())
    draft = house.browser.filled(page, "/approve")[1]["draft"][0]
    house.browser.sign_in("sam")
    own = house.ask().page()
    look = house.browser.get(f"{own}/preview/{draft}")
    assert look.status_code in (403, 404)
    assert "Noor" not in look.text
    form = house.browser.get(own)
    _, fields = house.browser.filled(form, "/preview")
    signed = house.browser.post(f"{own}/approve", fields | {"draft": draft, "again": "yes", "locale": "en"})
    assert signed.status_code in (403, 404)
    assert grants.listed(house.db, house.noor) == ()


def test_whoever_may_not_act_for_a_person_cannot_name_them(house: House) -> None:
    stranger = house.person("Sam Other", house.today.replace(year=1990))
    page = house.browser.get(f"{house.ask().page()}?person={house.public(stranger)}")
    assert page.status_code == 403
    assert "Sam" not in page.text


def test_the_page_may_lead_back_to_the_app_and_to_nobody_else(house: House) -> None:
    policy = form_of(house, house.ask()).headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:8998;" in policy
    assert "frame-ancestors 'none'" in policy
    assert house.browser.get("/shares").headers["content-security-policy"].count("8998") == 0


def test_a_name_full_of_markup_is_text_on_the_page(house: House) -> None:
    evil = house.register("<script>alert(1)</script>", 'Clinic "><img src=x onerror=alert(2)>')
    page = form_of(house, house.ask(evil))
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    look = preview_of(house, house.ask(evil))
    assert "<img src=x" not in look.text


def test_a_revocation_ends_the_token_on_the_next_request(house: House) -> None:
    question = house.ask()
    token = question.token(agreed(house, question, days="14"))["access_token"]
    assert seen(house, token)
    (standing,) = grants.listed(house.db, house.noor)
    share = house.browser.get(f"/shares/{standing.grant.id}")
    sure = house.browser.submit(share, "/revoke")
    assert "End the share with Lake Clinic?" in sure.text
    assert seen(house, token)
    assert house.browser.submit(sure, "/revoke").status_code == 303
    path = f"/fhir/Observation?patient={house.public(house.noor)}"
    assert house.browser.get(path, token).status_code == 401
    assert state_at(grants.load(house.db, standing.grant.id), house.db.clock()) is State.REVOKED
