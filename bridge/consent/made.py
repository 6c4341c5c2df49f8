"""The content of one summary, made of open readings alone.

Law (`consent.md`, means and summaries): the readings of one contiguous permitted period, read as those of any answer
are, copies set aside; figures are never made of means. Nothing is kept and nothing is rounded here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from bridge.consent.answer import Answer
from bridge.consent.asked import Asked, DateTest, Grain, Selector
from bridge.consent.batches import Batch
from bridge.consent.blocks import Reported
from bridge.consent.keeping import Keeping, Made
from bridge.consent.summed import NOTHING, Content
from bridge.consent.withdrawn import Waiting
from bridge.metrics.brief import brief
from bridge.metrics.trace import Trace
from bridge.period import Period, ZoneHistory
from bridge.reading import Flag, Stream, Unit, column
from bridge.store.columns import ints

_GLUCOSE: Final = frozenset({Selector(Stream.GLUCOSE, grain=Grain.RAW)})


def made(answer: Answer, each: Reported, keeping: Keeping) -> Made:
    """The content of a period as it is now."""
    view, period = answer.view, each.period
    batches = [batch for batch in _read(answer, each) if len(batch)]
    if not batches:
        return Made(NOTHING, np.zeros(0, np.int64), keeping.went(period, 0)[1] or view.now)
    changes = np.concatenate([ints(batch.rows, "changed") for batch in batches])
    units, sources = Counter[Unit](), Counter[str]()
    for batch in batches:
        units[batch.strand.series.key.unit] += len(batch)
        artifacts, counts = np.unique(ints(batch.rows, "artifact"), return_counts=True)
        for artifact, count in zip(artifacts.tolist(), counts.tolist(), strict=True):
            sources[view.source(artifact)] += count
    content = Content(
        figures=brief([_trace(batch) for batch in batches], period, view.zones, view.now),
        readings=len(changes),
        unit=max(sorted(units), key=units.__getitem__),
        classes=tuple(sorted({batch.strand.series.source_class for batch in batches})),
        sources=tuple(sorted(sources.items())),
        days=_days(period, view.zones),
        offsets=(view.zones.offset(period.start), view.zones.offset(period.end - 1)),
    )
    updated = max(int(batch.updated.max()) for batch in batches)
    told = replace(content, told=content.leaving())
    return Made(told, changes, max(updated, keeping.went(period, 0)[1]))


def _read(answer: Answer, each: Reported) -> Iterator[Batch]:
    """The readings of one period, as an answer to who may have them would hold them."""
    view, period = answer.view, each.period
    dates = (DateTest("ge", period), DateTest("lt", Period(period.end, period.end + 1)))
    asked = Asked(view.asked.patient, view.asked.way, view.asked.channel, "", _GLUCOSE, dates)
    decision = view.decision if view.is_owner else replace(view.decision, boxes=each.boxes)
    seen = replace(view, asked=asked, decision=decision, memory={})
    for batches in answer.read(seen, None, 0, Waiting((), False)):
        for batch in batches:
            stands = ints(batch.rows, "flags") & int(Flag.RETRACTED) == 0
            yield batch if stands.all() else batch.taken(stands)


def _trace(batch: Batch) -> Trace:
    key, rows = batch.strand.series.key, batch.rows
    return Trace(
        name=str(batch.strand.series.number),
        unit=key.unit,
        scale=key.scale,
        instants=ints(rows, "instant"),
        values=ints(rows, "value"),
        flags=ints(rows, "flags").astype(np.uint16),
        offsets=column(rows, "offset").astype(np.int16),
        received=ints(rows, "changed"),
    )


def _days(period: Period, zones: ZoneHistory) -> tuple[date, date] | None:
    first, last = zones.local_date(period.start), zones.local_date(period.end - 1)
    return (first, last) if zones.days(first, last) == period else None
