"""A small FHIR server that plays the hospital: `python -m bridge.demo.receiver --port 0`.

Law: a second process on this machine's loopback, in memory, for the demonstration and the tests; it
accepts what a receiver of CGM data accepts (metadata, Patient by identifier, transaction, read, search
by identifier) and says no with an OperationOutcome. Its first and only line is its address.

Rejected: a receiver inside the bridge's process; a push that never crossed a socket shows nothing.
"""

from __future__ import annotations

import argparse
import json
import socket
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.demo.chart import WELCOME, Chart, Refusal, Resource, etag

JSON: Final = "application/fhir+json"
LARGEST: Final = 32 << 20
IDENTIFIER: Final = ("https://hospital.example/mrn", "0042")


def patient(name: str, birth_date: str, identifier: tuple[str, str]) -> Resource:
    """The one invented patient of the demonstration's hospital."""
    *given, family = name.split()
    return {
        "resourceType": "Patient",
        "id": "p1",
        "active": True,
        "identifier": [{"system": identifier[0], "value": identifier[1]}],
        "name": [{"text": name, "family": family} | ({"given": given} if given else {})],
        "birthDate": birth_date,
        "meta": {"versionId": "1"},
    }


def app(chart: Chart) -> Starlette:
    """The receiver over a chart; the FHIR base is /fhir."""
    answers = Answers(chart)
    return Starlette(
        routes=[
            Route("/count", answers.count),
            Route("/fhir/metadata", answers.metadata),
            Route("/fhir", answers.transaction, methods=["POST"]),
            Route("/fhir/", answers.transaction, methods=["POST"]),
            Route("/fhir/{kind}", answers.search),
            Route("/fhir/{kind}/{id}", answers.read),
        ],
        exception_handlers={Refusal: _refused},
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """One method a route."""

    chart: Chart

    async def count(self, _request: Request) -> Response:
        """How many resources of each type there are."""
        return Response(json.dumps(self.chart.counts()), media_type="application/json")

    async def metadata(self, _request: Request) -> Response:
        """The CapabilityStatement."""
        return _said(200, _capability())

    async def transaction(self, request: Request) -> Response:
        """POST of a transaction Bundle to the base."""
        body = await request.body()
        if len(body) > LARGEST:
            raise Refusal(413, "the Bundle is larger than 32 MB")
        try:
            bundle = json.loads(body)
        except (ValueError, RecursionError):
            raise Refusal(400, "the body is not JSON") from None
        if not isinstance(bundle, dict):
            raise Refusal(400, "the body is not a resource")
        return _said(200, self.chart.transact(bundle))

    async def search(self, request: Request) -> Response:
        """Resources of a type by identifier."""
        asked = dict(request.query_params)
        tokens = asked.pop("identifier", "")
        if not tokens or set(asked) - {"_count", "_summary"}:
            raise Refusal(400, "a search here names identifier=system|value")
        found = self.chart.matching(request.path_params["kind"], tokens)
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        if found and asked.get("_summary") != "count":
            bundle["entry"] = [{"resource": each, "search": {"mode": "match"}} for each in found]
        return _said(200, bundle)

    async def read(self, request: Request) -> Response:
        """One resource."""
        found = self.chart.read(request.path_params["kind"], request.path_params["id"])
        return _said(200, found, {"etag": etag(found)})


async def _refused(_request: Request, refusal: Exception) -> Response:
    status = refusal.status if isinstance(refusal, Refusal) else 500
    issue = {"severity": "error", "code": "processing", "diagnostics": str(refusal)}
    return _said(status, {"resourceType": "OperationOutcome", "issue": [issue]})


def _said(status: int, body: Resource, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, media_type=JSON)


def _capability() -> Resource:
    writes = [{"code": code} for code in ("read", "create", "update", "search-type")]
    kinds: list[Resource] = [
        {"type": kind, "interaction": writes, "conditionalCreate": True} for kind in sorted(WELCOME)
    ]
    kinds.append({"type": "Patient", "interaction": [{"code": "read"}, {"code": "search-type"}]})
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-20",
        "kind": "instance",
        "implementation": {"description": "the demonstration's receiver"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": kinds, "interaction": [{"code": "transaction"}]}],
    }


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m bridge.demo.receiver", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--patient-name", default="Robin Example")
    parser.add_argument("--birth-date", default="1990-04-01")
    parser.add_argument("--identifier", default="|".join(IDENTIFIER), help="SYSTEM|VALUE")
    given = parser.parse_args(arguments)
    system, _, value = given.identifier.rpartition("|")
    chart = Chart()
    chart.put_patient(patient(given.patient_name, given.birth_date, (system, value)))
    listening = socket.create_server(("127.0.0.1", given.port))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/fhir", flush=True)
    server = uvicorn.Server(uvicorn.Config(app(chart), log_level="error", lifespan="off", access_log=False))
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()
