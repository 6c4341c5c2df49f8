"""The serving application with three static answers beside it, for measuring the one against the other.

Law: the bridge's own routes are untouched: token, gate and ledger are on. The static answers are the
limit of the same server: the same bytes, ready made, without a decision.
"""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.served import serving

JSON = "application/fhir+json"


def application() -> FastAPI:
    """The bridge of BRIDGE_HOME, and /static/NAME for every file in BENCH_STATIC."""
    app = serving()
    folder = Path(os.environ["BENCH_STATIC"])
    bodies = {path.name: path.read_bytes() for path in folder.iterdir()}

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        headers = {"content-encoding": "gzip"} if name.endswith(".gz") else {}
        return Response(bodies[name], media_type=JSON, headers=headers)

    async def nothing(_: Request) -> Response:
        return Response(b"{}", media_type=JSON)

    app.router.routes[:0] = [Route("/static/{name}", static), Route("/empty", nothing)]
    return app
