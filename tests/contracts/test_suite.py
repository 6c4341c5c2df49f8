"""The suite's own walls: no network but loopback, and data that are required are required."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import NetworkRefused


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "8.8.8.8"])
def test_a_test_cannot_leave_the_machine(address: str) -> None:
    with socket.socket() as one, pytest.raises(NetworkRefused):
        one.connect((address, 443))
    with socket.socket(type=socket.SOCK_DGRAM) as one, pytest.raises(NetworkRefused):
        one.sendto(b"x", (address, 53))


def test_a_test_cannot_ask_the_name_server() -> None:
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("example.org", 443)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    assert socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize(("required", "outcome"), [("0", "skipped=1"), ("1", "errors=1")])
def test_missing_data_skip_or_fail_as_asked(
    project: Path, tmp_path: Path, required: str, outcome: str
) -> None:
    test = tmp_path / "test_needs_data.py"
    test.write_text("import pytest\nfrom tests.conftest import shared\ndef test_it(shared): pass\n")
    environment = os.environ | {
        "BRIDGE_SHARED": str(tmp_path / "nowhere"),
        "BRIDGE_REQUIRE_SHARED": required,
        "PYTHONPATH": str(project),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--junitxml",
        "r.xml",
        str(test),
    ]
    subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True)
    name, count = outcome.split("=")
    assert f'{name}="{count}"' in (tmp_path / "r.xml").read_text()


def test_a_suite_without_tests_is_a_failure(project: Path, tmp_path: Path) -> None:
    """.ci/run depends on it: pytest's exit 5."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 5
