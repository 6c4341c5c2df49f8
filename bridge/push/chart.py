"""Is it still the same person's chart? The receiver's Patient, read before a delivery.

Law (`safety.md`, whose chart is it): a link breaks when the record is absent, ambiguous, inactive,
deceased or replaced (FHIR R4 8.1: active, deceased[x], link.type replaced-by), or when name, birth date,
identifier or id are not what was shown when a human confirmed it. The bridge decides nothing about
identity; it notices a difference and stops. A receiver that never shows patients is delivered to on the
human's word; one that used to show them and does not is waited for. Reasons name nobody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import bridge.store.destinations as destinations
from bridge.net.client import Outbound
from bridge.net.message import NetFault
from bridge.period import Instant
from bridge.push.retry import Step
from bridge.push.sinks import OK, Reply, TransactionSink, lost, members, parsed, refused, text
from bridge.store.db import Database
from bridge.store.links import Link, Shown

NAMES: Final = ("official", "usual", "")
"""Which of several names counts: the first use that there is (FHIR R4 2.24.0.13)."""


class Broken(StrEnum):
    """Why a link is broken."""

    ABSENT = "the receiver has no patient with this identifier"
    AMBIGUOUS = "the receiver has several patients with this identifier"
    INACTIVE = "the receiver's record is inactive"
    DECEASED = "the receiver's record says that the person died"
    REPLACED = "the receiver's record was replaced by another"
    OTHER_ID = "the receiver's record is another one than the confirmed one"
    OTHER_NAME = "the receiver's record has another name than the confirmed one"
    OTHER_BIRTH_DATE = "the receiver's record has another birth date than the confirmed one"


@dataclass(frozen=True, slots=True)
class NotShown:
    """The receiver shows no patients to us; `reply` tells why, and whether to ask again."""

    reply: Reply


async def look(sink: TransactionSink, system: str, value: str, now: Instant) -> Shown | Broken | NotShown:
    """The record that the receiver has under this identifier."""
    answer = await sink.patients(system, value)
    if isinstance(answer, NetFault):
        return NotShown(lost(answer))
    if answer.status != OK:
        return NotShown(refused(answer, now))
    bundle = parsed(answer.body)
    if text(bundle, "resourceType") != "Bundle":
        return NotShown(Reply(Step.STOP, "the receiver does not answer a search with a Bundle"))
    found = [each for each in _patients(bundle) if (system, value) in _identifiers(each)]
    if len(found) != 1:
        return Broken.AMBIGUOUS if found else Broken.ABSENT
    return _standing(found[0]) or _shown(found[0])


async def shown(
    db: Database, net: Outbound, client: str, system: str, value: str, patient: int | None = None
) -> Shown | str:
    """For a human who is about to confirm a link: the record as the receiver shows it, or the sentence why
    there is none to see. ValueError where the client has no destination."""
    for each in destinations.listed(db, client):
        sink = TransactionSink(net, each.url, destinations.secret(db, each.number), patient)
        found = await look(sink, system, value, db.clock())
        if isinstance(found, Shown):
            return found
        return found.value if isinstance(found, Broken) else found.reply.problem
    raise ValueError("no destination is registered for this client")


def difference(link: Link, shown: Shown) -> Broken | None:
    """What is not as it was when the link was confirmed; None where everything is, or nothing was shown."""
    before = link.shown
    if not before.id:
        return None
    if before.id != shown.id:
        return Broken.OTHER_ID
    if _plain(before.name) != _plain(shown.name):
        return Broken.OTHER_NAME
    return Broken.OTHER_BIRTH_DATE if before.birth_date != shown.birth_date else None


def _patients(bundle: Mapping[str, object]) -> list[Mapping[str, object]]:
    resources = (entry.get("resource") for entry in members(bundle, "entry"))
    return [each for each in resources if isinstance(each, dict) and each.get("resourceType") == "Patient"]


def _identifiers(patient: Mapping[str, object]) -> set[tuple[str, str]]:
    return {(text(each, "system"), text(each, "value")) for each in members(patient, "identifier")}


def _standing(patient: Mapping[str, object]) -> Broken | None:
    if patient.get("active") is False:
        return Broken.INACTIVE
    if patient.get("deceasedBoolean") is True or text(patient, "deceasedDateTime"):
        return Broken.DECEASED
    if any(text(each, "type") == "replaced-by" for each in members(patient, "link")):
        return Broken.REPLACED
    return None


def _shown(patient: Mapping[str, object]) -> Shown:
    return Shown(text(patient, "id"), _name(patient), _day(text(patient, "birthDate")))


def _name(patient: Mapping[str, object]) -> str:
    names = {text(each, "use"): each for each in reversed(members(patient, "name"))}
    chosen = next((names[use] for use in NAMES if use in names), next(iter(names.values()), {}))
    given = chosen.get("given")
    parts = [str(part) for part in given] if isinstance(given, list) else []
    return " ".join([*parts, text(chosen, "family")]).strip() or text(chosen, "text")


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
