"""A JSON document through the command line, read by a mapping of the site alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.mapping.clouds import HERE, answer, reading
from tests.program.shell import Shell


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An answer of the invented cloud, and the folder of its mapping in force."""
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(HERE / "formats"))
    events = [
        {"id": "1", "date": 1_714_558_800_000, "insulin": 4.5, "carbs": 45},
        {"kind": "ping", "novel": 1},
        {"id": "2", "date": "yesterday", "insulin": 1},
    ]
    document = answer(reading(colour="red"), pump={"serial": "PP-1", "events": events})
    (tmp_path / "answer.json").write_text(json.dumps(document))
    return tmp_path / "answer.json"


def test_a_document_is_imported_and_its_account_adds_up(shell: Shell, file: Path) -> None:
    person = shell.patient("Ada Muster")
    (artifact,) = shell.take(person, file).value["artifacts"]
    streams = {stream: told["stored"] for stream, told in artifact["streams"].items()}
    assert streams == {"glucose": 1, "bolus": 1, "carbs": 1}
    assert (artifact["rows"], artifact["further"], artifact["ignored"]) == (4, 1, {"heartbeat": 1})
    assert artifact["rejected"] == [
        {
            "row": 3,
            "reason": "what is in field 'time.date' is no date and time as epoch-ms, epoch-s, net-date, iso",
            "part": "pump",
        }
    ]
    assert artifact["ignored_fields"] == ["readings.colour"]
    assert artifact["unknown_fields"] == ["pump.events.novel"]


def test_a_record_that_changed_amends_and_does_not_double(shell: Shell, file: Path) -> None:
    person = shell.patient("Ada Muster")
    shell.take(person, file)
    file.write_text(file.read_text().replace('"insulin": 4.5', '"insulin": 5.5'))
    (later,) = shell.take(person, file).value["artifacts"]
    assert later["streams"]["bolus"] == {"read": 1, "stored": 0, "duplicate": 0, "amended": 1}
    assert later["streams"]["carbs"] == {"read": 1, "stored": 0, "duplicate": 1, "amended": 0}


def test_a_document_of_somebody_else_goes_to_quarantine(shell: Shell, file: Path) -> None:
    (artifact,) = shell.take(shell.patient("Noor Beispiel"), file).value["artifacts"]
    assert artifact["state"] == "quarantined"


def test_what_a_mapping_makes_of_a_document_is_shown(shell: Shell, file: Path) -> None:
    shown = shell("mapping", "show", "pocket-cloud").value
    assert shown["reads"][0] == "records readings (readings, $[])"
    tried = shell("mapping", "try", "pocket-cloud", str(file)).value
    assert tried["streams"]["carbs pp-1"][0]["value"] == "45 g"
    covered = shell("mapping", "coverage", "pocket-cloud", str(file), json_out=False).out
    assert "record 3 of pump rejected" in covered
    assert "column not known: pump.events.novel (in 1)" in covered
