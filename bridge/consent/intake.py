"""Intake grants: which organisation may submit data about a person, for how long, and of which kinds.

Law (`consent.md`, custody; two consents): what others submit is collected, so the record that lets them is a consent
to collect, of one organisation as its source, that always ends: at most twelve months, as a grant. Made by the
patient or recorded by staff from a signed form, withdrawn on the patient's page. Without one in force a submission
is refused. What comes in becomes part of the patient's own record; it opens nothing to whoever sent it.

It is for one name of the person: where the organisation shared them under a pseudonym when it was given, it submits
under that alone, also while the share is paused or over; else by name, and then no pseudonym is shared with it
(`grants.py`): what it sends by name and is shown under a pseudonym are the same readings, and would join the two. What
a name leads to thus never changes while an intake grant stands, so no answer tells that a share began or ended.

Not there: custody of a provider, with keys and staff of its own. Nothing is recorded as if it were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.consent.asked import Kind
from bridge.consent.collecting import newest
from bridge.consent.grant import Standing, State, state_at
from bridge.consent.submitters import submissions
from bridge.period import Instant
from bridge.store.clients import Client
from bridge.store.db import Database

PROVIDER: Final = (
    "this version keeps what is submitted in the patient's own record alone: custody of a provider, with keys "
    "and staff of its own, is not there yet, so nothing was recorded"
)
"""What is said to who asks for it."""


def submitter(client: str, organization: str) -> str:
    """Who submits, as its intake grants name it: the organisation, or a lone client."""
    return organization or client


def source(name: str) -> str:
    """The source that a submitter's data have here."""
    return submissions("", name)


def source_of(client: Client) -> str:
    """The source of what a registered client submits."""
    return submissions(client.id, client.organization)


def told_as(standings: Iterable[Standing], name: str, given: Instant) -> bytes:
    """The pairing under which a submitter tells of a person by an intake grant that was given then; b'' by name. Any
    paired share with it counts that had not ended, of whichever purpose, way and program, paused or not."""
    then = (
        Standing(each.grant, tuple(event for event in each.events if event.at <= given))
        for each in standings
        if each.grant.pairing and each.grant.recipient.key == name
    )
    standing = [each.grant for each in then if state_at(each, given) in _STANDING]
    return max(standing, key=lambda grant: (grant.signed, grant.version)).pairing if standing else b""


def tells_by_name(
    db: Database, patient: int, name: str, standings: Iterable[Standing], pairing: bytes
) -> bool:
    """Whether an intake grant is in force under another name of the patient than a pairing's."""
    found = newest(db, patient, source(name))
    if found is None or found.withdrawn is not None or found.signed.ends is None:
        return False
    return db.clock() < found.signed.ends and told_as(standings, name, found.at) != pairing


_STANDING: Final = (State.SIGNED, State.WAITING, State.ACTIVE, State.PAUSED)


def taken_kinds(db: Database, patient: int, name: str) -> frozenset[Kind]:
    """The kinds that are taken from a submitter about that patient now; none where there is no intake grant, or it
    ended or was withdrawn, or there is no such patient."""
    found = newest(db, patient, source(name))
    if found is None or found.withdrawn is not None or found.signed.ends is None:
        return frozenset()
    return found.signed.kinds if db.clock() < found.signed.ends else frozenset()
