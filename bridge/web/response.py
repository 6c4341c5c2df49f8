"""FHIR bytes as an HTTP answer: headers, compression, HEAD, 304; and the settling of what left.

Law: a `FhirResponse` takes `FhirBytes` and nothing else; there is no other way to put a body under /fhir.
Every answer is private and not stored, and says what it varies by, so no cache between can hand it to
another asker (L39, RFC 9111 3, 4.1). An intent without an outcome counts as sent (`store.ledger`), so only
what went otherwise is told to the gate: failed, or sent without its body.

Rejected: starlette's Response (re-encodes headers for each answer; the page is a memoryview it copies).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from isal import igzip_lib
from starlette.types import Send

from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Gate
from bridge.fhir.render import FhirBytes
from bridge.web.call import Call
from bridge.web.conditional import http_date, is_unchanged
from bridge.web.negotiate import is_gzip_wanted

PRIVATE: Final = (
    (b"cache-control", b"private, no-store"),
    (b"vary", b"Accept, Accept-Encoding, Authorization"),
    (b"x-content-type-options", b"nosniff"),
)
PDF: Final = "application/pdf"
GZIP: Final = (b"content-encoding", b"gzip")
WORTH_COMPRESSING: Final = 1024
LEVEL: Final = 1
"""isal's level 1 writes a 1,000-entry page in 90 µs; higher ones save little."""


class FhirResponse:
    """One whole answer. `disclosures`: what is in it, settled after sending."""

    __slots__ = ("_extra", "body", "disclosures", "status")

    def __init__(
        self,
        status: int,
        body: FhirBytes,
        disclosures: Sequence[Disclosure] = (),
        extra: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(body, FhirBytes):
            raise TypeError("a FhirResponse takes FhirBytes and nothing else")
        self.status = status
        self.body = body
        self.disclosures = disclosures
        self._extra = extra

    async def send(self, call: Call, send: Send, gate: Gate) -> None:
        """Answer `call`, then settle where it did not go out whole: HEAD, 304, failed."""
        try:
            has_body = await self._sent(call, send)
        except (OSError, asyncio.CancelledError):
            self.unsent(gate)
            raise
        if not has_body:
            self.bare(gate)

    def bare(self, gate: Gate) -> None:
        """Settle an answer that went out without its body."""
        for disclosure in self.disclosures:
            gate.settle(disclosure, "sent", 0)

    def unsent(self, gate: Gate) -> None:
        """Settle an answer that did not leave."""
        for disclosure in self.disclosures:
            gate.settle(disclosure, "failed", 0)

    def is_held(self, if_none_match: bytes) -> bool:
        """Whether the asker, by this header, holds this very answer already (304)."""
        return self.status == 200 and is_unchanged(if_none_match, self.body.etag)

    async def _sent(self, call: Call, send: Send) -> bool:
        """Whether a body was sent."""
        headers = [*PRIVATE, *self._named()]
        if self.is_held(call.header(b"if-none-match")):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return False
        content: bytes | memoryview = self.body.body
        headers.append(content_type(self.body.media_type))
        if len(content) > WORTH_COMPRESSING and is_gzip_wanted(call.header(b"accept-encoding")):
            content = igzip_lib.compress(content, LEVEL, igzip_lib.COMP_GZIP)
            headers.append(GZIP)
        headers.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        has_body = call.method != "HEAD"
        await send({"type": "http.response.body", "body": content if has_body else b""})
        return has_body

    def _named(self) -> list[tuple[bytes, bytes]]:
        """Headers that this answer has of its own."""
        named = _encoded(self._extra or {})
        if self.body.etag is not None:
            named.append((b"etag", self.body.etag.encode("ascii")))
        if self.body.last_modified is not None:
            named.append((b"last-modified", http_date(self.body.last_modified)))
        return named


@lru_cache(maxsize=8)
def content_type(media_type: str) -> tuple[bytes, bytes]:
    """The header of a body; what is no text has no charset."""
    if media_type == PDF:
        return b"content-type", media_type.encode("ascii")
    return b"content-type", f"{media_type}; charset=utf-8".encode("ascii")


class Nothing:
    """An answer without a body: 204."""

    __slots__ = ("_extra", "status")

    def __init__(self, status: int, extra: Mapping[str, str]) -> None:
        self.status = status
        self._extra = extra

    async def send(self, call: Call, send: Send, gate: Gate) -> None:
        """Answer `call`."""
        headers = [*PRIVATE, *_encoded(self._extra)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
