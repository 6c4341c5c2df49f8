"""A kept file read again: by a newer mapping or in another zone, or let in from quarantine.

Law: the kept bytes are the source; the store replaces what the artifact brought in one transaction, and
what was disclosed keeps its id (`data.md`, versions). Letting in what named somebody else needs a human's
reason, which is kept.
"""

from __future__ import annotations

from bridge.adapters import Decoded, decode
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.store.artifacts import Artifact, confirm, load, original
from bridge.store.blocks import Absorbed, reabsorb
from bridge.store.db import Database
from bridge.store.patients import Patient


def reread(
    db: Database, mappings: Mappings, patient: Patient, number: int, zones: ZoneHistory | None = None
) -> Absorbed:
    """Read a stored artifact again. KeyError where there is none, ValueError where it is not stored."""
    kept = load(db, patient.number, number)
    if kept.state != "stored":
        raise ValueError(f"artifact {number} is {kept.state}: only a stored one is read again")
    decoded = _decoded(db, mappings, patient, kept, zones)
    return reabsorb(db, patient.number, number, decoded.revision, decoded.readings)


def let_in(db: Database, mappings: Mappings, patient: Patient, number: int, reason: str) -> Absorbed:
    """Take a quarantined artifact as this patient's. ValueError where it is not quarantined."""
    if not reason.strip():
        raise ValueError("letting a file in needs a reason")
    kept = load(db, patient.number, number)
    decoded = _decoded(db, mappings, patient, kept, None)
    confirm(db, patient.number, number, reason)
    return reabsorb(db, patient.number, number, decoded.revision, decoded.readings)


def _decoded(
    db: Database, mappings: Mappings, patient: Patient, kept: Artifact, zones: ZoneHistory | None
) -> Decoded:
    data = original(db, patient.number, kept.number)
    return decode(data, mappings.formats[kept.format], zones or patient.zones, kept.received)
