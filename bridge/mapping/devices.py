"""Which device made each row: the things behind serials, installs and models.

Law: what a source does not name is empty, never guessed. One device has one key, in every part of a source:
two spellings of a serial, or a second section, make no second device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.judge import Judged
from bridge.mapping.language import DeviceSpec
from bridge.mapping.stages import Procedures
from bridge.reading import Device


@dataclass(frozen=True, slots=True)
class DevicesNamed:
    """The devices of a sheet: `code` int32[n] indexes `keys` and `devices`."""

    code: NDArray[np.int32]
    keys: tuple[str, ...]
    devices: tuple[Device, ...]

    def group(self, fate: NDArray[np.int16], rows: NDArray[np.intp]) -> NDArray[np.int32]:
        """A number per (rule, device) for some rows: series whose rows keep their own order."""
        return fate[rows].astype(np.int32) * max(len(self.keys), 1) + self.code[rows]


def devices(judged: Judged, procedures: Procedures) -> DevicesNamed:
    """Who made each row."""
    sheet, spec = judged.sheet, judged.spec.device
    if spec is None:
        return DevicesNamed(np.zeros(len(sheet), np.int32), ("",), (Device(),))
    words = judged.words.words(spec.key)
    keys: dict[str, int] = {}
    found: list[Device] = []
    places = []
    for code, text in enumerate(words.texts):
        last = int(np.flatnonzero(words.codes == code)[-1])
        model = sheet.column(spec.model).text(last) if spec.model else ""
        if spec.procedure:
            key, device = procedures.device[spec.procedure](sheet, spec.manufacturer, text, model)
        else:
            key, device = text.casefold(), _as_written(judged, spec, last)
        places.append(keys.setdefault(key, len(keys)))
        if places[-1] == len(found):
            found.append(device)
    codes = np.array(places or [0], np.int32)[words.codes]
    return DevicesNamed(codes, tuple(keys), tuple(found))


def _as_written(judged: Judged, spec: DeviceSpec, row: int) -> Device:
    sheet = judged.sheet
    named = {"model": spec.model, "serial": spec.serial, "install": spec.install}
    said = {name: sheet.column(field).text(row) if field else "" for name, field in named.items()}
    return Device(spec.manufacturer, said["model"], said["serial"], said["install"], spec.kind)
