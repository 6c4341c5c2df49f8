"""What is measured, each as a ratio to a stated limit in one run.

Law: server CPU a request, not wall time, decides; rates stand beside it for orientation. A figure that
misses its limit is printed as missed: nothing here asserts, and nothing is tuned for the run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.app import opened
from bridge.consent.collecting import own_act
from bridge.ingest.upload import take
from bridge.settings import load
from bridge.store.patients import add
from bridge.store.patients import load as load_patient
from tests.bench.home import Home, Running, at_rest, made, running
from tests.bench.load import Figure, measure, peak_memory
from tests.bench.year import ROWS, exports

PAGE = 1000
WINDOW = 25_920


@dataclass(frozen=True)
class Row:
    """One line of the table: `met` None where there is no limit."""

    name: str
    value: str
    limit: str
    met: bool | None
    beside: str = ""


def ingest(folder: Path) -> list[Row]:
    """Four quoted quarters into a fresh home, inside a process that has its mappings."""
    files = exports()
    found = opened(load(home=folder))
    mappings = found.mappings
    try:
        person = load_patient(found.db, add(found.db, "Noor Beispiel", None, "UTC"))
        wall, cpu = time.perf_counter(), time.process_time()
        for index, data in enumerate(files):
            take(found.db, mappings, person, data, f"{index}.csv", act=own_act(person))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        size = at_rest(found) / ROWS
    finally:
        found.close()
    rate = ROWS / wall
    return [
        Row(
            "ingest, four quoted 90-day Clarity exports",
            f"{rate:,.0f} rows/s",
            ">= 400,000",
            rate >= 400_000,
            f"{ROWS / cpu:,.0f} rows a CPU second",
        ),
        Row("at rest, a glucose reading", f"{size:.2f} bytes", "<= 2.5", size <= 2.5),
    ]


def fetched(server: Running, home: Home, folder: Path) -> dict[str, str]:
    """The paths to measure; the bytes of each answer are kept as NAME for the static twin."""
    base = f"http://127.0.0.1:{server.port}"
    query = f"/fhir/Observation?patient={home.patient}"
    paths = {
        "page": f"{query}&_count={PAGE}",
        "window": f"{query}&date=ge2025-03-01&date=lt2025-05-30&_count={WINDOW + 100}",
    }
    with httpx.Client(base_url=base, headers=server.headers, timeout=60) as client:
        page = client.get(paths["page"]).json()
        paths["read"] = f"/fhir/Observation/{page['entry'][0]['resource']['id']}"
        for name, path in paths.items():
            answer = client.get(path, headers={"accept-encoding": "identity"})
            answer.raise_for_status()
            (folder / name).write_bytes(answer.content)
    return paths


def serve(home: Home, folder: Path, seconds: float) -> tuple[list[Row], dict[str, Figure]]:
    """Page, window and single read against the same bytes ready made by the same server."""
    with running(home, folder) as server:
        paths = fetched(server, home, folder)
    found: dict[str, Figure] = {}
    with running(home, folder) as server:
        plain = {**server.headers, "Accept-Encoding": "identity"}
        packed = {**server.headers, "Accept-Encoding": "gzip"}
        for name, path in paths.items():
            found[name] = measure(name, server.pid, server.port, path, plain, seconds)
            found[f"static {name}"] = measure(
                name, server.pid, server.port, f"/static/{name}", plain, seconds
            )
        found["page gzip"] = measure("page gzip", server.pid, server.port, paths["page"], packed, seconds)
        found["empty"] = measure("empty", server.pid, server.port, "/empty", plain, seconds)
    share = found["static page"].cpu / found["page"].cpu
    packed_share = found["page"].cpu / found["page gzip"].cpu
    window = found["static window"].cpu / found["window"].cpu
    read = found["empty"].cpu / found["read"].cpu
    return [
        Row(
            "1,000-entry page, of the static answer",
            f"{share:.0%}",
            ">= 20 %",
            share >= 0.2,
            beside(found["page"]),
        ),
        Row(
            "the same, gzip, of identity",
            f"{packed_share:.0%}",
            ">= 100 %",
            packed_share >= 1,
            beside(found["page gzip"]),
        ),
        Row(
            "25,920-Observation window, of the static answer",
            f"{window:.0%}",
            "",
            None,
            beside(found["window"]),
        ),
        Row("single read, of an empty answer", f"{read:.0%}", ">= 15 %", read >= 0.15, beside(found["read"])),
    ], found


def streaming(folder: Path, count: int) -> Row:
    """Peak memory of a server while it streams `count` Observations in one answer."""
    home = made(folder / "long", [], start="2010-01-01", end="2030-12-31", more=count)
    with running(home, folder / "static") as server:
        path = f"/fhir/Observation?patient={home.patient}&_count={count}"
        figure = measure("stream", server.pid, server.port, path, server.headers, 0.1, together=1)
        peak = peak_memory(server.pid) / 1e6
    told = f"{count / figure.cpu:,.0f} Observations a CPU second, {figure.size / 1e6:,.0f} MB"
    return Row(
        f"peak memory, {count:,} Observations in one stream", f"{peak:.0f} MB", "< 250 MB", peak < 250, told
    )


def beside(figure: Figure) -> str:
    """CPU and rate of one path."""
    return f"{figure.cpu * 1e6:,.0f} us CPU, {figure.rate:,.0f}/s, {figure.size / 1000:,.0f} kB"
