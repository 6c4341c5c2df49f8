"""How often somebody may try: per account, per address, per invitation.

Law: the wait doubles with every failure past the free ones, has an upper bound, and is what the answer says it
is (RFC 9110 10.2.3, Retry-After). It falls on an account whether or not there is one, so it tells nobody which
names exist. A shared address (a clinic, a carrier) has many free tries and a short wait. IPv6 is counted by /64,
which one subscriber owns. Rejected: locking an account for good: that is a gift to whoever wants it locked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address, ip_address, ip_network

from bridge.period import DAY, HOUR, MINUTE, Instant
from bridge.store import throttle as kept
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` failures cost nothing; then `first` ms, doubled each time, at most `longest`; all is forgotten
    after `forget` ms without a failure."""

    free: int
    first: Instant
    longest: Instant
    forget: Instant

    def free_at(self, failures: int, last: Instant) -> Instant:
        """When the next attempt may be made."""
        if failures < self.free:
            return 0
        return last + min(self.first << min(failures - self.free, 20), self.longest)


class Of(Enum):
    """What is throttled, and how."""

    ACCOUNT = Rule(5, 30_000, HOUR, DAY)
    ADDRESS = Rule(30, 10_000, 15 * MINUTE, HOUR)
    INVITATION = Rule(5, MINUTE, DAY, 7 * DAY)
    SUBMISSION = Rule(
        30, 10_000, HOUR, MINUTE
    )  # a client about one person; no failures, but how often it comes


@dataclass(frozen=True, slots=True)
class TryLater:
    """Too many attempts: nothing was looked at, and nothing will be for so many seconds."""

    seconds: int


def attempt(db: Database, subjects: Mapping[Of, str], now: Instant) -> TryLater | None:
    """Count one attempt against each subject; TryLater where one of them has to wait."""
    return _attempt(db, {_key(db, of, name): of.value for of, name in subjects.items()}, now)


def attempt_all(db: Database, of: Of, names: Collection[str], now: Instant) -> TryLater | None:
    """Count one attempt against each of several subjects of one kind; TryLater where one of them has to wait, and
    nothing is counted."""
    return _attempt(db, {_key(db, of, name): of.value for name in names}, now)


def _attempt(db: Database, limits: Mapping[bytes, Rule], now: Instant) -> TryLater | None:
    free = kept.take(db, limits, now)
    return None if free is None else TryLater(max(1, -(-(free - now) // 1000)))


def succeeded(db: Database, subjects: Mapping[Of, str]) -> None:
    """Forget the failures of the account or invitation, and this attempt of the address."""
    cleared = [_key(db, of, name) for of, name in subjects.items() if of is not Of.ADDRESS]
    lessened = [_key(db, of, name) for of, name in subjects.items() if of is Of.ADDRESS]
    kept.forgive(db, cleared, lessened)


def forget(db: Database, now: Instant) -> None:
    """Forget failures that no rule remembers any longer."""
    kept.sweep(db, now - max(of.value.forget for of in Of))


def network(address: str) -> str:
    """What an address is counted by."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))
    return str(found)


def _key(db: Database, of: Of, name: str) -> bytes:
    counted = network(name) if of is Of.ADDRESS else name
    return db.keys.blind(f"throttle {of.name.lower()}", counted)
