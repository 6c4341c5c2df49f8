"""LibreLinkUp answers as its service gives them (libre.md B): connections, graph, logbook, and what is no data.

Law: exact in form, invented people, serials and values, made from fixed numbers. FactoryTimestamp is UTC and
Timestamp the phone's, both month first; mmol/L is mg/dL divided by 18 and rounded half up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.adapters.curve import Curve, Dice

Record = dict[str, Any]
PATIENT = "3c0e7b5a-1d52-4f0b-9b57-0d6f4a1c2e88"
OTHER = "9a4d1f60-7b11-4c1e-8f7e-5f0a2b7d3c41"
SENSOR, BEFORE = "0M00XA7Q2K", "0M00WZ81TD"
APP = "5d0b6c52-8a34-4e19-a1d7-c20f6e9b7712"
TICKET = {"token": "invented.token.of-nobody", "expires": 1_790_000_000, "duration": 15_552_000_000}


def stamp(instant: datetime) -> str:
    """A time as the service writes it."""
    return f"{instant.month}/{instant.day}/{instant.year} {instant:%I:%M:%S %p}".replace(" 0", " ", 1)


def epoch(instant: datetime) -> int:
    """Seconds since 1970 of a UTC wall time."""
    return int(instant.replace(tzinfo=UTC).timestamp())


def molar(value: int) -> float:
    """mmol/L as Abbott rounds it."""
    return (value * 10 + 9) // 18 / 10


def measured(
    utc: datetime, value: int, zone: str = "Europe/Berlin", kind: int = 0, mmol: bool = False, **more: Any
) -> Record:
    """A measurement. Above and below the range the number is the floor or ceiling."""
    local = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    kept = min(max(value, 40), 500)
    record: Record = {
        "FactoryTimestamp": stamp(utc),
        "Timestamp": stamp(local),
        "type": kind,
        "ValueInMgPerDl": kept,
        "MeasurementColor": 1,
        "GlucoseUnits": 0 if mmol else 1,
        "Value": molar(kept) if mmol else kept,
        "isHigh": value > 500,
        "isLow": value < 40,
    }
    if kind:
        record |= {"TrendArrow": 3, "TrendMessage": None}
    return record | more


def sensor(serial: str, activated: datetime, **more: Any) -> Record:
    """A sensor of a connection."""
    return {
        "deviceId": "",
        "sn": serial,
        "a": epoch(activated),
        "w": 60,
        "pt": 4,
        "s": True,
        "lj": False,
    } | more


def connection(current: Record | None, worn: Record | None, **more: Any) -> Record:
    """A followed person."""
    return {
        "id": "b7f0c6de-55c3-4be2-8b3c-6b0a5a0d9e10",
        "patientId": PATIENT,
        "country": "DE",
        "status": 2,
        "firstName": "Ada",
        "lastName": "Muster",
        "targetLow": 70,
        "targetHigh": 180,
        "uom": 1,
        "sensor": worn,
        "alarmRules": {"c": True, "h": {"on": True, "th": 240, "thmm": 13.3, "d": 1440, "f": 0.1}, "std": {}},
        "glucoseMeasurement": current,
        "glucoseItem": current,
        "glucoseAlarm": None,
        "patientDevice": {"did": APP, "dtid": 40068, "v": "3.6.1", "ll": 70, "hl": 240, "u": 1_788_200_000},
        "created": 1_760_000_000,
    } | more


def points(start: datetime, count: int, seed: int, **more: Any) -> list[Record]:
    """Points of a graph, five minutes apart."""
    curve = Curve(Dice(seed))
    return [measured(start + timedelta(minutes=5 * index), curve.step(), **more) for index in range(count)]


def answer(data: object) -> Record:
    """The envelope of every answer."""
    return {"status": 0, "data": data, "ticket": TICKET}


def graph(one: Record, active: list[Record], history: list[Record]) -> Record:
    """The answer to graph."""
    device = {
        "did": APP,
        "dtid": 40068,
        "v": "3.6.1",
        "l": True,
        "ll": 70,
        "h": True,
        "hl": 240,
        "u": 1_788_200_000,
    }
    return answer(
        {
            "connection": one,
            "activeSensors": [{"sensor": each, "device": device} for each in active],
            "graphData": history,
        }
    )


START = datetime(2026, 10, 6, 4, 50, 40)
WORN = sensor(SENSOR, datetime(2026, 10, 1, 8, 4, 38))


def german_graph() -> Record:
    """Twelve hours in mg/dL, the current value twenty minutes younger than the last point, odd in its seconds."""
    history = points(START, 141, 71)
    history[30], history[31] = (
        measured(START + timedelta(minutes=150), 512),
        measured(START + timedelta(minutes=155), 38),
    )
    current = measured(START + timedelta(minutes=717, seconds=7), 143, kind=1, TrendArrow=4)
    return graph(connection(current, WORN), [WORN], history)


def british_graph() -> Record:
    """An account in mmol/L: Value is rounded, ValueInMgPerDl is what the sensor said."""
    more: Record = {"zone": "Europe/London", "mmol": True}
    current = measured(START + timedelta(minutes=80, seconds=9), 198, kind=1, **more)
    one = connection(current, WORN, country="GB", uom=0, firstName="Grace", lastName="Beispiel")
    return graph(one, [WORN], points(START, 12, 72, **more))


def changed_sensor() -> Record:
    """A sensor changed within the twelve hours: points are older than the one and than both."""
    new = sensor(SENSOR, START + timedelta(minutes=42))
    old = sensor(BEFORE, START + timedelta(minutes=12))
    current = measured(START + timedelta(minutes=118, seconds=4), 121, kind=1)
    return graph(connection(current, new), [new, old], points(START, 20, 73))


def current_in_graph() -> Record:
    """The current value stands in the graph, too; one point is of a minute of its own."""
    history = points(START, 6, 74)
    last = history[-1]
    return graph(connection(last | {"type": 1, "TrendArrow": 2, "TrendMessage": None}, WORN), [WORN], history)


def without_sensor() -> Record:
    """The phone was off: no sensor, no current value but the copy of it."""
    one = connection(None, None, glucoseItem=measured(START, 133, kind=1))
    return answer([one])


def connections() -> Record:
    """One followed person, with an alarm."""
    current = measured(START, 52, kind=1, TrendArrow=1)
    alarm = measured(START - timedelta(minutes=3), 55, kind=2, alarmType=0)
    return answer([connection(current, WORN, glucoseAlarm=alarm)])


def two_people() -> Record:
    """An account that follows two."""
    one = connection(measured(START, 110, kind=1), WORN)
    two = connection(
        measured(START, 171, kind=1), None, patientId=OTHER, firstName="Kim", lastName="Beispiel"
    )
    return answer([one, two])


def logbook() -> Record:
    """Two weeks of scans and alarms, the newest first, over the end of summer time."""
    alone: Record = {"ValueInMgPerDl": None, "Value": None, "isHigh": None, "isLow": None}
    return answer(
        [
            measured(datetime(2026, 10, 26, 7, 13, 36), 197, kind=1, TrendArrow=5),
            measured(datetime(2026, 10, 25, 1, 8, 19), 181, kind=1, TrendArrow=4),
            measured(datetime(2026, 10, 25, 0, 8, 19), 176, kind=1, TrendArrow=2),
            measured(datetime(2026, 10, 24, 20, 41, 2), 66, kind=3, alarmType=1, TrendArrow=1),
            measured(datetime(2026, 10, 24, 3, 2, 55), 55, kind=2, alarmType=0, **alone),
            measured(datetime(2026, 10, 23, 15, 30, 1), 260, kind=3, alarmType=2, TrendArrow=5),
            measured(datetime(2026, 10, 23, 15, 12, 40), 240, kind=2, alarmType=7, **alone),
            measured(datetime(2026, 10, 22, 22, 2, 17), 501, kind=1, TrendArrow=0),
            measured(datetime(2026, 10, 22, 9, 44, 8), 39, kind=1, TrendArrow=0),
            measured(datetime(2026, 10, 21, 11, 5, 30), 401, kind=1, TrendArrow=0, isHigh=True),
        ]
    )


def text(document: object) -> bytes:
    """A document as it comes over the line."""
    return json.dumps(document, indent=1).encode() + b"\n"


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    made = {
        "graph-mgdl.json": german_graph(),
        "graph-mmol.json": british_graph(),
        "graph-sensor-changed.json": changed_sensor(),
        "graph-current-value-twice.json": current_in_graph(),
        "connections.json": connections(),
        "connections-without-sensor.json": without_sensor(),
        "logbook-end-of-summer-time.json": logbook(),
    }
    return {name: text(document) for name, document in made.items()}


STEP = {"componentName": "AcceptDocument", "props": {"reaccept": True, "titleKey": "Common.termsOfUse"}}
USER = {"id": PATIENT, "firstName": "Ada", "lastName": "Muster", "email": "ada@example.org", "uom": "1"}
NO_DATA: dict[str, Record] = {
    "login": {"status": 0, "data": {"user": USER, "messages": {"unread": 0}, "authTicket": TICKET}},
    "terms": {"status": 4, "data": {"step": {"type": "tou", **STEP}, "user": USER, "authTicket": TICKET}},
    "privacy": {"status": 4, "data": {"step": {"type": "pp", **STEP}, "user": USER, "authTicket": TICKET}},
    "redirect": {"status": 0, "data": {"redirect": True, "region": "eu2"}},
    "refused": {"status": 2, "error": {"message": "notAuthenticated"}},
    "not-followed": {"status": 4, "error": {"message": "couldNotLoadPatient"}},
    "locked": {"code": 60, "data": {"failures": 3, "interval": 60, "lockout": 300}, "message": "locked"},
    "too-old": {"status": 920, "data": {"minimumVersion": "4.16.0"}},
    "header": {"message": "RequiredHeaderMissing"},
    "profile": {"status": 0, "data": {"user": USER}, "ticket": TICKET},
    "follows-nobody": answer([]),
    "encrypted": {"data": "bm9uY2U.Y2lwaGVy.dGFn", "signature": "c2lnbmF0dXJl"},
}
"""Answers in which no readings are, by what they are."""
