"""The FHIR address as a client meets it: what is answered, and that every mistake is an OperationOutcome."""

from __future__ import annotations

import json
import logging
import sqlite3
from typing import Any

import pytest
from starlette.types import Message

from bridge.fhir.outcome import STATUSES
from bridge.store.ledger import listed as entries
from tests.web.world import FHIR, World, instants, linked, outcome, resources


def ada(world: World, rest: str = "", kind: str = "Observation") -> str:
    return f"{kind}?patient={world.patient_id(world.ada)}" + (f"&{rest}" if rest else "")


def shown(world: World, at: int = 3) -> str:
    return f"Observation/{world.observation_id(world.shown()[at])}"


# ------------------------------------------------------------------------------------------ successes


@pytest.mark.parametrize("kind", ["Observation", "Device", "Patient", "Provenance"])
def test_what_a_search_finds_can_be_read(granted: World, kind: str) -> None:
    person = granted.patient_id(granted.ada)
    path = f"Patient?_id={person}" if kind == "Patient" else ada(granted, "_count=3", kind)
    bundle = granted.get(path)
    assert bundle.headers["content-type"] == "application/fhir+json; charset=utf-8"
    found = resources(bundle.json())
    assert found
    for each, entry in zip(found, bundle.json()["entry"], strict=False):
        assert entry["fullUrl"] == f"{FHIR}/{kind}/{each['id']}"
        answer = granted.get(f"{kind}/{each['id']}")
        assert answer.json() == each
        assert answer.headers["etag"] == f'W/"{each["meta"]["versionId"]}"'
        assert answer.headers["last-modified"].endswith("GMT")


def test_the_self_link_says_what_was_used(granted: World) -> None:
    path = ada(granted, "code=http://loinc.org|99504-3&_count=2&unknown=x&_format=json")
    link = linked(granted.get(path).json(), "self") or ""
    assert link.startswith(f"{FHIR}/Observation?patient=")
    assert "99504-3" in link and "unknown" not in link and "_format" not in link
    assert instants(resources(granted.get(link).json())) == instants(resources(granted.get(path).json()))


def test_sorting_backwards_pages_backwards(granted: World) -> None:
    rest = "code=http://loinc.org|99504-3&_count=1000"
    forward = granted.search(ada(granted, rest))
    backward = granted.search(ada(granted, rest + "&_sort=-date"))
    assert instants(backward) == instants(forward)[::-1]


def test_elements_are_cut_and_tagged(granted: World) -> None:
    (one,) = resources(granted.get(ada(granted, "_count=1&_elements=status")).json())
    assert "valueQuantity" not in one and one["status"] == "final"
    assert "SUBSETTED" in json.dumps(one["meta"]["tag"])


def test_gzip_is_the_same_document(granted: World) -> None:
    path = ada(granted, "_count=1000")
    plain = granted.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    zipped = granted.get(path, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < len(plain.content) / 20
    assert zipped.json()["entry"] == plain.json()["entry"]
    small = granted.get(shown(granted), headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in small.headers


def test_a_search_that_did_not_change_is_304(granted: World) -> None:
    path = ada(granted, "_count=5")
    seen = granted.get(path)
    held = granted.get(path, headers={"If-None-Match": seen.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")
    assert "content-length" not in held.headers and held.headers["vary"] == seen.headers["vary"]
    other = granted.get(ada(granted, "_count=6"), headers={"If-None-Match": seen.headers["etag"]})
    assert other.status_code == 200


def test_head_of_everything_is_get_without_the_body(granted: World) -> None:
    for path in (
        shown(granted),
        ada(granted, "_sort=-date&_summary=count"),
        "metadata",
        "Observation",
        "nowhere",
    ):
        head, get = granted.ask("HEAD", f"/fhir/{path}"), granted.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers == get.headers


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Accept": "application/json"}, ""),
        ({"Accept": "application/fhir+json;fhirVersion=4.0"}, ""),
        ({"Accept": "application/fhir+xml"}, "_format=json"),
        ({"Accept": "text/html"}, "_format=application/fhir%2Bjson"),
        ({"Accept": "application/fhir+xml;q=0.3, application/fhir+json"}, ""),
    ],
)
def test_json_is_given_where_it_is_accepted(granted: World, headers: dict[str, str], query: str) -> None:
    answer = granted.get(f"{shown(granted)}?{query}", headers=headers)
    assert answer.status_code == 200 and answer.json()["resourceType"] == "Observation"


# --------------------------------------------------------------------------------------------- mistakes


MISTAKES: list[tuple[int, str, str, dict[str, Any]]] = [
    (404, "GET", "/fhir/Nothing", {}),
    (404, "GET", "/fhir/Observation/x/y/z", {}),
    (404, "GET", "/fhir/Observation/", {}),
    (404, "GET", "/fhir/Device/x/_history", {}),
    (404, "POST", "/fhir/Observation/x/$validate", {}),
    (405, "POST", "/fhir/Observation", {"json": {}}),
    (405, "PUT", "/fhir/Observation/x", {"json": {}}),
    (405, "DELETE", "/fhir/Patient/x", {}),
    (405, "GET", "/fhir", {}),
    (405, "POST", "/fhir/metadata", {}),
    (405, "GET", "/fhir/Observation/_search", {}),
    (406, "GET", "/fhir/Observation/x", {"headers": {"Accept": "application/fhir+turtle"}}),
    (406, "GET", "/fhir/Observation/x?_format=ttl", {}),
    (406, "GET", "/fhir/metadata", {"headers": {"Accept": "text/turtle"}}),
    (406, "POST", "/fhir/Observation/_search", {"data": {"_format": "html"}}),
    (415, "POST", "/fhir/Observation/_search", {"json": {}}),
    (415, "POST", "/fhir/Observation/_search", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    (415, "POST", "/fhir", {"data": {"resourceType": "Bundle"}}),
    (415, "POST", "/fhir", {"content": b"{}", "headers": {"Content-Type": "application/fhir+turtle"}}),
    (400, "POST", "/fhir", {"content": b"{}", "headers": {"Content-Type": "application/fhir+xml"}}),
    (413, "POST", "/fhir/Observation/_search", {"data": {"x": "y" * 70_000}}),
    (413, "POST", "/fhir", {"json": {"resourceType": "Bundle", "type": "batch", "x": "y" * 1_100_000}}),
    (413, "POST", "/fhir", {"json": {"resourceType": "Bundle", "type": "batch", "entry": [{}] * 101}}),
    (400, "POST", "/fhir", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    (400, "POST", "/fhir", {"content": b"\xff", "headers": {"Content-Type": "application/json"}}),
    (400, "POST", "/fhir", {"content": b"[" * 90_000, "headers": {"Content-Type": "application/json"}}),
    (400, "POST", "/fhir", {"json": []}),
    (400, "POST", "/fhir", {"json": {"resourceType": "Patient"}}),
    (400, "POST", "/fhir", {"json": {"resourceType": "Bundle"}}),
    (400, "POST", "/fhir", {"json": {"resourceType": "Bundle", "type": "transaction", "entry": []}}),
    (400, "POST", "/fhir", {"json": {"resourceType": "Bundle", "type": "batch", "entry": [1]}}),
    (400, "POST", "/fhir", {"json": {"resourceType": "Bundle", "type": "batch", "entry": {}}}),
    (400, "GET", "/fhir/Observation?patient=%FF", {}),
    (400, "GET", "/fhir/Observation?" + "&".join(["a=b"] * 300), {}),
    (400, "GET", "/fhir/Observation", {}),
    (415, "POST", "/fhir", {"json": {}, "headers": {"Content-Encoding": "gzip"}}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "method", "path", "more"), MISTAKES)
def test_every_mistake_is_an_operation_outcome(
    granted: World, status: int, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = granted.ask(method, path, **more)
    assert answer.status_code == status, answer.text
    told = outcome(answer)["issue"][0]
    assert told["code"] in (STATUSES[status], "structure", "value", "required", "not-supported")
    assert answer.headers["cache-control"] == "private, no-store"
    if status == 405:
        assert "OPTIONS" in answer.headers["allow"]


def test_our_own_fault_is_a_500_without_a_word_about_its_cause(
    granted: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("SECRET-CAUSE")

    monkeypatch.setattr(type(granted.renderer), "read", broken)
    answer = granted.get(shown(granted))
    assert answer.status_code == 500
    told = outcome(answer)
    assert (told["issue"][0]["severity"], told["issue"][0]["code"]) == ("fatal", "exception")
    assert "SECRET-CAUSE" not in answer.text and "Zero" not in answer.text
    assert "SECRET-CAUSE" in caplog.text


def test_without_the_ledger_nothing_leaves(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    world.grant()
    token = world.token()
    paths = [shown(world), ada(world, "_count=5"), ada(world, "_summary=count"), ada(world, kind="Device")]
    assert all(world.get(path, token=token).status_code == 200 for path in paths)
    with sqlite3.connect(world.db.home / "ledger.db", timeout=0) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
    for path in paths:
        answer = world.get(path, token=token)
        assert answer.status_code == 503, path
        assert outcome(answer)["issue"][0]["code"] == "transient"
        assert answer.headers["retry-after"]
    body = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": paths[0]}}],
    }
    assert world.ask("POST", "/fhir", json=body, token=token).status_code == 503


# ------------------------------------------------------------------------------------------------ batch


def post_batch(world: World, *requests: dict[str, Any] | None, **more: Any) -> list[dict[str, Any]]:
    entries = [{} if each is None else {"request": each} for each in requests]
    answer = world.ask(
        "POST", "/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries}, **more
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["type"] == "batch-response"
    return list(answer.json().get("entry", []))


def status(entry: dict[str, Any]) -> int:
    return int(entry["response"]["status"].split()[0])


def test_a_batch_answers_each_entry_in_its_place(granted: World) -> None:
    etag = granted.get(shown(granted)).headers["etag"]
    entries = post_batch(
        granted,
        {"method": "GET", "url": shown(granted)},
        {"method": "GET", "url": f"{FHIR}/{ada(granted, '_count=2')}"},
        {"method": "GET", "url": "/" + ada(granted, kind="Device")},
        {"method": "GET", "url": shown(granted) + "/_history"},
        {"method": "GET", "url": shown(granted), "ifNoneMatch": etag},
        {"method": "POST", "url": "Observation"},
        {"method": "DELETE", "url": shown(granted)},
        {"method": "GET", "url": "Nothing/1"},
        {"method": "GET", "url": "https://evil.example/fhir/Observation/1"},
        {"method": "GET", "url": "Observation/../metadata"},
        {"method": "GET", "url": ada(granted, "_format=xml")},
        {"method": "GET", "url": ada(granted, "date=%FF")},
        None,
    )
    assert [status(each) for each in entries] == [
        200,
        200,
        200,
        200,
        304,
        405,
        405,
        404,
        404,
        404,
        406,
        400,
        400,
    ]
    assert entries[0]["response"]["etag"] == etag
    assert linked(entries[1]["resource"], "next")
    assert all("outcome" in each["response"] for each in entries[5:])
    assert all("resource" not in each for each in entries[4:])


def test_an_empty_batch_has_an_empty_answer(granted: World) -> None:
    assert post_batch(granted) == []


def test_a_large_count_inside_a_batch_is_a_page_with_a_link(granted: World) -> None:
    (entry,) = post_batch(granted, {"method": "GET", "url": ada(granted, "_count=100000")})
    assert len(resources(entry["resource"])) == 1000
    assert linked(entry["resource"], "next")


def test_strict_handling_reaches_into_the_batch(granted: World) -> None:
    asked = {"method": "GET", "url": ada(granted, "unknown=1&_count=1")}
    assert status(post_batch(granted, asked)[0]) == 200
    assert status(post_batch(granted, asked, headers={"Prefer": "handling=strict"})[0]) == 400


# ---------------------------------------------------------------------------------------------- ledger


def test_what_leaves_is_written_down_and_what_did_not_leave_is_settled(world: World) -> None:
    world.grant()
    token = world.token()
    before = len(entries(world.db, world.ada))
    for path in (ada(world, "_count=7"), shown(world), ada(world, "_summary=count"), "Observation/x"):
        world.get(path, token=token)
    world.ask("HEAD", f"/fhir/{shown(world)}", token=token)
    world.get(shown(world), token=token, headers={"If-None-Match": "*"})
    world.gate.flush()
    rows = entries(world.db, world.ada)[before:]
    intents = [row for row in rows if row.kind == "intent"]
    settled = [row.fields for row in rows if row.kind == "outcome"]
    assert [row.fields["items"] for row in intents] == [7, 1, 0, 1, 1]
    assert [fields["entry"] for fields in settled] == [row.entry for row in intents[-2:]]
    assert [(fields["outcome"], fields["sent"]) for fields in settled] == [("sent", 0), ("sent", 0)]
    assert all(row.fields["way"] == "look" for row in intents)
    assert all(token not in repr(row) for row in rows)
    assert all(str(row.fields["token"]) not in token for row in intents)


def test_an_answer_that_could_not_be_sent_is_settled_as_failed(world: World) -> None:
    world.grant()
    token, before = world.token(), len(entries(world.db, world.ada))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise ConnectionResetError("the line is dead")

    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/fhir/{shown(world)}",
        "query_string": b"",
        "headers": headers,
    }
    world.runner.run(world.app(scope, receive, send))
    world.gate.flush()
    rows = [row for row in entries(world.db, world.ada)[before:] if row.kind == "outcome"]
    assert [(row.fields["outcome"], row.fields["sent"]) for row in rows] == [("failed", 0)]
