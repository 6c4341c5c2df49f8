"""A worker that is killed at any moment leaves nothing doubled and nothing missing behind.

`BRIDGE_KILLS` says how many times (6; the pipeline asks for 200).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bridge.store.anchors as anchors
import bridge.store.checks as checks
import bridge.store.outbox as outbox
from tests.push.house import BEGIN, House, furnished, opened
from tests.push.twin import hospital

KILLS = int(os.environ.get("BRIDGE_KILLS", "6"))
READINGS = 700
REST = 6 * 60
"""Minutes between two workers: longer than the first waits of a retry; 300 rounds fit into one grant."""


def worker(house: House) -> subprocess.Popen[bytes]:
    skip = house.clock.now - BEGIN
    command = [sys.executable, "-m", "tests.push.house", str(house.db.home), str(skip)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])


@pytest.mark.timeout(60 + KILLS * 20)
def test_after_kills_at_random_moments_the_receiver_has_everything_once(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    values = [100 + number % 97 for number in range(READINGS)]
    killed = torn = 0
    with hospital() as twin:
        house = furnished(tmp_path, twin.url)
        house.grant()
        house.link()
        for round_ in range(KILLS):
            house.bring(round_ * READINGS, values, name=f"round {round_}")
            house.wait(1)
            running = worker(house)
            assert running.stdout is not None and running.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.5))
            killed += running.poll() is None
            running.kill()
            running.wait()
            running.stdout.close()
            torn += any(each.state == "sending" for each in outbox.listed(house.db))
            house.wait(REST)
        while house.push().sent:
            house.wait(REST)
        print(f"{killed} of {KILLS} were killed at work, {torn} of them between sending and settling")
        assert killed, "no worker was still running when it was to be killed"
        assert len(twin.observations()) == KILLS * READINGS == len(set(twin.identifiers()))
        assert {each["meta"]["versionId"] for each in twin.observations()} == {"1"}
        assert {each.state for each in outbox.listed(house.db)} == {"acked"}
        house.gate.flush()
        assert (checks.verify(house.db), anchors.verify(house.db).faults) == ((), ())
        house.db.close()
        again = opened(tmp_path, house.clock)
        assert again.push().sent == 0
        again.db.close()
