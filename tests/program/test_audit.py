"""`ledger export` as FHIR: the owner's AuditEvents, in both notations; an operator names themself."""

from __future__ import annotations

from pathlib import Path

import pytest

import bridge.settings
from tests.fhir.valid import resources, valid
from tests.program.served import Clinic
from tests.program.shell import Inside


def test_the_ledger_is_exported_as_audit_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Inside(tmp_path / "home")
    patient, other = shell.patient(), shell.patient("Ola Beispiel")
    client = Clinic(shell, tmp_path).id
    shell("grant", "add", "--patient", patient, "--client", client, "--last-days", "14", "--later-sources")
    words = ("ledger", "export", "--patient", patient, "--format")
    events = resources(valid(shell(*words, "fhir", json_out=False).out.encode()), "AuditEvent")
    assert [each["outcomeDesc"] for each in events] == ["sign"]
    assert {each["entity"][0]["what"]["reference"] for each in events} == {f"Patient/{patient}"}
    again = resources(valid(shell(*words, "fhir", json_out=False).out.encode()), "AuditEvent")
    assert len(again) == len(events) + 1, "a look at the ledger is a row of it"
    assert shell(*words, "fhir-xml", json_out=False).out.startswith('<Bundle xmlns="http://hl7.org/fhir">')
    assert not resources(
        valid(shell(*words[:3], other, "--format", "fhir", json_out=False).out.encode()), "AuditEvent"
    )
    monkeypatch.setenv("BRIDGE_MODE", bridge.settings.Mode.CLINIC.value)
    refused = shell(*words, "fhir", json_out=False)
    assert refused.code == 1 and "AuditEvent" not in refused.out
