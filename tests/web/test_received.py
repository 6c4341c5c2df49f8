"""What others submitted and is no reading, over HTTP: who is told of it, of how much, and until when."""

from __future__ import annotations

import dataclasses
import json
from base64 import b64encode
from typing import Any, Final

import pytest
from fhir.resources.R4B import get_fhir_model_class

import bridge.store.patients as patients
import bridge.store.received as store
from bridge.consent import grants
from bridge.consent.asked import Asked, Grain, Kind, Way
from bridge.consent.grant import Identity
from bridge.consent.intake import source
from bridge.consent.permit import OwnerPermit
from bridge.consent.reporting import Reporting
from bridge.consent.summary_page import MOST_BYTES
from bridge.ingest.again import let_in
from bridge.period import DAY, Period, PeriodSet, iso
from bridge.store import ledger
from bridge.store.artifacts import listed
from bridge.store.blocks import withdraw
from bridge.store.ids import Name
from tests.fhir.plain_xml import of_json, of_xml
from tests.web.brought import FIGURES, MEAN, PANEL, PDF, PERIOD, RANGES, SECRETS, figure, summary
from tests.web.exporting import fetched
from tests.web.submitted import (
    SCOPE,
    bundle,
    entry,
    intake,
    statuses,
    submit,
)
from tests.web.world import WINDOW, World, linked, resources

FROM_CLINIC: Final = source("Clinic")


@pytest.fixture
def brought(world: World) -> World:
    """The clinic brought a summary and a report about Ada."""
    world.clinic = world.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    answer = submit(world, bundle(summary(world.patient_id(world.ada))))
    assert statuses(answer) == [202] * 8
    return world


def shared(world: World, to: str = "Elsewhere", **changed: Any) -> str:
    """Single readings of what the clinic brought, to somebody else."""
    usual: dict[str, Any] = {"sources": frozenset({FROM_CLINIC}), "periods": PeriodSet((WINDOW,))}
    return world.grant(to=to, **(usual | changed))


OTHERS: Final = (PANEL, *(each for each in FIGURES if each != MEAN), "106793-3")
NAMED: Final = (
    f"code=http://loinc.org|{MEAN}",
    "code=" + ",".join(f"http://loinc.org|{each}" for each in OTHERS),
)
"""Two searches that name all figures of summaries; a mean's code is that of buckets too."""


def found(world: World, *rests: str, token: str | None = None) -> list[Any]:
    """The Observations that the other organisation finds, by each of these searches."""
    shown, about = token or world.token(world.stranger), world.patient_id(world.ada)
    return [
        each
        for rest in rests or NAMED
        for each in world.search(f"Observation?patient={about}&{rest}", token=shown)
    ]


def codes(told: list[Any]) -> set[str]:
    return {each["code"]["coding"][0]["code"] for each in told}


def test_a_received_summary_leaves_under_a_grant_of_readings_of_its_source(brought: World) -> None:
    assert found(brought) == []
    shared(brought)
    told = found(brought)
    assert codes(told) == {PANEL, *FIGURES, "106793-3"} and len(told) == 7
    by_code = {each["code"]["coding"][0]["code"]: each for each in told}
    assert by_code[MEAN]["valueQuantity"] == {
        "value": 145.5,
        "unit": "mg/dl",
        "system": "http://unitsofmeasure.org",
        "code": "mg/dL",
    }
    assert all(each["effectivePeriod"] == PERIOD for each in told)
    members = {each["reference"] for each in by_code[PANEL]["hasMember"]}
    assert members == {f"Observation/{each['id']}" for each in told if each is not by_code[PANEL]}
    shares = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in by_code["106793-3"]["component"]
    }
    assert shares == RANGES
    assert not any(secret in json.dumps(told) for secret in SECRETS)
    assert {each["subject"]["reference"] for each in told} == {f"Patient/{brought.patient_id(brought.ada)}"}


def test_each_is_read_by_its_id_in_its_version_and_not_by_a_stranger(brought: World) -> None:
    shared(brought)
    token = brought.token(brought.stranger)
    for one in found(brought):
        read = brought.get(f"Observation/{one['id']}", token=token)
        assert read.json() == one
        version = one["meta"]["versionId"]
        assert brought.get(f"Observation/{one['id']}/_history/{version}", token=token).json() == one
        assert found(brought, f"_id={one['id']}") == [one]
        assert (
            brought.get(f"Observation/{one['id']}").status_code == 404
        )  # the clinic has no grant of its own


def test_a_report_leaves_whole_where_every_kind_is_open_and_the_person_is_known(brought: World) -> None:
    path = f"DiagnosticReport?patient={brought.patient_id(brought.ada)}"
    grant = shared(brought, kinds=frozenset(Kind), identity=Identity.FULL)
    token = brought.token(brought.stranger)
    (one,) = [each for each in brought.search(path, token=token) if each["effectivePeriod"] == PERIOD]
    (panel,) = (each for each in found(brought) if codes([each]) == {PANEL})
    assert one["presentedForm"][0]["data"] == PDF and "conclusion" not in one
    assert one["result"] == [{"reference": f"Observation/{panel['id']}"}]
    assert not any(secret in json.dumps(one) for secret in SECRETS)
    assert brought.get(f"DiagnosticReport/{one['id']}", token=token).json() == one
    for scope in ("system/Observation.rs system/DiagnosticReport.rs", "system/*.rs"):
        shown = brought.token(brought.stranger, scope=scope)
        read = brought.get(f"DiagnosticReport/{one['id']}", token=shown)
        assert read.status_code == (200 if "*" in scope else 404)
    revoked(brought, grant)
    for changed in (
        {"kinds": frozenset(Kind) - {Kind.ALCOHOL}},
        {"kinds": frozenset({Kind.GLUCOSE, Kind.NOTES})},
        {"identity": Identity.VISIT},
    ):
        wide: dict[str, Any] = {"kinds": frozenset(Kind), "identity": Identity.FULL}
        grant = shared(brought, **(wide | changed))
        token = brought.token(brought.stranger)
        assert brought.get(f"DiagnosticReport/{one['id']}", token=token).status_code == 404
        assert PDF not in brought.get(path, token=token).text
        assert len(found(brought)) == 7
        revoked(brought, grant)


def intents(world: World) -> list[Any]:
    """What the ledger says of what left, oldest first."""
    world.gate.flush()
    return [each.fields for each in ledger.listed(world.db, world.ada) if each.kind == "intent"]


def revoked(world: World, grant: str) -> None:
    world.clock.now += 1000
    grants.revoke(world.db, grant)
    world.clock.now += 1000


@pytest.mark.parametrize(
    "changed",
    [
        {"grain": Grain.SUMMARY},
        {"grain": Grain.DAY},
        {"grain": Grain.QUARTER_HOUR},
        {"sources": frozenset({"dexcom-clarity", "libreview"})},
        {"later_sources": True, "sources": frozenset(), "withheld": frozenset({FROM_CLINIC})},
        {"kinds": frozenset({Kind.CAPILLARY, Kind.NOTES})},
        {"periods": PeriodSet((Period(WINDOW.start + 2 * DAY, WINDOW.end),))},
        {
            "periods": PeriodSet((WINDOW,))
            - PeriodSet((Period(WINDOW.start + 4 * DAY, WINDOW.start + 4 * DAY + 1),))
        },
        {"ways": frozenset({Way.BULK, Way.FILE, Way.FEED})},
    ],
    ids=["summary", "day", "quarter", "source", "withheld", "kind", "edge", "hole", "way"],
)
def test_it_leaves_under_no_other_grain_source_kind_period_or_way(
    brought: World, changed: dict[str, Any]
) -> None:
    grant = shared(brought)
    names = [each["id"] for each in found(brought)]
    revoked(brought, grant)
    shared(brought, **changed)
    brought.clock.now += 2 * DAY
    token = brought.token(brought.stranger)
    assert len(names) == 7
    assert [each for each in found(brought) if each["effectivePeriod"] == PERIOD] == []
    for name in names:
        assert brought.get(f"Observation/{name}", token=token).status_code == 404


def test_a_revocation_stops_the_next_question_and_a_page_of_it(brought: World) -> None:
    grant = shared(brought)
    token = brought.token(brought.stranger)
    path = f"Observation?patient={brought.patient_id(brought.ada)}&{NAMED[1]}&_count=2"
    first = brought.get(path, token=token).json()
    following = linked(first, "next")
    assert first["total"] == 6 if "total" in first else True
    assert following is not None and len(brought.pages(path, token=token)) == 3
    grants.revoke(brought.db, grant)
    assert brought.get(following, token=token).status_code in (401, 200)
    assert not resources(brought.get(following, token=brought.token(brought.stranger)).json())


def test_pages_hold_each_once_and_both_orders_agree(brought: World) -> None:
    shared(brought)
    whole = [each["id"] for each in found(brought, NAMED[1])]
    for rest in ("&_count=1", "&_count=4", "&_sort=-date&_count=2"):
        assert sorted(each["id"] for each in found(brought, NAMED[1] + rest)) == sorted(whole)
    path = f"Observation?patient={brought.patient_id(brought.ada)}&{NAMED[1]}&_summary=count"
    assert brought.get(path, token=brought.token(brought.stranger)).json()["total"] == len(whole) == 6


def test_what_left_is_written_down_and_its_removal_is_told_to_who_holds_it_alone(brought: World) -> None:
    grant = shared(brought)
    told = found(brought)
    row = intents(brought)[-1]
    assert (row["items"], row["kinds"], row["grains"]) == (6, ["glucose"], ["summary"])
    *_, kept = listed(brought.db, brought.ada)
    revoked(brought, grant)
    withdraw(brought.db, brought.ada, kept.number)
    token, other = brought.token(brought.stranger), brought.token(brought.register("Third", "Third"))
    for one in told:
        read = brought.get(f"Observation/{one['id']}", token=token).json()
        assert (
            read["status"] == "entered-in-error" and "valueQuantity" not in read and "component" not in read
        )
        assert brought.get(f"Observation/{one['id']}", token=other).status_code == 404
    assert intents(brought)[-1]["retracts"]
    rest = brought.db.reader("bridge").execute("SELECT count(*), count(content) FROM received").fetchone()
    assert rest == (8, 0)


def test_who_polls_for_what_changed_is_told_of_a_removal(brought: World) -> None:
    shared(brought)
    names = {each["id"] for each in found(brought)}
    brought.clock.now += DAY
    *_, kept = listed(brought.db, brought.ada)
    withdraw(brought.db, brought.ada, kept.number)
    since = iso(brought.clock()).replace("+", "%2B")
    gone = found(brought, f"_lastUpdated=ge{since}")
    assert {each["id"] for each in gone if each["status"] == "entered-in-error"} == names
    shared(brought, sources=frozenset({"dexcom-clarity", FROM_CLINIC}))
    whole = found(brought, "_lastUpdated=ge2020-01-01&_count=100000")
    assert {each["id"] for each in whole if each["status"] == "entered-in-error"} == names
    assert len(whole) > 3000 and len({each["id"] for each in whole}) == len(whole)


def test_what_waits_is_told_to_nobody_until_somebody_lets_it_in(brought: World) -> None:
    somebody = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:example:mrn", "value": "ada-1"}],
        "name": [{"family": "Somebody", "given": ["Else"]}],
        "birthDate": "1999-09-09",
    }
    about = brought.patient_id(brought.ada)
    period = {"start": "2026-09-10", "end": "2026-09-14"}
    later = summary(about, effectivePeriod=period)
    answer = submit(brought, bundle([entry(somebody), *later]))
    assert statuses(answer) == [200] + [202] * 8
    shared(brought)
    assert {each["effectivePeriod"]["start"] for each in found(brought)} == {"2026-09-09"}
    *_, kept = listed(brought.db, brought.ada)
    assert kept.state == "quarantined"
    brought.clock.now += 60_000
    person = patients.load(brought.db, brought.ada)
    let_in(brought.db, brought.mappings, person, kept.number, "it is hers")
    told = found(brought)
    assert len(told) == 14
    assert {each["meta"]["lastUpdated"] for each in told if each["effectivePeriod"] == period} == {
        iso(brought.clock())[:19] + ".000Z"
    }


def test_a_submitter_gets_its_own_back_under_readings_and_not_under_a_coarser_grain(brought: World) -> None:
    token = brought.token(scope="system/*.rs")
    assert found(brought, token=token) == []
    grant = shared(brought, to="Clinic")
    assert len(found(brought, token=brought.token(scope="system/*.rs"))) == 7
    revoked(brought, grant)
    shared(brought, to="Clinic", grain=Grain.DAY)
    assert [
        e for e in found(brought, token=brought.token(scope="system/*.rs")) if e["effectivePeriod"] == PERIOD
    ] == []


def test_another_submitters_summary_is_no_part_of_a_grant_that_names_ones_own(brought: World) -> None:
    third = brought.register("Third EHR", "Third", f"{SCOPE} system/*.rs")
    intake(brought, brought.ada, to="Third")
    about = brought.patient_id(brought.ada)
    period = {"start": "2026-09-10", "end": "2026-09-14"}
    again = summary(about, effectivePeriod=period)
    assert statuses(submit(brought, bundle(again), token=brought.token(third, scope=SCOPE))) == [202] * 8
    shared(brought, to="Third", sources=frozenset({source("Third")}))
    told = found(brought, token=brought.token(third))
    assert len(told) == 7 and all(each["effectivePeriod"] == period for each in told)


def test_under_a_pseudonym_its_ids_are_others_and_no_report_leaves(brought: World) -> None:
    grant = shared(brought)
    clear = {each["id"] for each in found(brought)}
    revoked(brought, grant)
    pairing = b"p" + b"1" * 15
    shared(brought, identity=Identity.PSEUDONYMOUS, pairing=pairing, kinds=frozenset(Kind))
    about = brought.db.ids.one("Patient", Name(brought.ada, 0, 0, 0), pairing)
    token = brought.token(brought.stranger)
    told = [
        each for rest in NAMED for each in brought.search(f"Observation?patient={about}&{rest}", token=token)
    ]
    assert len(told) == 7 and clear.isdisjoint(each["id"] for each in told)
    assert not any(brought.get(f"Observation/{each}", token=token).status_code == 200 for each in clear)
    assert PDF not in brought.get(f"DiagnosticReport?patient={about}", token=token).text


def test_a_summary_of_ours_that_comes_back_is_told_once(brought: World) -> None:
    shared(brought, sources=frozenset({"dexcom-clarity", FROM_CLINIC}), periods=PeriodSet((WINDOW,)))
    before = found(brought)
    ours = [each for each in before if each["effectivePeriod"] != PERIOD]
    assert ours
    about = {"reference": f"Patient/{brought.patient_id(brought.ada)}"}
    sent = [
        {n: v for n, v in each.items() if n not in ("id", "meta")} | {"subject": about}
        for each in ours
        if codes([each]) != {PANEL}
    ]
    assert set(statuses(submit(brought, bundle(map(entry, sent))))) == {202}
    assert sorted(each["id"] for each in found(brought)) == sorted(each["id"] for each in before)


def test_a_figure_of_a_period_that_ours_tells_of_is_told_once(brought: World) -> None:
    shared(brought, sources=frozenset({"dexcom-clarity", FROM_CLINIC}), periods=PeriodSet((WINDOW,)))
    about = brought.patient_id(brought.ada)
    (ours,) = (e for e in found(brought) if codes([e]) == {"104638-2"} and e["effectivePeriod"] != PERIOD)
    mine = figure(about, "104638-2", effectivePeriod=ours["effectivePeriod"], identifier=None)
    assert statuses(submit(brought, bundle([entry({n: v for n, v in mine.items() if v})]))) == [202]
    told = [each for each in found(brought) if codes([each]) == {"104638-2"}]
    assert [each["id"] for each in told if each["effectivePeriod"] == ours["effectivePeriod"]] == [ours["id"]]


def test_it_is_the_same_in_both_notations_and_inside_a_batch(brought: World) -> None:
    shared(brought, kinds=frozenset(Kind), identity=Identity.FULL)
    token = brought.token(brought.stranger)
    about = brought.patient_id(brought.ada)
    for path in (f"Observation?patient={about}&{NAMED[1]}", f"DiagnosticReport?patient={about}"):
        plain = brought.get(path, token=token)
        xml = brought.get(path, token=token, headers={"Accept": "application/fhir+xml"})
        assert of_xml(xml.content) == of_json(plain.content)
        one = {"request": {"method": "GET", "url": path}}
        batch = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [one]})
        sent = {"Content-Type": "application/fhir+json"}
        answer = brought.ask("POST", "/fhir", token=token, content=batch, headers=sent).json()
        assert resources(answer["entry"][0]["resource"]) == resources(plain.json())


def test_everything_and_an_export_hold_it_once_beside_the_readings(brought: World) -> None:
    shared(brought, sources=frozenset({"dexcom-clarity", FROM_CLINIC}))
    about, token = brought.patient_id(brought.ada), brought.token(brought.stranger)
    known = sorted(each["id"] for each in found(brought) if each["effectivePeriod"] == PERIOD)
    for rest in ("?_count=50", "?_count=100000", ""):
        whole = brought.pages(f"Patient/{about}/$everything{rest}", token=token)
        told = [each["resource"] for page in whole for each in page["entry"]]
        assert sorted(each["id"] for each in told if each.get("effectivePeriod") == PERIOD) == known
        assert all(len(resources(page)) <= 50 for page in whole) or rest[-2:] != "50"
    narrow = brought.get(f"Patient/{about}/$everything?start=2026-09-17&end=2026-09-18", token=token)
    assert '"2026-09-15"' not in narrow.text

    def ask(method: str, path: str, **more: Any) -> Any:
        return brought.ask(method, f"/fhir/{path}", token=token, **more)

    for query, count in (("_type=Observation", 7), ("_type=Observation&_since=2026-10-01T00:00:00Z", 0)):
        lines = [line for each in fetched(ask, f"$export?{query}") for line in each.text.splitlines()]
        told = [json.loads(line) for line in lines if line.startswith('{"resourceType":"Observation"')]
        assert len([each for each in told if each.get("effectivePeriod") == PERIOD]) == count
    left = [each for each in intents(brought) if each["channel"] == "bulk"]
    assert left


def test_an_export_of_what_was_received_alone_holds_it(brought: World) -> None:
    shared(brought)
    token = brought.token(brought.stranger)

    def ask(method: str, path: str, **more: Any) -> Any:
        return brought.ask(method, f"/fhir/{path}", token=token, **more)

    for query, count in (("", 7), ("&_since=2026-10-01T00:00:00Z", 0)):
        lines = [
            line
            for each in fetched(ask, f"$export?_type=Observation{query}")
            for line in each.text.splitlines()
            if line.strip().startswith('{"resourceType":"Observation"')
        ]
        assert len(lines) == count


def test_no_summary_that_others_see_moves_by_what_somebody_submits(world: World) -> None:
    world.clock.now += DAY
    world.clinic = world.register("Clinic app", "Clinic", f"{SCOPE} system/*.rs")
    intake(world, world.ada)
    for grain, to in ((Grain.SUMMARY, "Clinic"), (Grain.HOUR, "Elsewhere")):
        world.grant(
            to=to,
            grain=grain,
            sources=frozenset({"dexcom-clarity"}),
            later_sources=True,
            kinds=frozenset({Kind.GLUCOSE}),
        )

    def told() -> list[Any]:
        path = f"Observation?patient={world.patient_id(world.ada)}&_count=5000"
        return [
            world.search(path, token=world.token(each, scope="system/*.rs"))
            for each in (world.clinic, world.stranger)
        ]

    before = told()
    assert all(before)
    assert set(statuses(submit(world, bundle(summary(world.patient_id(world.ada)))))) == {202}
    world.clock.now += DAY // 24
    assert told() == before


def test_the_person_sees_all_of_it_and_an_erasure_takes_it_along(brought: World) -> None:
    wish = Reporting(received=True)
    asked = Asked(brought.ada, Way.LOOK, "query", "mine", selectors=frozenset(), reporting=wish)
    seen = brought.gate.disclose_now(OwnerPermit(brought.ada), asked)
    mine = [each for each in seen.received if each.start == PERIOD["start"]]
    assert len(mine) == 7 and not any(each.is_gone for each in mine)
    reports = dataclasses.replace(asked, reporting=Reporting(received=True, documents="DiagnosticReport"))
    (report,) = brought.gate.disclose_now(OwnerPermit(brought.ada), reports).received
    assert report.pdf == PDF
    patients.erase(brought.db, brought.ada)
    assert brought.db.reader("bridge").execute("SELECT count(*) FROM received").fetchone() == (0,)
    assert not brought.gate.disclose_now(OwnerPermit(brought.ada), asked).received


def test_it_is_valid_r4(brought: World) -> None:
    shared(brought, kinds=frozenset(Kind), identity=Identity.FULL)
    token, about = brought.token(brought.stranger), brought.patient_id(brought.ada)
    for path in (
        *(f"Observation?patient={about}&{rest}" for rest in NAMED),
        f"DiagnosticReport?patient={about}",
    ):
        for one in brought.search(path, token=token):
            get_fhir_model_class(one["resourceType"]).model_validate(one)


@pytest.mark.parametrize(
    "changed",
    [
        {"effectivePeriod": {"start": "2026-09-15", "end": "2026-09-09"}},
        {"effectivePeriod": {"start": "1066", "end": "2026-09-15"}},
        {"effectivePeriod": {"start": "2026", "end": "2026"}},
    ],
    ids=["backwards", "long ago", "a year"],
)
def test_a_period_that_is_none_or_reaches_beyond_is_told_to_no_recipient(
    brought: World, changed: dict[str, Any]
) -> None:
    about = brought.patient_id(brought.ada)
    odd = figure(about, "104638-2", **changed) | {"identifier": []}
    answer = submit(brought, bundle([entry({n: v for n, v in odd.items() if v})]))
    assert set(statuses(answer)) <= {202, 422}
    shared(brought)
    assert {each["effectivePeriod"]["start"] for each in found(brought)} == {PERIOD["start"]}


@pytest.mark.parametrize("amount", ["1e99999999", "1e-99999", "123456789012", "-0.5", "33.10"])
def test_an_amount_is_told_as_it_was_written_or_not_at_all(brought: World, amount: str) -> None:
    about = brought.patient_id(brought.ada)
    period = {"start": "2026-09-10", "end": "2026-09-11"}
    one = figure(about, "104638-2", effectivePeriod=period) | {"identifier": []}
    body = json.dumps(bundle([entry({n: v for n, v in one.items() if v})])).replace("33.1", amount)
    assert set(statuses(submit(brought, body.encode()))) <= {202, 400, 422}
    shared(brought)
    token = brought.token(brought.stranger)
    read = brought.get(f"Observation?patient={about}&{NAMED[1]}", token=token)
    written = [
        each.split(",")[0].strip()
        for each in read.text.split('"valueQuantity":{"value":')
        if '"%"' in each[:60]
    ]
    assert read.status_code == 200 and len(read.content) < 30_000
    assert (amount in written) == (amount in ("-0.5", "33.10"))


def test_beyond_what_a_person_has_room_for_nothing_more_is_passed_on(
    brought: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST", 10)
    later = summary(
        brought.patient_id(brought.ada), effectivePeriod={"start": "2026-09-10", "end": "2026-09-11"}
    )
    assert statuses(submit(brought, bundle(later))) == [202] * 8
    shared(brought)
    assert len(found(brought)) == 9


def test_a_token_that_does_not_reach_summaries_is_told_nothing_of_them(brought: World) -> None:
    shared(brought)
    names = [each["id"] for each in found(brought)]
    narrow = brought.token(brought.stranger, scope="system/Observation.rs?code=http://loinc.org|99504-3")
    about = brought.patient_id(brought.ada)

    def told() -> list[int]:
        paths = [f"Observation?patient={about}&{rest}" for rest in NAMED]
        paths += [f"Observation?patient={about}&_id={each}" for each in names]
        found = [resources(brought.get(path, token=narrow).json()) for path in paths]
        return [len(each) for each in found] + [
            brought.get(f"Observation/{each}", token=narrow).status_code - 404 for each in names
        ]

    assert not any(told())
    brought.clock.now += 1000
    withdraw(brought.db, brought.ada, listed(brought.db, brought.ada)[-1].number)
    assert not any(told())
    assert len(found(brought, *(f"_id={each}" for each in names))) == 7


def test_a_report_that_was_removed_is_taken_back_without_its_pdf_and_without_the_person(
    brought: World,
) -> None:
    path = f"DiagnosticReport?patient={brought.patient_id(brought.ada)}"
    grant = shared(brought, kinds=frozenset(Kind), identity=Identity.FULL)
    (one,) = (
        each
        for each in brought.search(path, token=brought.token(brought.stranger))
        if each["effectivePeriod"] == PERIOD
    )
    assert intents(brought)[-1]["kinds"] == sorted({*map(str, Kind), "demographics"})
    revoked(brought, grant)
    token = brought.token(brought.stranger)
    assert brought.get(f"DiagnosticReport/{one['id']}", token=token).status_code == 404
    withdraw(brought.db, brought.ada, listed(brought.db, brought.ada)[-1].number)
    read = brought.get(f"DiagnosticReport/{one['id']}", token=token).json()
    assert read["status"] == "entered-in-error" and "presentedForm" not in read and "result" not in read
    last = intents(brought)[-1]
    assert last["retracts"] and "demographics" not in last["kinds"] and last["items"] == 1


def test_everything_and_an_export_hold_a_report_where_a_search_finds_it(brought: World) -> None:
    about = brought.patient_id(brought.ada)
    shared(brought, kinds=frozenset(Kind), identity=Identity.FULL)
    token = brought.token(brought.stranger)
    (one,) = (
        each
        for each in brought.search(f"DiagnosticReport?patient={about}", token=token)
        if each["effectivePeriod"] == PERIOD
    )

    def told(path: str, shown: str) -> list[Any]:
        whole = brought.pages(path, token=shown)
        entries = [each["resource"] for page in whole for each in page.get("entry", ())]
        return [each for each in entries if each["resourceType"] == "DiagnosticReport"]

    def exported(query: str, shown: str) -> list[Any]:
        def ask(method: str, path: str, **more: Any) -> Any:
            return brought.ask(method, f"/fhir/{path}", token=shown, **more)

        files = fetched(ask, f"$export?{query}")
        lines = [line for each in files if each.status_code == 200 for line in each.text.splitlines()]
        return [json.loads(each) for each in lines if '{"resourceType":"DiagnosticReport"' in each[:40]]

    everything = f"Patient/{about}/$everything"
    for query in ("", "?_type=DiagnosticReport", "?_count=100000", "?_count=1"):
        assert told(everything + query, token) == [one]
    assert told(f"{everything}?start=2026-09-17&end=2026-09-18", token) == []
    assert told(f"{everything}?_type=Observation", token) == []
    for query, found in (
        ("_type=DiagnosticReport", [one]), ("_type=Observation", []),
        ("_type=DiagnosticReport&_since=2026-10-01T00:00:00Z", []),
    ):  # fmt: skip
        assert exported(query, token) == found
    narrow = brought.token(
        brought.stranger, scope="system/Patient.rs system/Observation.rs system/DiagnosticReport.rs"
    )
    assert told(everything, narrow) == [] and exported("_type=DiagnosticReport", narrow) == []
    brought.clock.now += DAY
    token = brought.token(brought.stranger)
    withdraw(brought.db, brought.ada, listed(brought.db, brought.ada)[-1].number)
    assert told(everything, token) == []
    (gone,) = exported(f"_type=DiagnosticReport&_since={one['meta']['lastUpdated']}", token)
    assert (gone["id"], gone["status"]) == (one["id"], "entered-in-error") and "presentedForm" not in gone


def report(about: str, size: int, day: int) -> Any:
    """A report of a day of September with a PDF of so many bytes, which no other one has."""
    sent = {name: each for name, each in summary(about)[-1]["resource"].items() if name != "result"}
    pdf = b64encode(b"%PDF-1.4" + bytes([day]) * size).decode()
    edges = {"start": f"2026-09-{day:02}", "end": f"2026-09-{day:02}"}
    form = [{"contentType": "application/pdf", "data": pdf}]
    return entry(sent | {"effectivePeriod": edges, "presentedForm": form})


def pdfs(page: Any) -> list[str]:
    resources = (each["resource"] for each in page.get("entry", ()))
    return [form["data"] for each in resources for form in each.get("presentedForm", ())]


def test_reports_stand_behind_the_readings_and_no_page_is_heavy(brought: World) -> None:
    about = brought.patient_id(brought.ada)
    for day in (10, 11, 12, 13):
        assert submit(brought, bundle([report(about, 1_300_000, day)])).status_code == 200
    sources = frozenset({"dexcom-clarity", FROM_CLINIC})
    shared(brought, sources=sources, kinds=frozenset(Kind), identity=Identity.FULL)
    token = brought.token(brought.stranger)
    everything = f"Patient/{about}/$everything"
    for path in (
        f"{everything}?_count=700", f"{everything}?_type=DiagnosticReport&_count=1",
        f"{everything}?_type=DiagnosticReport", f"{everything}?_count=100000", everything,
        f"DiagnosticReport?patient={about}",
    ):  # fmt: skip
        pages = brought.pages(path, token=token)
        told = [pdfs(page) for page in pages]
        every = [each for page in told for each in page]
        ours = int(path.startswith("DiagnosticReport"))
        assert len(set(every)) == len(every) == 5 + ours
        is_streamed = path in (everything, f"{everything}?_count=100000")
        assert is_streamed or all(sum(map(len, each)) < MOST_BYTES * 1.1 for each in told)
        assert not path.endswith("700") or told[:2] == [[], []]
    left = [each for each in intents(brought) if each["channel"] == "query"]
    assert all("demographics" in each["kinds"] for each in left if "notes" in each["kinds"])


def test_a_pdf_is_written_down_as_naming_the_person_whatever_way_it_leaves(brought: World) -> None:
    about = brought.patient_id(brought.ada)
    shared(brought, kinds=frozenset(Kind), identity=Identity.FULL)
    token, said = brought.token(brought.stranger), list[Any]()

    def ask(method: str, path: str, **more: Any) -> Any:
        return brought.ask(method, f"/fhir/{path}", token=token, **more)

    for path in (f"DiagnosticReport?patient={about}", f"Patient/{about}/$everything?_type=DiagnosticReport"):
        assert PDF in brought.get(path, token=token).text
        said.append(intents(brought)[-1])
    assert any(PDF in each.text for each in fetched(ask, "$export?_type=DiagnosticReport"))
    said.append(intents(brought)[-1])
    assert {(each["items"], tuple(each["kinds"])) for each in said} == {(2, tuple(said[0]["kinds"]))}
    assert "demographics" in said[0]["kinds"]
