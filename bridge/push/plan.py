"""Which deliveries are due: a person, a client's destination, the grants that let files or feeds go there.

Law: knows ids, states and times, never a value. What it finds is only a list of errands; whether anything
leaves is decided by the gate at each attempt. An errand that cannot go carries the sentence why. A push is
`file`; a standing feed is `feed` and needs the receiver's recorded "monitored by … at …" (`safety.md`,
intended purpose).

Rejected: a queue of errands in the database; it would have to be cleaned at every change of a grant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import bridge.store.charts as charts
import bridge.store.clients as clients
import bridge.store.destinations as destinations
import bridge.store.grants as grants
import bridge.store.haste as haste
import bridge.store.links as links
import bridge.store.orders as orders
import bridge.store.patients as patients
from bridge.consent.asked import Way
from bridge.consent.grant import Grant, State, state_at
from bridge.consent.grant import Standing as Granted
from bridge.consent.grants import everybodys, listed
from bridge.consent.grants import load as load_grant
from bridge.period import Instant
from bridge.push.reached import spec_of
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.destinations import Destination
from bridge.store.keys import Erased
from bridge.store.lanes import Lane
from bridge.store.links import Link, LinkState, Standing
from bridge.store.verifications import fault

NO_DESTINATION: Final = "no destination is registered for this client: cgm-bridge destination add"
NO_GRANT: Final = "no grant in force lets files go to this recipient: cgm-bridge grant add"
NO_LINK: Final = "nobody confirmed which record of the receiver is this patient's: cgm-bridge link add"
UNNAMED: Final = "a share under a pseudonym goes into no chart: the chart names the person whom it hides"
OTHER_IDENTITY: Final = (
    "the chart holds what was sent under another identity of the person: it would stand there twice"
)
NOT_MONITORED: Final = (
    "the grant is for a feed, and nobody is recorded as looking at what arrives: "
    "cgm-bridge destination add --monitored"
)
ELSEWHERE: Final = (
    "another record of this receiver still has readings that were sent to it: have them taken out there, "
    "then register the destination anew"
)
NOTHING_WANTED: Final = (
    "its file wants neither readings one by one (raw: false) nor summaries (summaries: false) nor documents"
)
OTHER_AUTHORITY: Final = (
    "the link names an identifier of another authority than the destination's file: cgm-bridge link add"
)
GONE: Final = "the link to the receiver's record was removed"
STOPPED: Final = {
    LinkState.SUSPENDED: "the link to the receiver's record is suspended",
    LinkState.BROKEN: "link-broken",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """One grant that lets deliveries go, and by which way."""

    id: str
    way: Way


@dataclass(frozen=True, slots=True)
class Errand:
    """One lane with the grants that are in force. `hold`: why no readings go; '' where they may. What the
    destination holds can be retracted in any case. `stamp` changes with the person's data and consent; `ordered`: when
    an order last changed, and whether something of one is due; `wanted`: when the person wanted it at once."""

    lane: Lane
    destination: Destination
    link: Standing | None
    grants: tuple[Passage, ...]
    hold: str
    stamp: tuple[int, int]
    ordered: tuple[Instant, bool] = (0, False)
    wanted: Instant = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What is asked of the store once for all lanes. `used`: lanes with the links that something went by,
    `granted`: with the grants; `faults`:
    why nothing may go to a client."""

    used: Mapping[Lane, frozenset[int]]
    granted: Mapping[Lane, frozenset[str]]
    links: Mapping[tuple[int, str], Standing]
    revisions: Mapping[int, int]
    epochs: Mapping[int, int]
    clients: Mapping[str, Client]
    faults: Mapping[str, str]
    ordered: Mapping[tuple[int, str], tuple[Instant, Instant | None]]
    wanted: Mapping[Lane, Instant]


def errands(db: Database, now: Instant, patient: int | None, client: str | None) -> tuple[Errand, ...]:
    """Every lane that is due or was ever used, of all patients and clients or of the named ones."""
    goals = destinations.listed(db, client)
    known = _known(db, goals, now, patient)
    used = known.used.keys()
    wanted = {*known.epochs, *(lane.patient for lane in used)} if patient is None else {patient}
    people = sorted(wanted & known.revisions.keys())
    granted = everybodys(db) if patient is None else {patient: listed(db, patient, with_names=False)}
    found = (_errand(db, now, each, goal, granted.get(each, ()), known) for goal in goals for each in people)
    named = patient is not None
    return tuple(each for each in found if named or each.grants or each.lane in used)


def _known(db: Database, goals: Sequence[Destination], now: Instant, patient: int | None) -> _Known:
    there = {each.client: one for each in goals if (one := _client(db, each.client)) is not None}
    return _Known(
        charts.charts_used(db, patient),
        charts.grants_used(db, patient),
        links.standings(db),
        patients.revisions(db),
        grants.epochs(db),
        there,
        {name: fault(db, one) for name, one in there.items()},
        orders.stamps(db),
        haste.asked(db, now),
    )


def _errand(
    db: Database, now: Instant, patient: int, goal: Destination, granted: Iterable[Granted], known: _Known
) -> Errand:
    link, client = known.links.get((patient, goal.client)), known.clients.get(goal.client)
    granted = tuple(granted)
    in_force = tuple(_in_force(granted, client, now)) if client else ()
    allowed = tuple(_ways(in_force, goal))
    lane = Lane(patient, goal.number)
    hold = (
        _hold(in_force, allowed, link)
        or (NOTHING_WANTED if _wants_none(goal) else "")
        or known.faults.get(goal.client, "")
        or (UNNAMED if any(grant.pairing for grant in in_force) else "")
        or _elsewhere(db, known.used.get(lane, frozenset()), link)
        or _unlike(in_force, granted, known.granted.get(lane, frozenset()))
    )
    stamp = known.revisions[patient], known.epochs.get(patient, 0)
    changed, wakes = known.ordered.get((patient, goal.client), (0, None))
    ordered = changed, wakes is not None and wakes <= now
    return Errand(lane, goal, link, allowed, hold, stamp, ordered, known.wanted.get(lane, 0))


def _in_force(standings: Iterable[Granted], client: Client, now: Instant) -> Iterator[Grant]:
    for each in standings:
        grant = each.grant
        if (
            state_at(each, now) is State.ACTIVE
            and grant.recipient.includes(client.id, client.organization)
            and grant.purpose == client.purpose
            and grant.ways & {Way.FILE, Way.FEED}
        ):
            yield grant


def _ways(in_force: Iterable[Grant], destination: Destination) -> Iterator[Passage]:
    for grant in in_force:
        if Way.FILE in grant.ways:
            yield Passage(grant.id, Way.FILE)
        elif destination.monitored:
            yield Passage(grant.id, Way.FEED)


def _hold(in_force: tuple[Grant, ...], allowed: tuple[Passage, ...], link: Standing | None) -> str:
    if not in_force:
        return NO_GRANT
    if not allowed:
        return NOT_MONITORED
    if link is None:
        return NO_LINK
    if link.state is LinkState.CONFIRMED:
        return ""
    return stopped(link.state, link.reason)


def stopped(state: LinkState, reason: str) -> str:
    """Why nothing goes over a link that is not confirmed."""
    return f"{STOPPED.get(state, GONE)}: {reason}"


def ended(db: Database, grant: str, link: int, now: Instant) -> str:
    """Why nothing goes under a grant and over a link at this moment; '' where it may. It is asked right before bytes
    leave: whoever was erased meanwhile has neither."""
    try:
        over, granted = links.load(db, link), load_grant(db, grant)
    except (KeyError, Erased):
        return GONE
    if over.state is not LinkState.CONFIRMED:
        return stopped(over.state, over.reason)
    return "" if state_at(granted, now) is State.ACTIVE else NO_GRANT


def _wants_none(goal: Destination) -> bool:
    spec = spec_of(goal)
    return spec is not None and spec.raw is None and spec.summed is None and spec.documented is None


def authority_fault(goal: Destination, link: Link) -> str:
    """Why a link does not name a record of the destination's authority; '' where it does."""
    spec = spec_of(goal)
    return OTHER_AUTHORITY if spec is not None and link.system != spec.patients else ""


def _elsewhere(db: Database, used: frozenset[int], link: Standing | None) -> str:
    """Nothing goes into a second chart while the first one still has what was sent there."""
    if link is None or used <= {link.number}:
        return ""
    now = links.load(db, link.number)
    return "" if all(_same_chart(now, links.load(db, before)) for before in used) else ELSEWHERE


def _unlike(in_force: tuple[Grant, ...], granted: tuple[Granted, ...], before: frozenset[str]) -> str:
    """Nothing goes under another identity into a chart that has things under one: each would stand twice, and who the
    number is would be plain."""
    known = {each.grant.pairing for each in granted if each.grant.id in before}
    return OTHER_IDENTITY if known and known != {grant.pairing for grant in in_force} else ""


def _same_chart(one: Link, other: Link) -> bool:
    if one.shown.id and other.shown.id:
        return one.shown.id == other.shown.id
    return (one.system, one.value) == (other.system, other.value)


def _client(db: Database, id_: str) -> Client | None:
    try:
        return clients.load(db, id_)
    except KeyError:
        return None
