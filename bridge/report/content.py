"""What a report says of one period, before it is words: figures out of a Disclosure, and nothing else.

Law (`consent.md`, means and summaries): where single readings are open over the whole period, everything is computed of
them; of a block of summaries the figures that the block has, and neither a pattern nor a day, for these would be single
readings again. A kind that is not open over all of the period is not in it, and is as absent as one that is empty.
Means are no readings: nothing here is computed of them. Pure: the moment of reporting is the end of the period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.consent.asked import Kind
from bridge.consent.disclosure import DisclosedDevice, Disclosure, Subject
from bridge.consent.figured import given, traces
from bridge.consent.summed import DisclosedReport, DisclosedSummary
from bridge.metrics.automation import Automation, automation
from bridge.metrics.carbs import Carbs, carbs
from bridge.metrics.counting import counted
from bridge.metrics.given import Given
from bridge.metrics.insulin import Insulin, insulin
from bridge.metrics.ranges import Ranges
from bridge.metrics.summary import Summary, summary
from bridge.metrics.trace import Counted
from bridge.period import Period, ZoneHistory
from bridge.reading import Stream, Unit
from bridge.report.layout import USUAL, Layout


@dataclass(frozen=True, slots=True)
class Readings:
    """What only single readings tell."""

    counted: Counted
    summary: Summary
    insulin: Insulin | None
    carbs: Carbs | None
    automation: Automation | None


@dataclass(frozen=True, slots=True)
class Content:
    """One report. `readings` None: of a block of summaries; `layout`: how it is shown."""

    subject: Subject
    summary: DisclosedSummary
    report: DisclosedReport
    zones: ZoneHistory
    notice: str
    devices: tuple[DisclosedDevice, ...]
    readings: Readings | None
    layout: Layout = USUAL

    @property
    def period(self) -> Period:
        """The period that it covers."""
        return self.summary.period

    @property
    def unit(self) -> Unit:
        """In which glucose is shown: as was asked for, else that of most readings."""
        return Unit.MMOL_L if (self.layout.unit or self.summary.unit) is Unit.MMOL_L else Unit.MG_DL

    @property
    def ranges(self) -> Ranges | None:
        """Times in ranges."""
        return None if self.summary.figures is None else self.summary.figures.ranges


def contents(seen: Disclosure, zones: ZoneHistory, layout: Layout = USUAL) -> tuple[Content, ...]:
    """The reports of a disclosure, in order of time; none of a period of which all was entered in error."""
    if seen.subject is None:
        return ()
    told = [each for each in seen.summaries if each.report is not None and each.figures is not None]
    return tuple(_content(seen, seen.subject, each, zones, layout) for each in told)


def _content(
    seen: Disclosure, subject: Subject, each: DisclosedSummary, zones: ZoneHistory, layout: Layout
) -> Content:
    assert each.report is not None
    has_readings = Kind.GLUCOSE in each.report.open
    return Content(
        subject=subject,
        summary=each,
        report=each.report,
        zones=zones,
        notice=seen.notice,
        devices=_devices(seen, each.period) if has_readings else (),
        readings=_readings(seen, each, zones) if has_readings else None,
        layout=layout,
    )


def _readings(seen: Disclosure, each: DisclosedSummary, zones: ZoneHistory) -> Readings | None:
    assert each.report is not None
    period, glucose = each.period, traces(seen)
    readings, _ = counted(glucose, period, zones)
    if not len(readings):
        return None
    told = [one for one in given(seen) if _reaches(one, period)]
    doses = _of(told, Stream.BOLUS, Stream.BASAL)
    eaten, modes = _of(told, Stream.CARBS), _of(told, Stream.BASAL, Stream.MODE)
    kinds = each.report.open
    return Readings(
        counted=readings,
        summary=summary(glucose, period, zones, period.end),
        insulin=insulin(doses, period, zones) if doses and Kind.INSULIN in kinds else None,
        carbs=carbs(eaten, period, zones) if eaten and Kind.CARBS in kinds else None,
        automation=automation(modes, period) if modes and {Kind.INSULIN, Kind.MODE} <= kinds else None,
    )


def _of(found: Sequence[Given], *streams: Stream) -> list[Given]:
    return [each for each in found if each.stream in streams]


def _reaches(one: Given, period: Period) -> bool:
    """Whether any row lies in the period or reaches into it."""
    starts, ends = one.ints("instant"), one.ends
    return bool(np.any((starts < period.end) & (np.maximum(ends, starts + 1) > period.start)))


def _devices(seen: Disclosure, period: Period) -> tuple[DisclosedDevice, ...]:
    """The devices of which a reading lies in the period."""
    used = set[str | None]()
    for group in seen.groups:
        instants = group.columns["instant"].astype(np.int64)
        if np.any((instants >= period.start) & (instants < period.end)):
            used.add(group.device)
    return tuple(each for each in seen.devices if each.id in used)
