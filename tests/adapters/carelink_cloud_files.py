"""The recordings of conformance/carelink-cloud: one for each generation and each trap of the cloud (carelink.md B).

Law: invented people, values and serials; made from fixed numbers, the same bytes each time.
"""

from __future__ import annotations

import json

from tests.adapters.carelink_cloud_2021 import Answer, of_2015, of_2021
from tests.adapters.carelink_cloud_2025 import of_2025, wrapped
from tests.adapters.carelink_cloud_day import Clock, Day, Poll, day

HOURS = 3600
LOS_ANGELES, DALLAS, BERLIN = Clock(-7 * HOURS), Clock(-5 * HOURS), Clock(HOURS)
KOLKATA, ST_JOHNS = Clock(5 * HOURS + 1800), Clock(-3 * HOURS - 1800)


def compact(answer: Answer) -> bytes:
    """An answer as the cloud sends it: no blanks."""
    return json.dumps(answer, separators=(",", ":")).encode()


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    answers = {
        "2015-paradigm-silent-phone": paradigm(),
        "2021-770g-new-sensor": new_sensor(),
        "2021-770g-clock-moved": clock_moved_in_2021(),
        "2024-740g-suspended-kolkata": suspended(),
        "2025-780g-st-johns": st_johns(),
        "2025-780g-st-johns-next-poll": st_johns(289),
        "2025-780g-clock-moved-forward": moved_forward(),
        "2025-780g-clock-moved-back": moved_back(),
        "2025-780g-pump-left-at-home-time": pump_at_home_time(),
        "2025-780g-without-clocks": without_clocks(),
        "2026-simplera-wrapped": simplera(),
        "2026-mmol-account": mmol(),
        "2026-mmol-account-in-mgdl": mmol_in_mgdl(),
    }
    return {f"{name}.json": compact(answer) for name, answer in answers.items()}


def paradigm() -> Answer:
    """2015: two slots without a value, limits that change by day and night, a phone silent for an hour."""
    found = day("2015-10-18T14:20:00", DALLAS, 15)
    found.state("", range(100, 102)).state("", range(287, 288))
    found.alarm(120, 18, 102, "", kind="ALARM")
    return of_2015(Poll(found, 287, limits=((0, 70, 180), (390, 70, 200), (1260, 70, 180))))


def sensor_day(clock: Clock = LOS_ANGELES) -> Day:
    """A sensor is changed: a refused calibration, lost data, warm-up, calibrations, the automatic mode off and on."""
    found = day("2021-04-14T08:06:00", clock, 21)
    found.state("WAIT_TO_CALIBRATE", range(40, 41)).state("NO_DATA_FROM_PUMP", range(41, 60))
    found.state("WARM_UP", range(60, 82)).state("CALIBRATION_REQUIRED", range(82, 85))
    found.state("WAIT_TO_CALIBRATE", range(85, 87)).state("CALIBRATION_REQUIRED", range(87, 91))
    found.glucose[200], found.glucose[201] = (0, "SG_BELOW_40_MGDL"), (0, "SG_ABOVE_400_MGDL")
    found.basal(range(2, 30)).basal(range(92, 110))
    found.meal(16, 25, 5.925, "UNDETERMINED").meal(157, 55, 13.75, "UNDETERMINED").dose(220, 1.2, "MANUAL")
    found.dose(150, 0.3, "AUTOCORRECTION")
    found.add(16, 52, "BG_READING", value=162).add(
        39, 120, "CALIBRATION", value=200, calibrationSuccess=False
    )
    found.add(91, 20, "CALIBRATION", value=130, calibrationSuccess=True).add(91, 20, "BG_READING", value=130)
    found.add(58, 41, "AUTO_MODE_STATUS", autoModeOn=False).add(92, 16, "AUTO_MODE_STATUS", autoModeOn=True)
    found.alarm(39, 141, 776, "BC_SID_WAIT_AT_LEAST_15_MINUTES")
    found.alarm(48, 20, 780, "BC_SID_MOVE_PUMP_CLOSER_TO_MINILINK")
    found.alarm(135, 15, 784, "BC_SID_SG_RISE_RAPID").alarm(
        135, 15, 817, "BC_SID_SG_APPROACH_HIGH_LIMIT_CHECK_BG"
    )
    found.alarm(160, 30, 105, "BC_MESSAGE_TIME_REMAINING_CHANGE_RESERVOIR")
    found.alarm(250, 5, 820, "BC_MESSAGE_BASAL_STARTED").alarm(
        280, 5, 795, "BC_SID_ENSURE_CONNECTION_SECURE", 0
    )
    return found


def new_sensor() -> Answer:
    """2021: all of that day, and two names that a fault of the cloud broke."""
    limits = ((0, 70, 170), (180, 60, 200), (840, 70, 170))
    found = of_2021(Poll(sensor_day(), 287, limits=limits))
    broken = found["sgs"][7]
    broken["timeC hange"], broken["relat iveOffset"] = broken.pop("timeChange"), broken.pop("relativeOffset")
    found["limits"][0]["index"] = 0
    return found


def clock_moved_in_2021() -> Answer:
    """2021: the clock was moved two hours back at slot 120; stamps are as it showed them, elapsed seconds are not."""
    clock = Clock(-5 * HOURS, ((day("2021-04-14T08:06:00", DALLAS, 0).at(120, -100), -7 * HOURS),))
    found = sensor_day(clock).add(120, -99, "TIME_CHANGE")
    return of_2021(Poll(found, 287, phone=-7 * HOURS))


def suspended() -> Answer:
    """2024, India: suspended before low twice (once until now), a dose cut off, a dose over two hours, and what the
    cloud makes up at the window's start."""
    found = day("2024-12-10T15:04:00", KOLKATA, 24)
    found.add(50, 24, "LOW_GLUCOSE_SUSPENDED", deliverySuspended=True)
    found.add(59, 29, "LOW_GLUCOSE_SUSPENDED", deliverySuspended=False)
    found.add(284, 24, "LOW_GLUCOSE_SUSPENDED", deliverySuspended=True)
    found.meal(120, 60, 8.0)
    found.dose(140, 6.0, "MANUAL", deliveredFastAmount=2.35, completed=False)
    parts = {"programmedExtendedAmount": 3.0, "deliveredExtendedAmount": 3.0, "effectiveDuration": 120}
    found.dose(180, 2.0, "RECOMMENDED", bolusType="DUAL", programmedDuration=120, **parts)
    cut = {"programmedExtendedAmount": 4.0, "deliveredExtendedAmount": 1.5, "effectiveDuration": 45}
    found.dose(230, 0.0, "MANUAL", bolusType="SQUARE", programmedDuration=120, completed=False, **cut)
    found.alarm(50, 24, 809, "BC_SID_SUSPEND_ON_LOW").alarm(70, 3, 802, "BC_SID_LOW_SG")
    return of_2021(Poll(found, 287, shield="FEATURE_OFF"), made_up=True)


def guardian_day(start: str, clock: Clock) -> Day:
    """A day with a Guardian 4: low and high beyond what is shown, a suspension with its alarm, changes of mode."""
    found = day(start, clock, 25)
    found.glucose[30], found.glucose[31] = (0, "SG_BELOW_40_MGDL"), (0, "SG_BELOW_40_MGDL")
    found.glucose[70] = (0, "SG_ABOVE_400_MGDL")
    found.state("CHANGE_SENSOR", range(180, 181)).state("NO_DATA_FROM_PUMP", range(181, 187))
    found.state("WARM_UP", range(187, 210))
    found.basal(range(3, 40)).basal(range(215, 225))
    found.meal(60, 45, 6.3).meal(130, 12, 2.075).dose(90, 0.375, "AUTOCORRECTION")
    found.add(100, 30, "BG_READING", value=101).add(
        100, 58, "CALIBRATION", value=101, calibrationSuccess=True
    )
    found.add(110, 5, "AUTO_MODE_STATUS").add(214, 40, "AUTO_MODE_STATUS")
    found.add(140, 24, "LOW_GLUCOSE_SUSPENDED").add(149, 30, "LOW_GLUCOSE_SUSPENDED")
    found.alarm(140, 25, 811, "").alarm(60, 7, 816, "").alarm(31, 12, 802, "", kind="ALARM")
    return found.alarm(180, 7, 794, "").alarm(240, 31, 805, "")


def st_johns(last: int = 287) -> Answer:
    """2025, Newfoundland: that day. One slot later the window has moved."""
    found = guardian_day("2025-02-10T11:02:00", ST_JOHNS)
    return of_2025(Poll(found, last, floor=50, limits=((0, 80, 165), (420, 70, 180))))


def moved_forward() -> Answer:
    """2025: the clock was moved three hours forward at slot 59, to the second with which a thumb does it."""
    at = day("2025-03-13T19:31:00", Clock(0), 0).at(59, 95)
    clock = Clock(-10 * HOURS, ((at, -7 * HOURS + 1),))
    found = guardian_day("2025-03-13T19:31:00", clock)
    found.events.append(type(found.events[0])(at, "TIME_CHANGE"))
    return of_2025(Poll(found, 287, floor=50, phone=-7 * HOURS, shield="FEATURE_OFF"))


def moved_back() -> Answer:
    """2025: the clock was moved an hour back on the morning after summer time ended; an hour was shown twice."""
    at = day("2025-10-25T08:00:00", Clock(0), 0).at(264, 40)
    clock = Clock(2 * HOURS, ((at, HOURS - 2),))
    found = guardian_day("2025-10-25T08:00:00", clock)
    found.events.append(type(found.events[0])(at, "TIME_CHANGE"))
    return of_2025(Poll(found.basal(range(246, 285)), 287, floor=50, phone=HOURS))


def pump_at_home_time() -> Answer:
    """2025: a pump left at the time of Berlin while the phone went to New York."""
    return of_2025(
        Poll(guardian_day("2025-06-01T09:00:00", Clock(2 * HOURS)), 287, floor=50, phone=-4 * HOURS)
    )


def without_clocks() -> Answer:
    """An answer that tells no time of pump, phone or server but one."""
    found = of_2025(Poll(guardian_day("2026-01-10T09:00:00", BERLIN), 287, floor=50))
    for name in ("medicalDeviceTime", "lastConduitDateTime"):
        found.pop(name)
    return found


def simplera() -> Answer:
    """2026: a disposable sensor, the wrapper, an alarm that is not pressed away, and one from the future."""
    found = (
        day("2026-03-01T06:01:00", BERLIN, 26).basal(range(10, 60)).meal(80, 54, 12.0).meal(200, 11, 2.425)
    )
    found.alarm(90, 51, 817, "").alarm(95, 54, 802, "", kind="ALARM").alarm(270, 4, 805, "", 0)
    answer = of_2025(Poll(found, 287, floor=50, sent=-110), disposable=True)
    late = dict(answer["notificationHistory"]["activeNotifications"][0])
    late |= {
        "referenceGUID": "880A0000-8003-0000-E70D-C42E00000000",
        "triggeredDateTime": "2026-03-03T05:31:04",
    }
    answer["notificationHistory"]["activeNotifications"].append(late)
    return wrapped(answer)


def mmol() -> Answer:
    """An account in mmol/L as it would be if glucose were in its unit. No such answer is public."""
    found = day("2026-03-01T06:01:00", BERLIN, 27)
    found.glucose = [(round(sg / 18.01559, 1), state) for sg, state in found.glucose]  # type: ignore[misc]
    found.glucose[40], found.glucose[41] = (0, "SG_BELOW_40_MGDL"), (30, "NO_ERROR_MESSAGE")
    found.add(50, 30, "BG_READING", value=6.4).add(90, 0, "CALIBRATION", value=7.1, calibrationSuccess=True)
    found.alarm(90, 51, 817, "")
    return of_2025(Poll(found, 287, floor=50, unit="MMOL_L", limits=((0, 3.9, 10.0),)))


def mmol_in_mgdl() -> Answer:
    """An account in mmol/L as it would be if glucose stayed in mg/dL."""
    found = guardian_day("2026-03-01T06:01:00", BERLIN)
    found.events = [each for each in found.events if each.type != "CALIBRATION" and each.type != "BG_READING"]
    return of_2025(Poll(found, 287, floor=50, unit="MMOL_L"))
