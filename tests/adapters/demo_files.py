"""The demonstration's person at three more vendors: the pump and the sensors of the summer before, and the family's
Nightscout of today.

Law: the same invented child as in the other demonstration files; exact in form, made from fixed numbers. What is
older than the granted days shows what is held back, and the follower's copies that each reading leaves once.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.adapters import clarity_files, eversense_files
from tests.adapters.carelink_files import FOOD, P780, above, cgm, curve, pump
from tests.adapters.carelink_rows import Book
from tests.adapters.curve import Dice
from tests.adapters.nightscout_entries import document, ms, oid, z

FOLLOWED = datetime(2026, 11, 11)
"""The first local day that the family's Nightscout holds."""
BASAL = (("00:00:00", "0.35"), ("04:00:00", "0.5"), ("09:00:00", "0.4"), ("18:00:00", "0.45"))


def carelink() -> bytes:
    """Three days of a 780G in July, before the change to pens."""
    one, two, dice = pump(P780), cgm(P780), Dice(4711)
    for number in range(3):
        day = f"2026-07-{20 + number}"
        told = [(f"{day} {clock}", {"basal": rate}) for clock, rate in BASAL]
        for meal, hour in enumerate((7, 12, 18)):
            units = f"{dice.roll(10, 60) / 20:.2f}"
            said = f"{day} {hour:02d}:{dice.roll(0, 50):02d}:10"
            given = str(datetime.fromisoformat(said) + timedelta(seconds=70))
            cells = {"bolus": "Normal", "selected": units, "number": str(number * 3 + meal), "source": FOOD}
            told += [(said, cells), (given, {**cells, "delivered": units})]
        for stamp, cells in sorted(told, key=lambda row: row[0]):
            one.say(stamp, **cells)
        two.sensor(f"{day} 00:02:07", curve(50 + number, 287))
    head = above("20/07/2026 00:00:00", "22/07/2026 00:00:00", P780[:1], P780[1:], ["Guardian™ 4 Sensor"])
    return Book(head, [one, two]).csv()


def eversense() -> bytes:
    """Four days of an implanted sensor in August."""
    return eversense_files.csv(eversense_files.rows(datetime(2026, 8, 3, 0, 1), 1152, 8))


def nightscout() -> bytes:
    """What the Share bridge wrote of the same sensor: the last four days of the Clarity file once more."""
    records: list[dict[str, Any]] = []
    export = clarity_files.demo_files()["demo-clarity-2026-11-14.csv"].decode("utf-8-sig")
    for row in csv.reader(export.splitlines()):
        if row[2] != "EGV" or datetime.fromisoformat(row[1]) < FOLLOWED:
            continue
        at = datetime.fromisoformat(row[1]).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        sgv = {"Low": 39, "High": 401}.get(row[7]) or int(row[7])
        records.append(
            {
                "_id": oid(len(records)),
                "sgv": sgv,
                "date": ms(at),
                "dateString": z(at),
                "direction": "Flat",
                "device": "share2",
                "type": "sgv",
                "utcOffset": 0,
                "sysTime": z(at),
            }
        )
    return document(records[::-1])
