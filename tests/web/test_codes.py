"""A clinic hands out a code, or takes one; the person decides on the consent page; either side ends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import bridge.store.clients as clients
import bridge.store.deeds as log
import bridge.store.links as links
from bridge.consent import grants
from bridge.consent.grant import State, state_at
from bridge.pages.languages import LOCALES
from bridge.people import notices, requests
from bridge.people.representation import Kind
from bridge.people.requests import NO_RECORD, Origin, Record, ask
from bridge.people.roles import MAY, Deed, Role, deeds
from bridge.people.sharing_codes import read
from bridge.store.clients import Client, ClientType
from bridge.store.recipients import find
from tests.web.clinic import Browser, Clinic, path_of


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "home")
    yield made
    made.close()


def code_of(page: Any) -> str:
    """The code on a page."""
    return spelled_in(page.text)


def spelled_in(text: str) -> str:
    """The code in the text of a page."""
    found = re.search(r'<p class="code"><strong>([^<]+)</strong>', text)
    assert found, text
    assert read(found[1])
    return found[1]


def made(desk: Browser, **fields: str) -> Any:
    """The desk makes a code: its sheet."""
    told = {"client": "north", "born": "1980-01-02", "language": "en", "life": "14"} | fields
    return desk.fill(desk.get("/clinic/codes"), "/clinic/codes/make", **told)


def entered(browser: Browser, code: str, **fields: str) -> Any:
    return browser.fill(browser.get("/codes"), "/codes/enter", code=code, **fields)


def agreed(browser: Browser, page: Any, **fields: str) -> Any:
    """From the page of a request over the consent page to its end."""
    form = browser.follow(browser.fill(page, path_of(page), answer="open"))
    pending = urlsplit(path_of(form)).path
    told = {"days": "14", "kinds": "glucose", "grain": "raw", "identity": "full", "later": "yes"} | fields
    preview = browser.follow(browser.fill(form, f"{pending}/preview", **told))
    assert preview.status == 200, preview.text
    again = browser.fill(preview, f"{pending}/approve")
    done = again if again.status == 303 else browser.fill(again, f"{pending}/approve")
    return browser.follow(done)


def test_a_code_of_the_clinic_leads_to_a_share_and_to_the_record(clinic: Clinic) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    sheet = made(desk, system="urn:mrn", value="MRN-7", visit="2199-01-02")
    page = ada.follow(entered(ada, code_of(sheet)))
    assert page.status == 200 and "Clinic North" in page.text and "MRN-7" in page.text
    assert "Nothing has been shared yet" in page.text
    end = agreed(ada, page)
    assert "You agreed" in end.text
    (standing,) = grants.listed(clinic.db, clinic.ada)
    assert (standing.grant.recipient.clients, standing.grant.purpose) == (frozenset({"north"}), "TREAT")
    (link,) = links.listed(clinic.db)
    assert (link.value, link.confirmed_by) == ("MRN-7", "Ada (clinic-code)")
    back = desk.get("/clinic/codes").text
    assert "agreed" in back and "Ada Lovelace" in back
    assert ada.get(path_of(page)).text.count("/shares/") == 1


def test_a_code_of_the_person_leads_to_a_request_that_they_answer(clinic: Clinic) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    code = code_of(ada.fill(ada.get("/codes"), "/codes/make"))
    fields = {"client": "north", "code": code, "born": "1980-02-01", "system": "urn:mrn", "value": "MRN-7"}
    wrong = desk.fill(desk.get("/clinic/codes"), "/clinic/codes/enter", **fields)
    assert wrong.status == 422 and "does not work with this birth date" in wrong.text
    right = desk.fill(desk.get("/clinic/codes"), "/clinic/codes/enter", **fields | {"born": "1980-01-02"})
    assert right.answer.headers["location"] == "/clinic/codes?done=asked"
    assert grants.listed(clinic.db, clinic.ada) == ()
    (asked,) = requests.waiting(clinic.db, clinic.ada, clinic.found.now())
    assert f"/codes/requests/{asked.id}" in ada.get("/codes").text
    assert "asks for data" in ada.get("/").text
    page = ada.get(f"/codes/requests/{asked.id}")
    waits = desk.get("/clinic/codes").text
    assert "waits for an answer" in waits and "MRN-7" in waits and "Lovelace" not in waits
    declined = ada.follow(ada.fill(page, path_of(page), answer="decline"))
    assert "You declined" in declined.text
    told = desk.get("/clinic/codes").text
    assert "declined" in told and "MRN-7" in told
    assert "Lovelace" not in told and "1980" not in told, "who declined is nobody's at the desk"
    assert ada.fill(page, path_of(page), answer="open").status == 409, "an answer is given once"


def test_a_code_for_somebody_born_on_another_day_is_refused_in_the_words_of_an_unknown_one(
    clinic: Clinic,
) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    other = entered(ada, code_of(made(desk, born="2014-05-06")))
    unknown = entered(ada, "2222222222")
    assert other.status == unknown.status == 422
    said = [re.findall(r'id="code-error">([^<]+)<', page.text) for page in (other, unknown)]
    assert said[0] == said[1] and "somebody born on another day" in said[0][0]
    assert "symbol is wrong" in entered(ada, "2222222223").text


def test_a_record_with_another_name_needs_a_word_and_another_birth_date_leads_nowhere(clinic: Clinic) -> None:
    ada, now = clinic.browser("ada"), clinic.found.now()
    for record, status in (
        (Record("urn:mrn", "7", "p", "Ada King", date(1980, 1, 2)), 422),
        (Record("urn:mrn", "7", "p", "Ada Lovelace", date(1980, 2, 1)), 409),
    ):
        asked = ask(clinic.db, clinic.ada, "north", Origin.CLINICIAN, "Dr. X", record, None, now)
        page = ada.get(f"/codes/requests/{asked.id}")
        forced = ada.fill(page, path_of(page), answer="open")
        assert forced.status == status
        if status == 422:
            assert ada.fill(page, path_of(page), answer="open", same="yes").status == 303


def test_the_person_ends_it_and_the_desk_is_told(clinic: Clinic) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    agreed(ada, ada.follow(entered(ada, code_of(made(desk)))))
    ended = ada.follow(ada.fill(ada.get("/codes"), "/codes/end"))
    assert "the clinic was told" in ended.text
    (standing,) = grants.listed(clinic.db, clinic.ada)
    assert state_at(standing, clinic.found.now()) is State.REVOKED
    assert "ended the link with Clinic North" in desk.get("/clinic/codes").text


def test_a_share_that_is_revoked_on_its_own_page_is_told_to_the_desk_too(clinic: Clinic) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    agreed(ada, ada.follow(entered(ada, code_of(made(desk)))))
    (standing,) = grants.listed(clinic.db, clinic.ada)
    way = f"/shares/{standing.grant.id}/revoke"
    sure = ada.fill(ada.get(f"/shares/{standing.grant.id}"), way)
    assert ada.fill(sure, way, sure="yes").status == 303
    assert "ended the link with Clinic North" in desk.get("/clinic/codes").text


def test_the_clinic_ends_it_and_the_person_is_told(clinic: Clinic) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    agreed(ada, ada.follow(entered(ada, code_of(made(desk)))))
    ended = desk.fill(desk.get("/clinic/codes"), "/clinic/codes/end")
    assert ended.answer.headers["location"] == "/clinic/codes?done=ended"
    (standing,) = grants.listed(clinic.db, clinic.ada)
    assert state_at(standing, clinic.found.now()) is State.REVOKED
    assert [each.what for each in notices.listed(clinic.db, "ada")] == ["link-ended"]
    assert "Clinic North" in ada.get("/").text


def test_the_desk_of_one_organisation_sees_and_does_nothing_for_another(clinic: Clinic) -> None:
    south = Client("south", "South EHR", ClientType.BACKEND, "Clinic South", "", "TREAT", "system/*.rs")
    clients.add(clinic.db, south)
    theirs = clinic.staff(Role.FRONT_DESK, organization="Clinic South")
    own, ada = clinic.staff(Role.FRONT_DESK, organization="Clinic North"), clinic.browser("ada")
    agreed(ada, ada.follow(entered(ada, code_of(made(own)))))
    assert "Ada Lovelace" in own.get("/clinic/codes").text
    page = theirs.get("/clinic/codes")
    assert "Lovelace" not in page.text and "North" not in page.text
    assert made(theirs, client="north").status == 422
    told = {"client": "north", "person": clinic.id(clinic.ada), "sure": "yes"}
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf and theirs.post("/clinic/codes/end", told | {"csrf": csrf[1]}).status == 422
    assert notices.listed(clinic.db, "ada") == ()


def test_who_works_for_nobody_in_particular_sees_no_program_where_there_are_several(clinic: Clinic) -> None:
    desk = clinic.staff(Role.FRONT_DESK)
    assert "North EHR" in desk.get("/clinic/codes").text
    south = Client("south", "South EHR", ClientType.BACKEND, "Clinic South", "", "TREAT", "system/*.rs")
    clients.add(clinic.db, south)
    page = desk.get("/clinic/codes").text
    assert "not said which organisation" in page and "North EHR" not in page and "South EHR" not in page


@pytest.mark.parametrize("locale", LOCALES)
def test_the_sheet_and_the_mail_are_in_the_persons_language_and_name_nobody(
    clinic: Clinic, locale: str
) -> None:
    sheet = made(clinic.staff(Role.FRONT_DESK), language=locale, system="urn:mrn", value="MRN-7").text
    assert f'<html lang="{locale}">' in sheet
    code = spelled_in(sheet)
    mail = sheet[sheet.index('<blockquote class="words">') : sheet.index("</blockquote>")]
    assert code in mail and "http://127.0.0.1:8000/codes" in mail and "Clinic North" in mail
    for told in ("MRN-7", "1980", "Lovelace"):
        assert told not in sheet


@pytest.mark.parametrize(
    "fields",
    [
        {"born": ""},
        {"born": "x"},
        {"born": "0001-01-01"},
        {"born": "2190-01-01"},
        {"client": "nobody"},
        {"value": "7"},
        {"value": "x" * 200, "system": "s"},
    ],
)
def test_the_desk_says_what_a_code_is_for_or_none_is_made(clinic: Clinic, fields: dict[str, str]) -> None:
    page = made(clinic.staff(Role.FRONT_DESK), **fields)
    assert page.status == 422 and 'class="code"' not in page.text


def test_making_and_entering_codes_is_in_the_admin_log_without_the_person(clinic: Clinic) -> None:
    desk, ada = clinic.staff(Role.FRONT_DESK), clinic.browser("ada")
    made(desk)
    code = code_of(ada.fill(ada.get("/codes"), "/codes/make"))
    desk.fill(desk.get("/clinic/codes"), "/clinic/codes/enter", client="north", code=code, born="1980-01-02")
    rows = [(row.act, row.what) for row in log.listed(clinic.db)]
    assert rows == [("code make", "north"), ("code enter", "north")]
    assert "Ada" not in repr(log.listed(clinic.db))


def test_only_who_may_grant_enters_makes_and_answers(clinic: Clinic) -> None:
    desk = clinic.staff(Role.FRONT_DESK)
    clinic.browser("ada")
    child = clinic.person("Kim", date(2014, 5, 6), "carer", Kind.CARER)
    carer = clinic.browser("carer")
    page = carer.get("/codes")
    assert "/codes/enter" not in page.text and "/codes/make" not in page.text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    forced = {"csrf": csrf[1], "person": clinic.id(child), "code": code_of(made(desk, born="2014-05-06"))}
    assert carer.post("/codes/enter", forced).status == 404
    assert carer.post("/codes/make", forced).status == 404
    assert carer.post("/codes/enter", forced | {"person": clinic.id(clinic.ada)}).status == 404


def test_another_persons_request_is_absent(clinic: Clinic) -> None:
    asked = ask(clinic.db, clinic.ada, "north", Origin.CLINICIAN, "x", NO_RECORD, None, clinic.found.now())
    clinic.person("Eve", date(1990, 1, 1), "eve")
    eve = clinic.browser("eve")
    assert eve.get(f"/codes/requests/{asked.id}").status == 404
    assert eve.get("/codes/requests/unknown").status == 404
    assert clinic.browser().get(f"/codes/requests/{asked.id}").status == 303
    assert clinic.staff(Role.FRONT_DESK).get(f"/codes/requests/{asked.id}").status == 303


NEEDS = {
    "/clinic/codes": Deed.MAKE_CODES,
    "/clinic/codes/make": Deed.MAKE_CODES,
    "/clinic/codes/enter": Deed.ENTER_CODES,
    "/clinic/codes/end": Deed.CONFIRM_LINKS,
    "/clinic/recipients": Deed.SEE_CLIENTS,
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_has_its_deeds_and_no_others(clinic: Clinic, role: Role) -> None:
    member = clinic.staff(role)
    for path, deed in NEEDS.items():
        may = deed in deeds([role])
        answer = member.post(path, {}) if path.count("/") > 2 else member.get(path)
        refused = answer.status == 403 and "Your role does not include this" in answer.text
        assert refused == (not may), (path, role)
    assert Deed.VERIFY_RECIPIENTS in MAY[Role.PRIVACY_OFFICER]


# -------------------------------------------------------------------------------------- recipients


def test_the_privacy_officer_verifies_and_the_consent_page_says_so(clinic: Clinic) -> None:
    officer, ada = clinic.staff(Role.PRIVACY_OFFICER, name="Otto"), clinic.browser("ada")
    desk = clinic.staff(Role.FRONT_DESK)
    code = code_of(made(desk))
    page = ada.follow(entered(ada, code))
    assert "Nobody has checked" in page.text
    last = date.fromordinal(date.today().toordinal() + 300)
    until, said = last.isoformat(), f"until {last:%B} {last.day}, {last.year}"
    told = {"how": "called back", "until": until, "watcher": "the nurse", "hours": "weekdays"}
    sent = officer.fill(officer.get("/clinic/recipients"), "/clinic/recipients", **told)
    assert sent.status == 303, sent.text
    known = find(clinic.db, "Clinic North")
    assert (known.how, known.verifier, known.watcher) == ("called back", "Otto", "the nurse")
    again = ada.get(path_of(page)).text
    assert f"called back, Otto, {said}" in again and "Nobody has checked" not in again
    assert f"called back, Otto, {said}" in officer.get("/clinic/recipients").text
    assert [row.act for row in log.listed(clinic.db)][-1] == "client verify"
    wrong = officer.fill(
        officer.get("/clinic/recipients"), "/clinic/recipients", **told | {"until": "2020-01-01"}
    )
    assert wrong.status == 422


def test_who_changes_a_registration_does_not_verify_it(clinic: Clinic) -> None:
    integration = clinic.staff(Role.INTEGRATION)
    page = integration.get("/clinic/recipients")
    assert page.status == 200 and "Verify as it is now" not in page.text
    csrf = {"csrf": "x", "client": "north", "how": "x", "until": "2199-01-01"}
    assert integration.post("/clinic/recipients", csrf).status == 403
    assert find(clinic.db, "Clinic North").how == ""


def test_the_desk_is_not_told_who_shares_under_a_pseudonym(clinic: Clinic) -> None:
    """Neither while it is shared nor when it ends; who shares by name is named, as before."""
    desk, ada = clinic.staff(Role.FRONT_DESK, organization="Clinic North"), clinic.browser("ada")
    page = ada.follow(entered(ada, code_of(made(desk))))
    assert agreed(ada, page, identity="pseudonymous", kinds="glucose").status == 200
    (share,) = grants.listed(clinic.db, clinic.ada)
    seen = [desk.get("/clinic/codes").text]
    page = ada.get(f"/shares/{share.grant.id}")
    assert ada.fill(page, f"/shares/{share.grant.id}/revoke", sure="yes").status == 303
    seen.append(desk.get("/clinic/codes").text)
    for each in seen:
        assert "Ada Lovelace" not in each and "1980" not in each and clinic.id(clinic.ada) not in each
        assert "A patient under a pseudonym" in each
