"""A hospital announces that a record changed: links to it stop until a human has compared the two again.

Law (`safety.md`, whose chart is it): ADT A40, A31 and the like suspend. A merge, move, deletion or change of numbers
stops every link whose number is named; any other event stops one only where name or birth date are not those that were
confirmed, or where none were. A sender speaks for the clients whose destination's file names its address, and for no
other. The message is not kept; what is written down names the link and the event. Suspending too often costs a human
a look, too seldom a stranger's chart: in doubt it is suspended.

Rejected: following a merge to the surviving number (the bridge decides nothing about identity).
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Final

import bridge.store.deeds as deeds
import bridge.store.destinations as destinations
import bridge.store.links as links
from bridge.hl7.adt import Announced, Number, announced, control_of, reply, words
from bridge.push.reached import spec_of
from bridge.store.db import Database
from bridge.store.links import Link, LinkState

AGAIN: Final = "compare the two records and confirm anew: cgm-bridge link add"
CHANGED: Final = "the receiver announced that whose record it is has changed (ADT {event}): {again}"
OTHER_NAME: Final = "the receiver announced another name for the record (ADT {event}): {again}"
OTHER_BIRTH_DATE: Final = "the receiver announced another birth date for the record (ADT {event}): {again}"
DECEASED: Final = "the receiver announced that the person died (ADT {event}): {again}"
UNCOMPARED: Final = (
    "the receiver announced something of the record, and no name and birth date were confirmed "
    "(ADT {event}): {again}"
)

_HOST: Final = re.compile(r"^https?://([^/:?#]+)")
"""What an authority that has a URL is called as a DNS name."""


def allowed(db: Database, sender: str) -> bool:
    """Whether any destination's file names this address as one that announces."""
    return bool(_clients(db, sender))


def heard(db: Database, sender: str, body: bytes) -> bytes:
    """Deal with one message and answer it: AA or CA when every link that it concerns is stopped, AR where it is no ADT
    message, where it is two, or where a number in it cannot be read. An error of the store is raised: then
    nothing was acknowledged and it comes again."""
    told = announced(body)
    if told is None:
        return reply("AR", "", control_of(body), db.clock())
    for client in _clients(db, sender):
        for link in links.listed(db):
            if link.client == client and link.state is LinkState.CONFIRMED:
                _judge(db, link, told)
    return reply("CA" if told.wants_commit else "AA", told.event, told.control, db.clock())


def _judge(db: Database, link: Link, told: Announced) -> None:
    if not any(_is_of(link, number, db) for number in told.numbers):
        return
    why = difference(link, told)
    if why:
        reason = why.format(event=told.event, again=AGAIN)
        deeds.append(db, "link suspend", f"link {link.number}: ADT {told.event}", link.client, "ADT", "")
        links.suspend(db, link.number, reason)


def difference(link: Link, told: Announced) -> str:
    """Why a link whose number is named stops; '' where the record is as it was confirmed."""
    if told.is_about_identity:
        return CHANGED
    if told.is_deceased:
        return DECEASED
    shown = link.shown
    if not shown.name or shown.birth_date is None:
        return UNCOMPARED
    if told.names and words(shown.name) not in told.names:
        return OTHER_NAME
    return OTHER_BIRTH_DATE if told.birth_date not in (None, shown.birth_date) else ""


def _is_of(link: Link, number: Number, db: Database) -> bool:
    """Whether it is the link's number: of another authority for certain it is not, of none or an unknown one it is.
    Only the universal id says for certain; a local name may be written in any way."""
    ours = {link.system, link.system.removeprefix("urn:oid:"), link.system.removeprefix("urn:uuid:")}
    ours.update(_HOST.findall(link.system))
    specs = [spec_of(goal) for goal in destinations.listed(db, link.client)]
    known = ours.union(*(spec.hl7v2.authority for spec in specs if spec is not None))
    is_certain = "." in number.universal or ":" in number.universal
    return number.value == link.value.strip() and (
        not is_certain or bool({number.namespace, number.universal} & known - {""})
    )


def _clients(db: Database, sender: str) -> tuple[str, ...]:
    address = ip_address(sender.partition("%")[0])
    found = []
    for goal in destinations.listed(db):
        spec = spec_of(goal)
        if spec is not None and any(address in ip_network(each) for each in spec.announced_by):
            found.append(goal.client)
    return tuple(dict.fromkeys(found))
