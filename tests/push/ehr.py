"""Record systems in a thread, each with the restrictions that the reference sheet tells of it, over real HTTP.

Law (`smart-consent.md` 7.4, `cgm-ig.md` 3): what such a server says in its CapabilityStatement is what it does, and
what it does not say it refuses: a status, an OperationOutcome with its code. A fault of the script stands for one
write.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs

import uvicorn
from starlette.types import Receive, Scope, Send

from bridge.demo.receiver import patient
from tests.push.twin import BIRTH, IDENTIFIER, NAME, Say, Slow, Torn

CGM = "http://hl7.org/fhir/uv/cgm/CapabilityStatement/cgm-data-receiver"
ROW = ("urn:oid:1.2.840.114350.1.13.0.1.7.2.707679", "3040100959")
"""A flowsheet row of the invented hospital."""
ORDERS = "http://hl7.org/fhir/uv/cgm/CodeSystem/cgm"
PROFILES = "http://hl7.org/fhir/uv/cgm/StructureDefinition/"
MASS = "cgm-sensor-reading-mass-per-volume"
READINGS = ("Observation", "MedicationAdministration")


@dataclass(frozen=True)
class Twice:
    """Create two times, as a gateway that repeats what it sent does; the second answer is given. An update that is
    repeated is answered 412 like somebody's edit, and waits for a human."""


@dataclass(frozen=True)
class Lie:
    """Answer 200 with something that is no answer, and do nothing."""


Fault = Say | Torn | Slow | Twice | Lie


def length(value: float, unit: str) -> dict[str, Any]:
    """A length of time as an order writes it."""
    return {"value": value, "code": unit, "system": "http://unitsofmeasure.org", "unit": unit}


def scheduled(
    every: tuple[float, str] = (2, "wk"), back: tuple[float, str] | None = None, *profiles: str
) -> dict[str, Any]:
    """The IG's schedule."""
    parts: list[dict[str, Any]] = [{"url": "submissionPeriod", "valueQuantity": length(*every)}]
    if back is not None:
        parts.append({"url": "lookbackPeriod", "valueQuantity": length(*back)})
    parts += [_profile(each) for each in profiles or (MASS,)]
    return {"url": f"{PROFILES}data-submission-schedule", "extension": parts}


def _profile(name: str) -> dict[str, Any]:
    return {"url": "submissionDataProfile", "valueCanonical": PROFILES + name}


def once(start: str, end: str, *profiles: str) -> dict[str, Any]:
    """The IG's one-time period."""
    parts: list[dict[str, Any]] = [{"url": "timePeriod", "valuePeriod": {"start": start, "end": end}}]
    parts += [_profile(each) for each in profiles or (MASS,)]
    return {"url": f"{PROFILES}data-submission-one-time-spec", "extension": parts}


@dataclass(frozen=True)
class Rules:
    """What a server takes. `conditional`: honoured, refused (400 for each such entry) or ignored; `updates`,
    `creates`: types; `codes`: one of them must be on each reading; `size`: bytes of a body; `said`: what its
    statement says of conditional create; `silent`: types that its statement does not name."""

    operation: bool = False
    transaction: bool = False
    batch: bool = False
    conditional: str = "honoured"
    said: bool | None = True
    updates: frozenset[str] = frozenset(READINGS)
    creates: frozenset[str] = frozenset({*READINGS, "Device"})
    searches: bool = True
    codes: frozenset[tuple[str, str]] = frozenset()
    size: int | None = None
    entries: int | None = None
    stale: int = 412
    silent: frozenset[str] = frozenset()
    orders: str = "coded"
    """ServiceRequests: searched by patient and code; `all`: the code is ignored; `paged`: one a page, the first twice;
    `none`: not offered."""


CGM_RECEIVER = Rules(operation=True, said=None)
"""The HL7 CGM IG's receiver (1.0.0)."""
CGM_PLAIN = Rules(operation=True, conditional="refused", said=None)
"""One that does not create once by identifier, and says so entry by entry."""
EPIC = Rules(
    conditional="ignored",
    said=False,
    updates=frozenset({"Observation"}),
    creates=frozenset({"Observation"}),
    codes=frozenset({ROW}),
    orders="all",
)
"""Single creates of Observations alone, each with the code of a flowsheet row; no conditional create, no Device."""
ORACLE = Rules(
    batch=True,
    conditional="ignored",
    said=None,
    updates=frozenset({"Observation"}),
    creates=frozenset({"Observation"}),
    stale=409,
    orders="paged",
)
"""Batches, no conditional create (a repeated POST is a second Observation), 409 for a stale version."""
FROZEN = Rules(transaction=True, updates=frozenset())
"""It takes no newer version of what it holds."""
TRANSACTION = Rules(transaction=True)


@dataclass
class Ehr:
    """A running server. `script`: a fault for each coming write; `per_minute`: calls before 429, counted down;
    `retry`: its Retry-After then, None without one; `token`: the only Authorization that it takes; `outcome`: a code
    with which it refuses every create."""

    base: ClassVar[str] = "/fhir"
    rules: Rules
    url: str = ""
    shelves: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    script: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    token: str = ""
    left: int | None = None
    retry: str | None = "30"
    outcome: tuple[int, str] | None = None
    numbers: int = 0
    is_down: bool = False
    is_careless: bool = False
    """It shows orders of other records too."""

    @staticmethod
    def complaint(code: str, told: str) -> dict[str, Any]:
        """Its OperationOutcome: the code of the standard, and its own."""
        return _outcome(code, told)

    @property
    def readings(self) -> list[dict[str, Any]]:
        """Everything that it holds of a person."""
        return [each for kind in READINGS for each in self.shelves.get(kind, {}).values()]

    def values(self) -> list[float]:
        """The values that stand, sorted."""
        standing = [each for each in self.readings if each["status"] != "entered-in-error"]
        return sorted(each["valueQuantity"]["value"] for each in standing if "valueQuantity" in each)

    def writes(self) -> list[str]:
        """Where was written to, in order."""
        return [path for method, path in self.asked if method in ("POST", "PUT")]

    # ------------------------------------------------------------------------------------- requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += bytes(message.get("body", b""))
            if not message.get("more_body"):
                break
        method, path = scope["method"], scope["path"]
        query = scope["query_string"].decode()
        told = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((method, path.removeprefix(self.base).lstrip("/")))
        self.headers.append(told)
        if path == "/token":
            await self._token(send, body)
            return
        fault = self.script.pop(0) if self.script and method in ("POST", "PUT") else None
        if isinstance(fault, Torn) and not fault.committed:
            await _torn(send)
        if isinstance(fault, Say):
            await _say(send, fault.status, fault.body, fault.headers)
        elif isinstance(fault, Lie):
            await _say(send, 200, b"<html>please sign in</html>", (("content-type", "text/html"),))
        else:
            status, answer, headers = self.answer(method, path, query, told, body)
            if isinstance(fault, Twice) and b'"PUT"' not in body and method == "POST":
                status, answer, headers = self.answer(method, path, query, told, body)
            if isinstance(fault, Torn):
                await _torn(send)
            if isinstance(fault, Slow):
                await asyncio.sleep(fault.seconds)
            await _say(send, status, json.dumps(answer).encode() if answer else b"", headers)

    async def _token(self, send: Send, body: bytes) -> None:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.forms.append(form)
        self.token = f"Bearer t{len(self.forms)}"
        told: dict[str, Any] = {
            "access_token": f"t{len(self.forms)}",
            "token_type": "Bearer",
            "expires_in": 300,
        }
        if "refresh_token" in form:
            told["refresh_token"] = f"r{len(self.forms)}"
        await _say(send, 200, json.dumps(told).encode(), ())

    def answer(
        self, method: str, path: str, query: str, told: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        """Status, resource and headers."""
        where = path.removeprefix(self.base).strip("/")
        if where == ".well-known/smart-configuration":
            base = self.url.removesuffix(self.base)
            smart: dict[str, Any] = {
                "token_endpoint": f"{base}/token",
                "authorization_endpoint": f"{base}/authorize",
            }
            return 200, smart | {"code_challenge_methods_supported": ["S256"]}, ()
        if where == "metadata":
            return 200, self.statement(), ()
        if self.token and told.get("authorization", "") != self.token:
            return 401, _outcome("login", "401"), ()
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                waits = () if self.retry is None else (("retry-after", self.retry),)
                return 429, _outcome("throttled", "429"), waits
        if method == "GET":
            return self._search(where, query)
        if self.rules.size is not None and len(body) > self.rules.size:
            return 413, _outcome("too-long", "413"), ()
        resource = json.loads(body)
        self.bodies.append(resource)
        return self._written(method, where, resource, told)

    def statement(self) -> dict[str, Any]:
        """The CapabilityStatement."""
        rules, kinds = self.rules, []
        for kind in dict.fromkeys(("Device", *READINGS, *sorted(rules.creates | rules.updates))):
            if kind in rules.silent:
                continue
            codes = ["read"]
            codes += ["search-type"] if rules.searches else []
            codes += ["create"] if kind in rules.creates else []
            codes += ["update"] if kind in rules.updates else []
            one: dict[str, Any] = {"type": kind, "interaction": [{"code": code} for code in codes]}
            if rules.said is not None:
                one["conditionalCreate"] = rules.said
            if rules.searches:
                one["searchParam"] = [{"name": "identifier", "type": "token"}]
            kinds.append(one)
        system = ["transaction"] * rules.transaction + ["batch"] * rules.batch
        rest = {"mode": "server", "resource": kinds, "interaction": [{"code": code} for code in system]}
        found: dict[str, Any] = {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [rest],
        }
        return found | ({"instantiates": [CGM]} if rules.operation else {})

    def _search(self, where: str, query: str) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        asked = parse_qs(query)
        if where == "ServiceRequest":
            return self._orders(asked, query)
        if where == "Encounter":
            found = list(self.shelves.get("Encounter", {}).values())
        elif "identifier" not in asked or (where != "Patient" and not self.rules.searches):
            return 403, _outcome("forbidden", "403"), ()
        else:
            found = [each for token in asked["identifier"][0].split(",") for each in self.named(where, token)]
        entries = [{"resource": each} for each in found]
        return 200, {"resourceType": "Bundle", "type": "searchset", "entry": entries}, ()

    def _orders(
        self, asked: dict[str, list[str]], query: str
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        """The orders of a record, as far as they are asked for."""
        if self.rules.orders == "none" or "patient" not in asked:
            return 403, _outcome("forbidden", "403"), ()
        codes = {tuple(each.split("|")) for each in asked["code"][0].split(",")}
        found = [
            each
            for each in self.shelves.get("ServiceRequest", {}).values()
            if each["subject"]["reference"] == f"Patient/{asked['patient'][0]}" or self.is_careless
            if self.rules.orders == "all"
            or any((one["system"], one["code"]) in codes for one in each["code"]["coding"])
        ]
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
        if self.rules.orders == "paged" and found:
            at = int(asked.get("page", ["0"])[0])
            more = f"{self.url}/ServiceRequest?{query.partition('&page=')[0]}&page={at + 1}"
            bundle["link"] = [{"relation": "next", "url": more}] if at < len(found) else []
            found = [found[max(0, at - 1)]]
        return 200, bundle | {"entry": [{"resource": each} for each in found]}, ()

    def order(self, id_: str = "o1", **changed: Any) -> None:
        """A clinic's order for the linked record, or what `changed` makes of it."""
        usual = {
            "resourceType": "ServiceRequest",
            "id": id_,
            "status": "active",
            "intent": "order",
            "code": {"coding": [{"system": ORDERS, "code": "cgm-data-submission-standing-order"}]},
            "subject": {"reference": "Patient/p1"},
            "extension": [scheduled()],
        }
        self.shelves.setdefault("ServiceRequest", {})[id_] = usual | changed

    def named(self, kind: str, token: str) -> list[dict[str, Any]]:
        """Resources with that identifier."""
        system, _, value = token.rpartition("|")
        wanted = {"system": system, "value": value}
        return [
            each
            for each in self.shelves.get(kind, {}).values()
            if any(wanted == {k: one.get(k) for k in wanted} for one in each.get("identifier", []))
        ]

    def _written(
        self, method: str, where: str, resource: dict[str, Any], told: dict[str, str]
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        if resource["resourceType"] == "Bundle":
            return self._bundle(where, resource)
        once, match = told.get("if-none-exist", ""), told.get("if-match", "")
        status, place, tag, outcome = self.one(method, where, resource, once, match)
        if outcome:
            return status, outcome, ()
        return status, {}, (("location", f"{self.url}/{place}/_history/1"), ("etag", tag))

    def _bundle(
        self, where: str, resource: dict[str, Any]
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        rules, kind, entries = self.rules, resource["type"], resource.get("entry", [])
        is_allowed = {"": (rules.transaction, rules.batch), "$submit-cgm-bundle": (rules.operation, False)}
        takes_transaction, takes_batch = is_allowed.get(where, (False, False))
        if not (takes_transaction if kind == "transaction" else takes_batch):
            return 400, _outcome("not-supported", "400"), ()
        if rules.entries is not None and len(entries) > rules.entries:
            return 413, _outcome("too-costly", "413"), ()
        became: dict[str, str] = {}
        answers = []
        for entry in entries:
            request = entry["request"]
            told = json.dumps(entry["resource"])
            for full, place in became.items():
                told = told.replace(f'"{full}"', f'"{place}"')
            if '"reference": "urn:uuid:' in told:
                answers.append({"response": {"status": "400", "outcome": _outcome("not-found", "400")}})
                continue
            if where and request["method"] != "POST":
                answers.append({"response": {"status": "405", "outcome": _outcome("not-supported", "405")}})
                continue
            status, place, tag, outcome = self.one(
                request["method"],
                request["url"],
                json.loads(told),
                request.get("ifNoneExist", ""),
                request.get("ifMatch", ""),
            )
            response: dict[str, Any] = {"status": str(status)}
            if outcome:
                response["outcome"] = outcome
            else:
                response |= {"location": f"{place}/_history/1", "etag": tag}
                became[entry["fullUrl"]] = place
            answers.append({"response": response})
        return 200, {"resourceType": "Bundle", "type": f"{kind}-response", "entry": answers}, ()

    def one(
        self, method: str, where: str, resource: dict[str, Any], once: str, match: str
    ) -> tuple[int, str, str, dict[str, Any] | None]:
        """Status, place, ETag and outcome of one create or update."""
        rules, (kind, _, id_) = self.rules, where.partition("/")
        if self.outcome is not None:
            return self.outcome[0], "", "", _outcome("processing", self.outcome[1])
        if kind not in (rules.updates if method == "PUT" else rules.creates):
            return 405, "", "", _outcome("not-supported", "405")
        codes = {
            (each.get("system"), each.get("code")) for each in resource.get("code", {}).get("coding", [])
        }
        if rules.codes and kind in READINGS and not codes & rules.codes:
            return 400, "", "", _outcome("business-rule", "59188")
        if method == "PUT":
            return self._put(kind, id_, resource, match)
        if once and rules.conditional == "refused":
            return 400, "", "", _outcome("not-supported", "conditional")
        if once and rules.conditional == "honoured":
            found = self.named(kind, parse_qs(once)["identifier"][0])
            if len(found) > 1:
                return 412, "", "", _outcome("multiple-matches", "412")
            if found:
                return 200, f"{kind}/{found[0]['id']}", _tag(found[0]), None
        self.numbers += 1
        made = resource | {"id": str(self.numbers), "meta": resource.get("meta", {}) | {"versionId": "1"}}
        self.shelves.setdefault(kind, {})[str(self.numbers)] = made
        return 201, f"{kind}/{self.numbers}", _tag(made), None

    def _put(
        self, kind: str, id_: str, resource: dict[str, Any], match: str
    ) -> tuple[int, str, str, dict[str, Any] | None]:
        held = self.shelves.get(kind, {}).get(id_)
        if held is None:
            return 404, "", "", _outcome("not-found", "404")
        if resource.get("id") != id_:  # R4 3.1.0.4; HAPI-0419
            return 400, "", "", _outcome("invalid", "400")
        if match and match != _tag(held):
            return self.rules.stale, "", "", _outcome("conflict", "stale")
        version = str(int(held["meta"]["versionId"]) + 1)
        made = resource | {"id": id_, "meta": resource.get("meta", {}) | {"versionId": version}}
        self.shelves[kind][id_] = made
        return 200, f"{kind}/{id_}", _tag(made), None


def _tag(resource: dict[str, Any]) -> str:
    return f'W/"{resource["meta"]["versionId"]}"'


def _outcome(code: str, told: str) -> dict[str, Any]:
    details = {"coding": [{"system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369", "code": told}]}
    issue = {"severity": "error", "code": code, "details": details, "diagnostics": "SECRET PATIENT NAME"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


async def _say(send: Send, status: int, body: bytes, headers: Sequence[tuple[str, str]]) -> None:
    told = {"content-type": "application/fhir+json", "content-length": str(len(body))}
    told |= dict(headers)
    lines = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


async def _torn(send: Send) -> None:
    promised = [(b"content-length", b"99999")]
    await send({"type": "http.response.start", "status": 200, "headers": promised})
    raise ConnectionAbortedError("as the script says")


_Kind = TypeVar("_Kind", bound=Ehr)


@contextmanager
def standing(rules: Rules) -> Iterator[Ehr]:
    """A server with these rules, until the block ends."""
    with running(Ehr(rules)) as ehr:
        yield ehr


@contextmanager
def running(ehr: _Kind) -> Iterator[_Kind]:
    """A server with one patient, listening on loopback until the block ends."""
    ehr.shelves["Patient"] = {"p1": patient(NAME, BIRTH, IDENTIFIER)}
    listening = socket.create_server(("127.0.0.1", 0))
    ehr.url = f"http://127.0.0.1:{listening.getsockname()[1]}{ehr.base}"
    config = uvicorn.Config(ehr, log_level="critical", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield ehr
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listening.close()
