"""What figures are made of: the series of a Disclosure as the columns that `bridge.metrics` takes.

Law: figures come from a Disclosure, never from the store, so what a person did not share is in no mean
(`architecture.md`, laws). Readings as they were told alone: a mean of means is none. A series is named by the route
that it came by and the device, so that figures can say which of two sensors they used.
"""

from __future__ import annotations

import numpy as np

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.metrics.given import Given
from bridge.metrics.trace import Trace
from bridge.reading import Stream

GIVEN = frozenset({Stream.BOLUS, Stream.BASAL, Stream.CARBS, Stream.MODE})


def traces(seen: Disclosure) -> list[Trace]:
    """The series of sensor glucose in it."""
    return [_trace(each) for each in seen.groups if each.stream is Stream.GLUCOSE and _is_told(each)]


def given(seen: Disclosure) -> list[Given]:
    """The series of doses, basal delivery, loop modes and carbohydrates in it."""
    return [
        Given(each.format, each.stream, each.unit, each.scale, each.columns, each.device_kind)
        for each in seen.groups
        if each.stream in GIVEN and _is_told(each)
    ]


def _is_told(group: Group) -> bool:
    return group.grain is Grain.RAW and not group.is_sampled


def _trace(group: Group) -> Trace:
    instants, values = (group.columns[name].astype(np.int64) for name in ("instant", "value"))
    return Trace(
        name=f"{group.format} {group.device or ''}".strip(),
        unit=group.unit,
        scale=group.scale,
        instants=instants,
        values=values,
        flags=group.columns["flags"].astype(np.uint16),
        offsets=group.columns["offset"].astype(np.int16),
        received=group.last_updated,
    )
