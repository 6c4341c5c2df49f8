"""Key sets come from their registered address, whole, as JSON, and are kept no longer than they say."""

from __future__ import annotations

import asyncio

import pytest

from bridge.net.endpoint import Purpose
from bridge.net.keys import LONGEST, JwksAnswer, KeyFetcher, max_age
from bridge.net.message import Answer, Fault, NetFault
from tests.net.wire import answer, outbound, speaking

JSON = "Content-Type: application/json; charset=utf-8"


def fetched(said: bytes, hold: float = 0) -> JwksAnswer | NetFault:
    async def run() -> JwksAnswer | NetFault:
        async with speaking(said, hold=hold) as wire:
            return await KeyFetcher(outbound(wire.url(), purpose=Purpose.KEYS)).jwks(wire.url("/jwks"))

    return asyncio.run(run())


def test_a_key_set_arrives_with_its_age() -> None:
    said = answer("200 OK", b'{"keys":[]}', JSON, "Cache-Control: public, max-age=600", "Age: 100")
    assert fetched(said) == JwksAnswer(b'{"keys":[]}', 500)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer("404 Not Found", b"{}", JSON), Fault.WRONG_STATUS),
        (answer("302 Found", b"", JSON, "Location: http://127.0.0.1/x"), Fault.WRONG_STATUS),
        (answer("200 OK", b"<html>", "Content-Type: text/html"), Fault.WRONG_TYPE),
        (answer("200 OK", b"{}"), Fault.WRONG_TYPE),
        (answer("200 OK", b" " * 262_145, JSON), Fault.TOO_LARGE),
    ],
)
def test_anything_but_a_json_answer_of_bearable_size_is_a_fault(said: bytes, expected: Fault) -> None:
    result = fetched(said)
    assert isinstance(result, NetFault) and result.fault is expected


def test_a_key_set_of_exactly_the_limit_arrives() -> None:
    assert isinstance(fetched(answer("200 OK", b" " * 262_144, JSON)), JwksAnswer)


@pytest.mark.parametrize(
    ("control", "age", "expected"),
    [
        ("", "", 0),
        ("max-age=60", "", 60),
        ('max-age="60"', "", 60),
        ("Max-Age=60", "70", 0),
        ("no-store, max-age=60", "", 0),
        ("no-cache", "", 0),
        ("max-age=999999999", "", LONGEST),
        ("max-age=-1", "", 0),
        ("s-maxage=60", "", 0),
        ("max-age=60", "rubbish", 60),
    ],
)
def test_a_key_set_is_kept_as_long_as_its_answer_allows(control: str, age: str, expected: int) -> None:
    assert max_age(Answer(200, {"cache-control": control, "age": age}, b"")) == expected
