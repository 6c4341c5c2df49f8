"""What every test has: the shared data where they are, no network but loopback, and the peers.

Law: no test reaches another machine (an audit hook, which nothing in the process can take off again, refuses
it); what a machine lacks is a skip with its reason, or a failure where `BRIDGE_REQUIRE_*` says so.
"""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent

pytest_plugins = ["tests.peers.fixtures"] if (HERE / "peers" / "fixtures.py").exists() else []

# No deadline: the machine may be busy, and time is measured in tests/bench alone.
settings.register_profile(
    "bridge", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bridge")


class NetworkRefused(Exception):
    """A test tried to leave the machine. Not an OSError: the code under test would take it for weather."""


def _is_near(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in ("", "localhost"):
        return name in (None, "", "localhost")
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_near(address[0]):
            raise NetworkRefused(f"a test may speak with this machine alone, not with {address[0]}")
    elif event == "socket.getaddrinfo" and not (_is_near(arguments[0]) or _is_number(arguments[0])):
        raise NetworkRefused(f"a test may not ask the name server for {arguments[0]!r}")


def _is_number(host: object) -> bool:
    try:
        ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


sys.addaudithook(_guard)


_BY_PEERS: Final = (
    "tests/peers/",
    "tests/push/test_hapi",
    "tests/program/test_main_job",
    "tests/program/test_launch_",
)


class _ByModule(LoadScopeScheduling):
    """Workers (`-n`) take whole modules, so that what a module shares is made once; all that needs a peer is one
    worker's, so that no peer is started or installed twice."""

    def _split_scope(self, nodeid: str) -> str:
        return "peers" if nodeid.startswith(_BY_PEERS) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByModule:
    """How the workers share the suite."""
    return _ByModule(config, log)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real exports and profiles: `BRIDGE_SHARED`, else `../shared` beside the checkout."""
    folder = Path(os.environ.get("BRIDGE_SHARED", PROJECT.parent / "shared"))
    if (folder / "data").is_dir():
        return folder
    reason = f"no test data in {folder}: name their folder in BRIDGE_SHARED"
    if os.environ.get("BRIDGE_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test: its BRIDGE_ variables go, but those that steer the suite."""
    for name in os.environ:
        if name.startswith("BRIDGE_") and not name.startswith(("BRIDGE_REQUIRE_", "BRIDGE_SHARED")):
            monkeypatch.delenv(name)


@pytest.fixture
def numbered(request: pytest.FixtureRequest) -> object:
    """The numbers of the requirements that a test shows: `tests.smart.requirements`."""
    return request.param
