"""$lastn and $everything over HTTP: what comes, how it is asked for, and that they open nothing (L12, L19, L25)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Kind
from bridge.period import DAY, HOUR, Period, PeriodSet
from bridge.reading import Device, EventKind, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store import ledger
from tests.fhir.plain_xml import of_json, of_xml
from tests.web.pumped import pumped, telling
from tests.web.world import FHIR, NOW, WINDOW, World, leaks, linked, outcome, resources, rows_of

CGM = "http://loinc.org|99504-3"
PARAMETERS = {"content-type": "application/fhir+json"}


@pytest.fixture
def shared(world: World) -> World:
    """Ada shares her window; she has a pump and events too."""
    pumped(world)
    at = np.arange(WINDOW.start - 5 * DAY, NOW, 7 * HOUR, dtype=np.int64)
    kinds = np.array([EventKind.SENSOR_START, EventKind.SIGNAL_LOSS], np.uint16)[np.arange(len(at)) % 2]
    key = SeriesKey(Stream.EVENT, "dexcom-clarity", "pump", Unit.NONE, 0)
    columns: dict[str, Any] = {
        "instant": at,
        "value": np.zeros(len(at), np.int64),
        "kind": kinds,
        "row": rows_of(at),
    }
    world.upload(world.ada, Readings(key, columns, Device(kind="pump"), SourceClass.MAKER))
    world.grant()
    return world


def lastn(world: World, rest: str, who: int | None = None, **more: Any) -> Any:
    named = world.patient_id(world.ada if who is None else who)
    return world.get(f"Observation/$lastn?patient={named}&{rest}", **more)


def everything(world: World, rest: str = "", who: int | None = None, **more: Any) -> Any:
    named = world.patient_id(world.ada if who is None else who)
    return world.get(f"Patient/{named}/$everything" + (f"?{rest}" if rest else ""), **more)


def body(*pairs: tuple[str, str, object]) -> str:
    parameter = [{"name": name, f"value{kind}": value} for name, kind, value in pairs]
    return json.dumps({"resourceType": "Parameters", "parameter": parameter})


def entries(world: World) -> int:
    return sum(1 for _ in ledger.disclosures(world.db, world.ada))


def types(bundle: Any) -> Counter[str]:
    return Counter(each["resource"]["resourceType"] for each in bundle.get("entry", ()))


# ----------------------------------------------------------------------------------------------- $lastn


def test_the_newest_of_each_code_come_group_by_group_newest_first(shared: World) -> None:
    answer = lastn(shared, "category=laboratory,procedure&max=3")
    found = resources(answer.json())
    groups = [json.dumps(each["code"]) for each in found]
    assert groups == sorted(groups, key=groups.index), "a group stands together"
    assert set(Counter(groups).values()) == {3} and len(set(groups)) >= 3
    glucose = [each for each in found if CGM.endswith(each["code"]["coding"][0]["code"])]
    newest = [shared.observation_id(each) for each in shared.shown()[:-4:-1]]
    assert [each["id"] for each in glucose] == newest
    assert answer.json()["total"] == len(found) and linked(answer.json(), "next") is None
    assert not leaks(shared, answer)


def test_one_of_each_comes_where_no_number_is_given(shared: World) -> None:
    found = resources(lastn(shared, f"code={CGM}").json())
    assert [each["id"] for each in found] == [shared.observation_id(shared.shown()[-1])]


def test_fewer_come_where_there_are_fewer_and_never_more_than_a_hundred(shared: World) -> None:
    assert len(resources(lastn(shared, f"code={CGM}&max=5000").json())) == 100
    early = f"code={CGM}&max=20&date=lt2026-09-08T00:30:00%2B02:00"
    assert len(resources(lastn(shared, early).json())) == 6


def test_the_newest_inside_a_date_are_of_the_window_alone(shared: World) -> None:
    assert resources(lastn(shared, f"code={CGM}&date=lt2026-09-08").json()) == []
    (only,) = resources(lastn(shared, f"code={CGM}&date=lt2026-09-08T00:01:00%2B02:00").json())
    assert only["id"] == shared.observation_id(shared.shown()[0])


def test_get_post_form_and_parameters_in_json_and_xml_are_one_question(shared: World) -> None:
    patient = shared.patient_id(shared.ada)
    told = resources(lastn(shared, f"code={CGM}&max=2").json())
    path = "/fhir/Observation/$lastn"
    form = shared.ask("POST", path, data={"patient": patient, "code": CGM, "max": "2"})
    sent = body(("patient", "String", patient), ("code", "String", CGM), ("max", "PositiveInt", 2))
    posted = shared.ask("POST", path, content=sent, headers=PARAMETERS)
    xml = (
        '<Parameters xmlns="http://hl7.org/fhir">'
        f'<parameter><name value="patient"/><valueString value="{patient}"/></parameter>'
        f'<parameter><name value="code"/><valueString value="{CGM}"/></parameter>'
        '<parameter><name value="max"/><valueInteger value="2"/></parameter></Parameters>'
    )
    in_xml = shared.ask("POST", path, content=xml, headers={"content-type": "application/fhir+xml"})
    assert len(told) == 2
    assert [resources(each.json()) for each in (form, posted, in_xml)] == [told] * 3


@pytest.mark.parametrize(
    "sent",
    ["{}", "[1]", "nothing", '{"resourceType":"Parameters","parameter":{}}',
     '{"resourceType":"Parameters","parameter":[{"name":"patient"}]}',
     '{"resourceType":"Parameters","parameter":[{"name":"patient","resource":{"resourceType":"Patient"}}]}',
     '{"resourceType":"Parameters","parameter":[{"valueString":"x"}]}',
     '{"resourceType":"Parameters","parameter":[{"name":"max","valueInteger":1,"valueString":"2"}]}'],
)  # fmt: skip
def test_parameters_that_are_none_are_refused(granted: World, sent: str) -> None:
    answer = granted.ask("POST", "/fhir/Observation/$lastn", content=sent, headers=PARAMETERS)
    assert answer.status_code == 400 and outcome(answer)


@pytest.mark.parametrize(
    "rest",
    ["", "max=2", "date=gt2026", "code=99504-3&max=0", "code=99504-3&max=x", "code=99504-3&max=1&max=2",
     "code=99504-3&_count=5", "code=99504-3&_sort=date", "code=99504-3&_total=accurate", "code=99504-3&_page=x",
     "code=99504-3&_summary=count", "code:in=x", "code=99504-3&_has:Observation:x=1"],
)  # fmt: skip
def test_what_lastn_cannot_honour_is_refused(granted: World, rest: str) -> None:
    answer = lastn(granted, rest)
    assert answer.status_code == 400 and outcome(answer)
    assert lastn(granted, rest, granted.bob).text == answer.text.replace(granted.patient_id(granted.ada), "")


def test_lastn_stays_inside_the_scopes_and_is_nothing_without_a_grant(shared: World) -> None:
    only = shared.token(scope="system/Observation.rs?code=http://loinc.org|14743-9")
    found = resources(lastn(shared, "category=laboratory&max=50", token=only).json())
    assert {each["code"]["coding"][0]["code"] for each in found} == {"14743-9"}
    other = shared.token(scope="system/Device.rs")
    assert lastn(shared, "category=laboratory", token=other).status_code == 403
    nothing = lastn(shared, "category=laboratory", shared.bob)
    unknown = shared.get(
        f"Observation/$lastn?patient={'0' * 8}-0000-0000-0000-{'0' * 12}&category=laboratory"
    )
    assert nothing.json()["total"] == unknown.json()["total"] == 0


def test_lastn_is_one_entry_of_the_ledger_with_what_left(shared: World) -> None:
    before = entries(shared)
    found = resources(lastn(shared, "category=laboratory&max=4").json())
    assert entries(shared) == before + 1
    newest = max(ledger.disclosures(shared.db, shared.ada), key=lambda row: row.seq)
    assert newest.fields["items"] == len(found)


def test_lastn_says_the_same_in_xml_and_inside_a_batch(shared: World) -> None:
    rest = f"code={CGM}&max=2"
    in_xml = lastn(shared, rest, headers={"Accept": "application/fhir+xml"})
    assert of_xml(in_xml.content) == of_json(lastn(shared, rest).content)
    url = f"Observation/$lastn?patient={shared.patient_id(shared.ada)}&{rest}"
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": url}}]}
    (entry,) = shared.ask("POST", "/fhir", json=batch, headers=PARAMETERS).json()["entry"]
    assert resources(entry["resource"]) == resources(lastn(shared, rest).json())


# ------------------------------------------------------------------------------------------- $everything


def test_everything_is_what_the_searches_find(shared: World) -> None:
    answer = everything(shared)
    found = answer.json()
    patient = shared.patient_id(shared.ada)
    for kind in ("Observation", "MedicationAdministration", "Device"):
        ids = {each["id"] for each in shared.search(f"{kind}?patient={patient}&_count=1000")}
        told = [e["resource"]["id"] for e in found["entry"] if e["resource"]["resourceType"] == kind]
        assert set(told) == ids and len(told) == len(ids)
    assert types(found)["Patient"] == 1 and "Provenance" not in types(found)
    assert not leaks(shared, answer) and not telling(answer.text)


def test_everything_in_pages_is_the_same_once(shared: World) -> None:
    whole = everything(shared).json()
    pages, following = list[Any](), f"{FHIR}/Patient/{shared.patient_id(shared.ada)}/$everything?_count=700"
    while following:
        pages.append(shared.get(following).json())
        following = linked(pages[-1], "next") or ""
    matches = [each["id"] for page in pages for each in resources(page)]
    assert matches == [each["id"] for each in resources(whole)]
    assert all(len(resources(page)) <= 700 for page in pages)
    assert [types(page)["Patient"] for page in pages] == [1] + [0] * (len(pages) - 1)


def test_types_and_dates_narrow_everything(shared: World) -> None:
    day = everything(shared, "start=2026-09-10&end=2026-09-10&_type=Observation,Patient").json()
    assert set(types(day)) == {"Observation", "Patient"}
    times = [each["effectiveDateTime"] for each in resources(day)]
    assert all(each.startswith("2026-09-10T") for each in times)
    assert sum("99504-3" in json.dumps(each["code"]) for each in resources(day)) == 288
    over = everything(shared, "start=2026-09-11&end=2026-09-11&_type=MedicationAdministration").json()
    spans = [each["effectivePeriod"] for each in resources(over) if "effectivePeriod" in each]
    assert any(span["start"] < "2026-09-11T00:00" < span["end"] for span in spans), "what overlaps is meant"
    proofs = everything(shared, "_type=Provenance,Observation&start=2026-09-10&end=2026-09-10").json()
    assert types(proofs)["Provenance"] == types(proofs)["Observation"] > 288
    assert set(types(everything(shared, "_type=Patient,Device").json())) == {"Patient", "Device"}
    assert types(everything(shared, "_type=Encounter").json()) == Counter()


def test_since_brings_what_changed_and_the_person(shared: World) -> None:
    assert set(types(everything(shared, "_since=2030-01-01T00:00:00Z").json())) == {"Patient", "DeviceMetric"}
    assert types(everything(shared, "_since=2020-01-01T00:00:00Z").json())["Observation"] > 4000


@pytest.mark.parametrize(
    "rest", ["start=9999", "start=2999-12-31", "end=0001", "end=0001-01-01", "start=9998&end=9999"]
)
def test_dates_of_no_calendar_are_edges_beyond_which_nothing_is(shared: World, rest: str) -> None:
    answer = everything(shared, f"{rest}&_type=Observation")
    assert answer.status_code == 200 and not types(answer.json()), answer.text


def test_an_end_before_its_start_in_the_zone_of_the_person_alone_is_no_fault(shared: World) -> None:
    answer = everything(shared, "start=2026-09-10T10:00:00Z&end=2026-09-10T10:30:00&_type=Observation")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("rest", ["start=", "start=x", "start=ge2026-01-01", "start=2026&start=2026", "_since=x",
                                  "start=2026-09-11&end=2026-09-10", "start=9999&end=2026",
                                  "_count=0", "_count=x", "_has:x=1", "start:missing=true", "_filter=x"])  # fmt: skip
def test_what_everything_cannot_honour_is_refused(granted: World, rest: str) -> None:
    answer = everything(granted, rest)
    assert answer.status_code == 400 and outcome(answer)


def test_unknown_parameters_are_ignored_or_refused_as_the_asker_prefers(shared: World) -> None:
    lenient = everything(shared, "flavour=sweet&_count=5")
    assert lenient.status_code == 200 and "flavour" not in lenient.text
    strict = {"Prefer": "handling=strict"}
    assert everything(shared, "flavour=sweet", headers=strict).status_code == 400
    assert everything(shared, "_type=Encounter", headers=strict).status_code == 400


def test_everything_of_nobody_is_the_same_absence(shared: World) -> None:
    unknown = shared.get(f"Patient/{'0' * 8}-0000-0000-0000-{'0' * 12}/$everything")
    for rest in ("", "_count=5", "_type=Device", "_type=Encounter"):
        refused = everything(shared, rest, shared.bob)
        assert (refused.status_code, refused.content) == (404, unknown.content)
    assert everything(shared).status_code == 200


def test_everything_stays_inside_the_scopes(shared: World) -> None:
    narrow = shared.token(scope="system/Patient.rs system/Observation.rs?code=http://loinc.org|14743-9")
    found = everything(shared, token=narrow).json()
    assert set(types(found)) == {"Patient", "Observation"}
    assert {each["code"]["coding"][0]["code"] for each in resources(found)} == {"14743-9"}
    assert everything(shared, "_type=Device", token=narrow).status_code == 403
    assert everything(shared, token=shared.token(scope="system/Observation.rs")).status_code == 403


def test_a_revoked_grant_stops_the_next_page_of_everything(world: World) -> None:
    grant = world.grant()
    following = linked(everything(world, "_count=10").json(), "next")
    assert following and len(resources(world.get(following).json())) == 10
    grants.revoke(world.db, grant)
    assert world.get(following).status_code == 404


def test_a_page_link_of_everything_works_at_its_own_address_alone(shared: World) -> None:
    following = linked(everything(shared, "_count=10").json(), "next")
    assert following
    token = following.partition("_page=")[2]
    bobs = shared.patient_id(shared.bob)
    for path in (f"Observation?_page={token}", f"Patient/{bobs}/$everything?_page={token}"):
        assert shared.get(path).status_code == 404
    assert shared.get(f"{following}&_count=5").status_code == 400


def test_everything_of_a_person_without_readings_in_reach_is_the_person(world: World) -> None:
    world.grant(periods=PeriodSet((Period(NOW + 300 * DAY, NOW + 301 * DAY),)), kinds=WILDCARD | {Kind.NOTES})
    assert types(everything(world).json()) == Counter({"Patient": 1})


def test_everything_is_one_entry_of_the_ledger(shared: World) -> None:
    before = entries(shared)
    found = types(everything(shared).json())
    assert entries(shared) == before + 1
    newest = max(ledger.disclosures(shared.db, shared.ada), key=lambda row: row.seq)
    assert newest.fields["items"] == sum(found.values())
    kinds: Any = newest.fields["kinds"]
    assert {"demographics", "device", "glucose", "insulin"} <= set(kinds)
