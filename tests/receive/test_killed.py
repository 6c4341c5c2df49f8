"""SIGKILL at random moments: a submission is there whole, readings and identifiers, or not at all; again, no change."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bridge.consent.collecting import Signed, give
from bridge.consent.grant import Authoriser
from bridge.consent.intake import source
from bridge.period import DAY
from bridge.store import submitted
from bridge.store.artifacts import listed
from bridge.store.blocks import verify
from bridge.store.db import Database
from bridge.store.patients import add
from tests.receive.killed import BEGIN, COUNT, PARTS, PROJECT, SUBMITTER, offered, work
from tests.shipped import mappings

KILLS = 5


def opened(home: Path) -> Database:
    return Database.open(home, bytes(32), lambda: BEGIN + 10 * DAY)


def made(home: Path) -> None:
    with opened(home) as db:
        number = add(db, "Ada Beispiel", None, "UTC")
        give(db, number, source(SUBMITTER), Signed(Authoriser("Ada Beispiel"), ends=BEGIN + 90 * DAY))


def started(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.receive.killed", str(home)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    return process


def whole(db: Database) -> int:
    """How many readings are there; every artifact has all of its readings, and all of them their identifiers."""
    assert verify(db) == ()
    artifacts = [each.number for each in listed(db, 1)]
    became = submitted.became(db, 1, artifacts)
    rows = db.reader("bridge").execute("SELECT artifact, row FROM submitted").fetchall()
    assert Counter(rows) == dict.fromkeys(became, 2)  # an identifier and a moment of each
    assert len(set(became.values())) == len(became)
    per = {number: sum(artifact == number for artifact, _ in became) for number in artifacts}
    assert list(per.values()) == [COUNT, *[COUNT // 2] * (PARTS - 1)][: len(per)]
    return len(became)


@pytest.mark.timeout(60 + 20 * KILLS)
def test_a_submission_killed_anywhere_is_all_or_none(tmp_path: Path) -> None:
    made(tmp_path / "timed")
    with started(tmp_path / "timed") as process:
        began = time.monotonic()
    length = time.monotonic() - began
    assert process.returncode == 0
    home, chance = tmp_path / "home", random.Random(11)
    made(home)
    for _ in range(KILLS):
        with started(home) as process:
            try:
                process.wait(chance.uniform(0, length))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        with opened(home) as db:
            whole(db)
    with opened(home) as db:
        work(db, mappings(), [offered(part) for part in range(PARTS)])
        assert whole(db) == COUNT + (PARTS - 1) * COUNT // 2
        before = len(listed(db, 1))
        work(db, mappings(), [offered(part) for part in range(PARTS)])
        assert (whole(db), len(listed(db, 1))) == (COUNT + (PARTS - 1) * COUNT // 2, before)
