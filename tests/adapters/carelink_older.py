"""CareLink recordings of pumps before the 640G, and of systems that are an app on a phone.

Law: as carelink_files.py. A Paradigm's two exports overlap, and the second has one block for each upload.
"""

from __future__ import annotations

from tests.adapters.carelink_rows import (
    GUARDIAN_4,
    GUARDIAN_CONNECT,
    PARADIGM,
    RAW,
    Book,
    Row,
    Section,
)
from tests.adapters.curve import Curve, Dice

P723 = ("Paradigm Revel - 723", "000007")
APP = "GC0000-0000-0000-0007"
SHOWN = ["Device data shown may exceed selected date range."]


def _paradigm_day(one: Section, day: str) -> None:
    """A day of a Paradigm: each basal change twice, sticks of a meter and typed ones, estimates, a temporary rate."""
    for stamp, rate in (("00:00:00", "0.63"), ("04:00:00", "0.80")):
        for _ in range(2):
            one.say(f"{day} {stamp}", basal=rate)
    one.say(f"{day} 06:12:31", calibration="173.00")
    one.say(f"{day} 06:12:31", bg="173.00", meter="METER1")
    one.say(f"{day} 06:12:43", estimate="0.60", high="115.00", low="115.00", ratio="5.00", isf="70.00", carbs="0.00", asked="173.00", correction="0.60", food="0.00", active="0.00")  # fmt: skip
    one.say(f"{day} 06:12:43", bolus="Normal", selected="0.60", delivered="0.60")
    one.say(f"{day} 09:02:18", rewind="Rewind")
    one.say(f"{day} 09:20:45", prime="Manual", prime_u="7.90")
    one.say(f"{day} 09:22:10", basal="0.73")
    one.say(f"{day} 09:21:50", prime="Fixed", prime_u="0.30")
    for stamp, grams in (("13:05:41", "34.00"), ("13:05:55", "21.00")):
        one.say(f"{day} {stamp}", estimate="4.50", high="115.00", low="115.00", ratio="5.50", isf="60.00", carbs=grams, asked="0.00", correction="0.00", food="4.50", active="0.00")  # fmt: skip
    one.say(f"{day} 13:05:56", bolus="Normal", selected="4.50", delivered="4.50")
    one.say(f"{day} 15:31:09", calibration="191.00")
    one.say(f"{day} 17:20:33", suspend="USER_SUSPEND")
    one.say(f"{day} 17:20:33", basal="0.00")
    one.say(f"{day} 17:31:04", basal="0.73")
    one.say(f"{day} 17:31:04", suspend="NORMAL_PUMPING")
    one.say(f"{day} 17:31:04", basal="0.73")
    one.say(f"{day} 19:00:00", bolus="Square", selected="2.00", delivered="1.50", over="01:00:00")
    one.say(f"{day} 22:04:12", temp="80", temp_type="Percent", temp_for="01:00:00")
    one.say(f"{day} 22:04:12", basal="0.58")
    one.say(f"{day} 23:04:12", basal="0.73")
    one.say(f"{day} 23:10:00", alarm="Other Alarm Code: 1003")


def _paradigm_above(start: str, end: str) -> list[Row]:
    return [
        ["Last Name", "First Name", "Patient ID", "Start Date", "End Date", "Device", P723[0]],
        ["BEISPIEL", "NOOR", "", start, end, "Serial Number", P723[1]],
        [],
        SHOWN,
    ]


def _paradigm(*days: str, last: str = "------- ") -> Section:
    one = Section(P723[0], "Pump", P723[1], PARADIGM, last)
    one.say(f"{days[0]} 00:00:00", new=f"{days[0].replace('-', '/')} 00:00:00")
    for day in days:
        _paradigm_day(one, day)
    return one


def paradigm() -> bytes:
    """Paradigm 723 of 2018: 47 columns, no bolus numbers, no status of estimates, an empty Sensor section."""
    empty = Section(P723[0], "Sensor", P723[1], PARADIGM)
    return Book(_paradigm_above("3/5/18 12:00:00 AM", "5/15/18 11:59:59 PM"), [_paradigm("2018-05-14", "2018-05-15"), empty], ",", mark=False).csv()  # fmt: skip


def paradigm_later() -> bytes:
    """A later export of the same pump: the same days again, and a newer block under a header without a separator."""
    blocks = [_paradigm("2018-05-15", "2018-05-16"), _paradigm("2018-05-17", last="")]
    empty = Section(P723[0], "Sensor", P723[1], PARADIGM)
    return Book(_paradigm_above("3/5/18 12:00:00 AM", "6/21/18 11:59:59 PM"), [*blocks, empty], ",", mark=False, first=4).csv()  # fmt: skip


def guardian_connect() -> bytes:
    """Guardian Connect of 2021: an app without a pump, 48 columns, a floor of 40, entries that were typed."""
    one = Section("Guardian Connect", "Pump", APP, GUARDIAN_CONNECT)
    two = Section("Guardian Connect", "Sensor", APP, GUARDIAN_CONNECT)
    for stamp, entry in (("08:54:04", "Insulin: 3,00"), ("08:54:04", "Insulin: 3,00"), ("09:05:09", "Meal: 45,00grams"), ("13:20:00", "Other"), ("22:10:00", "Insulin: 27,00")):  # fmt: skip
        one.say(f"2021-06-12 {stamp}", marker=entry)
    for stamp, alarm in (("09:47:53", "CAL NOW"), ("10:07:51", "LOW SG"), ("10:37:51", "LOW SG"), ("10:52:52", "FALL RATE"), ("11:02:52", "Other Alarm Code: 1003"), ("11:12:52", "CHANGE SENSOR2")):  # fmt: skip
        one.say(f"2021-06-12 {stamp}", alarm=alarm)
    one.say("2021-06-12 09:48:35", bg="75")
    one.rows.sort(key=lambda row: row[0])
    glucose = Curve(Dice(8))
    two.sensor(
        "2021-06-12 08:02:50", [max(glucose.step(), 40) for _ in range(8)] + ["", 40, 40, 41], isig=False
    )
    two.say("2021-04-22 15:10:05")
    above = [
        [
            "Last Name",
            "First Name",
            "Patient ID",
            "System ID",
            "Start Date",
            "End Date",
            "Device",
            "Guardian Connect",
        ],
        ["Beispiel", "Noor", "", "", "01.05.2021 00:00:00", "25.07.2021 23:59:59", "Serial Number", APP],
        [],
        SHOWN,
    ]
    return Book(above, [one, two], mark=False).csv()


def guardian_4() -> bytes:
    """Guardian 4 on a phone: 49 columns; the phone showed 02:00 to 03:00 twice."""
    one = Section("Guardian™ 4 System", "Pump", "GC0000-0000-0000-0008", GUARDIAN_4)
    two = Section("Guardian™ 4 System", "Sensor", "GC0000-0000-0000-0008", GUARDIAN_4)
    one.say("2023-10-29 01:10:00", alarm="LOW SG")
    two.sensor("2023-10-29 01:40:11", [*range(100, 116)])
    two.sensor("2023-10-29 02:00:11", [104, 105, 106, *range(130, 143)])
    above = [
        ["Last Name", "First Name", "Patient ID", "System ID", "Start Date", "End Date", "Device", "Guardian™ 4 System"],
        ["Beispiel", "Noor", "", "", "21/8/2023 00:00:00", "30/10/2023 00:00:00", "Serial Number", "GC0000-0000-0000-0008"],
        [],
        SHOWN,
    ]  # fmt: skip
    return Book(above, [one, two], ",").csv()


def raw_types() -> bytes:
    """A Paradigm of 2014 with Raw-Type: a dual dose that was cut, a temporary rate, settings, a clock not yet set."""
    one = Section("", "", "", RAW, "")
    base = {"device": P723[0]}

    def raw(stamp: str, kind: str, number: str, values: str, **cells: str) -> None:
        one.say(stamp, raw_type=kind, id=number, raw=values, **base, **cells)

    raw("2010-08-03 00:09:00", "GlucoseSensorData", "70000001", "AMOUNT=131, ISIG=17.21, VCNTR=null", sg="131", isig="17.21")  # fmt: skip
    for number in range(24):
        stamp = f"2013-06-08 20:{number * 2:02d}:00"
        raw(
            stamp,
            "GlucoseSensorData",
            str(70000100 + number),
            f"AMOUNT={110 + number}, VCNTR=null",
            sg=str(110 + number),
        )
    raw("2013-06-08 21:00:00", "BasalProfileStart", "70000200", "PATTERN_NAME=standard, PROFILE_INDEX=1, RATE=0.65, START_TIME=75600000, ACTION_REQUESTOR=pump")  # fmt: skip
    raw("2013-06-08 21:04:17", "CalBGForPH", "70000201", "AMOUNT=97, ACTION_REQUESTOR=pump", calibration="97")
    raw("2013-06-08 21:12:02", "BolusWizardBolusEstimate", "70000202", "BG_INPUT=97, CARB_INPUT=52", estimate="5.9", high="125", low="106", ratio="13", isf="45", carbs="52", asked="97", correction="0.2", food="4.9", active="0.0")  # fmt: skip
    raw("2013-06-08 21:12:07", "BolusNormal", "70000203", "AMOUNT=3.6, PROGRAMMED_AMOUNT=3.6, IS_DUAL_COMPONENT=true", bolus="Dual/Normal", selected="3.6", delivered="3.6")  # fmt: skip
    raw("2013-06-08 21:15:31", "BolusSquare", "70000204", "AMOUNT=1.7, PROGRAMMED_AMOUNT=2.3, DURATION=3600000, IS_DUAL_COMPONENT=true", bolus="Dual/Square", selected="2.3", delivered="1.7", over="01:00:00")  # fmt: skip
    raw("2013-06-08 22:41:20", "ChangeTempBasalPercent", "70000205", "PERCENT_OF_RATE=70, DURATION=7200000", temp="70", temp_type="Percent", temp_for="02:00:00")  # fmt: skip
    raw(
        "2013-06-09 00:00:00",
        "CurrentBasalProfilePattern",
        "70000300",
        "PATTERN_NAME=standard, NUM_PROFILES=2",
    )
    raw("2013-06-09 00:00:00", "CurrentBasalProfile", "70000301", "PATTERN_DATUM=70000300, PROFILE_INDEX=0, RATE=0.8, START_TIME=0")  # fmt: skip
    raw("2013-06-09 00:00:00", "CurrentBasalProfile", "70000302", "PATTERN_DATUM=70000300, PROFILE_INDEX=1, RATE=0.65, START_TIME=75600000")  # fmt: skip
    raw("2013-06-09 00:00:00", "CurrentBGTargetRangePattern", "70000310", "ORIGINAL_UNITS=mg dl, SIZE=1")
    raw("2013-06-09 00:00:00", "CurrentBGTargetRange", "70000311", "PATTERN_DATUM=70000310, INDEX=0, AMOUNT_LOW=100, AMOUNT_HIGH=120, START_TIME=0")  # fmt: skip
    raw("2013-06-09 00:00:00", "CurrentInsulinSensitivityPattern", "70000320", "ORIGINAL_UNITS=mg dl, SIZE=1")
    raw("2013-06-09 00:00:00", "CurrentInsulinSensitivity", "70000321", "PATTERN_DATUM=70000320, INDEX=0, AMOUNT=45, START_TIME=18000000")  # fmt: skip
    raw("2013-06-09 00:00:00", "CurrentCarbRatio", "70000331", "PATTERN_DATUM=70000330, INDEX=0, AMOUNT=12, UNITS=grams, START_TIME=0")  # fmt: skip
    one.rows.reverse()
    return Book([["Data Range", "4/6/13 00:00:00", "to", "7/19/13 21:02:11"]], [one], ",", mark=False).csv("\n").replace(b"\n\n", b"\n")  # fmt: skip


def older_files() -> dict[str, bytes]:
    """Every recording by name."""
    return {
        "paradigm-2014-raw-types.csv": raw_types(),
        "paradigm-2018.csv": paradigm(),
        "paradigm-2018-later.csv": paradigm_later(),
        "guardian-connect-2021.csv": guardian_connect(),
        "guardian-4-repeated-hour.csv": guardian_4(),
    }
