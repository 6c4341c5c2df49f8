"""Debian's OpenSSH server on loopback, with keys and a configuration of its own in a folder of the test.

Law: nothing of the machine's own server or user is read or changed. It lets in whoever runs the test, by a key: one may
write, one may only read (`internal-sftp -R`). It listens on loopback alone and ends with the test.
"""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncssh

from tests.peers.process import PeerBroken, PeerMissing, end_of

PLACES: Final = (Path("/usr/sbin/sshd"), Path("/usr/local/sbin/sshd"))
"""sshd runs only by its whole path."""
PATIENCE: Final = 10.0
CONFIG: Final = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {home}/host
PidFile none
AuthorizedKeysFile {home}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp -d {files}
"""


@dataclass
class Sshd:
    """The running server. `files`: the folder that a session begins in; `writer`, `reader`: private keys."""

    home: Path
    user: str = field(default_factory=getpass.getuser)
    port: int = 0
    host_key: str = ""
    writer: str = ""
    reader: str = ""

    @property
    def files(self) -> Path:
        """Where files arrive."""
        return self.home / "files"

    @property
    def url(self) -> str:
        """Its address."""
        return f"sftp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def started(self) -> Self:
        """Start it, once; PeerMissing where this machine has none."""
        program = next((each for each in PLACES if each.exists()), None)
        if program is None:
            raise PeerMissing("sshd is not installed (Debian: openssh-server)")
        self.files.mkdir()
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privilege separation wants it
        self._keys()
        self.port = _free_port()
        (self.home / "config").write_text(CONFIG.format(port=self.port, home=self.home, files=self.files))
        with (self.home / "log").open("wb") as log:
            self._child = subprocess.Popen(
                [str(program), "-D", "-e", "-f", str(self.home / "config")],
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.terminate()
        self._child.wait(PATIENCE)

    def _keys(self) -> None:
        host, writer, reader = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
        host.write_private_key(str(self.home / "host"))
        (self.home / "host").chmod(0o600)
        self.host_key = " ".join(_public(host).split()[:2])
        self.writer, self.reader = (each.export_private_key().decode() for each in (writer, reader))
        lines = f'{_public(writer)}command="internal-sftp -R -d {self.files}" {_public(reader)}'
        (self.home / "authorized").write_text(lines)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._child.poll() is None:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise PeerBroken(f"sshd does not listen; its log ends:\n{end_of(self.home / 'log')}")


def _public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
