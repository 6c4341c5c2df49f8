"""The codes and units that the HL7 CGM IG 1.0.0 fixes, as its compiled profiles say them.

Law: unit strings are part of the pattern (`mg/dl` beside the code `mg/dL`); a code alone tells nothing, because
public CGM programs use these LOINC codes for other figures (`cgm-ig.md`, 0). Tables only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
ORDERS: Final = "http://hl7.org/fhir/uv/cgm/CodeSystem/cgm"
PANEL: Final = "107931-8"
"""Of the summary panel, and of the report with its PDF."""
IN_RANGES: Final = "106793-3"
RANGES: Final = frozenset({"104642-4", "104641-6", "97510-2", "104640-8", "104639-0"})
LEAST_MEMBERS: Final = 6


@dataclass(frozen=True, slots=True)
class Pattern:
    """A Quantity that a profile fixes: the UCUM code, and the unit as it must be written."""

    code: str
    unit: str
    is_needed: bool = True


PERCENT: Final = Pattern("%", "%")
READINGS: Final[Mapping[str, Pattern]] = {
    "99504-3": Pattern("mg/dL", "mg/dl", is_needed=False),
    "105272-9": Pattern("mmol/L", "mmol/l", is_needed=False),
}
"""LOINC code of a sensor reading -> its Quantity; a dataAbsentReason may stand for it."""
SUMMARIES: Final[Mapping[str, Pattern | None]] = {
    PANEL: None,
    IN_RANGES: None,
    "97507-8": Pattern("mg/dL", "mg/dl", is_needed=False),
    "105273-7": Pattern("mmol/L", "mmol/l", is_needed=False),
    "97506-0": PERCENT,
    "104638-2": PERCENT,
    "104636-6": Pattern("d", "days"),
    "104637-4": PERCENT,
}
"""LOINC code of a summary -> its Quantity; None: it has none."""
BEYOND: Final[Mapping[str, str]] = {"<": "below", "<=": "at-most", ">": "above", ">=": "at-least"}
"""R4 quantity-comparator -> the word of the kept record."""
INFINITE: Final[Mapping[str, str]] = {"negative-infinity": "below", "positive-infinity": "above"}
"""dataAbsentReason of a reading beyond what the sensor reports, its limit not told -> the word of the kept record."""
SAID: Final = frozenset({"final", "amended", "corrected"})
"""Statuses of an Observation that stands for something measured."""
