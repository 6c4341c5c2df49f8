"""The device behind a submitted reading, as its submitter described it.

Law (`data.md`, series): two submitters' readings are never one series, whatever their devices are called, so the
key begins with who sent it. What a Device leaves out is empty. Its kind is not told: a serial of the IG's Device is
of a sensor by the profile and of a transmitter in practice (HL7 CGM IG 1.0.0, cgm-device), and what is not known
keeps no copy apart (`consent/clusters.py`).
"""

from __future__ import annotations

from bridge.mapping.sheet import Sheet
from bridge.reading import Device

BETWEEN = "\n"
"""Parts the submitter, the device's key, its manufacturer and its serial."""


def device(sheet: Sheet, manufacturer: str, text: str, model: str) -> tuple[str, Device]:
    """Key and device of `text`: submitter, key, manufacturer and serial, each on a line."""
    submitter, key, maker, serial = (*text.split(BETWEEN), "", "", "", "")[:4]
    return f"{submitter}/{key}" if key else submitter, Device(maker or manufacturer, model, serial)
