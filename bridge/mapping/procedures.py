"""The closed list of procedures that a mapping may name: what cannot be declared.

Law (`mapping.md`): a procedure is a pure function in the vendor's adapter, registered under one of these
names; a mapping calls it, a file holds no code. Each stage has one signature, in `bridge/mapping/stages.py`.
Rejected: import paths in a mapping (then clinic IT could name any function of the machine).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """Where in the reading of a file a procedure is called."""

    PREPARE = "prepare"  # mends cells, adds marks
    DATES = "dates"  # picks between date orders that both fit
    CLOCK = "clock"  # wall-clock times become instants
    DEVICE = "device"  # names the thing behind a serial
    PERSON = "person"  # whom the file names
    LIMITS = "limits"  # limits that depend on the file
    SECTIONS = "sections"  # where the tables of a text begin, and of which kind each is
    TOGETHER = "together"  # mends all sections or sets of records at once
    CLOCKS = "clocks"  # one clock for all parts of a source
    AMOUNT = "amount"  # cells become numbers


PROCEDURES: Final[Mapping[str, tuple[Stage, str]]] = {
    "number.rounded": (
        Stage.AMOUNT,
        "rounds to the decimals of the mapping, halves away from zero: 0.02500000037 with 3 is 0.025",
    ),
    "carelink.sections": (Stage.SECTIONS, "separator lines and repeated headers; which pump generation"),
    "carelink.device": (Stage.DEVICE, "pump or app of a section; the CGM of a Sensor section"),
    "carelink.person": (Stage.PERSON, "names, patient id and birth date from the lines above"),
    "carelink.raw-values": (Stage.PREPARE, "K=V pairs of the exports until 2015 as fields"),
    "carelink.resaved": (Stage.TOGETHER, "dates that a spreadsheet rewrote; undecidable is refused"),
    "carelink.walk": (
        Stage.TOGETHER,
        "the pump's own clock changes: how far each row's clock had been moved",
    ),
    "carelink.again": (Stage.TOGETHER, "rows that differ in Index alone, empty rows, a key for each row"),
    "carelink.sticks": (
        Stage.TOGETHER,
        "one fingerstick of up to three rows; calibrations with their result",
    ),
    "carelink.doses": (Stage.TOGETHER, "programmed, given and cancelled rows of one dose; its estimate"),
    "carelink.basal": (
        Stage.TOGETHER,
        "rates, suspensions and temporary rates as intervals; the loop's mode",
    ),
    "carelink.alarms": (Stage.TOGETHER, "an alarm raised, louder and cleared is one"),
    "carelink.telling": (Stage.TOGETHER, "amounts and words in logbook entries; sentences without serials"),
    "carelink.wall-clock": (Stage.CLOCKS, "the walk of each pump anchored by the patient's zone"),
    "dexcom.tick-order": (
        Stage.CLOCK,
        "orders readings by transmitter tick: wall minus tick jumps with the clock; the zone anchors chains",
    ),
    "dexcom.device": (
        Stage.DEVICE,
        "transmitter or sensor by the form of its id, model from the Device lines",
    ),
    "dexcom.person": (Stage.PERSON, "names, identifier and birth date from the undated lines"),
    "eversense.day-halves": (
        Stage.PREPARE,
        "refuses hours that may be of either half of a day: no AM or PM, none after 12:59",
    ),
    "libre.split-decimals": (
        Stage.PREPARE,
        "rejoins 13,0 that an unquoted decimal comma split into two cells",
    ),
    "libre.app-views": (
        Stage.PREPARE,
        "marks views of a one-minute sensor's current value (Libre 3, 3 Plus)",
    ),
    "libre.date-order": (Stage.DATES, "day or month first, from line 1's date; undecidable is refused"),
    "libre.wall-clock": (
        Stage.CLOCK,
        "patient zone; keeps both passes of a repeated hour; readers that did not follow summer time",
    ),
    "libre.device": (Stage.DEVICE, "an app install (UUID), a reader or a blood meter"),
    "libre.person": (Stage.PERSON, "the patient of a report's line 2, else the account's owner in line 1"),
    "libre.us-ceiling": (Stage.LIMITS, "400 mg/dL is a ceiling in a US file that never exceeds it"),
    "libre.follower-sensors": (
        Stage.TOGETHER,
        "the sensor activated last before each value; marks current values that the graph has too",
    ),
}


def known(stage: Stage) -> tuple[str, ...]:
    """The names that a mapping may use at that stage."""
    return tuple(name for name, (at, _) in PROCEDURES.items() if at is stage)
