"""A session lives as long as both limits hold and nobody has ended it."""

from __future__ import annotations

import pytest

import bridge.store.accounts as accounts
from bridge.people import sessions
from bridge.period import HOUR, MINUTE
from tests.people.conftest import Home


def test_a_cookie_finds_its_session_and_another_does_not(home: Home) -> None:
    ada = home.account("ada")
    cookie, begun = sessions.start(home.db, ada, "person", home.clock())
    assert sessions.find(home.db, cookie, home.clock()) == begun
    assert begun.name == "Ada" and cookie not in repr(begun) and begun.id not in cookie
    for other in (None, "", "x", cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), cookie * 2, "é" * 43):
        assert sessions.find(home.db, other, home.clock()) is None


@pytest.mark.parametrize(("persona", "idle", "absolute"), [("person", 30, 12), ("staff", 15, 10)])
def test_a_session_ends_when_it_is_idle_and_when_it_is_old(
    home: Home, persona: accounts.Persona, idle: int, absolute: int
) -> None:
    account = home.account("ada", persona)
    cookie, _ = sessions.start(home.db, account, persona, home.clock())
    for _ in range(absolute * 60 // (idle - 1)):
        home.clock.pass_seconds((idle - 1) * 60)
        assert sessions.find(home.db, cookie, home.clock()) is not None
    home.clock.pass_seconds((idle - 1) * 60)
    assert sessions.find(home.db, cookie, home.clock()) is None
    cookie, _ = sessions.start(home.db, account, persona, home.clock())
    home.clock.pass_seconds(idle * 60)
    assert sessions.find(home.db, cookie, home.clock()) is None
    assert HOUR == 60 * MINUTE


def test_signing_out_everywhere_ends_the_other_devices_or_all(home: Home) -> None:
    ada, now = home.account("ada"), home.clock()
    started = [sessions.start(home.db, ada, "person", now, device) for device in ("Phone", "Desk", "Tablet")]
    assert {each.device for each in sessions.devices(home.db, ada, now)} == {"Phone", "Desk", "Tablet"}
    sessions.end_everywhere(home.db, ada, but=started[1][1].id)
    assert [sessions.find(home.db, cookie, now) is not None for cookie, _ in started] == [False, True, False]
    sessions.end_everywhere(home.db, ada)
    assert sessions.devices(home.db, ada, now) == ()


def test_a_closed_account_has_no_session(home: Home) -> None:
    ada = home.account("ada")
    cookie, _ = sessions.start(home.db, ada, "person", home.clock())
    accounts.close(home.db, ada)
    assert sessions.find(home.db, cookie, home.clock()) is None
    with pytest.raises(KeyError):
        sessions.start(home.db, ada, "person", home.clock())


def test_an_account_of_a_person_starts_no_session_of_staff(home: Home) -> None:
    with pytest.raises(KeyError):
        sessions.start(home.db, home.account("ada"), "staff", home.clock())


def test_the_secret_of_a_form_is_another_for_every_session(home: Home) -> None:
    ada = home.account("ada")
    made = {sessions.start(home.db, ada, "person", home.clock())[1].csrf for _ in range(5)}
    assert len(made) == 5
