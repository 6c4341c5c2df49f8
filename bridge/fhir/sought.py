"""One understood search, and how it becomes a wish to the gate.

Law: a value; dates are bound late, in the zone of the patient it names (R4 2.24.0.4: a date without a
time is the whole day there). It never holds what was permitted or found. Rejected: dates bound while
parsing (a lookup of the patient before anybody asked whether the asker may know of them).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlencode

from bridge.consent.amounts import AmountTest
from bridge.consent.asked import Asked, DateTest, Order, Prefix, Selector, Way
from bridge.consent.disclosure import Subject
from bridge.consent.received import REPORT
from bridge.consent.reporting import MARK, Reporting
from bridge.consent.summed import PARTS
from bridge.fhir.parameters import READINGS, RECORDS
from bridge.fhir.wanted import Wanted
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
class Care:
    """When something was so or was done: from the start of one date to the end of another, '' without an edge.
    What overlaps the time is meant (R4 Patient operation everything: care dates). A date that no calendar here has
    (9999) is an edge beyond which nothing is."""

    start: str
    end: str

    def bound(self, zones: ZoneHistory, now: Instant) -> DateTest:
        """The test over instants."""
        low = spelled(self.start, zones).start if self.start else BEGINNING
        high = spelled(self.end, zones).end if self.end else END_OF_TIME
        return DateTest("ap", Period(low, max(low + 1, high)))


@dataclass(frozen=True, slots=True)
class Search:
    """One understood search. `pairs`: the parameters that were used. `patient`: the Patient id that was
    named, or None where `identifier` (system, value) names a Patient. `ids`: of `kind` itself;
    `targets`: ids of readings. `elements`: None is all of them. `operation`: what stands behind the type in the
    address; `types`: those that `$everything` was asked for, None for any other search; `parts`:
    Observations of summaries, which come where no reading may; `submitted`: reports of others come along."""

    kind: str
    pairs: Pairs
    patient: str | None
    identifier: tuple[str, str] | None
    selectors: frozenset[Selector]
    dates: tuple[DateText | Care, ...] = ()
    updated: tuple[DateText, ...] = ()
    ids: frozenset[str] | None = None
    targets: frozenset[str] | None = None
    devices: frozenset[str] | None = None
    device_kinds: frozenset[str] | None = None
    amounts: tuple[AmountTest, ...] = ()
    sampled: bool = False
    states: frozenset[str] | None = None
    order: Order = "date"
    count: int = PAGE
    total: bool = False
    count_only: bool = False
    elements: frozenset[str] | None = None
    include_devices: bool = False
    include_provenance: bool = False
    include_metrics: bool = False
    operation: str = ""
    types: frozenset[str] | None = None
    parts: frozenset[str] = frozenset()
    submitted: bool = False

    @property
    def address(self) -> str:
        """What stands in the address behind the base."""
        return self.kind + self.operation

    @property
    def described(self) -> str:
        """The request in words, for the ledger."""
        return self.address + (f"?{_spelled(self.pairs)}" if self.pairs else "")

    def wanted(self, is_first: bool = True) -> Wanted:
        """What the answer shall hold; a person stands on the first page of everything alone."""
        types = self.types if is_first or self.types is None else self.types - {"Patient"}
        return Wanted(
            self.kind,
            self.include_devices,
            self.include_provenance,
            self.elements,
            self.include_metrics,
            types,
        )

    def _shows(self, kind: str) -> bool:
        return kind in self.types if self.types is not None else kind == self.kind

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
        asked = Asked(
            patient=patient,
            way=way,
            channel=channel,
            described=self.described,
            selectors=self.selectors,
            dates=tuple(test.bound(zones, now) for test in self.dates),
            updated=tuple(test.bound(zones, now) for test in self.updated),
            amounts=self.amounts,
            sampled=self.sampled,
            ids=self._named(),
            devices=self.ids if self.kind == "Device" else self.devices,
            metrics=self.ids if self.kind == "DeviceMetric" else None,
            device_kinds=self.device_kinds,
            order=self.order,
            after=after,
            limit=0 if self.count_only else self.count,
            total=self.total or self.count_only,
            provenance=self._shows("Provenance") or self.include_provenance,
            retractions=any(self._shows(each) for each in READING_TYPES),
            device_resources=self._shows("Device") or self.include_devices,
            metric_resources=self._shows("DeviceMetric") or self.include_metrics,
            patient_resource=self._shows("Patient") and after is None,
            consent_resources=self._shows("Consent"),
            event_resources=self._shows("AuditEvent"),
            states=self.states,
        )
        return self._with_reports(self._summed(asked))

    def _with_reports(self, asked: Asked) -> Asked:
        """The wish with the reports that others submitted, which stand behind its last page."""
        if not self.submitted:
            return asked
        instead = asked.instead and replace(asked.instead, along=frozenset({REPORT}))
        return replace(asked, along=asked.along | {REPORT}, instead=instead)

    def _summed(self, asked: Asked) -> Asked:
        """The wish with what summaries are meant by it: alone where no reading is, else in the place of readings."""
        if not self.parts:
            return asked
        fixed = bool(self.selectors) and self.parts >= set(PARTS)  # nothing names them
        comes_along = fixed and (self.types is not None or asked.way is Way.BULK)
        is_meant = comes_along or not fixed or asked.ids is not None
        wish = Reporting(None, fixed, asked.ids, self.parts, asked.dates, asked.updated, received=is_meant)
        summed = replace(asked, reporting=wish, dates=(), updated=(), ids=None)
        is_alone = not self.selectors or (asked.after or b"").startswith(MARK)
        if is_alone:
            return summed
        along = self.parts if comes_along else frozenset[str]()
        return replace(asked, instead=None if asked.after else summed, along=along)

    def _named(self) -> frozenset[str] | None:
        """Ids of readings: their own, or those that the Provenance speaks of; and of what was agreed or done."""
        if self.kind == "Provenance" and self.targets is not None:
            return self.targets
        return self.ids if self.kind in READINGS | RECORDS else None

    def admits(self, subject: Subject | None) -> bool:
        """Whether this person, as disclosed, is the Patient that was searched: an identifier that the
        identity withholds finds nothing, or a pairing could be undone by asking."""
        return subject is not None and (self.identifier is None or self.identifier in subject.identifiers)

    def url(self, base: str) -> str:
        """The self link: only what was used (R4 3.1.1.1.4)."""
        return f"{base}/{self.described}"


_spelled: Final = lru_cache(maxsize=256)(urlencode)
