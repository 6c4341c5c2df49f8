"""Everything saved of Nightscout and of an OpenAPS rig: read as a plain loop reads it, or refused with its sentence.

Law: the second reading is json, csv and arithmetic and shares no line with the bridge; every record ends as stored,
duplicate, ignored by a named rule or rejected with a reason, and the sums are the records. Insulin of each day is
what a plain sum of the file's doses and of the rates that ran is.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.consent.collecting import own_act
from bridge.ingest.upload import take
from bridge.mapping import Mappings
from bridge.period import MINUTE, ZoneHistory
from bridge.reading import Stream, column
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.real.test_exports import RECEIVED, read

ZONE = "Europe/Moscow"
NIGHTSCOUT, RIG = "nightscout", "openaps"
READ = {
    f"{NIGHTSCOUT}/nightscout_entries.json": (1000, 0, 0),
    f"{NIGHTSCOUT}/nightscout_entries.csv": (1000, 0, 0),
    f"{NIGHTSCOUT}/nightscout_treatments.json": (1000, 464, 0),
    f"{NIGHTSCOUT}/nightscout_treatments.csv": (1000, 464, 0),
    f"{NIGHTSCOUT}/nightscout_profile.json": (99, 9, 3),
    f"{NIGHTSCOUT}/nightscout-data-with-treatments.csv": (200, 71, 0),
    f"{RIG}/monitor__glucose.json": (20, 0, 0),
    f"{RIG}/monitor__pump-history.json": (43, 21, 1),
}
"""File -> records, ignored, rejected."""
REFUSED = {
    "TV-086-openaps-example-2016-07-10.json": "JSON of no known kind",
    "monitor__battery.json": "the battery of a pump at a moment",
    "monitor__clock.json": "one time alone, the clock of a pump",
    "monitor__reservoir.json": "one number alone",
    "monitor__status.json": "the status of a pump at a moment",
    "monitor__temp-basal-status.json": "the temporary basal of a pump at a moment",
    "oref0-monitor__iob.json": "insulin on board as an algorithm computed it",
    "oref0-monitor__profile.json": "computes with at one moment",
    "oref0-predict__oref0.json": "a suggestion of an OpenAPS algorithm",
    "settings__bg-targets.json": "glucose targets of an OpenAPS rig",
    "settings__insulin-sensitivities.json": "insulin sensitivities of an OpenAPS rig",
    "settings__selected-basal-profile.json": "a basal profile of an OpenAPS rig",
    "settings__settings.json": "pump settings of an OpenAPS rig",
}
Told = tuple[str, int, float]


def decoded(data: bytes, mappings: Mappings) -> Decoded:
    """A file as ingest decodes it."""
    known = mappings.formats[recognise(data, "file", mappings)]
    return decode(data, known, ZoneHistory.always(ZONE), RECEIVED)


def _utc(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _there(date: str, clock: str) -> int:
    wall = datetime.strptime(f"{date} {clock} +0000", "%m/%d/%Y %I:%M:%S %p %z").replace(
        tzinfo=ZoneInfo(ZONE)
    )
    return round(wall.astimezone(UTC).timestamp() * 1000)


def _entries(document: Any) -> Iterator[Told]:
    yield from (("glucose", int(one["date"]), max(one["sgv"], 40)) for one in document)


def _rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8").splitlines()))


def _treatments(document: Any) -> Iterator[Told]:
    last: dict[str, int] = {}
    for one in sorted(document, key=lambda each: each["created_at"]):
        at, kind = _utc(one["created_at"]), one["eventType"]
        if one.get("insulin"):
            yield "bolus", at, one["insulin"]
        if one.get("carbs"):
            yield "carbs", at, one["carbs"]
        if kind == "Temp Basal":
            yield "basal", at, one["rate"]
        if kind == "Temporary Target" and one["duration"]:
            yield "mode", at, -1.0
        if kind in ("Site Change", "Insulin Change", "Sensor Start"):
            if at - last.get(kind, 0) > 5 * MINUTE:
                yield "event", at, 0.0
            last[kind] = at


def _profile(document: Any) -> Iterator[Told]:
    for one in document:
        since = _utc(one["created_at"] if one["startDate"].startswith("1970") else one["startDate"])
        store = one["store"][one["defaultProfile"]]
        yield "settings", since, float(store["dia"])
        for name in ("basal", "carbratio", "sens", "target_low", "target_high"):
            for entry in store[name]:
                value = float(entry["value"])
                if not (name == "sens" and value == 100) and not (name.startswith("target") and value == 0):
                    yield "settings", since, value


def _exported(rows: list[list[str]]) -> Iterator[Told]:
    section = ""
    for row in rows:
        if not row or row[0] == "Date":
            continue
        if row[0].startswith("#"):
            section = row[0]
        elif section == "# CGM ENTRIES":
            yield "glucose", _there(row[0], row[1]), max(float(row[2]), 40)
        else:
            yield from (
                (stream, _there(row[0], row[1]), float(cell))
                for stream, cell in (("bolus", row[3]), ("carbs", row[4]))
                if cell
            )


def _pump(document: Any) -> Iterator[Told]:
    for one in document:
        at = _utc(one["timestamp"])
        if one["_type"] == "TempBasal":
            yield "basal", at, one["rate"]
        elif one["_type"] == "Bolus" and one["amount"]:
            yield "bolus", at, one["amount"]


def plain(path: Path) -> dict[str, list[tuple[int, float]]]:
    """What a person would read from a file, stream by stream."""
    if path.name == "nightscout-data-with-treatments.csv":
        found = _exported(_rows(path))
    elif path.name == "nightscout_entries.csv":
        found = (("glucose", int(row[1]), max(float(row[2]), 40)) for row in _rows(path))
    else:
        readers = {
            "entries": _entries,
            "glucose": _entries,
            "treatments": _treatments,
            "profile": _profile,
            "history": _pump,
        }
        reader = next(one for name, one in readers.items() if name in path.name)
        found = reader(json.loads(path.read_bytes()))
    streams: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for stream, instant, value in found:
        streams[stream].append((instant, value))
    return dict(streams)


@pytest.mark.parametrize("name", READ)
def test_a_file_of_nightscout_is_read_as_it_stands(shared: Path, mappings: Mappings, name: str) -> None:
    path = shared / "data" / name
    done, wanted = decoded(path.read_bytes(), mappings), plain(path)
    account, mine = done.account, read(done)
    assert (account.rows, sum(account.ignored.values()), len(account.rejected)) == READ[name]
    assert account.rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    assert mine.keys() == wanted.keys()
    for stream, theirs in wanted.items():
        ours, exact = sorted(mine[stream]), sorted(theirs)
        assert (len(ours), ours[0][0], ours[-1][0]) == (len(exact), exact[0][0], exact[-1][0]), stream
        assert [instant for instant, _ in ours] == [instant for instant, _ in exact]
        if stream != "mode":  # its value is how long it lasted
            mean = sum(value for _, value in exact) / len(exact)
            assert sum(value for _, value in ours) / len(ours) == pytest.approx(mean, abs=0.001)
            assert sorted(value for _, value in ours) == pytest.approx(
                sorted(value for _, value in exact), abs=0.0006
            )


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_rig_says_of_no_date_is_refused(shared: Path, mappings: Mappings, name: str) -> None:
    with pytest.raises(Unreadable) as fault:
        decoded((shared / "data" / RIG / name).read_bytes(), mappings)
    assert REFUSED[name] in fault.value.sentence


def test_every_file_of_nightscout_and_of_the_rig_is_among_these(shared: Path) -> None:
    there = {
        f"{folder}/{path.name}"
        for folder in (NIGHTSCOUT, RIG)
        for path in (shared / "data" / folder).iterdir()
        if path.suffix in (".json", ".csv")
    }
    assert there == {*READ, *(f"{RIG}/{name}" for name in REFUSED)}


@pytest.mark.parametrize("kind", ["entries", "treatments"])
def test_two_answers_of_one_site_say_the_same(shared: Path, mappings: Mappings, kind: str) -> None:
    both = [
        read(decoded((shared / "data" / NIGHTSCOUT / f"nightscout_{kind}.{suffix}").read_bytes(), mappings))
        for suffix in ("json", "csv")
    ]
    assert {stream: sorted(found) for stream, found in both[0].items()} == {
        stream: sorted(found) for stream, found in both[1].items()
    }


def _by_day(told: Iterator[tuple[int, float]]) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for instant, units in told:
        found[instant // 86_400_000] += units
    return dict(found)


def test_insulin_of_each_day_is_a_plain_sum(shared: Path, mappings: Mappings) -> None:
    data = (shared / "data" / NIGHTSCOUT / "nightscout_treatments.json").read_bytes()
    records = sorted(json.loads(data), key=lambda one: str(one["created_at"]))
    done = decoded(data, mappings)
    doses = _by_day((_utc(one["created_at"]), one["insulin"]) for one in records if one.get("insulin"))
    assert _by_day(iter(read(done)["bolus"])) == pytest.approx(doses, abs=0.001)
    basals = [
        (_utc(one["created_at"]), one["rate"], one["duration"])
        for one in records
        if one["eventType"] == "Temp Basal"
    ]
    ends = [at for at, _, _ in basals[1:]] + [RECEIVED]
    ran = (
        (at, rate * min(end - at, told * MINUTE) / (60 * MINUTE))
        for (at, rate, told), end in zip(basals, ends, strict=True)
    )
    (batch,) = [each for each in done.readings if each.key.stream is Stream.BASAL]
    lasted = column(batch.columns, "end").astype(np.int64) - column(batch.columns, "instant").astype(np.int64)
    units = column(batch.columns, "value") / 10**batch.key.scale * lasted / (60 * MINUTE)
    ours = _by_day(zip(batch.columns["instant"].tolist(), units.tolist(), strict=True))
    assert ours == pytest.approx(_by_day(ran), abs=0.01)


@pytest.mark.parametrize("name", READ)
def test_stored_duplicate_ignored_and_rejected_are_nightscouts_records(
    shared: Path, mappings: Mappings, tmp_path: Path, name: str
) -> None:
    data = (shared / "data" / name).read_bytes()
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        person = load(db, add(db, "Test", None, ZONE, ()))
        once, again = (
            take(db, mappings, person, data + ends, "answer", act=own_act(person)) for ends in (b"", b"\n")
        )
    finally:
        db.close()
    for one in (once, again):
        assert one.reason is None
        landed = sum(each.stored + each.duplicate + each.amended for each in one.streams.values())
        account = one.account
        kept = landed - account.further + sum(account.ignored.values()) + len(account.rejected)
        assert kept == account.rows
    assert sum(each.stored + each.amended for each in again.streams.values()) == 0
