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
    "number.unsigned": (Stage.AMOUNT, "rounds likewise and leaves the sign out"),
    "dexcom.counted": (
        Stage.PREPARE,
        "takes out ticks that count nothing; marks what a receiver only shows once more",
    ),
    "dexcom.product": (Stage.PREPARE, "adds the product behind generation, variant and app"),
    "dexcom.last-word": (Stage.PREPARE, "marks records of which the same entry was changed or deleted later"),
    "dexcom.alert-schedules": (
        Stage.PREPARE,
        "from when an alert setting holds; what is switched off; marks settings that a newer one outdoes",
    ),
    "dexcom.receiver-clock": (
        Stage.CLOCK,
        "ticks of a transmitter date readings of a receiver whose clock was reset, or say that they may be off",
    ),
    "submitted.device": (Stage.DEVICE, "the device of a submission, apart for each who submits"),
    "dexcom.transmitter": (Stage.DEVICE, "the transmitter or sensor behind a hash, which is no serial"),
    "dexcom.display": (Stage.DEVICE, "the person's apps as one, or their receiver"),
    "dexcom.column-groups": (Stage.SECTIONS, "the tables that stand side by side in a Studio export"),
    "dexcom.studio-units": (Stage.TOGETHER, "the unit of a Studio export, from its numbers"),
    "dexcom.studio-entries": (Stage.PREPARE, "amount and subkind of an entry, from its words"),
    "dexcom.internal-ticks": (Stage.PREPARE, "seconds of a receiver's internal clock as ticks"),
    "dexcom.internal-clock": (
        Stage.CLOCKS,
        "orders all of a receiver by its internal clock; display minus internal jumps with the clock",
    ),
    "dexcom.studio-receiver": (Stage.DEVICE, "the receiver, its model by the form of its serial"),
    "dexcom.studio-person": (Stage.PERSON, "whom the first table of a Studio export names"),
    "carelink.cloud-times": (
        Stage.TOGETHER,
        "each stamp of a CareLink answer with the offset of the pump's clock that wrote it",
    ),
    "carelink.cloud-repeats": (
        Stage.TOGETHER,
        "marks what a CareLink answer tells twice, and slots where a sensor's state goes on",
    ),
    "carelink.cloud-changes": (
        Stage.TOGETHER,
        "which changes of mode and suspension a CareLink answer proves, and when they ended",
    ),
    "carelink.cloud-clock": (
        Stage.CLOCK,
        "which of the clocks of a CareLink answer tells an instant, and how far two of them disagree",
    ),
    "carelink.cloud-floor": (Stage.LIMITS, "the floor that a CareLink answer names, 40 or 50 mg/dL"),
    "carelink.cloud-device": (Stage.DEVICE, "the pump that received the sensor, by its family"),
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
    "nightscout.mmol-entries": (
        Stage.PREPARE,
        "marks numbers below 39 of an uploader that sends fractions among them: mmol/L, no codes",
    ),
    "nightscout.identity": (
        Stage.PREPARE,
        "what a treatment is called: the uploader's id, the pump's, the database's; marks copies and repeats",
    ),
    "nightscout.spans": (
        Stage.PREPARE,
        "how long temporary basals, targets, overrides and modes lasted: to their end or the next of their kind",
    ),
    "nightscout.doses": (
        Stage.PREPARE,
        "the extended part of combinations, and long-acting insulin among several injections",
    ),
    "nightscout.loop-modes": (
        Stage.PREPARE,
        "stretches of open and closed loop and of overrides, by hours; where delivery stopped and began again",
    ),
    "nightscout.profile-in-force": (
        Stage.PREPARE,
        "the profile that its document names as the default, since when, and the minute of each entry",
    ),
    "nightscout.pump-history": (
        Stage.PREPARE,
        "joins the rate and the length of a temporary basal, which are records apart in a rig's pump history",
    ),
    "nightscout.sections": (
        Stage.SECTIONS,
        "the tables below `# CGM ENTRIES` and `# TREATMENTS` in a file of the Nightscout Data Exporter",
    ),
    "nightscout.date-order": (
        Stage.DATES,
        "month first where a browser wrote AM and PM, day first where it wrote am and pm",
    ),
    "nightscout.of-schedule": (
        Stage.AMOUNT,
        "a change in percent as percent of the schedule: -100 is 0, 50 is 150",
    ),
    "libre.us-ceiling": (Stage.LIMITS, "400 mg/dL is a ceiling in a US file that never exceeds it"),
    "libre.follower-sensors": (
        Stage.TOGETHER,
        "the sensor activated last before each value; marks current values that the graph has too",
    ),
}


def known(stage: Stage) -> tuple[str, ...]:
    """The names that a mapping may use at that stage."""
    return tuple(name for name, (at, _) in PROCEDURES.items() if at is stage)
