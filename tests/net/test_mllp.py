"""A message goes to the engine that is registered, where its name led once, in TLS, in one frame; nothing else does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.net.client import Outbound
from bridge.net.endpoint import LINES, Purpose, endpoint, origin
from bridge.net.message import Call, Fault, Framed, Identity, NetFault, Request
from tests.conftest import NetworkRefused
from tests.hl7.engine import END, START, Away, Hush, Raw, Slow, standing
from tests.net.wire import NOW, certificate, outbound

BODY = b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|c1|P|2.5.1\r"


def said(net: Outbound, url: str, **more: Any) -> tuple[bytes, ...] | NetFault:
    return asyncio.run(net.exchange(Framed(Purpose.DELIVERY, url, BODY, **{"seconds": 2.0, **more})))


def fault(result: tuple[bytes, ...] | NetFault) -> Fault:
    assert isinstance(result, NetFault), result
    return result.fault


async def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def inside(_host: str, _port: int) -> Sequence[str]:
    return ["10.0.0.9"]


async def beyond(_host: str, _port: int) -> Sequence[str]:
    return ["8.8.8.8"]


def test_a_frame_goes_and_its_answer_comes_and_the_call_is_in_the_register() -> None:
    calls: list[Call] = []
    with standing() as engine:
        url = engine.url()
        (answer,) = answers(said(outbound(url, calls=calls), url, patient=7))
        assert answer.split(b"\r")[1].startswith(b"MSA|AA|c1") and engine.bodies == [BODY]
    assert calls == [Call(Purpose.DELIVERY, "127.0.0.1", "answered", len(BODY), len(answer), NOW, 7)]


def answers(result: tuple[bytes, ...] | NetFault) -> tuple[bytes, ...]:
    assert not isinstance(result, NetFault), result
    return result


def test_a_second_answer_is_waited_for_where_the_first_says_so() -> None:
    with standing() as engine:
        engine.script = [Raw(b"\r\n" + START + b"one" + END + b"noise" + START + b"two" + END)]
        url = engine.url()
        result = said(outbound(url), url, is_more=lambda answer: answer == b"one")
        assert answers(result) == (b"one", b"two")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Hush(), Fault.CUT_OFF),
        (Hush(closes=False), Fault.TIMED_OUT),
        (Slow(2), Fault.TIMED_OUT),
        (Raw(START + b"torn"), Fault.CUT_OFF),
        (Raw(b"x" * 70_000), Fault.TOO_LARGE),
        (Raw(START + b"x" * 70_000 + END), Fault.TOO_LARGE),
        (Away(), Fault.CUT_OFF),
    ],
)
def test_once_it_may_have_left_every_fault_is_unknown(script: Any, expected: Fault) -> None:
    with standing() as engine:
        engine.script = [script]
        result = said(outbound(engine.url()), engine.url(), seconds=0.5)
        assert fault(result) is expected and isinstance(result, NetFault) and result.is_unknown


def test_what_is_not_registered_is_not_called() -> None:
    with standing() as engine:
        assert fault(said(outbound("mllp://127.0.0.1:1"), engine.url())) is Fault.NOT_REGISTERED
        assert fault(said(outbound(engine.url("mllps")), engine.url())) is Fault.NOT_REGISTERED
        assert fault(said(outbound(engine.url()), "mllp://127.0.0.1:1/x")) is Fault.MALFORMED
        assert fault(said(outbound("http://127.0.0.1:1"), "http://127.0.0.1:1")) is Fault.MALFORMED
        web = asyncio.run(outbound(engine.url()).fetch(Request(Purpose.DELIVERY, "GET", engine.url())))
        assert isinstance(web, NetFault) and web.fault is Fault.MALFORMED
        assert not engine.bodies


def test_an_engine_that_is_not_there_got_nothing() -> None:
    with standing() as engine:
        url = engine.url()
    result = said(outbound(url), url)
    assert fault(result) is Fault.UNREACHABLE and isinstance(result, NetFault) and not result.is_unknown


@pytest.mark.parametrize(
    ("resolver", "internal", "plain", "expected"),
    [
        (inside, True, False, Fault.NOT_HTTPS),
        (beyond, True, True, Fault.NOT_HTTPS),
        (inside, False, True, Fault.FORBIDDEN_ADDRESS),
    ],
)
def test_unencrypted_goes_to_this_machine_or_where_somebody_wrote_down_why(
    resolver: Any, internal: bool, plain: bool, expected: Fault
) -> None:
    url = "mllp://engine.test:2575"
    net = outbound(url, resolver=resolver, internal=internal)
    assert fault(said(net, url, may_be_plain=plain, seconds=0.2)) is expected


def test_written_down_it_may_go_unencrypted_inside_our_network() -> None:
    url = "mllp://engine.test:2575"
    with pytest.raises(NetworkRefused, match=r"10\.0\.0\.9"):  # it was tried
        said(outbound(url, resolver=inside, internal=True), url, may_be_plain=True, seconds=0.2)


@pytest.mark.parametrize(("name", "trusted"), [("engine.test", True), ("other.test", False)])
def test_the_certificate_is_checked_against_the_name_though_the_address_is_pinned(
    tmp_path: Path, name: str, trusted: bool
) -> None:
    server, client = certificate(tmp_path, "engine.test")
    with standing(server) as engine:
        url = engine.url("mllps", name)
        result = said(outbound(url, resolver=here, trust=client), url)
        if trusted:
            assert answers(result) and engine.bodies == [BODY]
        else:
            assert fault(result) is Fault.NOT_TRUSTED and not engine.bodies
        unknown = said(outbound(url, resolver=here), url)
        assert fault(unknown) is Fault.NOT_TRUSTED


def test_our_certificate_is_shown_where_the_engine_wants_one(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, "engine.test")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(tmp_path / "both.pem")
    both = str(tmp_path / "both.pem")
    with standing(server) as engine:
        url = engine.url("mllps", "engine.test")
        net = outbound(url, resolver=here)
        assert isinstance(said(net, url, identity=Identity(authority=both)), NetFault) and not engine.bodies
        assert answers(said(net, url, identity=Identity(both, both, both))) and engine.bodies == [BODY]
        gone = Identity(str(tmp_path / "none.pem"), both, both)
        assert fault(said(net, url, identity=gone)) is Fault.NO_IDENTITY


def test_lines_are_addresses_of_deliveries_alone() -> None:
    found = endpoint(Purpose.DELIVERY, "mllps://engine.test")
    assert found is not None and found.origin.port == 2575
    assert endpoint(Purpose.KEYS, "mllps://engine.test") is None and origin("mllps://engine.test") is None
    assert origin("mllps://u:p@engine.test", LINES) is None


def test_a_body_does_not_print() -> None:
    assert "ORU" not in repr(Framed(Purpose.DELIVERY, "mllps://a", BODY))
