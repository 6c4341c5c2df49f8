"""One calendar month of a person at a portal: what may be told of it now, against what is there.

Law (`safety.md`, corrections travel): an id and version stand for a reading; ids that the portal holds under a month
and that the month has no more are gone from it with the next revision. Months are the person's, in the zones that they
lived in; a reading belongs to the month in which it begins, and stays in the one in which it stands there already: a
move shifts the borders of months, and else it would be in two files and taken back from one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import quote

import numpy as np

from bridge.consent.asked import DateTest
from bridge.consent.disclosure import Disclosure
from bridge.mapping.portal import Portal, filled
from bridge.mapping.resources import TYPE_OF
from bridge.period import Instant, Period, ZoneHistory
from bridge.reading import Flag
from bridge.store.outbox import Held, Item
from bridge.store.shelves import Shelf

PLACE: Final = "Month/"
"""How the outbox names where a reading stands; the file's name has the portal's id of the person in it."""
REPORT: Final = "Report/"
"""The same of a report: with the days that it was named by."""
RETRACTED: Final = int(Flag.RETRACTED)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a person's: `name` YYYY-MM, its first instant and the first after it."""

    name: str
    start: Instant
    until: Instant

    @property
    def place(self) -> str:
        """What the outbox keeps as the receiver's reference."""
        return PLACE + self.name

    def tests(self) -> tuple[DateTest, DateTest]:
        """What begins in it."""
        after = Period(self.start - 1, self.start)
        return DateTest("sa", after), DateTest("lt", Period(self.until, self.until + 1))


@dataclass(frozen=True, slots=True)
class Change:
    """A month's items against what the portal holds: `fresh` it lacks or holds otherwise, `lost` it has to give up."""

    items: tuple[Item, ...]
    before: Mapping[bytes, Held]
    fresh: tuple[Item, ...]
    lost: tuple[Held, ...]

    @property
    def new(self) -> tuple[Item, ...]:
        """Of the fresh ones, those of which nothing is known to be there."""
        return tuple(each for each in self.fresh if not self._version(each))

    @property
    def changed(self) -> tuple[Item, ...]:
        """Of the fresh ones, those of which something older is there."""
        return tuple(each for each in self.fresh if self._version(each))

    def _version(self, item: Item) -> str:
        held = self.before.get(item.id)
        return "" if held is None or held.state == "retracted" else held.version


def change(items: Sequence[Item], before: Mapping[bytes, Held], there: Sequence[Held]) -> Change:
    """`there`: what the portal holds under this month."""
    ids = {each.id for each in items}
    fresh = tuple(each for each in items if _is_fresh(each, before.get(each.id)))
    return Change(tuple(items), before, fresh, tuple(each for each in there if each.id not in ids))


def _is_fresh(item: Item, held: Held | None) -> bool:
    if held is None or held.state == "retracted":
        return True
    return held.state != "refused" and (held.version != item.version or bool(held.tried))


def items_of(disclosure: Disclosure) -> tuple[Item, ...]:
    """Its readings in page order, under versions that change with what is told of them."""
    found: list[tuple[int, Item]] = []
    for group in disclosure.groups:
        contents = np.zeros(len(group.at), np.uint32) if group.content is None else group.content
        flags = np.asarray(group.columns["flags"], np.int64).tolist()
        rows = zip(
            group.at.tolist(), group.ids, group.version.tolist(), contents.tolist(), flags, strict=True
        )
        for at, raw, version, content, marks in rows:
            if not marks & RETRACTED:
                told = f"{version + 1}.{content:x}"
                found.append((at, Item(bytes(raw), TYPE_OF[group.stream], told)))
    return tuple(item for _, item in sorted(found, key=lambda each: each[0]))


def ids_of(disclosure: Disclosure) -> frozenset[bytes]:
    """The ids of everything in it."""
    return frozenset(bytes(raw) for group in disclosure.groups for raw in group.ids)


def stands_in(held: Held) -> str:
    """The place of the month in which a reading stands, or may stand; '' where it stands in none."""
    is_there = held.state != "retracted" and bool(held.version or held.tried)
    return held.reference if is_there and held.reference.startswith(PLACE) else ""


def months(disclosure: Disclosure, zones: ZoneHistory, places: Mapping[bytes, str]) -> tuple[Month, ...]:
    """The months of its readings, oldest first. `places`: of those that stand in one."""
    found = {month_of(zones, each) for each in _firsts(disclosure, places)}
    found |= {named_month(zones, each) for each in places.values()}
    return tuple(sorted(found, key=lambda each: each.name))


def month_of(zones: ZoneHistory, instant: Instant) -> Month:
    """The month in which an instant lies. After a move westward a date comes twice, so the date alone does not say."""
    first = zones.local_date(instant).replace(day=1)
    found = month(zones, first)
    if instant < found.start:
        return month(zones, (first - timedelta(days=1)).replace(day=1))
    return found if instant < found.until else month(zones, (first + timedelta(days=31)).replace(day=1))


def month(zones: ZoneHistory, first: date) -> Month:
    """The month that begins on that day."""
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Month(f"{first:%Y-%m}", zones.day(first).start, zones.day(after).start)


def _firsts(disclosure: Disclosure, but: Mapping[bytes, str]) -> Iterator[Instant]:
    """An instant of each day of UTC of which there is anything `but` these, twice: the first and the last."""
    for group in disclosure.groups:
        wanted = np.array([bytes(raw) not in but for raw in group.ids], np.bool_)
        instants = np.sort(np.asarray(group.columns["instant"], np.int64)[wanted])
        if not len(instants):
            continue
        starts = np.flatnonzero(np.diff(instants // 86_400_000, prepend=-1) != 0)
        yield from instants[starts].tolist()
        yield from instants[np.append(starts[1:], len(instants)) - 1].tolist()


def named(told: Portal, patient: str, month: str, revision: int) -> dict[str, str]:
    """The words of a file's name and of fields, and under `name` the name itself. The portal's id of the person is
    written so that two ids are never one name."""
    words = {"patient": quote(patient, safe=""), "month": month, "revision": str(revision)}
    words["extension"] = told.extension
    return words | {"name": filled(told.name, words)}


def leaf_place(days: tuple[date, date]) -> str:
    """Where a report of these days stands."""
    return f"{REPORT}{days[0]}/{days[1]}"


def is_leaf(place: str) -> bool:
    """Whether a report stands there, and no month."""
    return place.startswith(REPORT)


def leaf_words(told: Portal, patient: str, place: str, revision: int) -> dict[str, str]:
    """As `named`, of a report at that place; `month` is that of its last day."""
    first, last = place.removeprefix(REPORT).split("/")
    words = {"patient": quote(patient, safe=""), "from": first, "until": last, "month": last[:7]}
    words |= {"revision": str(revision), "extension": told.pages}
    return words | {"name": filled(told.report, words)}


def leaf_names(told: Portal, name: str, count: int) -> tuple[str, ...]:
    """The files of a report of that name: itself, or each page."""
    if told.pages == "pdf":
        return (name,)
    return tuple(f"{name.removesuffix('.png')}-p{number}.png" for number in range(1, count + 1))


def is_due(kept: Shelf | None, content: str, found: Change, replaces: bool) -> bool:
    """Whether a month goes. Where a file takes the place of the one before, also one that is told otherwise now; never
    an empty one where none is."""
    if kept is not None and kept.content == content:
        return False
    return bool(found.fresh or found.lost) or (replaces and kept is not None)


def named_month(zones: ZoneHistory, place: str) -> Month:
    """The month of a place in the outbox."""
    return month(zones, date.fromisoformat(f"{place.removeprefix(PLACE)}-01"))
