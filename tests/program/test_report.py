"""`cgm-bridge report`: a PDF of the days that were asked for, written once, and a row of the ledger."""

from __future__ import annotations

from pathlib import Path

from tests.program.shell import Shell

LIBRE = "conformance/libreview/demo-libreview-2026-11-09.csv"


def test_a_report_is_written_once_and_is_in_the_ledger(shell: Shell, project: Path, tmp_path: Path) -> None:
    patient, output = shell.patient(), tmp_path / "report.pdf"
    shell.take(patient, project / LIBRE)
    asked = (
        "report",
        "--patient",
        patient,
        "--start",
        "2026-10-18",
        "--end",
        "2026-10-31",
        "--output",
        str(output),
    )
    ran = shell(*asked, "--targets", "standard")
    assert ran.code == 0, ran.err
    assert ran.value["title"] == "CGM report, Sun 18 Oct 2026 to Sat 31 Oct 2026"
    assert output.read_bytes().startswith(b"%PDF-") and ran.value["bytes"] == output.stat().st_size
    again = shell(*asked)
    assert again.code == 1 and "was not written" in again.err
    rows = shell("ledger", "list", "--patient", patient).value
    came = [row.get("outcome") for row in rows if row.get("channel") == "report" and row["kind"] == "intent"]
    assert sorted(map(str, came)) == ["failed", "sent"]


def test_where_there_is_nothing_to_report_no_file_is_made(shell: Shell, tmp_path: Path) -> None:
    patient, output = shell.patient(), tmp_path / "report.pdf"
    none = shell("report", "--patient", patient, "--last-days", "14", "--output", str(output))
    assert none.code == 1 and "no sensor glucose" in none.err and not output.exists()
    assert shell("report", "--patient", patient, "--output", str(output)).code == 2
