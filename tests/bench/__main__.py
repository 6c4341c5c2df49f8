"""`make bench`: the table of tests/bench/RESULTS.md, measured now on this machine.

Law: bounded: `--seconds` is what each HTTP path gets. `--write` puts the table into RESULTS.md.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import cloud, deliveries, dexcom, metrics
from tests.bench.figures import Row, ingest, serve, streaming
from tests.bench.hapi import against_hapi
from tests.bench.home import made
from tests.bench.shares import shares
from tests.bench.year import exports

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--no-hapi", action="store_true")
    parser.add_argument("--stream", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=deliveries.PEOPLE)
    parser.add_argument("--days", type=int, default=deliveries.DAYS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        (folder / "static").mkdir()
        rows = [*ingest(folder / "ingest"), *cloud.records(), *dexcom.readings(), *metrics.figures()]
        rows.append(cloud.memory(folder))
        home = made(folder / "home", exports())
        served, found = serve(home, folder / "static", given.seconds)
        rows += served + shares(home)
        rows.append(streaming(folder, given.stream))
        rows += deliveries.figures(folder, given.people, given.days)
        if not given.no_hapi:
            rows += against_hapi(home, found["page"], given.seconds)
    table = _table(rows)
    print(table)
    if given.write:
        RESULTS.write_text(_page(table))


def _table(rows: list[Row]) -> str:
    marks = {True: "met", False: "MISSED", None: ""}
    lines = ["| what | figure | limit | | beside it |", "|---|---|---|---|---|"]
    return "\n".join(
        [*lines, *(f"| {r.name} | {r.value} | {r.limit} | {marks[r.met]} | {r.beside} |" for r in rows)]
    )


def _page(table: str) -> str:
    when = datetime.now(UTC).date()
    machine = f"{platform.machine()}, 2 cores, {platform.system()}, CPython {platform.python_version()}"
    about = "Ratios of server CPU a request in one run; token, gate and ledger on, one worker."
    return f"# Measured by `make bench`\n\n{about}\n\n{when}, {machine}\n\n{table}\n"


if __name__ == "__main__":
    main()
