"""How a person comes in, and what a stranger learns: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bridge.store.accounts as accounts
from bridge.people.representation import Kind, people_of
from tests.web.authenticator import PRESENT, Authenticator
from tests.web.porch import BASE, BORN, PASSWORD, Porch


@pytest.fixture
def porch(tmp_path: Path) -> Iterator[Porch]:
    made = Porch(tmp_path / "home")
    yield made
    made.close()


def account(porch: Porch, login: str = "ada@example.org") -> str:
    found = accounts.by_login(porch.db, login)
    assert found
    return found.id


def test_an_invitation_makes_an_account_that_acts_for_the_person(porch: Porch) -> None:
    ada, browser = porch.person(), porch.browser()
    page, secret = browser.join(porch.invited(ada))
    assert page.status == 200 and len(set(page.codes())) == 10
    assert browser.is_in()
    (found,) = people_of(porch.db, account(porch), porch.clock())
    assert (found.patient, found.name, found.is_self) == (ada, "Ada Lovelace", True)
    other = porch.browser()
    assert not other.is_in()
    assert other.sign_in(secret).status == 303
    assert other.is_in()


def test_a_page_of_sign_in_is_private_and_runs_no_foreign_script(porch: Porch) -> None:
    for path in ("/sign-in", "/sign-in/recover", "/account", "/clinic", "/sign-up/x"):
        headers = porch.browser().get(path).answer.headers
        policy = headers["content-security-policy"]
        assert (
            "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        )
        assert headers["cache-control"] == "no-store" and headers["referrer-policy"] == "no-referrer"


def test_an_invitation_works_once_and_ends(porch: Porch) -> None:
    ada = porch.person()
    link = porch.invited(ada)
    assert porch.browser().join(link)[0].codes()
    assert porch.browser().get(link).status == 410
    late = porch.invited(ada)
    porch.clock.pass_seconds(7 * 86_400)
    assert porch.browser().get(late).status == 410
    assert porch.browser().get("/sign-up/guessed").status == 410


def test_two_people_with_one_invitation_make_one_account(porch: Porch) -> None:
    ada, link = porch.person(), ""
    link = porch.invited(ada)
    first, second = porch.browser(), porch.browser()
    page = second.get(link)
    assert first.join(link, "first")[0].status == 200
    fields = {"birth_date": BORN, "name": "B", "login": "second", "password": PASSWORD}
    late = second.post(link, page.hidden() | fields | {"code": second.code(page.secret())})
    assert late.status == 410
    assert accounts.by_login(porch.db, "second") is None


def test_another_birth_date_is_refused_and_counted(porch: Porch) -> None:
    link, browser = porch.invited(porch.person()), porch.browser()
    for guess in ("1980-01-03", "1979-12-31", "", "x", "2000-02-29"):
        page, _ = browser.join(link, birth_date=guess)
        assert page.status == 422 and 'aria-invalid="true"' in page.text and "birth_date-error" in page.text
    page, _ = browser.join(link)
    assert (page.status, page.answer.headers["retry-after"]) == (429, "60")
    porch.clock.pass_seconds(60)
    assert browser.join(link)[0].codes()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short"),
        ("password", "ada@example.org"),
        ("password", "abcdefghijkl"),
        ("password", "aaaaaaaaaaaaaaa"),
        ("password", "passwordpassword"),
        ("password", "x" * 201),
        ("code", "000000"),
        ("name", ""),
        ("login", "a b"),
        ("login", "x"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(porch: Porch, field: str, value: str) -> None:
    link = porch.invited(porch.person())
    page, _ = porch.browser().join(link, **{field: value})
    assert page.status == 422
    assert f'id="{field}-error"' in page.text and f'aria-describedby="{field}-error' in page.text
    assert page.text.count('role="alert"') == 1 and PASSWORD not in page.text
    assert porch.browser().join(link)[0].codes()


def test_a_wrong_name_a_wrong_password_and_a_wrong_code_look_alike(porch: Porch) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    bodies = set()
    for changed in ({"login": "nobody@example.org"}, {"password": "another long one"}, {"code": "123456"}):
        page = porch.browser().sign_in(secret, **changed)
        assert page.status == 422
        text = re.sub(r'value="[^"]*"|data-options="[^"]*"', "", page.text)
        bodies.add(text)
    assert len(bodies) == 1


def test_a_code_of_the_app_works_once(porch: Porch) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    browser = porch.browser()
    assert browser.sign_in(secret).status == 303
    again = porch.browser().send(
        "/sign-in", login="ada@example.org", password=PASSWORD, code=browser.code(secret)
    )
    assert again.status == 422


def test_a_recovery_code_works_once_and_is_told(porch: Porch) -> None:
    page, secret = porch.browser().join(porch.invited(porch.person()))
    code, browser = page.codes()[0].lower().replace("-", " "), porch.browser()
    assert browser.sign_in(secret, code=code).status == 303
    assert "A recovery code was used" in browser.get("/account").text
    assert porch.browser().sign_in(secret, code=code).status == 422
    assert porch.browser().sign_in(secret, code=page.codes()[1]).status == 303


def test_guessing_at_an_account_waits_longer_each_time_and_says_how_long(porch: Porch) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    for known in ("ada@example.org", "nobody@example.org"):
        for place in range(5):
            assert (
                porch.browser(f"203.0.113.{place}").sign_in(secret, known, password="wrong" * 4).status == 422
            )
        waits = []
        for _ in range(3):
            page = porch.browser("203.0.113.99").send("/sign-in", login=known, password="x", code="1")
            assert page.status == 429
            waits.append(int(page.answer.headers["retry-after"]))
            assert f"{waits[-1]} second" in page.text
            porch.clock.pass_seconds(waits[-1] - 1)
            page = porch.browser("203.0.113.98").send("/sign-in", login=known, password="x", code="1")
            assert page.status == 429 and page.answer.headers["retry-after"] == "1"
            porch.clock.pass_seconds(1)
            page = porch.browser("203.0.113.97").send("/sign-in", login=known, password="x", code="1")
            assert page.status == 422
        assert waits == [30, 60, 120]
    porch.clock.pass_seconds(3600)
    assert porch.browser().sign_in(secret).status == 303
    assert porch.browser().sign_in(secret, password="wrong" * 4).status == 422


def test_guessing_from_one_address_is_slowed_whatever_names_it_tries(porch: Porch) -> None:
    for place in range(30):
        page = porch.browser("2001:db8::1").send("/sign-in", login=f"name{place}", password="x", code="1")
        assert page.status == 422
    neighbour = porch.browser("2001:db8::ffff").send("/sign-in", login="other", password="x", code="1")
    assert neighbour.status == 429
    assert (
        porch.browser("2001:db8:0:1::1").send("/sign-in", login="other", password="x", code="1").status == 422
    )


def test_a_passkey_makes_an_account_and_opens_it(porch: Porch) -> None:
    device = Authenticator(BASE)
    first = porch.browser().join_by_passkey(porch.invited(porch.person()), device)
    assert first.status == 200 and len(first.codes()) == 10
    browser = porch.browser()
    page = browser.get("/sign-in")
    before = dict(browser.web.cookies)
    fields = page.hidden("/sign-in") | {"credential": device.get(page.options())}
    assert browser.post("/sign-in", fields).status == 303
    assert browser.is_in() and dict(browser.web.cookies) != before
    assert porch.browser().post("/sign-in", fields).status == 403
    assert browser.post("/sign-in", fields).status in (403, 422)


def test_a_passkey_without_a_verified_person_or_for_another_site_is_refused(porch: Porch) -> None:
    link, good = porch.invited(porch.person()), Authenticator(BASE)
    for device in (
        Authenticator(BASE, PRESENT),
        Authenticator("https://evil.example"),
        Authenticator(BASE, 0),
    ):
        assert porch.browser().join_by_passkey(link, device).status == 422
    assert porch.browser().join_by_passkey(link, good).status == 200
    stranger, cloned = Authenticator(BASE), Authenticator(BASE, key=good.key, credential=good.credential)
    cloned.user = good.user
    for device in (stranger, cloned):
        browser = porch.browser()
        page = browser.get("/sign-in")
        fields = page.hidden("/sign-in") | {"credential": device.get(page.options())}
        assert browser.post("/sign-in", fields).status == 422
    for junk in ("{}", "[]", "x", '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}'):
        browser = porch.browser()
        page = browser.get("/sign-in")
        assert browser.post("/sign-in", page.hidden("/sign-in") | {"credential": junk}).status == 422


def test_who_lost_a_passkey_comes_in_by_a_recovery_code(porch: Porch) -> None:
    device = Authenticator(BASE)
    codes = porch.browser().join_by_passkey(porch.invited(porch.person()), device).codes()
    browser = porch.browser()
    assert browser.send("/sign-in/recover", login="ada@example.org", code="x").status == 422
    assert browser.send("/sign-in/recover", login="ada@example.org", code=codes[0]).status == 303
    assert browser.is_in()
    assert browser.send("/sign-in/recover", login="ada@example.org", code=codes[0]).status == 422


def test_a_recovery_code_alone_opens_no_account_that_has_a_password(porch: Porch) -> None:
    page, _ = porch.browser().join(porch.invited(porch.person()))
    assert (
        porch.browser().send("/sign-in/recover", login="ada@example.org", code=page.codes()[0]).status == 422
    )


def test_a_form_of_another_site_or_of_another_browser_does_nothing(porch: Porch) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    porch.clock.pass_seconds(30)
    browser, other = porch.browser(), porch.browser()
    page = browser.get("/sign-in")
    fields = {"login": "ada@example.org", "password": PASSWORD, "code": browser.code(secret)}
    assert browser.post("/sign-in", fields).status == 403
    assert other.post("/sign-in", page.hidden("/sign-in") | fields).status == 403
    crossed = {"sec-fetch-site": "cross-site"}
    assert browser.post("/sign-in", page.hidden("/sign-in") | fields, headers=crossed).status == 403
    assert browser.post("/sign-in", page.hidden("/sign-in") | fields).status == 303


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "evil"]
)
def test_signing_in_leads_to_no_other_site(porch: Porch, next_: str) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    assert porch.browser().sign_in(secret, next=next_).answer.headers["location"] == "/"
    assert (
        porch.browser().sign_in(secret, next="/consent/x?y=1").answer.headers["location"] == "/consent/x?y=1"
    )


def test_the_session_is_another_after_every_sign_in_and_ends_by_signing_out(porch: Porch) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    browser, seen = porch.browser(), set()
    for _ in range(2):
        assert browser.sign_in(secret).status == 303
        seen.add(browser.web.cookies["__Host-bridge"])
    assert len(seen) == 2
    old = porch.browser()
    old.web.cookies.set(
        "__Host-bridge", min(seen - {browser.web.cookies["__Host-bridge"]}), domain="bridge.example"
    )
    assert not old.is_in()
    kept = browser.web.cookies["__Host-bridge"]
    assert browser.post("/sign-out", {"csrf": "x"}).status == 403
    assert browser.send("/sign-out", "/account").status == 303
    assert not browser.is_in()
    old.web.cookies.set("__Host-bridge", kept, domain="bridge.example")
    assert not old.is_in()


def test_the_cookie_of_a_session_is_for_this_host_alone(porch: Porch) -> None:
    _, secret = porch.browser().join(porch.invited(porch.person()))
    cookie = porch.browser().sign_in(secret).answer.headers["set-cookie"]
    assert cookie.startswith("__Host-bridge=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_somebody_with_an_account_accepts_another_invitation(porch: Porch) -> None:
    ada, kim = porch.person(), porch.person("2019-05-06", "Kim")
    browser = porch.browser()
    browser.join(porch.invited(ada))
    link = porch.invited(kim, Kind.PARENT)
    assert "parent" in browser.get(link).text
    assert browser.send(link, birth_date=BORN).status == 422
    assert browser.send(link, birth_date="2019-05-06").status == 303
    assert [each.name for each in people_of(porch.db, account(porch), porch.clock())] == [
        "Ada Lovelace",
        "Kim",
    ]
    assert browser.get(link).status == 410
