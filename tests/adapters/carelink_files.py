"""CareLink recordings: a person's export from each generation of device, and what befalls files and clocks.

Law: exact in form, invented in content, made from fixed numbers: the same bytes each time. Each recording has what
the fact sheet measured of its generation (`carelink.md` A1-A7); what a recording is for stands in its first line.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.adapters.carelink_older import older_files
from tests.adapters.carelink_rows import MINIMED_640G, MINIMED_780G, Book, Row, Section
from tests.adapters.curve import Curve, Dice

P780 = ("MiniMed 780G MMT-1886", "NG7800001H")
P640 = ("MiniMed 640G MMT-1512/1712", "NG6400001H")
SHOWN = ["Device data shown may exceed selected date range."]
FOOD = "CLOSED_LOOP_BG_CORRECTION_AND_FOOD_BOLUS"
WIZARD = "BOLUS_WIZARD"


def above(
    start: str, end: str, names: Sequence[str], serials: Sequence[str], sensors: Sequence[str]
) -> list[Row]:
    """The lines above of a 640G to 780G: labels, values, birth date and CGM."""
    labels = [
        "Last Name",
        "First Name",
        "Patient ID",
        "System ID",
        "Start Date",
        "End Date",
        "Device",
        *names,
    ]
    values = ["Beispiel", "Noor", "40-17", "", start, end, "Serial Number", *serials]
    return [
        [*labels, "Hardware Version", "A1.01", "Firmware Version", "3.13.9"],
        [*values, "Software Version", ""],
        ["Patient DOB", "17/05/2014", "", "", "", "", "CGM", *sensors],
        SHOWN,
    ]


def pump(device: tuple[str, str], header: Sequence[str] = MINIMED_780G) -> Section:
    """A Pump section."""
    return Section(device[0], "Pump", device[1], header)


def cgm(device: tuple[str, str], header: Sequence[str] = MINIMED_780G) -> Section:
    """A Sensor section."""
    return Section(device[0], "Sensor", device[1], header)


def sums(*days: tuple[str, str]) -> Section:
    """The section of daily sums: days with units, or ''."""
    found = Section(*P780[:1], "Pump", P780[1], MINIMED_780G, "Aggregated Auto Insulin Data ")
    for day, units in days:
        told = {
            "bolus": "Normal",
            "selected": units,
            "delivered": units,
            "source": "CLOSED_LOOP_AUTO_INSULIN",
        }
        found.say(f"{day} 00:00:00", **(told if units else {}))
    return found


def curve(seed: int, count: int) -> list[int]:
    """Glucose of an invented person, cut to what the vendor writes."""
    one = Curve(Dice(seed))
    return [min(max(one.step(), 40), 400) for _ in range(count)]


def stick(section: Section, received: str, accepted: str, value: str, calibrated: str = "") -> None:
    """A stick received from the meter, accepted, and sent to the sensor."""
    section.say(received, source_bg="BG_READIN_RECEIVED", bg=value, meter="10000000001")
    section.say(accepted, source_bg="USER_ACCEPTED_REMOTE_BG", bg=value, meter="10000000001")
    if calibrated:
        section.say(accepted, source_bg="BG_SENT_FOR_CALIB", bg=value, meter="10000000001")
        section.say(calibrated, calibration=value)


def week_780g() -> bytes:
    """780G in the loop: sticks told three times, a refused calibration, set change, alarms, warm-up, sums."""
    one = pump(P780)
    one.say("2025-11-17 00:00:00", basal="0.55")
    one.say("2025-11-17 00:00:00")
    one.say("2025-11-17 04:00:00", basal="0.6")
    one.say("2025-11-17 06:14:08", estimate="2.15", ratio="9.50", carbs="20.00", asked="168", correction="0.05", food="2.1", status="Delivered")  # fmt: skip
    one.dose("2025-11-17 06:14:08", "2025-11-17 06:15:36", "2.15", "254", FOOD)
    one.say("2025-11-17 07:30:10", basal="0", suspend="NOTSEATED_SUSPEND")
    one.say("2025-11-17 07:30:10", basal="0")
    one.say("2025-11-17 07:30:29", basal="0", rewind="Rewind")
    one.say("2025-11-17 07:31:58", prime="Tubing Fill", prime_u="9.225", reservoir="239.775")
    one.say("2025-11-17 07:32:14", prime="Cannula Fill", prime_u="0.3", reservoir="239.475")
    one.say("2025-11-17 07:32:14", suspend="NORMAL_PUMPING")
    one.say("2025-11-17 07:32:14", basal="0.6")
    one.say("2025-11-17 07:41:28", source_bg="BG_READIN_RECEIVED", bg="122", meter="10000000001")
    one.say("2025-11-17 07:41:33", source_bg="USER_ACCEPTED_REMOTE_BG", bg="122", meter="10000000001")
    one.say("2025-11-17 07:41:33", source_bg="BG_SENT_FOR_CALIB", bg="122", meter="10000000001")
    one.say("2025-11-17 07:42:00", rejected="CALIBRATION_FAILED")
    one.say("2025-11-17 08:00:00", basal="0.7")
    stick(one, "2025-11-17 08:01:16", "2025-11-17 08:01:18", "115", "2025-11-17 08:02:00")
    one.say("2025-11-17 08:30:40", ble="Glucose Sensor Transmitter (GT0000001N) was added")
    one.say("2025-11-17 10:35:10", alarm="ALERT ON HIGH: tone and vibration")
    one.say("2025-11-17 10:45:10", alarm="ALERT ON HIGH: siren")
    one.say("2025-11-17 10:46:21", cleared="ALERT ON HIGH")
    one.say("2025-11-17 11:10:00", source_bg="ENTERED_IN_BG_ENTRY", bg="204")
    one.say("2025-11-17 11:10:12", estimate="1.45", ratio="9.50", carbs="0.00", asked="204", correction="1.45", food="0", status="Delivered")  # fmt: skip
    one.dose("2025-11-17 11:10:12", "2025-11-17 11:11:10", "1.45", "255", "CLOSED_LOOP_BG_CORRECTION")
    one.say("2025-11-17 12:00:00", basal="0.9")
    one.dose("2025-11-17 13:05:00", "2025-11-17 13:05:20", "0.3", "0", "CLOSED_LOOP_BG_CORRECTION")
    one.say("2025-11-17 13:25:00", bolus="Normal", selected="2.5", number="1", source=FOOD)
    two = cgm(P780)
    two.sensor("2025-11-17 00:02:07", [*curve(3, 12), 40, 40, 400])
    two.sensor("2025-11-17 06:00:07", ["SENSOR_INIT_CODE", "SENSOR_INIT_CODE", "SENSOR_CAL_NEEDED_CODE", "SENSOR_ERROR", "SENSOR_END_OF_LIFE", "SENSOR_NEVER_SEEN"])  # fmt: skip
    two.sensor("2025-11-17 13:10:07", curve(4, 4))
    two.say("2025-11-17 00:00:00", marker="Start of the day")
    two.say("2025-11-17 00:00:00", marker="Start of the day")
    head = above("16/11/2025 00:00:00", "28/11/2025 00:00:00", P780[:1], P780[1:], ["Guardian™ 4 Sensor"])
    return Book(head, [one, sums(("2025-11-16", ""), ("2025-11-17", "9.739")), two]).csv()


def autumn_780g() -> bytes:
    """780G whose clock was set back 6.5 hours late; sensor readings show the hour twice; the loop opens and closes."""
    one = pump(P780)
    for stamp, rate in (
        ("2023-10-28 22:00:00", "0.8"),
        ("2023-10-29 00:00:00", "0.5"),
        ("2023-10-29 06:00:00", "0.55"),
    ):
        one.say(stamp, basal=rate)
    one.say("2023-10-29 01:31:19", estimate="2.2", ratio="10", carbs="22.00", asked="0", food="2.2", correction="0", status="Delivered")  # fmt: skip
    one.rows.sort(key=lambda row: row[0])
    one.dose("2023-10-29 08:20:10", "2023-10-29 08:21:10", "1.5", "71", FOOD)
    one.say("2023-10-29 08:45:00", alarm="ALERT ON LOW: tone and vibration")
    one.say("2023-10-29 09:30:38", new="2023/10/29 08:30:38")
    one.say("2023-10-29 08:30:38")
    one.say("2023-10-29 08:30:38", basal="0.7")
    one.say("2023-10-29 08:45:00", alarm="ALERT ON LOW: tone and vibration")
    one.say("2023-10-29 10:00:00", basal="0.8")
    one.say("2023-10-29 10:44:00", basal="0.8")
    one.say("2023-10-29 10:46:21", temp="150", temp_type="Percent", temp_for="02:00:00")
    one.say("2023-10-29 10:46:21", basal="1.2")
    one.say("2023-10-29 10:45:00", basal="0.8")
    one.say("2023-10-29 11:50:48", estimate="2", high="120", low="90", ratio="9.50", isf="50", carbs="0.00", asked="236", correction="2.3", food="0", active="0.3", status="Delivered")  # fmt: skip
    one.dose("2023-10-29 11:50:48", "2023-10-29 11:52:09", "2", "72", WIZARD)
    one.say("2023-10-29 12:00:00", basal="1.35")
    one.say("2023-10-29 12:00:00", basal="0.9")
    one.say("2023-10-29 12:46:21", basal="0.9")
    one.say("2023-10-29 14:00:00", basal="0.9")
    one.say("2023-10-29 14:00:00", basal="0.9")
    one.say("2023-10-29 14:26:12", basal="0", suspend="PLGM_PREDICTED_LOW_SG")
    one.say("2023-10-29 14:26:12", alarm="SUSPEND BEFORE LOW ALARM, QUIET: tone and vibration")
    one.say("2023-10-29 14:33:02", suspend="NORMAL_PUMPING")
    one.say("2023-10-29 14:33:02", basal="0.9")
    one.say("2023-10-29 16:00:00", basal="0.9")
    one.say("2023-10-30 00:00:00", basal="0.5")
    two = cgm(P780)
    two.sensor("2023-10-28 20:00:09", curve(9, 60))
    two.sensor("2023-10-29 08:05:09", [110, 112, 114, 116, 118, 120, 119, 119, 118, 119, 121, 122, 123, 124, 125, 126, 127, 127])  # fmt: skip
    two.sensor("2023-10-29 08:35:09", [126, 122, 118, 116, 115, 113, 110, 108, 107, 106, 105, 104, 103, 103])
    two.sensor("2023-10-29 23:00:09", [99, 98])
    head = above("02/09/2023 00:00:00", "31/10/2023 00:00:00", P780[:1], P780[1:], ["Guardian™ 4 Sensor"])
    return Book(head, [one, sums(("2023-10-28", "15.468"), ("2023-10-29", "10.61")), two], first=99).csv()


def two_pumps() -> bytes:
    """A 640G and then a 780G that starts in 2016 until it is set; dual and interrupted doses, a cancelled estimate."""
    old = pump(P640, MINIMED_640G)
    for hour, rate in ((0, "0.7"), (6, "0.65"), (12, "0.85")):
        for _ in range(2):
            old.say(f"2021-03-07 {hour:02d}:00:00", basal=rate)
    old.say("2021-03-07 00:00:00", action="180")
    old.rows.sort(key=lambda row: row[0])
    for seconds, status in ((41, "Not Delivered"), (47, "Delivered")):
        stamp = f"2021-03-07 12:01:{seconds}"
        carbs = "40.00" if status == "Not Delivered" else "44.00"
        old.say(stamp, estimate="5.6", high="120", low="90", ratio="8.00", isf="60", carbs=carbs, asked="0", correction="0", food="5.6", active="0.65", status=status)  # fmt: skip
        old.say(stamp, unabsorbed="-0.05", final="5.6", scroll="STEP_0_POINT_05")
    for part, units, over in (("Dual (normal part)", "3.35", ""), ("Dual (square part)", "2.25", "02:00:00")):
        old.say("2021-03-07 12:01:52", bolus=part, selected=units, number="26", source=WIZARD, **({"over": over} if over else {}))  # fmt: skip
    old.say("2021-03-07 12:04:06", bolus="Dual (normal part)", selected="3.35", delivered="3.35", number="26", source=WIZARD)  # fmt: skip
    old.say("2021-03-07 12:30:05", bg="136", meter="BG0000001B")
    old.say("2021-03-07 12:30:05", bg="136", meter="BG0000001B")
    old.say("2021-03-07 12:30:30", calibration="136")
    old.say("2021-03-07 13:10:00", basal="0", suspend="USER_SUSPEND")
    old.say("2021-03-07 13:10:00", bolus="Dual (square part)", number="26", cancelled="User Request")
    old.say("2021-03-07 13:10:00", bolus="Dual (square part)", selected="2.25", delivered="1.225", over="01:06:00", number="26", source=WIZARD)  # fmt: skip
    old.say("2021-03-07 14:00:00", basal="0.85")
    old.say("2021-03-07 14:40:00", alarm="LOW BATTERY PUMP")
    old.say("2021-03-07 14:50:00", alarm="LOW BATTERY PUMP")
    old.say("2021-03-07 14:55:12", cleared="LOW BATTERY PUMP")
    new = pump(P780)
    new.say("2016-01-01 00:00:00", new="2016/01/01 00:00:00")
    new.say("2016-01-01 00:00:08", alarm="INSERT BATTERY ALARM, DELIVERY STOPPED: tone")
    new.say("2016-01-01 00:01:00", basal="0")
    new.say("2016-01-01 00:01:10", new="2021/03/08 09:21:40")
    new.say("2021-03-08 09:21:40")
    new.say("2021-03-08 09:39:27", ble="BG Meter (10000000001) was added")
    new.say("2021-03-08 09:49:13", basal="0.75")
    new.dose("2021-03-08 12:11:05", "2021-03-08 12:11:47", "1.025", "1", WIZARD)
    new.say("2021-03-08 12:20:00", alarm="AN ALERT THAT NOBODY KNOWS: vibration")
    far = Section(P780[0], "Pump", P780[1], MINIMED_780G, "Aggregated Auto Insulin Data ")
    for day in ("2015-12-31", "2016-01-01", "2021-03-08"):
        far.say(f"{day} 00:00:00")
    first, second = cgm(P640, MINIMED_640G), cgm(P780)
    first.sensor("2021-03-07 06:01:00", curve(5, 6))
    second.sensor("2021-03-08 10:12:17", ["SENSOR_INIT_CODE", *curve(6, 4)])
    second.say("2016-01-01 00:00:08", marker="Start of the day")
    head = above("08/03/2021 00:00:00", "05/06/2021 00:00:00", (P640[0], P780[0]), (P640[1], P780[1]), ["Guardian™ Sensor 3", "Guardian™ 4 Sensor"])  # fmt: skip
    return Book(head, [old, first, new, far, second]).csv()


def resaved() -> list[Row]:
    """The week of the 780G as a spreadsheet has it: days since 1899-12-30, parts of a day, #NAME?, points."""
    rows = [line.split(";") for line in week_780g().decode("utf-8-sig").replace('"', "").split("\r\n")]
    return [_resaved([cell.replace(",", ".") for cell in row]) for row in rows]


def _resaved(row: Row) -> Row:
    if row[0].startswith("----"):
        return ["#NAME?", *row[1:4], "#NAME?" if row[4].startswith("----") else row[4]]
    if len(row) > 10 and row[1].startswith("2025/11/"):
        hour, minute, second = map(int, row[2].split(":"))
        part = (hour * 3600 + minute * 60 + second) / 86_400
        return [
            row[0].removesuffix(".00000"),
            str(45_961 + int(row[1][-2:])),
            f"{part:.9f}".rstrip("0").rstrip("."),
            *row[3:],
        ]
    return row


def serials() -> bytes:
    """Re-saved as CSV by a spreadsheet: numbers instead of dates, commas instead of semicolons."""
    rows = resaved()
    width = max(len(row) for row in rows)
    return "".join(",".join(row + [""] * (width - len(row))) + "\r\n" for row in rows).encode()


def mmol() -> bytes:
    """A 780G in mmol/L with exchanges and commas between cells."""
    header = [name.replace("mg/dL", "mmol/L") for name in MINIMED_780G]
    header = [{"BWZ Carb Input (grams)": "BWZ Carb Input (exchanges)", "BWZ Carb Ratio (g/U)": "BWZ Carb Ratio (U/Ex)"}.get(name, name) for name in header]  # fmt: skip
    one, two = pump(P780, header), cgm(P780, header)
    one.say("2025-05-04 08:00:00", estimate="2.5", high="6.7", low="5.0", ratio="1.00", isf="2.8", carbs="2.50", asked="7.1", correction="0", food="2.5", active="0", status="Delivered")  # fmt: skip
    one.dose("2025-05-04 08:00:00", "2025-05-04 08:01:40", "2.5", "7", WIZARD)
    one.say("2025-05-04 09:00:00", source_bg="ENTERED_IN_BG_ENTRY", bg="7.1")
    for minute, value in ((2, "5.0"), (7, "2.2"), (12, "22.2"), (17, "6.1")):
        two.say(f"2025-05-04 08:{minute:02d}:11", sg=value, isig="20.1")
    head = above("04/05/2025 00:00:00", "05/05/2025 00:00:00", P780[:1], P780[1:], ["Guardian™ 4 Sensor"])
    return Book(head, [one, two], delimiter=",").csv()


def files() -> dict[str, bytes]:
    """Every recording by name."""
    return {
        "780g-in-the-loop.csv": week_780g(),
        "780g-clock-set-late.csv": autumn_780g(),
        "780g-mmol-exchanges.csv": mmol(),
        "780g-resaved-serial-dates.csv": serials(),
        "640g-then-780g.csv": two_pumps(),
        **older_files(),
    }
