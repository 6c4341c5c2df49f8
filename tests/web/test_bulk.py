"""Bulk export over HTTP: what comes, how it is asked for, and that it opens nothing (L30).

Law: the client is `exporting.py`, which knows the specification alone. Each refusal stands beside what is permitted:
the same client, the same question, a grant more.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.bulk.job import LIMITS
from bridge.consent import grants
from bridge.consent.asked import Grain, Kind, Way
from bridge.consent.grant import Identity
from bridge.period import DAY, HOUR, Period, PeriodSet, iso
from bridge.reading import Stream
from bridge.store import ledger
from bridge.store.blocks import withdraw
from bridge.store.ids import Name
from tests.smart.launched import app
from tests.web.exporting import ASYNC, LINES, exported, fetched, kicked, lines, place
from tests.web.pumped import pumped
from tests.web.world import FHIR, NOW, WINDOW, World, every, glucose, leaks, outcome

EARLY = PeriodSet((Period(WINDOW.start, WINDOW.start + 4 * DAY),))
LATE = PeriodSet((Period(WINDOW.start + 4 * DAY, WINDOW.end),))
NOBODYS = ("MedicationAdministration", "DiagnosticReport")
"""Types of which nobody here has anything: no doses, and no reports that others submitted."""
TYPES = ("Device", "DeviceMetric", "MedicationAdministration", "Observation", "Patient", "Provenance")


def asking(world: World, token: str | None = None) -> Callable[..., httpx.Response]:
    """Asks with one token."""
    shown = token or world.token()

    def ask(method: str, path: str, **more: Any) -> httpx.Response:
        return world.ask(method, f"/fhir/{path}", token=shown, **more)

    return ask


def ids(found: dict[str, list[dict[str, Any]]], kind: str = "Observation") -> list[str]:
    return [each["id"] for each in found[kind]]


def shown(world: World, window: Period = WINDOW) -> set[str]:
    """Ids of what Ada's grant of a window shows."""
    streams = (Stream.GLUCOSE, Stream.CAPILLARY)
    return {world.observation_id(each) for stream in streams for each in world.shown(stream, window)}


def by_id(resource: dict[str, Any]) -> str:
    return str(resource["id"])


def own_group(world: World, token: str | None = None) -> str:
    return str(asking(world, token)("GET", "Group").json()["entry"][0]["resource"]["id"])


# ------------------------------------------------------------------------------------------ what comes


@pytest.mark.parametrize("level", ["$export", "Patient/$export", "Group/{}/$export"])
def test_an_export_brings_what_the_searches_find(world: World, level: str) -> None:
    pumped(world)
    world.grant()
    world.grant(world.bob, sources=frozenset({"dexcom-clarity"}))
    found = exported(asking(world), level.format(own_group(world)))
    assert found.pop("DiagnosticReport") == [], "reports of ours are made where they are searched"
    assert tuple(sorted(found)) == TYPES
    for kind in TYPES:
        named = "_id" if kind == "Patient" else "patient"
        people = [world.patient_id(who) for who in (world.ada, world.bob)]
        searched = [each for who in people for each in world.search(f"{kind}?{named}={who}&_count=1000")]
        assert searched and sorted(found[kind], key=by_id) == sorted(searched, key=by_id)


def test_who_shares_nothing_is_not_in_it_and_nobody_is_in_nothing(world: World) -> None:
    begun, status = fetched(asking(world))
    assert (begun.status_code, status.json()["output"], status.json()["error"]) == (202, [], [])
    world.grant()
    found = exported(asking(world))
    assert ids(found, "Patient") == [world.patient_id(world.ada)]
    assert set(ids(found)) == shown(world) and len(ids(found)) == len(shown(world))


def test_get_form_and_parameters_are_one_question(world: World) -> None:
    world.grant()
    ask = asking(world)
    since = iso(NOW - DAY)
    told = exported(ask, f"$export?_type=Patient,Device&_since={since}")
    parameters = [
        {"name": "_type", "valueString": "Patient"},
        {"name": "_type", "valueString": "Device"},
        {"name": "_since", "valueInstant": since},
        {"name": "_outputFormat", "valueString": "application/fhir+ndjson"},
    ]
    body = json.dumps({"resourceType": "Parameters", "parameter": parameters})
    headers = ASYNC | {"Content-Type": "application/fhir+json"}
    by_post = exported(
        lambda m, p, **more: ask("POST" if "export" in p else m, p, **more), headers=headers, content=body
    )
    form = ASYNC | {"Content-Type": "application/x-www-form-urlencoded"}
    by_form = exported(
        lambda m, p, **more: ask("POST" if "export" in p else m, p, **more),
        headers=form,
        content=f"_type=Patient,Device&_since={since}",
    )
    assert told == by_post == by_form and set(told) == {"Patient", "Device"}


def test_the_manifest_says_what_the_specification_demands(world: World) -> None:
    world.grant()
    asked = "$export?_type=Patient&_outputFormat=ndjson"
    begun, status, _ = fetched(asking(world), asked)
    assert begun.headers["content-location"].startswith(f"{FHIR}/bulk/") and begun.content == b""
    assert begun.headers["preference-applied"] == "respond-async"
    assert status.headers["content-type"].startswith("application/json")
    assert status.headers["expires"] == "Tue, 22 Sep 2026 14:13:20 GMT"
    manifest = status.json()
    where = manifest["output"][0]["url"]
    assert manifest == {
        "transactionTime": "2026-09-21T14:13:20.000Z",
        "request": f"{FHIR}/{asked}",
        "requiresAccessToken": True,
        "output": [{"type": "Patient", "url": where}],
        "error": [],
    }


def test_a_file_can_be_had_in_gzip_and_its_head_is_no_disclosure(world: World) -> None:
    world.grant()
    ask = asking(world)
    _, status, plain = fetched(ask, "$export?_type=Observation")
    where = place(status.json()["output"][0]["url"])
    zipped = ask("GET", where, headers=LINES | {"Accept-Encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip" and zipped.content == plain.content
    before = len(ledger.disclosures(world.db, world.ada))
    head = ask("HEAD", where, headers=LINES)
    assert (head.status_code, head.content) == (200, b"")
    assert len(ledger.disclosures(world.db, world.ada)) == before
    for accept in ("application/ndjson", "*/*", "application/fhir+json", ""):
        assert ask("GET", where, headers={"Accept": accept}).content == plain.content
    assert ask("GET", where, headers={"Accept": "image/png"}).status_code == 406


def test_a_pseudonymous_person_is_told_under_their_own_pairing(world: World) -> None:
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=b"p" * 16)
    found = exported(asking(world))
    (person,) = found["Patient"]
    assert person["id"] == world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), b"p" * 16)
    assert "Ada" not in json.dumps(found) and world.patient_id(world.ada) not in json.dumps(found)
    assert {each["subject"]["reference"] for each in found["Observation"]} == {f"Patient/{person['id']}"}


# ---------------------------------------------------------------------------------------- what is asked


@pytest.mark.parametrize(
    "rest",
    ["_outputFormat=text/csv", "_since=", "_since=2026-01-01", "_since=gt2026-01-01T00:00:00Z", "_since=x",
     "_since=2026-01-01T00:00:00Z&_since=2026-01-01T00:00:00Z", "_type=Encounter", "_type=", "flavour=sweet",
     "_typeFilter=", "_typeFilter=Patient%3F_id%3Dx", "_typeFilter=Observation%3Fpatient%3Dx",
     "_typeFilter=Observation%3F_sort%3Ddate", "_typeFilter=Observation%3F_include%3D*",
     "_typeFilter=Encounter%3Fa%3Db",
     "_typeFilter=Observation%3Fcode:in%3Dx", "_typeFilter=Observation%3Fdate%3Dx", "_typeFilter=Observation",
     "_typeFilter=Observation%3F_has:Observation:x%3D1", "includeAssociatedData=Everything", "patient=x",
     "_typeFilter=Observation%3Fdate%3Dgt2026,Observation%3Fdate%3Dlt2025", "_typeFilter=Observation%3Fcode%3D%ff"],
)  # fmt: skip
def test_what_an_export_cannot_honour_is_refused(granted: World, rest: str) -> None:
    answer = kicked(asking(granted), f"Patient/$export?{rest}")
    assert answer.status_code == 400 and outcome(answer) and "content-location" not in answer.headers


@pytest.mark.parametrize("body", [
    "{}",
    '{"resourceType":"Parameters","parameter":[{"name":"_type"}]}',
    '{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"\\ud800"}]}',
    '{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{}}]}',
    '{"resourceType":"Parameters","parameter":[{"name":"x\\u0000","valueString":"y"}]}',
])  # fmt: skip
def test_a_hostile_body_is_refused(granted: World, body: str) -> None:
    headers = ASYNC | {"Content-Type": "application/fhir+json"}
    assert outcome(asking(granted)("POST", "$export", content=body, headers=headers))


def test_a_kick_off_is_asynchronous_or_refused_and_head_begins_nothing(world: World) -> None:
    ask = asking(world)
    for headers in ({}, {"Prefer": "handling=lenient"}, {"Prefer": "return=minimal"}):
        assert outcome(kicked(ask, headers=headers))["issue"][0]["code"] == "invalid"
    assert ask("HEAD", "$export", headers=ASYNC).status_code == 405
    assert ask("PUT", "$export", headers=ASYNC).status_code == 405
    assert kicked(ask, headers={"Prefer": "respond-async, handling=strict"}).status_code == 202


def test_l30_a_granular_scope_fences_summaries_in_an_export_as_in_a_search(world: World) -> None:
    world.clock.now += DAY
    world.grant(grain=Grain.SUMMARY)
    strips, ranges = "http://loinc.org|14743-9", "http://loinc.org|106793-3"
    whole = exported(asking(world), "Patient/$export")["Observation"]
    scope = f"system/Observation.rs?code={ranges} system/Patient.rs"
    only = exported(asking(world, world.token(scope=scope)), "Patient/$export")["Observation"]
    assert {each["code"]["coding"][0]["code"] for each in only} == {"106793-3"} and len(only) < len(whole)
    scope = f"system/Observation.rs?code={strips} system/Patient.rs"
    assert not exported(asking(world, world.token(scope=scope)), "Patient/$export")["Observation"]


def test_l30_lenient_handling_never_drops_a_filter(world: World) -> None:
    world.grant()
    lenient = {"headers": {"Prefer": "respond-async, handling=lenient"}}
    ask = asking(world)
    found = exported(ask, "$export?flavour=sweet&_type=Patient,Encounter", **lenient)
    assert set(found) == {"Patient", "OperationOutcome"} and ids(found, "Patient")
    told = [each["issue"][0] for each in found["OperationOutcome"]]
    assert [each["severity"] for each in told] == ["warning", "warning"]
    assert [each["expression"] for each in told] == [["http.flavour"], ["http._type"]]
    assert exported(ask, "$export?_type=Encounter", **lenient).keys() == {"OperationOutcome"}
    for rest in (
        "_typeFilter=Observation%3Fdate%3Dx",
        "_typeFilter=Patient%3F_id%3Dx",
        "_since=x",
        "_outputFormat=x",
    ):
        assert kicked(ask, f"$export?{rest}", **lenient).status_code == 400


def test_filters_select_and_a_day_is_the_persons(world: World) -> None:
    world.grant()
    ask = asking(world)
    codes = "Observation%3Fcode%3Dhttp://loinc.org|99504-3%26date%3D2026-09-10"
    found = exported(ask, f"$export?_type=Observation&_typeFilter={codes}")
    assert len(ids(found)) == 288
    assert all(each["effectiveDateTime"].startswith("2026-09-10T") for each in found["Observation"])
    strips = "Observation%3Fcode%3Dhttp://loinc.org|14743-9"
    either = "Observation%3Fcode%3Dhttp://loinc.org|99504-3,Observation%3Fcode%3Dhttp://loinc.org|14743-9"
    some, both = (exported(ask, f"$export?_type=Observation&_typeFilter={each}") for each in (strips, either))
    assert {each["code"]["coding"][0]["code"] for each in some["Observation"]} == {"14743-9"}
    assert set(ids(both)) == shown(world) and len(ids(both)) == len(shown(world))
    other = exported(ask, f"$export?_type=Observation,Patient&_typeFilter={strips}")
    assert len(ids(other, "Patient")) == 1, "a filter of one type is none of another"


def test_elements_and_evidence_come_as_asked(world: World) -> None:
    world.grant()
    ask = asking(world)
    (person,) = exported(ask, "$export?_type=Patient&_elements=id")["Patient"]
    assert set(person) == {"resourceType", "id", "meta"} and person["meta"]["tag"][-1]["code"] == "SUBSETTED"
    (named,) = exported(ask, "$export?_type=Patient&_elements=Patient.name,Device.type")["Patient"]
    assert set(named) == {"resourceType", "id", "meta", "name"}
    proofs = exported(ask, "$export?_type=Observation&includeAssociatedData=LatestProvenanceResources")
    assert len(proofs["Provenance"]) == len(proofs["Observation"]) == len(shown(world))
    assert "Provenance" not in exported(ask, "$export?_type=Observation")


def test_patients_are_named_by_post_and_who_is_unknown_is_nobody(world: World) -> None:
    world.grant()
    world.grant(world.bob, sources=frozenset({"dexcom-clarity"}))
    ask = asking(world)
    for named, wanted in (
        ([world.bob], {world.bob}),
        ([world.ada, world.bob], {world.ada, world.bob}),
        ([], set()),
    ):
        refs = [f"Patient/{world.patient_id(each)}" for each in named] + ["Patient/nobody"]
        parameter = [{"name": "patient", "valueReference": {"reference": each}} for each in refs]
        body = json.dumps({"resourceType": "Parameters", "parameter": parameter})
        headers = ASYNC | {"Content-Type": "application/fhir+json"}

        def post(method: str, path: str, **more: Any) -> httpx.Response:
            return ask("POST" if "export" in path else method, path, **more)

        found = exported(post, "Patient/$export", headers=headers, content=body)
        assert set(ids(found, "Patient")) == {world.patient_id(each) for each in wanted}
        assert outcome(post("POST", "$export", headers=headers, content=body)), "not at system level"


# ----------------------------------------------------------------------------------- since, exactly once


@dataclasses.dataclass
class Poller:
    """Asks again and again for what changed since."""

    world: World
    last: str = ""

    def poll(self, kinds: str = "Observation,Patient,Device,DeviceMetric") -> dict[str, list[dict[str, Any]]]:
        since = f"&_since={self.last}" if self.last else ""
        begun, status, *files = fetched(asking(self.world), f"$export?_type={kinds}{since}")
        assert begun.status_code == 202
        self.last = status.json()["transactionTime"]
        self.world.clock.now += 1
        outputs = status.json()["output"]
        return {each["type"]: lines(file) for each, file in zip(outputs, files, strict=True)}


def test_widening_brings_each_newly_opened_item_exactly_once(world: World) -> None:
    poller = Poller(world)
    grant = world.grant(periods=EARLY)
    early, late = shown(world, EARLY.periods[0]), shown(world, LATE.periods[0])
    assert sorted(ids(poller.poll())) == sorted(early)
    assert not any(poller.poll().values()), "nothing changed"
    world.clock.now += HOUR
    whole = dataclasses.replace(
        grants.load(world.db, grant).grant,
        periods=PeriodSet((WINDOW,)),
        signed=world.clock(),
        begins=world.clock(),
    )
    grants.supersede(world.db, grant, whole)
    world.clock.now += HOUR
    found = poller.poll()
    assert sorted(ids(found)) == sorted(late) and ids(found, "Patient") == []
    assert not any(poller.poll().values())


def test_what_was_received_after_the_export_was_asked_for_comes_with_the_next(world: World) -> None:
    world.grant()
    ask = asking(world)
    begun = kicked(ask, "$export?_type=Observation,Device,DeviceMetric,Patient")
    world.clock.now += 1
    world.upload(world.ada, glucose(every(WINDOW.start + 90_000, WINDOW.start + 90_000 + HOUR), "8LATER"))
    world.grant(world.bob, sources=frozenset({"dexcom-clarity"}))
    status = ask("GET", place(begun.headers["content-location"])).json()
    files = {each["type"]: ask("GET", place(each["url"])) for each in status["output"]}
    assert len(lines(files["Observation"])) == len(shown(world)) - 12 and "8LATER" not in files["Device"].text
    assert len(lines(files["DeviceMetric"])) == 1 and len(lines(files["Patient"])) == 1
    world.clock.now += 1
    found = exported(ask, f"$export?_since={status['transactionTime']}")
    mine = [
        each for each in found["Observation"] if world.patient_id(world.ada) in each["subject"]["reference"]
    ]
    assert len(mine) == 12 and ids(found, "Patient") == [world.patient_id(world.bob)]
    assert len(found["DeviceMetric"]) == 2 and len(found["Device"]) == 2


def test_what_was_taken_away_comes_as_entered_in_error_to_whom_it_had_left(world: World) -> None:
    artifact = world.upload(
        world.ada, glucose(every(WINDOW.start + 90_000, WINDOW.start + 90_000 + HOUR), "8WRONG")
    )
    world.grant()
    poller = Poller(world)
    held = {each["id"]: each for each in poller.poll()["Observation"]}
    world.clock.now += HOUR
    withdraw(world.db, world.ada, artifact)
    told = poller.poll()["Observation"]
    assert len(told) == 12 and {each["status"] for each in told} == {"entered-in-error"}
    assert {each["id"] for each in told} <= set(held) and not any("valueQuantity" in each for each in told)
    fresh = exported(asking(world), "$export?_type=Observation")["Observation"]
    assert {each["id"] for each in fresh} == set(held) - {each["id"] for each in told}


def test_until_leaves_out_what_came_later(world: World) -> None:
    world.grant()
    world.clock.now += HOUR
    world.upload(world.ada, glucose(every(WINDOW.start + 90_000, WINDOW.start + 90_000 + HOUR), "8LATER"))
    found = exported(asking(world), f"$export?_type=Observation&_until={iso(NOW)}")
    assert len(ids(found)) == len(shown(world)) - 12
    assert len(ids(exported(asking(world), "$export?_type=Observation"))) == len(shown(world))


# ------------------------------------------------------------------------------------------ life of a job


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[World]:
    """An installation with the limits of a real one, and some people who share."""
    made = World(tmp_path / "home", dataclasses.replace(LIMITS, patients=2, looked=2, jobs=3))
    yield made
    made.close()


def test_a_job_is_waited_for_looked_through_in_portions_and_over(slow: World) -> None:
    people = [slow.person(f"P{each}", f"p-{each}") for each in range(5)]
    for each in people:
        slow.grant(each)
    ask = asking(slow)
    where = place(kicked(ask, "$export?_type=Patient").headers["content-location"])
    first = ask("GET", where)
    assert (first.status_code, first.headers["retry-after"], first.headers["x-progress"]) == (
        202,
        "5",
        "in progress",
    )
    often = ask("GET", where)
    assert (often.status_code, often.headers["retry-after"]) == (429, "1") and outcome(often)
    assert ask("GET", f"{where}/Patient-1.ndjson").status_code == 404, "not yet"
    told = []
    for _ in range(4):
        slow.clock.now += 5_000
        told.append(ask("GET", where))
    assert [each.status_code for each in told] == [202, 202, 200, 200]
    assert {each.headers.get("retry-after") for each in told} == {"1", None}
    files = [lines(ask("GET", place(each["url"]))) for each in told[-1].json()["output"]]
    assert [len(each) for each in files] == [2, 2, 1]
    assert {each["id"] for file in files for each in file} == {slow.patient_id(each) for each in people}
    for bad in (
        "Patient-4.ndjson",
        "Patient-0.ndjson",
        "Device-1.ndjson",
        "OperationOutcome.ndjson",
        "..%2f..%2fx",
    ):
        assert ask("GET", f"{where}/{bad}").status_code == 404
    slow.clock.now = NOW + LIMITS.life
    assert (
        asking(slow)("GET", where).status_code
        == asking(slow)("GET", f"{where}/Patient-1.ndjson").status_code
        == 404
    )


def test_a_job_is_deleted_once_and_then_absent(world: World) -> None:
    world.grant()
    ask = asking(world)
    _, status, file = fetched(ask, "$export?_type=Patient")
    where, part = (place(str(each.url)) for each in (status, file))
    assert ask("DELETE", where).status_code == 202
    absent = {
        (each.status_code, each.content)
        for each in (ask("GET", where), ask("DELETE", where), ask("GET", part))
    }
    assert absent == {(404, ask("GET", "bulk/never-was").content)}
    assert outcome(ask("GET", where))["issue"][0]["code"] == "not-found"


def test_a_client_has_only_so_many_exports_at_a_time(slow: World) -> None:
    ask = asking(slow)
    begun = [kicked(ask) for _ in range(4)]
    assert [each.status_code for each in begun] == [202, 202, 202, 429]
    assert begun[-1].headers["retry-after"] == str(LIMITS.life // 1000) and outcome(begun[-1])
    assert kicked(asking(slow, slow.token(slow.stranger))).status_code == 202
    assert ask("DELETE", place(begun[0].headers["content-location"])).status_code == 202
    assert kicked(ask).status_code == 202
    slow.clock.now += LIMITS.life
    assert kicked(asking(slow)).status_code == 202


# --------------------------------------------------------------------------------------------------- L30


def open_job(world: World, token: str | None = None) -> tuple[str, dict[str, Any]]:
    """An export that is ready: its address, and the address of each type's file."""
    ask = asking(world, token)
    where = place(kicked(ask).headers["content-location"])
    manifest = ask("GET", where).json()
    return where, {each["type"]: place(each["url"]) for each in manifest["output"]}


@pytest.mark.parametrize("ends", ["revoked", "paused", "expired"])
def test_l30_who_revokes_between_kick_off_and_download_is_not_in_it(world: World, ends: str) -> None:
    grant = world.grant(ends=world.clock() + HOUR)
    world.grant(world.bob, sources=frozenset({"dexcom-clarity"}))
    where, files = open_job(world)
    assert "Ada" in world.get(files["Patient"]).text
    world.clock.now += HOUR if ends == "expired" else 1000
    if ends == "revoked":
        grants.revoke(world.db, grant)
    elif ends == "paused":
        grants.pause(world.db, grant)
    ask, ada = asking(world), world.patient_id(world.ada)
    for kind, file in files.items():
        answer = ask("GET", file)
        assert answer.status_code == 200 and ada not in answer.text and "Ada" not in answer.text
        assert (answer.text != "") is (kind not in NOBODYS), "Bob is still there"
    world.clock.now += 1000
    again = ask("GET", where).json()
    assert again["output"] and ada not in json.dumps(again)


def test_l30_a_narrowing_between_kick_off_and_download_narrows(world: World) -> None:
    grant = world.grant()
    _, files = open_job(world)
    world.clock.now += 1000
    old = grants.load(world.db, grant).grant
    kinds = frozenset({Kind.GLUCOSE})
    grants.supersede(
        world.db, grant, dataclasses.replace(old, periods=EARLY, kinds=kinds, signed=world.clock())
    )
    told = lines(world.get(files["Observation"]))
    of_glucose = {world.observation_id(each) for each in world.shown(Stream.GLUCOSE, EARLY.periods[0])}
    assert {each["id"] for each in told} == of_glucose
    assert world.get(files["Device"]).text == world.get(files["DeviceMetric"]).text == ""


def test_l30_the_way_bulk_must_be_in_the_grant(world: World) -> None:
    world.grant(ways=frozenset(Way) - {Way.BULK})
    assert world.search(f"Observation?patient={world.patient_id(world.ada)}&_count=1000")
    assert exported(asking(world)) == {}
    assert world.get(f"Group/{own_group(world)}").json().get("member") is None
    world.grant(ways=frozenset({Way.BULK}))
    assert set(ids(exported(asking(world)))) == shown(world)
    assert [each["entity"]["reference"] for each in world.get(f"Group/{own_group(world)}").json()["member"]]


def test_l30_another_purpose_is_not_in_it(world: World) -> None:
    world.grant(purpose="HRESCH")
    assert exported(asking(world)) == {}


def test_l30_a_token_that_a_person_approved_is_refused_everywhere(world: World) -> None:
    world.grant()
    where, files = open_job(world)
    group = own_group(world)
    one = app(world, "public", organization="Clinic")
    one.launched()
    ask = asking(world, str(one.said["access_token"]))
    paths = [
        "$export",
        "Patient/$export",
        f"Group/{group}/$export",
        "Group",
        f"Group/{group}",
        where,
        "bulk/x",
    ]
    for path in [*paths, *files.values()]:
        answer = ask("GET", path, headers=ASYNC)
        assert answer.status_code == 403 and outcome(answer)["issue"][0]["code"] == "forbidden", path
    assert ask("DELETE", where).status_code == 403
    assert world.get(where).status_code == 200


def test_l30_an_export_is_its_clients_alone(world: World) -> None:
    world.grant()
    where, files = open_job(world)
    group = own_group(world)
    other = asking(world, world.token(world.stranger))
    absent = other("GET", "bulk/never-was").content
    for path in (where, *files.values(), f"Group/{group}"):
        assert (other("GET", path).status_code, other("GET", path).content) == (404, absent)
    assert other("DELETE", where).content == kicked(other, f"Group/{group}/$export").content == absent
    assert exported(other) == {} and own_group(world, world.token(world.stranger)) != group
    assert world.get(where).status_code == 200 and lines(world.get(files["Patient"]))
    mine = world.register("Second EHR", "Clinic")
    assert asking(world, world.token(mine))("GET", where).status_code == 404, "of the same organisation"


def test_l30_nothing_counts_anybody(world: World) -> None:
    told = []
    for _ in range(2):
        world.grant()
        where, files = open_job(world)
        answer = world.get(where)
        assert not {"count", "deleted", "total"} & set(json.dumps(answer.json()).replace('"', " ").split())
        told.append((len(files), sorted(answer.headers), len(answer.content)))
        world.clock.now += 1000
        world.upload(world.ada, glucose(every(WINDOW.start + 90_000, NOW, HOUR), "8MORE"))
    assert told[0] == told[1]


def test_l30_scopes_of_kick_off_and_of_download_both_hold(world: World) -> None:
    world.grant()
    strips = "system/Observation.rs?code=http://loinc.org|14743-9"
    narrow, wide = world.token(scope=strips), world.token()
    found = exported(asking(world, narrow))
    assert set(found) == {"Observation"} and leaks_nothing(found)
    _, files = open_job(world, narrow)
    assert {
        each["code"]["coding"][0]["code"] for each in lines(world.get(files["Observation"], token=wide))
    } == {"14743-9"}
    where, files = open_job(world, wide)
    told = lines(world.get(files["Observation"], token=narrow))
    assert told and {each["code"]["coding"][0]["code"] for each in told} == {"14743-9"}
    assert (
        world.get(files["Patient"], token=narrow).status_code
        == world.get(where, token=narrow).status_code
        == 403
    )
    assert kicked(asking(world, narrow), "$export?_type=Patient").status_code == 403
    assert kicked(asking(world, narrow), f"Group/{own_group(world)}/$export").status_code == 403
    half = world.token(scope="system/Patient.r system/Observation.s")
    assert kicked(asking(world, half)).status_code == 403, "read and search, both"


def leaks_nothing(found: dict[str, list[dict[str, Any]]]) -> bool:
    return {each["code"]["coding"][0]["code"] for each in found["Observation"]} == {"14743-9"}


def test_l30_who_is_in_the_group_is_told_of_members_alone_and_written_down(world: World) -> None:
    grant, group = world.grant(), own_group(world)
    ada, bob = world.patient_id(world.ada), world.patient_id(world.bob)
    before = [len(ledger.disclosures(world.db, who)) for who in (world.ada, world.bob)]
    found = world.get("Group")
    assert ada not in found.text and found.json()["total"] == 1
    assert [len(ledger.disclosures(world.db, who)) for who in (world.ada, world.bob)] == before
    read = world.get(f"Group/{group}")
    assert [each["entity"]["reference"] for each in read.json()["member"]] == [f"Patient/{ada}"]
    assert "quantity" not in read.json() and not leaks(world, read)
    assert [world.get(f"Group?member=Patient/{who}").json()["total"] for who in (ada, bob, "nobody")] == [
        1,
        0,
        0,
    ]
    after = ledger.disclosures(world.db, world.ada)
    assert len(after) == before[0] + 2 and len(ledger.disclosures(world.db, world.bob)) == before[1]
    newest = max(after, key=lambda row: row.seq)
    assert (newest.fields["way"], newest.fields["channel"], newest.fields["items"]) == ("bulk", "bulk", 1)
    world.clock.now += 1000
    grants.revoke(world.db, grant)
    assert "member" not in world.get(f"Group/{group}").json()
    assert world.get(f"Group?member=Patient/{ada}").json()["total"] == 0


def test_the_group_is_found_and_read_as_any_resource(world: World) -> None:
    world.grant()
    group = own_group(world)
    assert world.get(f"Group?_id={group},x").json()["total"] == 1
    assert world.get("Group?_id=x").json()["total"] == 0
    assert world.get("Group?flavour=sweet").json()["total"] == 1
    assert world.get("Group?flavour=sweet", headers={"Prefer": "handling=strict"}).status_code == 400
    for bad in ("member:not=x", "member.name=x", "_has:Group:member=x", "member=", "member=x&member=y"):
        assert world.get(f"Group?{bad}").status_code == 400
    xml = world.get(f"Group/{group}", headers={"Accept": "application/fhir+xml"})
    assert f'<reference value="Patient/{world.patient_id(world.ada)}"/>' in xml.text
    assert world.get(f"Group/{group}", token=world.token(scope="system/Patient.rs")).status_code == 403


def test_each_file_is_an_entry_for_each_patient_with_what_left(world: World) -> None:
    world.grant()
    found = exported(asking(world), "$export?_type=Observation,Patient,MedicationAdministration")
    rows = ledger.disclosures(world.db, world.ada)
    told = sorted(
        (str(row.fields["channel"]), str(row.fields["way"]), int(str(row.fields["items"]))) for row in rows
    )
    assert told == [("bulk", "bulk", 1), ("bulk", "bulk", len(found["Observation"]))]
    assert not ledger.disclosures(world.db, world.bob)


def test_means_come_once_also_where_a_file_is_fetched_later_than_it_was_asked_for(slow: World) -> None:
    """The first telling of a mean is what freezes it; it is as old as its readings, not as its telling."""
    slow.grant(grain=Grain.HOUR)

    def waited(since: str = "") -> tuple[str, list[dict[str, Any]]]:
        ask = asking(slow)
        where = place(kicked(ask, f"$export?_type=Observation{since}").headers["content-location"])
        slow.clock.now += LIMITS.settled
        status = ask("GET", where).json()
        slow.clock.now += HOUR
        found = lines(slow.get(place(status["output"][0]["url"])))
        assert slow.ask("DELETE", f"/fhir/{where}").status_code == 202
        return status["transactionTime"], found

    first, told = waited()
    assert len(told) > 300 and all("effectivePeriod" in each for each in told)
    second, over = waited(f"&_since={first}")
    assert [each["effectivePeriod"]["start"][:13] for each in over] == ["2026-09-21T16"], (
        "the hour that ended since"
    )
    assert over[0]["id"] not in {each["id"] for each in told}
    slow.upload(slow.ada, glucose(every(WINDOW.start + 30_000, WINDOW.start + HOUR), "8LATER"))
    slow.clock.now += 1
    third, one = waited(f"&_since={second}")
    assert len(one) == 1
    assert waited(f"&_since={third}")[1] == []
