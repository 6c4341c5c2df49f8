"""From the command line to a signed-in browser, over a real server; and the log of what was done."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path

import httpx
import pyotp
import pytest

from tests.program.served import Clinic, served
from tests.program.shell import Inside, Shell

PASSWORD = "seven green lanterns"


def hidden(page: str, form: str) -> dict[str, str]:
    start = page.index(form)
    found = re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', page[start : page.index("</form>", start)]
    )
    return {name: html.unescape(value) for name, value in found}


def test_an_invited_person_signs_up_and_an_own_app_reads_over_fhir(shell: Shell) -> None:
    words = ("--name", "Ada Example", "--birth-date", "1980-05-17", "--timezone", "Europe/Paris")
    patient = shell("patient", "add", *words).value["id"]
    assert shell("patient", "invite", patient, "--as", "parent").code == 2
    link = httpx.URL(shell("patient", "invite", patient, "--email", "ada@example.org").value["link"]).path
    with served(shell) as base, httpx.Client(base_url=base.removesuffix("/fhir")) as web:
        page = web.get(link).text
        secret = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)
        assert secret and "data-passkey" not in page
        code = pyotp.TOTP(secret[1].replace(" ", "")).at(int(time.time()))
        fields = {
            "birth_date": "1980-05-17",
            "name": "Ada",
            "login": "ada",
            "password": PASSWORD,
            "code": code,
        }
        made = web.post(link, data=hidden(page, '<form method="post">') | fields)
        assert made.status_code == 200 and "Recovery codes" in made.text
        account = web.get("/account")
        assert account.status_code == 200 and "Ada Example" in account.text
        form = hidden(account.text, 'action="/account/tokens"') | {"device": "Loop", "days": "30"}
        token = re.search(r"cgmowner_[\w-]{43}", web.post("/account/tokens", data=form).text)
        assert token
        headers = {"Authorization": f"Bearer {token[0]}"}
        assert httpx.get(f"{base}/Patient/{patient}", headers=headers).json()["birthDate"] == "1980-05-17"
        assert web.get(link).status_code in (200, 410)


def test_nobody_is_invited_for_a_person_without_a_birth_date(shell: Shell) -> None:
    done = shell("patient", "invite", shell.patient())
    assert done.code == 1 and "birth date is not known" in done.err


@pytest.mark.parametrize("born", ["2999-01-01", "1879-12-31", "0198-05-17"])
def test_nobody_is_added_with_a_birth_date_that_nobody_has(tmp_path: Path, born: str) -> None:
    shell = Inside(tmp_path / "home")
    done = shell("patient", "add", "--name", "Ada", "--birth-date", born)
    assert done.code == 1 and f"{born} is no birth date" in done.err and "nobody was added" in done.err
    assert not shell.home.exists()


def test_an_address_that_nobody_said_is_printed_with_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Inside(tmp_path / "home")
    words = ("--name", "Ada", "--birth-date", "1980-05-17")
    patient = shell("patient", "add", *words).value["id"]
    told = shell("patient", "invite", patient)
    assert told.value["link"].startswith("http://127.0.0.1:8000/sign-up/")
    assert "default of BRIDGE_BASE_URL" in told.err
    monkeypatch.setenv("BRIDGE_BASE_URL", "https://bridge.example.org/cgm/")
    told = shell("patient", "invite", patient)
    assert told.value["link"].startswith("https://bridge.example.org/cgm/sign-up/") and told.err == ""


def test_what_is_done_to_the_installation_is_in_the_log_and_verified(shell: Shell) -> None:
    clinic = Clinic(shell, shell.home.parent)
    assert shell("client", "remove", clinic.id).code == 0
    made = shell("staff", "add", "--name", "Ana Amt", "--role", "privacy-officer", "--role", "auditor").value
    assert "/clinic/enrol/" in made["link"]
    assert shell("staff", "add", "--name", "Ben", "--role", "auditor", "--subject", "b").code == 1
    (ana,) = shell("staff", "list").value
    assert (ana["name"], ana["roles"], ana["way"]) == (
        "Ana Amt",
        ["auditor", "privacy-officer"],
        "not enrolled yet",
    )
    assert shell("ages", "set", "SCT", "--sight", "12", "--say", "16", "--majority", "16").code == 0
    assert shell("ages", "set", "X", "--sight", "12", "--say", "10", "--majority", "16").code == 1
    assert [row["jurisdiction"] for row in shell("ages", "list").value] == ["-", "SCT"]
    assert shell("staff", "remove", made["id"]).code == 0
    rows = shell("staff", "log").value
    acts = ["client add", "client remove", "staff add", "ages set", "staff remove"]
    assert [row["act"] for row in rows] == acts
    assert {row["how"] for row in rows} == {"command line"} and all(row["who"] for row in rows)
    assert shell("ledger", "verify").value["sound"] is True
