"""A person's own export through the command line: every row told, nothing half done, nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench.year import exports
from tests.program.shell import Shell

CLARITY = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,Source Device ID,"
    "Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),Duration (hh:mm:ss),"
    "Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),Transmitter ID\n"
)


def clarity(*rows: str, first: str = "Noor", last: str = "Beispiel") -> str:
    """A small export of one person."""
    return (
        CLARITY
        + f"1,,FirstName,,{first},,,,,,,,\n2,,LastName,,{last},,,,,,,,\n"
        + "".join(f"{r}\n" for r in rows)
    )


def egv(index: int, stamp: str, value: str, tick: int, transmitter: str = "8BENC0") -> str:
    """One reading's row."""
    word = value if value in ("Low", "High") else ""
    return f"{index},{stamp},EGV,{word},,,iPhone G6,{value},,,,,{tick},{transmitter}"


DAY = [
    egv(i + 3, f"2026-11-01T{i // 12:02d}:{i % 12 * 5:02d}:00", str(90 + i % 80), 7573 + 300 * i)
    for i in range(288)
]


def account(artifact: dict[str, Any]) -> int:
    """The rows that an account explains."""
    read = sum(stream["read"] for stream in artifact["streams"].values())
    return int(read + sum(artifact["ignored"].values()) + len(artifact["rejected"]))


def test_an_export_is_accounted_for_row_by_row(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    broken = egv(400, "2026-11-02T25:61:00", "100", 100_000)
    insulin = "401,2026-11-02T08:00:00,Insulin,Fast-Acting,,,iPhone G6,,4.50,,,,"
    file.write_text(clarity(*DAY, broken, insulin))
    (artifact,) = shell.take(shell.patient(), file).value["artifacts"]
    assert artifact["streams"]["glucose"] == {"read": 288, "stored": 288, "duplicate": 0, "amended": 0}
    assert artifact["streams"]["bolus"]["stored"] == 1
    assert [each["row"] for each in artifact["rejected"]] == [292]
    assert account(artifact) == artifact["rows"] == 292
    assert (artifact["first"], artifact["last"]) == ("2026-10-31T23:00:00Z", "2026-11-02T07:00:00Z")


def test_the_same_file_again_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    file, person = tmp_path / "mine.csv", shell.patient()
    file.write_text(clarity(*DAY))
    shell.take(person, file)
    (again,) = shell.take(person, file).value["artifacts"]
    assert again["streams"]["glucose"] == {"read": 288, "stored": 0, "duplicate": 288, "amended": 0}
    assert len(shell("artifact", "list", "--patient", person).value) == 1


def test_an_overlapping_export_brings_only_what_is_new(shell: Shell, tmp_path: Path) -> None:
    one, two, person = tmp_path / "one.csv", tmp_path / "two.csv", shell.patient()
    one.write_text(clarity(*DAY[:200]))
    two.write_text(clarity(*DAY[100:]))
    shell.take(person, one)
    (later,) = shell.take(person, two).value["artifacts"]
    assert later["streams"]["glucose"] == {"read": 188, "stored": 88, "duplicate": 100, "amended": 0}


def test_another_persons_file_lands_in_quarantine_until_a_human_lets_it_in(
    shell: Shell, tmp_path: Path
) -> None:
    file, person = tmp_path / "sister.csv", shell.patient()
    file.write_text(clarity(*DAY, first="Lina"))
    ran = shell.take(person, file)
    (artifact,) = ran.value["artifacts"]
    assert (ran.code, artifact["state"], artifact["streams"]) == (1, "quarantined", {})
    assert "names another person" in ran.err
    done = shell("artifact", "confirm", artifact["id"], "--reason", "married name")
    assert done.value["streams"]["glucose"]["stored"] == 288


def test_a_sensor_worn_by_two_patients_at_once_is_doubted(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(clarity(*DAY, first="", last=""))
    shell.take(shell.patient(), file)
    ran = shell.take(shell.patient("Ben Muster"), file)
    assert ran.code == 1
    assert "worn by another patient" in ran.err


def test_a_removed_file_is_gone_and_what_it_displaced_is_back(shell: Shell, tmp_path: Path) -> None:
    one, two, person = tmp_path / "one.csv", tmp_path / "two.csv", shell.patient()
    one.write_text(clarity(*DAY))
    two.write_text(clarity(egv(3, "2026-11-01T00:00:00", "222", 7573), *DAY[1:20]))
    shell.take(person, one)
    (correction,) = shell.take(person, two).value["artifacts"]
    assert correction["streams"]["glucose"]["amended"] == 1
    done = shell("artifact", "remove", correction["id"], "--yes").value
    assert done["restored"] == 1
    (again,) = shell.take(person, one).value["artifacts"]
    assert again["streams"]["glucose"]["duplicate"] == 288


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("noise.bin", bytes(range(256)) * 40, ""),
        ("nul.csv", b"\x00" * 4096, ""),
        ("letter.txt", b"Liebe Praxis, anbei meine Werte.\n", ""),
        (
            "tandem.csv",
            b"DeviceType,SerialNumber,Description,EventDateTime,Readings (mg/dL)\nX,1,EGV,2026-01-01T00:00:00,100\n",
            "",
        ),
        ("line.csv", b"x" * (70 << 20), ""),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence_and_leaves_no_trace(
    shell: Shell, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    file, person = tmp_path / name, shell.patient()
    file.write_bytes(content)
    ran = shell.take(person, file)
    assert ran.code == 1
    assert name in ran.err
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert ran.value["artifacts"] == []
    assert [each["file"] for each in ran.value["refused"]] == [name]
    assert shell("artifact", "list", "--patient", person).value == []
    assert not [path for path in (shell.home / "originals").rglob("*") if path.is_file()]


def test_a_folder_is_refused_and_the_files_beside_it_are_taken(shell: Shell, tmp_path: Path) -> None:
    file, person = tmp_path / "mine.csv", shell.patient()
    file.write_text(clarity(*DAY))
    ran = shell.take(person, tmp_path, file)
    assert ran.code == 1
    assert "folder" in ran.err
    assert [one["file"] for one in ran.value["artifacts"]] == ["mine.csv"]


def test_a_torn_file_gives_what_was_whole(shell: Shell, tmp_path: Path) -> None:
    file, person = tmp_path / "torn.csv", shell.patient()
    file.write_text(clarity(*DAY)[:-40])
    (artifact,) = shell.take(person, file).value["artifacts"]
    assert artifact["streams"]["glucose"]["stored"] == 287
    assert account(artifact) == artifact["rows"]


def test_a_year_of_quoted_exports_is_read_whole(shell: Shell, tmp_path: Path) -> None:
    person, files = shell.patient(timezone="UTC"), []
    for index, content in enumerate(exports()):
        files.append(tmp_path / f"{index}.csv")
        files[-1].write_bytes(content)
    artifacts = shell.take(person, *files).value["artifacts"]
    assert sum(one["streams"]["glucose"]["stored"] for one in artifacts) == 105_120
