"""A large search or a file of an export as a stream: a thousand resources at a time, each asked for anew at the door.

Law (`data.md`, consent epoch): before each part the gate looks whether a grant moved; if one did, or the
ledger fails, or the asker is gone, the connection ends without the end of the document, so that nobody
takes a part for the whole, and the outcome row tells how many left. One part is in memory at a time.

Rejected: starlette's StreamingResponse (it ends the document whatever happened to its source).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from isal import isal_zlib
from starlette.types import Message, Send

from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Gate, LedgerUnavailable, Moved
from bridge.fhir.render import FhirBytes, Stream
from bridge.web.call import Call
from bridge.web.negotiate import is_gzip_wanted
from bridge.web.response import GZIP, LEVEL, PRIVATE, content_type

GZIP_WINDOW: Final = 31
"""zlib's wbits for a gzip wrapper."""
_log: Final = logging.getLogger("bridge.web")


class Parts:
    """The Disclosures of one stream, closed by hand: the gate settles what left when it is."""

    def __init__(self, source: AsyncIterator[Disclosure]) -> None:
        self._source = source

    def __aiter__(self) -> Parts:
        return self

    async def __anext__(self) -> Disclosure:
        return await anext(self._source)

    async def close(self) -> None:
        """End the stream here."""
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()


class Flow:
    """One streamed document. `first` is the part that was asked for already (None: nothing leaves), `rest` gives the
    others."""

    status = 200

    def __init__(self, pieces: Stream, first: Disclosure | None, rest: Parts) -> None:
        self._first = first
        self._rest = rest
        self._pieces = pieces

    async def send(self, call: Call, send: Send, gate: Gate) -> None:
        """Answer `call`, part by part; the gate settles when the parts are closed."""
        packed = _Packed(is_gzip_wanted(call.header(b"accept-encoding")))
        headers = [*PRIVATE, content_type(self._pieces.media_type), *packed.headers]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.ensure_future(call.gone())
        try:
            if call.method == "HEAD":
                await send({"type": "http.response.body", "body": b""})
            else:
                await self._parts(send, packed, gone)
        except (Moved, LedgerUnavailable) as cut:
            _log.info("a stream was cut: %s", type(cut).__name__)
        finally:
            gone.cancel()
            await self._rest.close()

    async def _parts(self, send: Send, packed: _Packed, gone: asyncio.Future[None]) -> None:
        if self._first is not None:
            await send(packed.part(self._pieces.rows(self._first)))
        async for disclosure in self._rest:
            # uvicorn's send does not wait while its buffer has room, nor after the asker has left
            await asyncio.sleep(0)
            if gone.done():
                return
            await send(packed.part(self._pieces.rows(disclosure)))
        await send(packed.last(self._pieces.tail()))


class _Packed:
    """Parts as body messages, compressed where wished; each part can be read when it arrives."""

    def __init__(self, is_zipped: bool) -> None:
        self._packer = isal_zlib.compressobj(LEVEL, wbits=GZIP_WINDOW) if is_zipped else None
        self.headers = (GZIP,) if is_zipped else ()

    def part(self, piece: FhirBytes) -> Message:
        """One part, more will follow."""
        body = piece.body
        if self._packer is not None:
            body = self._packer.compress(body) + self._packer.flush(isal_zlib.Z_SYNC_FLUSH)
        return {"type": "http.response.body", "body": body, "more_body": True}

    def last(self, piece: FhirBytes) -> Message:
        """The end of the document."""
        body = piece.body
        if self._packer is not None:
            body = self._packer.compress(body) + self._packer.flush()
        return {"type": "http.response.body", "body": body, "more_body": False}
