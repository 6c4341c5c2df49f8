"""Routes that cannot be built, and what stands open."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.routing import Route

from bridge.web.call import Call
from bridge.web.desk import Desk
from bridge.web.response import FhirResponse
from bridge.web.route import OPEN_PATHS, Guard, Reply, route
from tests.web.world import World


async def handler(call: Call) -> Reply:
    raise AssertionError("nobody calls it")


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world.gate, world.renderer, world.db, world.clock, world.meters)


@pytest.mark.parametrize(
    "path", ["/fhir/Observation", "/fhir", "/fhir/{rest:path}", "/fhir/metadata/", "/fhir/Metadata"]
)
def test_a_route_without_its_permit_cannot_be_built(desk: Desk, path: str) -> None:
    with pytest.raises(TypeError, match="without its permit"):
        route(path, {"GET": handler}, desk=desk)
    with pytest.raises(TypeError):
        route(path, {"GET": handler}, desk=desk, permit=True)  # type: ignore[arg-type]


def test_an_open_route_takes_no_permit(desk: Desk) -> None:
    with pytest.raises(TypeError):
        route("/fhir/metadata", {"GET": handler}, desk=desk, permit=Guard(desk.db, desk.clock))
    assert isinstance(route("/fhir/metadata", {"GET": handler}, desk=desk), Route)


@pytest.mark.parametrize("body", [b"{}", "{}", {}, None, memoryview(b"{}")])
def test_a_fhir_response_takes_fhir_bytes_and_nothing_else(body: Any) -> None:
    with pytest.raises(TypeError, match="FhirBytes"):
        FhirResponse(200, body)


def test_every_route_under_fhir_but_the_open_ones_asks_for_a_token(world: World) -> None:
    paths = [
        each.path for each in world.app.routes if isinstance(each, Route) and each.path.startswith("/fhir")
    ]
    assert len(paths) > 15
    for path in paths:
        real = path.replace("{id}", "x").replace("{vid}", "1").replace("{rest:path}", "nowhere/at/all")
        for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"):
            answer = world.ask(method, real, token=None)
            assert (answer.status_code == 401) is (path not in OPEN_PATHS), (method, path)
            if answer.status_code == 401:
                assert answer.headers["www-authenticate"] == 'Bearer realm="fhir"'


def test_health_and_metrics_say_nothing_of_anybody(world: World) -> None:
    world.grant()
    world.get(f"Observation?patient={world.patient_id(world.ada)}")
    world.get("Observation/secret-name")
    assert world.ask("GET", "/health/live", token=None).text == "alive\n"
    assert world.ask("GET", "/health/ready", token=None).text == "ready\n"
    metrics = world.ask("GET", "/metrics", token=None)
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'bridge_http_answers_total{route="/fhir/Observation",method="GET",status="2xx"} 1' in metrics.text
    assert "secret-name" not in metrics.text and world.patient_id(world.ada) not in metrics.text
    assert world.clinic.id not in metrics.text


def test_not_ready_where_the_ledger_cannot_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import bridge.store.pulse

    monkeypatch.setattr(bridge.store.pulse, "ailment", lambda db: "the disk is full")
    answer = world.ask("GET", "/health/ready", token=None)
    assert (answer.status_code, answer.text) == (503, "not ready\n")
