"""What others submitted and comes with readings: behind the last of them, piece by piece.

Law: it stands in no page but behind every reading, or behind every summary in the place of readings, and a page has no
more of it than was asked for and than `MOST_BYTES` of reports: a PDF is megabytes, and a page of one reading is to be
small. What a page ended with is its keyset, so that each comes once. Figures come first, then reports.

Rejected: all of it on the first page (twenty PDFs beside one reading).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bridge.consent.asked import Asked
from bridge.consent.part import Part
from bridge.consent.passing import Passing
from bridge.consent.received import REPORT, DisclosedReceived
from bridge.consent.reporting import Reporting
from bridge.consent.summary_page import fitting, part_of, with_received
from bridge.consent.summed import REPORTS

TAIL: Final = b"beside:"
"""How the keyset of a page ends that is followed by such things: with the id of the last one, `REPORT` where reports
alone are to follow, or nothing."""


def is_behind(keyset: bytes | None) -> bool:
    """Whether a page after it has nothing else."""
    return (keyset or b"").startswith(TAIL)


def then(asked: Asked, keyset: bytes | None) -> Asked | None:
    """The wish for what follows a page that was asked for in the place of readings; None: nothing does."""
    return replace(asked, after=keyset, instead=None) if is_behind(keyset) else None


def every(asked: Asked, passing: Passing) -> tuple[DisclosedReceived, ...]:
    """All that was asked for beside readings, or beside summaries in their place, as outlines."""
    if not asked.along:
        return ()
    said = asked.reporting or asked
    wish = Reporting(parts=asked.along, dates=said.dates, updated=said.updated, received=True)
    found = passing.found(wish)
    if REPORT in asked.along:
        found += passing.found(replace(wish, parts=None, documents=REPORTS[0]))
    return found


def whole(part: Part, asked: Asked, passing: Passing) -> Part:
    """With all of it, as outlines: for numbers alone."""
    found = every(asked, passing)
    return part.along(replace(part_of((), found), handed=passing.records(found))) if found else part


def following(part: Part, limit: int | None, after: bytes | None, asked: Asked, passing: Passing) -> Part:
    """A page to which nothing of its own follows, with what fits of what stands behind all of them."""
    found = every(asked, passing)
    rest = _rest(found, after)
    room = len(rest) if limit is None else max(0, limit - part.count)
    shown = rest[:room]
    shown = shown[: fitting(passing.weights(shown))]
    told = with_received(part_of((), shown), passing)
    more = None if len(shown) == len(rest) else TAIL + _named(shown, after, asked)
    both = part.along(told)
    total = None if part.total is None else part.total + len(found)
    return replace(both, total=total, more=more)


def _named(shown: Sequence[DisclosedReceived], after: bytes | None, asked: Asked) -> bytes:
    if shown:
        return shown[-1].id.encode()
    if is_behind(after):
        return (after or b"").removeprefix(TAIL)
    return REPORT.encode() if asked.along == {REPORT} else b""


def _rest(found: Sequence[DisclosedReceived], after: bytes | None) -> Sequence[DisclosedReceived]:
    """What follows; nothing where the last one is there no more."""
    if not is_behind(after):
        return found
    named = (after or b"").removeprefix(TAIL).decode("ascii", "replace")
    if named in ("", REPORT):
        return [each for each in found if not named or each.part == REPORT]
    return found[next((at for at, each in enumerate(found, 1) if each.id == named), len(found)) :]
