"""Which deliveries are due: a person, a client's destination, the grants that let files or feeds go there.

Law: knows ids, states and times, never a value. What it finds is only a list of errands; whether anything
leaves is decided by the gate at each attempt. An errand that cannot go carries the sentence why. A push is
`file`; a standing feed is `feed` and needs the receiver's recorded "monitored by … at …" (`safety.md`,
intended purpose).

Rejected: a queue of errands in the database; it would have to be cleaned at every change of a grant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import bridge.store.artifacts as artifacts
import bridge.store.clients as clients
import bridge.store.destinations as destinations
import bridge.store.grants as grants
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent.asked import Way
from bridge.consent.grant import Grant, Standing, State, state_at
from bridge.consent.grants import listed
from bridge.period import Instant
from bridge.push.reached import spec_of
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.destinations import Destination
from bridge.store.lanes import Lane
from bridge.store.links import Link, LinkState
from bridge.store.verifications import fault

NO_DESTINATION: Final = "no destination is registered for this client: cgm-bridge destination add"
NO_GRANT: Final = "no grant in force lets files go to this recipient: cgm-bridge grant add"
NO_LINK: Final = "nobody confirmed which record of the receiver is this patient's: cgm-bridge link add"
NOT_MONITORED: Final = (
    "the grant is for a feed, and nobody is recorded as looking at what arrives: "
    "cgm-bridge destination add --monitored"
)
ELSEWHERE: Final = (
    "another record of this receiver still has readings that were sent to it: have them taken out there, "
    "then register the destination anew"
)
NO_RAW: Final = "its file wants no readings one by one (raw: false), and this version pushes nothing else"
OTHER_AUTHORITY: Final = (
    "the link names an identifier of another authority than the destination's file: cgm-bridge link add"
)
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
    destination holds can be retracted in any case. `stamp` changes with the person's data and consent."""

    lane: Lane
    destination: Destination
    link: Link | None
    grants: tuple[Passage, ...]
    hold: str
    stamp: tuple[int, int]


def errands(db: Database, now: Instant, patient: int | None, client: str | None) -> tuple[Errand, ...]:
    """Every lane that is due or was ever used, of all patients and clients or of the named ones."""
    used = frozenset(outbox.lanes(db))
    wanted = {*grants.patients(db), *(lane.patient for lane in used)} if patient is None else {patient}
    people = sorted(wanted & set(patients.numbers(db)))
    found = (
        _errand(db, now, each, destination, _client(db, destination.client))
        for destination in destinations.listed(db, client)
        for each in people
    )
    named = patient is not None
    return tuple(each for each in found if named or each.grants or each.lane in used)


def _errand(
    db: Database, now: Instant, patient: int, destination: Destination, client: Client | None
) -> Errand:
    link = links.of(db, patient, destination.client)
    in_force = tuple(_in_force(listed(db, patient), client, now)) if client else ()
    allowed = tuple(_ways(in_force, destination))
    lane = Lane(patient, destination.number)
    hold = (
        _hold(in_force, allowed, link)
        or _by_file(destination, link)
        or (fault(db, client) if client else "")
        or _elsewhere(db, lane, link)
    )
    stamp = (artifacts.revision(db.reader("bridge"), patient), grants.epoch(db, patient))
    return Errand(lane, destination, link, allowed, hold, stamp)


def _in_force(standings: Iterable[Standing], client: Client, now: Instant) -> Iterator[Grant]:
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


def _hold(in_force: tuple[Grant, ...], allowed: tuple[Passage, ...], link: Link | None) -> str:
    if not in_force:
        return NO_GRANT
    if not allowed:
        return NOT_MONITORED
    if link is None:
        return NO_LINK
    if link.state is LinkState.CONFIRMED:
        return ""
    return f"{STOPPED[link.state]}: {link.reason}"


def _by_file(destination: Destination, link: Link | None) -> str:
    """What the destination's file rules out."""
    spec = spec_of(destination)
    if spec is None:
        return ""
    if spec.raw is None:
        return NO_RAW
    return OTHER_AUTHORITY if link is not None and link.system != spec.patients else ""


def _elsewhere(db: Database, lane: Lane, link: Link | None) -> str:
    """Nothing goes into a second chart while the first one still has what was sent there."""
    used = (links.load(db, number) for number in outbox.links_used(db, lane))
    if link is None or all(_same_chart(link, before) for before in used):
        return ""
    return ELSEWHERE


def _same_chart(one: Link, other: Link) -> bool:
    if one.shown.id and other.shown.id:
        return one.shown.id == other.shown.id
    return (one.system, one.value) == (other.system, other.value)


def _client(db: Database, id_: str) -> Client | None:
    try:
        return clients.load(db, id_)
    except KeyError:
        return None
