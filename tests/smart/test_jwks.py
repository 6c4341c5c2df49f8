"""Key sets: what is a usable key, and how long a fetched set lives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridge.net.keys import JwksAnswer
from bridge.net.message import Fault, NetFault
from bridge.smart.jwks import MISS_PAUSE, MOST_BYTES, JwksError, KeySource, read
from tests.smart.clock import Clock
from tests.smart.requirements import requirement
from tests.smart.signing import ec_pair, jwks, rsa_pair

URL = "https://ehr.example/jwks"


def test_both_kinds_of_key_are_read() -> None:
    found = read(jwks(rsa_pair().jwk(use="sig", alg="RS384"), ec_pair().jwk(key_ops=["verify"])))
    assert [(key.kid, key.kty, key.alg) for key in found.keys] == [("r1", "RSA", "RS384"), ("e1", "EC", None)]
    assert not found.unusable


@pytest.mark.parametrize(
    "member",
    [
        ec_pair().jwk(use="enc"),
        ec_pair().jwk(key_ops=["sign"]),
        ec_pair().jwk(key_ops="verify"),
        ec_pair().jwk(alg="ES256"),
        ec_pair().jwk(kid=""),
        ec_pair().jwk(kid=7),
        ec_pair().jwk(x="!"),
        ec_pair().jwk(y=ec_pair().jwk()["x"]),
        ec_pair("small", "P-256").jwk(),
        rsa_pair("short", 1024).jwk(),
        {"kty": "OKP", "kid": "o", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "RSA", "kid": "half", "n": "AQAB"},
        {"kid": "nothing"},
        {},
    ],
    ids=lambda member: " ".join(sorted(member)) or "empty",
)
def test_a_key_that_cannot_be_used_is_left_out_with_its_reason(member: dict[str, Any]) -> None:
    found = read(jwks(member, ec_pair("good").jwk()))
    assert [key.kid for key in found.keys] == ["good"]
    assert found.unusable[0].startswith("key 1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"keys": {}}',
        '{"keys": [1]}',
        "[" * 9000,
        b"\xff\xfe",
        " " * (MOST_BYTES + 1),
    ],
    ids=lambda t: repr(t[:12]),
)
def test_what_is_no_set_is_refused(text: str | bytes) -> None:
    with pytest.raises(JwksError):
        read(text)


@pytest.mark.parametrize("member", [ec_pair().jwk(d="AAAA"), {"kty": "oct", "kid": "s", "k": "AAAA"}])
def test_a_set_that_shows_a_secret_is_refused_whole(member: dict[str, Any]) -> None:
    with pytest.raises(JwksError, match="private"):
        read(jwks(rsa_pair().jwk(), member))


class Host:
    """A client's key server, as the fetcher shows it."""

    def __init__(self, *kids: str, max_age: int = 0) -> None:
        self.kids, self.max_age, self.calls, self.broken = kids, max_age, 0, False

    async def jwks(self, url: str) -> JwksAnswer | NetFault:
        self.calls += 1
        await asyncio.sleep(0)
        if self.broken:
            return NetFault(Fault.TIMED_OUT, "ehr.example")
        return JwksAnswer(jwks(*(ec_pair(kid).jwk() for kid in self.kids)).encode(), self.max_age)


def kids(source: KeySource, kid: str, url: str | None = URL) -> list[str]:
    return [key.kid for key in asyncio.run(source.keys(None, url, kid)).keys]


@requirement(341, 342)
def test_a_set_lives_as_long_as_its_host_says_and_no_longer() -> None:
    clock, host = Clock(), Host("a", max_age=60)
    source = KeySource(host, clock)
    assert kids(source, "a") == ["a"]
    clock.pass_seconds(59)
    assert kids(source, "a") == ["a"]
    assert host.calls == 1
    host.kids = ("b",)
    clock.pass_seconds(1)
    assert kids(source, "a") == ["b"]
    assert host.calls == 2


def test_a_set_that_may_not_be_kept_is_fetched_each_time() -> None:
    clock, host = Clock(), Host("a", max_age=0)
    source = KeySource(host, clock)
    for call in range(1, 4):
        clock.pass_seconds(1)
        assert kids(source, "a") == ["a"]
        assert host.calls == call


def test_a_new_key_is_found_before_the_old_set_runs_out() -> None:
    clock, host = Clock(), Host("a", max_age=3600)
    source = KeySource(host, clock)
    assert kids(source, "a") == ["a"]
    host.kids = ("a", "b")
    clock.pass_seconds(1)
    assert kids(source, "b") == ["a", "b"]


def test_unknown_kids_do_not_make_us_hammer_the_host() -> None:
    clock, host = Clock(), Host("a", max_age=3600)
    source = KeySource(host, clock)
    for guess in range(20):
        kids(source, f"guess-{guess}")
    assert host.calls == 1
    assert kids(source, "a") == ["a"]
    clock.now += MISS_PAUSE
    kids(source, "guess")
    assert host.calls == 2


def test_a_host_that_fails_rests_and_its_old_set_is_not_used_past_its_time() -> None:
    clock, host = Clock(), Host("a", max_age=60)
    source = KeySource(host, clock)
    assert kids(source, "a") == ["a"]
    clock.pass_seconds(61)
    host.broken = True
    assert kids(source, "a") == []
    assert kids(source, "a") == []
    assert host.calls == 2
    host.broken = False
    clock.now += MISS_PAUSE
    assert kids(source, "a") == ["a"]


def test_requests_at_the_same_time_share_one_fetch() -> None:
    host = Host("a", max_age=60)
    source = KeySource(host, Clock())

    async def many() -> None:
        await asyncio.gather(*(source.keys(None, URL, "a") for _ in range(10)))

    asyncio.run(many())
    assert host.calls == 1


def test_without_a_fetcher_or_an_address_there_are_no_keys() -> None:
    assert kids(KeySource(None, Clock()), "a") == []
    assert kids(KeySource(Host("a"), Clock()), "a", url=None) == []
