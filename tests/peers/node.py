"""Clients in Node that are not ours: fhir-kit-client searches and turns every page, fhirclient is launched.

Law: what it returns is what the client made of the server's answer, entry by entry. The token goes through
the environment, never through the command line. Its packages are those of `node/package-lock.json`,
installed once into `node/node_modules/`, which git ignores, and again when the lock says something else; no
package may run a script.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path
from typing import Final

from tests.peers.process import LAST_WORDS, Peer, PeerBroken, PeerMissing, tool

FOLDER: Final = Path(__file__).resolve().parent / "node"
LOCK: Final = FOLDER / "package-lock.json"
STAMP: Final = FOLDER / "node_modules" / ".installed.json"

INSTALL_SECONDS: Final = 300
QUERY_SECONDS: Final = 60
START_SECONDS: Final = 30
OLDEST: Final = 20
"""fhir-kit-client 2 asks for Node 20."""
REFUSED: Final = 1


class Refused(Exception):
    """The server answered with an error status."""

    def __init__(self, status: int, answer: object) -> None:
        super().__init__(f"{status}: {answer}")
        self.status = status
        self.answer = answer


class FhirKit:
    """The client, installed."""

    def __init__(self) -> None:
        """Install what is not installed; `PeerMissing` where Node is absent or too old."""
        self.node = tool("node")
        version = subprocess.run([self.node, "--version"], capture_output=True, encoding="utf-8", check=True)
        if int(version.stdout.strip().removeprefix("v").partition(".")[0]) < OLDEST:
            raise PeerMissing(f"Node {version.stdout.strip()} is older than {OLDEST}")
        _install()

    def run(self, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """The script with these arguments, whatever comes of it."""
        return subprocess.run(
            [self.node, str(FOLDER / "query.mjs"), *arguments],
            env={**os.environ, "FHIR_TOKEN": token},
            capture_output=True,
            encoding="utf-8",
            timeout=QUERY_SECONDS,
            check=False,
        )

    def search(self, base: str, resource_type: str, query: str = "", token: str = "") -> list[object]:
        """The resources of all pages of a search; `Refused` where the server says an error."""
        done = self.run(base, resource_type, query, token=token)
        if done.returncode not in (0, REFUSED) or not done.stdout:
            raise PeerBroken(f"query.mjs ended with {done.returncode}:\n{done.stderr[-LAST_WORDS:]}")
        answer = json.loads(done.stdout)
        if done.returncode == REFUSED:
            raise Refused(answer["status"], answer["answer"])
        assert isinstance(answer, list)
        return answer


def installed(package: str) -> Path:
    """The folder of a package of the lock, installed; `PeerMissing` where npm cannot."""
    _install()
    return FOLDER / "node_modules" / package


class LaunchedApp(Peer):
    """An app that people launch (`node/app.mjs`), listening on loopback until it is stopped."""

    def __init__(self, kit: FhirKit, port: int, iss: str, client: str, scope: str, log: Path) -> None:
        super().__init__([kit.node, str(FOLDER / "app.mjs"), str(port), iss, client, scope], log)
        self.base = f"http://127.0.0.1:{port}"
        self.ready("ready", START_SECONDS)


def _install() -> None:
    npm = tool("npm")
    with (FOLDER / "package.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if STAMP.exists() and STAMP.read_bytes() == LOCK.read_bytes():
            return
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--prefer-offline"],
            cwd=FOLDER,
            capture_output=True,
            encoding="utf-8",
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode:
            raise PeerMissing(f"npm cannot install the packages of node/:\n{done.stderr[-LAST_WORDS:]}")
        STAMP.write_bytes(LOCK.read_bytes())
