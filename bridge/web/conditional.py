"""Conditional reads: has what the asker holds changed? (RFC 9110 13, R4 3.1.0.1.4)

Law: pure, and asked only about what the gate disclosed: a condition on a hidden resource is never looked
at, so it answers 404 like any other read of it (L21). If-None-Match wins over If-Modified-Since; a date
that cannot be read is no condition.
"""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from bridge.period import Instant


def is_unchanged(
    if_none_match: bytes, if_modified_since: bytes, etag: str | None, last_modified: Instant | None
) -> bool:
    """Whether the asker's copy is the present one. Headers that were not sent are b""."""
    if if_none_match:
        return etag is not None and _matches(if_none_match.decode("latin-1"), etag)
    if if_modified_since and last_modified is not None:
        since = _date(if_modified_since)
        return since is not None and last_modified // 1000 <= since
    return False


def http_date(instant: Instant) -> bytes:
    """An instant as an HTTP date, cut to the second."""
    return formatdate(instant // 1000, usegmt=True).encode("ascii")


def _matches(listed: str, etag: str) -> bool:
    """The weak comparison (RFC 9110 8.8.3.2)."""
    wanted = etag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in (wanted, "*") for each in listed.split(","))


@lru_cache(maxsize=256)
def _date(text: bytes) -> int | None:
    try:
        return int(parsedate_to_datetime(text.decode("latin-1")).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
