"""The outbound client calls what is registered, where its name led once, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.net.address import Reach, reach
from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose, endpoint, origin
from bridge.net.message import SENTENCES, Answer, Call, Fault, Identity, NetFault, Request
from tests.net.wire import NOW, answer, certificate, outbound, speaking


def get(net: Outbound, url: str, **more: Any) -> Answer | NetFault:
    return asyncio.run(net.fetch(Request(Purpose.DELIVERY, "GET", url, **more)))


async def asked(net: Outbound, url: str, **more: Any) -> Answer | NetFault:
    return await net.fetch(replace(Request(Purpose.DELIVERY, "GET", url), **more))


def fault(result: Answer | NetFault) -> Fault:
    assert isinstance(result, NetFault), result
    return result.fault


def test_a_registered_endpoint_answers_and_the_call_is_in_the_register() -> None:
    calls: list[Call] = []

    async def run() -> None:
        async with speaking(answer("201 Created", b'{"a":1}', "ETag: W/1")) as wire:
            net = outbound(wire.url(), calls=calls)
            result = await asked(net, wire.url("/fhir"), method="POST", body=b"12345", patient=7)
            assert isinstance(result, Answer)
            assert (result.status, result.body, result.header("etag")) == (201, b'{"a":1}', "W/1")
            assert b"POST /fhir HTTP/1.1" in wire.heard[0] and wire.heard[0].endswith(b"12345")
            assert f"host: 127.0.0.1:{wire.port}".encode() in wire.heard[0].lower()

    asyncio.run(run())
    assert calls == [Call(Purpose.DELIVERY, "127.0.0.1", "201", 5, 7, NOW, 7)]


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/fhir",
        "https://ehr.example:444/fhir",
        "http://ehr.example/fhir",
        "https://ehr.example.evil.example/fhir",
        "https://ehr.example./fhir",
    ],
)
def test_an_origin_that_nobody_registered_is_never_called(url: str) -> None:
    calls: list[Call] = []
    net = outbound("https://ehr.example/fhir", calls=calls)
    assert fault(get(net, url)) is Fault.NOT_REGISTERED
    assert [(call.outcome, call.sent) for call in calls] == [("not-registered", 0)]


def test_an_endpoint_registered_for_keys_is_not_called_for_a_delivery() -> None:
    net = outbound("https://ehr.example/jwks", purpose=Purpose.KEYS)
    assert fault(get(net, "https://ehr.example/jwks")) is Fault.NOT_REGISTERED


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ehr.example/",
        "/fhir",
        "https:///fhir",
        "https://user:secret@ehr.example/",
        "https://ehr.example/#x",
        "https://ehr.example/\r\nHost: evil",
        "https://ehr.example\\@evil.example/",
        "https://[::1",
        "file:///etc/passwd",
        "",
    ],
)
def test_what_is_no_plain_address_is_refused_before_anything_is_looked_up(url: str) -> None:
    assert origin(url) is None
    assert fault(get(outbound("https://ehr.example"), url)) is Fault.MALFORMED


def test_names_are_compared_as_the_connection_reads_them() -> None:
    assert origin("HTTPS://EHR.Example/x") == origin("https://ehr.example:443/y")
    assert origin("https://bücher.example") == origin("https://xn--bcher-kva.example")


ADDRESSES = {
    "93.184.216.34": Reach.PUBLIC,
    "2606:2800:220:1::1": Reach.PUBLIC,
    "10.1.2.3": Reach.PRIVATE,
    "172.16.0.1": Reach.PRIVATE,
    "192.168.1.1": Reach.PRIVATE,
    "100.64.0.1": Reach.PRIVATE,
    "fd00:ec2::254": Reach.PRIVATE,
    "127.0.0.1": Reach.LOOPBACK,
    "127.9.9.9": Reach.LOOPBACK,
    "::1": Reach.LOOPBACK,
    "::ffff:127.0.0.1": Reach.LOOPBACK,
    "64:ff9b::7f00:1": Reach.LOOPBACK,
    "::ffff:10.0.0.1": Reach.PRIVATE,
    "2002:0a00:0001::": Reach.PRIVATE,
    "169.254.169.254": Reach.NEVER,
    "::ffff:169.254.169.254": Reach.NEVER,
    "fe80::1%eth0": Reach.NEVER,
    "0.0.0.0": Reach.NEVER,
    "::": Reach.NEVER,
    "224.0.0.1": Reach.NEVER,
    "255.255.255.255": Reach.NEVER,
    "nonsense": Reach.NEVER,
}


@pytest.mark.parametrize(("address", "expected"), ADDRESSES.items())
def test_each_address_leads_where_the_table_says(address: str, expected: Reach) -> None:
    assert reach(address) is expected


@pytest.mark.parametrize(
    ("address", "internal", "loopback", "expected"),
    [
        ("10.0.0.1", False, False, Fault.FORBIDDEN_ADDRESS),
        ("169.254.169.254", True, True, Fault.FORBIDDEN_ADDRESS),
        ("127.0.0.1", True, False, Fault.FORBIDDEN_ADDRESS),
        ("::ffff:10.0.0.1", False, True, Fault.FORBIDDEN_ADDRESS),
    ],
)
def test_l33_a_registered_name_that_leads_inside_is_not_called(
    address: str, internal: bool, loopback: bool, expected: Fault
) -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", address]

    net = outbound("https://ehr.example", resolver=resolver, internal=internal, allow_loopback=loopback)
    assert fault(get(net, "https://ehr.example/fhir")) is expected


def test_l33_a_name_is_looked_up_once_and_the_connection_goes_where_it_led() -> None:
    looked: list[str] = []

    async def run() -> None:
        async with speaking(answer()) as wire:

            async def resolver(host: str, _port: int) -> Sequence[str]:
                looked.append(host)
                return ["127.0.0.1"] if len(looked) == 1 else ["169.254.169.254"]

            url = wire.url("/", host="rebinding.invalid")
            result = await asked(outbound(url, resolver=resolver), url)
            assert isinstance(result, Answer)
            assert f"host: rebinding.invalid:{wire.port}".encode() in wire.heard[0].lower()

    asyncio.run(run())
    assert looked == ["rebinding.invalid"]


def test_plain_http_is_spoken_to_this_machine_alone() -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34"]

    net = outbound("http://ehr.example", resolver=resolver)
    assert fault(get(net, "http://ehr.example/")) is Fault.NOT_HTTPS


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def run() -> None:
        async with speaking(answer("302 Found", b"", "Location: /elsewhere"), answer()) as wire:
            result = await asked(outbound(wire.url()), wire.url())
            assert isinstance(result, Answer) and result.status == 302
            assert len(wire.heard) == 1

    asyncio.run(run())


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "hold", "expected", "unknown"),
    [
        (answer(body=b"x" * 2000), 0.0, Fault.TOO_LARGE, True),
        (CHUNKED + b"800\r\n" + b"x" * 2048, 0.0, Fault.TOO_LARGE, True),
        (answer("200 OK", b"{}", "Content-Encoding: gzip"), 0.0, Fault.NOT_UNDERSTOOD, True),
        (answer(), 5.0, Fault.TIMED_OUT, True),
        (b"", 0.0, Fault.CUT_OFF, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", 0.0, Fault.CUT_OFF, True),
        (b"SSH-2.0-OpenSSH\r\n\r\n", 0.0, Fault.CUT_OFF, True),
    ],
)
def test_each_way_an_answer_goes_wrong_is_a_named_fault(
    said: bytes, hold: float, expected: Fault, unknown: bool
) -> None:
    async def run() -> None:
        async with speaking(said, hold=hold) as wire:
            result = await asked(outbound(wire.url()), wire.url(), limit=1000, seconds=0.5)
            assert fault(result) is expected
            assert isinstance(result, NetFault) and result.is_unknown is unknown

    asyncio.run(run())


def test_an_answer_that_drips_for_ever_ends_at_the_deadline() -> None:
    async def run() -> None:
        begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        async with speaking(begun, drip=b"x") as wire:
            result = await asyncio.wait_for(asked(outbound(wire.url()), wire.url(), seconds=0.4), 3)
            assert fault(result) is Fault.TIMED_OUT

    asyncio.run(run())


def test_a_closed_port_is_unreachable_and_nothing_was_sent() -> None:
    calls: list[Call] = []

    async def run() -> None:
        async with speaking() as wire:
            url = wire.url()
        result = await asked(outbound(url, calls=calls), url, method="POST", body=b"abc")
        assert fault(result) is Fault.UNREACHABLE
        assert isinstance(result, NetFault) and not result.is_unknown

    asyncio.run(run())
    assert [(call.outcome, call.sent) for call in calls] == [("unreachable", 0)]


def test_the_next_address_is_tried_only_where_nothing_was_sent() -> None:
    async def run() -> None:
        async with speaking(answer()) as wire:

            async def resolver(_host: str, _port: int) -> Sequence[str]:
                return ["127.0.0.2", "127.0.0.1"]

            url = wire.url("/", host="two.invalid")
            result = await asked(outbound(url, resolver=resolver), url)
            assert isinstance(result, Answer)

    asyncio.run(run())


def test_a_name_without_address_says_so() -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    net = outbound("https://nowhere.invalid", resolver=resolver)
    result = get(net, "https://nowhere.invalid/")
    assert fault(result) is Fault.UNRESOLVED
    assert isinstance(result, NetFault) and "nowhere.invalid" in result.sentence


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with speaking(answer()) as wire, speaking(answer("200 OK", b"proxy")) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url())
            monkeypatch.setenv("ALL_PROXY", proxy.url())
            await asked(outbound(wire.url()), wire.url())
            assert wire.heard and not proxy.heard

    asyncio.run(run())


def test_every_fault_has_a_sentence_that_names_the_host() -> None:
    assert set(SENTENCES) == set(Fault)
    assert all("ehr.example" in NetFault(each, "ehr.example").sentence for each in Fault)


def test_secrets_do_not_print() -> None:
    shown = repr(Request(Purpose.DELIVERY, "GET", "https://a", headers=(("authorization", "Bearer s3cret"),)))
    assert "s3cret" not in shown


@pytest.mark.parametrize(("asked_name", "trusted"), [("ehr.test", True), ("other.test", False)])
def test_the_certificate_is_checked_against_the_name_though_the_address_is_pinned(
    tmp_path: Path, asked_name: str, trusted: bool
) -> None:
    server, client = certificate(tmp_path, "ehr.test")

    async def run() -> None:
        async with speaking(answer(), tls=server) as wire:

            async def resolver(_host: str, _port: int) -> Sequence[str]:
                return ["127.0.0.1"]

            url = wire.url("/", "https", asked_name)
            result = await asked(outbound(url, resolver=resolver, trust=client), url)
            if trusted:
                assert isinstance(result, Answer) and result.status == 200
            else:
                assert fault(result) is Fault.NOT_TRUSTED and not wire.heard

    asyncio.run(run())


def test_an_unknown_issuer_is_not_trusted(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "ehr.test")

    async def run() -> None:
        async with speaking(answer(), tls=server) as wire:

            async def resolver(_host: str, _port: int) -> Sequence[str]:
                return ["127.0.0.1"]

            url = wire.url("/", "https", "ehr.test")
            assert fault(await asked(outbound(url, resolver=resolver), url)) is Fault.NOT_TRUSTED

    asyncio.run(run())


def test_an_unusable_address_cannot_be_registered() -> None:
    assert endpoint(Purpose.DELIVERY, "ftp://x") is None


def test_our_certificate_is_shown_where_a_request_says_so_and_its_files_are_read_anew(tmp_path: Path) -> None:
    """mTLS: the server wants a certificate that it knows; ours is its own here."""
    server, _ = certificate(tmp_path, "ehr.test")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(tmp_path / "both.pem")
    both = str(tmp_path / "both.pem")

    async def run() -> None:
        async with speaking(answer(), tls=server) as wire:

            async def resolver(_host: str, _port: int) -> Sequence[str]:
                return ["127.0.0.1"]

            url = wire.url("/", "https", "ehr.test")
            net = outbound(url, resolver=resolver)
            nobody = await asked(net, url, identity=Identity(authority=both))
            assert isinstance(nobody, NetFault) and not wire.heard
            shown = await asked(net, url, identity=Identity(both, both, both))
            assert isinstance(shown, Answer) and shown.status == 200
            gone = Identity(str(tmp_path / "none.pem"), both, both)
            assert fault(await asked(net, url, identity=gone)) is Fault.NO_IDENTITY

    asyncio.run(run())
