"""In a clinic the command line is nobody until it says who it is."""

from __future__ import annotations

import pytest

from tests.program.shell import Shell

SOMEBODY = (
    "--operator",
    "Ana Amt",
    "--reason",
    "asked at the desk",
    "--basis",
    "written request of 2026-11-02",
)


def test_an_operator_without_a_name_sees_and_ends_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = shell.patient()
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    for words in (("patient", "show", patient), ("patient", "erase", patient, "--yes")):
        ran = shell(*words)
        assert (ran.code, ran.out) == (1, "")
        assert "--operator" in ran.err
    assert [one["id"] for one in shell("patient", "list").value] == [patient]


def test_the_patient_finds_the_operator_in_the_ledger(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = shell.patient()
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    assert shell("patient", "show", patient, *SOMEBODY).value["name"] == "Noor Beispiel"
    (intent,) = [
        row for row in shell("ledger", "list", "--patient", patient).value if row["kind"] == "intent"
    ]
    assert (intent["person"], intent["basis"]) == ("Ana Amt", "written request of 2026-11-02")
    assert "asked at the desk" in intent["asked"]
