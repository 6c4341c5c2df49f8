"""An EHR launches us: only a registered one, only safely, and nobody is linked but by their own act."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import bridge.smart.ehr_discovery as discovery
import bridge.smart.ehr_launch as ehr_launch
import bridge.store.arrivals as arrivals
import bridge.store.ehrs as ehrs
import bridge.store.links as links
import bridge.store.patients as patients
from bridge.consent import grants
from bridge.people import notices, requests
from bridge.people.representation import Kind
from bridge.people.roles import Role
from tests.smart.ehr_twin import MRN, RECORD, Ehr, launching, patient
from tests.web.clinic import BASE, BORN, Browser, Clinic, path_of
from tests.web.identity import key


@pytest.fixture(scope="module")
def twin() -> Iterator[Ehr]:
    with launching() as found:
        yield found


@pytest.fixture(scope="module")
def other() -> Iterator[Ehr]:
    with launching() as found:
        yield found


@pytest.fixture
def clinic(tmp_path: Path, twin: Ehr, other: Ehr) -> Iterator[Clinic]:
    twin.clear()
    other.clear()
    made = Clinic(tmp_path / "home")
    yield made
    made.close()


def linked(browser: Browser, page: Any, **fields: str) -> Any:
    """The person says that it is them."""
    return browser.fill(page, path_of(page), **fields)


def registered_calls(clinic: Clinic) -> int:
    return int(clinic.db.reader("bridge").execute("SELECT count(*) FROM calls").fetchone()[0])


# ------------------------------------------------------------------------------------------- the list


def test_an_issuer_that_is_not_registered_calls_nobody(clinic: Clinic, twin: Ehr, other: Ehr) -> None:
    clinic.ehr(twin)
    for iss in (
        other.issuer,
        f"{twin.issuer}/x",
        f"{twin.base}@{other.base}",
        "http://169.254.169.254",
        "",
        "x" * 3000,
    ):
        page = clinic.browser().get("/launch", params={"iss": iss, "launch": "x"})
        assert page.status == 400 and "not registered" in page.text, iss
    assert registered_calls(clinic) == 0
    assert twin.heard == other.heard == []


def test_a_launch_without_its_handle_or_said_twice_calls_nobody(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser()
    for query in (f"iss={twin.issuer}", f"iss={twin.issuer}&launch=", f"iss={twin.issuer}&launch=a&launch=b"):
        assert browser.get(f"/launch?{query}").status == 400
    assert twin.heard == []


def test_a_removed_ehr_launches_nobody_and_its_tokens_are_gone(clinic: Clinic, twin: Ehr) -> None:
    known, browser = clinic.ehr(twin), clinic.browser("ada")
    assert linked(browser, browser.launch(twin)).status == 303
    assert arrivals.of_patient(clinic.db, clinic.ada)[0].token == "ehr-access-token"
    ehrs.remove(clinic.db, known.id)
    assert arrivals.of_patient(clinic.db, clinic.ada) == ()
    assert browser.get("/launch", params={"iss": twin.issuer, "launch": "x"}).status == 400


# --------------------------------------------------------------------------------- a person's launch


def test_a_patient_who_launches_links_their_record_and_decides_on_the_consent_page(
    clinic: Clinic, twin: Ehr
) -> None:
    clinic.ehr(twin)
    twin.encounter = "2199-05-20T10:00:00+02:00"
    browser = clinic.browser("ada")
    page = browser.launch(twin)
    assert page.status == 200 and "Ada Lovelace" in page.text and "MRN-7" in page.text
    assert "Clinic North" in page.text and links.listed(clinic.db) == ()
    consent = linked(browser, page, person=clinic.id(clinic.ada))
    where = urlsplit(consent.answer.headers["location"])
    assert where.path.startswith("/consent/")
    assert parse_qs(where.query) == {"visit": ["2199-05-20"], "days": ["14"]}
    form = browser.follow(consent)
    assert form.status == 200 and "Clinic North" in form.text and 'value="2199-05-20"' in form.text
    (record,) = arrivals.of_patient(clinic.db, clinic.ada)
    assert (record.id, record.token) == (RECORD, "ehr-access-token")
    assert links.listed(clinic.db) == (), "declined or left, no record is confirmed"


def test_what_was_asked_is_the_least_and_what_is_kept_is_sealed(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser("ada")
    answer = browser.get("/launch", params={"iss": twin.issuer, "launch": "xyz"})
    asked = parse_qs(urlsplit(answer.answer.headers["location"]).query)
    assert asked["scope"] == ["launch openid fhirUser patient/Patient.r patient/Encounter.r"]
    assert asked["launch"] == ["xyz"] and asked["aud"] == [twin.issuer]
    page = browser.follow(browser.get(twin.authorise(answer.answer.headers["location"])))
    linked(browser, page)
    files = b"".join(path.read_bytes() for path in clinic.found.settings.home.glob("*.db*"))
    for secret in (b"ehr-access-token", b"MRN-7", RECORD.encode() + b'"'):
        assert secret not in files


def test_who_is_not_signed_in_signs_in_first_and_comes_back(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser()
    page = browser.launch(twin)
    assert "/sign-in" in path_of(page) and "next=%2Flaunch%2Farrived" in path_of(page)
    browser.enter("ada", "person")
    back = parse_qs(urlsplit(path_of(page)).query)["next"][0]
    assert "Is this your record?" in browser.get(back).text


def test_another_browser_does_not_find_what_a_launch_brought(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    page = clinic.browser("ada").launch(twin)
    assert clinic.browser("ada").get(path_of(page)).status == 410


def test_another_birth_date_is_never_linked(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.patient = patient(born="1980-02-01")
    browser = clinic.browser("ada")
    page = browser.launch(twin)
    assert "was born on that day" in page.text and "this is the record of" not in page.text
    csrf = browser.get("/codes").hidden("/codes/make")["csrf"]
    forced = browser.post(path_of(page), {"csrf": csrf, "person": clinic.id(clinic.ada), "same": "yes"})
    assert forced.status == 409
    assert (
        arrivals.of_patient(clinic.db, clinic.ada) == () and requests.of_patient(clinic.db, clinic.ada) == ()
    )


def test_another_name_is_linked_only_after_the_person_said_it_is_them(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.patient = patient("Ada King")
    browser = clinic.browser("ada")
    page = browser.launch(twin)
    assert linked(browser, page).status == 422
    assert arrivals.of_patient(clinic.db, clinic.ada) == ()
    assert linked(browser, page, same="yes").status == 303


def test_of_two_children_only_the_one_born_on_that_day_is_offered(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    young = clinic.person("Kim Lovelace", date(2018, 3, 4), "ada", Kind.PARENT)
    twin.patient = patient("Kim Lovelace", "2018-03-04")
    page = clinic.browser("ada").launch(twin)
    assert clinic.id(young) in page.text and clinic.id(clinic.ada) not in page.text


def test_a_record_that_changed_meanwhile_is_not_linked(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser("ada")
    page = browser.launch(twin)
    twin.patient = patient("Grace Hopper")
    assert linked(browser, page).status == 409
    twin.patient = patient(deceasedBoolean=True)
    assert linked(browser, page).status == 409
    assert arrivals.of_patient(clinic.db, clinic.ada) == ()


def test_a_record_of_one_person_is_never_linked_to_a_second(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    clinic.person("Ada Lovelace", BORN, "eve")
    first, second = clinic.browser("ada"), clinic.browser("eve")
    assert linked(first, first.launch(twin)).status == 303
    assert linked(second, second.launch(twin)).status == 409


def test_an_approval_confirms_the_record_and_a_decline_does_not(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser("ada")
    form = browser.follow(linked(browser, browser.launch(twin)))
    pending = urlsplit(path_of(form)).path
    declined = browser.fill(form, f"{pending}/decline")
    assert "You declined" in browser.follow(declined).text
    assert links.listed(clinic.db) == () and grants.listed(clinic.db, clinic.ada) == ()
    form = browser.follow(linked(browser, browser.launch(twin)))
    pending = urlsplit(path_of(form)).path
    drawn = browser.fill(
        form,
        f"{pending}/preview",
        days="14",
        kinds="glucose",
        grain="raw",
        identity="full",
        later="yes",
        ways="file",
    )
    preview = browser.follow(drawn)
    assert preview.status == 200, preview.text
    again = browser.fill(preview, f"{pending}/approve")
    agreed = browser.follow(browser.fill(again, f"{pending}/approve"))
    assert "You agreed" in agreed.text, agreed.text
    (standing,) = grants.listed(clinic.db, clinic.ada)
    assert standing.grant.recipient.clients == {"north"}
    (link,) = links.listed(clinic.db)
    assert (link.system, link.value, link.shown.id) == (MRN, "MRN-7", RECORD)
    assert link.confirmed_by == "Ada (launch)"
    used = clinic.db.reader("bridge").execute("SELECT count(*) FROM codes").fetchone()[0]
    assert used == 0, "a share makes no code"


# ------------------------------------------------------------------------------------- a clinician's


def test_a_clinicians_launch_sends_a_request_and_holds_no_form_that_approves(
    clinic: Clinic, twin: Ehr
) -> None:
    clinic.ehr(twin)
    own = clinic.browser("ada")
    assert linked(own, own.launch(twin)).status == 303
    twin.user = "Practitioner/d-1"
    desk = clinic.staff(Role.CLINICIAN)
    page = desk.launch(twin)
    assert "Send the request" in page.text and "/consent/" not in page.text and "approve" not in page.text
    assert linked(desk, page).answer.headers["location"] == "/clinic/codes?done=asked"
    (asked,) = requests.waiting(clinic.db, clinic.ada, clinic.found.now())
    assert (asked.origin, asked.who) == ("clinician", "Dr. Example")
    assert notices.listed(clinic.db, "ada")[0].what == "request"
    assert "Clinic North" in own.get("/codes").text
    assert grants.listed(clinic.db, clinic.ada) == ()


def test_a_linked_record_that_became_somebody_elses_is_told_to_nobody(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    own = clinic.browser("ada")
    assert linked(own, own.launch(twin)).status == 303
    before = len(requests.of_patient(clinic.db, clinic.ada))
    twin.user, twin.patient = "Practitioner/d-1", patient("Kim Else", "2001-05-17")
    desk = clinic.staff(Role.CLINICIAN)
    page = desk.launch(twin)
    assert page.status == 409 and "Send the request" not in page.text
    csrf = desk.get("/clinic/codes").hidden("/clinic/codes/make")["csrf"]
    assert desk.post(path_of(page), {"csrf": csrf}).status == 409
    assert len(requests.of_patient(clinic.db, clinic.ada)) == before
    assert "Kim" not in own.get("/codes").text


def test_a_clinicians_launch_for_a_record_that_nobody_linked_makes_a_code(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.user = "Practitioner/d-1"
    desk = clinic.staff(Role.CLINICIAN)
    page = desk.launch(twin)
    assert "Make a code" in page.text
    sheet = linked(desk, page, language="de")
    assert sheet.status == 200 and "Ihr Code" in sheet.text
    assert requests.of_patient(clinic.db, clinic.ada) == (), "nobody is looked for by name"


def test_a_clinicians_launch_asks_for_a_session_of_staff_that_may_ask(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.user = "Practitioner/d-1"
    assert "/clinic/sign-in" in path_of(clinic.browser("ada").launch(twin))
    assert clinic.staff(Role.INTEGRATION).launch(twin).status == 403


# ------------------------------------------------------------------------------ an EHR that misbehaves


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "not safe"),
        ({"code_challenge_methods_supported": "S256"}, "not safe"),
        ({"token_endpoint": "http://evil.example/token"}, "not safe"),
        ({"token_endpoint": "https://evil.example/token"}, "not safe"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "not safe"),
        ({"authorization_endpoint": ""}, "not safe"),
        ({"jwks_uri": "https://evil.example/keys"}, "not safe"),
        ({"revocation_endpoint": "file:///etc/passwd"}, "not safe"),
    ],
)
def test_an_unsafe_discovery_leads_nowhere(
    clinic: Clinic, twin: Ehr, lie: dict[str, Any], words: str
) -> None:
    clinic.ehr(twin)
    twin.configuration = lie
    page = clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"})
    assert page.status == 400 and words in page.text
    assert twin.heard == ["/fhir/.well-known/smart-configuration"]


def test_endpoints_at_another_registered_ehr_are_refused(clinic: Clinic, twin: Ehr, other: Ehr) -> None:
    clinic.ehr(twin)
    clinic.ehr(other)
    twin.configuration = {"token_endpoint": f"{other.base}/token"}
    assert clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"}).status == 400
    assert other.heard == []


def test_endpoints_elsewhere_are_good_where_a_human_named_them(clinic: Clinic, twin: Ehr, other: Ehr) -> None:
    clinic.ehr(twin, "public", f"{other.base}/anything")
    twin.configuration = {"authorization_endpoint": f"{other.base}/authorise"}
    answer = clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"})
    assert answer.answer.headers["location"].startswith(f"{other.base}/authorise?")


@pytest.mark.parametrize(
    "how", ["redirect {other}/fhir/.well-known/smart-configuration", "huge", "no", "{}", "{"]
)
def test_a_discovery_that_is_none_leads_nowhere(clinic: Clinic, twin: Ehr, other: Ehr, how: str) -> None:
    clinic.ehr(twin)
    twin.before = {"/fhir/.well-known/smart-configuration": how.replace("{other}", other.base)}
    page = clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"})
    assert page.status == 400
    assert other.heard == []


def test_a_slow_ehr_is_not_waited_for(clinic: Clinic, twin: Ehr, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.ehr(twin)
    monkeypatch.setattr(discovery, "SECONDS", 0.3)
    twin.before = {"/fhir/.well-known/smart-configuration": "slow"}
    page = clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"})
    assert page.status == 400 and "does not answer" in page.text


def test_many_launches_ask_the_ehr_once(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    for _ in range(5):
        assert clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"}).status == 303
    assert len(twin.heard) == 1


def test_an_answer_that_came_to_another_ehrs_address_is_refused(
    clinic: Clinic, twin: Ehr, other: Ehr
) -> None:
    clinic.ehr(twin)
    second, browser = clinic.ehr(other), clinic.browser("ada")
    answer = browser.get("/launch", params={"iss": twin.issuer, "launch": "x"})
    back = urlsplit(twin.authorise(answer.answer.headers["location"]))
    other.heard.clear()
    page = browser.get(f"{BASE}/launch/callback/{second.id}?{back.query}")
    assert page.status == 400 and other.heard == []
    assert "/token" not in twin.heard


@pytest.mark.parametrize("iss", ["https://evil.example", ""])
def test_an_answer_of_another_issuer_is_refused(clinic: Clinic, twin: Ehr, iss: str) -> None:
    clinic.ehr(twin)
    page = clinic.browser("ada").launch(twin, iss=iss)
    assert page.status == 400 and "/token" not in twin.heard


def test_an_issuer_that_promised_to_name_itself_must(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.configuration = {"authorization_response_iss_parameter_supported": True}
    assert clinic.browser("ada").launch(twin).status == 400
    assert clinic.browser("ada").launch(twin, iss=twin.issuer).status == 200


def test_a_state_of_another_browser_is_refused_and_an_answer_works_once(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser("ada")
    answer = browser.get("/launch", params={"iss": twin.issuer, "launch": "x"})
    back = twin.authorise(answer.answer.headers["location"])
    assert clinic.browser("ada").get(back).status == 400
    assert browser.get(f"{back}x").status == 400
    cookies = dict(browser.web.cookies)
    assert browser.get(back).status == 303
    for name, value in cookies.items():
        browser.web.cookies.set(name, value, domain="127.0.0.1")
    assert browser.get(back).status == 400
    assert twin.heard.count("/token") == 1


def test_who_is_refused_by_the_ehr_is_told_so(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    page = clinic.browser("ada").launch(twin, error="access_denied")
    assert page.status == 400 and "did not let the app in" in page.text
    assert "/token" not in twin.heard


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another app"},
        {"aud": ["bridge-at-the-ehr", "x"], "azp": "x"},
        {"nonce": "another"},
        {"exp": 1_700_000_000},
        {"iat": 4_000_000_000},
    ],
)
def test_a_wrong_id_token_ends_the_launch(clinic: Clinic, twin: Ehr, lie: dict[str, Any]) -> None:
    clinic.ehr(twin)
    twin.claims = lie
    assert clinic.browser("ada").launch(twin).status == 400


def test_an_id_token_of_another_key_ends_the_launch(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.signs = key("ehr")
    assert clinic.browser("ada").launch(twin).status == 400


@pytest.mark.parametrize(
    "lie",
    [
        {"token_type": "mac"},
        {"access_token": ""},
        {"access_token": "ü"},
        {"access_token": 7},
        {"patient": ""},
        {"patient": "../Patient/2"},
        {"patient": "another"},
    ],
)
def test_a_token_answer_of_another_form_ends_the_launch(
    clinic: Clinic, twin: Ehr, lie: dict[str, Any]
) -> None:
    clinic.ehr(twin)
    twin.token = lie
    assert clinic.browser("ada").launch(twin).status == 400


def test_without_an_id_token_a_launch_can_do_what_a_persons_session_can(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.user = None
    assert "Is this your record?" in clinic.browser("ada").launch(twin).text


def test_a_hostile_name_is_text(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.patient = patient("<script>alert(1)</script> X")
    page = clinic.browser("ada").launch(twin)
    assert page.status == 200 and "<script>alert" not in page.text


# ------------------------------------------------------------------------------------------- our proof


def test_a_confidential_app_sends_its_secret_in_the_header_alone(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin, "secret")
    assert clinic.browser("ada").launch(twin).status == 200
    assert all("client_secret" not in form and "client_id" not in form for form in twin.forms)


@pytest.mark.parametrize("algs", [[], ["RS384"], ["ES384", "RS384"]])
def test_we_prove_ourselves_by_keys_that_we_publish(clinic: Clinic, twin: Ehr, algs: list[str]) -> None:
    clinic.ehr(twin, "key")
    published = clinic.browser().get("/launch/jwks.json")
    twin.jwks = json.loads(published.text)
    assert {each["alg"] for each in twin.jwks["keys"]} == {"RS384", "ES384"}
    assert all(not {"d", "p", "q"} & each.keys() for each in twin.jwks["keys"])
    twin.configuration = {"token_endpoint_auth_signing_alg_values_supported": algs}
    assert clinic.browser("ada").launch(twin).status == 200
    assert len(twin.forms[0]["client_assertion"]) > 100


def test_a_record_is_read_from_the_numbers_that_were_named(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin, identifier_system="http://ehr.example/insurance")
    assert "I-1" in clinic.browser("ada").launch(twin).text


def test_ending_gives_the_token_back_to_the_ehr(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser("ada")
    linked(browser, browser.launch(twin))
    ended = browser.fill(browser.get("/codes"), "/codes/end")
    assert ended.answer.headers["location"] == "/codes?done=ended"
    assert twin.forms[-1]["token"] == "ehr-access-token"
    assert arrivals.of_patient(clinic.db, clinic.ada) == ()


def test_erasing_a_person_takes_the_link_of_their_record_along(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    browser = clinic.browser("ada")
    linked(browser, browser.launch(twin))
    patients.erase(clinic.db, clinic.ada)
    for table in ("ehr_records", "requests"):
        found = clinic.db.reader("bridge").execute(f"SELECT count(*) FROM {table}").fetchone()
        assert found == (0,)


def test_the_scopes_are_spelled_as_the_ehr_knows_them(clinic: Clinic, twin: Ehr) -> None:
    clinic.ehr(twin)
    twin.configuration = {"capabilities": ["launch-ehr", "permission-v1"]}
    answer = clinic.browser().get("/launch", params={"iss": twin.issuer, "launch": "x"})
    asked = parse_qs(urlsplit(answer.answer.headers["location"]).query)["scope"][0]
    assert asked == ehr_launch.SCOPES["permission-v1"]
