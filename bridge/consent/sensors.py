"""The sensors behind readings, told as such where that is wanted and may be.

Law: a sensor is told only where devices and what was measured beside it (`capillary`, with the calibrations) are both
granted. What it is told as does not depend on the question (`things.py`); who asks strictly for what changed until some
instant is told of the sensors that did, as they were known by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bridge.consent.asked import DateTest
from bridge.consent.batches import Batch
from bridge.consent.disclosure import DisclosedMetric
from bridge.consent.strands import View
from bridge.consent.things import MEASURED, OF_SENSORS, Things


def sensors(
    view: View, walk: Callable[[View], Iterator[list[Batch]]], things: Callable[[], Things]
) -> tuple[DisclosedMetric, ...]:
    """The sensors that may be told, where they were asked for; `walk` reads what of a view may leave."""
    asked = view.asked
    if not asked.metric_resources or not view.decision.kinds() >= OF_SENSORS:
        return ()

    def told(updated: tuple[DateTest, ...]) -> tuple[DisclosedMetric, ...]:
        of_sensors = replace(
            asked,
            selectors=MEASURED,
            dates=(),
            updated=updated,
            ids=None,
            after=None,
            order="date",
            newest=None,
        )
        seen = things()
        for batches in walk(replace(view, asked=of_sensors)):
            seen.see(batches)
        return seen.metrics()

    if not asked.strictly:
        return told(())
    changed = {each.id for each in told(asked.updated)}
    then = told(tuple(test for test in asked.updated if test.prefix in ("le", "lt")))
    return tuple(each for each in then if each.id in changed)
