"""`cgm-bridge export`: everything a person has here, in files that other programs read, and rows of the ledger."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.program.shell import Inside, Shell
from tests.program.test_import import DAY, clarity
from tests.web.brought import summary
from tests.web.submitted import SCOPE, bundle, intake, statuses, submit
from tests.web.world import MASTER, World

INSULIN = "400,2026-11-01T08:00:00,Insulin,Fast-Acting,,,iPhone G6,,4.50,,,,"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The command line inside this process."""
    return Inside(tmp_path / "home")


@pytest.fixture
def patient(shell: Shell, tmp_path: Path) -> str:
    """A person with a day of readings, and a dose."""
    file, one = tmp_path / "mine.csv", shell.patient()
    file.write_text(clarity(*DAY, INSULIN))
    assert shell.take(one, file).code == 0
    return one


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in path.read_text("utf-8").splitlines()]


def exported(shell: Shell, patient: str, folder: Path, *words: str) -> dict[str, Any]:
    ran = shell("export", "--patient", patient, "--output", str(folder), *words)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = ran.value
    assert {each["file"]: each["bytes"] for each in found["files"]} == {
        each.name: each.stat().st_size for each in folder.iterdir()
    }
    return found


def test_every_reading_stands_in_the_export_with_its_evidence_once(
    shell: Shell, patient: str, tmp_path: Path
) -> None:
    told = exported(shell, patient, tmp_path / "mine")
    glucose, doses = (
        lines(tmp_path / "mine" / f"{kind}.ndjson") for kind in ("Observation", "MedicationAdministration")
    )
    assert (len(glucose), len(doses), told["readings"], told["left_out"]) == (288, 1, 289, {})
    assert {each["subject"]["reference"] for each in glucose} == {f"Patient/{patient}"}
    evidence = lines(tmp_path / "mine" / "Provenance.ndjson")
    targets = {each["target"][0]["reference"] for each in evidence}
    assert targets == {f"{each['resourceType']}/{each['id']}" for each in (*glucose, *doses)}
    (person,) = lines(tmp_path / "mine" / "Patient.ndjson")
    assert person["name"][0]["text"] == "Noor Beispiel"


def test_a_bundle_and_a_table_say_the_same_values(shell: Shell, patient: str, tmp_path: Path) -> None:
    exported(shell, patient, tmp_path / "mine")
    exported(shell, patient, tmp_path / "bundle", "--format", "bundle")
    exported(shell, patient, tmp_path / "table", "--format", "csv")
    apart = [each["valueQuantity"]["value"] for each in lines(tmp_path / "mine" / "Observation.ndjson")]
    bundle = json.loads((tmp_path / "bundle" / "everything.json").read_text("utf-8"))
    together = [each["resource"] for each in bundle["entry"]]
    kinds = [each["resourceType"] for each in together]
    assert kinds.count("Patient") == 1 and kinds.count("Observation") == 288
    assert [
        each["valueQuantity"]["value"] for each in together if each["resourceType"] == "Observation"
    ] == apart
    rows = (tmp_path / "table" / "readings.csv").read_text("utf-8").splitlines()
    table = list(csv.DictReader(each for each in rows if not each.startswith("#")))
    assert [int(each["value"]) for each in table if each["kind"] == "glucose"] == apart
    assert [each["value"] for each in table if each["kind"] == "bolus"] == ["4.50"]


def test_an_export_of_days_has_readings_of_these_days_alone(
    shell: Shell, patient: str, tmp_path: Path
) -> None:
    days = ("--start", "2026-11-02", "--end", "2026-11-02")
    assert exported(shell, patient, tmp_path / "after", *days)["readings"] == 0
    days = ("--start", "2026-11-01", "--end", "2026-11-01")
    assert exported(shell, patient, tmp_path / "of", *days)["readings"] == 289
    backwards = ("--start", "2026-11-03", "--end", "2026-11-01")
    ran = shell("export", "--patient", patient, "--output", str(tmp_path / "no"), *backwards)
    assert ran.code == 2 and not (tmp_path / "no").exists()


def test_what_others_submitted_is_of_its_days_in_every_form_and_counted_as_no_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path / "home")
    world.clinic, ada = world.register("Submitting EHR", "Clinic", SCOPE), world.patient_id(world.ada)
    intake(world, world.ada)
    assert 202 in statuses(submit(world, bundle(summary(ada, value=133))))
    world.close()
    monkeypatch.setenv("BRIDGE_MASTER_KEY", MASTER.hex())
    shell = Inside(tmp_path / "home")
    days = ("--start", "2020-01-01", "--end", "2020-01-02")
    counts = set[int]()
    for form, file in (("ndjson", "DiagnosticReport.ndjson"), ("bundle", "everything.json"), ("csv", "")):
        told = exported(shell, ada, tmp_path / form, "--format", form)
        counts.add(told["readings"])
        assert not file or '"DiagnosticReport"' in (tmp_path / form / file).read_text("utf-8")
        then = exported(shell, ada, tmp_path / f"{form} then", "--format", form, *days)
        assert then["readings"] == 0
        assert not (tmp_path / f"{form} then" / "DiagnosticReport.ndjson").exists()
    assert len(counts) == 1 and 0 not in counts


def test_an_export_is_written_down_file_by_file_and_over_nothing(
    shell: Shell, patient: str, tmp_path: Path
) -> None:
    exported(shell, patient, tmp_path / "mine")
    before = {each.name: each.read_bytes() for each in (tmp_path / "mine").iterdir()}
    again = shell("export", "--patient", patient, "--output", str(tmp_path / "mine"))
    assert again.code == 1 and "not empty" in again.err
    assert {each.name: each.read_bytes() for each in (tmp_path / "mine").iterdir()} == before
    rows = shell("ledger", "list", "--patient", patient).value
    told = {row["asked"]: row["outcome"] for row in rows if row["kind"] == "intent"}
    kinds = ("Observation", "MedicationAdministration", "Provenance", "Patient", "Device")
    assert {f"export: {kind}": "sent" for kind in kinds}.items() <= told.items()


def test_an_operator_of_a_clinic_exports_only_under_a_name(
    shell: Shell, patient: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    ran = shell("export", "--patient", patient, "--output", str(tmp_path / "mine"))
    assert ran.code == 1 and "--operator, --reason and --basis" in ran.err
    assert not (tmp_path / "mine").exists()
