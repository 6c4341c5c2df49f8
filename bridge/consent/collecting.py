"""Collecting: what a person lets the bridge take in and keep, source by source.

Law (`consent.md`, two consents): collecting and sharing are separate records. Without a collecting consent in
force for (patient, source) nothing is imported; the newest step of a source counts, so withdrawing closes it
until it is given anew. In a family the owner's own import is the act, recorded once with the words shown; in
a clinic it is on record before. What is refused or waits in quarantine records none. It opens nothing to
anybody: what leaves is decided by grants alone. An import that is under way when it is withdrawn is like one
that came just before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, cast, final

import bridge.store.artifacts as artifacts
import bridge.store.collecting as kept
from bridge.consent.asked import Kind
from bridge.consent.grant import Authoriser, NotPossible, Wording
from bridge.consent.words import COLLECTING
from bridge.period import DAY, Instant, iso
from bridge.store.artifacts import Artifact
from bridge.store.custody import Rule
from bridge.store.db import Database
from bridge.store.entries import seal
from bridge.store.grants import spell
from bridge.store.keys import Box, Erased, Tampered, place
from bridge.store.patients import Patient

_ERASED: Final = "erased"
_TRIES: Final = 20


class Step(StrEnum):
    """What can happen to the collecting from a source."""

    GIVE = "give"
    WITHDRAW = "withdraw"


class NotCollected(ValueError):
    """Nothing may be taken from a source; the sentence says why, and what would mend it."""


@final
@dataclass(frozen=True, slots=True)
class Signed:
    """What is agreed to, and by whom. `keep_days`: how long, None until it is removed; `ends`: when nothing more is
    taken, None when it is withdrawn; `by`, `reason`: the operator who recorded it; `custody`: by which rule the source
    keeps what it brings as its own record too, None where it does not (`intake.py`)."""

    giver: Authoriser
    kinds: frozenset[Kind] = frozenset(Kind)
    purpose: str = "PATRQT"
    keep_days: int | None = None
    wording: Wording = COLLECTING.wording
    by: str = ""
    reason: str = ""
    ends: Instant | None = None
    custody: Rule | None = None


@final
@dataclass(frozen=True, slots=True)
class Collecting:
    """A consent as it stands. `source` and `signed.giver` say "erased" where the patient's key is gone."""

    number: int
    patient: int
    source: str
    signed: Signed
    at: Instant
    withdrawn: Instant | None = None


def own_act(person: Patient) -> Signed:
    """The owner's own import, as the act that it is."""
    return Signed(Authoriser(person.name, "owner"))


def give(db: Database, patient: int, source: str, signed: Signed) -> Collecting:
    """Record a consent; it takes the place of an earlier one for the same source."""
    body = {
        "kinds": sorted(signed.kinds),
        "purpose": signed.purpose,
        "keep_days": signed.keep_days,
        **({} if signed.ends is None else {"ends": signed.ends}),
        **({} if signed.custody is None else {"custody": [signed.custody.law, signed.custody.years]}),
        "wording": [
            signed.wording.id,
            signed.wording.version,
            signed.wording.locale,
            signed.wording.sha256,
        ],
    }
    who = signed.giver
    texts = [source, who.name, who.role, who.evidence, signed.by, signed.reason]
    number, at = _appended(db, patient, Step.GIVE, body, texts, signed.by or who.name)
    return Collecting(number, patient, source, signed, at)


def withdraw(db: Database, patient: int, source: str, by: str = "", reason: str = "") -> Collecting:
    """Take nothing more from a source, from now on. NotPossible where nothing is collected from it."""
    found = newest(db, patient, source)
    if found is None or found.withdrawn is not None:
        raise NotPossible(f"nothing is collected from {source!r}: there is nothing to withdraw")
    texts = [source, "", "", "", by, reason]
    _, at = _appended(db, patient, Step.WITHDRAW, {"of": found.number}, texts, by or found.signed.giver.name)
    return replace(found, withdrawn=at)


def listed(db: Database, patient: int) -> tuple[Collecting, ...]:
    """Every consent of the patient, oldest first."""
    box, found = _box(db, patient), dict[int, Collecting]()
    for row in kept.listed(db, patient):
        body = json.loads(row.body)
        if row.step == Step.WITHDRAW:
            found[body["of"]] = replace(found[body["of"]], withdrawn=row.at)
            continue
        source, name, role, evidence, by, reason = _open(box, patient, row.sealed)
        signed = Signed(
            Authoriser(name, role, evidence),
            frozenset(map(Kind, body["kinds"])),
            body["purpose"],
            body["keep_days"],
            Wording(*body["wording"]),
            by,
            reason,
            body.get("ends"),
            Rule(*body["custody"]) if "custody" in body else None,
        )
        found[row.consent] = Collecting(row.consent, patient, source, signed, row.at)
    return tuple(found.values())


def newest(db: Database, patient: int, source: str) -> Collecting | None:
    """The consent that counts for a source, withdrawn or not; None where there never was one."""
    return next((each for each in reversed(listed(db, patient)) if each.source == source), None)


def overdue(db: Database, patient: int, now: Instant) -> tuple[Artifact, ...]:
    """Uploads that are here for longer than their consent says: a human removes them, because removing also
    takes back what had left."""
    days = {each.source: each.signed.keep_days for each in listed(db, patient)}
    ends = (
        (each, days.get(each.source)) for each in artifacts.listed(db, patient) if each.state != "removed"
    )
    return tuple(each for each, kept in ends if kept is not None and each.received + kept * DAY <= now)


def required(
    db: Database, patient: int, source: str, kinds: frozenset[Kind], act: Signed | None = None
) -> Collecting | None:
    """The consent under which `kinds` may be taken from a source. None: none was ever given, and `act` is it; it is
    recorded with what it lets in (`given`) and never opens what was withdrawn. NotCollected."""
    found = newest(db, patient, source)
    add = f"see `cgm-bridge collect add --source {source}`"
    signed = act if found is None else found.signed
    if signed is None:
        raise NotCollected(f"no consent to collect from {source!r} is on record, so nothing was taken: {add}")
    if found is not None and found.withdrawn is not None:
        when = iso(found.withdrawn)
        raise NotCollected(
            f"the consent to collect from {source!r} was withdrawn on {when}, so nothing was taken: {add}"
        )
    if signed.ends is not None and signed.ends <= db.clock():
        raise NotCollected(
            f"the consent to collect from {source!r} ended on {iso(signed.ends)}, so nothing was taken: {add}"
        )
    if missing := kinds - signed.kinds:
        raise NotCollected(
            f"the consent to collect from {source!r} does not name {', '.join(sorted(missing))}, which is in "
            f"this file, so nothing was taken: {add}"
        )
    return found


def given(db: Database, patient: int, source: str, act: Signed | None) -> Callable[[], None]:
    """What is to be done in the act of taking in: where none was ever given, `act` is recorded."""

    def record() -> None:
        if act is not None and newest(db, patient, source) is None:
            give(db, patient, source, act)

    return record


# ------------------------------------------------------------------------------------- as stored bytes


def _appended(
    db: Database, patient: int, step: Step, body: Mapping[str, object], texts: Sequence[str], who: str
) -> tuple[int, Instant]:
    box, at = db.keys.box(patient), db.clock()
    words = seal(box, patient, who, f"{step} collecting from {texts[0]}")
    sealed = box.seal(spell(texts), place("collecting", patient))
    for _ in range(_TRIES):
        number = max((row.consent for row in kept.listed(db, patient)), default=0) + 1
        if kept.append(db, patient, kept.StepRow(number, step, at, spell(body), sealed), words):
            return number, at
    raise NotPossible("the consents of this patient kept changing: try again")


def _box(db: Database, patient: int) -> Box | None:
    try:
        return db.keys.box(patient)
    except Erased:
        return None


def _open(box: Box | None, patient: int, sealed: bytes) -> list[str]:
    try:
        if box is not None:
            return cast("list[str]", json.loads(box.open(sealed, place("collecting", patient))))
    except Tampered:
        return [_ERASED] * 6
    return [_ERASED] * 6
