"""A summary as it is disclosed, and how its Observations are named.

Law (`data.md`, ids): the id of a summary says person, period and which figure it is, under a key of its recipient's
own: what two recipients may see of one period can differ, and one id must not name two contents. A period is named in
whole minutes. Values alone; what may be in them is decided where they are made (`summaries.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, final

from bridge.metrics.summary import Summary
from bridge.period import MINUTE, Instant, Period
from bridge.reading import SourceClass, Unit
from bridge.store.ids import Name
from bridge.store.summaries import Holder

PANEL, MEAN, RANGES, GMI, CV, WEAR, ACTIVE = "panel", "mean", "ranges", "gmi", "cv", "wear", "active"
MEMBERS: Final = (MEAN, RANGES, GMI, CV, WEAR, ACTIVE)
"""What the panel has, all of it (HL7 CGM IG 1.0.0, cgm-summary)."""
PARTS: Final = (PANEL, *MEMBERS)
"""The Observations of a summary, in the order of their numbers in an id."""
KIND: Final = "Summary"
"""Under which name their ids are minted."""
_PART: Final = 4
_SLOT: Final = 12
"""Bits of an id for which figure it is, and of its slot."""


@final
@dataclass(frozen=True, slots=True)
class Content:
    """What a summary says. `readings`: that it was made of, counted or not; `unit`: that most of them are in."""

    figures: Summary | None
    readings: int
    unit: Unit
    classes: tuple[SourceClass, ...]


NOTHING: Final = Content(None, 0, Unit.MG_DL, ())
"""What is held of a block of which too little is left."""


@final
@dataclass(frozen=True, slots=True)
class DisclosedSummary:
    """One period as its asker may know it. `ids`: of its Observations by part, those alone that leave; `days`: first
    and last local day, where it covers whole ones; `figures` None: entered in error. `offsets`: minutes east at its
    edges. `version`: names the content; `is_amended`: it was told otherwise before."""

    period: Period
    days: tuple[date, date] | None
    offsets: tuple[int, int]
    figures: Summary | None
    unit: Unit
    classes: tuple[SourceClass, ...]
    ids: tuple[tuple[str, str], ...]
    version: str
    is_amended: bool
    last_updated: Instant


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
    if holder is None:
        return b""
    return holder.pairing or holder.recipient.encode()
