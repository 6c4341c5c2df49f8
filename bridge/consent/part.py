"""One page of an answer, before the ledger has it.

Law: pure values; numbers, edges and kinds are of what is in it, because the ledger's entry is written from them
(`consent.md`, the ledger). Rejected: counting again when the entry is written (two truths).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

from bridge.consent.agreed import DisclosedConsent
from bridge.consent.asked import Grain, Kind
from bridge.consent.disclosure import DisclosedDevice, DisclosedMetric, Group
from bridge.consent.events import DisclosedEvent
from bridge.consent.received import REPORT, DisclosedReceived, Record
from bridge.consent.summed import Content, DisclosedSummary
from bridge.period import BEGINNING, Instant
from bridge.store.published import Week
from bridge.store.summaries import Frozen

PERSON: Final = "demographics"
CONSENT: Final = "consent"
LEDGER: Final = "ledger"
"""What an entry of the ledger calls the person, grants and its own rows, where these were told."""


@final
@dataclass(frozen=True, slots=True)
class Part:
    """One page of an answer: `count` items, in which are so many `readings`; `total`: of all
    pages, where that is known anyway. `weeks` and `frozen`: means and
    summaries that leave for the first time or anew; `handed`: records of what is in `received`;
    `lost`: numbers of the items in it that are told as taken away,
    which `first`, `last` and `kinds` leave out."""

    groups: tuple[Group, ...] = ()
    devices: tuple[DisclosedDevice, ...] = ()
    metrics: tuple[DisclosedMetric, ...] = ()
    count: int = 0
    readings: int = 0
    more: bytes | None = None
    total: int | None = None
    last_updated: Instant | None = None
    first: Instant | None = None
    last: Instant | None = None
    kinds: frozenset[str] = frozenset()
    weeks: tuple[Week, ...] = ()
    lost: Part | None = None
    consents: tuple[DisclosedConsent, ...] = ()
    events: tuple[DisclosedEvent, ...] = ()
    summaries: tuple[DisclosedSummary, ...] = ()
    frozen: tuple[Frozen[Content], ...] = ()
    received: tuple[DisclosedReceived, ...] = ()
    handed: tuple[Record, ...] = ()

    @property
    def grains(self) -> tuple[str, ...]:
        """The grains of all that is in it."""
        back = () if self.lost is None else self.lost.summaries
        found = {group.grain for group in self.groups}
        foreign = any(not each.is_gone for each in self.received)
        found |= {Grain.SUMMARY} if foreign or len(self.summaries) > len(back) else set()
        return tuple(sorted(each.name.lower() for each in found))

    @property
    def told(self) -> frozenset[str]:
        """The kinds of all that is in it."""
        things = {Kind.DEVICE} if self.devices or self.metrics else set[Kind]()
        strips = {Kind.CAPILLARY} if any(each.calibrations for each in self.metrics) else set[Kind]()
        written = {name for name, found in ((CONSENT, self.consents), (LEDGER, self.events)) if found}
        return self.kinds | things | strips | written

    @property
    def names_person(self) -> bool:
        """Whether a report is in it that somebody submitted: its PDF says whom it is about."""
        return any(each.part == REPORT and not each.is_gone for each in self.received)

    def along(self, more: Part) -> Part:
        """The same with what others submitted, which comes with it."""
        if not more.received:
            return self
        firsts = [each for each in (self.first, more.first) if each is not None]
        lasts = [each for each in (self.last, more.last) if each is not None]
        return replace(
            self,
            received=(*self.received, *more.received),
            handed=(*self.handed, *more.handed),
            count=self.count + more.count,
            readings=self.readings + more.readings,
            total=None if self.total is None else self.total + more.count,
            last_updated=max(self.last_updated or BEGINNING, more.last_updated or BEGINNING),
            first=min(firsts, default=None),
            last=max(lasts, default=None),
            kinds=self.kinds | more.kinds,
        )

    def with_lost(self, lost: Part) -> Part:
        """The same with summaries that are told as taken away."""
        if not (lost.summaries or lost.received):
            return self
        before = self.lost or Part()
        firsts = [each for each in (before.first, lost.first) if each is not None]
        lasts = [each for each in (before.last, lost.last) if each is not None]
        back = replace(
            lost,
            count=before.count + lost.count,
            readings=before.readings + lost.readings,
            first=min(firsts, default=None),
            last=max(lasts, default=None),
            kinds=before.kinds | lost.kinds,
            frozen=(),
            handed=(),
        )
        return replace(
            self,
            summaries=(*self.summaries, *lost.summaries),
            received=(*self.received, *lost.received),
            count=self.count + lost.count,
            readings=self.readings + lost.readings,
            total=None if self.total is None else self.total + lost.count,
            last_updated=max(self.last_updated or BEGINNING, lost.last_updated or BEGINNING),
            frozen=(*self.frozen, *lost.frozen),
            lost=back,
        )
