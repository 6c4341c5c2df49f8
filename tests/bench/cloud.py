"""JSON records through `decode`: an answer of eleven keys a record, a year and more of it, and a large file.

Law: deterministic (seeded), in the form of a sensor maker's public interface (ids, two clocks, a counter, an
arrow), invented values, read by the invented mapping beside it. What is measured is a ratio to a stated limit.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from bridge.adapters import decode
from bridge.mapping import load
from bridge.period import ZoneHistory
from tests.bench.figures import Row
from tests.bench.peak import FORMATS, PROJECT, RECEIVED

RECORDS: Final = 105_120
LARGE: Final = 50_000_000
ROUNDS: Final = 5


def answer(count: int) -> bytes:
    """One answer with so many records, the newest first."""
    random = np.random.default_rng(20_261_120)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    values = random.integers(39, 402, count)
    records = []
    for index in range(count - 1, -1, -1):
        system = start + timedelta(seconds=index * 300 + int(values[index]) % 3)
        shown = system - timedelta(hours=8)
        records.append(
            f'{{"recordId":"{uuid.UUID(int=index + (7 << 100))}","systemTime":"{system:%Y-%m-%dT%H:%M:%S}Z",'
            f'"displayTime":"{shown:%Y-%m-%dT%H:%M:%S}-08:00","transmitterId":"{"0f" * 32}",'
            f'"transmitterTicks":{7573 + index * 300},"value":{values[index]},"status":null,"trend":"flat",'
            f'"trendRate":{(int(values[index]) % 40 - 20) / 10},"displayDevice":"iOS","transmitterGeneration":"g6"}}'
        )
    return (
        b'{"recordType":"egv","recordVersion":"3.0","userId":"u","records":['
        + ",".join(records).encode()
        + b"]}"
    )


class Reading(msgspec.Struct, rename="camel"):
    """A record as a program would declare it that forgets how numbers were written."""

    record_id: str
    system_time: str
    display_time: str
    transmitter_id: str
    transmitter_ticks: int
    value: int
    status: str | None
    trend: str
    trend_rate: float
    display_device: str
    transmitter_generation: str


class Parsed(msgspec.Struct):
    """The answer of such a program."""

    records: list[Reading]


def records(rounds: int = ROUNDS) -> list[Row]:
    """Records a CPU second, the best of some rounds; and the share of it that a typed parse alone takes."""
    cloud = load(PROJECT / "mappings", FORMATS).formats["bench-cloud"]
    data, ours, theirs = answer(RECORDS), 1e9, 1e9
    gc.collect()
    gc.disable()  # as ingest does while it reads a file
    try:
        for _ in range(rounds):
            ours = min(ours, _spent(lambda: decode(data, cloud, ZoneHistory.always("UTC"), RECEIVED)))
            theirs = min(theirs, _spent(lambda: msgspec.json.decode(data, type=Parsed)))
    finally:
        gc.enable()
    rate, share = RECORDS / ours, theirs / ours
    said = f"{len(data) / RECORDS:.0f} bytes a record"
    return [
        Row(
            "decode, JSON of 11 keys a record", f"{rate:,.0f} records/s", ">= 400,000", rate >= 400_000, said
        ),
        Row("the same, a typed parse alone", f"{share:.0%}", ">= 25 %", share >= 0.25, "objects, no columns"),
    ]


def _spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def memory(folder: Path, size: int = LARGE) -> Row:
    """Peak memory of a process that decodes one large answer."""
    file = folder / "answer.json"
    file.write_bytes(answer(size // 349))
    words = [sys.executable, "-m", "tests.bench.peak", str(file)]
    peak = int(subprocess.run(words, capture_output=True, text=True, check=True, cwd=PROJECT).stdout) / 1000
    return Row(f"peak memory, {size / 1e6:.0f} MB of JSON", f"{peak:.0f} MB", "< 150 MB", peak < 150)
