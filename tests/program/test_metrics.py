"""Figures of a period against a plain count over the file, and the reason where there is none."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest

from tests.program.shell import Ran, Shell

LIBRE = "conformance/libreview/demo-libreview-2026-11-09.csv"


def figures(ran: Ran) -> dict[tuple[str, str], Any]:
    """Value of each figure by name and unit."""
    assert ran.code == 0, ran.err
    return {(row["figure"], row["unit"]): row["value"] for row in ran.value["figures"]}


def glucose(file: Path, first: str, end: str) -> list[float]:
    """What the sensor stored by itself (record type 0), in mmol/L or mg/dL as written."""
    found = []
    for row in csv.reader(file.read_text("utf-8").splitlines()):
        if len(row) > 12 and row[3] == "0":
            day, month, year = row[2].split()[0].split("-")
            if first <= f"{year}-{month}-{day}" < end:
                found.append(float(row[4]))
    return found


def test_figures_of_a_fortnight_with_a_clock_change_equal_a_plain_count(shell: Shell, project: Path) -> None:
    patient = shell.patient()
    shell.take(patient, project / LIBRE)
    ran = shell("metrics", "--patient", patient, "--from", "2026-10-18", "--days", "14")
    told, plain = figures(ran), glucose(project / LIBRE, "2026-10-18", "2026-11-01")
    assert ran.value["readings"] == len(plain) > 1000
    unit = "mmol/L" if max(plain) < 40 else "mg/dL"
    assert told["mean", unit] == pytest.approx(fmean(plain), abs=0.006)
    spread = stdev(plain) * (18.01559 if unit == "mmol/L" else 1)
    assert told["standard deviation", "mg/dL"] == pytest.approx(spread, abs=0.006)
    low, high = (3.9, 10.0) if unit == "mmol/L" else (70, 180)
    share = 100 * sum(low <= value <= high for value in plain) / len(plain)
    assert told["in range", "%"] == pytest.approx(share, abs=0.006)


def test_a_week_has_no_gmi_and_says_why(shell: Shell, project: Path) -> None:
    patient = shell.patient()
    shell.take(patient, project / LIBRE)
    ran = shell("metrics", "--patient", patient, "--from", "2026-11-01", "--days", "7")
    assert figures(ran)["glucose management indicator", "%"] is None
    assert "the period is shorter than 14 days" in ran.value["insufficient data"]
    text = shell("metrics", "--patient", patient, "--from", "2026-11-01", "--days", "7", json_out=False).out
    (line,) = [each for each in text.splitlines() if each.startswith("glucose management indicator")]
    assert line.endswith("the period is shorter than 14 days")


def test_figures_of_nothing_are_reasons(shell: Shell) -> None:
    told = figures(shell("metrics", "--patient", shell.patient(), "--from", "2026-10-28"))
    assert told["mean", "mg/dL"] is None
    assert told["insulin total a day", "U"] is None
    assert told["days of wear", "d"] == 0


def test_a_look_at_figures_is_a_row_of_the_ledger(shell: Shell, project: Path) -> None:
    patient = shell.patient()
    shell.take(patient, project / LIBRE)
    assert shell("metrics", "--patient", patient, "--from", "2026-11-01").code == 0
    kinds = [row["kind"] for row in shell("ledger", "list", "--patient", patient).value]
    assert kinds.count("intent") == kinds.count("outcome") == 1
