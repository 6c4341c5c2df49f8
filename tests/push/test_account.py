"""What a receiver's answer means for each entry, and what a look at the receiver means, are tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bridge.fhir.consignment import Ask
from bridge.fhir.filing import Sent
from bridge.push import reconcile
from bridge.push.account import settled
from bridge.push.answers import Entry, Found, Reply
from bridge.push.receiver import Bearer, Receiver
from bridge.push.reconcile import CHANGED, GONE, TWICE, spelled
from bridge.push.retry import Step
from bridge.push.sinks import sent
from bridge.store.outbox import SEVERAL, Held, Item, Result
from tests.net.wire import NOW, outbound
from tests.push.twin import Cut, Say, Swollen, Torn, Twin, hospital

ID = bytes(range(16))
ITEM = Item(ID, "Observation", "2-abc")
NEVER = None
TRIED = Held(1, ID, "Observation", "", "2-abc", "open", "", "", 1, 1, "")
TRIED_OLDER = replace(TRIED, tried="1-abc")
TRIED_SEVERAL = replace(TRIED, tried=SEVERAL)
HELD = replace(TRIED, version="1-abc", tried="", reference="Observation/7", etag='W/"1"')
IN_DOUBT = replace(HELD, tried="2-abc")

ANSWERS = [
    # known before, status, retracts: version, state, step, sent, updated, retracted, refused
    (NEVER, 201, False, "2-abc", "open", Step.DONE, 1, 0, 0, 0),
    (NEVER, 200, False, SEVERAL, "open", Step.DONE, 1, 0, 0, 0),
    (TRIED, 200, False, "2-abc", "open", Step.DONE, 1, 0, 0, 0),
    (TRIED, 201, False, "2-abc", "open", Step.DONE, 1, 0, 0, 0),
    (TRIED_OLDER, 200, False, SEVERAL, "open", Step.DONE, 1, 0, 0, 0),
    (TRIED_SEVERAL, 200, False, SEVERAL, "open", Step.DONE, 1, 0, 0, 0),
    (HELD, 200, False, "2-abc", "open", Step.DONE, 0, 1, 0, 0),
    (HELD, 200, True, "2-abc", "retracted", Step.DONE, 0, 0, 1, 0),
    (HELD, 404, True, "2-abc", "retracted", Step.DONE, 0, 0, 0, 0),
    (NEVER, 422, False, "", "refused", Step.DONE, 0, 0, 0, 1),
    (HELD, 400, False, "1-abc", "refused", Step.DONE, 0, 0, 0, 1),
    (NEVER, 429, False, None, None, Step.AGAIN, 0, 0, 0, 0),
    (NEVER, 412, False, None, None, Step.RECONCILE, 0, 0, 0, 0),
    (HELD, 409, False, None, None, Step.RECONCILE, 0, 0, 0, 0),
    (NEVER, 500, False, None, None, Step.UNKNOWN, 0, 0, 0, 0),
    (NEVER, 0, False, None, None, Step.UNKNOWN, 0, 0, 0, 0),
]


@pytest.mark.parametrize(
    ("known", "status", "retracts", "version", "state", "step", "sent", "updated", "retracted", "refused"),
    ANSWERS,
)
def test_each_entry_is_settled_as_the_table_says(
    known: Held | None,
    status: int,
    retracts: bool,
    version: str | None,
    state: str | None,
    step: Step,
    sent: int,
    updated: int,
    retracted: int,
    refused: int,
) -> None:
    before = {} if known is None else {ID: known}
    account = settled([ITEM], [Entry(status, "Observation/7", 'W/"9"')], before, retracts)
    assert (account.step, account.sent, account.updated) == (step, sent, updated)
    assert (account.retracted, account.refused) == (retracted, refused)
    assert account.is_doubtful is (version == SEVERAL)
    if state is None:
        assert account.results == ()
    else:
        assert (account.results[0].version, account.results[0].state) == (version, state)


def test_one_entry_that_must_wait_holds_back_the_whole_and_forgets_nothing() -> None:
    other = Item(bytes(16), "Observation", "1-abc")
    entries = [Entry(201, "Observation/7", 'W/"1"'), Entry(503, "", "")]
    account = settled([ITEM, other], entries, {}, False)
    assert account.step is Step.AGAIN
    assert [result.id for result in account.results] == [ID]


def test_devices_are_settled_but_are_no_readings() -> None:
    device = Item(ID, "Device", "1")
    account = settled([device], [Entry(201, "Device/3", 'W/"1"')], {}, False)
    assert account.taken == 0 and account.results[0].reference == "Device/3"


THERE = ("Observation/7", 'W/"1"')
NEWER = ("Observation/7", 'W/"2"')
LOOKS: list[tuple[Held | None, tuple[tuple[str, str], ...], bool, Result | None]] = [
    # known before, what the receiver has, retracts: what is noted
    (NEVER, (), False, None),
    (NEVER, (THERE,), False, None),
    (NEVER, (THERE, NEWER), False, Result(ID, "", "refused", problem=TWICE)),
    (HELD, (THERE,), False, None),
    (HELD, (NEWER,), False, Result(ID, "1-abc", "refused", *NEWER, CHANGED)),
    (IN_DOUBT, (NEWER,), False, Result(ID, "1-abc", "open", *NEWER, settled=False)),
    (HELD, (NEWER,), True, Result(ID, "1-abc", "open", *NEWER, settled=False)),
    (TRIED, (THERE,), True, Result(ID, "", "open", *THERE, settled=False)),
    (HELD, (), False, Result(ID, "", "refused", problem=GONE)),
    (HELD, (), True, Result(ID, "", "retracted", problem=GONE)),
    (TRIED, (), True, Result(ID, "", "retracted", problem=GONE)),
]


@pytest.mark.parametrize(("known", "there", "retracts", "expected"), LOOKS)
def test_each_look_at_the_receiver_notes_what_the_table_says(
    known: Held | None, there: tuple[tuple[str, str], ...], retracts: bool, expected: Result | None
) -> None:
    class Shelf:
        async def find(self, *_: object) -> Found:
            return Found({spelled(ID): there})

    before: Mapping[bytes, Held] = {} if known is None else {ID: known}
    sink: Any = Shelf()
    noted = asyncio.run(reconcile.look(sink, "urn:uuid:x", [ITEM], before, retracts, NOW))
    assert noted == (() if expected is None else (expected,))


# ------------------------------------------------------------------------------------ over the wire

SYSTEM = "urn:uuid:00000000-0000-4000-8000-000000000000"


def bundle(*values: str) -> bytes:
    entries = [_entry(value) for value in values]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def _entry(value: str) -> dict[str, Any]:
    resource = {
        "resourceType": "Observation",
        "identifier": [{"system": SYSTEM, "value": value}],
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/p1"},
    }
    request = {"method": "POST", "url": "Observation", "ifNoneExist": f"identifier={SYSTEM}|{value}"}
    return {"fullUrl": f"urn:uuid:{value}", "resource": resource, "request": request}


def posted(twin: Twin, *values: str) -> Reply:
    sink = Receiver(outbound(twin.url), twin.url, Bearer(), 1)
    return asyncio.run(sent(sink, [letter(*values)], NOW))


def letter(*values: str, body: bytes = b"") -> Any:
    """A request of one Bundle, and its body."""
    entries = tuple(Sent("Observation", value, "1-a", "POST") for value in values)
    return Ask("POST", "", entries), body or bundle(*values)


def test_the_same_bundle_twice_is_there_once() -> None:
    with hospital() as twin:
        first, second = posted(twin, "a", "b"), posted(twin, "a", "b")
        assert [entry.status for entry in first.entries] == [201, 201]
        assert [entry.status for entry in second.entries] == [200, 200]
        assert [entry.reference for entry in first.entries] == [entry.reference for entry in second.entries]
        assert all(entry.etag == 'W/"1"' for entry in first.entries)
        assert twin.identifiers() == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        (Torn(), Step.UNKNOWN),
        (Torn(committed=False), Step.UNKNOWN),
        (Cut(1), Step.UNKNOWN),
        (Swollen(9 << 20), Step.UNKNOWN),
        (Say(200, body=b"<html>welcome</html>"), Step.UNKNOWN),
        (Say(400), Step.STOP),
        (Say(302, (("location", "/x"),)), Step.STOP),
        (Say(429, (("retry-after", "9"),)), Step.AGAIN),
    ],
)
def test_an_answer_that_does_not_tell_leaves_the_outcome_unknown(fault: Any, step: Step) -> None:
    with hospital() as twin:
        twin.script.append(fault)
        reply = posted(twin, "a", "b")
        assert reply.step is step and reply.problem and reply.entries == ()


def test_many_identifiers_are_looked_up_in_few_calls() -> None:
    with hospital() as twin:
        values = [f"v{number}" for number in range(120)]
        posted(twin, *values[:60])
        sink = Receiver(outbound(twin.url), twin.url, Bearer(), 1)
        found = asyncio.run(sink.find("Observation", SYSTEM, values, NOW))
        assert isinstance(found, Found)
        assert sum(len(there) for there in found.by_value.values()) == 60
        assert found.by_value["v0"] == (("Observation/1", 'W/"1"'),) and found.by_value["v99"] == ()


def test_a_secret_goes_as_a_bearer_token_and_is_not_printed() -> None:
    with hospital() as twin:
        sink = Receiver(outbound(twin.url), twin.url, Bearer("Bearer s3cret"), 1)
        asyncio.run(sent(sink, [letter("a")], NOW))
        assert twin.tokens == ["Bearer s3cret"] and "s3cret" not in repr(sink)


def test_a_wrong_resource_is_refused_by_the_receiver_and_nothing_changes() -> None:
    with hospital() as twin:
        sink = Receiver(outbound(twin.url), twin.url, Bearer(), 1)
        wrong = bundle("a", "b").replace(b'"status": "final"', b'"status": "final", "nonsense": 1', 1)
        assert asyncio.run(sent(sink, [letter("a", "b", body=wrong)], NOW)).step is Step.STOP
        assert twin.identifiers() == []
