"""An answer of the usual form and one with an odd field are read alike, entry by entry."""

from __future__ import annotations

import json

import pytest

from bridge.push.responses import Response, responses

TAKEN = {"status": "201 Created", "location": "Observation/1/_history/2", "etag": 'W/"2"'}
READ = Response("201 Created", "Observation/1/_history/2", 'W/"2"', None)


def answer(*entries: object, type: object = "batch-response", kind: object = "Bundle") -> bytes:
    return json.dumps({"resourceType": kind, "type": type, "entry": entries}).encode()


def test_each_entry_of_the_usual_form_is_read() -> None:
    outcome = {"resourceType": "OperationOutcome"}
    refused = {"response": {"status": "422", "outcome": outcome}, "fullUrl": "x"}
    assert responses(answer({"response": TAKEN}, refused, {})) == [
        READ,
        Response("422", "", "", outcome),
        Response(),
    ]


@pytest.mark.parametrize(
    ("odd", "read"),
    [
        ({"response": TAKEN | {"etag": 7}}, Response("201 Created", TAKEN["location"])),
        ({"response": TAKEN | {"location": None}}, Response("201 Created", "", 'W/"2"')),
        ({"response": "201"}, Response()),
        ({"response": TAKEN | {"status": 201}}, Response("", TAKEN["location"], 'W/"2"')),
    ],
)
def test_a_field_of_another_form_is_as_if_it_were_not_there(odd: object, read: Response) -> None:
    assert responses(answer({"response": TAKEN}, odd, {"response": TAKEN})) == [READ, read, READ]


def test_what_is_no_object_is_no_entry() -> None:
    assert responses(answer("x", {"response": TAKEN}, None)) == [READ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        answer({"response": TAKEN}, type="searchset"),
        answer({"response": TAKEN}, type=7),
        answer({"response": TAKEN}, kind="OperationOutcome"),
        json.dumps({"resourceType": "Bundle", "type": "batch-response"}).encode(),
    ],
)
def test_what_is_no_such_bundle_says_nothing(body: bytes) -> None:
    assert list(responses(body)) == []
