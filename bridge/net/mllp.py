"""MLLP: one message in a frame, and the frames that answer it, over a connection of its own.

Law: HL7 Transport Specification MLLP release 1: 0x0B, the message, 0x1C 0x0D; what stands outside a frame is ignored.
The receiver's certificate and name are verified before the first byte. Once a byte may have left, every fault is an
unknown outcome: the receiver may have filed what it did not acknowledge. An answer that is larger or later than was
asked for ends the call.

Rejected: a connection that stays open (an answer that comes late would be taken for the next message's).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

from bridge.net.message import Fault, Framed, Stop

START: Final = b"\x0b"
END: Final = b"\x1c\r"
CONNECT_SECONDS: Final = 10.0

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def spoken(
    message: Framed, address: str, port: int, name: str, trust: ssl.SSLContext | None
) -> tuple[bytes, ...]:
    """Send to an address that was judged and return the answers; Stop with the fault."""
    async with _connected(message, address, port, name, trust) as (reader, writer):
        try:
            async with asyncio.timeout(message.seconds):
                writer.write(START + message.body + END)
                await writer.drain()
                answers = [await _frame(reader, message.limit)]
                while message.is_more(answers[-1]):
                    answers.append(await _frame(reader, message.limit))
                return tuple(answers)
        except TimeoutError:
            raise Stop(Fault.TIMED_OUT) from None
        except (OSError, asyncio.IncompleteReadError):
            raise Stop(Fault.CUT_OFF) from None


@asynccontextmanager
async def _connected(
    message: Framed, address: str, port: int, name: str, trust: ssl.SSLContext | None
) -> AsyncIterator[Streams]:
    reader, writer = await _open(message, address, port, name, trust)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _open(message: Framed, address: str, port: int, name: str, trust: ssl.SSLContext | None) -> Streams:
    """A connection; nothing was sent where there is none."""
    try:
        async with asyncio.timeout(min(message.seconds, CONNECT_SECONDS)):
            return await asyncio.open_connection(
                address, port, ssl=trust, server_hostname=name if trust else None, limit=message.limit
            )
    except ssl.SSLError:
        raise Stop(Fault.NOT_TRUSTED) from None
    except (OSError, TimeoutError):
        raise Stop(Fault.UNREACHABLE) from None


async def _frame(reader: asyncio.StreamReader, limit: int) -> bytes:
    try:
        await reader.readuntil(START)
        return (await reader.readuntil(END))[: -len(END)]
    except asyncio.LimitOverrunError:
        raise Stop(Fault.TOO_LARGE) from None
