"""Grants as they are kept: signing, pausing, resuming, revoking, superseding, and reading them back.

Law: every step goes through the table of `grant.py`, raises the patient's epoch and is a row of the ledger
before it returns (`consent.md`, the grant). Nothing is edited: `supersede` ends one version and signs the
next. One recipient knows a person by one kind of id at a time, or the two kinds could be joined: a grant
that would break this is refused at signing, also where the recipient submits about the person by name. Who
signed is sealed under the patient's key.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import bridge.store.drafts as drafts
import bridge.store.grants as kept
import bridge.store.wordings as wordings
from bridge.consent.asked import KIND_OF, Grain
from bridge.consent.grant import (
    Event,
    Grant,
    Identity,
    NotPossible,
    Recipient,
    Standing,
    State,
    Step,
    after,
    settled,
    state_at,
)
from bridge.consent.grant_bytes import box_of, event_of, event_row, grant_of, row_of
from bridge.consent.intake import tells_by_name
from bridge.consent.words import Words
from bridge.period import Instant
from bridge.reading import INTERVALS
from bridge.store import custody
from bridge.store.answers import Claim
from bridge.store.db import Database
from bridge.store.entries import Authorisation
from bridge.store.slots import MOST

_CUT: Final = frozenset(KIND_OF[stream] for stream in INTERVALS)
_ENDED: Final = (State.REVOKED, State.SUPERSEDED, State.EXPIRED)
Answering: TypeAlias = Callable[[Standing], tuple[Claim, Authorisation]]
"""Of what is about to be signed: the question that it answers, and the row that tells it. What it raises, nothing
was signed."""


def new_id() -> str:
    """An id for a new grant."""
    return str(uuid.uuid4())


def pairing_for(db: Database, recipient: Recipient, identity: Identity) -> bytes:
    """The pairing id of that recipient: the one it has for this identity, else a new one; b'' unpaired."""
    if not identity.is_paired:
        return b""
    mark = b"r" if identity is Identity.DEIDENTIFIED else b"p"
    known = [each for each in kept.pairings(db, recipient.key) if each.startswith(mark)]
    return known[0] if known else mark + secrets.token_bytes(15)


def sign(db: Database, grant: Grant, by: str = "", answering: Answering | None = None) -> Standing:
    """Keep a new grant as signed at `grant.signed`, with the answer that it is. NotPossible says what stands against
    it; AnsweredBefore, LedgerUnavailable."""
    epoch = kept.epoch(db, grant.patient)
    _refuse_mixed_identity(db, grant)
    _refuse_names(db, grant)
    _refuse_too_many_parts(db, grant)
    event = Event(Step.SIGN, grant.signed, by=by or grant.authoriser.name)
    signed = Standing(grant, (event,))
    answer = None if answering is None else answering(signed)
    kept.append(db, grant.patient, epoch, [row_of(db, grant)], [event_row(db, grant, event)], answer)
    return signed


def supersede(
    db: Database, old: str, grant: Grant, by: str = "", answering: Answering | None = None
) -> Standing:
    """End the grant `old` and sign `grant` as its next version, in one step, with the answer that it is."""
    epoch, standing = kept.epoch(db, grant.patient), load(db, old)
    new = _next(standing, grant)
    _refuse_mixed_identity(db, new)
    _refuse_names(db, new)
    _refuse_too_many_parts(db, new)
    ended = Event(Step.SUPERSEDE, grant.signed, by=by)
    signed = Event(Step.SIGN, grant.signed, by=by or grant.authoriser.name)
    steps = [event_row(db, standing.grant, ended), event_row(db, new, signed)]
    following = Standing(new, (signed,))
    answer = None if answering is None else answering(following)
    kept.append(db, grant.patient, epoch, [row_of(db, new)], steps, answer)
    return following


def _next(standing: Standing, grant: Grant) -> Grant:
    """`grant` as the version that follows `standing`; NotPossible where it cannot."""
    if standing.grant.patient != grant.patient or standing.grant.recipient.key != grant.recipient.key:
        raise NotPossible("a grant is superseded by one of the same patient for the same recipient")
    after(settled(standing.events), Step.SUPERSEDE)
    return replace(grant, id=standing.grant.id, version=standing.grant.version + 1)


def equal(db: Database, grant: Grant) -> Standing | None:
    """The grant in force that opens the same to the same recipient, whenever it was signed and until when it is."""
    return next(
        (
            each
            for each in listed(db, grant.patient, with_names=False)
            if state_at(each, grant.signed) is State.ACTIVE and _opens(each.grant) == _opens(grant)
        ),
        None,
    )


def _opens(grant: Grant) -> tuple[object, ...]:
    return (
        grant.recipient.key, grant.recipient.clients, grant.purpose, grant.ways, grant.periods, grant.rolling_days,
        grant.kinds, grant.sources, grant.later_sources, grant.withheld, grant.grain, grant.block, grant.identity,
    )  # fmt: skip


def draft(db: Database, grant: Grant, replaces: str = "") -> Standing:
    """Keep a grant unsigned, for its owner to look at: it opens nothing. `replaces`: the grant that signing it
    will supersede. NotPossible says what stands against signing it."""
    drawn = _next(load(db, replaces), grant) if replaces else grant
    _refuse_mixed_identity(db, drawn)
    _refuse_names(db, drawn)
    _refuse_too_many_parts(db, drawn)
    drafts.keep(db, row_of(db, grant), replaces)
    return Standing(grant, ())


def drafted(db: Database, draft: str) -> tuple[Standing, str]:
    """A draft, and the grant that signing it will supersede ('': none); KeyError where there is none."""
    found = drafts.find(db, draft)
    if found is None:
        raise KeyError(f"there is no draft {draft}")
    row, replaces = found
    return Standing(grant_of(row, box_of(db, row.patient)), ()), replaces


def sign_draft(
    db: Database, draft: str, words: Words, by: str = "", answering: Answering | None = None
) -> Standing:
    """Sign a draft now, under the exact words that were shown, which are kept, with the answer that it is. KeyError,
    NotPossible, Overtaken, AnsweredBefore, LedgerUnavailable, Erased."""
    standing, replaces = drafted(db, draft)
    now, drawn = db.clock(), standing.grant
    if drawn.ends <= now:
        raise NotPossible("what was drawn would have ended by now: draw it anew")
    grant = replace(
        drawn,
        signed=now,
        begins=max(drawn.begins, now),
        pairing=pairing_for(db, drawn.recipient, drawn.identity),
        wording=words.wording,
    )
    shown = words.wording
    wordings.keep(db, wordings.Shown(shown.sha256, shown.id, shown.version, shown.locale, words.text))
    signed = supersede(db, replaces, grant, by, answering) if replaces else sign(db, grant, by, answering)
    drafts.drop(db, draft)
    return signed


def pause(db: Database, grant: str, until: Instant | None = None, by: str = "", reason: str = "") -> Standing:
    """Paused acts like none, until a date or until it is resumed."""
    return _step(db, grant, Event(Step.PAUSE, db.clock(), until, by, reason))


def resume(db: Database, grant: str, by: str = "", reason: str = "") -> Standing:
    """End a pause."""
    return _step(db, grant, Event(Step.RESUME, db.clock(), None, by, reason))


def revoke(db: Database, grant: str, by: str = "", reason: str = "") -> Standing:
    """End the grant for good: it stops the very next answer."""
    return _step(db, grant, Event(Step.REVOKE, db.clock(), None, by, reason))


def load(db: Database, grant: str) -> Standing:
    """The newest version of a grant; KeyError where there is none of that id."""
    patient = kept.patient_of(db, grant)
    if patient is None:
        raise KeyError(f"there is no grant {grant}")
    return max(
        (each for each in listed(db, patient) if each.grant.id == grant), key=lambda each: each.grant.version
    )


def listed(db: Database, patient: int, with_names: bool = True) -> tuple[Standing, ...]:
    """Every version of every grant of the patient, oldest first; without names who signed stays sealed."""
    rows = kept.listed(db, patient)
    box = box_of(db, patient) if rows and with_names else None
    return tuple(
        Standing(grant_of(row, box), tuple(event_of(event, patient, box) for event in events))
        for row, events in rows
    )


def everybodys(db: Database) -> dict[int, tuple[Standing, ...]]:
    """Every version of every grant of everybody, oldest first; who signed stays sealed."""
    return {
        patient: tuple(
            Standing(grant_of(row, None), tuple(event_of(event, patient, None) for event in events))
            for row, events in rows
        )
        for patient, rows in kept.everybodys(db).items()
    }


def _step(db: Database, grant: str, event: Event) -> Standing:
    patient = kept.patient_of(db, grant)
    if patient is None:
        raise KeyError(f"there is no grant {grant}")
    epoch, standing = kept.epoch(db, patient), load(db, grant)
    after(settled(standing.events), event.step)
    if state_at(standing, event.at) is State.EXPIRED:
        raise NotPossible("a grant that is expired stays so: sign a new one")
    kept.append(db, patient, epoch, [], [event_row(db, standing.grant, event)])
    return Standing(standing.grant, (*standing.events, event))


def _refuse_mixed_identity(db: Database, grant: Grant) -> None:
    for standing in listed(db, grant.patient):
        other = standing.grant
        if state_at(standing, grant.signed) in _ENDED or other.id == grant.id:
            continue
        same = other.recipient.key == grant.recipient.key and other.purpose == grant.purpose
        together = other.begins < grant.ends and grant.begins < other.ends
        if same and together and other.pairing != grant.pairing:
            raise NotPossible(
                f"this recipient knows the patient as {other.identity} by grant {other.id}: "
                "revoke it before signing one with another identity"
            )


def _refuse_names(db: Database, grant: Grant) -> None:
    """Nobody shares what a provider keeps as its own, nor a pseudonym with whoever submits by name."""
    name = grant.recipient.key
    if custody.whose(db, grant.patient) is not None:
        raise NotPossible(
            "that is a provider's own record: the person shares their copy, and nobody shares this"
        )
    if not grant.identity.is_paired:
        return
    standings = listed(db, grant.patient, with_names=False)
    if tells_by_name(db, grant.patient, name, standings, grant.pairing):
        raise NotPossible(
            "this recipient may submit about the patient by name, so a pseudonym would hide nothing from it: withdraw "
            "its intake grant before (one that is given afterwards is under the pseudonym)"
        )


def _refuse_too_many_parts(db: Database, grant: Grant) -> None:
    """Holes cut an interval into parts, and an id has room for so many (`slots.py`)."""
    kinds = grant.kinds & _CUT
    if grant.grain is not Grain.RAW or not kinds:
        return
    beside = (
        standing.grant
        for standing in listed(db, grant.patient, with_names=False)
        if standing.grant.id != grant.id
        and standing.grant.recipient.key == grant.recipient.key
        and standing.grant.grain is Grain.RAW
        and standing.grant.kinds & kinds
        and state_at(standing, grant.signed) not in _ENDED
    )
    if sum(max(1, len(each.periods.periods)) for each in (grant, *beside)) > MOST:
        raise NotPossible(
            f"the grants of this recipient name more than {MOST} separate periods of {', '.join(sorted(kinds))}: "
            "grant fewer and longer ones, or revoke one before"
        )
