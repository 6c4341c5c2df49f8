"""One call of an endpoint, and what its answer means: pure tables beside the one way out.

Law: any 2xx is a yes; 410 is a no for good; what a repetition cannot mend (a redirect, which is never followed, 4xx, an
address that may not be called) is an error until the client asks anew; all else is tried again, not before Retry-After
(RFC 9110 10.2.3). Whether the notification left is told apart: a lost answer is not a lost request. The answer's body
is not looked at. Headers that steer the call itself are not the client's to set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, Caller, Fault, NetFault, Request
from bridge.period import Instant
from bridge.push.retry import pause, retry_after

SECONDS: Final = 10.0
LIMIT: Final = 64 * 1024
ATTEMPTS: Final = 12
"""Failures in a row after which the client has to ask anew (about two hours)."""
GONE: Final = 410
LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
NEVER: Final = frozenset(
    {Fault.MALFORMED, Fault.NOT_REGISTERED, Fault.NOT_HTTPS, Fault.FORBIDDEN_ADDRESS, Fault.NO_IDENTITY}
)
"""Faults that a repetition cannot mend."""
MOST_HEADERS: Final = 8
HEADERS_WRONG: Final = (
    f"at most {MOST_HEADERS} lines of Name: value in printable ASCII, none of which steers the call itself"
)
_HEADER: Final = re.compile(
    r"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}): ?([\x21-\x7e](?:[\x20-\x7e]{0,2046}[\x21-\x7e])?)"
)
_STEERING: Final = re.compile(
    r"host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept.*|user-agent|proxy-.*"
    r"|forwarded|x-forwarded-.*|via|cookie"
)


class Next(StrEnum):
    """What a call comes to."""

    DONE = "done"
    AGAIN = "again"
    STOP = "stop"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a call. `has_left`: whether the endpoint may have read it; `later`: ms it asks to wait."""

    next: Next
    has_left: bool
    problem: str = ""
    later: int = 0


def are_fit(headers: Sequence[str]) -> bool:
    """Whether a client may have these sent along."""
    read = [_HEADER.fullmatch(each) for each in headers]
    return len(headers) <= MOST_HEADERS and all(
        each is not None and not _STEERING.fullmatch(each[1].lower()) for each in read
    )


async def call(
    net: Caller, url: str, media_type: str, body: bytes, headers: Sequence[str], seconds: str, now: Instant
) -> Verdict:
    """Send one notification. `headers`: as the client gave them; `seconds`: as it asked, '' as usual."""
    own = tuple((match[1], match[2]) for match in map(_HEADER.fullmatch, headers) if match is not None)
    answer = await net.fetch(
        Request(
            Purpose.NOTIFICATION,
            "POST",
            url,
            (("content-type", media_type), *own),
            body,
            limit=LIMIT,
            seconds=float(seconds or SECONDS),
        )
    )
    return judged(answer, now)


def judged(answer: Answer | NetFault, now: Instant) -> Verdict:
    """What an answer means."""
    if isinstance(answer, NetFault):
        return Verdict(Next.STOP if answer.fault in NEVER else Next.AGAIN, answer.is_unknown, answer.sentence)
    status = answer.status
    if 200 <= status < 300:
        return Verdict(Next.DONE, has_left=True)
    if status == GONE:
        return Verdict(Next.GONE, True, "the endpoint is gone (HTTP 410)")
    if status in LATER:
        asked = retry_after(answer.header("retry-after"), now) or 0
        return Verdict(Next.AGAIN, True, f"the endpoint cannot take it now (HTTP {status})", asked)
    if 300 <= status < 400:
        return Verdict(Next.STOP, True, f"the endpoint redirects, which is not followed (HTTP {status})")
    return Verdict(Next.STOP, True, f"the endpoint refuses (HTTP {status})")


def wait(failures: int, chance: float, asked: int) -> int:
    """Milliseconds until the next call after so many failures in a row."""
    return max(pause(failures, chance), asked)
