"""Fetch a client's public keys from its registered JWKS address.

Law: SMART App Launch 2.2, client-confidential-asymmetric: keys by URL over TLS, never cached beyond the
answer's Cache-Control. Nothing is cached here; `max_age` tells the caller how long it may, 0 where the
answer allows none. The body stays bytes: reading keys is `bridge.smart`'s affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose, origin
from bridge.net.message import Answer, Fault, NetFault, Request

SECONDS: Final = 5.0
LIMIT: Final = 256 * 1024
LONGEST: Final = 86_400
"""A day: a withdrawn key must stop working even where its host says otherwise."""
TYPES: Final = frozenset({"application/json", "application/jwk-set+json"})


@dataclass(frozen=True, slots=True)
class JwksAnswer:
    """The key set as it was served, and for how many seconds it may be kept."""

    body: bytes = field(repr=False)
    max_age: int


@dataclass(frozen=True, slots=True)
class KeyFetcher:
    """Fetches key sets through the outbound client."""

    net: Outbound

    async def jwks(self, url: str) -> JwksAnswer | NetFault:
        """The key set at a registered address, or what went wrong."""
        accept = (("accept", "application/json, application/jwk-set+json"),)
        answer = await self.net.fetch(
            Request(Purpose.KEYS, "GET", url, headers=accept, limit=LIMIT, seconds=SECONDS)
        )
        if isinstance(answer, NetFault):
            return answer
        where = origin(url)
        host = where.host if where else "that host"
        if answer.status != 200:
            return NetFault(Fault.WRONG_STATUS, host)
        if answer.header("content-type").partition(";")[0].strip().lower() not in TYPES:
            return NetFault(Fault.WRONG_TYPE, host)
        return JwksAnswer(answer.body, max_age(answer))


def max_age(answer: Answer) -> int:
    """Seconds that the answer may still be kept (RFC 9111 4.2.1, 5.2.2), 0 where it does not say."""
    directives = {part.strip().lower() for part in answer.header("cache-control").split(",")}
    if directives & {"no-store", "no-cache"}:
        return 0
    told = [int(match[1]) for part in directives if (match := re.fullmatch(r"max-age=\"?(\d{1,9})\"?", part))]
    age = answer.header("age")
    spent = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
    return max(0, min(told[0], LONGEST) - spent) if told else 0
