"""Disclosures for tests of the renderer: the columns that the gate would seal, made by hand.

The gate's own tests show that it makes such columns; tests/fhir/test_through_the_gate.py shows that what
it really makes is rendered. People are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.consent import disclosure as sealed
from bridge.consent.agreed import DisclosedConsent
from bridge.consent.asked import Grain, Kind, Way
from bridge.consent.disclosure import (
    NOTICE,
    Calibration,
    DisclosedDevice,
    DisclosedMetric,
    Disclosure,
    Group,
    Origin,
    Subject,
)  # fmt: skip
from bridge.consent.events import DisclosedEvent
from bridge.consent.grant import Authoriser, Identity, Wording
from bridge.consent.summed import PARTS, DisclosedSummary
from bridge.fhir.render import Renderer
from bridge.mapping import Mappings
from bridge.metrics.brief import brief
from bridge.metrics.trace import Trace
from bridge.period import DAY, END_OF_TIME, HOUR, MINUTE, Period, PeriodSet, ZoneHistory
from bridge.reading import Flag, SourceClass, Stream, Unit
from tests.shipped import mappings

PROJECT = Path(__file__).resolve().parents[2]
BASE = "https://bridge.example/fhir"
INSTALLATION = "0f8fad5b-d9cb-469f-a165-70867728950e"
SYSTEM = f"urn:uuid:{INSTALLATION}"
NOON = 1_772_359_200_000  # 2026-03-01T10:00:00Z

PATIENT = "11111111-2222-3333-4444-555555555555"
DEVICE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
METRIC = "aaaaaaaa-bbbb-cccc-dddd-ffffffffffff"


def renderer(using: Mappings | None = None) -> Renderer:
    """A renderer of an invented installation."""
    return Renderer(using or mappings(), BASE, INSTALLATION)


def subject(identity: Identity = Identity.FULL, name: str = "Åsa Öberg") -> Subject:
    """An invented person as the identity shows her."""
    is_named = identity in (Identity.FULL, Identity.VISIT)
    return Subject(
        id=PATIENT,
        identity=identity,
        name=name if is_named else None,
        birth_date=date(1984, 2, 29) if is_named else None,
        identifiers=(("urn:example:mrn", "P-7"),) if identity is Identity.FULL else (),
        zone="Europe/Stockholm",
        version="1",
        last_updated=NOON,
    )


def device(**changes: Any) -> DisclosedDevice:
    """An invented sensor."""
    return replace(DisclosedDevice(DEVICE, "Dexcom", "G6", "transmitter", None, "1", NOON), **changes)


ORIGIN = Origin(route="Dexcom Clarity export", revision="0a1b2c3d")
OWN_ORIGIN = Origin(
    route="Dexcom Clarity export",
    revision="0a1b2c3d",
    received=NOON,
    artifact="99999999-8888-7777-6666-555555555555",
    sha256="ab" * 32,
    file='Åsa "export".csv',
    source="clarity",
)


def ids(count: int, first: int = 0) -> NDArray[np.uint8]:
    """Raw ids that differ."""
    raw = np.zeros((count, 16), np.uint8)
    raw[:, 8:] = np.arange(first, first + count, dtype=">u8").view(np.uint8).reshape(count, 8)
    raw[:, 0] = 0xC0
    return raw


def group(
    size: int = 3,
    /,
    *,
    stream: Stream = Stream.GLUCOSE,
    unit: Unit = Unit.MG_DL,
    scale: int = 0,
    grain: Grain = Grain.RAW,
    at: NDArray[np.int32] | None = None,
    device: str | None = DEVICE,
    provenance: bool = False,
    origin: Origin = ORIGIN,
    rows: bool = False,
    first: int = 0,
    format: str = "dexcom-clarity",
    source_class: SourceClass = SourceClass.MAKER,
    version: NDArray[np.integer] | None = None,
    last_updated: NDArray[np.int64] | None = None,
    columns: Mapping[str, NDArray[np.generic]] = {},
    device_kind: str = "",
) -> Group:
    """Readings five minutes apart from noon in Stockholm; columns can be given."""
    said: dict[str, NDArray[np.generic]] = {
        "instant": NOON + 300_000 * np.arange(size, dtype=np.int64),
        "value": np.arange(100, 100 + size, dtype=np.int64),
        "flags": np.zeros(size, np.uint16),
        "offset": np.full(size, 60, np.int16),
    }
    return Group(
        format=format,
        stream=stream,
        unit=unit,
        scale=scale,
        grain=grain,
        source_class=source_class,
        device=device,
        at=np.arange(size, dtype=np.int32) if at is None else at,
        ids=ids(size, first),
        provenance=ids(size, first + 1_000_000) if provenance else None,
        columns={**said, **columns},
        version=np.zeros(size, np.uint8) if version is None else version,
        last_updated=np.full(size, NOON, np.int64) if last_updated is None else last_updated,
        origins=(origin,),
        origin=np.zeros(size, np.int32),
        rows=np.arange(2, 2 + size, dtype=np.int32) if rows else None,
        device_kind=device_kind,
    )


def metric(**changes: Any) -> DisclosedMetric:
    """An invented sensor with two calibrations."""
    told = (Calibration("calibrated", NOON), Calibration("unspecified", None))
    return replace(
        DisclosedMetric(METRIC, DEVICE, "transmitter", Unit.MG_DL, told, "0123456789ab", NOON), **changes
    )


def chunks(first: int = 0, at: int = 0) -> Group:
    """Three chunks of a day: one closed with a sample below range and a gap, one open, one without any data."""
    samples = np.empty(3, object)
    values = np.array([104, 40, 0, 107], np.int64)
    marks = np.array([0, Flag.LOW, Flag.NO_VALUE, 0], np.int64)
    nothing = np.zeros(1, np.int64), np.full(1, int(Flag.NO_VALUE), np.int64)
    for place, each in enumerate(((values, marks), (values[:1], marks[:1]), nothing)):
        samples[place] = each
    starts = np.array([NOON - DAY, NOON, NOON + 1], np.int64)
    return group(
        3,
        at=np.arange(at, at + 3, dtype=np.int32),
        first=first,
        version=starts + HOUR - 1,
        last_updated=starts + HOUR,
        provenance=True,
        columns={
            "instant": starts,
            "end": starts + HOUR // 3,
            "flags": np.array([0, 0, Flag.NO_VALUE], np.uint16),
            "offset": np.full(3, 60, np.int16),
            "period": np.full(3, 300_000, np.int64),
            "lower": np.array([40, -1, -1], np.int64),
            "upper": np.full(3, -1, np.int64),
            "open": np.array([0, 1, 1], np.uint8),
            "amended": np.zeros(3, np.uint8),
            "samples": samples,
        },
    )


def consent(**changes: Any) -> DisclosedConsent:
    """An invented grant of two stretches of glucose, carbs and serials, as its clinic reads it."""
    stretch = PeriodSet.of(Period(NOON - 14 * DAY, NOON), Period(NOON + DAY, END_OF_TIME))
    return replace(
        DisclosedConsent(
            id="c0c0c0c0-0000-4000-8000-000000000001",
            version="1.2",
            last_updated=NOON,
            status="active",
            signed=NOON - DAY,
            by=Authoriser("Åsa Öberg"),
            organization="Klinik",
            client="",
            name="Klinik Nord",
            purpose="TREAT",
            begins=NOON - DAY,
            ends=NOON + 30 * DAY,
            periods=stretch,
            kinds=frozenset({Kind.GLUCOSE, Kind.CARBS, Kind.SERIALS}),
            grain=Grain.RAW,
            ways=frozenset(Way),
            has_every_source=False,
            wording=Wording("sharing", "1", "sv", "ab" * 32),
        ),
        **changes,
    )


def whole_consent() -> DisclosedConsent:
    """The same without any limit but two times."""
    return consent(
        id="c0c0c0c0-0000-4000-8000-000000000002",
        kinds=frozenset(Kind),
        periods=PeriodSet.of(Period(NOON - 14 * DAY, NOON)),
        has_every_source=True,
    )


def events() -> tuple[DisclosedEvent, ...]:
    """Rows of a ledger, one of each sort."""
    who = {"client": "ehr", "organization": "Klinik", "recipient": "Klinik Nord", "purpose": "TREAT"}
    left = {
        **who, "basis": "authorisation", "way": "look", "channel": "query", "token": "0011223344556677",
        "asked": f"Observation?patient={PATIENT}", "kinds": ("glucose",), "grains": ("raw",), "items": 288,
        "first": NOON - DAY, "last": NOON - 1, "consents": ((consent().id, 1),),
    }  # fmt: skip
    rows: tuple[tuple[str, dict[str, Any]], ...] = (
        ("grant", {**who, "said": "sign", "consents": ((consent().id, 1),)}),
        ("query", left),
        ("intent", left),
        ("intent", {**left, "way": "file", "channel": "push", "outcome": "failed"}),
        ("intent", {**left, "way": "file", "channel": "push", "outcome": "blocked"}),
        (
            "intent",
            {"client": "operator", "person": "Dr. Berg", "channel": "command line", "purpose": "PATADMIN"},
        ),
        ("empty", {"client": "ehr", "said": "3 answers within the hour held nothing"}),
        ("grant", {**who, "said": "revoke", "consents": ((consent().id, 1),)}),
        ("collecting", {"said": "sign", "person": "Åsa Öberg"}),
        (
            "authorisation",
            {
                **who,
                "said": "authorised",
                "asked": "patient/*.rs",
                "given": "patient/Observation.rs",
                "person": "Åsa Öberg",
                "consents": ((consent().id, 1),),
            },
        ),
        (
            "authorisation",
            {**who, "said": "declined", "asked": "patient/Observation.rs", "person": "Åsa Öberg"},
        ),
        ("act", {"said": "patient show", "person": "Dr. Berg", "basis": "written request"}),
    )
    return tuple(
        DisclosedEvent(f"e0e0e0e0-0000-4000-8000-{place:012x}", kind, NOON + place, NOON + place, **said)
        for place, (kind, said) in enumerate(rows)
    )


def summary(**changes: Any) -> DisclosedSummary:
    """A fortnight of readings every five minutes, from 60 up to 259 and down again, all figures of it."""
    period = ZoneHistory.always("Europe/Berlin").days(date(2026, 1, 1), date(2026, 1, 14))
    at = np.arange(period.start, period.end, 5 * MINUTE, dtype=np.int64)
    values = 60 + np.abs(np.arange(len(at)) % 400 - 200)
    flags, offsets = np.zeros(len(at), np.uint16), np.full(len(at), 60, np.int16)
    flags[:3] = Flag.HIGH
    trace = Trace("1", Unit.MG_DL, 0, at, values, flags, offsets, at)
    said: dict[str, Any] = {
        "period": period,
        "days": (date(2026, 1, 1), date(2026, 1, 14)),
        "offsets": (60, 60),
        "figures": brief([trace], period, ZoneHistory.always("Europe/Berlin"), period.end),
        "unit": Unit.MG_DL,
        "classes": (SourceClass.MAKER,),
        "ids": tuple((part, f"5a5a5a5a-0000-4000-8000-{at:012x}") for at, part in enumerate(PARTS)),
        "gone": frozenset(),
        "version": "1",
        "is_amended": False,
        "last_updated": NOON,
    }
    said |= changes
    return DisclosedSummary(**{"members": said["ids"], **said})


def disclose(*groups: Group, **changes: object) -> Disclosure:
    """A sealed disclosure of these groups."""
    seal = sealed._claimed[0] if sealed._claimed else sealed.claim()
    count = sum(len(each.at) for each in groups)
    said = {
        "owner": False,
        "subject": subject(),
        "groups": groups,
        "devices": (),
        "metrics": (),
        "count": count,
        "total": None,
        "more": None,
        "last_updated": NOON if count else None,
        "notice": NOTICE,
        "entry": 1 if count else None,
        "retraction": None,
        "patient": 1,
        "consents": (),
        "events": (),
        "summaries": (),
        "received": (),
        "decided": (1, END_OF_TIME),
    }
    return Disclosure(seal, **{**said, **changes})
