"""The things behind readings: devices, and what a glucose sensor is and when it was calibrated.

Law: a device is told only beside items whose device may be named (kind `device`), a serial only with the kind
`serials`, the times of calibrations only with `capillary`, to which they belong (`consent.md`, kinds). One physical
device is one Device whatever streams of it there are, named by the first of its series; what is told of it
comes from those series alone of which something may leave. What a sensor is told as does not depend on the
question, so two answers never differ by what was asked.

Rejected: a device for each series (a sensor with calibrations was two); calibrations inside the asked dates alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, final

import numpy as np

from bridge.consent.asked import Grain, Kind, Selector
from bridge.consent.batches import Batch
from bridge.consent.content import mac
from bridge.consent.disclosure import Calibration, DisclosedDevice, DisclosedMetric
from bridge.consent.gather import device_mask
from bridge.consent.reader import Reader
from bridge.consent.strands import Strand, View
from bridge.period import Instant
from bridge.reading import CalibrationKind, Flag, Stream
from bridge.store.columns import ints
from bridge.store.ids import Ids, Name

MEASURED: Final = frozenset({Selector(Stream.GLUCOSE), Selector(Stream.CALIBRATION)})
"""What tells of a sensor."""
OF_SENSORS: Final = frozenset({Kind.DEVICE, Kind.CAPILLARY})
"""Kinds without which no sensor is told as such."""
_STATES: Final = {CalibrationKind.ACCEPTED: "calibrated", CalibrationKind.UNKNOWN: "unspecified"}
"""DeviceMetric.calibration.state; a fingerstick that the sensor refused calibrated nothing."""


@final
@dataclass(slots=True)
class _Seen:
    """What was seen of one device."""

    strands: dict[int, Strand] = field(default_factory=dict)
    has_serial: bool = False
    calibrations: list[Calibration] = field(default_factory=list)
    updated: Instant = 0


@final
@dataclass(slots=True)
class Things:
    """The devices of items that come by."""

    view: View
    ids: Ids
    patient: int
    fhir_changed: Callable[[str], Instant]
    reader: Reader
    found: dict[int, _Seen] = field(default_factory=dict)

    def see(self, batches: Iterable[Batch]) -> None:
        """Take note of the devices of these items that may be named."""
        for batch in batches:
            named = device_mask(self.view, batch)
            if named.any():
                seen = self.found.setdefault(batch.strand.series.thing, _Seen())
                seen.strands.setdefault(batch.strand.series.number, batch.strand)
                seen.has_serial |= bool(device_mask(self.view, batch, Kind.SERIALS).any())
                if batch.strand.stream is Stream.CALIBRATION:
                    seen.updated = max(seen.updated, int(batch.updated[named].max()))
                    seen.calibrations += _calibrations(batch.taken(named))

    def devices(self) -> tuple[DisclosedDevice, ...]:
        """What was seen, each once."""
        return tuple(self._device(number, seen) for number, seen in sorted(self.found.items()))

    def metrics(self) -> tuple[DisclosedMetric, ...]:
        """The sensors among what was seen."""
        return tuple(self._metric(number, seen) for number, seen in sorted(self.found.items()))

    def _device(self, number: int, seen: _Seen) -> DisclosedDevice:
        told = [seen.strands[each].series.device for each in sorted(seen.strands)]
        device = DisclosedDevice(
            id=device_id(self.ids, self.patient, number, self.view),
            manufacturer=next(filter(None, (each.manufacturer for each in told)), ""),
            model=next(filter(None, (each.model for each in told)), ""),
            kind=next(filter(None, (each.kind for each in told)), ""),
            serial=next(filter(None, (each.serial for each in told)), "") if seen.has_serial else None,
            version="",
            last_updated=self._updated(seen),
        )
        said = repr((device.id, device.manufacturer, device.model, device.kind, device.serial)).encode()
        return replace(device, version=mac(self.reader.secret(), said, 6).hex())

    def _metric(self, number: int, seen: _Seen) -> DisclosedMetric:
        units = {each.series.key.unit for each in seen.strands.values() if each.stream is Stream.GLUCOSE}
        device = self._device(number, seen)
        calibrations = tuple(sorted(seen.calibrations, key=lambda each: (each.at or 0, each.state)))
        told = repr((device.id, device.kind, sorted(units), calibrations)).encode()
        name = Name(self.patient, number, 0, 0)
        return DisclosedMetric(
            id=self.ids.one("DeviceMetric", name, self.view.decision.pairing),
            device=device.id,
            kind=device.kind,
            unit=units.pop() if len(units) == 1 else None,
            calibrations=calibrations,
            version=mac(self.reader.secret(), told, 6).hex(),
            last_updated=max(device.last_updated, seen.updated),
        )

    def _updated(self, seen: _Seen) -> Instant:
        since = [layer.since.latest() for grain in Grain for layer in self.view.layers(Kind.DEVICE, grain)]
        families = {each.series.key.family for each in seen.strands.values()}
        return max([*since, *(self.fhir_changed(family) for family in families), 0])


def device_id(ids: Ids, patient: int, number: int, view: View) -> str:
    """The id of a device as the asker knows it."""
    return ids.one("Device", Name(patient, number, 0, 0), view.decision.pairing)


def _calibrations(batch: Batch) -> Iterable[Calibration]:
    kinds, flags = ints(batch.rows, "kind"), ints(batch.rows, "flags")
    stands = (flags & int(Flag.RETRACTED) == 0) & np.isin(kinds, [int(each) for each in _STATES])
    for place in np.flatnonzero(stands).tolist():
        is_sure = not int(flags[place]) & Flag.UNCERTAIN
        at = int(batch.rows["instant"][place]) if is_sure else None
        yield Calibration(_STATES[CalibrationKind(int(kinds[place]))], at)
