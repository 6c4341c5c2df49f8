"""Every saved answer of LibreLinkUp and Eversense: read as a plain loop reads it, or refused with its sentence.

Law: the second reading is json and arithmetic and shares no line with the bridge; every record of a document
ends as stored, duplicate, ignored by a named rule or rejected with a reason, and the sums are the records.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.consent.collecting import own_act
from bridge.ingest.upload import take
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.real.test_exports import RECEIVED, read

LINKUP, EVERSENSE = "libre/librelinkup", "eversense"
READ = {
    f"{LINKUP}/nslu_graph.json": (145, 1, 0),
    f"{LINKUP}/pyllu_graph_response.json": (14, 1, 0),
    f"{LINKUP}/pyllu_logbook_response.json": (3, 0, 0),
    f"{EVERSENSE}/SYNTHETIC_GetCurrentValues.json": (1, 0, 0),
    f"{EVERSENSE}/SYNTHETIC_GetFollowingUserSensorGlucose.json": (7, 1, 1),
    f"{EVERSENSE}/SYNTHETIC_GetSensorGlucoseEvents_stockholm_fallback.json": (3, 0, 0),
    f"{EVERSENSE}/SYNTHETIC_esel_broadcast_ns_style.json": (2, 0, 0),
}
"""Document -> records, ignored, rejected."""
FIRST = "asks for something first"
REFUSED = {
    f"{LINKUP}/nslu_connections.json": "about 2 people",
    f"{LINKUP}/nslu_login-failed.json": "LibreLinkUp error",
    f"{LINKUP}/nslu_login.json": "it holds a secret",
    f"{LINKUP}/pyllu_email_verification_response.json": FIRST,
    f"{LINKUP}/pyllu_login_response.json": "it holds a secret",
    f"{LINKUP}/pyllu_patient_not_found.json": "LibreLinkUp error",
    f"{LINKUP}/pyllu_privacy_policy_response.json": FIRST,
    f"{LINKUP}/pyllu_realworldevidence_consent_response.json": "it holds a secret",
    f"{LINKUP}/pyllu_redirect_response.json": "in another region",
    f"{LINKUP}/pyllu_terms_of_use_response.json": FIRST,
    f"{EVERSENSE}/SYNTHETIC_GetFollowingPatientList.json": "about 2 people",
    f"{EVERSENSE}/SYNTHETIC_GetUserProfile.json": "an Eversense profile",
    f"{EVERSENSE}/SYNTHETIC_PostEssentialLogs_body.json": "sends to its cloud",
    f"{EVERSENSE}/SYNTHETIC_PutCurrentValues_body.json": "sends to its cloud",
    f"{EVERSENSE}/SYNTHETIC_token_reply.json": "it holds a secret",
}


def decoded(data: bytes, mappings: Mappings) -> Decoded:
    """A document as ingest decodes it."""
    known = mappings.formats[recognise(data, "answer.json", mappings)]
    return decode(data, known, ZoneHistory.always("Europe/Stockholm"), RECEIVED)


def _factory(text: str) -> int:
    return round(datetime.strptime(f"{text} +0000", "%m/%d/%Y %I:%M:%S %p %z").timestamp() * 1000)


def _utc(text: str) -> int:
    found = datetime.fromisoformat(text)
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def plain(name: str, document: Any) -> dict[str, list[tuple[int, float]]]:
    """What a person would read from a document, stream by stream."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for stream, instant, value in (_linkup if LINKUP in name else _eversense)(document):
        found[stream].append((instant, value))
    return dict(found)


def _linkup(document: Any) -> Iterator[tuple[str, int, float]]:
    data = document["data"]
    if isinstance(data, list):
        yield from (("glucose", _factory(one["FactoryTimestamp"]), one["ValueInMgPerDl"]) for one in data)
        return
    sensors = [each["sensor"] for each in data["activeSensors"]] + [data["connection"]["sensor"]]
    yield from (("event", each["a"] * 1000, 0.0) for each in sensors)
    for one in [*data["graphData"], data["connection"]["glucoseMeasurement"]]:
        yield "glucose", _factory(one["FactoryTimestamp"]), one["ValueInMgPerDl"]


def _eversense(document: Any) -> Iterator[tuple[str, int, float]]:
    for one in document:
        if "sgv" in one:
            numbers = (one["sgv"], one["rawbg"])
            yield from (("glucose", one["date"], max(each, 40)) for each in numbers)
        elif "CurrentGlucose" in one:
            yield "glucose", _utc(one["TimeStamp"]), one["CurrentGlucose"]
        elif one["EventTypeID"] == 0 and one["Value"] <= 400:
            yield "glucose", _utc(one.get("EventDateUTC") or one["EventDate"]), one["Value"]


@pytest.mark.parametrize("name", READ)
def test_an_answer_is_read_as_it_stands(shared: Path, mappings: Mappings, name: str) -> None:
    data = (shared / "data" / name).read_bytes()
    done, wanted = decoded(data, mappings), plain(name, json.loads(data))
    account, mine = done.account, read(done)
    assert (account.rows, sum(account.ignored.values()), len(account.rejected)) == READ[name]
    assert account.rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    assert account.fields_unknown == () and account.warnings == ()
    assert mine.keys() == wanted.keys()
    for stream, theirs in wanted.items():
        ours = sorted(mine[stream])
        assert (len(ours), ours[0], ours[-1]) == (len(theirs), min(theirs), max(theirs))
        assert ours == sorted(theirs)
        assert sum(value for _, value in ours) == sum(value for _, value in theirs)


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_the_readings_of_no_one_person_is_refused(
    shared: Path, mappings: Mappings, name: str
) -> None:
    with pytest.raises(Unreadable) as fault:
        decoded((shared / "data" / name).read_bytes(), mappings)
    assert REFUSED[name] in fault.value.sentence


def test_every_answer_of_the_folders_is_among_these(shared: Path) -> None:
    there = {
        f"{folder}/{path.name}"
        for folder in (LINKUP, EVERSENSE)
        for path in (shared / "data" / folder).iterdir()
        if path.suffix == ".json"
    }
    assert there == {*READ, *REFUSED}


def test_each_of_two_followed_people_is_read_alone(shared: Path, mappings: Mappings) -> None:
    document = json.loads((shared / "data" / LINKUP / "nslu_connections.json").read_bytes())
    for one in document["data"]:
        alone = decoded(json.dumps(document | {"data": [one]}).encode(), mappings)
        measured = one["glucoseMeasurement"]
        assert alone.person is not None and alone.person.name == f"{one['firstName']} {one['lastName']}"
        wanted = [(_factory(measured["FactoryTimestamp"]), measured["ValueInMgPerDl"])]
        assert read(alone)["glucose"] == wanted


@pytest.mark.parametrize("name", READ)
def test_stored_duplicate_ignored_and_rejected_are_the_records(
    shared: Path, mappings: Mappings, tmp_path: Path, name: str
) -> None:
    data = (shared / "data" / name).read_bytes()
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        person = load(db, add(db, "Test", None, "Europe/Stockholm", ()))
        once, again = (
            take(db, mappings, person, data + ends, "answer.json", act=own_act(person))
            for ends in (b"", b"\n")
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
