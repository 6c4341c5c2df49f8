"""A plain HTTP/1.1 client for measuring: keep-alive, a few requests in flight, and the server's CPU.

Law: bounded in count and time; loopback only. CPU is user + system time of the server process from
/proc, so a busy neighbour on the machine moves the wall clock but not the ratio. A server has more than one
asker, so requests are in flight together, on as many connections for every path that is compared.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
TOGETHER = 8
"""Requests in flight, as the limits were measured."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one path cost: server CPU seconds a request, requests a wall second, bytes an answer."""

    name: str
    cpu: float
    rate: float
    size: int


def cpu_seconds(pid: int) -> float:
    """User and system CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_memory(pid: int) -> int:
    """The largest resident set of a process so far, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


class Connection:
    """One keep-alive connection to 127.0.0.1:port."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._buffer = bytearray(1 << 20)

    def ask(self, path: str) -> None:
        """Send one GET."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._head}\r\n".encode())

    def answer(self) -> tuple[int, int]:
        """(status, body bytes) of the GET in flight; the body is read and thrown away."""
        head, rest = self._until(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            return status, self._chunks(rest)
        length = int(lower.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        self._swallow(length - len(rest))
        return status, length

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _until(self, mark: bytes) -> tuple[bytes, bytes]:
        data = b""
        while mark not in data:
            part = self._socket.recv(65_536)
            if not part:
                raise ConnectionError("the server hung up")
            data += part
        head, _, rest = data.partition(mark)
        return head, rest

    def _swallow(self, left: int) -> None:
        while left > 0:
            got = self._socket.recv_into(self._buffer, min(left, len(self._buffer)))
            if not got:
                raise ConnectionError("the server hung up inside a body")
            left -= got

    def _chunks(self, rest: bytes) -> int:
        total, data = 0, rest
        while True:
            while b"\r\n" not in data:
                data += self._socket.recv(1 << 20)
            size_text, _, data = data.partition(b"\r\n")
            size = int(size_text, 16)
            missing = size + 2 - len(data)
            if missing > 0:
                self._swallow(missing)
                data = b""
            else:
                data = data[size + 2 :]
            if not size:
                return total
            total += size


def measure(
    name: str,
    pid: int,
    port: int,
    path: str,
    headers: dict[str, str],
    seconds: float,
    together: int = TOGETHER,
) -> Figure:
    """Ask for `path` again and again for about `seconds`, `together` at a time; every answer must be 200."""
    connections = [Connection(port, headers) for _ in range(together)]
    for _ in range(3):
        _round(connections, path)
    count, size, before, start = 0, 0, cpu_seconds(pid), time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or count < 3:
        size = _round(connections, path)
        count += together
    for connection in connections:
        connection.close()
    return Figure(name, (cpu_seconds(pid) - before) / count, count / elapsed, size)


def _round(connections: list[Connection], path: str) -> int:
    """One GET on every connection; the size of an answer."""
    for connection in connections:
        connection.ask(path)
    answers = [connection.answer() for connection in connections]
    if any(status != 200 for status, _ in answers):
        raise RuntimeError(f"{path} answered {answers}")
    return answers[0][1]
