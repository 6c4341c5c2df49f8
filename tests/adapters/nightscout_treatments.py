"""Nightscout treatments as each uploader writes them, made from fixed numbers; no person, no real dose.

Law: exact in form (nightscout.md 5; the code of careportal, AAPS, Loop, Trio, iAPS, oref0, xDrip+, xDrip4iOS,
tconnectsync): which fields a record has, in which types, and what the server adds and drops.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.adapters.nightscout_entries import Record, document, local, ms, oid, v3, z

DAY = datetime(2026, 3, 27, 6, 0, 0, 250_000, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes into the day."""
    return DAY + timedelta(minutes=minutes)


def record(number: int, minutes: float, event: str | None, **fields: Any) -> Record:
    """A treatment as the server gives it out: numbers of insulin and carbohydrates or null, its own id."""
    base: Record = {"_id": oid(number), "created_at": z(at(minutes)), "utcOffset": 0}
    if event is not None:
        base["eventType"] = event
    return base | fields | {"carbs": fields.get("carbs"), "insulin": fields.get("insulin")}


def careportal() -> bytes:
    """The care portal of the server: what people typed in, in mg/dL and mmol/L."""
    by = {"enteredBy": "Grandma Wanda"}
    found = [
        record(1, 0, "Meal Bolus", insulin=5, carbs=60, notes="porridge; Wanda was here", **by),
        record(
            2,
            45,
            "Snack Bolus",
            insulin=1.25,
            carbs=15,
            glucose=7.4,
            glucoseType="Finger",
            units="mmol",
            **by,
        ),
        record(
            3, 90, "Correction Bolus", insulin=0.5, glucose="143", glucoseType="Sensor", units="mg/dl", **by
        ),
        record(4, 100, "Carb Correction", carbs=12.5, fat=3, protein=4, **by),
        record(5, 110, "BG Check", glucose=131, glucoseType="Finger", units="mg/dl", **by),
        record(6, 120, "BG Check", glucose=6.1, glucoseType="Finger", **by),
        record(7, 130, "BG Check", glucose=28, glucoseType="Finger", **by),
        record(8, 140, "BG Check", glucose=126, glucoseType="Manual", **by),
        record(9, 150, "<none>", glucose=118, glucoseType="Manual", units="mg/dl", **by),
        record(
            10,
            180,
            "Combo Bolus",
            enteredinsulin=6,
            insulin=3.6,
            carbs=75,
            splitNow=60,
            splitExt=40,
            relative=1.2,
            duration=120,
            **by,
        ),
        record(
            11,
            330,
            "Combo Bolus",
            enteredinsulin="4",
            splitNow=0,
            splitExt=100,
            relative=2,
            duration=120,
            **by,
        ),
        record(
            12, 390, "Combo Bolus", enteredinsulin=0, splitNow=0, splitExt=100, relative=0, duration=0, **by
        ),
        record(13, 400, "Temp Basal", percent=-50, duration=60, **by),
        record(14, 430, "Temp Basal", percent=50, duration=60, **by),
        record(15, 445, "Temp Basal", duration=0, **by),
        record(16, 500, "Temp Basal", absolute=0.8, duration=30, **by),
        record(17, 540, "Temp Basal", percent=-100, duration=45, **by),
        record(
            18,
            600,
            "Temporary Target",
            reason="Eating Soon",
            reasonDisplay="Eating Soon",
            targetTop=80,
            targetBottom=80,
            duration=60,
            **by,
        ),
        record(19, 620, "Temporary Target", duration=0, **by),
        record(20, 640, "Exercise", duration=45, notes="cycling", **by),
        record(21, 700, "Announcement", notes="call grandma", isAnnouncement=True, **by),
        record(22, 705, "Question", notes="is this right?", **by),
        record(23, 710, "Note", notes="sweaty", duration=10, **by),
        record(24, 720, "Site Change", notes="left side", **by),
        record(25, 730, "Insulin Change", **by),
        record(26, 735, "Pump Battery Change", **by),
        record(27, 740, "Sensor Change", sensorCode="1234", transmitterId="ABCDEF", **by),
        record(28, 745, "Sensor Start", **by),
        record(29, 750, "Sensor Stop", **by),
        record(30, 760, "D.A.D. Alert", **by),
        record(31, 770, "Profile Switch", profile="Wanda's weekend", duration=0, **by),
        record(32, 780, "OpenAPS Offline", duration=60, **by),
        record(33, 800, "OpenAPS Offline", duration=0, **by),
        record(34, 810, "Remote Carbs Entry", remoteCarbs=20, remoteAbsorption=3, otp="908172", **by),
        record(35, 815, "Remote Bolus Entry", remoteBolus=1.5, otp="817290", remoteAddress="ab12cd", **by),
        record(36, 820, "", carbs=8, notes="", **by),
        record(37, 825, None, insulin=0.75, **by),
        record(38, 830, "Dog Walk", duration=20, **by),
        record(39, 835, "Note", **by),
        record(40, 840, "Meal Bolus", insulin=0, carbs=0, **by),
        record(41, 850, "Correction Bolus", insulin=0.30000000000000004, enteredBy="Uncle Max"),
    ]
    # the same entry saved twice by an impatient thumb
    found += [record(42, 0, "Meal Bolus", insulin=5, carbs=60, notes="porridge; Wanda was here", **by)]
    return document(found[::-1])


LOOP = {"enteredBy": "loop://Wanda's iPhone"}


def _loop(minutes: float, event: str, **fields: Any) -> Record:
    stamp = at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "_id": oid(round(minutes * 10)), "eventType": event, "created_at": stamp, "timestamp": stamp, "utcOffset": 0,
        **LOOP, "carbs": None, "insulin": None,
    } | fields  # fmt: skip


def loop() -> bytes:
    """Loop: automatic doses, one that was stopped, one over half an hour, a suspension, overrides."""
    temp = {"temp": "absolute", "automatic": True, "insulinType": "Novolog"}
    plain = {"type": "normal", "unabsorbed": 0, "duration": 0.033, "insulinType": "Novolog"}
    found = [
        _loop(0, "Correction Bolus", syncIdentifier="b0", insulin=0.45, programmed=0.45, automatic=True, **plain),
        _loop(5, "Correction Bolus", syncIdentifier="b1", insulin=2.1, programmed=4, automatic=False, **plain),
        _loop(
            20, "Correction Bolus", syncIdentifier="b2", type="square", insulin=2.5, programmed=2.5, unabsorbed=0,
            duration=45, automatic=False,
        ),
        _loop(1, "Temp Basal", syncIdentifier="t0", rate=1.25, absolute=1.25, duration=4.95, amount=0.1, **temp),
        _loop(6, "Temp Basal", syncIdentifier="t1", rate=0, absolute=0, duration=30, amount=0, **temp),
        _loop(16, "Temp Basal", syncIdentifier="t2", rate=0.6, absolute=0.6, duration=30, amount=0.3, **temp),
        _loop(60, "Temp Basal", syncIdentifier="t3", rate=0, absolute=0, duration=30, reason="suspend", **temp),
        _loop(
            10, "Carb Correction", carbs=42, absorptionTime=180, foodType="🍕", identifier="C3F7A0B1-D8E9-4000-8000-01",
            userEnteredAt="2026-03-27T06:09:55Z", userLastModifiedAt="2026-03-27T06:09:55Z",
        ),
        _loop(30, "BG Check", glucose=131, glucoseType="Meter", units="mg/dL"),
        _loop(100, "Temporary Override", reason="🏃 Wanda runs", duration=60, correctionRange=[140, 160],
              insulinNeedsScaleFactor=0.5, enteredBy="Loop"),
        _loop(130, "Temporary Override", reason="Custom Override", durationType="indefinite",
              insulinNeedsScaleFactor=1.2, enteredBy="Loop (via remote command)", remoteAddress="abcdef0123456789"),
        _loop(200, "Temporary Override Cancel", enteredBy="Loop"),
        _loop(210, "Sensor Start", notes="SensorID: 8HNL3P"),
        _loop(220, "Site Change", notes="Pod"),
        _loop(230, "Note", notes="Pump Alarm"),
    ]  # fmt: skip
    # doses come once more under another id of the database
    again = {**found[0], "_id": oid(999)}
    return document([*found, again][::-1])


AAPS = {"enteredBy": "openaps://AndroidAPS"}


def _aaps(number: int, minutes: float, event: str, **fields: Any) -> Record:
    pump = {"pumpId": 4100 + number, "pumpType": "DANA_RS", "pumpSerial": "DAN00012AB"}
    return {
        "_id": oid(number), "eventType": event, "created_at": z(at(minutes)), "date": ms(at(minutes)),
        "isValid": True, **AAPS, "utcOffset": 0, **pump,
    } | fields  # fmt: skip


def aaps_v1() -> bytes:
    """AAPS through API v1: microboluses, priming, rates in percent with the absolute one beside, running modes."""
    bolus = {"notes": None, "isSMB": False, "carbs": None}
    json = '{"units":"mg/dl","dia":5,"basal":[{"time":"00:00","value":0.85}]}'
    found = [
        _aaps(1, 0, "Correction Bolus", insulin=0.3, **bolus | {"type": "SMB", "isSMB": True}),
        _aaps(2, 5, "Meal Bolus", insulin=4.5, type="NORMAL", **bolus),
        _aaps(3, 10, "Meal Bolus", insulin=0.4, type="PRIMING", **bolus),
        _aaps(4, 12, "Meal Bolus", carbs=30, notes="snack", insulin=None),
        _aaps(5, 15, "Carb Correction", carbs=6, duration=7_200_000, insulin=None),
        _aaps(6, 20, "Temp Basal", duration=30, durationInMilliseconds=1_800_000, type="NORMAL", rate=1.275, percent=50),
        _aaps(7, 30, "Temp Basal", duration=30, durationInMilliseconds=1_800_000, type="NORMAL", rate=0.4, absolute=0.4),
        _aaps(
            8, 70, "Temp Basal", duration=60, durationInMilliseconds=3_600_000, type="EMULATED_PUMP_SUSPEND", rate=0,
            absolute=0, percent=-100,
        ),
        _aaps(
            9, 140, "Temp Basal", duration=30, durationInMilliseconds=1_800_000, type="FAKE_EXTENDED", rate=1.5,
            absolute=1.5, extendedEmulated={"eventType": "Combo Bolus", "enteredinsulin": 0.75, "duration": 30},
        ),
        _aaps(
            10, 200, "Combo Bolus", duration=60, durationInMilliseconds=3_600_000, splitNow=0, splitExt=100,
            enteredinsulin=2.4, relative=2.4, isEmulatingTempBasal=False,
        ),
        _aaps(11, 210, "Temporary Target", duration=60, durationInMilliseconds=3_600_000, reason="Activity",
              targetBottom=140, targetTop=140, units="mg/dl", timestamp=ms(at(210)), enteredBy="AndroidAPS"),
        _aaps(12, 230, "OpenAPS Offline", duration=0, durationInMilliseconds=0, originalDuration=0, mode="CLOSED_LOOP",
              enteredBy="openaps://AAPS"),
        _aaps(13, 300, "OpenAPS Offline", duration=60, durationInMilliseconds=3_600_000, originalDuration=3_600_000,
              mode="DISCONNECTED_PUMP", enteredBy="openaps://AAPS"),
        _aaps(14, 330, "OpenAPS Offline", duration=0, durationInMilliseconds=0, originalDuration=0,
              mode="CLOSED_LOOP_LGS", enteredBy="openaps://AAPS"),
        _aaps(15, 340, "Profile Switch", timeshift=0, percentage=110, duration=120, originalDuration=7_200_000,
              profile="Wanda (110%, 2h)@@@@@1774600000000", originalProfileName="Wanda", profileJson=json),
        _aaps(16, 340.01, "Note", originalProfileName="Wanda", originalCustomizedName="Wanda (110%, 2h)",
              originalPercentage=110, originalTimeshift=0, originalDuration=7_200_000, originalEnd=ms(at(460)),
              notes="Wanda (110%, 2h)", profileJson=json),
        _aaps(17, 400, "Site Change", units="mg/dl"),
        _aaps(18, 410, "Bolus Wizard", bolusCalculatorResult='{"carbs":50}', glucose=145, units="mg/dl"),
    ]  # fmt: skip
    return document(found[::-1])


def aaps_v3() -> bytes:
    """AAPS through API v3: own identifiers, a deleted dose, a deleted carb entry, a basal insulin by pen."""
    own = {
        "app": "AAPS",
        "srvCreated": ms(at(1)),
        "srvModified": ms(at(1)),
        "subject": "aaps",
        "isReadOnly": False,
    }
    found = []
    told: list[tuple[int, str, Record]] = [
        (0, "Correction Bolus", {"insulin": 0.3, "type": "SMB", "isBasalInsulin": False}),
        (5, "Meal Bolus", {"insulin": 3, "type": "NORMAL", "isBasalInsulin": False}),
        (6, "Meal Bolus", {"insulin": 3, "type": "NORMAL", "isBasalInsulin": False, "isValid": False}),
        (7, "Meal Bolus", {"carbs": 25, "duration": 0, "durationInMilliseconds": 0, "isValid": False}),
        (8, "Meal Bolus", {"insulin": 14, "type": "NORMAL", "isBasalInsulin": True}),
        (
            9,
            "Temp Basal",
            {"rate": 0.4, "absolute": 0.4, "duration": 30, "durationInMilliseconds": 1_800_000},
        ),
        (19, "Temp Basal", {"percent": -30, "duration": 60, "durationInMilliseconds": 3_600_000}),
        (
            24,
            "Temp Basal",
            {"absolute": 2, "duration": 30, "durationInMilliseconds": 1_800_000, "isValid": False},
        ),
        (90, "BG Check", {"glucose": 98, "glucoseType": "Finger", "units": "mg/dl"}),
    ]
    for number, (minutes, event, fields) in enumerate(told):
        one = _aaps(number, minutes, event, **own | fields)
        del one["_id"], one["pumpId"]
        found.append(one | {"identifier": f"a1b2c3d4-e5f6-4789-90ab-cdef0123456{number}", "utcOffset": 60})
    # a record that API v1 made: v3 gives out the id of the database as its identifier
    bare = record(50, 100, "Correction Bolus", insulin=0.25, enteredBy="Grandma Wanda")
    bare["identifier"] = bare.pop("_id")
    return v3([*found, bare])


def trio() -> bytes:
    """Trio: suspensions as notes, overrides as exercise, fat and protein as carbohydrates of one id."""
    by = {"enteredBy": "Trio"}
    return document(
        [
            record(1, 0, "SMB", insulin=0.15, id="p1", **by),
            record(2, 5, "Bolus", insulin=2.5, id="p2", **by),
            record(3, 6, "External Insulin", insulin=1, id="p3", **by),
            record(4, 7, "Temp Basal", duration=30, absolute=0.95, rate=0.95, id="p4", **by),
            record(5, 12, "Temp Basal", duration=60, absolute=0, rate=0, id="p5", **by),
            record(6, 20, "Note", notes="PumpSuspend", **by),
            record(7, 35, "Note", notes="PumpResume", **by),
            record(8, 40, "Exercise", duration=60, notes="Wanda's gym", **by),
            record(9, 55, "Exercise", duration=43_200, notes="sick", **by),
            record(
                10,
                60,
                "Carb Correction",
                carbs=40,
                fat=20,
                protein=15,
                foodType="pizza",
                notes="pizza",
                id="c1",
                **by,
            ),
            record(11, 120, "Carb Correction", carbs=5, fat=0, protein=0, id="f1", **by),
            record(12, 150, "Carb Correction", carbs=5, fat=0, protein=0, id="f1", **by),
            record(
                13,
                200,
                "Temporary Target",
                duration=60,
                targetTop=90,
                targetBottom=90,
                notes="Eating Soon",
                **by,
            ),
            record(14, 210, "Announcement", duration=30, notes="Alarm Optional(occlusion) PumpAlarm", **by),
            record(15, 220, "Insulin Change", **by),
        ]
    )


def _pump(kind: str, minutes: float, **fields: Any) -> Record:
    return {"_type": kind, "id": f"{kind}{minutes:g}", "timestamp": z(at(minutes))} | fields


def iaps() -> bytes:
    """iAPS: the pump's records under each treatment, a sensor's start said again and again within a minute."""
    by = {"enteredBy": "iAPS"}
    found = [
        record(
            1, 0, "SMB", insulin=0.1, duration=0,
            bolus=_pump("Bolus", 0, amount=0.1, isSMB=True, isExternal=False, duration=0, iobBefore=0.5, iobAfter=0.6,
                        reservoirBefore=222.7, reservoirAfter=222.6), **by,
        ),
        record(
            2, 10, "Bolus", insulin=1.5, duration=1,
            bolus=_pump("Bolus", 10, amount=1.5, isSMB=False, isExternal=False, duration=1), **by,
        ),
        record(
            3, 3, "Temp Basal", duration=30, rate=0.65, absolute=0.65,
            raw_rate=_pump("TempBasal", 3, rate=0.65, temp="absolute"),
            raw_duration=_pump("TempBasalDuration", 3, **{"duration (min)": 30}), **by,
        ),
        record(4, 8, "Temp Basal", duration=60, rate=0, absolute=0, **by),
        record(5, 100, "Temp Basal", duration=0, rate=0, absolute=0, **by),
        record(6, 15, "Carb Correction", carbs=25, foodType="", id="9C8D90D4", creation_date=z(at(20)), **by),
        record(7, 45, "Carb Correction", carbs=4, isFPU=True, fpuID="F0", id="F1", creation_date=z(at(20)), **by),
        record(8, 30, "Temporary Target", duration=60, targetTop=162, targetBottom=162, **by),
        record(9, 64.5, "Temporary Target", duration=0, **by),
        record(10, 70, "Site Change", bolus=_pump("Prime", 70), **by),
        record(11, 72, "Site Change", bolus=_pump("Prime", 72), **by),
    ]  # fmt: skip
    found += [record(100 + each, 200 + each * 0.05, "Sensor Start", **by) for each in range(24)]
    return document(sorted(found, key=lambda one: str(one["created_at"]), reverse=True))


def oref0() -> bytes:
    """An OpenAPS rig with a Medtronic pump: texts for numbers, both parts of a dual-wave bolus added up."""
    by = {"enteredBy": "openaps://medtronic/722", "medtronic": "mm://openaps/mm-format-ns-treatments/x"}

    def rig(number: int, minutes: float, event: str, **fields: Any) -> Record:
        stamp = local(at(minutes).replace(microsecond=0), -7, ":").replace(".000", "")
        base: Record = {"_id": oid(number), "eventType": event, "created_at": stamp, "timestamp": stamp}
        return base | {"utcOffset": -420} | by | fields

    wave = {"_type": "Bolus", "_head": "01", "_body": "", "_date": "47", "_description": "Bolus"}
    return document(
        [
            rig(1, 0, "Temp Basal", duration="30", absolute="1.1", rate=1.1, raw_rate={"rate": 1.1}, raw_duration={}),
            rig(2, 12, "Temp Basal", duration="30", percent="150", rate=150, temp="percent"),
            rig(3, 20, "Correction Bolus", insulin="2.7", duration="0", notes="Normal bolus (solo, no bolus wizard).",
                bolus=wave | {"amount": 2.7, "programmed": 2.7, "duration": 0, "type": "normal"}),
            rig(4, 40, "Meal Bolus", insulin="5", carbs="45", ratio="10", bg="180", glucose="180", glucoseType="BolusWizard",
                bolus=wave | {"amount": 2, "programmed": 2, "type": "normal"},
                square=wave | {"amount": 3, "programmed": 3, "duration": 90, "type": "square"}),
            rig(5, 60, "Correction Bolus", insulin="1.5", duration="60",
                square=wave | {"amount": 1.5, "programmed": 2, "duration": 60, "type": "square"}),
            rig(6, 70, "BG Check", glucose=237, glucoseType="openaps://medtronic/722"),
            rig(7, 80, "Note", _type="PumpSuspend", notes="PumpSuspend722", _head="1e00", _body="", _date="0a"),
            rig(8, 85, "Note", _type="PumpResume", notes="PumpResume722", _head="1f00", _body="", _date="0a"),
            rig(9, 90, "Note", _type="ChangeTime", notes="ChangeTime722", _head="1700", _body="", _date="0a"),
            rig(10, 95, "Insulin Change", _type="Rewind", notes="Rewind722", _head="2100", _body="", _date="0a"),
        ]
    )  # fmt: skip


def xdrip() -> bytes:
    """xDrip+: sums of several pens, no event type, positions on the screen behind its name."""

    def entry(number: int, minutes: float, **fields: Any) -> Record:
        base: Record = {
            "_id": oid(number), "timestamp": ms(at(minutes)), "eventType": "<none>", "enteredBy": "xdrip pos:0.35",
            "uuid": f"f8a3b2c1-d4e5-4678-9012-34567890000{number}", "carbs": 0, "insulin": 0,
            "created_at": at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ"), "sysTime": local(at(minutes), 1),
        }  # fmt: skip
        return base | fields

    pens = '[{"insulin":"Lantus","units":18.0},{"insulin":"Novorapid","units":4.5}]'
    return document(
        [
            entry(1, 0, insulin=22.5, insulinInjections=pens, carbs=40, notes="supper"),
            entry(
                2, 60, insulin=14, insulinInjections='[{"insulin":"Tresiba","units":14.0}]', enteredBy="xdrip"
            ),
            entry(
                3,
                70,
                insulin=1.5,
                insulinInjections='[{"insulin":"Novorapid","units":1.5}]',
                enteredBy="xdrip",
            ),
            entry(4, 80, insulin=2, insulinInjections="[]", eventType="", enteredBy="xdrip"),
            entry(5, 90, carbs=12, eventType="", enteredBy="xdrip"),
            entry(6, 100, eventType="Sensor Start", enteredBy="xdrip", notes="started by xDrip"),
        ]
    )


def xdrip4ios() -> bytes:
    """xDrip4iOS: fingersticks in mg/dL whatever is displayed, times under another name."""
    by = {"enteredBy": "xDrip4iOS"}
    finger = "Finger: 6.7 mmol/L"
    found = [
        record(1, 0, "BG Check", glucose=120.7, glucoseType=finger, units="mg/dl", eventTime=z(at(0)), **by),
        record(2, 10, "Bolus", insulin=3.5, eventTime=z(at(10)), **by),
        record(3, 12, "Carbs", carbs=30, eventTime=z(at(12)), **by),
        record(4, 20, "Exercise", duration=30, eventTime=z(at(20)), **by),
        record(5, 30, "Temp Basal", rate=0.7, duration=30, eventTime=z(at(30)), **by),
        record(6, 200, "Sensor Start", **by),
    ]
    return document(found)


def tandem() -> bytes:
    """tconnectsync, a t:slim's records: all rates as temporary basals, times with a blank and an offset."""
    by = {"enteredBy": "Pump (tconnectsync)"}

    def pump(number: int, minutes: float, event: str, **fields: Any) -> Record:
        there = local(at(minutes).replace(microsecond=0), -5, ":").replace("T", " ").replace(".000", "")
        return record(number, minutes, event, **by, pump_event_id=str(105_100 + number), **fields) | {
            "created_at": there, "utcOffset": -300,
        }  # fmt: skip

    return document(
        [
            pump(1, 0, "Temp Basal", reason="Algorithm", duration=5.0, absolute=0.8, rate=0.8),
            pump(2, 5, "Temp Basal", reason="Profile", duration=30.0, absolute=0.75, rate=0.75),
            pump(3, 40, "Temp Basal", reason="Algorithm", duration=None, absolute=0.0, rate=0.0),
            pump(4, 52, "Temp Basal", reason="Profile", duration=None, absolute=0.75, rate=0.75),
            pump(
                5,
                10,
                "Combo Bolus",
                carbs=45,
                insulin=4.5,
                notes="Standard/Meal",
                glucose="154",
                glucoseType="Sensor",
            ),
            pump(6, 12, "Basal Suspension", reason="user-suspended", notes="user-suspended"),
            pump(7, 20, "Sleep", reason="Sleep (Scheduled)", notes="Sleep (Scheduled)", duration=480.0),
            pump(8, 600, "Exercise", reason="Exercise", notes="Exercise", duration=30.0),
            pump(9, 700, "Site Change", reason="Cannula Filled", notes="Cannula Filled"),
        ]
    )


def export() -> bytes:
    """The Nightscout Data Exporter's JSON: entries and treatments in one document."""
    entries = [
        {"_id": oid(each), "type": "sgv", "sgv": 100 + each, "date": ms(at(each * 5)), "dateString": z(at(each * 5)),
         "device": "share2", "direction": "Flat"}
        for each in range(6)
    ]  # fmt: skip
    treatments = [
        record(50, 3, "Correction Bolus", insulin=0.5, enteredBy="Grandma Wanda"),
        record(51, 8, "Temp Basal", absolute=1.1, duration=30, enteredBy="openaps://AndroidAPS"),
    ]
    return document(
        {
            "entries": entries[::-1],
            "treatments": treatments[::-1],
            "exportDate": z(at(60)),
            "totalEntries": len(entries),
            "totalTreatments": len(treatments),
        },
        indent=2,
    )


def files() -> dict[str, bytes]:
    """Every recording of treatments."""
    return {
        "export.json": export(),
        "treatments-aaps-v1.json": aaps_v1(),
        "treatments-aaps-v3.json": aaps_v3(),
        "treatments-careportal.json": careportal(),
        "treatments-iaps.json": iaps(),
        "treatments-loop.json": loop(),
        "treatments-openaps-rig.json": oref0(),
        "treatments-tconnectsync.json": tandem(),
        "treatments-trio.json": trio(),
        "treatments-xdrip.json": xdrip(),
        "treatments-xdrip4ios.json": xdrip4ios(),
    }
