"""Intake grants: which organisation may submit data about a person, for how long, and of which kinds.

Law (`consent.md`, custody; two consents): what others submit is collected, so the record that lets them is a consent to
collect, of one organisation as its source, that always ends. Without one in force a submission is refused. What comes
in becomes part of the patient's own record; it opens nothing to whoever sent it.
Where the grant says custody of the provider, with its law and years, the same is kept a second time as the provider's
own record (`store/custody.py`), which its clients read (`custodian.py`) and the patient's revocation and erasure leave;
others get the patient's copy alone. Rejected: one series of two owners (what it holds back would tell its custodian).
It is for one name of the person: where the organisation shared them under a pseudonym when it was given, it submits
under that alone, also while the share is paused or over; else by name, and then no pseudonym is shared with it
(`grants.py`), which would join the two. So no answer tells that a share began or ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.consent.collecting import Signed, newest
from bridge.consent.grant import NotPossible, Standing, State, state_at
from bridge.consent.submitters import submissions
from bridge.period import Instant
from bridge.store.clients import Client
from bridge.store.custody import Rule, rule_of
from bridge.store.db import Database

NO_RULE: Final = (
    "no retention rule is set for {}: which law obliges it to keep its records, and for how many years, is told "
    "before anybody agrees, so nothing was recorded: see `cgm-bridge client edit --retention-law --retention-years`"
)
FAMILY: Final = (
    "a provider keeps a record of its own only in clinic mode (BRIDGE_MODE=clinic): in a family the command line acts "
    "as the owner of everything here, so nothing was recorded"
)
"""Why custody of a provider is refused."""


def rule_for(db: Database, client: Client) -> Rule:
    """By which rule a client's organisation keeps its own records. NotPossible where clinic IT set none."""
    name = submitter(client.id, client.organization)
    found = rule_of(db, name)
    if found is None:
        raise NotPossible(NO_RULE.format(name))
    return found


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


def standing(db: Database, patient: int, name: str) -> Signed | None:
    """What lets a submitter submit about that patient now; None where there is no intake grant, or it ended or was
    withdrawn, or there is no such patient."""
    found = newest(db, patient, source(name))
    if found is None or found.withdrawn is not None or found.signed.ends is None:
        return None
    return found.signed if db.clock() < found.signed.ends else None
