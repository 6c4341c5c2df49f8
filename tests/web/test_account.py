"""What a person does with their account, and what somebody else's session cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bridge.store.accounts as accounts
from bridge.people import erasure, owner
from bridge.people.representation import Kind, people_of
from bridge.period import HOUR, MINUTE, ZoneHistory
from bridge.reading import Stream
from bridge.store.representations import RepresentationRow, add
from tests.web.authenticator import Authenticator
from tests.web.porch import BASE, PASSWORD, Browser, Porch
from tests.web.world import World, resources


@pytest.fixture
def porch(tmp_path: Path) -> Iterator[Porch]:
    made = Porch(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def ada(porch: Porch) -> int:
    return porch.person()


@pytest.fixture
def browser(porch: Porch, ada: int) -> Browser:
    """Ada's browser, signed in; her password and app are set."""
    made = porch.browser()
    made.join(porch.invited(ada))
    return made


def did(browser: Browser, path: str, **fields: str) -> str:
    """Send a form of the account's page; where it leads."""
    csrf = browser.get("/account").hidden("/sign-out")["csrf"]
    answer = browser.post(path, {"csrf": csrf} | fields).answer
    return str(answer.headers.get("location", answer.status_code))


def test_a_second_passkey_is_added_and_the_last_way_in_stays(porch: Porch, ada: int) -> None:
    device, second, browser = Authenticator(BASE), Authenticator(BASE), porch.browser()
    browser.join_by_passkey(porch.invited(ada), device)
    assert (
        did(browser, "/account/passkeys/remove", credential=device.credential.hex()) == "/account?fault=last"
    )
    page = browser.get("/account")
    fields = page.hidden("/account/passkeys") | {"credential": second.create(page.options())}
    assert browser.post("/account/passkeys", fields).answer.headers["location"] == "/account?done=passkey"
    assert "A passkey was added" in browser.get("/account").text
    assert did(browser, "/account/passkeys/remove", credential=device.credential.hex()).endswith(
        "passkey-gone"
    )
    other = porch.browser()
    for tried, status in ((device, 422), (second, 303)):
        page = other.get("/sign-in")
        asked = page.hidden("/sign-in") | {"credential": tried.get(page.options())}
        assert other.post("/sign-in", asked).status == status


def test_a_password_is_set_with_an_app_and_other_devices_are_signed_out(porch: Porch, ada: int) -> None:
    browser, device = porch.browser(), Authenticator(BASE)
    browser.join_by_passkey(porch.invited(ada), device)
    other = porch.browser()
    page = other.get("/sign-in")
    other.post("/sign-in", page.hidden("/sign-in") | {"credential": device.get(page.options())})
    assert other.is_in()
    page = browser.get("/account")
    secret, ticket = page.secret(), page.hidden("/account/password")["ticket"]
    for password, code, led in (
        ("short", browser.code(secret), "fault=short"),
        (PASSWORD, "000000", "fault=code"),
        (PASSWORD, browser.code(secret), "done=password"),
    ):
        assert did(browser, "/account/password", ticket=ticket, password=password, code=code).endswith(led)
    assert browser.is_in() and not other.is_in()
    assert porch.browser().sign_in(secret).status == 303


def test_what_changes_ways_in_asks_for_a_fresh_sign_in(porch: Porch, browser: Browser) -> None:
    for _ in range(2):
        porch.clock.pass_seconds(20 * 60)
        assert browser.is_in()
    assert did(browser, "/account/recovery").startswith("/sign-in?next=")
    assert did(browser, "/account/devices", device="none") == "/account?done=device"


def test_new_recovery_codes_void_the_old_ones(porch: Porch, browser: Browser) -> None:
    csrf = browser.get("/account").hidden("/account/recovery")
    first = browser.post("/account/recovery", csrf).codes()
    second = browser.post("/account/recovery", csrf).codes()
    assert len(first) == len(second) == 10 and not {*first} & {*second}
    found = accounts.by_login(porch.db, "ada@example.org")
    assert found and accounts.recovery_left(porch.db, found.id) == 10


def test_a_device_is_signed_out_from_another_and_everywhere_is_everywhere(porch: Porch, ada: int) -> None:
    phone, desk = porch.browser(), porch.browser()
    _, secret = phone.join(porch.invited(ada))
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    desk.web.headers.update(agent)
    desk.sign_in(secret)
    page = phone.get("/account").text
    assert "Firefox, Linux" in page
    (other,) = set(re.findall(r'name="device" value="([0-9a-f]{16})"', page))
    assert did(phone, "/account/devices", device=other) == "/account?done=device"
    assert phone.is_in() and not desk.is_in()
    desk.sign_in(secret)
    assert did(phone, "/account/devices", device="all") == "/sign-in"
    assert not phone.is_in() and not desk.is_in()


def test_a_strangers_session_touches_nothing_of_another_account(
    porch: Porch, ada: int, browser: Browser
) -> None:
    bob = porch.browser()
    bob.join(porch.invited(porch.person(name="Bob")), "bob@example.org")
    session = re.search(r'name="device" value="([0-9a-f]{16})"', bob.get("/account").text)
    assert session is None
    assert did(bob, "/account/tokens", patient=str(ada), device="x", days="5") == "/account?fault=not-allowed"
    assert (
        did(bob, "/account/erasure", patient=str(ada), act="ask", sure="yes") == "/account?fault=not-allowed"
    )
    assert did(bob, "/account/representatives", patient=str(ada), to="x", days="5").endswith("not-allowed")
    assert did(bob, "/account/representatives/end", patient=str(ada), number="1").endswith("not-allowed")
    assert erasure.pending(porch.db, ada) is None and browser.is_in()
    assert "Ada Lovelace" not in bob.get("/account").text


def test_erasing_is_asked_for_and_called_off_on_the_page(porch: Porch, ada: int, browser: Browser) -> None:
    assert did(browser, "/account/erasure", patient=str(ada), act="ask").endswith("not-allowed")
    assert (
        did(browser, "/account/erasure", patient=str(ada), act="ask", sure="yes") == "/account?done=erasure"
    )
    assert "will be erased at" in browser.get("/account").text
    assert did(browser, "/account/erasure", patient=str(ada), act="call-off") == "/account?done=called-off"
    porch.clock.pass_seconds(8 * 86_400)
    assert erasure.carry_out(porch.db, porch.clock()) == ()


def test_a_person_names_somebody_who_sees_and_revokes(porch: Porch, ada: int, browser: Browser) -> None:
    csrf = browser.get("/account").hidden("/sign-out")
    page = browser.post("/account/representatives", csrf | {"patient": str(ada), "to": "Ben", "days": "30"})
    link = re.search(rf"<code>{BASE}(/sign-up/[^<]+)</code>", page.text)
    assert link
    ben = porch.browser()
    ben.join(link[1], "ben@example.org", name="Ben")
    account = accounts.by_login(porch.db, "ben@example.org")
    assert account
    (seen,) = people_of(porch.db, account.id, porch.clock())
    assert (seen.kind, {*seen.powers}) == (Kind.PROXY, {"see", "revoke"})
    assert "Ben now acts for this person as person of trust." in browser.get("/account").text
    number = re.search(r'name="number" value="(\d+)"', browser.get("/account").text)
    assert number
    assert did(browser, "/account/representatives/end", patient=str(ada), number=number[1]).endswith("ended")
    assert people_of(porch.db, account.id, porch.clock()) == ()


@pytest.mark.parametrize("locale", ["en", "de", "es", "fi"])
def test_the_account_is_shown_in_every_language_with_whose_data_it_is(porch: Porch, locale: str) -> None:
    browser, kim = porch.browser(), porch.person("2019-05-06", "Kim")
    browser.web.headers["accept-language"] = locale
    browser.join(porch.invited(kim, Kind.PARENT), birth_date="2019-05-06")
    text = browser.get("/account").text
    assert f'lang="{locale}"' in text and "Kim" in text and "2019" in text
    here = ZoneHistory.always("Europe/Berlin")
    clock = here.offset(porch.clock()) * MINUTE + porch.clock()
    hour, minute = clock // HOUR % 24, clock // MINUTE % 60
    assert "(Europe/Berlin)" in text and "(UTC)" not in text
    assert re.search(rf"\b0?{hour % 12 or 12 if locale == 'en' else hour}[:.]{minute:02}", text)


# --------------------------------------------------------------------------------- the token at the door


def test_an_owners_token_reads_everything_about_one_person_and_writes_it_down(granted: World) -> None:
    accounts.add(granted.db, "own", "person", "Ada", "ada")
    add(granted.db, RepresentationRow(0, granted.ada, "own", "self", ("see",), 0, None, None))
    token = owner.issue(granted.db, "own", granted.ada, "Loop", 30, granted.clock())
    assert token is not None
    mine, theirs = granted.patient_id(granted.ada), granted.patient_id(granted.bob)
    first = granted.get(f"Observation?patient={mine}&_count=1000", token=token)
    assert first.status_code == 200
    found = granted.search(f"Observation?patient={mine}&_count=1000", token=token)
    assert len(found) == sum(len(granted.readings(each)) for each in (Stream.GLUCOSE, Stream.CAPILLARY))
    assert len(found) > len(granted.shown())
    one = granted.hidden()[0]
    assert granted.get(f"Observation/{granted.observation_id(one)}", token=token).status_code == 200
    assert granted.get(f"Patient/{mine}", token=token).json()["birthDate"] == "1980-01-02"
    assert resources(granted.get(f"Observation?patient={theirs}", token=token).json()) == []
    assert granted.get(f"Patient/{theirs}", token=token).status_code == 404
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert granted.ask(method, f"/fhir/Patient/{mine}", token=token).status_code == 405
    page = granted.get(f"Observation?patient={mine}&_count=5", token=token).json()
    following = next(each["url"] for each in page["link"] if each["relation"] == "next")
    assert granted.get(following, token=granted.token()).status_code == 404
    assert granted.get(following, token=token).status_code == 200
    assert granted.get(f"Patient/{mine}", token=token[:-1]).status_code == 401
    accounts.close(granted.db, "own")
    assert granted.get(f"Patient/{mine}", token=token).status_code == 401
