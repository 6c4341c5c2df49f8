"""A grant as bytes at rest, and back.

Law: what counts is in clear, because it is decided on without a key; who signed and why rest under the patient's
key (`data.md`, keys), so an erased person's grants still say what they opened and no longer by whom.
"""

from __future__ import annotations

import json
from typing import Final, cast

import bridge.store.grants as kept
from bridge.consent.asked import Grain, Kind, Way
from bridge.consent.grant import Authoriser, Block, Event, Grant, Identity, Recipient, Step, Wording
from bridge.period import Period, PeriodSet
from bridge.store.db import Database
from bridge.store.keys import Box, Erased, Tampered, place

_ERASED: Final = "erased"


def row_of(db: Database, grant: Grant) -> kept.GrantRow:
    """The grant as it rests."""
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


def event_row(db: Database, grant: Grant, event: Event) -> kept.EventRow:
    """A step of it as it rests."""
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


def grant_of(row: kept.GrantRow, box: Box | None) -> Grant:
    """The grant again; without a key who signed is not told."""
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


def event_of(row: kept.EventRow, patient: int, box: Box | None) -> Event:
    """The step again."""
    by, reason = _open(box, patient, row.sealed) or [_ERASED, _ERASED]
    return Event(Step(row.step), row.at, row.until, by, reason)


def box_of(db: Database, patient: int) -> Box | None:
    """The patient's key; None where it is gone."""
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
