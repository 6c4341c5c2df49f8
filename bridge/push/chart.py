"""Is it still the same person's chart? The receiver's Patient, read before a delivery.

Law (`safety.md`, whose chart is it): a link breaks when the record is absent, ambiguous, inactive, deceased or
replaced (`bridge.smart.record`), or when name, birth date, identifier or id are not what was shown when a human
confirmed it, or was written down by who did. The first look that shows the record of a link that was confirmed unseen
keeps its id, unless it is another person's. The bridge decides nothing about identity; it notices a difference and
stops. A receiver that never shows patients is delivered to on the human's word; one that used to show them and does not
is waited for. Reasons name nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import bridge.store.destinations as destinations
import bridge.store.links as links
from bridge.net.client import Outbound
from bridge.period import Instant
from bridge.push.answers import Reply
from bridge.push.reached import reached
from bridge.push.receiver import Receiver
from bridge.push.retry import Step
from bridge.smart.record import (
    Unfit,
    birth_date_of,
    identifiers,
    members,
    name_of,
    parsed,
    plain_name,
    text,
    unfit,
)
from bridge.store.db import Database
from bridge.store.links import Link, Shown


class Broken(StrEnum):
    """Why a link is broken."""

    ABSENT = "the receiver has no patient with this identifier"
    AMBIGUOUS = "the receiver has several patients with this identifier"
    INACTIVE = Unfit.INACTIVE.value
    DECEASED = Unfit.DECEASED.value
    REPLACED = Unfit.REPLACED.value
    REFERS = Unfit.REFERS.value
    OTHER_ID = "the receiver's record is another one than the confirmed one"
    OTHER_NAME = "the receiver's record has another name than the confirmed one"
    OTHER_BIRTH_DATE = "the receiver's record has another birth date than the confirmed one"
    ANOTHERS = "another person's link names the receiver's record: compare both"


ENGINE: Final = "an interface engine shows no patients"
PORTAL: Final = "a portal shows no patients"
OPEN: Final = "arrived,triaged,in-progress,onleave"
"""Statuses of an encounter that has begun and is not over (R4 8.11.4)."""


@dataclass(frozen=True, slots=True)
class NotShown:
    """The receiver shows no patients to us; `reply` tells why, and whether to ask again."""

    reply: Reply


async def look(receiver: Receiver, system: str, value: str, now: Instant) -> Shown | Broken | NotShown:
    """The record that the receiver has under this identifier."""
    body = await receiver.patients(system, value, now)
    if isinstance(body, Reply):
        return NotShown(body)
    bundle = parsed(body)
    if text(bundle, "resourceType") != "Bundle":
        return NotShown(Reply(Step.STOP, "the receiver does not answer a search with a Bundle"))
    found = [each for each in _patients(bundle) if (system, value) in identifiers(each)]
    if len(found) != 1:
        return Broken.AMBIGUOUS if found else Broken.ABSENT
    one, why = found[0], unfit(found[0])
    return Shown(text(one, "id"), name_of(one), birth_date_of(one)) if why is None else Broken(why.value)


async def is_in_encounter(receiver: Receiver, patient: str, now: Instant) -> bool | Reply:
    """Whether the receiver's patient has an encounter that is open there."""
    body = await receiver.search(f"Encounter?patient={patient}&status={OPEN}&_count=1", now)
    if isinstance(body, Reply):
        return body
    entries = members(parsed(body), "entry")
    resources = (entry.get("resource") for entry in entries)
    return any(isinstance(each, dict) and each.get("resourceType") == "Encounter" for each in resources)


async def shown(
    db: Database, net: Outbound, client: str, system: str, value: str, patient: int | None = None
) -> Shown | str:
    """For a human who is about to confirm a link: the record as the receiver shows it, or the sentence why
    there is none to see. ValueError where the client has no destination."""
    for each in destinations.listed(db, client):
        if each.kind == "hl7v2":
            return ENGINE
        if each.kind == "portal":
            return PORTAL
        found = await look(reached(db, net, each, patient, {}, db.clock), system, value, db.clock())
        if isinstance(found, Shown):
            return found
        return found.value if isinstance(found, Broken) else found.reply.problem
    raise ValueError("no destination is registered for this client")


def difference(link: Link, shown: Shown) -> Broken | None:
    """What is not as it was when the link was confirmed; None where everything is, or nothing was shown or written down
    that could differ."""
    before, is_seen = link.shown, bool(link.shown.id)
    if is_seen and before.id != shown.id:
        return Broken.OTHER_ID
    if (is_seen or before.name) and not _is_named(before.name, shown.name):
        return Broken.OTHER_NAME
    is_dated = is_seen or before.birth_date is not None
    return Broken.OTHER_BIRTH_DATE if is_dated and before.birth_date != shown.birth_date else None


def _is_named(written: str, shown: str) -> bool:
    """Whether it is the same name; who wrote it down may have put the family first, as the command asks for it."""
    family, comma, given = written.partition(",")
    spelled = (written, f"{given} {family}") if comma else (written,)
    return plain_name(shown) in map(plain_name, spelled)


async def recognised(db: Database, receiver: Receiver, link: Link, now: Instant) -> Shown | Broken | NotShown:
    """The record of a link, looked at now and found to be the confirmed one; the first look keeps what it showed."""
    shown = await look(receiver, link.system, link.value, now)
    if not isinstance(shown, Shown):
        return shown
    broken = difference(link, shown)
    if broken is not None:
        return broken
    try:
        links.keep_first(db, link.number, shown)
    except links.Anothers:
        return Broken.ANOTHERS
    return shown


def _patients(bundle: Mapping[str, object]) -> list[Mapping[str, object]]:
    resources = (entry.get("resource") for entry in members(bundle, "entry"))
    return [each for each in resources if isinstance(each, dict) and each.get("resourceType") == "Patient"]
