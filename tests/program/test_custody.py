"""A provider's own record at the command line: nobody's to share or fill, said when a person is erased, erased late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import bridge.app
import bridge.settings
from bridge.app import Bridge, clock
from bridge.consent.asked import Asked, Way
from bridge.consent.permit import RecipientPermit
from bridge.period import DAY, iso
from bridge.store.custody import Came, Record, Rule
from tests.program.shell import Inside, Shell
from tests.program.test_collecting import submitting
from tests.program.test_operators import SOMEBODY
from tests.web.custody import record

RULE = Rule("Records Act 12", 12)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line of a clinic, inside this process."""
    monkeypatch.setenv("BRIDGE_MASTER_KEY", "11" * 32)
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    return Inside(tmp_path / "home")


@contextmanager
def opened(shell: Shell) -> Iterator[Bridge]:
    environment = {"BRIDGE_MASTER_KEY": "11" * 32, "BRIDGE_MODE": "clinic"}
    with closing(bridge.app.opened(bridge.settings.load(environment, home=shell.home))) as found:
        yield found


def kept(shell: Shell, patient: str, days_ago: int = 0) -> str:
    """A record about a person that began so many days ago; its id."""
    with opened(shell) as found:
        name = found.db.ids.read("Patient", patient)
        assert name is not None
        number = record(found.db, name.patient, "Acme", RULE)
        public = found.patient_id(number)
        with found.db.write("bridge") as con:
            con.execute("UPDATE custody_rules SET last = ?", (clock() - days_ago * DAY,))
    return public


def person(shell: Shell) -> str:
    return str(shell("patient", "add", "--name", "Noor Beispiel", *SOMEBODY).value["id"])


def test_a_record_is_no_patient_at_the_command_line(shell: Shell) -> None:
    patient = person(shell)
    own, client = kept(shell, patient), submitting(shell)
    about = ("--patient", own)
    wrong = (
        ("grant", "add", *about, "--client", client, "--last-days", "3"),
        ("collect", "add", *about, "--client", client),
        ("artifact", "list", *about),
        ("import", str(Path(__file__)), *about),
        ("patient", "invite", own),
        ("patient", "show", own),
        ("patient", "erase", own, "--yes"),
        ("link", "add", *about, "--client", client, "--identifier", "s|v", "--confirmed-by", "me"),
        ("client", "launch", client, *about),
    )
    for words in wrong:
        refused = shell(*words, *SOMEBODY)
        assert refused.code in (1, 2) and own not in refused.out, words
        assert refused.code == 2 or "Acme's own record, not a patient's" in refused.err, (words, refused.err)
    people = shell("patient", "list", *SOMEBODY).value
    assert [each["id"] for each in people] == [patient]


def test_erasing_a_person_says_what_stays_under_which_law_until_when(shell: Shell) -> None:
    patient = person(shell)
    own = kept(shell, patient)
    until = f"{int(iso(clock())[:4]) + 12}"
    erased = shell("patient", "erase", patient, "--yes", *SOMEBODY)
    (stays,) = erased.value["stays"]
    assert (stays["id"], stays["organization"], stays["law"], stays["years"]) == (
        own,
        "Acme",
        RULE.law,
        RULE.years,
    )
    assert stays["until"].startswith(until) and stays["over"] is False
    (listed,) = shell("custody", "list", *SOMEBODY).value
    assert stays["about"] == patient and listed == stays | {"about": None}
    early = shell("custody", "erase", own, "--yes", *SOMEBODY)
    assert early.code == 1 and "Records Act 12" in early.err and stays["until"] in early.err
    assert patient not in shell("custody", "list", *SOMEBODY, json_out=False).out


def test_the_ledger_of_a_record_is_listed_by_its_id_also_after_the_person_was_erased(shell: Shell) -> None:
    patient = person(shell)
    own = kept(shell, patient)
    shell("patient", "erase", patient, "--yes", *SOMEBODY)
    shell("custody", "list", *SOMEBODY)
    rows = shell("ledger", "list", "--patient", own, *SOMEBODY).value
    assert [row["act"] for row in rows] == ["custody list"]


def test_what_a_provider_read_is_in_the_list_and_the_export_of_the_person(shell: Shell) -> None:
    patient = person(shell)
    own = kept(shell, patient)
    with opened(shell) as found:
        number = found.db.ids.read("Patient", own)
        assert number is not None
        asked = Asked(number.patient, Way.LOOK, "query", "GET Observation")
        permit = RecipientPermit("ehr", "Acme", "TREAT", "token", clock() + DAY)
        for outcome in ("failed", "sent"):
            found.gate.settle(
                found.gate.disclose_now(permit, replace(asked, patient_resource=True)), outcome, 1
            )
    rows = shell("ledger", "list", "--patient", patient, *SOMEBODY).value
    reads = [row for row in rows if row["kind"] == "intent"]
    assert [(row["record"], row["recipient"], row["outcome"]) for row in reads] == [
        ("Acme", "Acme", "failed"),
        ("Acme", "Acme", "sent"),
    ]
    times = [datetime.fromisoformat(row["at"]) for row in rows]
    assert times == sorted(times)
    assert {row["record"] for row in rows} == {None, "Acme"}
    exported = shell("ledger", "export", "--patient", patient, *SOMEBODY, json_out=False).value
    kinds = [each["kind"] for each in exported]
    assert kinds.count("intent") == kinds.count("outcome") == 2
    mine = shell("ledger", "list", "--patient", own, *SOMEBODY).value
    assert [row["record"] for row in mine if row["kind"] == "intent"] == [None, None]
    shell("patient", "erase", patient, "--yes", *SOMEBODY)
    rows = shell("ledger", "list", "--patient", patient, *SOMEBODY).value
    assert rows and {row["record"] for row in rows} == {None}


def test_a_year_without_a_leap_day_ends_a_day_later() -> None:
    leap = int(datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp() * 1000)
    one = Record(1, 2, "Acme", 0, (Came(Rule("Records Act 12", 1), leap),))
    assert one.until == date(2029, 3, 1)
    assert not one.is_over(leap + 366 * DAY) and one.is_over(leap + 367 * DAY)
    assert Came(Rule("Records Act 12", 4), leap).until == date(2032, 2, 29)


def test_what_stays_is_said_before_anybody_answers(shell: Shell) -> None:
    patient = person(shell)
    own = kept(shell, patient)
    asked = shell("patient", "erase", patient, *SOMEBODY)
    assert asked.code == 1 and f"Acme keeps its own record {own}" in asked.err + asked.out
    assert [each["id"] for each in shell("patient", "list", *SOMEBODY).value] == [patient]


def test_a_record_whose_time_is_over_is_named_and_erased_with_its_key(shell: Shell) -> None:
    patient = person(shell)
    own = kept(shell, patient, days_ago=12 * 366)
    told = f"the time of the provider's record {own} is over"
    assert told in "".join(shell("check").value["warnings"])
    assert (
        shell("custody", "erase", own, "--yes").code == 1 == shell("custody", "list").code
    )  # nobody is named
    assert shell("custody", "erase", patient, "--yes", *SOMEBODY).code == 1  # a person is no record
    assert shell("custody", "erase", own, "--yes", *SOMEBODY).value["erased"] is True
    assert shell("custody", "list", *SOMEBODY).value == [] and told not in "".join(
        shell("check").value["warnings"]
    )
    with opened(shell) as found:
        assert found.db.keys.destroyed() and found.patients()
    assert shell("ledger", "verify").value["sound"] is True


def test_what_comes_in_while_somebody_is_asked_keeps_the_record(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = kept(shell, person(shell), days_ago=12 * 366)

    def meanwhile(*_: object, **__: object) -> bool:
        with opened(shell) as found, found.db.write("bridge") as con:
            con.execute("UPDATE custody_rules SET last = ?", (clock(),))
        return True

    monkeypatch.setattr("click.confirm", meanwhile)
    refused = shell("custody", "erase", own, *SOMEBODY)
    assert refused.code == 1 and "Records Act 12" in refused.err
    (stays,) = shell("custody", "list", *SOMEBODY).value
    assert (stays["id"], stays["over"]) == (own, False)
    with opened(shell) as found:
        assert found.db.keys.destroyed() == ()
