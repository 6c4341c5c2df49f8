"""SIGKILL at random moments: each artifact is there whole or not at all, and another run ends the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.store.artifacts import Artifact, listed, original
from bridge.store.blocks import verify
from bridge.store.columns import size
from bridge.store.db import Database
from bridge.store.patients import add
from tests.store.killed import LENGTH, changes, imports
from tests.store.shelf import everything, opened, said

KILLS = int(os.environ.get("BRIDGE_KILLS", "10"))
PROJECT = Path(__file__).resolve().parents[2]
COLUMNS = ("instant", "value", "counter", "artifact", "row", "version", "origin", "rank")


def _start(home: Path, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.killed", str(home), what]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    return process


def _killed(home: Path, what: str, after: float) -> None:
    with _start(home, what) as process:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)


def _whole(home: Path, what: str) -> float:
    began = time.monotonic()
    with _start(home, what) as process:
        began = time.monotonic()
    assert process.returncode == 0
    return time.monotonic() - began


def _state(db: Database) -> list[list[tuple[object, ...]]]:
    return [said(everything(db, 1, number), *COLUMNS) for number in (1, 2)]


def _check(db: Database, artifact: Artifact) -> None:
    assert artifact.state == "stored"
    assert original(db, 1, artifact.number).startswith(b"part %d" % (artifact.number - 1))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[object, ...]]]:
    with opened(tmp_path_factory.mktemp("calm")) as db:
        add(db, "Ada", None, "UTC")
        imports(db, 1)
        changes(db, 1)
        return _state(db)


@pytest.mark.timeout(60 + 10 * KILLS)
def test_an_import_killed_anywhere_is_all_or_none(
    tmp_path: Path, calm: list[list[tuple[object, ...]]]
) -> None:
    chance = random.Random(7)
    with opened(tmp_path / "timed") as db:
        add(db, "Ada", None, "UTC")
    length = _whole(tmp_path / "timed", "imports")
    home = tmp_path / "home"
    for turn in range(max(1, KILLS // 5)):
        home = tmp_path / f"home{turn}"
        with opened(home) as db:
            add(db, "Ada", None, "UTC")
        for _ in range(5):
            _killed(home, "imports", chance.uniform(0, length / 2))
            with opened(home) as db:
                assert verify(db) == ()
                kept = listed(db, 1)
                for artifact in kept:
                    _check(db, artifact)
                if kept:
                    ends = (len(kept) - 1) * LENGTH // 3 + LENGTH // 2
                    assert size(everything(db, 1)) == ends
                assert len(list((home / "originals").glob("??/*"))) == len(kept)
    with opened(home) as db:
        imports(db, 1)
        changes(db, 1)
        assert _state(db) == calm
        assert verify(db) == ()


@pytest.mark.timeout(60 + 10 * KILLS)
def test_a_removal_and_a_second_reading_killed_anywhere_are_all_or_none(
    tmp_path: Path, calm: list[list[tuple[object, ...]]]
) -> None:
    chance = random.Random(11)
    with opened(tmp_path) as db:
        add(db, "Ada", None, "UTC")
        imports(db, 1)
    for _ in range(max(1, KILLS // 2)):
        _killed(tmp_path, "changes", chance.uniform(0, 0.15))
        with opened(tmp_path) as db:
            assert verify(db) == ()
            states = [artifact.state for artifact in listed(db, 1)]
            assert states in (["stored"] * 4, ["stored", "stored", "removed", "stored"])
    with opened(tmp_path) as db:
        changes(db, 1)
        assert _state(db) == calm
        assert verify(db) == ()
