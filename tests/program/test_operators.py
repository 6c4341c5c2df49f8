"""In a clinic the command line is nobody until it says who it is, and the patient sees what it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from bridge.__main__ import main
from bridge.cli.named import number
from bridge.cli.shell import bridge
from bridge.store import destinations, outbox
from bridge.store.lanes import Lane
from tests.contracts.test_documents import commands
from tests.program.served import Clinic
from tests.program.shell import Inside, Shell
from tests.program.test_import import DAY, clarity

SOMEBODY = (
    "--operator",
    "Ana Amt",
    "--reason",
    "asked at the desk",
    "--basis",
    "written request of 2026-11-02",
)

NOBODYS = frozenset(
    {
        ("demo",), ("serve",), ("migrate",), ("check",), ("ledger", "verify"),
        ("client", "add"), ("client", "list"), ("client", "remove"), ("client", "edit"), ("client", "verify"),
        ("keys", "rotate"), ("ehr", "add"), ("ehr", "list"), ("ehr", "check"), ("ehr", "remove"),
        ("staff", "add"), ("staff", "list"), ("staff", "move"), ("staff", "remove"), ("staff", "log"),
        ("ages", "list"), ("ages", "set"),
        ("destination", "add"), ("destination", "list"), ("destination", "remove"), ("subscriptions", "list"),
        ("mapping", "check"), ("mapping", "try"), ("mapping", "coverage"), ("mapping", "show"),
        ("mapping", "diff"), ("collect", "words"), ("subscriptions", "list"),
        ("keys", "rotate"),
    }
)  # fmt: skip
"""Commands that touch nothing of a person: recipients, addresses, mappings, the installation itself."""


def test_every_command_that_touches_a_person_asks_who_acts() -> None:
    asking = set()
    for words in commands(main):
        found: click.Command = main
        for word in words:
            assert isinstance(found, click.Group)
            found = found.get_command(click.Context(found), word) or found
        if {"operator", "reason", "basis"} <= {each.name for each in found.params}:
            asking.add(words)
    assert set(commands(main)) - asking == NOBODYS


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The command line inside this process: these tests are many words and little work."""
    return Inside(tmp_path / "home")


@pytest.fixture
def ids(shell: Shell, tmp_path: Path) -> dict[str, str]:
    """A person with a day of readings, a client, a grant and a link, made while the mode was family."""
    file, patient, clinic = tmp_path / "mine.csv", shell.patient(), Clinic(shell, tmp_path)
    file.write_text(clarity(*DAY))
    (artifact,) = shell.take(patient, file).value["artifacts"]
    whole = ("--patient", patient, "--client", clinic.id)
    grant = shell("grant", "add", *whole, "--start", "2026-11-01", "--end", "2026-11-02").value["id"]
    link = shell("link", "add", *whole, "--identifier", "urn:mrn|1", "--confirmed-by", "Dr. Who").value["id"]
    return {
        "PATIENT": patient,
        "CLIENT": clinic.id,
        "ARTIFACT": artifact["id"],
        "GRANT": grant,
        "LINK": str(link),
        "FILE": str(file),
        "FORM": str(file),
    }


DEEDS = """
patient show PATIENT
patient zone add PATIENT --timezone Europe/London --from 2026-11-05
collect list --patient PATIENT
collect add --patient PATIENT --source dexcom-clarity --evidence FORM
import FILE --patient PATIENT
artifact list --patient PATIENT
artifact show ARTIFACT
reimport ARTIFACT
grant list --patient PATIENT
grant list
grant show GRANT
grant add --patient PATIENT --client CLIENT --last-days 3
grant pause GRANT
grant revoke GRANT
link list
link suspend LINK
link remove LINK
link add --patient PATIENT --client CLIENT --identifier urn:mrn|1 --confirmed-by Somebody
deliveries list --patient PATIENT
deliveries affected --artifact ARTIFACT
ledger list --patient PATIENT
collect withdraw --patient PATIENT --source dexcom-clarity
artifact remove ARTIFACT --yes
patient erase PATIENT --yes
""".strip().splitlines()
"""One line a command, in an order in which each can be done."""


def spoken(deed: str, ids: dict[str, str]) -> list[str]:
    return [ids.get(word, word) for word in deed.split()]


def test_an_operator_without_a_name_sees_and_does_nothing(
    shell: Shell, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shell("ledger", "list", "--patient", ids["PATIENT"]).value
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    for deed in DEEDS:
        ran = shell(*spoken(deed, ids))
        assert (ran.code, ran.out) == (1, ""), deed
        assert "--operator, --reason and --basis" in ran.err, deed
    assert shell("patient", "list").value == [{"id": ids["PATIENT"]}]
    monkeypatch.setenv("BRIDGE_MODE", "family")
    assert shell("ledger", "list", "--patient", ids["PATIENT"]).value == before


def test_the_patient_finds_each_act_of_an_operator_in_the_ledger(
    shell: Shell, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    for deed in DEEDS[:-1]:
        words = [*spoken(deed, ids), *SOMEBODY]
        ran = shell(*words)
        assert ran.code == 0, (deed, ran.err)
    monkeypatch.setenv("BRIDGE_MODE", "family")
    rows = shell("ledger", "list", "--patient", ids["PATIENT"]).value
    told = [row for row in rows if row["kind"] == "act" or row.get("channel") == "command line"]
    assert {row["person"] for row in told} == {"Ana Amt"}
    assert {row["basis"] for row in told} == {"written request of 2026-11-02"}
    assert all(row["asked"].endswith("asked at the desk") for row in told)
    acts = [row.get("act") or row["asked"].split(";")[0] for row in told]
    assert acts == [next(name for name in names() if deed.startswith(name)) for deed in DEEDS[:-1]]


def names() -> list[str]:
    """Every command, longest first."""
    return sorted((" ".join(words) for words in commands(main)), key=len, reverse=True)


def test_a_grant_of_an_operator_is_told_to_the_patient_with_the_way_to_end_it(
    shell: Shell, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    words = ("grant", "add", "--patient", ids["PATIENT"], "--client", ids["CLIENT"], "--last-days", "3")
    grant = shell(*words, *SOMEBODY).value["id"]
    monkeypatch.setenv("BRIDGE_MODE", "family")
    (act,) = acts(shell, ids["PATIENT"])
    assert act["asked"].startswith(f"grant {grant} to Clinic EHR; to end it: cgm-bridge grant revoke {grant}")
    assert shell("grant", "revoke", grant).value["state"] == "revoked"


def test_a_list_of_names_is_a_look_at_each(
    shell: Shell, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shell.patient("Ben Muster")
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    assert {one["name"] for one in shell("patient", "list", *SOMEBODY).value} == {
        "Noor Beispiel",
        "Ben Muster",
    }
    monkeypatch.setenv("BRIDGE_MODE", "family")
    for one in (ids["PATIENT"], other):
        rows = [row for row in shell("ledger", "list", "--patient", one).value if row["kind"] == "intent"]
        assert [(row["person"], row["kinds"]) for row in rows] == [("Ana Amt", ["demographics"])]


def test_the_ledger_of_an_erased_person_tells_what_was_done_and_no_longer_by_whom(
    shell: Shell, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    assert shell("patient", "erase", ids["PATIENT"], "--yes", *SOMEBODY).code == 0
    assert shell("ledger", "list", "--patient", ids["PATIENT"], *SOMEBODY).code == 0
    monkeypatch.setenv("BRIDGE_MODE", "family")
    told = [(row["act"], row["person"], row["basis"]) for row in acts(shell, ids["PATIENT"])]
    basis = "written request of 2026-11-02"
    assert told == [("patient erase", "erased", basis), ("ledger list", "erased", basis)]
    assert shell("ledger", "verify").value["sound"] is True


def test_nobody_is_erased_while_a_receiver_holds_what_could_not_be_taken_back_any_more(
    shell: Shell, ids: dict[str, str]
) -> None:
    with bridge(shell.home) as found:
        patient = number(found, ids["PATIENT"])
        clinic = destinations.add(found.db, ids["CLIENT"], "transaction", "https://ehr.example/fhir").number
        item = outbox.Item(bytes(16), "Observation", "1-a")
        outbox.begin(found.db, Lane(patient, clinic), "readings", ids["GRANT"], 1, None, [item])
    refused = shell("patient", "erase", ids["PATIENT"], "--yes")
    assert refused.code != 0 and f"{ids['CLIENT']} (1 items)" in refused.err
    assert shell("patient", "show", ids["PATIENT"]).code == 0
    erased = shell("patient", "erase", ids["PATIENT"], "--yes", "--untold")
    assert (erased.code, erased.value["erased"], erased.value["untold"]) == (0, True, [])
    assert shell("patient", "show", ids["PATIENT"]).code != 0


def acts(shell: Shell, patient: str) -> list[dict[str, Any]]:
    """The acts of operators in a person's ledger."""
    return [row for row in shell("ledger", "list", "--patient", patient).value if row["kind"] == "act"]
