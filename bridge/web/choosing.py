"""A grant as the form of choices would have it: to change it, or to go back from a preview.

Law: the inverse of `choices.py` as far as there is one: fixed days come back as their first and last date. What a
choice cannot say (days with holes) comes back as the whole of it, and a change is checked against the grant itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridge.consent.grant import Grant, Identity
from bridge.pages.asking import Choice, Errors
from bridge.period import END_OF_TIME, MINUTE, Instant, ZoneHistory
from bridge.web.choices import NAMES


def chosen_of(grant: Grant, zones: ZoneHistory, start: Choice) -> Choice:
    """The choices that a grant says. `start`: the rest."""
    hull = grant.periods.hull()
    choice = replace(
        start,
        kinds=frozenset(kind.value for kind in grant.kinds),
        grain=NAMES[grant.grain],
        identity=grant.identity.value,
        ways=frozenset(way.value for way in grant.ways),
        sources=grant.sources,
        later=grant.later_sources,
        ends=zones.local_date(grant.ends - MINUTE).isoformat(),
        erase_by="" if grant.erase_by is None else zones.local_date(grant.erase_by - MINUTE).isoformat(),
    )
    if hull is None:
        return replace(choice, days="rolling", rolling_days=str(grant.rolling_days))
    if hull.start >= grant.signed:
        return replace(choice, days="on", on_until=_last(hull.end, zones))
    return replace(
        choice, days="dates", first=zones.local_date(hull.start).isoformat(), last=_last(hull.end, zones)
    )


def widened(new: Grant, old: Grant, zones: ZoneHistory, now: Instant) -> Errors:
    """Where a change would open more than the grant that it takes the place of: field -> `wider`."""
    checks = {
        "kinds": new.kinds <= old.kinds,
        "sources": new.sources <= old.sources
        and (old.later_sources or not new.later_sources)
        and (not new.later_sources or old.withheld <= new.withheld),
        "grain": new.grain >= old.grain,
        "identity": _STRICTER.index(new.identity) >= _STRICTER.index(old.identity),
        "ways": new.ways <= old.ways,
        "ends": new.ends <= old.ends and new.begins >= min(old.begins, now),
        "days": _is_inside(new, old, zones, now),
    }
    return {field: "wider" for field, holds in checks.items() if not holds}


def held_to(new: Grant, old: Grant) -> Grant | None:
    """The change as it may be at most: not before the grant begins, and without what was withheld from it; None where
    it would end before."""
    begins = max(new.begins, old.begins)
    if new.ends <= begins:
        return None
    return replace(new, begins=begins, withheld=new.withheld | old.withheld - new.sources)


_STRICTER: Final = (Identity.FULL, Identity.VISIT, Identity.PSEUDONYMOUS, Identity.DEIDENTIFIED)


def _is_inside(new: Grant, old: Grant, zones: ZoneHistory, now: Instant) -> bool:
    """Whether the days of one lie in those of the other. A window that rolls holds only a shorter one: fixed days in
    its place would stay open when they had rolled out of it."""
    if new.rolling_days or old.rolling_days:
        return 0 < new.rolling_days <= old.rolling_days
    return not new.periods - old.periods_at(now, zones)


def _last(end: int, zones: ZoneHistory) -> str:
    return "" if end >= END_OF_TIME else zones.local_date(end - MINUTE).isoformat()
