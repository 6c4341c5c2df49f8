"""Grants as they are kept: signing, pausing, resuming, revoking, superseding, and reading them back.

Law: every step goes through the table of `grant.py`, raises the patient's epoch and is a row of the ledger
before it returns (`consent.md`, the grant). Nothing is edited: `supersede` ends one version and signs the
next. One recipient knows a person by one kind of id at a time, or the two kinds could be joined: a grant
that would break this is refused at signing. Who signed is sealed under the patient's key.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import replace
from typing import Final, cast

import bridge.store.drafts as drafts
import bridge.store.grants as kept
import bridge.store.wordings as wordings
from bridge.consent.asked import KIND_OF, Grain, Kind, Way
from bridge.consent.grant import (
    Authoriser,
    Block,
    Event,
    Grant,
    Identity,
    NotPossible,
    Recipient,
    Standing,
    State,
    Step,
    Wording,
    after,
    settled,
    state_at,
)
from bridge.consent.words import Words
from bridge.period import Instant, Period, PeriodSet
from bridge.reading import INTERVALS
from bridge.store.db import Database
from bridge.store.keys import Box, Erased, Tampered, place
from bridge.store.slots import MOST

_CUT: Final = frozenset(KIND_OF[stream] for stream in INTERVALS)
_ENDED: Final = (State.REVOKED, State.SUPERSEDED, State.EXPIRED)
_ERASED: Final = "erased"


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


def sign(db: Database, grant: Grant, by: str = "") -> Standing:
    """Keep a new grant as signed at `grant.signed`. NotPossible says what stands against it."""
    epoch = kept.epoch(db, grant.patient)
    _refuse_mixed_identity(db, grant)
    _refuse_too_many_parts(db, grant)
    event = Event(Step.SIGN, grant.signed, by=by or grant.authoriser.name)
    kept.append(db, grant.patient, epoch, [_row(db, grant)], [_event(db, grant, event)])
    return Standing(grant, (event,))


def supersede(db: Database, old: str, grant: Grant, by: str = "") -> Standing:
    """End the grant `old` and sign `grant` as its next version, in one step."""
    epoch, standing = kept.epoch(db, grant.patient), load(db, old)
    new = _next(standing, grant)
    _refuse_mixed_identity(db, new)
    _refuse_too_many_parts(db, new)
    ended = Event(Step.SUPERSEDE, grant.signed, by=by)
    signed = Event(Step.SIGN, grant.signed, by=by or grant.authoriser.name)
    steps = [_event(db, standing.grant, ended), _event(db, new, signed)]
    kept.append(db, grant.patient, epoch, [_row(db, new)], steps)
    return Standing(new, (signed,))


def _next(standing: Standing, grant: Grant) -> Grant:
    """`grant` as the version that follows `standing`; NotPossible where it cannot."""
    if standing.grant.patient != grant.patient or standing.grant.recipient.key != grant.recipient.key:
        raise NotPossible("a grant is superseded by one of the same patient for the same recipient")
    after(settled(standing.events), Step.SUPERSEDE)
    return replace(grant, id=standing.grant.id, version=standing.grant.version + 1)


def draft(db: Database, grant: Grant, replaces: str = "") -> Standing:
    """Keep a grant unsigned, for its owner to look at: it opens nothing. `replaces`: the grant that signing it
    will supersede. NotPossible says what stands against signing it."""
    _refuse_mixed_identity(db, _next(load(db, replaces), grant) if replaces else grant)
    drafts.keep(db, _row(db, grant), replaces)
    return Standing(grant, ())


def drafted(db: Database, draft: str) -> tuple[Standing, str]:
    """A draft, and the grant that signing it will supersede ('': none); KeyError where there is none."""
    found = drafts.find(db, draft)
    if found is None:
        raise KeyError(f"there is no draft {draft}")
    row, replaces = found
    return Standing(_grant(row, _box(db, row.patient)), ()), replaces


def sign_draft(db: Database, draft: str, words: Words, by: str = "") -> Standing:
    """Sign a draft now, under the exact words that were shown, which are kept. KeyError, NotPossible, Overtaken."""
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
    signed = supersede(db, replaces, grant, by) if replaces else sign(db, grant, by)
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
    box = _box(db, patient) if rows and with_names else None
    return tuple(
        Standing(_grant(row, box), tuple(_read_event(event, patient, box) for event in events))
        for row, events in rows
    )


def _step(db: Database, grant: str, event: Event) -> Standing:
    patient = kept.patient_of(db, grant)
    if patient is None:
        raise KeyError(f"there is no grant {grant}")
    epoch, standing = kept.epoch(db, patient), load(db, grant)
    after(settled(standing.events), event.step)
    if state_at(standing, event.at) is State.EXPIRED:
        raise NotPossible("a grant that is expired stays so: sign a new one")
    kept.append(db, patient, epoch, [], [_event(db, standing.grant, event)])
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


# ------------------------------------------------------------------------------------- as stored bytes


def _row(db: Database, grant: Grant) -> kept.GrantRow:
    who = [grant.authoriser.name, grant.authoriser.role, grant.authoriser.evidence]
    return kept.GrantRow(
        id=grant.id,
        version=grant.version,
        patient=grant.patient,
        recipient=grant.recipient.key,
        pairing=grant.pairing,
        body=kept.spell(_plain(grant)),
        sealed=_seal(db.keys.box(grant.patient), grant.patient, who),
    )


def _event(db: Database, grant: Grant, event: Event) -> kept.EventRow:
    sealed = _seal(db.keys.box(grant.patient), grant.patient, [event.by, event.reason])
    return kept.EventRow(grant.id, grant.version, event.step, event.at, event.until, sealed)


def _plain(grant: Grant) -> dict[str, object]:
    to, words = grant.recipient, grant.wording
    return {
        "recipient": [to.organization, sorted(to.clients), to.name, to.address, to.contact, to.verified],
        "purpose": grant.purpose,
        "ways": sorted(grant.ways),
        "periods": [[period.start, period.end] for period in grant.periods],
        "kinds": sorted(grant.kinds),
        "signed": grant.signed,
        "begins": grant.begins,
        "ends": grant.ends,
        "sources": sorted(grant.sources),
        "later_sources": grant.later_sources,
        "withheld": sorted(grant.withheld),
        "rolling_days": grant.rolling_days,
        "said": grant.said,
        "grain": int(grant.grain),
        "block": grant.block,
        "identity": grant.identity,
        "erase_by": grant.erase_by,
        "wording": [words.id, words.version, words.locale, words.sha256],
    }


def _grant(row: kept.GrantRow, box: Box | None) -> Grant:
    body = json.loads(row.body)
    organization, clients, *named = body["recipient"]
    who = _open(box, row.patient, row.sealed) or [_ERASED, _ERASED, ""]
    return Grant(
        id=row.id,
        version=row.version,
        patient=row.patient,
        authoriser=Authoriser(*who),
        recipient=Recipient(organization, frozenset(clients), *named),
        purpose=body["purpose"],
        ways=frozenset(map(Way, body["ways"])),
        periods=PeriodSet.of(*(Period(start, end) for start, end in body["periods"])),
        kinds=frozenset(map(Kind, body["kinds"])),
        signed=body["signed"],
        begins=body["begins"],
        ends=body["ends"],
        sources=frozenset(body["sources"]),
        later_sources=body["later_sources"],
        withheld=frozenset(body["withheld"]),
        rolling_days=body["rolling_days"],
        said=body["said"],
        grain=Grain(body["grain"]),
        block=Block(body["block"]),
        identity=Identity(body["identity"]),
        pairing=row.pairing,
        erase_by=body["erase_by"],
        wording=Wording(*body["wording"]),
    )


def _read_event(row: kept.EventRow, patient: int, box: Box | None) -> Event:
    by, reason = _open(box, patient, row.sealed) or [_ERASED, _ERASED]
    return Event(Step(row.step), row.at, row.until, by, reason)


def _box(db: Database, patient: int) -> Box | None:
    try:
        return db.keys.box(patient)
    except Erased:
        return None


def _seal(box: Box, patient: int, texts: list[str]) -> bytes:
    return box.seal(kept.spell(texts), place("grant", patient))


def _open(box: Box | None, patient: int, sealed: bytes) -> list[str] | None:
    if box is None:
        return None
    try:
        return cast("list[str]", json.loads(box.open(sealed, place("grant", patient))))
    except Tampered:
        return None
