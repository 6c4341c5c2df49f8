"""Chunks of a day over HTTP (gematik HDDT 1.0.1, hddt-continuous-glucose-measurement): how they are asked for, what
they say, and that they open nothing."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Grain, Kind
from bridge.consent.grant import Identity
from bridge.fhir.sampled import PROFILE
from bridge.period import DAY, HOUR, Period, PeriodSet
from bridge.reading import Stream
from bridge.store import ledger
from bridge.store.ids import Name
from tests.fhir.plain_xml import of_json, of_xml
from tests.fhir.valid import valid
from tests.web.world import (
    MIDNIGHT,
    NOW,
    SERIAL,
    STEP,
    WINDOW,
    World,
    every,
    glucose,
    leaks,
    linked,
    outcome,
    resources,
)

ASKED = f"_profile={PROFILE}"


def chunks(world: World, rest: str = "", **more: Any) -> list[dict[str, Any]]:
    path = f"Observation?patient={world.patient_id(world.ada)}&{ASKED}" + (f"&{rest}" if rest else "")
    return world.search(path, **more)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def decoded(chunk: dict[str, Any]) -> list[tuple[int, str]]:
    """The samples as R4 2.24.0.10 reads them, E left out."""
    data = chunk["valueSampledData"]
    assert data["origin"]["value"] == 0 and "factor" not in data and data["dimensions"] == 1
    start = ms(chunk["effectivePeriod"]["start"])
    told = enumerate(data["data"].split(" "))
    return [(start + place * data["period"], each) for place, each in told if each != "E"]


def test_the_chunks_are_the_readings_of_the_window(granted: World) -> None:
    found = chunks(granted)
    assert len(found) == 14
    told = [each for chunk in found for each in decoded(chunk)]
    assert told == [(each.instant, str(each.value)) for each in granted.shown()]
    assert [each["status"] for each in found] == ["final"] * 13 + ["preliminary"]
    ends = [ms(each["effectivePeriod"]["end"]) + 1 for each in found]
    assert ends == [WINDOW.start + day * DAY for day in range(1, 15)]


def test_a_chunk_says_what_the_profile_wants(granted: World) -> None:
    (chunk,) = chunks(granted, "date=2026-09-10")
    assert valid(json.dumps(chunk).encode()) and chunk["meta"]["profile"] == [PROFILE]
    assert chunk["code"]["coding"][0] == {"system": "http://loinc.org", "code": "99504-3"}
    origin = {"value": 0, "unit": "mg/dl", "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    assert chunk["valueSampledData"]["origin"] == origin
    assert chunk["device"]["reference"].startswith("Device/")
    assert "valueQuantity" not in chunk and chunk["identifier"][0]["value"] == chunk["id"]


def test_one_is_read_alone_in_both_notations_with_its_history_and_provenance(granted: World) -> None:
    (chunk,) = chunks(granted, "date=2026-09-10")
    path = f"Observation/{chunk['id']}"
    answer = granted.get(path)
    assert answer.json() == chunk
    in_xml = granted.get(path, headers={"Accept": "application/fhir+xml"})
    assert of_xml(in_xml.content) == of_json(answer.content)
    version = chunk["meta"]["versionId"]
    assert granted.get(f"{path}/_history/{version}").json() == chunk
    (only,) = resources(granted.get(f"{path}/_history").json())
    assert only == chunk
    assert granted.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    (proof,) = granted.search(
        f"Provenance?patient={granted.patient_id(granted.ada)}&target=Observation/{chunk['id']}"
    )
    assert proof["target"] == [{"reference": path}]
    assert granted.get(f"Provenance/{proof['id']}").json() == proof


def test_pages_of_chunks_and_streams_of_them_are_the_same(granted: World) -> None:
    path = f"Observation?patient={granted.patient_id(granted.ada)}&{ASKED}"
    whole = resources(granted.get(path).json())
    pages = granted.pages(f"{path}&_count=3")
    assert [each for page in pages for each in resources(page)] == whole and len(pages) == 5
    assert resources(granted.get(f"{path}&_count=100000").json()) == whole
    assert granted.get(f"{path}&_summary=count").json()["total"] == 14
    newest = resources(granted.get(f"{path}&_sort=-date&_count=1").json())
    assert newest == whole[-1:]


def test_a_poll_by_date_and_by_lastupdated_finds_what_is_new(world: World) -> None:
    world.grant()
    closed = chunks(world)[-2]
    after = closed["effectivePeriod"]["end"].replace("+", "%2B")
    (chunk,) = chunks(world, f"date=gt{after}")
    world.clock.now += HOUR
    world.upload(world.ada, glucose(every(NOW - NOW % STEP, NOW + HOUR), SERIAL))
    since = chunk["meta"]["lastUpdated"]
    (grown,) = chunks(world, f"_lastUpdated=gt{since}")
    assert grown["id"] == chunk["id"] and grown["meta"]["versionId"] > chunk["meta"]["versionId"]
    assert len(decoded(grown)) > len(decoded(chunk))
    world.clock.now = MIDNIGHT + DAY + HOUR
    assert chunks(world, f"date=gt{after}")[0]["status"] == "final"


def test_hddts_own_request_is_understood(granted: World) -> None:
    rest = "code=99504-3&date=ge2026-09-10&date=le2026-09-11&_include=Observation:device"
    answer = granted.get(
        f"Observation?patient={granted.patient_id(granted.ada)}&{ASKED}&{rest}&_include:iterate=DeviceMetric:source"
    )
    found = answer.json()
    assert len(resources(found)) == 2
    (device,) = resources(found, "include")
    assert {each["device"]["reference"] for each in resources(found)} == {f"Device/{device['id']}"}
    with_version = answer.request.url.copy_set_param("_profile", f"{PROFILE}|1.0.1")
    assert len(resources(granted.get(str(with_version)).json())) == 2
    assert resources(granted.get(of(granted, f"{ASKED}&code=41653-7")).json()) == []


def of(world: World, rest: str) -> str:
    return f"Observation?patient={world.patient_id(world.ada)}&{rest}"


def test_another_profile_selects_what_claims_it(granted: World) -> None:
    cgm = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-sensor-reading-mass-per-volume"
    found = granted.search(of(granted, f"_profile={cgm}&_count=1000"))
    assert len(found) == len(granted.shown()) and found[0]["meta"]["profile"] == [cgm]
    assert granted.search(of(granted, "_profile=http://example.org/none")) == []


@pytest.mark.parametrize(
    "rest", [f"{ASKED}&status=final", f"{ASKED}&value-quantity=gt5", f"{ASKED},http://x", "_profile="]
)
def test_what_chunks_cannot_be_asked_is_refused(granted: World, rest: str) -> None:
    answer = granted.get(of(granted, rest))
    assert answer.status_code == 400 and outcome(answer)


def test_holes_and_edges_cut_chunks_and_tell_nothing_of_what_lies_in_them(world: World) -> None:
    hole = Period(WINDOW.start + 3 * HOUR, WINDOW.start + 20 * HOUR)
    world.grant(periods=PeriodSet((Period(WINDOW.start + HOUR, hole.start), Period(hole.end, WINDOW.end))))
    found = chunks(world, "date=2026-09-08")
    spans = [(ms(each["effectivePeriod"]["start"]), ms(each["effectivePeriod"]["end"]) + 1) for each in found]
    assert spans == [(WINDOW.start + HOUR, hole.start), (hole.end, WINDOW.start + DAY)]
    told = [each for chunk in found for each in decoded(chunk)]
    true = [(each.instant, str(each.value)) for each in world.shown() if each.instant < WINDOW.start + DAY]
    assert told == [each for each in true if WINDOW.start + HOUR <= each[0] and each[0] not in hole]


def test_a_hidden_chunk_is_as_absent_as_one_that_never_was(world: World) -> None:
    grant = world.grant()
    path = f"Observation/{chunks(world)[3]['id']}"
    assert world.get(path).status_code == 200
    never = world.get(f"Observation/{'0' * 8}-0000-0000-0000-{'0' * 12}")
    grants.revoke(world.db, grant)
    refused = world.get(path)
    assert (refused.status_code, refused.content) == (404, never.content)
    world.grant(kinds=frozenset({Kind.CAPILLARY}))
    assert world.get(path).content == never.content and chunks(world) == []
    assert world.get(path, token=world.token(world.stranger)).content == never.content


def test_a_scope_that_does_not_hold_sensor_readings_holds_no_chunks(granted: World) -> None:
    narrow = granted.token(scope="system/Observation.rs?code=http://loinc.org|41653-7")
    assert chunks(granted, token=narrow) == []
    right = granted.token(scope="system/Observation.rs?code=http://loinc.org|99504-3")
    found = chunks(granted, token=right)
    assert len(found) == 14
    assert granted.get(f"Observation/{found[0]['id']}", token=narrow).status_code == 404
    assert granted.get(f"Observation/{found[0]['id']}", token=right).status_code == 200


def test_a_pairing_names_chunks_of_its_own(world: World) -> None:
    one = world.grant()
    plain = {each["id"] for each in chunks(world)}
    grants.revoke(world.db, one)
    recipient = grants.load(world.db, one).grant.recipient
    pairing = grants.pairing_for(world.db, recipient, Identity.PSEUDONYMOUS)
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=pairing)
    (patient,) = {world.db.ids.one("Patient", name, pairing) for name in [world_name(world)]}
    paired = world.search(f"Observation?patient={patient}&{ASKED}")
    assert len(paired) == 14 and plain.isdisjoint(each["id"] for each in paired)
    assert world.get(f"Observation/{paired[0]['id']}").json() == paired[0]


def world_name(world: World) -> Any:
    return Name(world.ada, 0, 0, 0)


def test_without_the_kind_device_the_device_is_said_to_be_unknown(world: World) -> None:
    world.grant(kinds=frozenset({Kind.GLUCOSE}))
    device = chunks(world)[0]["device"]
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    assert device == {"extension": [{"url": url, "valueCode": "unknown"}]}


def test_means_are_not_chunked_and_capillary_values_neither(world: World) -> None:
    world.grant(grain=Grain.HOUR)
    assert chunks(world) == []
    assert world.search(of(world, "_count=3"))


def test_the_ledger_counts_the_readings_of_a_page_of_chunks(granted: World) -> None:
    granted.get(of(granted, f"{ASKED}&_count=2"))
    row = max(ledger.disclosures(granted.db, granted.ada), key=lambda each: each.seq)
    assert row.fields["items"] == 2 * 288
    assert row.fields["last"] == WINDOW.start + 2 * DAY - STEP


def test_a_revoked_grant_stops_the_next_page_of_chunks(world: World) -> None:
    grant = world.grant()
    following = linked(world.get(of(world, f"{ASKED}&_count=2")).json(), "next")
    assert following and len(resources(world.get(following).json())) == 2
    grants.revoke(world.db, grant)
    assert resources(world.get(following).json()) == []


def test_the_newest_chunk_of_each_code_is_the_open_one(granted: World) -> None:
    path = f"Observation/$lastn?patient={granted.patient_id(granted.ada)}&category=laboratory&{ASKED}"
    (only,) = resources(granted.get(path).json())
    assert only["status"] == "preliminary"


def test_canaries_are_found_in_chunks_where_they_are_shown(world: World) -> None:
    world.grant(periods=PeriodSet((Period(WINDOW.start - 30 * DAY, WINDOW.end),)), kinds=WILDCARD)
    answer = world.get(of(world, ASKED))
    assert "333" in leaks(world, answer) and len(world.readings(Stream.GLUCOSE)) > 8000
