"""One understood search, and how it becomes a wish to the gate.

Law: a value; dates are bound late, in the zone of the patient it names (R4 2.24.0.4: a date without a
time is the whole day there). It never holds what was permitted or found. Rejected: dates bound while
parsing (a lookup of the patient before anybody asked whether the asker may know of them).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlencode

from bridge.consent.asked import Asked, DateTest, Order, Prefix, Selector, Way
from bridge.consent.disclosure import Subject
from bridge.fhir.parameters import READINGS
from bridge.mapping.resources import READING_TYPES
from bridge.period import BEGINNING, END_OF_TIME, Instant, Period, ZoneHistory, spelled

Pairs: TypeAlias = "tuple[tuple[str, str], ...]"

PAGE: Final = 1000
"""Resources on a page where `_count` is not given."""
MOST: Final = 1_000_000
"""Largest `_count`; more is answered as if this had been asked (R4 3.1.1.5.4)."""


@dataclass(frozen=True, slots=True)
class DateText:
    """One date parameter before its zone is known."""

    prefix: Prefix
    text: str

    def bound(self, zones: ZoneHistory, now: Instant) -> DateTest:
        """The test over instants. `ap` reaches a tenth of the distance from now (R4 3.1.1.4.4)."""
        period = spelled(self.text, zones)
        if self.prefix == "ap":
            reach = min(abs(now - period.start), abs(now - period.end)) // 10
            period = Period(max(BEGINNING, period.start - reach), min(END_OF_TIME, period.end + reach))
        return DateTest(self.prefix, period)


@dataclass(frozen=True, slots=True)
class Search:
    """One understood search. `pairs`: the parameters that were used. `patient`: the Patient id that was
    named, or None where `identifier` (system, value) names a Patient. `ids`: of `kind` itself;
    `targets`: ids of readings. `elements`: None is all of them."""

    kind: str
    pairs: Pairs
    patient: str | None
    identifier: tuple[str, str] | None
    selectors: frozenset[Selector]
    dates: tuple[DateText, ...] = ()
    updated: tuple[DateText, ...] = ()
    ids: frozenset[str] | None = None
    targets: frozenset[str] | None = None
    devices: frozenset[str] | None = None
    order: Order = "date"
    count: int = PAGE
    total: bool = False
    count_only: bool = False
    elements: frozenset[str] | None = None
    include_devices: bool = False
    include_provenance: bool = False

    def asked(
        self,
        patient: int | None,
        zones: ZoneHistory,
        now: Instant,
        way: Way = Way.LOOK,
        channel: str = "query",
        after: bytes | None = None,
    ) -> Asked:
        """The wish, for the patient that was named (None: no such patient)."""
        return Asked(
            patient=patient,
            way=way,
            channel=channel,
            described=f"{self.kind}?{_spelled(self.pairs)}",
            selectors=self.selectors,
            dates=tuple(test.bound(zones, now) for test in self.dates),
            updated=tuple(test.bound(zones, now) for test in self.updated),
            ids=self._named(),
            devices=self.ids if self.kind == "Device" else self.devices,
            order=self.order,
            after=after,
            limit=0 if self.count_only else self.count,
            total=self.total or self.count_only,
            provenance=self.kind == "Provenance" or self.include_provenance,
            retractions=self.kind in READING_TYPES,
            device_resources=self.kind == "Device" or self.include_devices,
            patient_resource=self.kind == "Patient",
        )

    def _named(self) -> frozenset[str] | None:
        """Ids of readings: their own, or those that the Provenance speaks of."""
        if self.kind == "Provenance" and self.targets is not None:
            return self.targets
        return self.ids if self.kind in READINGS else None

    def admits(self, subject: Subject | None) -> bool:
        """Whether this person, as disclosed, is the Patient that was searched: an identifier that the
        identity withholds finds nothing, or a pairing could be undone by asking."""
        return subject is not None and (self.identifier is None or self.identifier in subject.identifiers)

    def url(self, base: str) -> str:
        """The self link: only what was used (R4 3.1.1.1.4)."""
        return f"{base}/{self.kind}?{_spelled(self.pairs)}"


_spelled: Final = lru_cache(maxsize=256)(urlencode)
