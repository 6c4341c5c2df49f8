"""`make soak`: does a 14-day window cost the same with 50 million readings as with half a million?

Law: bounded by --readings and --seconds; the readings are absorbed by the store like an import's, the
questions go over HTTP through token, gate and ledger, in turn to both homes, so a busy machine slows both.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from bridge.app import Bridge, opened
from bridge.cli.wishes import Wish, drawn
from bridge.consent.grants import sign
from bridge.demo.others import public_keys
from bridge.settings import load
from bridge.store.clients import Client, add
from bridge.store.patients import add as add_patient
from bridge.store.patients import load as load_patient
from tests.bench.home import Home, Running, new_client, new_key, running
from tests.bench.lay import lay
from tests.bench.load import Connection

YEAR = 105_120
FEW = 500_000
ASKED_FOR = 40
"""People of whom windows are asked; the others are only there."""


def main() -> None:
    """Fill two homes, ask both, print the ratio."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--readings", type=int, default=50_000_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as place:
        folder = Path(place)
        (folder / "static").mkdir()
        began = time.monotonic()
        small, few = _filled(folder / "small", FEW, began + given.seconds / 3)
        large, many = _filled(folder / "large", given.readings, began + given.seconds / 2)
        left = max(2.0, began + given.seconds - time.monotonic())
        with running(small, folder / "static") as one, running(large, folder / "static") as other:
            first, second = _asked(one, few, other, many, min(left, 60.0))
    ratio = statistics.median(second) / statistics.median(first)
    kept = YEAR * max(1, given.readings // YEAR)
    print(f"14-day window, p50 with {kept:,} readings over p50 with {FEW:,}: {ratio:.2f} (limit 1.20)")
    print(
        f"{statistics.median(first) * 1e3:.2f} ms and {statistics.median(second) * 1e3:.2f} ms over {len(first)} pairs"
    )


def _filled(path: Path, readings: int, until: float) -> tuple[Home, list[str]]:
    found = opened(load(home=path))
    try:
        key = new_key()
        client = new_client("Soak EHR", public_keys(key))
        add(found.db, client)
        people = [
            _person(found, client, index)
            for index in range(max(1, readings // YEAR))
            if time.monotonic() < until
        ]
        return Home(path, people[0], client, key), random.Random(1).sample(
            people, min(ASKED_FOR, len(people))
        )
    finally:
        found.close()


def _person(found: Bridge, client: Client, index: int) -> str:
    number = add_patient(found.db, f"Person {index}", None, "UTC")
    lay(found, number, YEAR, index)
    wish = Wish(start="2025-01-01", end="2025-12-31", expires="2027-01-01")
    sign(found.db, drawn(found, load_patient(found.db, number), client, wish))
    return found.patient_id(number)


def _asked(
    one: Running, few: list[str], other: Running, many: list[str], seconds: float
) -> tuple[list[float], list[float]]:
    first, second, chance = [], [], random.Random(2)
    ends = time.monotonic() + seconds
    near, far = Connection(one.port, one.headers), Connection(other.port, other.headers)
    while time.monotonic() < ends:
        day = chance.randrange(1, 28)
        window = f"date=ge2025-{chance.randrange(1, 11):02d}-{day:02d}&_count=4032"
        first.append(_timed(near, f"/fhir/Observation?patient={chance.choice(few)}&{window}"))
        second.append(_timed(far, f"/fhir/Observation?patient={chance.choice(many)}&{window}"))
    near.close()
    far.close()
    return first[5:] or first, second[5:] or second


def _timed(connection: Connection, path: str) -> float:
    start = time.perf_counter()
    connection.ask(path)
    status, _ = connection.answer()
    if status != httpx.codes.OK:
        raise RuntimeError(f"{path} was answered {status}")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
