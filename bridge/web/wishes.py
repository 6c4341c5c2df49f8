"""What clinics ordered, as a person's page and as a clinic's page show it; and "send now".

Law (`smart-consent.md` 7.2; `consent.md`, what the asker learns): an order opens nothing, and the page says so. A
person sees what is ordered under a share and whether it goes. A clinic's staff see why something does not go, without
names; of consent one sentence alone, the same for whoever shares nothing and whoever shares under a pseudonym. "Send
now" leaves out the time that was ordered and nothing else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import bridge.store.clients as clients
import bridge.store.haste as haste
from bridge.consent import grants
from bridge.consent.grant import Grant, State, state_at
from bridge.order import Order, Schedule, Span
from bridge.pages.seeing import Length, Timed, Wish
from bridge.people.remit import Remit
from bridge.period import Instant, ZoneHistory
from bridge.push import overview, plan
from bridge.push.overview import GONE, NO_GLUCOSE, OVER, Standing, began
from bridge.push.plan import Errand
from bridge.push.reached import spec_of
from bridge.store.db import Database
from bridge.web.lobby import moment
from bridge.web.stating import local

NOT_SHARED: Final = "the person shares nothing now that goes there"
OF_CONSENT: Final = frozenset(
    {plan.NO_GRANT, plan.UNNAMED, plan.OTHER_IDENTITY, plan.NOT_MONITORED, NO_GLUCOSE}
)
"""Sentences about what a person decided."""


def ordered(db: Database, grant: Grant, zones: ZoneHistory) -> tuple[Wish, ...]:
    """What is ordered and in force by the clients of a share, for the person whose it is."""
    now, found = db.clock(), list[Wish]()
    for each in overview.standings(db, now, grant.patient):
        one = None if each.kept is None else each.kept.written.order
        if each.kept is None or one is None or not one.is_open or {GONE, OVER} & {*each.holds}:
            continue
        if _is_of(db, grant, each.client):
            wakes = each.kept.wakes
            due = local(wakes, zones) if wakes and not each.holds else None
            since = local(began(db, each.kept), zones)
            found.append(Wish(one.requester, since, _timed(one), not each.holds, due))
    return tuple(found)


def lanes(db: Database, grant: Grant) -> tuple[Errand, ...]:
    """Where a share lets deliveries go that wait for a time that was ordered."""
    found = plan.errands(db, db.clock(), grant.patient, None)
    return tuple(
        each
        for each in found
        if not each.hold and grant.id in {one.id for one in each.grants} and _has_orders(each)
    )


def send_now(db: Database, grant: Grant) -> bool:
    """Make what was ordered due; whether there is anything by this share that can be."""
    found = lanes(db, grant)
    for each in found:
        haste.ask(db, each.lane, db.clock())
    return bool(found)


def seen(db: Database, remit: Remit) -> tuple[Wish, ...]:
    """Every order in the remit of a member of staff, and every lack of one, without anybody's name."""
    now = db.clock()
    every = [each for each in overview.standings(db, now) if remit.client(each.client)]
    hidden = {(each.patient, each.client) for each in every if _is_hidden(db, each, now)}
    found = list[Wish]()
    for each in every:
        is_hidden = (each.patient, each.client) in hidden
        if each.kept is None and is_hidden:
            continue
        one = None if each.kept is None else each.kept.written.order
        found.append(
            Wish(
                "",
                moment(now if each.kept is None else each.kept.first),
                () if one is None else _timed(one),
                not each.holds and not is_hidden,
                number=0 if each.kept is None else each.kept.number,
                holds=(NOT_SHARED,) if is_hidden else _plain(each.holds),
            )
        )
    return tuple(found)


def _plain(holds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(NOT_SHARED if each in OF_CONSENT else each for each in holds))


def _is_hidden(db: Database, one: Standing, now: Instant) -> bool:
    """Whether its clinic may not be told how the person shares: under a pseudonym alone, or not at all."""
    acting = [
        each.grant
        for each in grants.listed(db, one.patient, with_names=False)
        if state_at(each, now) is State.ACTIVE and _is_of(db, each.grant, one.client)
    ]
    return not acting or any(each.pairing for each in acting)


def _is_of(db: Database, grant: Grant, client: str) -> bool:
    try:
        known = clients.recall(db, client)
    except KeyError:
        return False
    return grant.recipient.includes(known.id, known.organization)


def _has_orders(errand: Errand) -> bool:
    spec = spec_of(errand.destination)
    return spec is not None and spec.orders is not None


def _timed(one: Order) -> tuple[Timed, ...]:
    return tuple(_one(each) for each in one.schedules)


def _one(schedule: Schedule) -> Timed:
    contents = tuple(sorted(each.value for each in schedule.contents))
    first, last = schedule.period or ("", "")
    return Timed(contents, _length(schedule.every), _length(schedule.lookback), first[:10], last[:10])


def _length(span: Span | None) -> Length | None:
    if span is None:
        return None
    number = Decimal(span.value) / (60 if span.unit == "s" else 1)
    whole = int(number) if number == int(number) else round(float(number), 2)
    return Length(whole, "min" if span.unit == "s" else span.unit)
