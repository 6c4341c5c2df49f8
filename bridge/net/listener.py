"""MLLP that others call: frames in, one answer each, from addresses that are allowed, in TLS.

Law: HL7 Transport Specification MLLP release 1. Who is not allowed is not read from; without a certificate nothing but
this machine is listened on. A frame is bounded in size and time, connections in number; what is not answered comes
again, so a fault of ours closes the connection without an answer. Nothing of a message is logged.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.net.address import Reach, reach
from bridge.net.mllp import END, START

LOG: Final = logging.getLogger(__name__)
LIMIT: Final = 1 << 18
IDLE_SECONDS: Final = 300.0
MOST: Final = 64
"""Connections at once."""

Allowed: TypeAlias = Callable[[str], bool]
"""Whether an address may speak."""
Heard: TypeAlias = Callable[[str, bytes], Awaitable[bytes]]
"""What is answered to a message from an address."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen. `certificate`: path of a PEM file with our certificate and key; `authority`: path of the
    certificates that a caller's own must be signed by, None: it need not show one."""

    host: str
    port: int
    certificate: str | None = None
    authority: str | None = None


@asynccontextmanager
async def listening(where: Listening, allowed: Allowed, heard: Heard) -> AsyncIterator[int]:
    """Listen until the block ends; the port. ValueError where it would be unencrypted beyond this machine; OSError
    where nothing can listen there or a file cannot be read."""
    talking: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        if len(talking) >= MOST or not allowed(peer):
            writer.close()
            return
        task = asyncio.create_task(_talk(reader, writer, peer, heard))
        talking.add(task)
        task.add_done_callback(talking.discard)

    server = await asyncio.start_server(
        accept, where.host, where.port, ssl=_context(where), limit=LIMIT, reuse_port=True
    )
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tuple(talking):
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


def _context(where: Listening) -> ssl.SSLContext | None:
    if where.certificate is None:
        if where.host != "localhost" and reach(where.host) is not Reach.LOOPBACK:
            raise ValueError(f"{where.host} is listened on in TLS alone: name a certificate")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where.certificate)
    if where.authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(where.authority)
    return context


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str, heard: Heard) -> None:
    """One connection: messages one after the other, as engines keep it open."""
    try:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                await reader.readuntil(START)
                body = (await reader.readuntil(END))[: -len(END)]
            writer.write(START + await heard(peer, body) + END)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, TimeoutError):
        LOG.debug("a connection of an MLLP sender ended")
    except Exception:
        LOG.exception(
            "a message over MLLP was not dealt with and not acknowledged; its sender sends it again"
        )
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
