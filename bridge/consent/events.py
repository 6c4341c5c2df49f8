"""The ledger as its owner reads it in FHIR: what an AuditEvent is made of.

Law (`consent.md`, the ledger): for the owner's permit alone; a recipient learns nothing of it, not even that there
is one (`smart-consent.md`, L43). One event for each row but outcomes, which are told with what they came of; a row of
an answered query gives one for the query as well. It says what the row says and counts nothing anew; the id of a
token stands here, never a token.

Rejected: keeping AuditEvents (the chain of the ledger proves its rows, and nothing would prove a copy).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, final

from bridge.consent import grants
from bridge.consent.agreed import name_of
from bridge.consent.asked import Asked
from bridge.consent.grant import Recipient
from bridge.period import END_OF_TIME, Instant
from bridge.store.db import Database
from bridge.store.entries import Row
from bridge.store.ids import Name
from bridge.store.ledger import listed
from bridge.store.patients import Patient

KINDS: Final = frozenset({"intent", "empty", "grant", "collecting", "act", "authorisation"})
QUERY: Final = "query"
"""The kind of an event that says what was asked, beside the intent that says what left."""


@final
@dataclass(frozen=True, slots=True)
class DisclosedEvent:
    """One row of the ledger. `kind`: intent, query, empty, grant, collecting, act, authorisation; `at`: when, of
    `empty` the start of its hour; `updated`: when its outcome was known. `recipient`: name, or organisation.
    `asked`, of an answer: the scopes, and `given` those that were given of them; of a query what was asked for.
    `consents`: (id, version) of the grants. `outcome` '' where none is known (counts as sent); `said`: the step, act,
    basis or count in words."""

    id: str
    kind: str
    at: Instant
    updated: Instant
    client: str = ""
    organization: str = ""
    recipient: str = ""
    contact: str = ""
    person: str = ""
    purpose: str = ""
    basis: str = ""
    way: str = ""
    channel: str = ""
    asked: str = ""
    given: str = ""
    kinds: tuple[str, ...] = ()
    grains: tuple[str, ...] = ()
    items: int = 0
    first: Instant | None = None
    last: Instant | None = None
    token: str = ""
    consents: tuple[tuple[str, int], ...] = ()
    retracts: bool = False
    outcome: str = ""
    said: str = ""


@dataclass(slots=True)
class _Known:
    """What rows refer to."""

    db: Database
    patient: int
    recipients: Mapping[str, Recipient]
    outcomes: dict[int, Row] = field(default_factory=dict)


def events(db: Database, person: Patient, asked: Asked) -> tuple[DisclosedEvent, ...]:
    """The rows of the wish, oldest first."""
    rows, number = listed(db, person.number), person.number
    signed = {each.grant.id: each.grant.recipient for each in grants.listed(db, number, with_names=False)}
    known = _Known(db, number, signed)
    for row in rows:
        of = row.fields.get("entry")
        if row.kind == "outcome" and isinstance(of, int):
            known.outcomes[of] = row
    told = (row for row in rows if row.kind in KINDS and _is_when(row.at, asked))
    found = (each for row in told for each in _events(known, row))
    return tuple(each for each in found if asked.ids is None or each.id in asked.ids)


def _events(known: _Known, row: Row) -> Iterator[DisclosedEvent]:
    made = _event(known, row)
    if row.kind == "intent" and made.channel == QUERY:
        name = Name(known.patient, 0, row.entry, 1)
        yield replace(made, id=known.db.ids.one("AuditEvent", name), kind=QUERY, updated=row.at)
    yield made


def _is_when(at: Instant, asked: Asked) -> bool:
    return at < END_OF_TIME and all(at in test.instants() for test in asked.dates)


def _event(known: _Known, row: Row) -> DisclosedEvent:
    fields, outcome = row.fields, known.outcomes.get(row.entry)
    party = _party(known, row)
    return DisclosedEvent(
        id=known.db.ids.one("AuditEvent", Name(known.patient, 0, row.entry, 0)),
        kind=row.kind,
        at=row.at,
        updated=row.at if outcome is None else max(row.at, outcome.at),
        client=party.get("client", ""),
        organization=party.get("organization", ""),
        recipient=party.get("name", ""),
        contact=party.get("contact", ""),
        **{
            name: _text(fields, name)
            for name in ("person", "purpose", "basis", "way", "channel", "asked", "given", "token")
        },
        kinds=_texts(fields.get("kinds")),
        grains=_texts(fields.get("grains")),
        items=_items(fields, outcome),
        first=_number(fields.get("first")),
        last=_number(fields.get("last")),
        consents=tuple(_consents(known, fields)),
        retracts=fields.get("retracts") is True,
        outcome="" if outcome is None else _text(outcome.fields, "outcome"),
        said=_said(row),
    )


def _items(fields: Mapping[str, object], outcome: Row | None) -> int:
    """How many things left; as many as were meant to, where nobody knows."""
    sent = None if outcome is None else _number(outcome.fields.get("sent"))
    return (_number(fields.get("items")) or 0) if sent is None else sent


def _party(known: _Known, row: Row) -> dict[str, str]:
    """Who received; of a step of a grant, for whom it is."""
    party = row.fields.get("party")
    if isinstance(party, dict):
        return {str(name): str(value) for name, value in party.items()}
    to = known.recipients.get(_text(row.fields, "grant"))
    if to is None:
        return {name: _text(row.fields, name) for name in ("client", "organization")}
    client = next(iter(sorted(to.clients)), "")
    return {"client": client, "organization": to.organization, "name": to.name, "contact": to.contact}


def _consents(known: _Known, fields: Mapping[str, object]) -> list[tuple[str, int]]:
    under = fields.get("grants")
    pairs = [(str(name), int(version)) for name, version in under] if isinstance(under, list) else []
    if named := _text(fields, "grant"):
        pairs.append((named, _number(fields.get("version")) or 1))
    ids, patient = known.db.ids, known.patient
    return [(ids.one("Consent", name_of(patient, name)), version) for name, version in pairs]


def _said(row: Row) -> str:
    count = _number(row.fields.get("count"))
    if count is not None:
        return f"{count} answers within the hour held nothing"
    return _text(row.fields, "step") or _text(row.fields, "act")


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
