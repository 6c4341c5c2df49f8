"""An interface engine in a thread: it takes MLLP frames over real sockets and acknowledges them, or as a script says.

Law: a result is filed under its filler order number and OBX-3 with OBX-4, as HL7 v2.5.1 chapter 7 means it; a message
under an MSH-10 that was seen is acknowledged and not filed again. Messages are read by hl7apy, with HL7's own tables.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hl7apy.core import Message
from hl7apy.parser import parse_message

START, END = b"\x0b", b"\x1c\r"


@dataclass(frozen=True)
class Say:
    """Acknowledge with this code, or several (CA+AE), and nothing is filed; `error`: ERR-3."""

    code: str
    error: str = ""


@dataclass(frozen=True)
class Hush:
    """File it, and say nothing."""

    closes: bool = True


@dataclass(frozen=True)
class Raw:
    """File it, then send these bytes."""

    answer: bytes


@dataclass(frozen=True)
class Other:
    """File it, then acknowledge another message."""


@dataclass(frozen=True)
class Slow:
    """File it, then acknowledge after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Away:
    """Close without reading."""


Fault = Say | Hush | Raw | Other | Slow | Away


@dataclass
class Engine:
    """What it got. `filed`: (filler, OBX-3, OBX-4) -> (OBX-2, OBX-5, OBX-11); `script`: a fault for each message."""

    enhanced: bool = False
    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    filed: dict[tuple[str, str, str], tuple[str, str, str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    script: list[Fault] = field(default_factory=list)
    bad: tuple[str, frozenset[str]] = ("102", frozenset())
    """ERR-3, and values for which a whole message is refused with it."""

    def url(self, scheme: str = "mllp", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}"

    def messages(self) -> list[Message]:
        """All messages, read and validated by hl7apy."""
        return [read(body) for body in self.bodies]

    def values(self) -> list[str]:
        """What stands in the chart, in order of arrival."""
        return [value for _, value, status in self.filed.values() if status in "FC"]

    def take(self, body: bytes) -> str:
        """File a message; its control id."""
        self.bodies.append(body)
        control = body.split(b"|", 10)[9].decode()
        if control in self.seen:
            return control
        self.seen.add(control)
        filler = ""
        charset = "latin-1" if b"|8859/1" in body.partition(b"\r")[0] else "utf-8"
        for line in body.decode(charset).rstrip("\r").split("\r"):
            fields = [*line.split("|"), *[""] * 30]
            if fields[0] == "OBR":
                filler = fields[3].split("^")[0]
            elif fields[0] == "OBX":
                key = filler, fields[3].split("^")[0], fields[4]
                self.filed[key] = fields[2], fields[5], fields[11]
        return control

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            fault = self.script.pop(0) if self.script else None
            if isinstance(fault, Away):
                return
            await reader.readuntil(START)
            body = (await reader.readuntil(END))[: -len(END)]
            await self.answer(body, fault, writer)
            await writer.drain()
            if isinstance(fault, Hush) and not fault.closes:
                await reader.read()
        finally:
            writer.close()

    async def answer(self, body: bytes, fault: Fault | None, writer: asyncio.StreamWriter) -> None:
        """What the script says, or an acknowledgement."""
        if isinstance(fault, Say):
            self.bodies.append(body)
            for code in fault.code.split("+"):
                writer.write(ack(code, body.split(b"|", 10)[9].decode(), fault.error * (code != "CA")))
            return
        error, values = self.bad
        if any(f"|{value}|".encode() in body for value in values):
            self.bodies.append(body)
            writer.write(ack("AE", body.split(b"|", 10)[9].decode(), error))
            return
        control = self.take(body)
        if isinstance(fault, Hush):
            return
        if isinstance(fault, Raw):
            writer.write(fault.answer)
            return
        if isinstance(fault, Slow):
            await asyncio.sleep(fault.seconds)
        if self.enhanced:
            writer.write(ack("CA", control))
        if not self.enhanced or b"|AL|AL|" in body.partition(b"\r")[0]:
            writer.write(ack("AA", "other" if isinstance(fault, Other) else control))


def ack(code: str, control: str, error: str = "") -> bytes:
    """A framed acknowledgement."""
    lines = [
        "MSH|^~\\&|LAB|HOSPITAL|CGM-BRIDGE||20260528120000||ACK^R01^ACK|1|P|2.5.1",
        f"MSA|{code}|{control}|SECRET NAME",
    ]
    lines += [f"ERR||PID^1^3|{error}^x^HL70357|E||||SECRET NAME"] * bool(error)
    return START + ("\r".join(lines) + "\r").encode() + END


def read(body: bytes) -> Any:
    """A message as hl7apy reads it, by HL7's own tables of 2.5.1. Raises where these do not allow it."""
    found = parse_message(body.decode(), find_groups=True)
    found.validate()
    return found


@contextmanager
def standing(tls: ssl.SSLContext | None = None, enhanced: bool = False) -> Iterator[Engine]:
    """An engine on loopback until the block ends."""
    engine, loop, ready = Engine(enhanced), asyncio.new_event_loop(), threading.Event()

    async def serve() -> asyncio.Server:
        server = await asyncio.start_server(engine.talk, "127.0.0.1", 0, ssl=tls, limit=1 << 24)
        engine.port = server.sockets[0].getsockname()[1]
        return server

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield engine
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
