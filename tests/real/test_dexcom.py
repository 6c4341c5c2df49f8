"""Dexcom's API answers and Share recordings as they were published: every record has its fate, and what was read is
what json and arithmetic find.

Law: dull on purpose; no line is shared with the bridge. The answers are the maker's samples, cases made for this
project, and a record of Tidepool's tests, put into the envelope that the interface would give it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.consent.collecting import own_act
from bridge.ingest.upload import take
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.reading import Flag, column
from bridge.store.db import Database
from bridge.store.patients import add, load

RECEIVED = 1_795_132_800_000  # 2026-11-20
Plain = dict[str, list[tuple[int, float]]]
STATUS = ("created", "updated", "deleted")
STREAMS = {"insulin": "bolus", "carbs": "carbs", "exercise": "activity", "health": "event"}
STREAMS |= {"bloodGlucose": "capillary", "notes": "note", "note": "note"}
SHOWN_BY = ("transmitterId", "displayDevice", "displayApp")
KEYS = frozenset({"docsample_token_errors.json", "docsample_token_response.json"})
BARE = "tidepool_device_record.json"
RATES = ("rise", "fall")


def answers(shared: Path) -> dict[str, Any]:
    """The answers of the folder by the name of their file."""
    paths = sorted((shared / "data" / "dexcom" / "api_v3").glob("*.json"))
    found = {path.name: json.loads(path.read_bytes()) for path in paths if path.name not in KEYS}
    found[BARE] = {"recordType": "device", "recordVersion": "3.0", "userId": "u", "records": [found[BARE]]}
    return found


def bodies(shared: Path) -> list[bytes]:
    """What Dexcom Share answered in every recording."""
    found = []
    for path in sorted((shared / "data" / "dexcom" / "share").glob("*.yaml")):
        said = YAML(typ="safe").load(path.read_text("utf-8"))["interactions"]
        found += [each["response"]["body"]["string"].encode() for each in said]
    return found


def instant(text: str) -> int:
    """A stamp in ms; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1000)


def plainly(answer: dict[str, Any]) -> tuple[int, Plain]:
    """How many records an answer has, and what a person would read of them, amounts as numbers."""
    kind: str = answer["recordType"].rstrip("s")
    streams: Plain = defaultdict(list)
    if kind == "dataRange":
        return sum(name in answer for name in ("egvs", "events", "calibrations")), {}
    records = answer["records"]
    if kind == "event":
        last: dict[str, Any] = {}
        for record in records:
            before = last.get(record["recordId"])
            if before is None or STATUS.index(record["eventStatus"]) >= STATUS.index(before["eventStatus"]):
                last[record["recordId"]] = record
        for record in last.values():
            if record["eventType"] in STREAMS:
                amount = (
                    float(record["value"] or 0)
                    if record["eventType"] not in ("notes", "note", "health")
                    else 0.0
                )
                streams[STREAMS[record["eventType"]]].append(
                    (instant(record["systemTime"]), max(amount, 0.0))
                )
    elif kind == "device":
        settings = [
            (setting, str((device.get("transmitterId"), schedule["alertScheduleSettings"])))
            for device in records
            for schedule in device["alertSchedules"]
            for setting in schedule["alertSettings"]
        ]
        newest = {(where, each["alertName"]): each for each, where in settings}
        for each in newest.values():
            amount = round(abs(each["value"]), 1) if each["enabled"] else 0.0
            streams["settings"].append((instant(each["systemTime"]), float(amount)))
        return len(records) + len(settings), dict(streams)
    else:
        stream = {"egv": "glucose", "calibration": "calibration", "alert": "event"}[kind]
        for record in records:
            value = record.get("value", 0)
            if value is not None:
                amount = float(min(max(value, 40), 400)) if stream == "glucose" else float(value)
                streams[stream].append((instant(record["systemTime"]), amount))
    return len(records), dict(streams)


def read(done: Decoded) -> Plain:
    """What the bridge read, stream by stream; an amount that is not known is 0 here."""
    found: Plain = defaultdict(list)
    for batch in done.readings:
        values = column(batch.columns, "value").astype(np.float64) / 10**batch.key.scale
        found[batch.key.stream] += zip(batch.columns["instant"].tolist(), values.tolist(), strict=True)
    return dict(found)


def agree(done: Decoded, rows: int, plain: Plain) -> None:
    """Counts, first and last instants and means of every stream."""
    account = done.account
    assert account.rows == rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    assert account.rejected == ()
    mine = read(done)
    assert mine.keys() == plain.keys()
    for stream, theirs in plain.items():
        ours, wanted = sorted(mine[stream]), sorted(theirs)
        assert [at for at, _ in ours] == [at for at, _ in wanted], stream
        assert sum(value for _, value in ours) == pytest.approx(sum(value for _, value in wanted)), stream


def decoded(data: bytes, mappings: Mappings) -> Decoded:
    """Bytes as ingest decodes them."""
    known = mappings.formats[recognise(data, "answer", mappings)]
    return decode(data, known, ZoneHistory.always("America/Los_Angeles"), RECEIVED)


def test_every_answer_is_read_as_it_stands(shared: Path, mappings: Mappings) -> None:
    for answer in answers(shared).values():
        agree(decoded(json.dumps(answer).encode(), mappings), *plainly(answer))


def test_all_answers_of_one_account_in_one_file_are_the_sum_of_them(shared: Path, mappings: Mappings) -> None:
    every = [each for each in answers(shared).values() if each["userId"] != "u"]
    rows = 0
    streams: Plain = defaultdict(list)
    for answer in every:
        count, plain = plainly(answer)
        rows += count
        for stream, pairs in plain.items():
            streams[stream] += pairs
    agree(decoded("\n".join(map(json.dumps, every)).encode(), mappings), rows, dict(streams))


def test_insulin_of_each_day_is_what_was_logged(shared: Path, mappings: Mappings) -> None:
    answer = answers(shared)["synthetic_events_all_types.json"]
    doses: dict[str, Any] = {}
    for record in answer["records"]:
        if record["eventType"] == "insulin" and record["value"]:
            doses[record["recordId"]] = record
    wanted: dict[str, float] = defaultdict(float)
    for record in doses.values():
        wanted[record["systemTime"][:10]] += float(record["value"])
    found: dict[str, float] = defaultdict(float)
    for batch in decoded(json.dumps(answer).encode(), mappings).readings:
        if batch.key.stream == "bolus":
            flags = column(batch.columns, "flags").astype(int)
            for at, value, flag in zip(batch.columns["instant"], batch.columns["value"], flags, strict=True):
                day = datetime.fromtimestamp(int(at) / 1000, UTC).date().isoformat()
                found[day] += (
                    0.0 if flag & (Flag.NO_VALUE | Flag.RETRACTED) else int(value) / 10**batch.key.scale
                )
    assert found == pytest.approx(wanted)


def test_keys_and_bare_records_are_refused_without_quoting_them(shared: Path, mappings: Mappings) -> None:
    folder = shared / "data" / "dexcom" / "api_v3"
    for name in (*KEYS, BARE):
        with pytest.raises(Unreadable) as fault:
            decoded((folder / name).read_bytes(), mappings)
        assert "your_access_token" not in fault.value.sentence


def test_a_followers_values_are_read_as_they_stand(shared: Path, mappings: Mappings) -> None:
    seen = 0
    for body in bodies(shared):
        said = json.loads(body)
        if not isinstance(said, list) or not said:
            continue
        plain = [(int(each["WT"][5:18]), float(min(max(each["Value"], 40), 400))) for each in said]
        agree(decoded(body, mappings), len(said), {"glucose": plain})
        seen += len(said)
    assert seen == 9


def test_what_else_share_answered_is_refused_and_no_key_is_quoted(shared: Path, mappings: Mappings) -> None:
    others = [body for body in bodies(shared) if not body.startswith(b"[{")]
    assert len(others) > 10
    for body in others:
        with pytest.raises(Unreadable) as fault:
            decoded(body, mappings)
        for key in (b"55555555", b"99999999", b"33333333"):
            assert key.decode() not in fault.value.sentence


def test_stored_duplicate_ignored_and_rejected_are_the_records_of_dexcom(
    shared: Path, mappings: Mappings, tmp_path: Path
) -> None:
    values = [body for body in bodies(shared) if body.startswith(b"[{")]
    documents = [*(json.dumps(each).encode() for each in answers(shared).values()), *values]
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        person = load(db, add(db, "Test", None, "America/Los_Angeles", ()))
        for ends in (b"", b"\n", b"\n\n"):
            for data in documents:
                one = take(db, mappings, person, data + ends, "answer.json", act=own_act(person))
                assert one.state == "stored", one.reason
                landed = sum(each.stored + each.duplicate + each.amended for each in one.streams.values())
                account = one.account
                assert landed + sum(account.ignored.values()) + len(account.rejected) == account.rows
                if ends == b"\n\n":
                    assert sum(each.stored for each in one.streams.values()) == 0
    finally:
        db.close()


def test_every_file_of_the_folder_is_among_these(shared: Path) -> None:
    there = {path.name for path in (shared / "data" / "dexcom" / "api_v3").iterdir()}
    assert there == {*answers(shared), *KEYS}
    assert {path.suffix for path in (shared / "data" / "dexcom" / "share").iterdir()} == {".yaml"}
