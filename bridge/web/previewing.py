"""A preview: what the gate says a draft's recipient would get, counted and drawn; and what is held back.

Law (`consent.md`): everything here is read off one `Disclosure` of `Gate.preview`, as that recipient would have it;
what is held back comes from the list of the person's own uploads and is for their eyes. The permit is the owner's, made
where it is judged who may see what of whom (`people/owner.py`). Nothing is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import KIND_OF, SENSITIVE, Asked, Grain, Kind, Way
from bridge.consent.disclosure import Disclosure, Group
from bridge.consent.gate import Gate
from bridge.consent.grant import Grant
from bridge.consent.permit import OwnerPermit
from bridge.consent.received import REPORT
from bridge.consent.reporting import Reporting
from bridge.consent.summed import CV, GMI, MEAN, PARTS, RANGES, DisclosedSummary
from bridge.pages.asking import Offer, Party, Statement
from bridge.pages.chart import Chart
from bridge.pages.chart import drawn as charted
from bridge.pages.seeing import Brought, Count, Day, Held, Item, Person, Preview, Summed
from bridge.period import DAY, MINUTE, Instant, ZoneHistory
from bridge.reading import MG_DL_PER_MMOL_L, Flag, Stream, Unit
from bridge.web.offering import label
from bridge.web.stating import local

MOST_ITEMS: Final = 12
_SENSITIVE: Final = {int(code): kind for code, kind in SENSITIVE.items()}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_VALUE: Final = int(Flag.NO_VALUE)


def asked(grant: Grant) -> Asked:
    """The wish of a preview: everything, the person, the devices and what others submitted too; or summaries, where
    these are granted."""
    reporting = Reporting(fixed=True) if grant.grain is Grain.SUMMARY else None
    return Asked(
        grant.patient,
        Way.LOOK,
        "preview",
        "preview of everything",
        patient_resource=True,
        device_resources=True,
        reporting=reporting,
        along=frozenset() if reporting else frozenset({*PARTS, REPORT}),
    )


def seen(gate: Gate, permit: OwnerPermit, draft: Grant) -> Disclosure:
    """What the recipient of the draft would get."""
    found = gate.preview(permit, draft.id, asked(draft))
    gate.settle(found, "sent", found.count)
    return found


def preview(
    found: Disclosure, grant: Grant, party: Party, statement: Statement, offer: Offer, zones: ZoneHistory
) -> Preview:
    """The disclosure as a page shows it."""
    by_kind = _by_kind(found.groups)
    counts = tuple(_count(kind, instants, zones) for kind, instants in by_kind.items())
    days = tuple(_days(by_kind, zones))
    example = _example(days)
    items, more = ((), 0) if example is None else _items(found.groups, example, zones)
    subject = found.subject
    return Preview(
        party=party,
        statement=statement,
        counts=counts,
        days=days,
        example=example,
        items=items,
        more=more,
        chart=_chart(found.groups, zones),
        person=Person(
            identity=grant.identity.value,
            id=subject.id if subject else "",
            name=subject.name if subject else None,
            birth_date=subject.birth_date if subject else None,
            identifiers=subject.identifiers if subject else (),
        ),
        devices=tuple(" ".join(filter(None, (each.name, each.serial))) for each in found.devices),
        held=_held(grant, offer, zones),
        summaries=tuple(_summed(each, zones) for each in found.summaries if each.figures is not None),
        brought=tuple(_brought(found, zones)),
    )


def _brought(found: Disclosure, zones: ZoneHistory) -> Iterator[Brought]:
    """The days of which others submitted figures or a report, each once."""
    told = {(each.period, each.part == REPORT) for each in found.received}
    for period, is_report in sorted(told):
        yield Brought(zones.local_date(period.start), zones.local_date(period.end - 1), is_report)


def _summed(one: DisclosedSummary, zones: ZoneHistory) -> Summed:
    """The figures that a summary tells, as a page shows them."""
    found, told = one.figures, dict(one.ids)
    assert found is not None
    molar = one.unit is Unit.MMOL_L
    mean = found.mean_molar if molar else found.mean
    ranges = found.ranges if RANGES in told else None
    figures: tuple[tuple[str, float | None, str], ...] = (
        ("mean", mean if MEAN in told else None, one.unit.value),
        ("in-range", None if ranges is None else ranges.in_range, "%"),
        ("below", None if ranges is None else ranges.below, "%"),
        ("above", None if ranges is None else ranges.above, "%"),
        ("gmi", found.gmi if GMI in told else None, "%"),
        ("cv", found.cv if CV in told else None, "%"),
        ("days", found.days, ""),
        ("active", found.active, "%"),
    )
    return Summed(
        first=zones.local_date(one.period.start),
        last=zones.local_date(one.period.end - 1),
        figures=tuple(
            (word, None if value is None else round(Decimal(value), 1), unit) for word, value, unit in figures
        ),
        is_enough=found.is_enough,
    )


# ----------------------------------------------------------------------------------------------- counts


def _by_kind(groups: Sequence[Group]) -> dict[str, NDArray[np.int64]]:
    """The instants of every item by kind, kinds in the order of `Kind`."""
    found: dict[str, list[NDArray[np.int64]]] = {}
    for group in groups:
        instants = group.columns["instant"].astype(np.int64)
        for kind, mask in _kinds(group):
            found.setdefault(kind.value, []).append(instants[mask])
    return {
        kind.value: np.sort(np.concatenate(found[kind.value]))
        for kind in Kind
        if sum(map(len, found.get(kind.value, ())))
    }


def _kinds(group: Group) -> Iterator[tuple[Kind, NDArray[np.bool_]]]:
    """The kinds of a group's rows, each with its rows."""
    if group.stream is not Stream.EVENT or "kind" not in group.columns:
        yield KIND_OF[group.stream], np.ones(len(group.at), np.bool_)
        return
    codes = group.columns["kind"]
    for code in np.unique(codes).tolist():
        yield _SENSITIVE.get(code, Kind.EVENTS), np.asarray(codes == code)


def _count(kind: str, instants: NDArray[np.int64], zones: ZoneHistory) -> Count:
    days = len(np.unique(_day_numbers(instants, zones)))
    first, last = int(instants[0]), int(instants[-1])
    return Count(kind, len(instants), days, local(first, zones), local(last, zones))


def _days(by_kind: dict[str, NDArray[np.int64]], zones: ZoneHistory) -> Iterator[Day]:
    counted = [Counter(_day_numbers(instants, zones).tolist()) for instants in by_kind.values()]
    for number in sorted({day for counts in counted for day in counts}):
        yield Day((_EPOCH + timedelta(days=number)).date(), tuple(counts[number] for counts in counted))


def _day_numbers(instants: NDArray[np.int64], zones: ZoneHistory) -> NDArray[np.int64]:
    """Local days since 1970."""
    return (instants + zones.offsets(instants).astype(np.int64) * MINUTE) // DAY


def _example(days: Sequence[Day]) -> date | None:
    """The day with the most items of the newest seven that have any."""
    newest = days[-7:]
    return max(newest, key=lambda each: (sum(each.items), each.day)).day if newest else None


# ------------------------------------------------------------------------------------------ example rows


def _items(groups: Sequence[Group], day: date, zones: ZoneHistory) -> tuple[tuple[Item, ...], int]:
    """The first rows of a day in order of time, and how many more there are."""
    within = zones.day(day)
    found: list[tuple[Instant, Group, int]] = []
    for group in groups:
        instants = group.columns["instant"].astype(np.int64)
        rows = np.flatnonzero((instants >= within.start) & (instants < within.end))
        found += [(int(instants[row]), group, int(row)) for row in rows]
    found.sort(key=lambda each: (each[0], each[1].stream.value, each[2]))
    step = max(1, len(found) // MOST_ITEMS)
    picked = found[::step][:MOST_ITEMS]
    return tuple(_item(group, row, zones) for _, group, row in picked), len(found) - len(picked)


def _item(group: Group, row: int, zones: ZoneHistory) -> Item:
    told = {name: values[row] for name, values in group.columns.items() if name in _SHOWN}
    at, end, flags = int(told["instant"]), int(told.get("end", 0)), int(told.get("flags", 0))
    has_value = group.unit is not Unit.NONE and not flags & _NO_VALUE
    value = Decimal(int(told.get("value", 0))).scaleb(-group.scale) if has_value else None
    mark = "low" if flags & Flag.LOW else "high" if flags & Flag.HIGH else ""
    stream = group.stream.value if group.grain is Grain.RAW else "mean"
    return Item(
        at=local(at, zones),
        until=local(end, zones) if end > at else None,
        stream=stream,
        value=value,
        unit=group.unit.value if has_value else "",
        mark=mark if has_value else "",
        text=str(told.get("text", "")),
    )


_SHOWN: Final = frozenset({"instant", "end", "flags", "value", "text"})


# ------------------------------------------------------------------------------------------------ chart


def _chart(groups: Sequence[Group], zones: ZoneHistory) -> Chart | None:
    """All glucose of the disclosure, in the unit that most of it is in; local times stand as if they were UTC."""
    drawn = [group for group in groups if group.stream is Stream.GLUCOSE and len(group.at)]
    if not drawn:
        return None
    sizes: Counter[Unit] = Counter()
    for group in drawn:
        sizes[group.unit] += len(group.at)
    unit = sizes.most_common(1)[0][0]
    values = sorted(each for group in drawn for each in _points(group, unit, zones))
    return charted(values, unit.value, 1 if unit is Unit.MMOL_L else 0)


def _points(group: Group, unit: Unit, zones: ZoneHistory) -> Iterator[tuple[datetime, float]]:
    instants, values = group.columns["instant"].tolist(), group.columns["value"].tolist()
    flags = group.columns["flags"].tolist() if "flags" in group.columns else [0] * len(instants)
    factor = 10.0**-group.scale
    if group.unit is not unit:
        factor *= MG_DL_PER_MMOL_L if unit is Unit.MG_DL else 1 / MG_DL_PER_MMOL_L
    offsets = zones.offsets(group.columns["instant"].astype(np.int64)).tolist()
    for at, offset, value, flag in zip(instants, offsets, values, flags, strict=True):
        if not flag & _NO_VALUE:
            yield _EPOCH + timedelta(milliseconds=at + offset * MINUTE), value * factor


# ------------------------------------------------------------------------------------------- held back


def _held(grant: Grant, offer: Offer, zones: ZoneHistory) -> Held:
    """What is here and stays here."""
    edges = [(each.first, each.last) for each in offer.sources if each.name in grant.sources]
    hull = grant.periods.hull()
    first = None if hull is None else zones.local_date(hull.start)
    last = None if hull is None else zones.local_date(hull.end - 1)
    return Held(
        kinds=tuple(kind.value for kind in Kind if kind.value in offer.here and kind not in grant.kinds),
        sources=tuple(label(each.name) for each in offer.sources if each.name not in grant.sources),
        before=first is not None and any(edge is not None and edge < first for edge, _ in edges),
        after=last is not None and any(edge is not None and edge > last for _, edge in edges),
        is_coarser=grant.grain is not Grain.RAW,
        later=grant.later_sources,
    )
