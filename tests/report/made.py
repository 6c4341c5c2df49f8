"""Invented people with a sensor and a pump, and what the gate gives their owner for a report."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import bridge.store.blocks
import bridge.store.patients
from bridge.consent.asked import Asked, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.documents import READINGS
from bridge.consent.gate import Gate
from bridge.consent.permit import OwnerPermit
from bridge.consent.reporting import Reporting
from bridge.period import DAY, HOUR, MINUTE, Period, ZoneHistory
from bridge.reading import Device, Flag, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.artifacts import NewArtifact
from bridge.store.db import Database

END = 1_789_941_600_000  # 2026-09-21T00:00+02:00
NOW = END + 10 * HOUR
BERLIN = ZoneHistory.always("Europe/Berlin")


def sensor(days: float, unit: Unit = Unit.MG_DL, **columns: Any) -> Readings:
    """Glucose that rises and falls with the day, a reading each five minutes."""
    at = np.arange(END - round(days * DAY), END, 5 * MINUTE)
    values = 130 + 60 * np.sin((at % DAY) / DAY * 4 * np.pi)
    shown = (
        np.round(values).astype(np.int64) if unit is Unit.MG_DL else np.round(values / 1.8).astype(np.int64)
    )
    told = {"instant": at, "value": shown, "row": np.arange(2, len(at) + 2, dtype=np.int32), **columns}
    key = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "8G1", unit, 0 if unit is Unit.MG_DL else 1)
    return Readings(key, told, Device("Dexcom", "G6", "8G1", kind="transmitter"), SourceClass.MAKER)


def doses(days: int, family: str, serial: str, unit: Unit = Unit.UNITS) -> Readings:
    """A bolus of six units every six hours, and of basal one unit an hour."""
    is_basal = unit is Unit.UNITS_PER_HOUR
    at = np.arange(END - days * DAY, END, HOUR if is_basal else 6 * HOUR)
    told: dict[str, Any] = {
        "instant": at,
        "value": np.full(len(at), 10 if is_basal else 60),
        "row": np.arange(2, len(at) + 2, dtype=np.int32),
    }
    if is_basal:
        told["end"] = at + HOUR
    key = SeriesKey(Stream.BASAL if is_basal else Stream.BOLUS, family, serial, unit, 1)
    return Readings(key, told, Device("Medtronic", "780G", serial, kind="pump"), SourceClass.MAKER)


def off_scale(days: float) -> Readings:
    """The sensor with its first three readings LOW and the next two HIGH."""
    count = round(days * 288)
    flags = np.zeros(count, np.uint16)
    flags[:3], flags[3:5] = int(Flag.LOW), int(Flag.HIGH)
    return sensor(days, flags=flags)


def seen(home: Path, *batches: Readings, name: str = "Ada Lovelace", days: float = 14) -> Disclosure:
    """What the owner's report of the last days is made of."""
    db = Database.open(home, b"k" * 32, lambda: NOW)
    person = bridge.store.patients.add(db, name, date(1980, 1, 2), "Europe/Berlin", ())
    for number, batch in enumerate(batches):
        content = f"upload {number}".encode()
        new = NewArtifact(
            batch.key.family, hashlib.sha256(content).hexdigest(), batch.key.family, "0123abcd", "x.csv",
            len(content), b"{}", content,
        )  # fmt: skip
        bridge.store.blocks.absorb(db, person, new, [batch])
    period = Period(END - round(days * DAY), END)
    wish = Asked(
        person, Way.LOOK, "report", "report", selectors=READINGS,
        reporting=Reporting(period, documents="DiagnosticReport"),
        patient_resource=True, device_resources=True,
    )  # fmt: skip
    found = Gate(db, lambda: NOW, lambda _: 0).disclose_now(OwnerPermit(person), wish)
    db.close()
    return found
