"""A summary as it is disclosed, and how its Observations are named.

Law (`data.md`, ids): the id of a summary says person, period and which figure it is, under a key of its recipient's
own: what two recipients may see of one period can differ, and one id must not name two contents. A period is named in
whole minutes. Values alone; what may be in them is decided where they are made (`summaries.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, final

from bridge.consent.asked import Kind
from bridge.metrics.brief import Brief
from bridge.period import MINUTE, Instant, Period
from bridge.reading import SourceClass, Unit
from bridge.store.ids import Ids, Name
from bridge.store.summaries import Holder

PANEL, MEAN, RANGES, GMI, CV, WEAR, ACTIVE = "panel", "mean", "ranges", "gmi", "cv", "wear", "active"
MEMBERS: Final = (MEAN, RANGES, GMI, CV, WEAR, ACTIVE)
"""What the panel has, all of it (HL7 CGM IG 1.0.0, cgm-summary)."""
PARTS: Final = (PANEL, *MEMBERS)
"""The Observations of a summary, in the order of their numbers in an id."""
KINDS: Final = {True: "Summary", False: "Summary of readings"}
"""Under which names their ids are minted: of a block that is frozen, and of what readings are open of."""
REPORTS: Final = ("DiagnosticReport", "DocumentReference", "Binary")
"""As what the report of a summary leaves: three resources, of which each has an id of its own."""
_PART: Final = 4
_SLOT: Final = 12
"""Bits of an id for which figure it is, and of its slot."""


@final
@dataclass(frozen=True, slots=True)
class Content:
    """What a summary says. `readings`: that it was made of, counted or not; `unit`: that most of them are in; `told`:
    its Observations, now or before; `sources`: how many readings of each; `days` and `offsets`: as
    `DisclosedSummary`; `form`: how it is kept; `updated`: when it became as it is, 0: when it was published."""

    figures: Brief | None
    readings: int
    unit: Unit
    classes: tuple[SourceClass, ...]
    told: tuple[str, ...] = ()
    sources: tuple[tuple[str, int], ...] = ()
    days: tuple[date, date] | None = None
    offsets: tuple[int, int] = (0, 0)
    form: int = 1
    updated: Instant = 0

    def leaving(self) -> tuple[str, ...]:
        """The Observations that the figures make; the panel where it has all of its members."""
        found = self.figures
        if found is None:
            return ()
        there = {
            MEAN: found.mean is not None,
            RANGES: found.ranges is not None,
            GMI: found.gmi is not None,
            CV: found.cv is not None,
            WEAR: found.readings > 0,
            ACTIVE: found.readings > 0,
        }
        is_whole = all(there.values()) and found.is_enough
        return (PANEL,) * is_whole + tuple(part for part in MEMBERS if there[part])


NOTHING: Final = Content(None, 0, Unit.MG_DL, ())
"""Of a block of which too little is left."""


@final
@dataclass(frozen=True, slots=True)
class DisclosedReport:
    """The report of one period. `ids`: by type, in the order of `REPORTS`; `open`: kinds of which single readings are
    open over all of the period: what the disclosure holds of them belongs in it. `version` names its content."""

    ids: tuple[tuple[str, str], ...]
    open: frozenset[Kind]
    version: str
    last_updated: Instant

    def id(self, kind: str) -> str:
        """Its id as that type."""
        return dict(self.ids)[kind]


@final
@dataclass(frozen=True, slots=True)
class DisclosedSummary:
    """One period as its asker may know it. `ids`: of the Observations that leave, by part; `members`: of all that the
    summary has; `gone`: parts that are entered in error. `days`: first and last local day, where it covers whole ones;
    `figures` None: all of it is entered in error. `offsets`: minutes east at its edges. `version`: names the content;
    `is_amended`: it was told otherwise before. `is_frozen`: a block of a grant of summaries; `report`: where reports
    were asked for."""

    period: Period
    days: tuple[date, date] | None
    offsets: tuple[int, int]
    figures: Brief | None
    unit: Unit
    classes: tuple[SourceClass, ...]
    ids: tuple[tuple[str, str], ...]
    members: tuple[tuple[str, str], ...]
    gone: frozenset[str]
    version: str
    is_amended: bool
    last_updated: Instant
    is_frozen: bool = False
    report: DisclosedReport | None = None

    @property
    def items(self) -> tuple[tuple[str, str], ...]:
        """What stands in a page of its own: its Observations, or its report."""
        return self.ids if self.report is None else self.report.ids[:1]


def minted_as(is_frozen: bool, kind: str) -> str:
    """Under which name an id of that type is minted; of a report as of a summary."""
    return f"{KINDS[is_frozen]} as {kind}" if kind in REPORTS else KINDS[is_frozen]


def name_of(patient: int, period: Period, part: str) -> Name:
    """What the id of one Observation stands for: where its period begins, how many minutes it is long, which it is."""
    code = (period.end - period.start) // MINUTE << _PART | PARTS.index(part)
    return Name(patient, code >> _SLOT, period.start, code & 2**_SLOT - 1)


def period_of(name: Name) -> Period | None:
    """The period that such a name says; None where it says none."""
    length = (name.series << _SLOT | name.slot) >> _PART
    return Period(name.instant, name.instant + length * MINUTE) if length else None


def secret_of(holder: Holder | None) -> bytes:
    """Under what the ids of a recipient's summaries are minted: they are its own, or one would name two contents."""
    return b"" if holder is None else secret(holder.recipient, holder.pairing)


def secret(recipient: str, pairing: bytes) -> bytes:
    """The same by who the recipient is (`Recipient.key`) and how it knows the person."""
    return pairing or recipient.encode()


def behind(ids: Ids, text: str, secret: bytes, kind: str = "Observation") -> tuple[Name, bool] | None:
    """What such an id of that type says under that secret, and whether of a block that is frozen; None where it is
    none."""
    for is_frozen in KINDS:
        name = ids.read(minted_as(is_frozen, kind), text, secret)
        if name is not None:
            return name, is_frozen
    return None


def reports_of(
    ids: Ids, patient: int, period: Period, is_frozen: bool, secret: bytes
) -> tuple[tuple[str, str], ...]:
    """The ids of the report of a period, by type, in the order of `REPORTS`."""
    name = name_of(patient, period, PANEL)
    return tuple((kind, ids.one(minted_as(is_frozen, kind), name, secret)) for kind in REPORTS)


def ids_of(ids: Ids, patient: int, period: Period, is_frozen: bool, secret: bytes) -> dict[str, str]:
    """The ids of all Observations that a summary can have, by part."""
    return {part: ids.one(KINDS[is_frozen], name_of(patient, period, part), secret) for part in PARTS}
