"""The leak checklist over HTTP (`smart-consent.md` 3.5), by number, each with a twin that shows that what is
permitted does arrive. Ada shares WINDOW with the clinic; everything outside it carries canaries."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pytest

from bridge.consent import grants
from bridge.consent.asked import WILDCARD, Kind
from bridge.consent.grant import Identity, Recipient
from bridge.period import DAY, HOUR, MINUTE, Period, PeriodSet, iso
from bridge.reading import Device, Readings, SeriesKey, Stream, Unit
from bridge.store.ids import Name
from tests.smart.requirements import requirement
from tests.web.world import (
    FHIR,
    NOW,
    WINDOW,
    World,
    capillary,
    every,
    glucose,
    instants,
    leaks,
    linked,
    outcome,
    resources,
)

GLUCOSE = "code=http://loinc.org|99504-3"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def of(world: World, patient: int | None = None, rest: str = "", kind: str = "Observation") -> str:
    """A search of Ada's, or another's, resources."""
    named = world.patient_id(world.ada if patient is None else patient)
    return f"{kind}?patient={named}" + (f"&{rest}" if rest else "")


def told(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Everything that an asker can see of an answer but the date."""
    return answer.status_code, answer.content, dict(answer.headers)


def unknown_id(world: World) -> str:
    """An id that decodes for nobody."""
    return "0" * 8 + "-0000-0000-0000-" + "0" * 12


# ------------------------------------------------------------------------------- searching and counting


def test_l1_a_search_gives_exactly_the_readings_of_the_window(granted: World) -> None:
    expected = [each.instant for each in granted.shown()]
    found = granted.search(of(granted, rest=GLUCOSE))
    assert [ms(each) for each in instants(found)] == expected
    assert [each["valueQuantity"]["value"] for each in found] == [each.value for each in granted.shown()]
    assert WINDOW.start in expected


def test_l1_the_edges_are_half_open(world: World) -> None:
    start, end = NOW - 10 * HOUR - NOW % (5 * MINUTE), NOW - 5 * HOUR - NOW % (5 * MINUTE)
    offset = world.shown()[0].instant % (5 * MINUTE)
    start, end = start + offset, end + offset
    world.grant(periods=PeriodSet((Period(start, end),)))
    found = [ms(each) for each in instants(world.search(of(world, rest=GLUCOSE)))]
    assert found == [each.instant for each in world.readings(Stream.GLUCOSE) if start <= each.instant < end]
    assert found[0] == start and end not in found


def test_l2_the_total_is_the_visible_count_on_every_page(granted: World) -> None:
    expected = len(granted.shown())
    for total in ("accurate", "estimate"):
        pages = granted.pages(of(granted, rest=f"{GLUCOSE}&_count=900&_total={total}"))
        assert len(pages) > 2
        assert {page["total"] for page in pages} == {expected}
    for page in granted.pages(of(granted, rest=f"{GLUCOSE}&_count=900&_total=none")):
        assert "total" not in page


def test_l3_counting_counts_what_is_visible(granted: World) -> None:
    expected = len(granted.shown())
    for form in ("_summary=count", "_count=0"):
        answer = granted.get(of(granted, rest=f"{GLUCOSE}&{form}"))
        assert answer.json()["total"] == expected
        assert "entry" not in answer.json()
    assert granted.get(of(granted, granted.bob, "_summary=count")).json()["total"] == 0


def test_l4_the_first_and_the_last_are_the_windows(granted: World) -> None:
    shown = granted.shown()
    for order, expected in (("date", shown[0]), ("-date", shown[-1])):
        answer = granted.get(of(granted, rest=f"{GLUCOSE}&_sort={order}&_count=1"))
        (only,) = resources(answer.json())
        assert ms(only["effectiveDateTime"]) == expected.instant
        assert not leaks(granted, answer)


def test_l5_pages_are_full_to_the_last_and_show_no_numbers(granted: World) -> None:
    pages = granted.pages(of(granted, rest=f"{GLUCOSE}&_count=700"))
    sizes = [len(resources(page)) for page in pages]
    assert sizes[:-1] == [700] * (len(sizes) - 1) and 0 < sizes[-1] <= 700
    assert sum(sizes) == len(granted.shown())
    relations = {each["relation"] for page in pages for each in page["link"]}
    assert relations == {"self", "next"}
    ids = [each["id"] for page in pages for each in resources(page)]
    assert len(set(ids)) == len(ids)


def test_l5_a_page_link_works_for_the_asker_alone(world: World) -> None:
    world.grant()
    world.grant(to="Elsewhere")
    link = linked(world.get(of(world, rest="_count=10")).json(), "next")
    assert link
    assert world.get(link).status_code == 200
    refused = world.get(link, token=world.token(world.stranger))
    assert refused.status_code == 404
    assert not leaks(world, refused) and outcome(refused)


def test_l5_a_revoked_grant_stops_the_next_page(world: World) -> None:
    grant = world.grant()
    token = world.token()
    link = linked(world.get(of(world, rest="_count=10"), token=token).json(), "next")
    assert link and len(resources(world.get(link, token=token).json())) == 10
    grants.revoke(world.db, grant)
    after = world.get(link, token=token)
    assert after.status_code == 200
    assert resources(after.json()) == [] and linked(after.json(), "next") is None


@pytest.mark.parametrize("rest", ["", "&_include=Observation:device", "&_sort=-date"])
def test_l5_a_page_link_knows_nobody_by_a_name_that_ended(world: World, rest: str) -> None:
    """A link that is older than a pseudonymous share does not say whose that share is."""
    grant = world.grant()
    link = linked(world.get(of(world, rest=f"_count=5&_total=accurate{rest}")).json(), "next")
    assert link and world.get(link).json()["total"] > 10
    grants.revoke(world.db, grant)
    nothing = world.get(link).json()
    recipient = Recipient("Clinic", frozenset())
    pairing = grants.pairing_for(world.db, recipient, Identity.PSEUDONYMOUS)
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=pairing)
    after = world.get(link).json()
    assert (after["total"], nothing["total"], resources(after)) == (0, 0, [])


def test_l5_a_narrowed_grant_narrows_the_next_page(world: World) -> None:
    old = world.grant()
    link = linked(world.get(of(world, rest=f"{GLUCOSE}&_count=100")).json(), "next")
    assert link
    narrow = Period(WINDOW.start, WINDOW.start + 10 * HOUR)
    standing = grants.load(world.db, old)
    grants.supersede(
        world.db, old, replace(standing.grant, periods=PeriodSet((narrow,)), signed=world.clock())
    )
    page = world.get(link).json()
    assert len(resources(page)) == len(world.shown(window=narrow)) - 100
    assert all(ms(each) in narrow for each in instants(resources(page)))


def test_l6_a_changed_page_link_is_refused(granted: World) -> None:
    link = linked(granted.get(of(granted, rest="_count=10")).json(), "next")
    assert link
    head, token = link.split("_page=")
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        answer = granted.get(f"{head}_page={token[:place]}{other}{token[place + 1 :]}")
        assert (answer.status_code, len(outcome(answer)["issue"])) == (404, 1)
    for other in (f"{link}&_count=1000000", f"{link}&patient={granted.patient_id(granted.bob)}"):
        assert granted.get(other).status_code == 400
    assert granted.get(link.replace("/Observation?", "/Device?")).status_code == 404
    assert granted.get(link).status_code == 200


def test_l6_a_page_link_dies_after_an_hour(world: World) -> None:
    world.grant()
    link = linked(world.get(of(world, rest="_count=10")).json(), "next")
    assert link
    world.clock.now += HOUR - 1
    assert world.get(link).status_code == 200
    world.clock.now += 1
    assert world.get(link).status_code == 404


def test_l7_post_and_get_are_the_same_search(granted: World) -> None:
    patient = granted.patient_id(granted.ada)
    narrow = {"patient": patient, "code": "http://loinc.org|99504-3", "date": f"lt{iso(WINDOW.start + DAY)}"}
    by_get = granted.get("Observation", params=narrow)
    by_post = granted.ask("POST", "/fhir/Observation/_search", data=narrow)
    assert resources(by_get.json()) == resources(by_post.json())
    assert len(resources(by_get.json())) == 288
    body = {"date": f"lt{iso(WINDOW.start + DAY)}"}
    both = granted.ask("POST", f"/fhir/{of(granted, rest=GLUCOSE)}".replace("?", "/_search?"), data=body)
    assert resources(both.json()) == resources(by_get.json())
    assert linked(both.json(), "self") == linked(by_get.json(), "self") or not leaks(granted, both)


def test_l7_parameters_in_body_and_url_narrow_and_never_widen(granted: World) -> None:
    path = f"/fhir/Observation/_search?patient={granted.patient_id(granted.ada)}&_count=5"
    other = granted.ask("POST", path, data={"patient": granted.patient_id(granted.bob)})
    assert other.status_code == 400
    twice = granted.ask("POST", path, data={"_count": "1000"})
    assert twice.status_code == 400
    assert granted.ask("POST", path, data={}).status_code == 200


@pytest.mark.parametrize("rest", ["date=lt2000", "date=gt2100", "date=lt2026-09-08", "date=eq2026-09-01"])
def test_l8_a_date_outside_the_window_looks_like_no_data(granted: World, rest: str) -> None:
    answer = granted.get(of(granted, rest=rest))
    assert answer.status_code == 200
    nobody = granted.get(of(granted, granted.bob, rest))
    assert [answer.json().get(name) for name in ("total", "entry", "meta")] == [
        nobody.json().get(name) for name in ("total", "entry", "meta")
    ]
    inside = granted.get(of(granted, rest="date=eq2026-09-10"))
    assert len(resources(inside.json())) > 250


def test_l8_a_malformed_date_is_the_same_error_everywhere(granted: World) -> None:
    for date in ("2026-13-01", "yesterday", "xx2026", "2026-09-10T25:00:00Z"):
        errors = {
            told(granted.get(of(granted, patient, f"date={date}")))[:2]
            for patient in (granted.ada, granted.bob)
        }
        assert len(errors) == 1
        assert errors.pop()[0] == 400


def test_l9_hidden_ids_in_a_list_find_nothing(granted: World) -> None:
    hidden = [granted.observation_id(each) for each in granted.hidden()[:20]]
    shown = granted.observation_id(granted.shown()[5])
    bobs = granted.observation_id(granted.readings(Stream.GLUCOSE, granted.bob)[0], granted.bob)
    answer = granted.get(of(granted, rest="_id=" + ",".join([*hidden, bobs, unknown_id(granted)])))
    assert resources(answer.json()) == []
    answer = granted.get(of(granted, rest="_id=" + ",".join([*hidden, shown, bobs])))
    assert [each["id"] for each in resources(answer.json())] == [shown]


@pytest.mark.parametrize(
    "rest",
    ["_tag=x", "_security=R", "_source=file", "combo-value-quantity=333", "component-code=x",
     "performer=x", "derived-from=x"],
)  # fmt: skip
def test_l9_parameters_that_are_not_offered_are_no_oracle(granted: World, rest: str) -> None:
    lenient = granted.get(of(granted, rest=f"{GLUCOSE}&_count=50&{rest}"))
    assert lenient.status_code == 200
    assert not leaks(granted, lenient)
    assert len(resources(lenient.json())) == 50
    assert rest.split("=")[0] not in (linked(lenient.json(), "self") or "")
    strict = granted.get(of(granted, rest=rest), headers={"Prefer": "handling=strict"})
    assert (strict.status_code, strict.json()["resourceType"]) == (400, "OperationOutcome")


@pytest.mark.parametrize(
    "rest", ["code:not=x", "code:missing=true", "date:missing=true", "_id:not=x", "device:missing=1"]
)
def test_l9_modifiers_are_refused(granted: World, rest: str) -> None:
    answer = granted.get(of(granted, rest=rest))
    assert answer.status_code == 400 and outcome(answer)


def test_l9_last_updated_finds_permitted_rows_alone(granted: World) -> None:
    both = granted.search(of(granted, rest=f"{GLUCOSE}&_lastUpdated=gt2000"))
    assert len(both) == len(granted.shown())
    assert granted.search(of(granted, rest="_lastUpdated=lt2000")) == []


@pytest.mark.parametrize(
    "path",
    [
        "Observation?device.identifier=CANARY-OLD-SENSOR",
        "Observation?patient.identifier=urn:example:mrn|bob-1",
        "Observation?subject:Patient.birthdate=1980-01-02",
        "Device?_has:Observation:device:date=lt2026-09-01",
        "Patient?_has:Observation:patient:value-quantity=gt300",
    ],
)
def test_l10_chained_parameters_are_refused(granted: World, path: str) -> None:
    for rest in ("", f"&patient={granted.patient_id(granted.ada)}"):
        answer = granted.get(path + rest)
        assert answer.status_code == 400 and outcome(answer) and not leaks(granted, answer)


def test_l11_lenient_handling_never_drops_a_filter(granted: World) -> None:
    lenient = {"Prefer": "handling=lenient"}
    for broken in (
        "date=",
        "date=soon",
        "date=ge",
        "code=&date=lt2026-09-09",
        "_id=",
        "_count=-1",
        "_count=x",
    ):
        assert granted.get(of(granted, rest=broken), headers=lenient).status_code == 400
    narrowed = granted.get(of(granted, rest=f"{GLUCOSE}&foo=bar&date=eq2026-09-10"), headers=lenient)
    assert len(resources(narrowed.json())) == 288


@pytest.mark.parametrize(
    "rest",
    ["_filter=date lt 2026-09-01", "_query=everything", "_contained=both", "_containedType=contained",
     "_text=333", "_content=333", "_list=$current"],
)  # fmt: skip
def test_l12_the_wide_parameters_are_off(granted: World, rest: str) -> None:
    for handling in ("strict", "lenient"):
        answer = granted.get(of(granted, rest=rest), headers={"Prefer": f"handling={handling}"})
        assert answer.status_code == 400 and outcome(answer)
    for path in (
        "$graphql?query=x",
        "Observation/$graphql",
        "_history",
        "Patient/$match",
    ):
        assert granted.get(path).status_code == 404


# --------------------------------------------------------------------------------------------- includes


def test_l14_only_devices_of_disclosed_readings_are_included(granted: World) -> None:
    answer = granted.get(of(granted, rest=f"{GLUCOSE}&_include=Observation:device&_count=20"))
    included = resources(answer.json(), "include")
    references = {each["device"]["reference"] for each in resources(answer.json())}
    assert {f"Device/{each['id']}" for each in included} == references
    assert len(included) == 1
    assert not leaks(granted, answer)
    assert "8GSHOWN" not in answer.text  # a serial is a kind of its own


def test_l14_a_device_worn_only_before_the_window_is_absent(granted: World) -> None:
    old = min(each.series for each in granted.readings(Stream.GLUCOSE))
    hidden = granted.db.ids.one("Device", Name(granted.ada, old, 0, 0))
    assert told(granted.get(f"Device/{hidden}")) == told(granted.get(f"Device/{unknown_id(granted)}"))
    devices = granted.search(of(granted, kind="Device"))
    assert hidden not in {each["id"] for each in devices} and devices
    assert resources(granted.get(of(granted, rest=f"device=Device/{hidden}")).json()) == []
    shown = devices[0]["id"]
    assert granted.get(f"Device/{shown}").json()["id"] == shown
    assert resources(granted.get(of(granted, rest=f"device=Device/{shown}&_count=3")).json())


@pytest.mark.parametrize(
    "rest",
    [
        "_include=*",
        "_include=Observation:*",
        "_include=Observation:subject",
        "_include=Observation:has-member",
        "_include:iterate=Observation:device",
        "_include=Observation:performer",
        "_include=Observation:derived-from",
        "_revinclude=*",
        "_revinclude=AuditEvent:entity",
        "_revinclude=Observation:has-member",
        "_revinclude=DiagnosticReport:result",
        "_revinclude=Consent:data",
    ],
)
def test_l14_l15_other_inclusions_add_nothing(granted: World, rest: str) -> None:
    answer = granted.get(of(granted, rest=f"{GLUCOSE}&_count=3&{rest}"))
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert {each["search"]["mode"] for each in answer.json()["entry"]} == {"match"}
    assert not leaks(granted, answer)


def test_l15_provenance_is_of_disclosed_readings_and_says_nothing_of_the_file(granted: World) -> None:
    answer = granted.get(of(granted, rest=f"{GLUCOSE}&_revinclude=Provenance:target&_count=20"))
    matches, included = resources(answer.json()), resources(answer.json(), "include")
    targets = [each["target"][0]["reference"] for each in included]
    assert targets == [f"Observation/{each['id']}" for each in matches]
    assert not leaks(granted, answer)
    one = granted.get(f"Provenance/{included[0]['id']}")
    assert one.json()["target"] == included[0]["target"]


def test_l15_provenance_of_a_hidden_reading_is_absent(granted: World) -> None:
    reading = granted.hidden()[0]
    name = Name(granted.ada, reading.series, reading.instant, 0)
    hidden = granted.db.ids.one("Provenance", name)
    assert told(granted.get(f"Provenance/{hidden}")) == told(granted.get(f"Provenance/{unknown_id(granted)}"))
    target = granted.observation_id(reading)
    answer = granted.get(of(granted, rest=f"target=Observation/{target}", kind="Provenance"))
    assert resources(answer.json()) == []
    shown = granted.observation_id(granted.shown()[0])
    answer = granted.get(of(granted, rest=f"target=Observation/{shown}", kind="Provenance"))
    assert len(resources(answer.json())) == 1


# -------------------------------------------------------------------------------- instance and history


def hidden_ids(world: World) -> dict[str, str]:
    """Why it is hidden -> path of the hidden resource."""
    old, bobs = world.hidden()[0], world.readings(Stream.GLUCOSE, world.bob)[0]
    return {
        "outside the window": f"Observation/{world.observation_id(old)}",
        "last before the window": f"Observation/{world.observation_id(world.hidden()[-1])}",
        "another person's": f"Observation/{world.observation_id(bobs, world.bob)}",
        "a person without a grant": f"Patient/{world.patient_id(world.bob)}",
        "another type": f"Observation/{world.patient_id(world.ada)}",
        "a mean that is not granted": "Observation/"
        + world.db.ids.one("Observation", Name(world.ada, old.series, WINDOW.start, 2 << 9)),
    }


def test_l19_hidden_and_never_existing_are_the_same_answer(granted: World) -> None:
    for why, path in hidden_ids(granted).items():
        never = granted.get(f"{path.split('/')[0]}/{unknown_id(granted)}")
        assert told(granted.get(path)) == told(never), why
        assert never.status_code == 404
    for malformed in ("x", "a" * 65, "a" * 3000, "%00", "%2e%2e%2f", "é"):
        answer = granted.get(f"Observation/{malformed}")
        assert answer.status_code == 404, malformed
    shown = granted.get(f"Observation/{granted.observation_id(granted.shown()[7])}")
    assert shown.status_code == 200
    assert shown.json()["valueQuantity"]["value"] == granted.shown()[7].value


def test_l19_a_kind_that_is_not_granted_is_absent(world: World) -> None:
    world.grant(kinds=frozenset({Kind.CAPILLARY}))
    glucose_id = world.observation_id(world.shown()[0])
    absent = world.get(f"Observation/{unknown_id(world)}")
    assert told(world.get(f"Observation/{glucose_id}")) == told(absent)
    mine = world.observation_id(world.shown(Stream.CAPILLARY)[0])
    assert world.get(f"Observation/{mine}").status_code == 200


def test_l19_the_time_of_a_hidden_read_is_that_of_a_missing_one(granted: World) -> None:
    token = granted.token()
    paths = [f"/fhir/{next(iter(hidden_ids(granted).values()))}", f"/fhir/Observation/{unknown_id(granted)}"]
    taken: list[list[float]] = [[], []]
    for _ in range(60):
        for place, path in enumerate(paths):
            begun = time.perf_counter()
            granted.ask("GET", path, token=token)
            taken[place].append(time.perf_counter() - begun)
    hidden, missing = (statistics.median(each) for each in taken)
    assert abs(hidden - missing) < max(hidden, missing) * 0.8 + 0.002


def test_l20_versions_and_history_of_a_hidden_reading_are_absent(granted: World) -> None:
    for path in hidden_ids(granted).values():
        if not path.startswith("Observation"):
            continue
        for tail in ("/_history", "/_history/1", "/_history/1-00000000", "/_history?_since=2000-01-01"):
            never = granted.get(f"Observation/{unknown_id(granted)}{tail}")
            assert told(granted.get(path + tail)) == told(never)
            assert never.status_code == 404
    shown = f"Observation/{granted.observation_id(granted.shown()[3])}"
    history = granted.get(f"{shown}/_history").json()
    assert (history["type"], len(history["entry"])) == ("history", 1)
    version = history["entry"][0]["resource"]["meta"]["versionId"]
    assert granted.get(f"{shown}/_history/{version}").json() == granted.get(shown).json()
    assert granted.get(f"{shown}/_history/2-ffffffff").status_code == 404


def test_l20_versions_count_from_the_first_that_was_shown(world: World) -> None:
    """ETag, vread and history have one number, and it tells nothing of edits before the grant."""
    at = WINDOW.end - 2 * DAY
    key = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", "counted", Unit.MG_DL, 0, by_counter=True)

    def corrected(value: int) -> None:
        columns = {"instant": [at], "value": [value], "counter": [7]}
        made = {name: np.array(told, np.int64) for name, told in columns.items()}
        world.upload(world.ada, Readings(key, made, Device("Dexcom", "G6", "counted", kind="transmitter")))
        world.clock.now += MINUTE

    for value in (501, 502, 503):
        corrected(value)
    world.grant()
    world.clock.now += MINUTE
    (found,) = [each for each in world.search(of(world)) if each.get("valueQuantity", {}).get("value") == 503]
    path, first = f"Observation/{found['id']}", found["meta"]["versionId"]
    assert first.startswith("1-")
    assert [each["resource"] for each in world.get(f"{path}/_history").json()["entry"]] == [found]
    corrected(504)
    answer = world.get(path)
    second = answer.json()["meta"]["versionId"]
    assert second.startswith("2-")
    assert answer.headers["etag"] == f'W/"{second}"'
    told = [
        each["resource"]["valueQuantity"]["value"] for each in world.get(f"{path}/_history").json()["entry"]
    ]
    assert told == [504, 503]
    values = {
        each: world.get(f"{path}/_history/{each}").json().get("valueQuantity", {}).get("value")
        for each in (first, second, first.replace("1-", "3-"), first.replace("1-", "4-"))
    }
    assert list(values.values()) == [503, 504, None, None]


def test_l20_type_and_system_history_are_not_offered(granted: World) -> None:
    for path in ("_history", "Observation/_history", "Patient/_history", "_history?_since=2000"):
        answer = granted.get(path)
        assert answer.status_code in (404, 405) and outcome(answer) and not leaks(granted, answer)


def test_l20_an_erased_person_is_absent_not_gone(world: World) -> None:
    import bridge.store.patients

    world.grant()
    shown = f"Observation/{world.observation_id(world.shown()[0])}"
    assert world.get(shown).status_code == 200
    bridge.store.patients.erase(world.db, world.ada)
    assert told(world.get(shown)) == told(world.get(f"Observation/{unknown_id(world)}"))


def test_l21_conditions_on_hidden_resources_are_not_looked_at(granted: World) -> None:
    shown = f"Observation/{granted.observation_id(granted.shown()[3])}"
    seen = granted.get(shown)
    conditions = [
        {"If-None-Match": "*"},
        {"If-None-Match": seen.headers["etag"]},
        {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    ]
    for condition in conditions:
        for path in hidden_ids(granted).values():
            never = granted.get(f"{path.split('/')[0]}/{unknown_id(granted)}", headers=condition)
            assert told(granted.get(path, headers=condition)) == told(never)
            assert never.status_code == 404
        held = granted.get(shown, headers=condition)
        if "If-None-Match" in condition:
            assert (held.status_code, held.content) == (304, b"")
        else:  # what an asker is told changes with its grants, which a date of the resource does not say
            assert (held.status_code, held.content) == (200, seen.content)
        assert held.headers["etag"] == seen.headers["etag"]
    changed = granted.get(shown, headers={"If-None-Match": 'W/"other"'})
    assert changed.status_code == 200


def test_l21_what_is_visible_does_not_betray_what_comes_in_hidden(world: World) -> None:
    world.grant()
    token = world.token()
    paths = [
        of(world, rest=f"{GLUCOSE}&_count=10"),
        of(world, kind="Device"),
        f"Observation/{world.observation_id(world.shown()[3])}",
        f"Patient/{world.patient_id(world.ada)}",
    ]
    before = [
        (a.headers.get("etag"), a.headers.get("last-modified"), stripped(a))
        for a in asked(world, paths, token)
    ]
    world.clock.now += MINUTE
    world.upload(world.ada, glucose(every(WINDOW.start - 40 * DAY, WINDOW.start - 39 * DAY), "LATE-OLD"))
    after = [
        (a.headers.get("etag"), a.headers.get("last-modified"), stripped(a))
        for a in asked(world, paths, token)
    ]
    assert before == after
    world.upload(world.ada, capillary([NOW - HOUR + 7]))
    found = world.search(of(world, rest="_lastUpdated=ge" + iso(world.clock())))
    assert [ms(each["effectiveDateTime"]) for each in found] == [NOW - HOUR + 7]


def asked(world: World, paths: list[str], token: str) -> list[httpx.Response]:
    return [world.get(path, token=token) for path in paths]


def stripped(answer: httpx.Response) -> Any:
    """The body without the sealed page link, which is new each time."""
    body = answer.json()
    return body | {"link": [each["relation"] for each in body.get("link", [])]}


def test_l22_head_and_options_tell_no_more_than_get(granted: World) -> None:
    shown = f"/fhir/Observation/{granted.observation_id(granted.shown()[3])}"
    for path in hidden_ids(granted).values():
        never = f"/fhir/{path.split('/')[0]}/{unknown_id(granted)}"
        for method in ("HEAD", "OPTIONS", "DELETE", "PUT", "PATCH", "POST", "TRACE"):
            assert told(granted.ask(method, f"/fhir/{path}")) == told(granted.ask(method, never))
    head, get = granted.ask("HEAD", shown), granted.get(shown)
    assert head.content == b"" and head.status_code == 200
    assert dict(head.headers) == dict(get.headers)
    options = granted.ask("OPTIONS", shown)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert granted.ask("PUT", shown, json={}).status_code == 405


def test_l22_no_error_names_what_was_asked_for(granted: World) -> None:
    for path in hidden_ids(granted).values():
        text = granted.get(path).text
        assert path.split("/")[1] not in text
        assert not any(
            character.isdigit() for character in outcome(granted.get(path))["issue"][0]["diagnostics"]
        )


# ------------------------------------------------------------------------------- authorization plumbing


def batch(*urls: str, method: str = "GET") -> dict[str, Any]:
    entries = [{"request": {"method": method, "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "batch", "entry": entries}


def test_l36_each_entry_of_a_batch_is_judged_alone(granted: World) -> None:
    shown = f"Observation/{granted.observation_id(granted.shown()[3])}"
    hidden = list(hidden_ids(granted).values())
    never = f"Observation/{unknown_id(granted)}"
    urls = [
        shown,
        *hidden,
        of(granted, rest="_count=2"),
        of(granted, granted.bob),
        "Observation?code=x",
        never,
    ]
    answer = granted.ask("POST", "/fhir", json=batch(*urls))
    assert answer.status_code == 200 and not leaks(granted, answer)
    entries = answer.json()["entry"]
    statuses = [each["response"]["status"].split()[0] for each in entries]
    assert statuses == ["200", *["404"] * len(hidden), "200", "200", "400", "404"]
    assert {str(each["response"]["outcome"]) for each in entries[1 : len(hidden) + 1]} == {
        str(entries[-1]["response"]["outcome"])
    }
    assert entries[0]["resource"] == granted.get(shown).json()
    assert len(resources(entries[len(hidden) + 1]["resource"])) == 2
    assert resources(entries[len(hidden) + 2]["resource"]) == []


@requirement(130)
def test_l36_scopes_hold_inside_a_batch(granted: World) -> None:
    token = granted.token(scope="system/Device.rs")
    answer = granted.ask("POST", "/fhir", json=batch(of(granted), of(granted, kind="Device")), token=token)
    entries = answer.json()["entry"]
    assert [each["response"]["status"].split()[0] for each in entries] == ["403", "200"]


def test_l37_one_token_sees_only_who_shares_with_it(world: World) -> None:
    world.grant()
    stranger = world.token(world.stranger)
    mine, theirs = world.get(of(world)), world.get(of(world), token=stranger)
    assert resources(mine.json()) and not resources(theirs.json())
    shown = f"Observation/{world.observation_id(world.shown()[3])}"
    assert world.get(shown).status_code == 200
    assert world.get(shown, token=stranger).status_code == 404


def test_l37_every_search_names_one_patient(granted: World) -> None:
    ada, bob = granted.patient_id(granted.ada), granted.patient_id(granted.bob)
    searches = [
        "Observation",
        "Device",
        "Patient",
        "Provenance",
        "Patient?name=Ada",
        f"Observation?patient={ada},{bob}",
        f"Observation?patient={ada}&subject={bob}",
        f"Patient?_id={ada},{bob}",
        f"Observation?_id={granted.observation_id(granted.shown()[0])}",
    ]
    for path in searches:
        answer = granted.get(path)
        assert answer.status_code == 400 and outcome(answer), path
    for path in (
        f"Observation?subject=Patient/{ada}",
        f"Observation?patient={FHIR}/Patient/{ada}",
        f"Patient?_id={ada}",
        "Patient?identifier=urn:example:mrn|ada-1",
    ):
        assert resources(granted.get(path).json()), path
    for path in (
        f"Patient?_id={bob}",
        "Patient?identifier=urn:example:mrn|bob-1",
        "Patient?identifier=urn:other|ada-1",
    ):
        answer = granted.get(path)
        assert not resources(answer.json())
        assert answer.json()["total"] == 0


def test_l37_the_same_identifier_of_two_people_finds_neither(world: World) -> None:
    world.grant()
    world.person("Twin", "ada-1")
    answer = world.get("Patient?identifier=urn:example:mrn|ada-1")
    assert not resources(answer.json())


def test_l37_an_identifier_that_the_identity_withholds_finds_nothing(world: World) -> None:
    from bridge.consent.grant import Identity, Recipient

    pairing = grants.pairing_for(world.db, Recipient("Clinic", frozenset()), Identity.PSEUDONYMOUS)
    world.grant(identity=Identity.PSEUDONYMOUS, pairing=pairing)
    by_number = world.get("Patient?identifier=urn:example:mrn|ada-1")
    assert not resources(by_number.json()) and by_number.json()["total"] == 0
    assert told(by_number)[0] == 200
    assert world.get(f"Patient/{world.patient_id(world.ada)}").status_code == 404
    pseudonym = world.db.ids.one("Patient", Name(world.ada, 0, 0, 0), pairing)
    person = world.get(f"Patient/{pseudonym}")
    assert person.status_code == 200
    assert "Lovelace" not in person.text and "1980" not in person.text and "ada-1" not in person.text
    found = world.get(f"Observation?patient={pseudonym}&_count=2").json()
    assert {each["subject"]["reference"] for each in resources(found)} == {f"Patient/{pseudonym}"}
    plain = world.observation_id(world.shown()[0])
    assert world.get(f"Observation/{plain}").status_code == 404
    assert world.get(f"Observation/{resources(found)[0]['id']}").status_code == 200
    (evidence,) = resources(world.get(f"Provenance?patient={pseudonym}&_count=1").json())
    assert world.get(f"Provenance/{evidence['id']}").json() == evidence
    again = world.get(f"Provenance?patient={pseudonym}&_id={evidence['id']}").json()
    assert resources(again) == [evidence]


def test_l38_metadata_and_discovery_know_nobody(world: World) -> None:
    def said() -> list[bytes]:
        return [
            world.get(path, token=token).content
            for path in ("metadata", ".well-known/smart-configuration")
            for token in (None, world.token(), world.token(world.stranger))
        ]

    before = said()
    assert len(set(before)) == 2
    world.grant()
    world.person("Carol", "carol-1")
    assert said() == before
    assert world.get("metadata", token=None).json()["resourceType"] == "CapabilityStatement"


def test_l39_no_cache_may_keep_or_mix_answers(granted: World) -> None:
    for path in (
        of(granted),
        f"Observation/{granted.observation_id(granted.shown()[3])}",
        "Observation/x",
        "Observation",
    ):
        headers = granted.get(path).headers
        assert headers["cache-control"] == "private, no-store"
        assert headers["vary"] == "Accept, Accept-Encoding, Authorization"
    assert granted.get(of(granted), token=None).headers["cache-control"] == "private, no-store"


def test_l39_nothing_is_remembered_between_requests(world: World) -> None:
    path, token = of(world, rest="_count=3"), world.token()
    assert not resources(world.get(path, token=token).json())
    grant = world.grant()
    first = world.get(path, token=token)
    assert len(resources(first.json())) == 3
    grants.revoke(world.db, grant)
    assert not resources(world.get(path, token=token).json())
    held = world.get(path, token=token, headers={"If-None-Match": first.headers["etag"]})
    assert held.status_code == 200 and not resources(held.json())
    world.grant(kinds=WILDCARD)
    assert len(resources(world.get(path, token=token).json())) == 3


def test_the_window_of_this_file_is_what_it_says() -> None:
    assert iso(WINDOW.start, 120) == "2026-09-08T00:00:00+02:00"
    assert datetime.fromtimestamp(NOW / 1000, UTC).isoformat() == "2026-09-21T14:13:20+00:00"
