"""Which device made each row: the things behind serials, installs and models.

Law: what a source does not name is empty, never guessed. One device has one key, in every part of a source:
two spellings of a serial, or a second section, make no second device. Where a mapping knows what may stand in
the field (`names`) anything else is taken for a person's words: it tells devices apart by a hash and is not kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.judge import Judged
from bridge.mapping.language import DeviceSpec
from bridge.mapping.stages import Procedures
from bridge.mapping.wanted import Demands, is_word
from bridge.reading import Device, SourceClass


@dataclass(frozen=True, slots=True)
class DevicesNamed:
    """The devices of a sheet: `code` int32[n] indexes `keys`, `devices` and `sources`, how what each sent came
    here (None: as everything of the format)."""

    code: NDArray[np.int32]
    keys: tuple[str, ...]
    devices: tuple[Device, ...]
    sources: tuple[SourceClass | None, ...]

    def group(self, fate: NDArray[np.int16], rows: NDArray[np.intp]) -> NDArray[np.int32]:
        """A number per (rule, device) for some rows: series whose rows keep their own order."""
        return fate[rows].astype(np.int32) * max(len(self.keys), 1) + self.code[rows]


def devices(judged: Judged, procedures: Procedures) -> DevicesNamed:
    """Who made each row."""
    sheet, spec = judged.sheet, judged.spec.device
    if spec is None:
        return DevicesNamed(np.zeros(len(sheet), np.int32), ("",), (Device(),), (None,))
    if not spec.key:
        made = Device(spec.manufacturer, kind=spec.kind)
        return DevicesNamed(np.zeros(len(sheet), np.int32), ("",), (made,), (None,))
    words = judged.words.words(spec.key)
    keys: dict[str, int] = {}
    found: list[Device] = []
    sources: list[SourceClass | None] = []
    places = []
    for code, text in enumerate(words.texts):
        last = int(np.flatnonzero(words.codes == code)[-1])
        model = sheet.column(spec.model).text(last) if spec.model else ""
        if spec.procedure:
            key, device = procedures.device[spec.procedure](sheet, spec.manufacturer, text, model)
        elif spec.names:
            key, device = _named(spec, text)
        else:
            key, device = text.casefold(), _as_written(judged, spec, last)
        places.append(keys.setdefault(key, len(keys)))
        if places[-1] == len(found):
            found.append(device)
            sources.append(next((one for one, said in spec.source.items() if _is(text, said)), None))
    codes = np.array(places or [0], np.int32)[words.codes]
    return DevicesNamed(codes, tuple(keys), tuple(found), tuple(sources))


def _named(spec: DeviceSpec, text: str) -> tuple[str, Device]:
    """Key and device of a text that a person may have written."""
    name = next((name for name, said in spec.names.items() if _is(text, said)), "")
    digest = hashlib.blake2b(text.casefold().encode(), digest_size=4).hexdigest() if text else ""
    return name.casefold() or digest, Device(spec.manufacturer, name, kind=spec.kind)


def _is(text: str, said: Demands) -> bool:
    return is_word(text, {word.casefold() for word in said})


def _as_written(judged: Judged, spec: DeviceSpec, row: int) -> Device:
    sheet = judged.sheet
    named = {"model": spec.model, "serial": spec.serial, "install": spec.install}
    said = {name: sheet.column(field).text(row) if field else "" for name, field in named.items()}
    return Device(spec.manufacturer, said["model"], said["serial"], said["install"], spec.kind)
