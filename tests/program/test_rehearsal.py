"""`mapping try` and `mapping diff`: what would leave, shown through the doors of a bridge that is thrown away."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.program.shell import Inside, Shell
from tests.program.test_import import DAY, clarity

ONE_CATEGORY = "extends: dexcom-clarity\nfhir:\n  glucose:\n    category: [laboratory]\n"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line in this process, in a home that is not there yet; its temporary files lie beside it."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return Inside(tmp_path / "home")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Half an hour of one person's readings."""
    path = tmp_path / "mine.csv"
    path.write_text(clarity(*DAY[:6], "400,2026-11-01T00:20:00,Insulin,Fast-Acting,,,iPhone G6,,4.50,,,,,"))
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that files glucose under one category."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "mine.yaml").write_text(ONE_CATEGORY)
    return folder


def test_the_first_resource_of_each_stream_is_what_a_query_of_the_owner_would_get(
    shell: Shell, file: Path
) -> None:
    shown = shell("mapping", "try", "dexcom-clarity", str(file), "--timezone", "Europe/Berlin").value["fhir"]
    glucose, bolus = shown["glucose"], shown["bolus"]
    assert glucose["resourceType"] == "Observation"
    assert glucose["effectiveDateTime"] == "2026-11-01T00:00:00+01:00"
    assert glucose["valueQuantity"]["value"] == 90
    assert glucose["identifier"][0]["value"] == glucose["id"]
    assert bolus["resourceType"] == "MedicationAdministration"
    assert bolus["dosage"]["dose"]["value"] == 4.5
    told = shell("mapping", "try", "dexcom-clarity", str(file), json_out=False).out
    assert '"value": 4.50' in told


def test_nothing_of_a_rehearsal_stays(shell: Shell, file: Path, site: Path) -> None:
    assert shell("mapping", "try", "dexcom-clarity", str(file)).code == 0
    assert shell("mapping", "diff", "shipped", str(site), "--file", str(file)).code == 0
    assert not shell.home.exists()
    assert list((shell.home.parent / "temporary").iterdir()) == []


def test_two_folders_are_compared_on_a_file(shell: Shell, file: Path, site: Path) -> None:
    told = shell("mapping", "diff", "shipped", str(site), "--file", str(file)).value
    (one,) = told["formats"]
    assert one["format"] == "dexcom-clarity"
    assert len(set(one["revision"])) == 1
    assert len(set(one["fhir_revision"])) == 2
    assert list(one["templates"]) == ["glucose"]
    (compared,) = told["files"]
    assert list(compared["streams"]) == ["glucose"]
    glucose = compared["streams"]["glucose"]
    assert (glucose["before"], glucose["after"], glucose["changed"]) == (6, 6, 6)
    assert glucose["first"]["places"] == ["category[1]: LAB -> absent"]
    lines = shell("mapping", "diff", "shipped", str(site), "--file", str(file), json_out=False).out
    assert "category[1]: LAB -> absent" in lines


def test_mappings_that_say_the_same_differ_in_nothing(shell: Shell) -> None:
    assert shell("mapping", "diff", "shipped", "shipped").value == {"formats": [], "files": []}
    assert shell("mapping", "diff", "shipped", "/nowhere/at/all").code == 2


def test_of_the_store_counts_alone_are_told(shell: Shell, file: Path, site: Path) -> None:
    shell.take(shell.patient(), file)
    told = shell("mapping", "diff", "shipped", str(site), "--store").value
    assert [one["stored"] for one in told["formats"]] == [{"glucose": 6}]
    assert file.name not in str(told)
