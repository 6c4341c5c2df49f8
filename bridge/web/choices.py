"""A form of choices becomes a grant, or sentences about what is unclear in it.

Law (`consent.md`, the grant): what is not chosen is closed. Days are days of the person's own zone, both ends whole; a
rule is fixed when it is signed, and with a rolling window its sum is said. Every grant ends: a visit's date and two
days, else ninety days, twelve months at most, and no later than whoever signs may sign for. Nothing here is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from bridge.consent.asked import Grain, Kind, Way
from bridge.consent.grant import (
    Authoriser,
    Grant,
    Identity,
    Recipient,
    before,
    last_days,
)
from bridge.consent.grants import new_id, pairing_for
from bridge.consent.lasting import default_end, end_of, longest_end
from bridge.pages.asking import PRESETS, Choice, Errors, Offer
from bridge.period import EMPTY, Instant, Period, PeriodSet, ZoneHistory, spelled
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.web.session import Form

GRAINS: Final[Mapping[str, Grain]] = {
    "raw": Grain.RAW,
    "15min": Grain.QUARTER_HOUR,
    "hourly": Grain.HOUR,
    "daily": Grain.DAY,
    "summary": Grain.SUMMARY,
}
NAMES: Final[Mapping[Grain, str]] = {grain: name for name, grain in GRAINS.items()}
IDENTITIES: Final = ("full", "visit", "pseudonymous")
MOST_DAYS: Final = 365


class Unclear(Exception):
    """One field that cannot be read: `field`, and which sentence says why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


@dataclass(frozen=True, slots=True)
class Signer:
    """Who would sign, for which patient: as the grant names them, and until when at the latest."""

    authoriser: Authoriser
    latest: Instant
    patient: int
    zones: ZoneHistory


def read(form: Form) -> Choice:
    """What was typed, as it was typed."""
    return Choice(
        days=form.one("days"),
        first=form.one("first"),
        last=form.one("last"),
        visit=form.one("visit"),
        visit_time=form.one("visit_time"),
        visit_days=form.one("visit_days"),
        on_until=form.one("on_until"),
        rolling_days=form.one("rolling_days"),
        kinds=frozenset(form.all("kinds")),
        grain=form.one("grain"),
        identity=form.one("identity"),
        ways=frozenset(form.all("ways")) | {"look"},
        sources=frozenset(form.all("sources")),
        later=form.one("later") == "yes",
        ends=form.one("ends"),
        erase_by=form.one("erase_by"),
    )


def drawn(
    db: Database,
    choice: Choice,
    offer: Offer,
    client: Client,
    recipient: Recipient,
    signer: Signer,
) -> Grant | Errors:
    """The grant that a choice means, drawn now; or what is wrong with which field."""
    now, zones = db.clock(), signer.zones
    try:
        ends, periods, rolling, erase_by = _times(choice, now, zones, signer.latest)
    except Unclear as wrong:
        return {**_errors(choice, offer), wrong.field: wrong.why}
    if errors := _errors(choice, offer):
        return errors
    identity = Identity(choice.identity)
    return Grant(
        id=new_id(),
        version=1,
        patient=signer.patient,
        authoriser=signer.authoriser,
        recipient=recipient,
        purpose=client.purpose,
        ways=frozenset(map(Way, choice.ways)),
        periods=periods,
        kinds=frozenset(map(Kind, choice.kinds)),
        signed=now,
        begins=now,
        ends=ends,
        sources=choice.sources,
        later_sources=choice.later,
        withheld=frozenset(each.name for each in offer.sources) - choice.sources,
        rolling_days=rolling,
        said=_said(choice),
        grain=GRAINS[choice.grain],
        identity=identity,
        pairing=pairing_for(db, recipient, identity),
        erase_by=erase_by,
    )


def _errors(choice: Choice, offer: Offer) -> dict[str, str]:
    """What is wrong with what it covers."""
    errors: dict[str, str] = {}
    for check in (_kinds, _sources, _grain, _identity, _ways):
        try:
            check(choice, offer)
        except Unclear as wrong:
            errors[wrong.field] = wrong.why
    return errors


def _said(choice: Choice) -> str:
    """The rule in words, as the command line says it."""
    rules = {
        "dates": f"from {choice.first} to {choice.last}",
        "visit": f"the {choice.visit_days} days before {choice.visit}",
        "on": "from now on",
        "rolling": f"the last {choice.rolling_days} days, whenever asked",
    }
    return rules.get(choice.days, f"the last {choice.days} days, fixed at signing")


# ------------------------------------------------------------------------------------------ what it covers


def _kinds(choice: Choice, offer: Offer) -> None:
    if not choice.kinds:
        raise Unclear("kinds", "none")
    if not choice.kinds <= offer.asked:
        raise Unclear("kinds", "not_offered")
    if choice.grain != NAMES[Grain.RAW] and choice.kinds != {Kind.GLUCOSE.value}:
        raise Unclear("kinds", "means")


def _sources(choice: Choice, offer: Offer) -> None:
    if not choice.sources <= {each.name for each in offer.sources}:
        raise Unclear("sources", "not_offered")
    if not choice.sources and not choice.later:
        raise Unclear("sources", "none")


def _grain(choice: Choice, offer: Offer) -> None:
    if choice.grain not in {each.name for each in offer.grains if each.is_offered}:
        raise Unclear("grain", "not_offered")


def _identity(choice: Choice, offer: Offer) -> None:
    if choice.identity not in IDENTITIES:
        raise Unclear("identity", "not_offered")


def _ways(choice: Choice, offer: Offer) -> None:
    if not choice.ways <= {"look", *offer.ways}:
        raise Unclear("ways", "not_offered")


# --------------------------------------------------------------------------------------------- which days


def _times(
    choice: Choice, now: Instant, zones: ZoneHistory, latest: Instant
) -> tuple[Instant, PeriodSet, int, Instant | None]:
    """When it ends, which days or how many rolling ones, and by when to erase."""
    ends = _ends(choice, now, zones, latest)
    periods, rolling = _periods(choice, now, ends, zones)
    return ends, periods, rolling, _last(choice.erase_by, zones, "erase_by") if choice.erase_by else None


def _periods(choice: Choice, now: Instant, ends: Instant, zones: ZoneHistory) -> tuple[PeriodSet, int]:
    """The days, or how many of them roll."""
    if choice.days in PRESETS:
        return PeriodSet((last_days(int(choice.days), now, zones),)), 0
    if choice.days == "dates":
        return PeriodSet((_between(choice, zones),)), 0
    if choice.days == "visit":
        return PeriodSet((_visit(choice, zones),)), 0
    if choice.days == "on":
        until = _last(choice.on_until, zones, "on_until") if choice.on_until else ends
        if until <= now:
            raise Unclear("on_until", "past")
        return PeriodSet((Period(now, until),)), 0
    if choice.days == "rolling":
        return EMPTY, _count(choice.rolling_days, "rolling_days")
    raise Unclear("days", "none")


def _between(choice: Choice, zones: ZoneHistory) -> Period:
    first, last = _date(choice.first, "first"), _date(choice.last, "last")
    if last < first:
        raise Unclear("last", "order")
    if (last - first).days > 10 * 366:
        raise Unclear("last", "long")
    return zones.days(first, last)


def _visit(choice: Choice, zones: ZoneHistory) -> Period:
    day, days = _date(choice.visit, "visit"), _count(choice.visit_days, "visit_days")
    if not choice.visit_time:
        return before(zones.day(day).start, days, zones)
    try:
        return before(spelled(f"{day.isoformat()}T{choice.visit_time}", zones).start, days, zones)
    except ValueError:
        raise Unclear("visit_time", "date") from None


def _ends(choice: Choice, now: Instant, zones: ZoneHistory, latest: Instant) -> Instant:
    """When it ends: as chosen, else by default, never later than may be signed for."""
    longest = min(longest_end(now, zones), latest)
    if choice.ends:
        if _last(choice.ends, zones, "ends") <= now:
            raise Unclear("ends", "past")
        ends = end_of(_date(choice.ends, "ends"), longest, zones)
        if ends is None:
            raise Unclear("ends", "long")
        return ends
    visit = _date(choice.visit, "visit") if choice.days == "visit" else None
    ends = default_end(now, zones, visit)
    if ends <= now:
        raise Unclear("visit", "past")
    return min(ends, longest)


def _last(text: str, zones: ZoneHistory, field: str) -> Instant:
    """The end of a whole day."""
    return zones.day(_date(text, field)).end


def _date(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Unclear(field, "date") from None
    if not 1900 <= found.year <= 2200:
        raise Unclear(field, "date")
    return found


def _count(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_DAYS):
        raise Unclear(field, "count")
    return int(text)
