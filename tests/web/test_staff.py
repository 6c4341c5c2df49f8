"""Staff: in by the hospital or by a passkey, each role to its deeds, and no one to a patient's decision."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

import bridge.app
import bridge.served
import bridge.settings
import bridge.store.deeds as log
from bridge.consent import grants
from bridge.people import sessions, staff
from bridge.people.oidc import Provider
from bridge.people.roles import MAY, Deed, Role, deeds
from bridge.store.anchors import anchor, verify
from bridge.store.patients import add as add_patient
from tests.web.authenticator import Authenticator
from tests.web.identity import CLIENT, SECRET, Identity, key, provided
from tests.web.porch import BASE, Browser, Porch


@pytest.fixture(scope="module")
def hospital() -> Iterator[Identity]:
    with provided() as found:
        yield found


@pytest.fixture
def porch(tmp_path: Path, hospital: Identity) -> Iterator[Porch]:
    hospital.claims, hospital.configuration, hospital.signs = {}, {}, None
    made = Porch(tmp_path / "home", Provider(hospital.issuer, CLIENT, SECRET))
    yield made
    made.close()


def begun(porch: Porch, browser: Browser) -> str:
    answer = browser.send("/clinic/sign-in/provider", "/clinic/sign-in").answer
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def through(porch: Porch, hospital: Identity, browser: Browser) -> Any:
    return browser.get(hospital.authorise(begun(porch, browser)))


def signed_in(porch: Porch, *roles: Role) -> Browser:
    """A browser with a session of staff of these roles."""
    account, _ = staff.add(porch.db, "Ana Amt", roles, None, porch.clock())
    cookie, _ = sessions.start(porch.db, account, "staff", porch.clock())
    browser = porch.browser()
    browser.web.cookies.set("__Host-bridge", cookie, domain="bridge.example")
    return browser


# --------------------------------------------------------------------------------- identity provider


def test_who_is_on_the_list_comes_in_by_the_hospital(porch: Porch, hospital: Identity) -> None:
    staff.add(porch.db, "Ana Amt", [Role.AUDITOR], (hospital.issuer, "ana-1"), porch.clock())
    browser = porch.browser()
    answer = through(porch, hospital, browser).answer
    assert (answer.status_code, answer.headers["location"]) == (303, "/clinic")
    page = browser.get("/clinic")
    assert page.status == 200 and "auditor" in page.text and "Ana Amt" in page.text
    assert browser.send("/sign-out", "/clinic").answer.headers["location"] == "/clinic/sign-in"
    assert browser.get("/clinic").status == 303


def test_who_is_known_to_the_hospital_alone_stays_outside(porch: Porch, hospital: Identity) -> None:
    browser = porch.browser()
    page = through(porch, hospital, browser)
    assert page.status == 403 and "not on this bridge" in page.text
    assert browser.get("/clinic").status == 303


@pytest.mark.parametrize(
    "lie",
    [
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"iss": "https://evil.example"},
        {"nonce": "x"},
        {"exp": 1},
        {"iat": 2**33},
        {"sub": ""},
        {"sub": 7},
        {"exp": "soon"},
    ],
)
def test_a_token_for_another_client_sign_in_or_time_is_refused(
    porch: Porch, hospital: Identity, lie: dict[str, Any]
) -> None:
    staff.add(porch.db, "Ana Amt", [Role.AUDITOR], (hospital.issuer, "ana-1"), porch.clock())
    hospital.claims = lie
    browser = porch.browser()
    assert through(porch, hospital, browser).status == 403
    assert browser.get("/clinic").status == 303


def test_a_token_signed_by_somebody_else_is_refused(porch: Porch, hospital: Identity) -> None:
    staff.add(porch.db, "Ana Amt", [Role.AUDITOR], (hospital.issuer, "ana-1"), porch.clock())
    hospital.signs = key("1")
    assert through(porch, hospital, porch.browser()).status == 403


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "authorization_endpoint", "issuer"])
def test_discovery_leads_nowhere_but_to_the_issuer(porch: Porch, hospital: Identity, name: str) -> None:
    hospital.configuration = {name: "http://127.0.0.1:9/elsewhere"}
    page = porch.browser().send("/clinic/sign-in/provider", "/clinic/sign-in")
    assert page.status == 403 and "did not work" in page.text


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(porch: Porch, hospital: Identity) -> None:
    staff.add(porch.db, "Ana Amt", [Role.AUDITOR], (hospital.issuer, "ana-1"), porch.clock())
    mine, victim = porch.browser(), porch.browser()
    back = hospital.authorise(begun(porch, mine))
    assert victim.get(back).status == 403
    begun(porch, victim)
    assert victim.get(back).status == 403
    assert mine.get(back.replace("state=", "state=x")).status == 403
    assert mine.get(back.replace("code=", "error=access_denied&c=")).status == 403
    evil = back.replace("iss=http", "iss=https")
    assert mine.get(evil).status == 403
    assert mine.get(back).status == 303
    assert mine.get(back).status == 403


def test_a_sign_in_that_was_begun_ten_minutes_ago_is_over(porch: Porch, hospital: Identity) -> None:
    staff.add(porch.db, "Ana Amt", [Role.AUDITOR], (hospital.issuer, "ana-1"), porch.clock())
    browser = porch.browser()
    back = hospital.authorise(begun(porch, browser))
    porch.clock.pass_seconds(600)
    assert browser.get(back).status == 403


# ------------------------------------------------------------------------------------------ passkey


def test_a_member_enrols_a_passkey_once_and_comes_in_by_it(porch: Porch) -> None:
    _, code = staff.add(porch.db, "Ana Amt", [Role.INTEGRATION], None, porch.clock())
    link, device, browser = f"/clinic/enrol/{code}", Authenticator(BASE), porch.browser()
    page = browser.get(link)
    assert "Ana Amt" in page.text
    assert browser.post(link, page.hidden() | {"credential": "{}"}).status == 422
    page = browser.get(link)
    assert browser.post(link, page.hidden() | {"credential": device.create(page.options())}).status == 303
    assert browser.get("/clinic").status == 200
    assert porch.browser().get(link).status == 410
    other = porch.browser()
    page = other.get("/clinic/sign-in")
    fields = page.hidden("/clinic/sign-in") | {"credential": device.get(page.options())}
    assert other.post("/clinic/sign-in", fields).status == 303
    assert other.get("/clinic").status == 200


def test_a_passkey_of_staff_opens_no_account_of_a_person_and_the_other_way_round(porch: Porch) -> None:
    _, code = staff.add(porch.db, "Ana Amt", [Role.INTEGRATION], None, porch.clock())
    link, ana, ada = f"/clinic/enrol/{code}", Authenticator(BASE), Authenticator(BASE)
    browser = porch.browser()
    page = browser.get(link)
    browser.post(link, page.hidden() | {"credential": ana.create(page.options())})
    porch.browser().join_by_passkey(porch.invited(porch.person()), ada)
    for path, device in (("/sign-in", ana), ("/clinic/sign-in", ada)):
        stranger = porch.browser()
        page = stranger.get(path)
        fields = page.hidden(path) | {"credential": device.get(page.options())}
        assert stranger.post(path, fields).status in (403, 422)
        assert not stranger.is_in() and stranger.get("/clinic").status == 303


# ------------------------------------------------------------------------------------------- roles

PAGES = {
    "/clinic/log": Deed.READ_LOG,
    "/clinic/clients": Deed.SEE_CLIENTS,
    "/clinic/deliveries": Deed.SEE_DELIVERIES,
    "/clinic/staff": Deed.SEE_STAFF,
}


@pytest.mark.parametrize("role", Role)
def test_each_role_is_shown_what_its_deeds_need_and_nothing_else(porch: Porch, role: Role) -> None:
    browser = signed_in(porch, role)
    assert browser.get("/clinic").status == 200
    for path, deed in PAGES.items():
        assert browser.get(path).status == (200 if deed in MAY[role] else 403), path


def test_a_person_and_nobody_are_shown_nothing_of_the_clinic(porch: Porch) -> None:
    ada = porch.browser()
    ada.join(porch.invited(porch.person()))
    for browser in (ada, porch.browser()):
        for path in ("/clinic", *PAGES):
            answer = browser.get(path).answer
            assert answer.status_code == 303 and answer.headers["location"].startswith(
                "/clinic/sign-in?next="
            )


def test_a_removed_member_is_out_at_once(porch: Porch) -> None:
    browser = signed_in(porch, Role.AUDITOR)
    assert browser.get("/clinic/log").status == 200
    (one,) = staff.members(porch.db)
    staff.remove(porch.db, one.account)
    assert browser.get("/clinic/log").status == 303


def test_a_privacy_officer_adds_and_removes_staff_and_the_log_tells(porch: Porch) -> None:
    browser = signed_in(porch, Role.PRIVACY_OFFICER)
    page = browser.send("/clinic/staff", name="Ben Burg", role="auditor")
    assert page.status == 200 and f"{BASE}/clinic/enrol/" in page.text
    ben = next(each for each in staff.members(porch.db) if each.name == "Ben Burg")
    (ana,) = (each for each in staff.members(porch.db) if each.name == "Ana Amt")
    csrf = browser.get("/clinic/staff").hidden("/clinic/staff/remove")["csrf"]
    own = browser.post("/clinic/staff/remove", {"csrf": csrf, "account": ana.account})
    assert own.status == 422
    assert browser.post("/clinic/staff/remove", {"csrf": csrf, "account": ben.account}).status == 303
    assert [row.act for row in log.listed(porch.db)] == ["staff add", "staff remove", "staff remove"]
    assert {(row.who, row.how) for row in log.listed(porch.db)} == {("Ana Amt", "privacy-officer")}
    assert "Ben Burg: auditor" in browser.get("/clinic/log").text


def test_no_other_role_changes_staff(porch: Porch) -> None:
    for role in set(Role) - {Role.PRIVACY_OFFICER}:
        browser = signed_in(porch, role)
        csrf = browser.get("/clinic").hidden("/sign-out")["csrf"]
        assert browser.post("/clinic/staff", {"csrf": csrf, "name": "X", "role": "auditor"}).status == 403
    assert log.listed(porch.db) == ()


def test_the_admin_log_is_chained_and_verified_with_the_ledger(porch: Porch) -> None:
    for number in range(3):
        log.append(porch.db, "client add", str(number), "Ana", "command line")
    anchor(porch.db)
    assert verify(porch.db).is_sound and verify(porch.db).entries == 3
    with porch.db.write("ledger") as con:
        con.execute('UPDATE ledger SET body = replace(body, \'"what":"1"\', \'"what":"9"\') WHERE seq = 2')
    assert any("row 2 is not what was written" in fault for fault in verify(porch.db).faults)
    with porch.db.write("ledger") as con:
        con.execute("DELETE FROM ledger WHERE seq = 3")
    assert any("was cut" in fault for fault in verify(porch.db).faults)


def test_no_role_may_everything_and_no_deed_is_nobodys() -> None:
    assert deeds(Role) == frozenset(Deed)
    assert all(MAY[role] < frozenset(Deed) for role in Role)
    assert not any("read" in deed and deed is not Deed.READ_LOG for deed in Deed)
    assert not MAY[Role.AUDITOR] & {deed for deed in Deed if not deed.startswith(("see", "read"))}


FOR_ANYBODY = (
    "/clinic", "/fhir", "/auth", "/docs", "/openapi.json", "/health", "/metrics", "/static", "/language", "/sign-",
    "/.well-known", "/launch", "/codes",
)  # fmt: skip
"""Addresses that ask for no person. All others ask for one, and a session of staff is none."""


def test_a_session_of_staff_can_approve_nothing_at_any_address(tmp_path: Path) -> None:
    found = bridge.app.opened(bridge.settings.load({}, home=tmp_path))
    with asyncio.Runner() as runner:
        patient = add_patient(found.db, "Ada", date(1980, 1, 2), "UTC")
        account, _ = staff.add(found.db, "Ana", list(Role), None, found.now())
        cookie, known = sessions.start(found.db, account, "staff", found.now())
        app = bridge.served.built(found, worker=False)
        web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000", cookies={"bridge": cookie}
        )
        routes = [each for each in app.routes if isinstance(each, Route)]
        persons = [each.path for each in routes if not each.path.startswith(FOR_ANYBODY)]
        assert len(persons) > 10
        for route in routes:
            path = re.sub(r"[{}]|:path", "", route.path)
            for act in ("approve", "grant", "sign", "ask"):
                fields = {"csrf": known.csrf, "patient": str(patient), "act": act, "sure": "yes", "days": "5"}
                answer = runner.run(web.post(path, data=fields))
                assert answer.status_code < 500, path
                if path in persons:
                    assert answer.status_code in (303, 404, 405), path
                    assert answer.headers.get("location", "/sign-in") == "/sign-in", path
        assert grants.listed(found.db, patient) == ()
        runner.run(web.aclose())
    found.close()
