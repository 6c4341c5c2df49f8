"""A receiver that answers at once: `python -m tests.bench.answerer`; it prints its FHIR base.

Law: on loopback, in memory. It knows one Patient, takes every entry of a transaction and counts by identifier, so that
what arrived twice is seen.
"""

from __future__ import annotations

import json
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.demo.receiver import patient
from tests.push.twin import BIRTH, IDENTIFIER, NAME

FHIR = "application/fhir+json"


class Answers:
    """One method a route."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.requests = 0

    async def metadata(self, _request: Request) -> Response:
        """What it can do."""
        rest = {"mode": "server", "interaction": [{"code": "transaction"}], "resource": []}
        return _said({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest]})

    async def patient(self, _request: Request) -> Response:
        """The one there is."""
        entry = {"resource": patient(NAME, BIRTH, IDENTIFIER), "search": {"mode": "match"}}
        return _said({"resourceType": "Bundle", "type": "searchset", "entry": [entry]})

    async def transaction(self, request: Request) -> Response:
        """All of it is created."""
        self.requests += 1
        told = []
        for entry in json.loads(await request.body())["entry"]:
            resource = entry["resource"]
            kind, value = resource["resourceType"], resource["identifier"][0]["value"]
            if kind != "Device":
                self.held[value] = self.held.get(value, 0) + 1
            told.append({"status": "201 Created", "location": f"{kind}/{value}/_history/1", "etag": 'W/"1"'})
        entries = [{"response": each} for each in told]
        return _said({"resourceType": "Bundle", "type": "transaction-response", "entry": entries})

    async def count(self, _request: Request) -> Response:
        """How many readings arrived once, and in how many requests."""
        once = sum(times == 1 for times in self.held.values())
        return _said({"readings": once, "doubled": len(self.held) - once, "requests": self.requests})


def _said(content: object) -> Response:
    return Response(json.dumps(content), media_type=FHIR)


def main() -> None:
    """Listen until stopped."""
    answers = Answers()
    routes = [
        Route("/fhir/metadata", answers.metadata),
        Route("/fhir/Patient", answers.patient),
        Route("/fhir/Patient/{id}", answers.patient),
        Route("/fhir", answers.transaction, methods=["POST"]),
        Route("/fhir/", answers.transaction, methods=["POST"]),
        Route("/fhir/$submit-cgm-bundle", answers.transaction, methods=["POST"]),
        Route("/held", answers.count),
    ]
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/fhir", flush=True)
    config = uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
