"""Whether a pump's loop was closed: what the rows of a device tell of it, and what held in between.

Law (`carelink.md` A4, and measured): no row names the mode of a 670G to 780G, but many tell it. Closed: doses and
estimates of SmartGuard (estimates without targets), a rate written once where the program steps. Open: doses and
estimates of the bolus wizard, temporary rates, a rate written twice. Between two rows that tell otherwise the next
one is believed: leaving the loop writes a rate at once, entering it none. A device without any sign of a closed
loop in the file has no mode, which is not the same as open.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from bridge.adapters.carelink.doses import DAILY_TOTAL
from bridge.adapters.carelink.pages import AGGREGATED, Page, in_order
from bridge.adapters.carelink.rates import Stretch
from bridge.period import HOUR

CLOSED: Final = "CLOSED_LOOP"
REACH: Final = 26 * HOUR
"""A sign farther away tells nothing: pumps write rows each day."""


def closes(pages: Sequence[Page], device: str) -> bool:
    """Whether anything in the file shows a closed loop of that device."""
    mine = (page for page in pages if page.device == device)
    return any(
        source.startswith(CLOSED) and bool(delivered) for page in mine for source, delivered in _doses(page)
    )


def _doses(page: Page) -> list[tuple[str, str]]:
    delivered = page.texts("delivered")
    kept = page.kind == AGGREGATED
    return [
        (source, delivered.get(row, "") if kept else "given") for row, source in page.texts("source").items()
    ]


class Signs:
    """What tells the mode of one device, in order of time."""

    def __init__(self, pages: Sequence[Page], found: Sequence[Stretch]) -> None:
        signs = [(each.time, each.closed) for each in found if each.closed is not None]
        for spot in in_order(pages, "source"):
            source = spot.page.sheet.column("source").text(spot.row)
            if source != DAILY_TOTAL:
                signs.append((spot.time, source.startswith(CLOSED)))
        for spot in in_order(pages, "estimate"):
            if "bwz_status" in spot.page.sheet.columns:
                targets = (
                    spot.page.sheet.column(name).text(spot.row) for name in ("target_low", "target_high")
                )
                signs.append((spot.time, not any(targets)))
        self.signs = sorted(signs, key=lambda sign: sign[0])
        self.times = [time for time, _ in self.signs]

    def at(self, each: Stretch) -> bool | None:
        """Whether the loop was closed when a stretch began; None where nothing tells."""
        if each.closed is not None:
            return each.closed
        place = bisect_left(self.times, each.time)
        near = [
            closed
            for time, closed in (*self.signs[place : place + 1], *self.signs[max(place - 1, 0) : place])
            if abs(time - each.time) <= REACH
        ]
        return near[0] if near else None
