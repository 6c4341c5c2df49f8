"""Daily totals against a plain sum of the file, and without a number where sources claim the same hours."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from tests.program.shell import Shell

LIBRE = "conformance/libreview/demo-libreview-2026-11-09.csv"
CLARITY = "conformance/dexcom-clarity/demo-clarity-2026-11-14.csv"


def summed(file: Path) -> dict[str, Decimal]:
    """Insulin by local day, added up cell by cell."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.reader(file.read_text("utf-8").splitlines()):
        if len(row) > 12 and row[3] == "4":
            day, month, year = row[2].split()[0].split("-")
            found[f"{year}-{month}-{day}"] += sum(Decimal(row[at]) for at in (7, 12) if row[at])
    return found


def test_totals_equal_a_plain_sum_and_a_day_of_two_sources_has_none(shell: Shell, project: Path) -> None:
    patient = shell.patient()
    shell.take(patient, project / LIBRE, project / CLARITY)
    rows = shell("totals", "--patient", patient, "--from", "2026-10-28", "--days", "13").value
    told = summed(project / LIBRE)
    by_day = {row["date"]: row["insulin_U"] for row in rows}
    assert by_day.pop("2026-11-09") == "undetermined"
    assert len(by_day) == 12
    for day, insulin in by_day.items():
        assert Decimal(str(insulin)) == told[day], day


def test_a_day_of_which_nothing_is_told_has_no_number(shell: Shell) -> None:
    (row,) = shell("totals", "--patient", shell.patient(), "--from", "2026-10-28", "--days", "1").value
    assert row == {"date": "2026-10-28", "insulin_U": None, "carbs_g": None}
