"""SIGKILL at random moments of an import: all or none, and another run equals an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.year import exports
from tests.program.shell import Shell

KILLS = int(os.environ.get("BRIDGE_KILLS", "8"))


def test_an_import_killed_anywhere_is_all_or_none(tmp_path: Path) -> None:
    file = tmp_path / "quarter.csv"
    file.write_bytes(exports()[0])
    calm = Shell(tmp_path / "calm")
    person = calm.patient(timezone="UTC")
    start = time.monotonic()
    (expected,) = calm.take(person, file).value["artifacts"]
    whole = time.monotonic() - start
    chance = random.Random(20261120)
    shell = Shell(tmp_path / "home")
    person = shell.patient(timezone="UTC")
    for _ in range(KILLS):
        _killed(shell, person, file, chance.uniform(0.3, 1.0) * whole)
        listed = shell("artifact", "list", "--patient", person).value
        found = [one for one in listed if one["state"] != "removed"]
        assert [one["state"] for one in found] in ([], ["stored"])
        assert shell("check").code == 0
        for one in found:
            assert shell("artifact", "remove", one["id"], "--yes").code == 0
    (artifact,) = shell.take(person, file).value["artifacts"]
    assert artifact["streams"] == expected["streams"]


def _killed(shell: Shell, person: str, file: Path, after: float) -> None:
    words = ["import", str(file), "--patient", person, "--home", str(shell.home), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
