"""What pushing costs us: 90 days into a chart that answers at once, and 10,000 due deliveries planned.

Law: real parts: gate, ledger, outbox, renderer and a receiver over HTTP in a process of its own, whose time is not
ours. What counts is this process's CPU, as a ratio to the limit; it has called the receiver once before, so that what
Python loads with a first call is not counted, and collects garbage as a server does that has started. The receiver
keeps what it took and must have all of it once; a run in which anything is missing or doubled has no figure.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

import bridge.store.links as links
import bridge.store.patients as patients
from bridge.period import DAY, MINUTE
from bridge.push import plan
from bridge.served import rarely_collected
from bridge.store.links import Shown
from tests.bench.figures import Row
from tests.push.house import House, filed
from tests.push.twin import IDENTIFIER

DAYS = 90
SECONDS = 1.5
"""Of CPU for 90 days."""
PEOPLE = 10_000
PLANNED = 2.0
"""Of CPU for a plan of so many."""


def figures(folder: Path, people: int = PEOPLE, days: int = DAYS) -> list[Row]:
    """Two lines of the table; the limits are of 90 days and of 10,000 people."""
    return [_sent(folder / "sent", days), _planned(folder / "planned", people)]


def _sent(folder: Path, days: int) -> Row:
    with _receiver() as url:
        house = filed(folder, url, kind="transaction")
        readings = _worn(house, days)
        house.grant()
        house.link()
        asyncio.run(_called(url))
        with _as_served():
            before = time.process_time()
            report = house.push()
            took = time.process_time() - before
        held = httpx.get(url.removesuffix("/fhir") + "/held").json()
        house.db.close()
    if (held["readings"], report.sent, report.failed) != (readings, readings, ()):
        raise RuntimeError(f"the receiver holds {held} of {readings} readings; {report}")
    name = f"{days} days pushed, {readings:,} readings, of their limit"
    told = f"{took:.2f} s CPU, {held['requests']} requests"
    return Row(name, f"{took / SECONDS:.0%}", f"< 100 % of {SECONDS} s", took < SECONDS, told)


@contextmanager
def _as_served() -> Iterator[None]:
    before = gc.get_threshold()
    rarely_collected()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _called(url: str) -> None:
    async with httpx.AsyncClient() as client:
        (await client.get(url + "/metadata")).raise_for_status()


def _worn(house: House, days: int) -> int:
    """A reading every five minutes up to the moment when the house opens."""
    count = days * DAY // (5 * MINUTE)
    values = 140 + np.arange(count) % 97
    house.bring(10 * DAY // (5 * MINUTE) - count, values.tolist(), "worn")
    return count


def _planned(folder: Path, people: int) -> Row:
    house = filed(folder, "https://ehr.example/fhir")
    for number in range(people):
        house.patient = patients.add(house.db, f"Person {number}", None, "UTC")
        house.grant()
        record = Shown(f"p{number}")
        links.confirm(house.db, house.patient, house.client, IDENTIFIER[0], str(number), "Dr. Who", record)
    before = time.process_time()
    due = plan.errands(house.db, house.clock(), None, None)
    took = time.process_time() - before
    house.db.close()
    if len(due) != people or any(each.hold for each in due):
        raise RuntimeError(f"{len(due)} of {people} deliveries were planned")
    name = f"{people:,} due deliveries planned, of their limit"
    return Row(name, f"{took / PLANNED:.0%}", f"< 100 % of {PLANNED} s", took < PLANNED, f"{took:.2f} s CPU")


@contextmanager
def _receiver() -> Iterator[str]:
    """A receiver that answers at once; its FHIR base."""
    words = [sys.executable, "-m", "tests.bench.answerer"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
