"""The reports of a disclosure as the files of a portal: one PDF, or a picture of each page.

Law (`safety.md`, corrections travel): what was entered in error is a page that says so and shows nothing of it, because
a portal keeps whatever is not written over; so is a page that a newer version has no more. The version names the
content and how it is told, as in a chart (`fhir/reports.py`), so that the same is not sent twice. Days are the person's
own where the period covers whole ones. Pure: `render.py` seals the bytes.

Rejected: deleting (uploads have no verb for it, and whoever copied the file learns nothing).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

import numpy as np

from bridge.consent.disclosure import Disclosure
from bridge.consent.summed import DisclosedSummary
from bridge.fhir.paper import Paper
from bridge.fhir.reports import DIAGNOSTIC, DOCUMENT, filed
from bridge.period import Instant, ZoneHistory
from bridge.report.press import MEDIA_TYPE, PICTURE, pictured, printed, withdrawn, withdrawn_picture

Look: TypeAlias = Literal["pdf", "png"]
"""How a report is shown."""
MEDIA: Final[dict[Look, str]] = {"pdf": MEDIA_TYPE, "png": PICTURE}
GONE: Final = (
    "What this report told of {first} to {last} was entered in error, and its source took it back: nothing of it may "
    "be relied on. The data was patient-supplied. Whoever filed or copied an earlier version marks it so."
)
FEWER: Final = (
    "The newest version of the report of {first} to {last} has fewer pages: what stood on this one counts no more. "
    "The data was patient-supplied."
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One report. `id`: of its document; `days`: the first and the last; `until`: excluded; `pages`: files in order;
    `blank`: what takes the place of one that an earlier version had beside these; `readings`: told in it one by one;
    `is_wrong`: it was entered in error."""

    id: str
    version: str
    days: tuple[date, date]
    start: Instant
    until: Instant
    pages: tuple[bytes, ...]
    blank: bytes
    readings: int
    is_wrong: bool


def leaves(seen: Disclosure, zones: ZoneHistory, paper: Paper, look: Look, summed: str) -> Iterator[Leaf]:
    """Every report of a disclosure. `summed`: how summaries are told (`Renderer.summed`). It prints, so it takes its
    time."""
    if seen.subject is None or seen.entry is None:
        return
    made = _printed(seen, zones, paper, look)
    for each in seen.summaries:
        if (report := each.report) is None:
            continue
        pages = made.get(report.id(DIAGNOSTIC))
        days, is_wrong = _days(each, zones), pages is None
        has_blank = is_wrong or look == "png"  # a PDF is one file in every version
        said = GONE if is_wrong else FEWER
        blank = _said(said, days, report.last_updated, look) if has_blank else b""
        yield Leaf(
            report.id(DOCUMENT),
            filed(each, report, seen, summed, paper, is_wrong),
            days,
            each.period.start,
            each.period.end,
            pages or (blank,),
            blank,
            0 if is_wrong else _readings(seen, each),
            is_wrong,
        )


def _printed(seen: Disclosure, zones: ZoneHistory, paper: Paper, look: Look) -> dict[str, tuple[bytes, ...]]:
    """The pages of each report that has any, by its id as a DiagnosticReport."""
    if look == "png":
        return {each.report: each.pages for each in pictured(seen, zones, paper.layout)}
    return {each.report: (each.body,) for each in printed(seen, zones, paper.layout)}


def _days(each: DisclosedSummary, zones: ZoneHistory) -> tuple[date, date]:
    if each.days is not None:
        return each.days
    return zones.local_date(each.period.start), zones.local_date(each.period.end - 1)


def _said(sentence: str, days: tuple[date, date], at: Instant, look: Look) -> bytes:
    first, last = (each.isoformat() for each in days)
    what = "withdrawn" if sentence is GONE else "a page withdrawn"
    told = f"CGM report, {first} to {last}: {what}", sentence.format(first=first, last=last), at
    return withdrawn_picture(*told).pages[0] if look == "png" else withdrawn(*told).body


def _readings(seen: Disclosure, each: DisclosedSummary) -> int:
    count = 0
    for group in seen.groups:
        at = group.columns["instant"].astype(np.int64)
        count += int(np.count_nonzero((at >= each.period.start) & (at < each.period.end)))
    return count
