"""One uploaded file of one patient: recognised, decoded, compared with the person, kept or set aside.

Law: an upload is all or nothing and repeatable: the store takes the whole artifact in one transaction,
the same bytes again change nothing. A file that names another person or another patient's device rests
in quarantine, in no series (`safety.md`, whose data is it). What was refused leaves no trace. Nothing is taken
in without a collecting consent for its source (`collecting.py`): on record before, or given by this very act and
recorded with it. Where the import would be that act, what is refused or set aside leaves none behind: another
person's file is nobody's consent, and letting it in is an act of its own.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.adapters import Account, DateOrder, Decoded, Unreadable, decode, recognise
from bridge.consent.collecting import Collecting, Signed, given, newest, required
from bridge.ingest.kinds import held
from bridge.ingest.person import contradiction
from bridge.mapping import Mappings
from bridge.period import Instant, Period, ZoneHistory
from bridge.reading import Readings, Stream
from bridge.store.artifacts import Artifact, by_hash, device_blind, overlapping, quarantine
from bridge.store.blocks import Counts, NewArtifact, absorb
from bridge.store.columns import TooMany
from bridge.store.db import Database
from bridge.store.patients import Patient


@dataclass(frozen=True, slots=True)
class Imported:
    """The truthful account of one file. `state` is stored or quarantined; `reason` says why the latter.
    `consent`: under which it was taken, None where none was needed yet; `agreed`: whether that was given by this
    very act."""

    artifact: int
    state: str
    reason: str | None
    file: str
    source: str
    format: str
    sha256: str
    streams: dict[Stream, Counts]
    first: Instant | None
    last: Instant | None
    account: Account
    consent: Collecting | None
    agreed: bool


def take(
    db: Database,
    mappings: Mappings,
    patient: Patient,
    data: bytes,
    file: str,
    source: str | None = None,
    zones: ZoneHistory | None = None,
    date_order: DateOrder | None = None,
    act: Signed | None = None,
) -> Imported:
    """Keep one file for `patient`. `zones` overrides the patient's zone history; `date_order` (ymd, mdy,
    dmy) decides dates that nothing in the file decides. `act`: the consent that this import is where none
    was given for its source; None: one must be on record. Raises Unreadable with what was seen and what to
    do where the bytes cannot be read as any known format, NotCollected where nothing may be collected."""
    with _undisturbed():
        name = recognise(data, file, mappings)
        decoded = decode(
            data, mappings.formats[name], zones or patient.zones, db.clock(), date_order=date_order
        )
        new = packed(decoded, data, file, source or name)
        before = required(db, patient.number, new.source, held(decoded.readings), act)
        kept = _kept(db, patient, decoded, new, act)
        consent = before or newest(db, patient.number, new.source)
        return _imported(kept, decoded, new, consent, agreed=before is None and consent is not None)


@dataclass(frozen=True, slots=True)
class _Kept:
    artifact: int
    state: str
    reason: str | None
    streams: dict[Stream, Counts]


def _kept(db: Database, patient: Patient, decoded: Decoded, new: NewArtifact, act: Signed | None) -> _Kept:
    known = by_hash(db, patient.number, new.sha256)
    if known is not None:
        return _Kept(known.number, known.state, known.reason or None, _again(known, decoded))
    reason = doubt(db, patient, decoded)
    if reason is not None:
        return _Kept(quarantine(db, patient.number, new, reason), "quarantined", reason, {})
    try:
        done = absorb(db, patient.number, new, decoded.readings, given(db, patient.number, new.source, act))
    except TooMany as crowd:
        raise Unreadable(f"{crowd}: no sensor reports so much at once, nothing was kept") from crowd
    return _Kept(done.artifact, "stored", None, done.streams)


def _again(known: Artifact, decoded: Decoded) -> dict[Stream, Counts]:
    """The same bytes once more: every reading is a duplicate, unless the first ones wait in quarantine."""
    if known.state != "stored":
        return {}
    return {stream: Counts(count, 0, count, 0) for stream, count in decoded.account.read.items()}


def packed(decoded: Decoded, data: bytes, file: str, source: str) -> NewArtifact:
    """Kept bytes with the account of what was read of them."""
    told = decoded.account
    account = json.dumps(
        {
            "rows": told.rows,
            "read": told.read,
            "further": told.further,
            "ignored": told.ignored,
            "rejected": len(told.rejected),
        }
    )
    return NewArtifact(
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        format=decoded.format,
        revision=decoded.revision,
        file=file,
        size=len(data),
        account=account.encode(),
        original=data,
    )


def doubt(db: Database, patient: Patient, decoded: Decoded) -> str | None:
    """Why what was read may be another person's; None where nothing speaks against it."""
    reason = contradiction(decoded.person, patient.name, patient.birth_date, patient.identifiers)
    if reason is not None:
        return reason
    if overlapping(db, patient.number, tuple(_claims(db, decoded.readings))):
        return "a device in the file was worn by another patient at the same time"
    return None


def _claims(db: Database, batches: tuple[Readings, ...]) -> Iterator[tuple[bytes, Period]]:
    for batch in batches:
        blind = device_blind(db, batch.device)
        if blind is not None and len(batch):
            instants = batch.columns["instant"]
            yield blind, Period(int(instants[0]), int(instants[-1]) + 1)


def _imported(
    kept: _Kept, decoded: Decoded, new: NewArtifact, consent: Collecting | None, agreed: bool
) -> Imported:
    firsts = [int(batch.columns["instant"][0]) for batch in decoded.readings if len(batch)]
    lasts = [int(batch.columns["instant"][-1]) for batch in decoded.readings if len(batch)]
    return Imported(
        artifact=kept.artifact,
        state=kept.state,
        reason=kept.reason,
        file=new.file,
        source=new.source,
        format=decoded.format,
        sha256=new.sha256,
        streams=kept.streams,
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        account=decoded.account,
        consent=consent,
        agreed=agreed,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Cyclic garbage collection off: a file makes a million short-lived objects and no cycles."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
