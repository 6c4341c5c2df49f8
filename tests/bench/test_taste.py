"""The benchmarks run: a taste of each, a few seconds long. What they find is for RESULTS.md, not for a test."""

from __future__ import annotations

import subprocess
import sys


def tasted(*words: str) -> str:
    """What a benchmark printed."""
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_of_ratios_is_measured_line_by_line() -> None:
    table = tasted(
        "tests.bench", "--seconds", "0.3", "--no-hapi", "--stream", "50000", "--people", "50", "--days", "3"
    )
    for name in (
        "ingest",
        "JSON of 11 keys",
        "Dexcom API readings",
        "figures of 90 days",
        "50 MB of JSON",
        "at rest",
        "1,000-entry page",
        "gzip",
        "window",
        "single read",
        "token",
        "ledger",
        "memory",
        "3 days pushed",
        "50 due deliveries planned",
    ):
        assert name in table, table


def test_the_soak_compares_a_small_home_with_a_larger_one() -> None:
    assert "14-day window, p50" in tasted("tests.bench.soak", "--readings", "1000000", "--seconds", "12")
