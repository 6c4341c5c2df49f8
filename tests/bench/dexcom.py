"""Answers of the Dexcom API through `decode`: a year of readings with all fourteen names of a record.

Law: as in `cloud.py`: deterministic, invented values and ids, exact in form, sensors of ten days. What is measured is
the shipped mapping, against a stated limit and against a typed parse that makes no columns.
"""

from __future__ import annotations

import gc
import hashlib
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import numpy as np

from bridge.adapters import decode
from bridge.mapping import load
from bridge.period import ZoneHistory
from tests.bench.figures import Row
from tests.bench.peak import PROJECT, RECEIVED

RECORDS: Final = 105_120
OF_A_SENSOR: Final = 2_880
TRENDS: Final = ("flat", "fortyFiveUp", "singleDown", "notComputable")
ROUNDS: Final = 5


def answer(count: int) -> bytes:
    """One answer with so many records, the newest first."""
    random, start = np.random.default_rng(20_261_120), datetime(2025, 1, 1, tzinfo=UTC)
    values, records = random.integers(39, 402, count).tolist(), []
    for index in range(count - 1, -1, -1):
        value = values[index]
        system = start + timedelta(seconds=index * 300 + value % 3)
        shown = system - timedelta(hours=8)
        sensor = hashlib.sha256(str(index // OF_A_SENSOR).encode()).hexdigest()
        status = '"low"' if value == 39 else '"high"' if value == 401 else "null"
        records.append(
            f'{{"recordId":"{uuid.UUID(int=index + (7 << 100))}","systemTime":"{system:%Y-%m-%dT%H:%M:%S}Z",'
            f'"displayTime":"{shown:%Y-%m-%dT%H:%M:%S}-08:00","transmitterId":"{sensor}",'
            f'"transmitterTicks":{1_700 + index % OF_A_SENSOR * 300},"value":{value},"status":{status},'
            f'"trend":"{TRENDS[value % 4]}","trendRate":{(value % 40 - 20) / 10},"unit":"mg/dL",'
            f'"rateUnit":"mg/dL/min","displayDevice":"iOS","transmitterGeneration":"g7","displayApp":"G7"}}'
        )
    head = b'{"recordType":"egv","recordVersion":"3.0","userId":"u","records":['
    return head + ",".join(records).encode() + b"]}"


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
    unit: str
    rate_unit: str
    display_device: str
    transmitter_generation: str
    display_app: str


class Parsed(msgspec.Struct):
    """The answer of such a program."""

    records: list[Reading]


def readings(rounds: int = ROUNDS) -> list[Row]:
    """Records a CPU second, the best of some rounds; and the share of it that a typed parse alone takes."""
    shipped, data = load(PROJECT / "mappings").formats["dexcom-api"], answer(RECORDS)
    ours, theirs = 1e9, 1e9
    gc.collect()
    gc.disable()  # as ingest does while it reads a file
    try:
        for _ in range(rounds):
            ours = min(ours, _spent(lambda: decode(data, shipped, ZoneHistory.always("UTC"), RECEIVED)))
            theirs = min(theirs, _spent(lambda: msgspec.json.decode(data, type=Parsed)))
    finally:
        gc.enable()
    rate, share = RECORDS / ours, theirs / ours
    size = f"{len(data) / RECORDS:.0f} bytes a record"
    return [
        Row("decode, Dexcom API readings", f"{rate:,.0f} records/s", ">= 400,000", rate >= 400_000, size),
        Row("the same, a typed parse alone", f"{share:.0%}", ">= 25 %", share >= 0.25, "objects, no columns"),
    ]


def _spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
