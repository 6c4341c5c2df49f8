"""A real server on loopback: the world's routes under uvicorn in a thread, and a client that reads slowly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from tests.web.world import World


def served(world: World) -> AbstractContextManager[int]:
    """The port on which the world answers."""
    return listening_to(world.app)


@contextmanager
def listening_to(app: ASGIApp) -> Iterator[int]:
    """The port on which an application answers."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", http="httptools", lifespan="off"
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    listening.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
        assert not thread.is_alive()


class Slow:
    """A client that takes what it asks for and leaves the rest in the pipe."""

    def __init__(self, port: int, path: str, token: str, *headers: str) -> None:
        self.wire = socket.socket()
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.wire.settimeout(20)
        self.wire.connect(("127.0.0.1", port))
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: bridge.test",
            f"Authorization: Bearer {token}",
            *headers,
            "",
            "",
        ]
        self.wire.sendall("\r\n".join(lines).encode())
        self.got = b""

    def read(self, size: int) -> bytes:
        """Read until at least `size` bytes came, or the end."""
        while len(self.got) < size and (part := self.wire.recv(64 * 1024)):
            self.got += part
        return self.got

    def rest(self) -> bytes:
        """Everything until the server hangs up."""
        parts = [self.got]
        try:
            while part := self.wire.recv(1 << 20):
                parts.append(part)
        except ConnectionResetError:
            pass
        self.got = b"".join(parts)
        return self.got

    def close(self) -> None:
        self.wire.close()


def dechunked(answer: bytes) -> tuple[bytes, bool]:
    """The body of a chunked answer as far as it came, and whether it came to its end."""
    body, rest = b"", answer.partition(b"\r\n\r\n")[2]
    while rest:
        size, found, rest = rest.partition(b"\r\n")
        if not found:
            return body, False
        length = int(size, 16)
        if length == 0:
            return body, True
        body += rest[:length]
        if len(rest) < length + 2:
            return body, False
        rest = rest[length + 2 :]
    return body, False
