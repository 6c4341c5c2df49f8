"""What the report of a summary holds beside its figures: the readings of its period, where these are open themselves.

Law (`consent.md`, means and summaries): a report covers one contiguous permitted period, and a kind is in it only where
single readings of it are open over all of that period: a total of insulin from a part of the days would be a wrong one.
Under a grant of summaries alone no reading is read here, so there is nothing that a report could show of one. What is
read is counted in the entry of the ledger as what it is. Rejected: a second wish for the readings (another decision
could lie between the two, and one report would be two entries), to seek a report by when its summary changed (a dose
changes the report alone).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from bridge.consent.answer import Answer
from bridge.consent.asked import KIND_OF, DateTest, Grain, Kind, Selector
from bridge.consent.content import mac
from bridge.consent.disclosure import Group
from bridge.consent.keeping import Keeping
from bridge.consent.part import Part
from bridge.consent.summed import DisclosedReport, DisclosedSummary, reports_of
from bridge.period import Instant, Period, PeriodSet, union
from bridge.reading import Stream

STREAMS: Final = (Stream.GLUCOSE, Stream.BOLUS, Stream.BASAL, Stream.CARBS, Stream.MODE)
READINGS: Final = frozenset(Selector(stream, grain=Grain.RAW) for stream in STREAMS)
"""What a report is made of."""
_KINDS: Final = frozenset(KIND_OF[stream] for stream in STREAMS)


def read_in(kinds: Collection[str]) -> frozenset[Stream]:
    """The streams of single readings that a report of these kinds is made of."""
    return frozenset(stream for stream in STREAMS if KIND_OF[stream] in kinds)


def report(answer: Answer, period: Period, is_frozen: bool, secret: bytes) -> DisclosedReport | None:
    """The names of the report of a period, where reports are asked for; `secret`: under which they are minted."""
    wish = answer.view.asked.reporting
    if wish is None or not wish.documents:
        return None
    ids = reports_of(answer.ids, answer.patient, period, is_frozen, secret)
    return DisclosedReport(ids, frozenset() if is_frozen else _opened(answer, period), "", 0)


def _opened(answer: Answer, period: Period) -> frozenset[Kind]:
    """The kinds of which single readings are open over all of a period."""
    raw = [box for box in answer.view.decision.boxes if box.grain is Grain.RAW]

    def is_open(kind: Kind) -> bool:
        periods = (box.periods for box in raw if kind in box.kinds)
        return not PeriodSet((period,)) - union(periods)

    return frozenset(kind for kind in _KINDS if is_open(kind))


def whole(answer: Answer, part: Part) -> Part:
    """A page of reports with the readings and devices that belong in them, and what names their contents."""
    found = [(each, _readings(answer, each)) for each in part.summaries]
    shown = tuple(_named(answer, each, read, _went(answer, each)) for each, read in found)
    parts = [read for _, read in found if read.count]
    devices = dict.fromkeys(device for read in parts for device in read.devices)
    edges = [edge for each in (part, *parts) for edge in (each.first, each.last) if edge is not None]
    return replace(
        part,
        summaries=shown,
        groups=tuple(group for read in parts for group in read.groups),
        devices=tuple(devices),
        count=part.count + sum(read.count for read in parts),
        readings=part.readings + sum(read.readings for read in parts),
        kinds=part.kinds.union(*(read.kinds for read in parts)),
        first=min(edges, default=None),
        last=max(edges, default=None),
        last_updated=max(
            (
                *(each.report.last_updated for each in shown if each.report),
                *(each.last_updated for each in part.received),
            ),
            default=None,
        ),
    )


def changed(answer: Answer, each: DisclosedSummary) -> Instant:
    """When the report of a summary became as it is: with the summary, or with a reading that stands, or stood, in it
    alone."""
    return max(each.last_updated, _readings(answer, each).last_updated or 0, _went(answer, each))


def _went(answer: Answer, each: DisclosedSummary) -> Instant:
    """When the last single reading went that would stand in the report of a summary: of a source that is open."""
    view, kinds = answer.view, each.report.open if each.report else frozenset[Kind]()
    wanted = {one.stream for one in _wanted(view.asked.selectors)}
    streams = [stream for stream in read_in(kinds) if stream in wanted]
    boxes = [box for box in view.decision.boxes if box.grain is Grain.RAW]

    def is_open(source: str) -> bool:
        return view.is_owner or any(box.covers(source, kind) for box in boxes for kind in kinds)

    keeping = Keeping(answer.reader, view.now, view.source)
    return keeping.went(each.period, 0, is_open, streams)[1] if streams else 0


def _readings(answer: Answer, each: DisclosedSummary) -> Part:
    view, asked = answer.view, answer.view.asked
    kinds = each.report.open if each.report else frozenset[Kind]()
    wanted = frozenset(one for one in _wanted(asked.selectors) if KIND_OF[one.stream] in kinds)
    if not wanted:
        return Part()
    wish = replace(
        asked,
        selectors=wanted,
        dates=(DateTest("ap", Period(each.period.start, each.period.end)),),
        updated=(),
        order="date",
        after=None,
        limit=None,
        total=False,
        reporting=None,
    )
    return replace(answer, view=replace(view, asked=wish, memory={}), lost=()).part()


def _wanted(selectors: frozenset[Selector] | None) -> frozenset[Selector]:
    return READINGS if selectors is None else selectors


def _named(answer: Answer, each: DisclosedSummary, read: Part, went: Instant) -> DisclosedSummary:
    if each.report is None:
        return each
    told = repr((each.version, read.devices)).encode() + b"".join(_told(read.groups))
    report = replace(
        each.report,
        version=mac(answer.reader.secret(), told, 6).hex(),
        last_updated=max(each.last_updated, read.last_updated or 0, went),
    )
    return replace(each, report=report)


def _told(groups: Sequence[Group]) -> list[bytes]:
    """What changes with the content of readings (`entries.tag`)."""
    columns = (
        column for group in groups for column in (group.ids, group.version, group.content, group.last_updated)
    )
    return [b"-" if column is None else column.tobytes() for column in columns]
