"""An SFTP server in a thread that takes a password and can be told to cut the line at a moment of a script.

Law: it is asyncssh's own server over a folder of the test; what it cannot show about another implementation,
`tests/peers/sshd.py` does.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh


@dataclass
class Box:
    """The running server. `script`: where it breaks off next: at an `open`, `before` a renaming is done or `after`;
    `refused`: it refuses one;
    `quiet`: it lets in and says nothing for four seconds; `short`: it stores a byte less than it was given. `tried`:
    logins that were refused; `picks`: what has its name is taken away at once."""

    files: Path
    port: int = 0
    host_key: str = ""
    script: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    picks: bool = False
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What somebody does in between, once: after the `login`, at a `write`."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"sftp://127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        """What is there to be picked up."""
        return sorted(each.name for each in self.files.iterdir() if not each.name.startswith("."))


def _server(box: Box) -> type[asyncssh.SFTPServer]:
    class Server(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=str(box.files).encode())
            box.meanwhile.pop("login", lambda: None)()
            if box.script[:1] == ["quiet"]:
                box.script.pop(0)
                time.sleep(4)

        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            if pflags & asyncssh.FXF_WRITE:
                self._cut("open")
                box.written.append(path.decode())
            return super().open(path, pflags, attrs)

        def write(self, file_obj: object, offset: int, data: bytes) -> int:
            is_short = box.script[:1] == ["short"]
            super().write(file_obj, offset, data[:-1] if is_short else data)
            box.meanwhile.pop("write", lambda: None)()
            if is_short:
                box.script.pop(0)
            return len(data)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
            self._renamed(oldpath, newpath)

        def rename(self, oldpath: bytes, newpath: bytes) -> None:
            self._renamed(oldpath, newpath)

        def _renamed(self, oldpath: bytes, newpath: bytes) -> None:
            self._cut("before")
            if box.script[:1] == ["refused"]:
                box.script.pop(0)
                raise asyncssh.SFTPPermissionDenied("no")
            super().posix_rename(oldpath, newpath)
            if box.picks:
                (box.files / newpath.decode().lstrip("/")).unlink()
            self._cut("after")

        def _cut(self, moment: str) -> None:
            if box.script and box.script[0] == moment:
                box.script.pop(0)
                self.connection.abort()
                raise asyncssh.SFTPFailure("cut")

    return Server


@contextmanager
def standing(files: Path, password: str = "s3cret") -> Iterator[Box]:
    """A server that runs until the block ends."""
    box, loop, ready = Box(files), asyncio.new_event_loop(), threading.Event()
    key = asyncssh.generate_private_key("ssh-ed25519")
    box.host_key = " ".join(key.export_public_key().decode().split()[:2])

    class Gate(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, said: str) -> bool:
            if said != password:
                box.tried.append(username)
            return said == password

    async def serve() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Gate, server_host_keys=[key], sftp_factory=_server(box)
        )

    def run() -> None:
        asyncio.set_event_loop(loop)
        acceptor = loop.run_until_complete(serve())
        box.port = acceptor.get_port()
        ready.set()
        loop.run_forever()
        acceptor.close()
        loop.run_until_complete(acceptor.wait_closed())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
