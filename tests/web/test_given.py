"""Insulin that was given, over HTTP: its own type with its own ids, and the leak list once more for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bridge.consent.asked import WILDCARD, Kind
from bridge.period import DAY, HOUR, PeriodSet, iso
from bridge.reading import BolusKind, Stream
from bridge.store.ids import Name
from tests.fhir.valid import valid
from tests.web.pumped import dose_of, pumped, telling
from tests.web.test_leaks_http import batch, told, unknown_id
from tests.web.world import FHIR, WINDOW, World, leaks, linked, outcome, resources

TYPE = "MedicationAdministration"
SNOMED = "http://snomed.info/sct"
MDC = "urn:iso:std:iso:11073:10101"


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ada with a pump, who shares her window with the clinic; only for reading."""
    made = World(tmp_path_factory.mktemp("pump") / "home")
    pumped(made)
    made.grant()
    yield made
    made.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """The same with nothing granted."""
    made = World(tmp_path / "home")
    pumped(made)
    yield made
    made.close()


def of(world: World, rest: str = "", kind: str = TYPE) -> str:
    return f"{kind}?patient={world.patient_id(world.ada)}" + (f"&{rest}" if rest else "")


def test_provenance_is_of_what_the_token_itself_reaches(pump: World) -> None:
    doses, whole = (
        pump.token(scope=f"system/{TYPE}.rs system/Provenance.rs"),
        of(pump, "_count=1000", "Provenance"),
    )
    found = resources(pump.get(whole, token=doses).json())
    assert found and {each["target"][0]["reference"].partition("/")[0] for each in found} == {TYPE}
    glucose = next(
        each for each in resources(pump.get(whole).json()) if TYPE not in each["target"][0]["reference"]
    )
    assert pump.get(f"Provenance/{glucose['id']}", token=doses).status_code == 404
    nothing = pump.token(scope="system/Provenance.rs")
    assert resources(pump.get(whole, token=nothing).json()) == []
    assert pump.get(of(pump, "_summary=count", "Provenance"), token=nothing).json()["total"] == 0


def starts(resource: dict[str, Any]) -> int:
    told = resource.get("effectiveDateTime") or resource["effectivePeriod"]["start"]
    return int(datetime.fromisoformat(told).timestamp() * 1000)


def basal(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if "rateQuantity" in each["dosage"]]


def bolus(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if "dose" in each["dosage"]]


# ------------------------------------------------------------------------------------ found and not found


def test_a_search_gives_exactly_what_was_given_in_the_window(pump: World) -> None:
    found = pump.search(of(pump, "_count=100"))
    expected = [each for each in pump.readings(Stream.BOLUS) if each.instant in WINDOW]
    crossing = 1
    assert len(bolus(found)) == len(expected) + crossing
    assert all(starts(each) in WINDOW for each in found)
    assert len({each["id"] for each in found}) == len(found)
    amounts = [dose_of(each) for each in bolus(found) if "effectivePeriod" not in each]
    assert amounts == [each.value / 100 for each in expected]


def test_what_a_search_finds_can_be_read_with_its_history_and_provenance(pump: World) -> None:
    page = pump.get(of(pump, f"_count=6&_revinclude=Provenance:target&_include={TYPE}:device"))
    valid(page.content)
    found, included = resources(page.json()), resources(page.json(), "include")
    for each, entry in zip(found, page.json()["entry"], strict=False):
        path = f"{TYPE}/{each['id']}"
        assert entry["fullUrl"] == f"{FHIR}/{path}"
        answer = pump.get(path)
        assert answer.json() == each and answer.headers["etag"] == f'W/"{each["meta"]["versionId"]}"'
        (state,) = pump.get(f"{path}/_history").json()["entry"]
        assert state["resource"] == each and state["request"]["url"] == TYPE
        assert pump.get(f"{path}/_history/{each['meta']['versionId']}").json() == each
        proofs = resources(pump.get(of(pump, f"target={path}", "Provenance")).json())
        assert [proof["target"] for proof in proofs] == [[{"reference": path}]]
        assert pump.get(f"Provenance/{proofs[0]['id']}").json() == proofs[0]
    devices = [each for each in included if each["resourceType"] == "Device"]
    assert {each["device"][0]["reference"] for each in found} == {f"Device/{each['id']}" for each in devices}
    assert len(included) - len(devices) == len(found)


def test_each_type_is_found_by_its_own_address_alone(pump: World) -> None:
    given = resources(pump.get(of(pump, "_count=1")).json())[0]["id"]
    seen = resources(pump.get(of(pump, "_count=1", "Observation")).json())[0]["id"]
    never = told(pump.get(f"Observation/{unknown_id(pump)}"))
    assert never[0] == 404
    for path in (f"Observation/{given}", f"{TYPE}/{seen}", f"{TYPE}/{unknown_id(pump)}"):
        assert told(pump.get(path)) == never
        assert told(pump.get(f"{path}/_history")) == never
    for path in (of(pump, f"_id={given}", "Observation"), of(pump, f"_id={seen}")):
        assert resources(pump.get(path).json()) == []
    every = pump.search(of(pump, "_count=1000", "Observation"))
    assert {each["resourceType"] for each in every} == {"Observation"}
    reading = next(each for each in pump.shown(Stream.BOLUS))
    name = Name(pump.ada, reading.series, reading.instant, 0)
    assert told(pump.get(f"Observation/{pump.db.ids.one('Observation', name)}")) == never
    assert pump.get(f"{TYPE}/{pump.db.ids.one(TYPE, name)}").status_code == 200


def test_a_provenance_search_holds_both_types(pump: World) -> None:
    found = pump.search(of(pump, "_count=1000", "Provenance"))
    kinds = [each["target"][0]["reference"].split("/")[0] for each in found]
    assert kinds.count(TYPE) == len(pump.search(of(pump, "_count=1000")))
    assert kinds.count("Observation") == len(pump.search(of(pump, "_count=1000", "Observation")))


def worn(dose: Any) -> list[str]:
    """The codes of what was given, the finest last."""
    return [each["code"] for each in dose["medicationCodeableConcept"]["coding"]]


# ----------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (f"{MDC}|8417800", {BolusKind.RAPID}),
        (f"{SNOMED}|25305005", {BolusKind.LONG}),
        ("8417800,25305005", {BolusKind.RAPID, BolusKind.LONG}),
        (f"{SNOMED}|67866001", {BolusKind.RAPID, BolusKind.MEAL, BolusKind.EXTENDED}),
        (f"{SNOMED}|411531001", set()),
        ("http://loinc.org|8417800", set()),
        ("99504-3", set()),
    ],
)
def test_a_code_finds_the_doses_that_wear_it(pump: World, code: str, kinds: set[BolusKind]) -> None:
    found = pump.search(of(pump, f"_count=1000&code={quote(code)}"))
    wanted = set(code.replace(f"{SNOMED}|", "").replace(f"{MDC}|", "").split(","))
    assert all(set(worn(each)) & wanted for each in found)
    everything = pump.search(of(pump, "_count=1000"))
    names = {"8417800": BolusKind.RAPID, "25305005": BolusKind.LONG}
    expected = [
        each["id"]
        for each in everything
        if (names.get(worn(each)[-1]) in kinds) or (BolusKind.MEAL in kinds and worn(each)[-1] == "67866001")
    ]
    assert [each["id"] for each in found] == expected
    assert bool(found) is bool(kinds)
    total = pump.get(of(pump, f"_summary=count&code={quote(code)}")).json()["total"]
    assert total == len(found)


def test_a_status_finds_what_has_it(pump: World) -> None:
    everything = pump.search(of(pump, "_count=1000"))
    for status in ("completed", "stopped", "not-done", "entered-in-error", "on-hold"):
        found = pump.search(of(pump, f"_count=1000&status={status}"))
        assert [each["id"] for each in found] == [e["id"] for e in everything if e["status"] == status]
    assert pump.search(of(pump, "_count=100&status=not-done"))
    both = pump.search(of(pump, "_count=1000&status=not-done,stopped,completed"))
    assert len(both) == len(everything)
    narrowed = pump.search(of(pump, f"_count=1000&status=completed&code={SNOMED}|67866001&status=not-done"))
    assert narrowed == []


def test_the_time_of_a_delivery_is_asked_by_effective_time(pump: World) -> None:
    midnight = WINDOW.start + 5 * DAY
    noon, day = midnight + 12 * HOUR, iso(midnight, 120)[:10]
    found = pump.search(of(pump, f"effective-time={day}&_count=1000"))
    assert found and all(midnight <= starts(each) < midnight + DAY for each in found)
    running = pump.search(of(pump, f"effective-time=ap{quote(iso(noon, 120))}&_count=1000"))
    assert running
    later = pump.search(of(pump, f"effective-time=ge{quote(iso(noon, 120))}&_count=1000"))
    sooner = pump.search(of(pump, f"effective-time=lt{quote(iso(noon, 120))}&_count=1000"))
    everything = {each["id"] for each in pump.search(of(pump, "_count=1000"))}
    assert {each["id"] for each in (*later, *sooner)} == everything
    for prefix in ("eq", "ne", "gt", "le", "sa", "eb"):
        assert pump.get(of(pump, f"effective-time={prefix}{day}")).status_code == 200
    assert pump.get(of(pump, f"date={day}"), headers={"Prefer": "handling=strict"}).status_code == 400


def test_it_is_sorted_by_its_own_time_and_by_receipt(pump: World) -> None:
    forward = pump.search(of(pump, "_count=100&_sort=effective-time"))
    backward = pump.search(of(pump, "_count=100&_sort=-effective-time"))
    assert [each["id"] for each in backward] == [each["id"] for each in forward][::-1]
    assert len(pump.search(of(pump, "_count=100&_sort=-_lastUpdated"))) == len(forward)
    assert pump.get(of(pump, "_sort=date")).status_code == 400
    assert pump.get(of(pump, "_sort=effective-time", "Observation")).status_code == 400


def test_it_is_found_by_our_identifier_alone(pump: World) -> None:
    one = resources(pump.get(of(pump, "_count=1")).json())[0]
    (identifier,) = one["identifier"]
    token = quote(f"{identifier['system']}|{identifier['value']}")
    assert resources(pump.get(of(pump, f"identifier={token}")).json()) == [one]
    other = quote(f"urn:other|{identifier['value']}")
    assert resources(pump.get(of(pump, f"identifier={other}")).json()) == []
    assert pump.get(of(pump, f"identifier={identifier['value']}")).status_code == 400


def test_parts_counts_and_elements_are_as_of_any_search(pump: World) -> None:
    total = pump.get(of(pump, "_total=accurate&_count=1")).json()["total"]
    assert total == pump.get(of(pump, "_summary=count")).json()["total"] == len(pump.search(of(pump)))
    (one,) = resources(pump.get(of(pump, "_count=1&_elements=dosage")).json())
    needed = {"resourceType", "id", "meta", "status", "medicationCodeableConcept", "subject", "dosage"}
    assert needed <= set(one) and "identifier" not in one and "reasonCode" not in one
    post = pump.ask("POST", f"/fhir/{TYPE}/_search", data={"patient": pump.patient_id(pump.ada)})
    assert resources(post.json()) == resources(pump.get(of(pump)).json())
    large = pump.get(of(pump, "_count=100000"))
    assert len(resources(large.json())) == len(pump.search(of(pump, "_count=1000")))
    link = linked(pump.get(of(pump, "_count=10")).json(), "next") or ""
    assert pump.get(link.replace(f"/{TYPE}?", "/Observation?")).status_code == 404


# -------------------------------------------------------------------------------------------------- scopes


def test_the_type_is_part_of_a_scopes_reach(pump: World) -> None:
    only = pump.token(scope="system/Observation.rs")
    assert pump.get(of(pump), token=only).status_code == 403
    assert pump.get(of(pump, kind="Observation"), token=only).status_code == 200
    given = pump.token(scope=f"system/{TYPE}.rs")
    assert resources(pump.get(of(pump), token=given).json())
    assert pump.get(of(pump, kind="Observation"), token=given).status_code == 403
    name = resources(pump.get(of(pump, "_count=1")).json())[0]["id"]
    assert pump.get(f"{TYPE}/{name}", token=only).status_code == 403
    for more in (f"_include={TYPE}:device", "_revinclude=Provenance:target"):
        assert pump.get(of(pump, more), token=given).status_code == 403


def test_a_granular_scope_opens_the_codes_that_it_names(pump: World) -> None:
    token = pump.token(scope=f"system/{TYPE}.rs?code={SNOMED}|25305005")
    found = pump.search(of(pump, "_count=1000"), token=token)
    assert {each["medicationCodeableConcept"]["coding"][0]["code"] for each in found} == {"25305005"}
    assert pump.search(of(pump, f"code={MDC}|8417800"), token=token) == []
    rapid = resources(pump.get(of(pump, f"code={MDC}|8417800&_count=1")).json())[0]["id"]
    absent = told(pump.get(f"{TYPE}/{unknown_id(pump)}", token=token))
    assert told(pump.get(f"{TYPE}/{rapid}", token=token)) == absent


# --------------------------------------------------------------------------------------------------- leaks


def test_l1_a_dose_over_the_edge_leaves_as_its_share_and_tells_nothing_of_the_rest(pump: World) -> None:
    (piece,) = [each for each in pump.search(of(pump, "_count=1000")) if "method" in each["dosage"]]
    assert starts(piece) == WINDOW.start
    assert piece["effectivePeriod"]["end"] == iso(WINDOW.start + 2 * HOUR, 120)
    assert dose_of(piece) == 4.0 and "text" not in piece["dosage"]
    answer = pump.get(f"{TYPE}/{piece['id']}")
    assert answer.json() == piece and not telling(answer.text)


def test_l1_a_rate_over_the_edge_is_cut_and_stays_a_rate(pump: World) -> None:
    first = basal(pump.search(of(pump, "_count=1000")))[0]
    assert starts(first) == WINDOW.start
    assert first["effectivePeriod"]["end"] == iso(WINDOW.start + HOUR // 2, 120)


def test_l1_how_a_dose_ended_outside_is_not_told_inside(fresh: World) -> None:
    edge = WINDOW.start  # the crossing dose ends after it: here only what lies before is granted
    fresh.grant(periods=PeriodSet.between(WINDOW.start - DAY, edge))
    found = [each for each in fresh.search(of(fresh, "_count=1000")) if "method" in each["dosage"]]
    assert [(each["status"], dose_of(each)) for each in found] == [("completed", 4.0)]
    assert "text" not in found[0]["dosage"]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(
    "rest",
    ["_count=1000", "_sort=-effective-time&_count=1000", "_include=MedicationAdministration:device&_count=50",
     "_revinclude=Provenance:target&_count=50", "effective-time=lt2026-09-08", "_count=100000", "status=completed"],
)  # fmt: skip
def test_no_answer_holds_a_canary(pump: World, rest: str, form: str) -> None:
    answer = pump.get(of(pump, f"{rest}&_format={form}"))
    assert answer.status_code == 200
    assert not telling(answer.text) and not leaks(pump, answer)


def test_l8_before_the_window_looks_like_nobody(pump: World) -> None:
    answer = pump.get(of(pump, "effective-time=lt2026-09-08&_total=accurate"))
    assert answer.json()["total"] == 0 and resources(answer.json()) == []


def test_l19_hidden_and_never_existing_are_the_same_answer(pump: World) -> None:
    hidden = [each for each in pump.hidden(Stream.BOLUS) if each.instant < WINDOW.start - 3 * HOUR]
    never = told(pump.get(f"{TYPE}/{unknown_id(pump)}"))
    for each in (hidden[0], hidden[-1]):
        path = f"{TYPE}/{pump.observation_id(each)}"
        assert told(pump.get(path)) == told(pump.get(f"{path}/_history")) == never
        proof = pump.db.ids.one("Provenance", Name(pump.ada, each.series, each.instant, 0))
        assert told(pump.get(f"Provenance/{proof}")) == never
    ids = ",".join(pump.observation_id(each) for each in hidden[:20])
    assert resources(pump.get(of(pump, f"_id={ids}")).json()) == []


def test_l19_insulin_that_is_not_granted_is_absent(fresh: World) -> None:
    fresh.grant(kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE}))
    shown = fresh.observation_id(fresh.shown(Stream.BOLUS)[0])
    assert told(fresh.get(f"{TYPE}/{shown}")) == told(fresh.get(f"{TYPE}/{unknown_id(fresh)}"))
    assert resources(fresh.get(of(fresh)).json()) == []
    assert resources(fresh.get(of(fresh, "_count=1", "Observation")).json())


def test_without_the_kind_device_neither_pump_nor_route_is_told_of_a_dose(fresh: World) -> None:
    fresh.grant(kinds=frozenset({Kind.INSULIN}))
    found = bolus(fresh.search(of(fresh, "_count=1000")))
    assert found and not any("device" in each or "route" in each["dosage"] for each in found)
    fresh.grant(kinds=WILDCARD)
    found = bolus(fresh.search(of(fresh, "_count=1000")))
    assert all(each["dosage"]["route"]["coding"][0]["code"] == "IPUMPINJ" for each in found)


def test_l36_a_batch_judges_it_alone(pump: World) -> None:
    hidden = pump.observation_id(pump.hidden(Stream.BOLUS)[0])
    urls = [of(pump, "_count=2"), f"{TYPE}/{hidden}", f"{TYPE}/{unknown_id(pump)}", of(pump, "status:not=x")]
    answer = pump.ask("POST", "/fhir", json=batch(*urls))
    entries = answer.json()["entry"]
    assert [each["response"]["status"][:3] for each in entries] == ["200", "404", "404", "400"]
    assert str(entries[1]["response"]["outcome"]) == str(entries[2]["response"]["outcome"])
    assert not telling(answer.text)


def test_l37_every_search_names_one_patient(pump: World) -> None:
    for path in (TYPE, f"{TYPE}?code=x", f"{TYPE}?identifier=urn:x|1", f"{TYPE}?_id={unknown_id(pump)}"):
        answer = pump.get(path)
        assert answer.status_code == 400 and outcome(answer)
