"""Real answers of CareLink's cloud: every record has its fate, and a plain reading finds the same.

Law: shares no line with the bridge: json, datetime, a loop. Offsets are those that the fact sheet measured.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.consent.collecting import own_act
from bridge.ingest.upload import take
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.reading import Stream, column
from bridge.store.db import Database
from bridge.store.patients import add, load

RECEIVED = 1_795_132_800_000  # 2026-11-20
ANSWERS = {
    "cloud_v1_2021-05-22_770G_us.json": -420,
    "cloud_v2_2025-03-16_timechange_calibration.json": -420,
    "cloud_v2_2025-11-10_780G_simplera.json": -300,
}
FORMAT = "carelink-cloud"
Found = dict[str, list[tuple[int, Decimal]]]


def answer(shared: Path, name: str) -> bytes:
    """The bytes of an answer."""
    return (shared / "data" / "carelink" / name).read_bytes()


def decoded(shared: Path, mappings: Mappings, name: str) -> Decoded:
    """An answer as ingest decodes it; the zone of the patient is far away and must not matter."""
    data = answer(shared, name)
    assert recognise(data[:65_536], name, mappings) == FORMAT
    return decode(data, mappings.formats[FORMAT], ZoneHistory.always("Asia/Tokyo"), RECEIVED)


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def _instant(text: str, minutes: int) -> int:
    return round((_wall(text) - timedelta(minutes=minutes)).timestamp() * 1000)


def _said(marker: dict[str, Any], name: str) -> Any:
    """A field of a marker, flat or in its dataValues."""
    return marker.get(name, marker.get("data", {}).get("dataValues", {}).get(name))


def _moved(document: dict[str, Any]) -> tuple[str, int]:
    """When the clock was moved and by how many minutes ('' where it was not)."""
    change = next((each["timestamp"] for each in document["markers"] if each["type"] == "TIME_CHANGE"), "")
    before = (
        each
        for each in document["markers"]
        if change and each["timestamp"] < change and each["type"] == "INSULIN"
    )
    first = next(before, None)
    by = round((_wall(first["timestamp"]) - _wall(first["displayTime"])).total_seconds() / 60) if first else 0
    return change, by


def plainly(document: dict[str, Any], minutes: int) -> Found:
    """What a person would read: per stream (instant, amount)."""
    found: Found = defaultdict(list)
    change, by = _moved(document)
    after = not change
    for each in document["sgs"]:
        stamp = each.get("timestamp") or each["datetime"]
        after = after or stamp >= change
        if each["sg"]:
            found["glucose"].append(
                (_instant(stamp, minutes if after else minutes - by), Decimal(each["sg"]))
            )
    for each in document["markers"]:
        shown = each.get("displayTime") or each["dateTime"]
        is_old = bool(change) and each["timestamp"] < change
        at, kind = _instant(shown, minutes - by if is_old else minutes), each["type"]
        if kind == "INSULIN":
            found["bolus"].append((at, Decimal(str(_said(each, "deliveredFastAmount")))))
        elif kind == "AUTO_BASAL_DELIVERY":
            noisy = Decimal(str(_said(each, "bolusAmount")))
            found["basal"].append((at, noisy.quantize(Decimal("0.001"))))
        elif kind == "MEAL":
            found["carbs"].append((at, Decimal(str(_said(each, "amount")))))
        elif kind == "BG_READING":
            found["capillary"].append((at, Decimal(str(each.get("value") or _said(each, "unitValue")))))
        elif kind == "CALIBRATION":
            found["calibration"].append((at, Decimal(str(each.get("value") or _said(each, "unitValue")))))
    return found


def read(found: Decoded) -> Found:
    """What the bridge read."""
    told: Found = defaultdict(list)
    for batch in found.readings:
        values = column(batch.columns, "value").tolist()
        ends = column(batch.columns, "end").tolist()
        for at, value, end in zip(batch.columns["instant"].tolist(), values, ends, strict=True):
            if end <= at:  # a suspension is no delivery
                told[batch.key.stream].append((at, Decimal(value).scaleb(-batch.key.scale)))
    return told


@pytest.mark.parametrize("name", ANSWERS)
def test_a_cloud_answer_is_read_as_it_stands(shared: Path, mappings: Mappings, name: str) -> None:
    document = json.loads(answer(shared, name))
    mine, theirs = read(decoded(shared, mappings, name)), plainly(document, ANSWERS[name])
    assert theirs["glucose"] and theirs["basal"]
    for stream, wanted in theirs.items():
        assert sorted(mine[stream]) == sorted(wanted), stream
    before = sum(amount for _, amount in theirs["bolus"]) + sum(amount for _, amount in theirs["basal"])
    assert sum(amount for _, amount in mine["bolus"]) + sum(amount for _, amount in mine["basal"]) == before


@pytest.mark.parametrize("name", ANSWERS)
def test_the_records_of_a_cloud_answer_add_up(shared: Path, mappings: Mappings, name: str) -> None:
    document, account = json.loads(answer(shared, name)), decoded(shared, mappings, name).account
    history = document["notificationHistory"]
    records = [*document["sgs"], *document["markers"], *document["limits"]]
    records += [*history["activeNotifications"], *history["clearedNotifications"]]
    single = [document.get(each) for each in ("lastSG", "lastAlarm", "cgmInfo")]
    assert account.rows == len(records) + sum(each is not None for each in single)
    assert account.rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    assert not account.fields_unknown
    # one alarm of the collection lies a day after the pump's own time
    assert len(account.rejected) == (1 if "simplera" in name else 0)


@pytest.mark.parametrize("name", ANSWERS)
def test_stored_duplicate_ignored_and_rejected_are_the_records(
    shared: Path, mappings: Mappings, tmp_path: Path, name: str
) -> None:
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        who = load(db, add(db, "Test", None, "Asia/Tokyo", ()))
        data = answer(shared, name)
        once, again = (take(db, mappings, who, data + end, name, act=own_act(who)) for end in (b"", b"\n"))
    finally:
        db.close()
    for one in (once, again):
        account, counts = one.account, one.streams.values()
        landed = sum(each.stored + each.duplicate + each.amended for each in counts)
        assert (
            landed - account.further + sum(account.ignored.values()) + len(account.rejected) == account.rows
        )
    assert not sum(each.stored + each.amended for each in again.streams.values())
    assert not sum(each.duplicate + each.amended for each in once.streams.values())


def test_insulin_and_glucose_of_the_moved_clock_lie_together(shared: Path, mappings: Mappings) -> None:
    found = read(decoded(shared, mappings, "cloud_v2_2025-03-16_timechange_calibration.json"))
    glucose = [at for at, _ in found[Stream.GLUCOSE]]
    # each micro-bolus of the hours before the change has its glucose seconds before it
    old = [at for at, _ in found[Stream.BASAL] if at < 1_742_095_375_000]
    assert len(old) == 46
    assert all(min(abs(at - each) for each in glucose) < 150_000 for at in old)


def test_the_list_of_servers_is_no_data(shared: Path, mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="CareLink's list of its servers"):
        recognise(answer(shared, "cloud_discover_android_3.2.json")[:65_536], "discover.json", mappings)


def test_every_cloud_file_of_the_folder_is_among_these(shared: Path) -> None:
    there = {path.name for path in (shared / "data" / "carelink").glob("cloud_*")}
    assert there == {*ANSWERS, "cloud_discover_android_3.2.json"}
