"""A kept file read again: by a newer mapping or in another zone, or let in from quarantine.

Law: the kept bytes are the source; the store replaces what the artifact brought in one transaction, and
what was disclosed keeps its id (`data.md`, versions). Letting in what named somebody else needs a human's
reason, which is kept. Both are collecting: they need the consent for the source, as an import does.
"""

from __future__ import annotations

from bridge.adapters import Decoded, decode
from bridge.consent.collecting import Signed, given, required
from bridge.ingest.kinds import held
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.store.artifacts import Artifact, confirm, load, original
from bridge.store.blocks import Absorbed, reabsorb
from bridge.store.db import Database
from bridge.store.patients import Patient


def reread(
    db: Database,
    mappings: Mappings,
    patient: Patient,
    number: int,
    zones: ZoneHistory | None = None,
    act: Signed | None = None,
) -> Absorbed:
    """Read a stored artifact again. KeyError where there is none, ValueError where it is not stored or where
    nothing may be collected; `act` as in `upload.take`."""
    kept = load(db, patient.number, number)
    if kept.state != "stored":
        raise ValueError(f"artifact {number} is {kept.state}: only a stored one is read again")
    decoded = _decoded(db, mappings, patient, kept, zones)
    required(db, patient.number, kept.source, held(decoded.readings), act)
    agree = given(db, patient.number, kept.source, act)
    return reabsorb(db, patient.number, number, decoded.revision, decoded.readings, agree=agree)


def let_in(
    db: Database, mappings: Mappings, patient: Patient, number: int, reason: str, act: Signed | None = None
) -> Absorbed:
    """Take a quarantined artifact as this patient's. ValueError where it is not quarantined, or where nothing
    may be collected; `act` as in `upload.take`."""
    if not reason.strip():
        raise ValueError("letting a file in needs a reason")
    kept = load(db, patient.number, number)
    if kept.state != "quarantined":
        raise ValueError(f"artifact {number} is {kept.state}, not quarantined")
    decoded = _decoded(db, mappings, patient, kept, None)
    required(db, patient.number, kept.source, held(decoded.readings), act)
    confirm(db, patient.number, number, reason)
    agree = given(db, patient.number, kept.source, act)
    return reabsorb(db, patient.number, number, decoded.revision, decoded.readings, agree=agree)


def _decoded(
    db: Database, mappings: Mappings, patient: Patient, kept: Artifact, zones: ZoneHistory | None
) -> Decoded:
    data = original(db, patient.number, kept.number)
    return decode(data, mappings.formats[kept.format], zones or patient.zones, kept.received)
