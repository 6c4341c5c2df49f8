"""What the command line says to people: in words and not as a program writes, counted rightly, with the mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.program.shell import Inside
from tests.program.test_totals import LIBRE

SITE = "extends: libreview\nfhir:\n  glucose:\n    category: [laboratory]\n"


@pytest.fixture
def shell(tmp_path: Path) -> Inside:
    return Inside(tmp_path / "home")


@pytest.fixture
def parts(shell: Inside) -> tuple[str, str]:
    """A person and a client."""
    client = shell(
        "client", "add", "--name", "Clinic EHR", "--type", "public", "--redirect-uri", "https://a.example/b"
    )
    return shell.patient(), str(client.value["client_id"])


def test_a_grant_is_told_in_words(shell: Inside, parts: tuple[str, str]) -> None:
    patient, client = parts
    words = ("--patient", patient, "--client", client, "--start", "2026-03-01", "--end", "2026-03-02")
    told = shell("grant", "add", *words, "--kinds", "glucose,carbs", "--later-sources", json_out=False).out
    assert "periods: 2026-02-28T23:00:00Z to 2026-03-02T23:00:00Z" in told
    assert "kinds: glucose, carbs" in told and "later_sources: yes" in told
    grant = told.split()[0]
    ended = shell("grant", "revoke", grant, json_out=False).out
    assert not re.search(r"[\[\]{}']|True|False|None", told + ended)
    again = shell("grant", "revoke", grant)
    assert again.code == 1 and "a grant that is revoked cannot be revoked" in again.err
    assert "cannot be paused" in shell("grant", "pause", grant).err


def test_a_person_is_told_in_words(shell: Inside) -> None:
    told = shell("patient", "show", shell.patient(), json_out=False).out
    assert "timezone: Europe/Berlin" in told and not re.search(r"[\[\]{}']|None", told)


def test_what_came_of_an_answer_is_told_on_its_row_and_whose_it_is_on_the_other(
    shell: Inside, project: Path
) -> None:
    patient = shell.patient()
    shell.take(patient, project / LIBRE)
    assert shell("totals", "--patient", patient, "--from", "2026-11-01", "--days", "3").code == 0
    rows = shell("ledger", "list", "--patient", patient).value
    (intent,) = [row for row in rows if row["kind"] == "intent"]
    (outcome,) = [row for row in rows if row["kind"] == "outcome"]
    assert intent["outcome"] == outcome["outcome"] == "sent"
    assert outcome["intent"] == intent["entry"] != outcome["entry"]


def test_one_fault_is_one_fault(shell: Inside, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "mine.yaml").write_text("extends: nothing-there\n")
    told = shell("mapping", "check", str(site))
    assert told.code == 1 and len(told.value["faults"]) == 1 and "1 fault in the mappings" in told.err


def test_a_file_that_is_not_there_is_said_once_and_without_a_number(shell: Inside, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.json")
    told = shell("client", "add", "--name", "X", "--type", "backend", "--jwks", gone)
    assert told.err == f"cgm-bridge: the JWK Set {gone} cannot be read: No such file or directory\n"


def test_a_mapping_that_there_is_not_is_said_before_the_file_is_looked_at(
    shell: Inside, tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("nothing")
    for command in ("try", "coverage"):
        told = shell("mapping", command, "nope", str(file))
        assert (
            told.code == 1
            and "no mapping is called 'nope'; there are" in told.err
            and "libreview" in told.err
        )


def test_a_check_of_mappings_names_what_is_laid_over_them(shell: Inside, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    assert "BRIDGE_MAPPINGS names no folder" in shell("mapping", "check", json_out=False).out
    assert f"no file of a site is in {site}" in shell("mapping", "check", str(site), json_out=False).out
    (site / "mine.yaml").write_text(SITE)
    assert shell("mapping", "check", str(site)).value["overlays"] == [
        {"file": str(site / "mine.yaml"), "concerns": "libreview"}
    ]
    told = shell("mapping", "check", str(site), json_out=False).out
    assert f"laid over: {site / 'mine.yaml'}  (libreview)" in told
