"""The addresses under /fhir, in one table.

Law: what is not in the table is 404 behind the guard, so nobody without a token learns what exists. The
CapabilityStatement is made once: it is the same for everyone and knows nobody (L38). The hottest addresses
stand first, because starlette tries them in order. `/fhir/.well-known/smart-configuration` is served by
`web.smart`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.routing import Route

from bridge import __version__
from bridge.bulk.asking import FORMATS as LINES
from bridge.bulk.job import LIMITS, Limits
from bridge.consent.gate import Gate
from bridge.fhir.groups import GROUP
from bridge.fhir.outcome import problem
from bridge.fhir.parameters import PARAMETERS, REPORTS
from bridge.fhir.render import JSON, XML, Renderer
from bridge.fhir.reports import BINARY
from bridge.period import Instant
from bridge.smart.discovery import BRANDS_PATH
from bridge.store.db import Database
from bridge.web.batch import Batches
from bridge.web.bulk import Exports
from bridge.web.bulk_files import ExportFiles
from bridge.web.call import Call, Refused
from bridge.web.desk import Desk
from bridge.web.everything import Everything
from bridge.web.groups import Groups
from bridge.web.instance import VERSIONED, Instances
from bridge.web.lastn import Lastn
from bridge.web.meters import Meters
from bridge.web.reports import PDF, Reports
from bridge.web.response import FhirResponse
from bridge.web.route import Guard, Handler, Reply, route
from bridge.web.search import Searches
from bridge.web.subscribed import Subscribed
from bridge.web.subscriptions import Subscriptions
from bridge.web.summed import OPERATION, Summed

RELEASED: Final = "2026-11-20"
"""Date of the CapabilityStatement: of the software, not of the installation."""
NO_SUCH_ADDRESS: Final = problem(404, "There is no such address; GET [base]/metadata lists what there is.")


def routes(
    gate: Gate,
    renderer: Renderer,
    db: Database,
    clock: Callable[[], Instant],
    meters: Meters,
    limits: Limits = LIMITS,
) -> list[Route]:
    """Every route under /fhir but discovery. `limits`: of bulk exports."""
    desk = Desk(gate, renderer, db, clock, meters)
    permit = Guard(db, clock)
    exports = Exports(desk, limits)
    files, reports = ExportFiles(desk, exports), Reports(desk)
    return [
        *(
            route(path, handlers, desk=desk, permit=permit)
            for path, handlers in _guarded(desk, exports, reports).items()
        ),
        route("/fhir/bulk/{job}/{file}", {"GET": files.get}, desk=desk, permit=permit, makes=LINES),
        route(
            "/fhir/Binary/{id}", {"GET": partial(reports.one, BINARY)}, desk=desk, permit=permit, makes=PDF
        ),
        route("/fhir/metadata", {"GET": _metadata(renderer)}, desk=desk),
        route(BRANDS_PATH, {"GET": _brands(renderer)}, desk=desk),
        route("/fhir/{rest:path}", {"GET": _nowhere, "POST": _nowhere}, desk=desk, permit=permit),
    ]


def _guarded(desk: Desk, exports: Exports, reports: Reports) -> dict[str, dict[str, Handler]]:
    searches, instances = Searches(desk), Instances(desk)
    table: dict[str, dict[str, Handler]] = {}
    lastn, everything, summed = Lastn(desk, searches), Everything(desk), Summed(desk)
    for kind in PARAMETERS:
        table[f"/fhir/{kind}"] = {"GET": partial(searches.get, kind)}
        table[f"/fhir/{kind}/_search"] = {"POST": partial(searches.post, kind)}
        if kind == "Observation":
            table[f"/fhir/Observation{OPERATION}"] = {"GET": summed.answer, "POST": summed.answer}
            table["/fhir/Observation/$lastn"] = {"GET": lastn.answer, "POST": lastn.answer}
        if kind == "Patient":  # before a Patient of that id
            table["/fhir/Patient/$export"] = _kick_off(exports, kind)
        table[f"/fhir/{kind}/{{id}}"] = {"GET": partial(instances.get, kind)}
        if kind in VERSIONED:
            table[f"/fhir/{kind}/{{id}}/_history"] = {"GET": partial(instances.history, kind)}
            table[f"/fhir/{kind}/{{id}}/_history/{{vid}}"] = {"GET": partial(instances.version, kind)}
    table["/fhir/Patient/{id}/$everything"] = {"GET": everything.answer, "POST": everything.answer}
    for kind in REPORTS:
        table[f"/fhir/{kind}"] = {"GET": partial(reports.get, kind)}
        table[f"/fhir/{kind}/_search"] = {"POST": partial(reports.post, kind)}
        table[f"/fhir/{kind}/{{id}}"] = {"GET": partial(reports.one, kind)}
    batches = Batches(desk, searches, instances, lastn, everything, summed, reports)
    table |= _bulk(desk, exports) | _subscriptions(desk)
    return table | {"/fhir": {"POST": batches.post}, "/fhir/": {"POST": batches.post}}


def _bulk(desk: Desk, exports: Exports) -> dict[str, dict[str, Handler]]:
    """Bulk exports, and the Group that they may be about."""
    groups = Groups(desk)
    return {
        "/fhir/$export": _kick_off(exports, ""),
        "/fhir/Group/{id}/$export": _kick_off(exports, GROUP),
        "/fhir/bulk/{job}": {"GET": exports.status, "DELETE": exports.end},
        "/fhir/Group": {"GET": groups.get},
        "/fhir/Group/_search": {"POST": groups.post},
        "/fhir/Group/{id}": {"GET": groups.read},
    }


def _subscriptions(desk: Desk) -> dict[str, dict[str, Handler]]:
    """Subscriptions of the client that asks, and their operations."""
    of = Subscriptions(desk)
    about = Subscribed(desk, of)
    return {
        "/fhir/Subscription": {"GET": of.get, "POST": of.create},
        "/fhir/Subscription/_search": {"POST": of.post},
        "/fhir/Subscription/$status": {"GET": about.every_status, "POST": about.every_status},
        "/fhir/Subscription/{id}": {"GET": of.read, "PUT": of.update, "DELETE": of.delete},
        "/fhir/Subscription/{id}/$status": {"GET": about.status, "POST": about.status},
        "/fhir/Subscription/{id}/$events": {"GET": about.events, "POST": about.events},
    }


def _kick_off(exports: Exports, level: str) -> dict[str, Handler]:
    return dict.fromkeys(("GET", "POST"), partial(exports.kick_off, level))


def _metadata(renderer: Renderer) -> Handler:
    bodies = {each.media_type: renderer.capability(__version__, RELEASED, each) for each in (JSON, XML)}

    async def metadata(call: Call) -> Reply:
        body = bodies[call.notation.media_type]
        return FhirResponse(200, body, (), {"Access-Control-Allow-Origin": "*"})

    return metadata


def _brands(renderer: Renderer) -> Handler:
    body = renderer.brands(f"{RELEASED}T00:00:00Z")

    async def brands(call: Call) -> Reply:
        return FhirResponse(200, body, (), {"Access-Control-Allow-Origin": "*"})

    return brands


async def _nowhere(call: Call) -> Reply:
    raise Refused(NO_SUCH_ADDRESS)
