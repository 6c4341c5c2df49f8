"""What goes into a chart beside the figures: a document over the same days, on the same errand.

Law (`safety.md`, default content): after the summaries and before the readings of a lane, for the blocks that stand
there, so that a report and its figures tell one period. Whoever makes documents asks the gate for what is in one, has a
sealed renderer make its bytes, and sends it by the lane's courier as a delivery of its own (`outbox.What`: document);
this says when, and nothing of what. Without a maker none goes, and no kind of destination promises one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import bridge.store.reported as reported
from bridge.order import Content
from bridge.push.ordered import Course
from bridge.push.round import NOTHING, Report
from bridge.push.trip import Trip
from bridge.store.reported import Reported


class Documents(Protocol):
    """Makes and sends the documents of a lane."""

    async def deliver(self, trip: Trip, blocks: Sequence[Reported]) -> Report:
        """What is due of documents over these blocks, each of which has its summary there."""


async def deliver_documents(trip: Trip, maker: Documents | None, course: Course) -> Report:
    """The documents of a lane whose summaries went, as far as they were ordered."""
    if maker is None or not course.wants(Content.DOCUMENT):
        return NOTHING
    blocks = tuple(each for each in reported.reported(trip.db, trip.errand.lane) if each.seen)
    return await maker.deliver(trip, blocks)
