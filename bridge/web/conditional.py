"""Conditional reads: does the asker hold this very answer already? (RFC 9110 13.1.2, R4 3.1.0.1.4)

Law: pure, and asked only about what the gate disclosed: a condition on a hidden resource is never looked
at, so it answers 404 like any other read of it (L21). The ETag alone answers: what an asker is told of one
resource changes with its grants as well, which no date of the resource says, so If-Modified-Since is not
looked at and the CapabilityStatement says `not-match`.
"""

from __future__ import annotations

from email.utils import formatdate

from bridge.period import Instant


def is_unchanged(if_none_match: bytes, etag: str | None) -> bool:
    """Whether the asker's copy is the present one, by the weak comparison (RFC 9110 8.8.3.2). b"": nothing was sent."""
    if etag is None:
        return False
    wanted = etag.removeprefix("W/")
    listed = if_none_match.decode("latin-1").split(",")
    return any(each.strip().removeprefix("W/") in (wanted, "*") for each in listed)


def http_date(instant: Instant) -> bytes:
    """An instant as an HTTP date, cut to the second."""
    return formatdate(instant // 1000, usegmt=True).encode("ascii")
