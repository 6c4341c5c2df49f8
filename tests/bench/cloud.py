"""JSON records through `decode`: an answer of eleven keys a record, a year and more of it, and a large file.

Law: deterministic (seeded), in the form of a sensor maker's public interface (ids, two clocks, a counter, an
arrow), invented values, read by the invented mapping beside it. What is measured is a ratio to a stated limit.
"""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

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


def records(rounds: int = ROUNDS) -> Row:
    """Records a CPU second, the best of some rounds."""
    mappings, data, best = load(PROJECT / "mappings", FORMATS), answer(RECORDS), 0.0
    for _ in range(rounds):
        start = time.process_time()
        decode(data, mappings.formats["bench-cloud"], ZoneHistory.always("UTC"), RECEIVED)
        best = max(best, RECORDS / (time.process_time() - start))
    said = f"{len(data) / RECORDS:.0f} bytes a record"
    return Row(
        "decode, JSON of 11 keys a record", f"{best:,.0f} records/s", ">= 400,000", best >= 400_000, said
    )


def memory(folder: Path, size: int = LARGE) -> Row:
    """Peak memory of a process that decodes one large answer."""
    file = folder / "answer.json"
    file.write_bytes(answer(size // 349))
    words = [sys.executable, "-m", "tests.bench.peak", str(file)]
    peak = int(subprocess.run(words, capture_output=True, text=True, check=True, cwd=PROJECT).stdout) / 1000
    return Row(f"peak memory, {size / 1e6:.0f} MB of JSON", f"{peak:.0f} MB", "< 150 MB", peak < 150)
