"""Every address of the program is found by itself and visited with canaries outside of the grant.

Law (`architecture.md`, laws): the addresses and methods come from the application as it is composed, not from a list
here; one without a probe fails. Under /fhir each probe is asked in JSON and in XML, by a client with a grant, by one
without, and for the person who shares nothing; what is permitted does arrive. An address outside of /fhir has a line
that names the test by which it is probed. Canaries are readings, doses, serials and sources outside of the grant, a
person who shares nothing, and a grant for somebody else with who signed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

import bridge.app
import bridge.served
import bridge.settings
from bridge.consent.grant import Authoriser
from bridge.fhir.sampled import PROFILE
from bridge.mapping.resources import READING_TYPES
from bridge.reading import Stream
from bridge.receive.entry import TYPES
from bridge.store.ids import Name
from tests.subscriptions.planted import PLANTED, planted
from tests.web.exporting import fetched, place
from tests.web.ordering import clinic_order
from tests.web.pumped import pumped, telling
from tests.web.submitted import SCOPE, bundle, entry, identified, intake, observation, submit
from tests.web.test_xml_http import batch
from tests.web.world import WINDOW, World, leaks

KINDS: Final = (
    *READING_TYPES, "Device", "DeviceMetric", "Patient", "Provenance", "Consent", "AuditEvent",
)  # fmt: skip
REPORTED: Final = ("DiagnosticReport", "DocumentReference")
OWNERS: Final = frozenset({"AuditEvent"})
"""Types that are for the person alone: whoever else asks finds none."""
ACCEPTS: Final = ("application/fhir+json", "application/fhir+xml")
CHECKS: Final = tuple(f"/fhir/{kind}/$validate" for kind in ("Bundle", *TYPES))
SHARED: Final = {"Observation": Stream.GLUCOSE, "MedicationAdministration": Stream.BOLUS}


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("crawl") / "home")
    pumped(made)
    made.clinic = made.register("Clinic EHR", "Clinic", f"system/*.rs {ORDERING}")
    made.grant(withheld=frozenset({"CANARY-SOURCE"}))
    made.grant(to="CANARY-PHARMACY", authoriser=Authoriser("CANARY-SIGNER", "guardian"))
    made.clock.now += 1000
    yield made
    made.close()


def searches(kind: str) -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        named = "_id" if kind == "Patient" else "patient"
        whole = [f"/fhir/{kind}?{named}={world.patient_id(who)}" for who in (world.ada, world.bob)]
        wide = ["_count=100000", "_summary=count", "_total=accurate", "_summary=true", "_elements=id"]
        if kind in READING_TYPES:
            wide += [f"_include={kind}:device&_revinclude=Provenance:target", "_sort=_lastUpdated"]
        if kind == "Observation":
            chunks = f"_profile={PROFILE}"
            wide += [
                chunks,
                f"{chunks}&date=lt2026-09-08",
                f"{chunks}&_revinclude=Provenance:target&_count=2000",
            ]
        return [*whole, *(f"{path}&{more}" for path in whole for more in wide)]

    return paths


def names(world: World, kind: str) -> list[str]:
    """Ids of that type: first one that is shared, then hidden ones, another person's and one of nobody."""
    if kind in SHARED:
        stream = SHARED[kind]
        hidden = world.hidden(stream)
        found = [world.observation_id(each) for each in (world.shown(stream)[3], hidden[0], hidden[-1])]
    elif kind in OWNERS:
        found = [world.db.ids.one(kind, Name(world.ada, 0, row, 0)) for row in (1, 2)]
    elif kind == "Patient":
        found = [world.patient_id(world.ada), world.patient_id(world.bob)]
    else:
        page = world.get(f"/fhir/{kind}?patient={world.patient_id(world.ada)}&_count=1").json()
        found = [page["entry"][0]["resource"]["id"]]
    return [*found, world.observation_id(world.readings(Stream.GLUCOSE, world.bob)[0], world.bob), "x"]


def reads(kind: str, tail: str = "") -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        return [f"/fhir/{kind}/{name}{tail}" for name in names(world, kind)]

    return paths


def versions(kind: str) -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        version = world.get(reads(kind)(world)[0]).json()["meta"]["versionId"]
        return [f"/fhir/{kind}/{name}/_history/{version}" for name in names(world, kind)]

    return paths


def newest(world: World) -> list[str]:
    found = [f"/fhir/Observation/$lastn?patient={world.patient_id(who)}&" for who in (world.ada, world.bob)]
    asked = ("category=laboratory", "category=laboratory&max=100", "code=99504-3&max=9&date=lt2026-09-09")
    return [f"{path}{more}" for path in found for more in asked]


def summed(world: World) -> list[str]:
    found = [
        f"/fhir/Observation/$hddt-cgm-summary?patient={world.patient_id(who)}"
        for who in (world.ada, world.bob)
    ]
    wide = "&effectivePeriodStart=2000-01-01&effectivePeriodEnd=2040-01-01"
    early = "&effectivePeriodStart=2026-08-20&effectivePeriodEnd=2026-09-16"
    return [f"{path}{more}" for path in found for more in ("", wide, early)]


def everything(world: World) -> list[str]:
    whole = [f"/fhir/Patient/{name}/$everything" for name in names(world, "Patient")]
    more = (
        "_count=50",
        "start=2000-01-01&end=2026-09-09",
        "_type=Provenance,Device,Observation",
        "_since=2000",
    )
    return [*whole, *(f"{path}?{each}" for path in whole for each in more)]


def fixed(*paths: str) -> Callable[[World], list[str]]:
    return lambda world: list(paths)


def groups(world: World) -> list[str]:
    named = [f"/fhir/Group?member={world.patient_id(who)}" for who in (world.ada, world.bob)]
    return ["/fhir/Group", *named, "/fhir/Group?_id=x", "/fhir/Group?_count=5&_total=accurate"]


def group(world: World) -> list[str]:
    own = world.get("/fhir/Group").json()["entry"][0]["resource"]["id"]
    return [f"/fhir/Group/{name}" for name in (own, world.patient_id(world.ada), "x")]


ORDERING: Final = "system/*.rs system/ServiceRequest.cru"


def ordered(world: World) -> list[str]:
    """The id of an order of the clinic, made once; then of nobody, and of things that are none."""
    sent = clinic_order(world.patient_id(world.ada)) | {"note": [{"text": "CANARY-SOURCE"}]}
    about = f"/fhir/ServiceRequest?patient={world.patient_id(world.ada)}"
    if not world.get(about).json()["total"]:
        headers = {"Content-Type": "application/fhir+json"}
        world.ask(
            "POST", "/fhir/ServiceRequest", json=sent, token=world.token(scope=ORDERING), headers=headers
        )
    own = world.get(about).json()["entry"][0]["resource"]["id"]
    return [own, world.patient_id(world.ada), world.patient_id(world.bob), "x"]


def orders(world: World) -> list[str]:
    ordered(world)
    whole = [f"/fhir/ServiceRequest?patient={world.patient_id(who)}" for who in (world.ada, world.bob)]
    return [*whole, *(f"{each}&status=active&_count=1000&_total=accurate" for each in whole)]


def order_reads(world: World) -> list[str]:
    return [f"/fhir/ServiceRequest/{each}" for each in ordered(world)]


def report_searches(kind: str) -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        whole = [f"/fhir/{kind}?patient={world.patient_id(who)}" for who in (world.ada, world.bob)]
        wide = ("_count=100000", "_summary=count", "_total=accurate", "category=LAB", "date=lt2026-09-09")
        return [*whole, *(f"{path}&{more}" for path in whole for more in wide)]

    return paths


def report_reads(kind: str) -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        asked = f"/fhir/DocumentReference?patient={world.patient_id(world.ada)}"
        document = world.get(asked).json()["entry"][0]["resource"]
        leads_to = {
            "DocumentReference": f"DocumentReference/{document['id']}",
            "DiagnosticReport": document["context"]["related"][0]["reference"],
            "Binary": document["content"][0]["attachment"]["url"],
        }
        bobs = world.observation_id(world.readings(Stream.GLUCOSE, world.bob)[0], world.bob)
        return [f"/fhir/{leads_to[kind]}", *(f"/fhir/{kind}/{name}" for name in (bobs, "x"))]

    return paths


def subscriptions(world: World) -> list[str]:
    return ["/fhir/Subscription", "/fhir/Subscription?status=active", "/fhir/Subscription?_id=x"]


def subscription(tail: str = "") -> Callable[[World], list[str]]:
    def paths(world: World) -> list[str]:
        one = planted(world)
        return [f"/fhir/Subscription/{name}{tail}" for name in (one, world.patient_id(world.ada), "x")]

    return paths


PROBES: Final[Mapping[str, Callable[[World], list[str]]]] = {
    **{f"/fhir/{kind}": searches(kind) for kind in KINDS},
    **{f"/fhir/{kind}/{{id}}": reads(kind) for kind in KINDS},
    **{f"/fhir/{kind}/{{id}}/_history": reads(kind, "/_history") for kind in READING_TYPES},
    **{f"/fhir/{kind}/{{id}}/_history/{{vid}}": versions(kind) for kind in READING_TYPES},
    **{f"/fhir/{kind}": report_searches(kind) for kind in REPORTED},
    **{f"/fhir/{kind}/{{id}}": report_reads(kind) for kind in (*REPORTED, "Binary")},
    "/fhir/Observation/$lastn": newest,
    "/fhir/Observation/$hddt-cgm-summary": summed,
    "/fhir/Patient/{id}/$everything": everything,
    "/fhir/ServiceRequest": orders,
    "/fhir/ServiceRequest/{id}": order_reads,
    "/fhir/Group": groups,
    "/fhir/Group/{id}": group,
    "/fhir/Subscription": subscriptions,
    "/fhir/Subscription/$status": fixed("/fhir/Subscription/$status", "/fhir/Subscription/$status?id=x"),
    "/fhir/Subscription/{id}": subscription(),
    "/fhir/Subscription/{id}/$status": subscription("/$status"),
    "/fhir/Subscription/{id}/$events": subscription("/$events"),
    "/fhir/metadata": fixed("/fhir/metadata"),
    "/fhir/.well-known/smart-configuration": fixed("/fhir/.well-known/smart-configuration"),
    "/fhir/.well-known/openid-configuration": fixed("/fhir/.well-known/openid-configuration"),
    "/fhir/.well-known/user-access-brands": fixed("/fhir/.well-known/user-access-brands"),
}
"""What is asked with GET at each address."""
EXPORTS: Final = ("/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/{id}/$export")
STEPS: Final[Mapping[tuple[str, str], str]] = (
    dict.fromkeys(
        [
            *(("GET", path) for path in (*EXPORTS, "/fhir/bulk/{job}", "/fhir/bulk/{job}/{file}")),
            ("DELETE", "/fhir/bulk/{job}"),
        ],
        "test_every_export_tells_no_more",
    )
    | dict.fromkeys(
        [(method, "/fhir/Subscription/{id}") for method in ("PUT", "DELETE")],
        "test_every_act_on_a_subscription_tells_no_more",
    )
    | {("PUT", "/fhir/ServiceRequest/{id}"): "test_every_order_tells_no_more"}
)
"""What is no GET or POST, or a step of an export, and the test of this file that goes through it."""
POSTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("/fhir", "/fhir/"), "test_every_batch_tells_no_more"),
    **dict.fromkeys((f"/fhir/{kind}/_search" for kind in KINDS), "test_every_posted_search_tells_no_more"),
    **dict.fromkeys(
        (f"/fhir/{kind}/_search" for kind in REPORTED), "test_every_posted_search_of_reports_tells_no_more"
    ),
    **dict.fromkeys(
        (
            "/fhir/Observation/$lastn",
            "/fhir/Observation/$hddt-cgm-summary",
            "/fhir/Patient/{id}/$everything",
        ),
        "test_every_posted_operation_tells_no_more",
    ),
    **dict.fromkeys(
        ("/fhir/ServiceRequest", "/fhir/ServiceRequest/_search"), "test_every_order_tells_no_more"
    ),
    "/fhir/Group/_search": "test_every_posted_search_of_the_group_tells_no_more",
    **dict.fromkeys(EXPORTS, "test_every_export_tells_no_more"),
    **dict.fromkeys(
        (
            f"/fhir/Subscription{rest}"
            for rest in ("", "/_search", "/$status", "/{id}/$status", "/{id}/$events")
        ),
        "test_every_act_on_a_subscription_tells_no_more",
    ),
    "/fhir/{rest:path}": "test_what_is_nowhere_is_the_same_for_everybody",
    **dict.fromkeys(("/fhir/$submit-cgm-bundle", *CHECKS), "test_every_submission_tells_no_more"),
}
"""Addresses that take a body, and the test of this file that posts to each."""
NOWHERE: Final = "/fhir/{rest:path}"
ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    (
        "GET",
        "/auth/token",
    ): "tests/web/test_smart_http.py::test_the_token_endpoint_takes_a_form_by_post_and_nothing_else",
    ("GET", "/auth/authorize"): (
        "tests/smart/test_fuzz_oauth.py::test_authorize_never_faults_never_leads_astray_and_never_asks_for_more"
    ),
    **dict.fromkeys(
        (("GET", "/auth/introspect"), ("GET", "/auth/revoke")),
        "tests/smart/test_fuzz_oauth.py::test_what_proves_nothing_gets_nothing_and_never_a_fault",
    ),
    **dict.fromkeys(
        (("GET", "/auth/jwks.json"), ("GET", "/.well-known/openid-configuration")),
        "tests/smart/test_checklist_smart_stu2_2.py::test_smart_openid_retrieve_configuration",
    ),
    **dict.fromkeys(
        (("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics")),
        "tests/web/test_routes.py::test_health_and_metrics_say_nothing_of_anybody",
    ),
    **dict.fromkeys(
        (("GET", "/docs"), ("GET", "/docs/{asset}"), ("GET", "/openapi.json")),
        "tests/web/test_docs.py::test_nothing_but_the_page_s_own_files_is_served",
    ),
}
"""What lies outside of /fhir, and the test that probes each."""


PAGES: Final = re.compile(
    r"/|/(person|language)|/(account|clinic|consent|shares|disclosures|sources|static|codes|launch|sign-\w+)([/.].+)?"
)
"""Addresses of pages: tests/web/test_crawl_pages.py finds and tries each by itself."""


def discovered(routes: Sequence[BaseRoute]) -> set[tuple[str, str]]:
    """Every method at every address. Where a route says none (an ASGI application answers all of them), its
    handlers tell, else it counts as GET; a mount is an address of its own."""
    found: set[tuple[str, str]] = set()
    for each in routes:
        handlers = getattr(getattr(each, "endpoint", None), "_handlers", None)
        methods = set(getattr(each, "methods", None) or handlers or {"GET"})
        found |= {(method, getattr(each, "path", repr(each))) for method in methods - {"HEAD", "OPTIONS"}}
    return found


def probed() -> set[tuple[str, str]]:
    """Every method and address that has a probe."""
    fhir = {("GET", path) for path in (*PROBES, NOWHERE)} | {("POST", path) for path in POSTED}
    return fhir | set(STEPS) | set(ELSEWHERE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[tuple[str, str]]]:
    """Every method and address of the program as it is composed."""
    found = bridge.app.opened(bridge.settings.load({}, home=tmp_path_factory.mktemp("whole")))
    try:
        served = bridge.served.built(found, worker=False)
        yield discovered(served.routes)
    finally:
        found.close()


def test_every_address_has_a_probe(whole: set[tuple[str, str]]) -> None:
    pages = {(method, path) for method, path in whole if PAGES.fullmatch(path)}
    assert len(pages) > 50
    assert whole - pages == probed()


def test_an_address_without_a_probe_is_seen() -> None:
    async def nobody(request: Request) -> Response:
        raise AssertionError("nobody calls it")

    planted = [
        Route("/new", nobody),
        Mount("/more", routes=[]),
        Route("/fhir/Observation", nobody, methods=["PUT"]),
    ]
    found = discovered(planted) - probed()
    assert found == {("GET", "/new"), ("GET", "/more"), ("PUT", "/fhir/Observation")}


def test_every_test_that_is_named_as_a_probe_is_there(project: Path) -> None:
    here = Path(__file__).relative_to(project).as_posix()
    for named in (*ELSEWHERE.values(), *(f"{here}::{name}" for name in (*POSTED.values(), *STEPS.values()))):
        path, _, name = named.partition("::")
        assert f"def {name}(" in (project / path).read_text("utf-8"), named


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("path", PROBES)
def test_no_address_tells_what_is_not_granted(pump: World, path: str, accept: str) -> None:
    answers = [pump.get(each, headers={"Accept": accept}) for each in PROBES[path](pump)]
    is_hidden = path in {f"/fhir/{kind}/{{id}}" for kind in OWNERS}
    assert answers[0].status_code == (404 if is_hidden else 200)
    for answer in answers:
        assert not leaks(pump, answer) and not telling(answer.text), answer.url
        assert answer.status_code in (200, 404)
    nobody = pump.token(pump.stranger)
    for each in PROBES[path](pump):
        answer = pump.get(each, headers={"Accept": accept}, token=nobody)
        assert not leaks(pump, answer) and not telling(answer.text)
        assert "effective" not in answer.text or path == "/fhir/metadata"


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_posted_search_tells_no_more(pump: World, kind: str, accept: str) -> None:
    named = "_id" if kind == "Patient" else "patient"
    for who, is_shared in ((pump.ada, True), (pump.bob, False)):
        data = {named: pump.patient_id(who), "_count": "1000"}
        answer = pump.ask("POST", f"/fhir/{kind}/_search", data=data, headers={"Accept": accept})
        assert answer.status_code == 200 and not leaks(pump, answer) and not telling(answer.text)
        assert (f"{kind}/" in answer.text) is (is_shared and kind not in OWNERS)


@pytest.mark.parametrize("kind", REPORTED)
def test_every_posted_search_of_reports_tells_no_more(pump: World, kind: str) -> None:
    for who, is_shared in ((pump.ada, True), (pump.bob, False)):
        answer = pump.ask("POST", f"/fhir/{kind}/_search", data={"patient": pump.patient_id(who)})
        assert answer.status_code == 200 and not leaks(pump, answer) and not telling(answer.text)
        assert (f"{kind}/" in answer.text) is is_shared


@pytest.mark.parametrize("accept", ACCEPTS)
def test_every_posted_operation_tells_no_more(pump: World, accept: str) -> None:
    for who, is_shared in ((pump.ada, True), (pump.bob, False)):
        name = pump.patient_id(who)
        wide = {"patient": name, "category": "laboratory", "max": "100", "date": "lt2026-09-09"}
        for path, data in (
            ("Observation/$lastn", wide),
            (
                "Observation/$hddt-cgm-summary",
                {"patient": name, "effectivePeriodStart": "2000-01-01", "effectivePeriodEnd": "2026-09-21"},
            ),
            (f"Patient/{name}/$everything", {"start": "2000-01-01", "_count": "1000"}),
        ):
            answer = pump.ask("POST", f"/fhir/{path}", data=data, headers={"Accept": accept})
            assert answer.status_code in (200, 404) and not leaks(pump, answer) and not telling(answer.text)
            assert ("effective" in answer.text) is is_shared


@pytest.mark.parametrize("level", ["$export", "Patient/$export", "Group/{}/$export"])
def test_every_export_tells_no_more(pump: World, level: str) -> None:
    own = pump.get("/fhir/Group").json()["entry"][0]["resource"]["id"]
    answers: list[httpx.Response] = []
    for method in ("GET", "POST"):

        def ask(asked: str, path: str, by: str = method, **more: Any) -> httpx.Response:
            return pump.ask(by if "export" in path else asked, f"/fhir/{path}", **more)

        answers = list(fetched(ask, level.format(own)))
        assert [each.status_code for each in answers] == [202] + [200] * 8
        for answer in answers:
            assert not leaks(pump, answer) and not telling(answer.text), answer.url
        assert "effective" in "".join(each.text for each in answers)
    address = place(answers[0].headers["content-location"])
    paths = [address, *(place(each["url"]) for each in answers[1].json()["output"])]
    nobody = pump.token(pump.stranger)
    refused = {pump.get(f"/fhir/{path}", token=nobody).content for path in paths}
    assert refused == {pump.get("/fhir/bulk/x").content}
    assert pump.ask("DELETE", f"/fhir/{address}", token=nobody).content in refused
    assert pump.ask("DELETE", f"/fhir/{address}").status_code == 202


@pytest.mark.parametrize("accept", ACCEPTS)
def test_every_act_on_a_subscription_tells_no_more(pump: World, accept: str) -> None:
    planted(pump)
    able = pump.register("Subscriber", f"Sub {accept}", "system/Subscription.cruds system/*.rs")
    body = {"resourceType": "Subscription", "status": "requested"}
    for token in (pump.token(), pump.token(able, "system/Subscription.cruds system/*.rs")):
        answers = [
            pump.ask(method, f"/fhir/Subscription{rest}", token=token, headers={"Accept": accept}, **more)
            for method, rest, more in (
                ("POST", "", {"json": body}),
                ("POST", "/_search", {"data": {"status": "active"}}),
                ("POST", "/$status", {"data": {"id": PLANTED}}),
                ("POST", f"/{PLANTED}/$status", {}),
                ("POST", f"/{PLANTED}/$events", {"data": {"eventsSinceNumber": "1"}}),
                ("PUT", f"/{PLANTED}", {"json": body}),
                ("DELETE", f"/{PLANTED}", {}),
            )
        ]
        assert not any(leaks(pump, each) or telling(each.text) or "CANARY" in each.text for each in answers)
        assert all(each.status_code < 500 for each in answers)
    assert pump.get(f"/fhir/Subscription/{PLANTED}").status_code == 200  # nobody else's act changed it


def test_every_posted_search_of_the_group_tells_no_more(pump: World) -> None:
    for who, is_shared in ((pump.ada, True), (pump.bob, False)):
        data = {"member": f"Patient/{pump.patient_id(who)}"}
        answer = pump.ask("POST", "/fhir/Group/_search", data=data)
        assert (
            answer.json()["total"] == is_shared
            and pump.patient_id(pump.bob) not in answer.text.partition("entry")[2]
        )


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("allowed", [True, False])
def test_every_submission_tells_no_more(pump: World, accept: str, allowed: bool) -> None:
    """What is sent is what is hidden: its instants and values, under conditions with the ids of hidden readings."""
    who = pump.register("Submitting app", f"App {accept} {allowed}", SCOPE)
    if allowed:
        intake(pump, pump.ada, who.organization)
    token, system, hidden = pump.token(who, SCOPE), pump.renderer.system, pump.hidden()[::97]
    names = [pump.observation_id(each) for each in hidden]
    for about, is_taken in ((pump.ada, allowed), (pump.bob, False)):
        sent = [observation(pump.patient_id(about), each.instant, each.value) for each in hidden]
        entries = [
            entry(identified(one, name, system), ifNoneExist=f"identifier={system}|{name}")
            for one, name in zip(sent, names, strict=True)
        ]
        answer = submit(pump, bundle(entries), token=token, headers={"Accept": accept})
        told = [answer]
        for path in CHECKS:
            told += [submit(pump, each, path=path, token=token) for each in (bundle(entries), sent[0])]
        assert not any(leaks(pump, each) or telling(each.text) for each in told)
        assert answer.status_code == (200 if is_taken else 404)
        assert answer.text.count("201 Created") == (len(hidden) if is_taken else 0)


@pytest.mark.parametrize("accept", ACCEPTS)
def test_every_order_tells_no_more(pump: World, accept: str) -> None:
    own, *_ = ordered(pump)
    headers = {"Content-Type": "application/fhir+json", "Accept": accept}
    nobody = pump.token(pump.stranger)
    for token in (pump.token(scope=ORDERING), nobody):
        for who in (pump.ada, pump.bob):
            sent, own_path = clinic_order(pump.patient_id(who)), f"/fhir/ServiceRequest/{own}"
            found = [
                pump.ask("POST", "/fhir/ServiceRequest", json=sent, headers=headers, token=token),
                pump.ask("PUT", own_path, json=sent | {"id": own}, headers=headers, token=token),
                pump.ask(
                    "POST",
                    "/fhir/ServiceRequest/_search",
                    data={"patient": pump.patient_id(who)},
                    token=token,
                    headers={"Accept": accept},
                ),
            ]
            for each in found:
                assert not leaks(pump, each) and not telling(each.text)
            if token == nobody:
                assert [each.status_code for each in found] == [403, 403, 200]
                assert own not in found[2].text


def test_what_is_nowhere_is_the_same_for_everybody(pump: World) -> None:
    paths = ("/fhir/Groups", "/fhir/Group/x/_history", "/fhir/bulk", "/fhir/SubscriptionTopic")
    asked = [(method, path) for method in ("GET", "POST") for path in paths]
    answers = {
        pump.ask(*each, token=pump.token(who)).content
        for each in asked
        for who in (pump.clinic, pump.stranger)
    }
    assert len(answers) == 1 and b"There is no such address" in answers.pop()


@pytest.mark.parametrize("accept", ACCEPTS)
def test_every_batch_tells_no_more(pump: World, accept: str) -> None:
    paths = [each.removeprefix("/fhir/") for make in PROBES.values() for each in make(pump)]
    asked = [each for each in paths if "100000" not in each][:100]
    headers = {"Accept": accept, "Content-Type": "application/fhir+xml"}
    answer = pump.ask("POST", "/fhir", content=batch(*asked), headers=headers)
    assert answer.status_code == 200 and not leaks(pump, answer) and not telling(answer.text)


def test_the_canaries_are_there_to_be_found(pump: World, tmp_path: Path) -> None:
    from bridge.consent.grants import revoke
    from bridge.period import DAY, Period, PeriodSet

    grant = pump.grant(periods=PeriodSet((Period(WINDOW.start - 30 * DAY, WINDOW.end),)))
    found = "".join(pump.get(searches(kind)(pump)[0] + "&_count=100000").text for kind in READING_TYPES)
    revoke(pump.db, grant)
    assert "77.77" in found and "88.88" in found and '"value":333' in found.replace(" ", "")
