"""A disclosure as records of Tidepool's data model, and the selectors that take them away again.

Law (`safety.md`, LOW and HIGH): what is out of range says so by Tidepool's annotation (`bg/out-of-range`), with a value
beyond the limit and the threshold in mg/dL, never as the bare limit; `<=` and `>=` become the next whole mg/dL. What
has no record that says the same (means, readings without an amount, other units) is not said: `is_sayable` tells which,
and whoever delivers says so. Source class and "patient-supplied" stand in every origin, whose id is our logical id, so
that a repetition takes the place of what is there. No free text. Pure: `render.py` seals the bytes.

Rejected: a JSON serialiser (what leaves is written out here, like all that leaves), `programmed` as a dose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.period import iso
from bridge.portal.table import amount, column, device_name, spelled
from bridge.reading import Flag, Stream, Unit
from bridge.reading.kinds import BasalKind, BolusKind

MG_DL_PER_MMOL_L: Final = 18.01559
"""Tidepool's factor (its `glucose.go`)."""
UNITS: Final[Mapping[Stream, frozenset[Unit]]] = {
    Stream.GLUCOSE: frozenset({Unit.MG_DL, Unit.MMOL_L}),
    Stream.CAPILLARY: frozenset({Unit.MG_DL, Unit.MMOL_L}),
    Stream.CALIBRATION: frozenset({Unit.MG_DL, Unit.MMOL_L}),
    Stream.KETONE: frozenset({Unit.MMOL_L}),
    Stream.BOLUS: frozenset({Unit.UNITS}),
    Stream.BASAL: frozenset({Unit.UNITS_PER_HOUR}),
    Stream.CARBS: frozenset({Unit.GRAMS}),
}
"""Units in which a record can be said."""
DELIVERIES: Final[Mapping[int, str]] = {
    BasalKind.SCHEDULED: "scheduled",
    BasalKind.TEMPORARY: "temp",
    BasalKind.AUTOMATED: "automated",
    BasalKind.SUSPENDED: "suspend",
}
ACTING: Final[Mapping[int, str]] = {BolusKind.RAPID: "rapid", BolusKind.LONG: "long"}
"""Doses that somebody wrote down, which no pump gave."""
NOT_SAID: Final = frozenset('"\\')


@dataclass(frozen=True, slots=True)
class Row:
    """One reading. `value`: in units of 10**-`scale`; `until`: ms UTC, 0 none."""

    at: int
    until: int
    value: int
    scale: int
    unit: Unit
    flags: int
    kind: int


def is_sayable(group: Group) -> NDArray[np.bool_]:
    """Which readings of a group have a record that says the same; bool[n]."""
    count = len(group.at)
    if (
        group.grain is not Grain.RAW
        or group.is_sampled
        or group.unit not in UNITS.get(group.stream, frozenset())
    ):
        return np.zeros(count, np.bool_)
    has: NDArray[np.bool_] = (column(group, "flags") & (Flag.NO_VALUE | Flag.RETRACTED)) == 0
    if group.stream is Stream.BASAL:
        kinds = column(group, "kind")
        has &= np.isin(kinds, list(DELIVERIES)) & (column(group, "end") > column(group, "instant"))
    if group.stream is Stream.KETONE:
        has &= (column(group, "flags") & (Flag.LOW | Flag.HIGH)) == 0
    return has


def records(disclosure: Disclosure, name: str) -> Iterator[str]:
    """Every reading that can be said, one JSON object each, in no order. `name`: of whoever sends it."""
    for group in disclosure.groups:
        said = SAID.get(group.stream)
        if said is None:
            continue
        ids, head = group.ids.tobytes().hex(), _head(disclosure, group, name)
        columns = (
            column(group, each).tolist() for each in ("instant", "end", "value", "flags", "kind", "offset")
        )
        rows = zip(is_sayable(group).tolist(), *columns, strict=True)
        for at, (is_said, instant, until, value, flags, kind, offset) in enumerate(rows):
            if is_said:
                row = Row(instant, until, value, group.scale, group.unit, flags, kind)
                yield f"{{{said(row)},{_when(row, offset)},{head % spelled(ids, at)}}}"


def selectors(disclosure: Disclosure) -> Iterator[str]:
    """What names each item of a disclosure there, one JSON object each."""
    for group in disclosure.groups:
        ids = group.ids.tobytes().hex()
        for at in range(len(group.at)):
            yield f'{{"origin":{{"id":"{spelled(ids, at)}"}}}}'


def _head(disclosure: Disclosure, group: Group, name: str) -> str:
    """What every record of a group says, with a place for its id."""
    device = "".join(
        c for c in device_name(disclosure, group.device) if c.isprintable() and c not in NOT_SAID
    )
    payload = f'"patientSupplied":true,"sourceClass":"{group.source_class.value}"'
    origin = f'{{"id":"%s","name":"{name}","type":"service","payload":{{{payload}}}}}'
    device = (device or "unknown").replace("%", "%%")
    return f'"deviceId":"{device}","clockDriftOffset":0,"conversionOffset":0,"origin":{origin}'


def _when(row: Row, offset: int) -> str:
    """The instant, and what the person's clock showed (`deviceTime`: no zone)."""
    local = iso(row.at + offset * 60_000).removesuffix("Z").partition(".")[0]
    utc = iso(row.at).removesuffix("Z")
    told = f'"time":"{utc if "." in utc else f"{utc}.000"}Z","deviceTime":"{local}","timezoneOffset":{offset}'
    marks = [each for each in (_ranged(row), UNCERTAIN if row.flags & Flag.UNCERTAIN else "") if each]
    return f'{told},"annotations":[{",".join(marks)}]' if marks else told


UNCERTAIN: Final = '{"code":"uncertain-timestamp"}'


def _ranged(row: Row) -> str:
    """The annotation of a reading out of range; '' for others."""
    if not row.flags & (Flag.LOW | Flag.HIGH):
        return ""
    _, threshold, word = _beyond(row)
    return f'{{"code":"bg/out-of-range","value":"{word}","threshold":{threshold}}}'


def _beyond(row: Row) -> tuple[int, int, str]:
    """The value beyond the limit and the threshold, both mg/dL, and `low` or `high`."""
    factor = MG_DL_PER_MMOL_L if row.unit is Unit.MMOL_L else 1
    limit, is_low = round(row.value / 10**row.scale * factor), bool(row.flags & Flag.LOW)
    outwards = -1 if is_low else 1
    if row.flags & Flag.INCLUSIVE:
        return limit, limit - outwards, "low" if is_low else "high"
    return limit + outwards, limit, "low" if is_low else "high"


def _glucose(row: Row) -> str:
    if row.flags & (Flag.LOW | Flag.HIGH):
        return f'"units":"mg/dL","value":{_beyond(row)[0]}'
    return f'"units":"{row.unit.value}","value":{amount(row.value, row.scale)}'


def _bolus(row: Row) -> str:
    told = amount(row.value, row.scale)
    if row.kind in ACTING:
        acting = f'"formulation":{{"simple":{{"actingType":"{ACTING[row.kind]}"}}}}'
        return f'"type":"insulin","dose":{{"total":{told},"units":"Units"}},{acting}'
    if row.until > row.at:
        return f'"type":"bolus","subType":"square","extended":{told},"duration":{row.until - row.at}'
    return f'"type":"bolus","subType":"{"automated" if row.flags & Flag.AUTOMATED else "normal"}","normal":{told}'


def _basal(row: Row) -> str:
    way = DELIVERIES[row.kind]
    rate = "" if way == "suspend" else f',"rate":{amount(row.value, row.scale)}'
    return f'"type":"basal","deliveryType":"{way}","duration":{row.until - row.at}{rate}'


SAID: Final[Mapping[Stream, Callable[[Row], str]]] = {
    Stream.GLUCOSE: lambda row: f'"type":"cbg",{_glucose(row)}',
    Stream.CAPILLARY: lambda row: f'"type":"smbg",{_glucose(row)}',
    Stream.CALIBRATION: lambda row: f'"type":"deviceEvent","subType":"calibration",{_glucose(row)}',
    Stream.KETONE: lambda row: f'"type":"bloodKetone",{_glucose(row)}',
    Stream.BOLUS: _bolus,
    Stream.BASAL: _basal,
    Stream.CARBS: lambda row: (
        f'"type":"food","nutrition":{{"carbohydrate":{{"net":{amount(row.value, row.scale)},"units":"grams"}}}}'
    ),
}
"""What a reading is there."""
