"""Answers of Dexcom Share as followers get them (dexcom.md A2): today's form, the old one, and a receiver's errors.

Law: exact in form, invented in content, from fixed numbers. The newest value stands first.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.adapters.curve import Curve, Dice

Record = dict[str, Any]
WORDS = ("None", "DoubleUp", "SingleUp", "FortyFiveUp", "Flat", "FortyFiveDown", "SingleDown", "DoubleDown")


def _ms(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def value(moment: datetime, shown: str, amount: int, trend: object) -> Record:
    """One value of a phone; `shown` is the offset of its display."""
    at = _ms(moment)
    return {
        "WT": f"Date({at})",
        "ST": f"Date({at})",
        "DT": f"Date({at}{shown})",
        "Value": amount,
        "Trend": trend,
    }


def day() -> list[Record]:
    """A morning, by phone, with values out of range and a flight in it."""
    curve, start, found = Curve(Dice(11)), datetime(2026, 4, 2, 5, 0, 13, 817_000), []
    for index in range(36):
        amount = min(max(curve.step(), 39), 401)
        amount = 39 if index == 20 else 401 if index == 21 else amount
        shown = "+0200" if index < 18 else "-0400"
        found.append(value(start + timedelta(minutes=5 * index), shown, amount, WORDS[index % 8]))
    return found[::-1]


def old() -> list[Record]:
    """Slashes, trends as numbers and in capitals; a receiver's display and system clocks are hours off."""
    start, found = datetime(2026, 4, 3, 5, 0, 59), []
    for index, trend in enumerate([*range(10), "SINGLE_DOWN", "FORTY_FIVE_UP", "sideways", None]):
        at = _ms(start + timedelta(minutes=5 * index))
        one = {"DT": f"/Date({at - 25_200_000}-0700)/", "ST": f"/Date({at + 3_600_000})/", "Trend": trend}
        found.append({**one, "Value": 90 + index, "WT": f"/Date({at})/"})
    found[-1]["DT"] = found[-1]["DT"].replace("-0700", "")
    return found[::-1]


def errors() -> list[Record]:
    """What a receiver sends where there is no glucose."""
    start = datetime(2026, 4, 4, 5, 0, 1)
    amounts = [1, 2, 3, 5, 6, 9, 10, 12, 7, 38, 39, 40, 104, 110, 112, None]
    found = [
        value(start + timedelta(minutes=5 * index), "+0200", amount or 0, "Flat")
        for index, amount in enumerate(amounts)
    ]
    found[-1]["Value"] = None
    return found[::-1]


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    return {
        "values-a-morning.json": json.dumps(day(), separators=(",", ":")).encode(),
        "values-old-receiver.json": json.dumps(old(), separators=(",", ":")).encode(),
        "values-errors.json": json.dumps(errors(), separators=(",", ":")).encode(),
        "values-one.json": json.dumps(day()[:1], separators=(",", ":")).encode(),
    }
