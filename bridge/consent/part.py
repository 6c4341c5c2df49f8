"""One page of an answer, before the ledger has it.

Law: pure values; numbers, edges and kinds are of what is in it, because the ledger's entry is written from them
(`consent.md`, the ledger). Rejected: counting again when the entry is written (two truths).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from bridge.consent.asked import Kind
from bridge.consent.disclosure import DisclosedDevice, DisclosedMetric, Group
from bridge.period import Instant
from bridge.store.published import Week


@final
@dataclass(frozen=True, slots=True)
class Part:
    """One page of an answer: `count` items, in which are so many `readings`. `weeks`: means that leave for the first
    time or anew; `lost`: numbers of the items in it that are told as taken away, which `first`, `last` and `kinds`
    leave out."""

    groups: tuple[Group, ...] = ()
    devices: tuple[DisclosedDevice, ...] = ()
    metrics: tuple[DisclosedMetric, ...] = ()
    count: int = 0
    readings: int = 0
    more: bytes | None = None
    last_updated: Instant | None = None
    first: Instant | None = None
    last: Instant | None = None
    kinds: frozenset[str] = frozenset()
    weeks: tuple[Week, ...] = ()
    lost: Part | None = None

    @property
    def told(self) -> frozenset[str]:
        """The kinds of all that is in it."""
        things = {Kind.DEVICE} if self.devices or self.metrics else set[Kind]()
        strips = {Kind.CAPILLARY} if any(each.calibrations for each in self.metrics) else set[Kind]()
        return self.kinds | things | strips
