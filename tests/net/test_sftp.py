"""A file goes to the folder that is registered, where its name led, to a server of a known key, and nowhere else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.net.client import Outbound
from bridge.net.endpoint import FOLDERS, Purpose, endpoint, origin
from bridge.net.message import Call, Fault, Laid, NetFault
from tests.net.wire import outbound
from tests.push.folder import Box, standing

BODY = b"time,value\r\n"


def laid(net: Outbound, url: str, box: Box | None = None, **more: Any) -> NetFault | None:
    usual = {"password": "s3cret", "seconds": 5.0, "folder": "", "name": "a.csv"}
    keys = (box.host_key,) if box else ()
    return asyncio.run(net.lay(Laid(Purpose.DELIVERY, url, "cgm", keys, body=BODY, **{**usual, **more})))


def fault(result: NetFault | None) -> Fault:
    assert result is not None
    return result.fault


async def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def inside(_host: str, _port: int) -> Sequence[str]:
    return ["10.0.0.9"]


def test_a_file_is_laid_down_once_and_the_call_is_in_the_register(tmp_path: Path) -> None:
    calls: list[Call] = []
    with standing(tmp_path) as box:
        net = outbound(box.url, calls=calls)
        assert laid(net, box.url, box) is None and laid(net, box.url, box) is None
        assert (tmp_path / "a.csv").read_bytes() == BODY and box.written == [".a.csv.part"]
    told = [(each.host, each.outcome, each.sent) for each in calls]
    assert told == [("127.0.0.1", "answered", len(BODY))] * 2


def test_a_name_that_leads_to_this_machine_needs_leave(tmp_path: Path) -> None:
    with standing(tmp_path) as box:
        url = f"sftp://folder.example:{box.port}"
        assert (
            fault(laid(outbound(url, resolver=here, allow_loopback=False), url, box))
            is Fault.FORBIDDEN_ADDRESS
        )
        assert box.names() == []
        assert laid(outbound(url, resolver=here), url, box) is None


def test_a_folder_in_a_private_network_is_registered_as_one() -> None:
    url = "sftp://folder.example:9"
    assert fault(laid(outbound(url, resolver=inside), url)) is Fault.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("url", ["sftp://127.0.0.1:1", "https://127.0.0.1:2"])
def test_what_is_not_registered_is_not_called(url: str) -> None:
    net = outbound("sftp://127.0.0.1:2")
    assert fault(laid(net, url)) in (Fault.NOT_REGISTERED, Fault.MALFORMED)


def test_a_server_that_is_not_there_got_nothing(tmp_path: Path) -> None:
    with standing(tmp_path) as box:
        pass
    result = laid(outbound(box.url), box.url, box)
    assert fault(result) is Fault.UNREACHABLE and result is not None and not result.is_unknown


def test_a_server_that_speaks_and_does_not_go_on_is_left_in_time(tmp_path: Path) -> None:
    async def quiet() -> Fault:
        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-quiet\r\n")
            await reader.read()
            writer.close()

        async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
            url = f"sftp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            file = Laid(Purpose.DELIVERY, url, "cgm", (), "", "a.csv", BODY, seconds=1)
            return fault(await outbound(url).lay(file))

    assert asyncio.run(asyncio.wait_for(quiet(), 30)) is Fault.UNREACHABLE


def test_what_was_not_stored_whole_does_not_stay(tmp_path: Path) -> None:
    with standing(tmp_path) as box:
        box.script = ["short"]
        assert fault(laid(outbound(box.url), box.url, box)) is Fault.NOT_STORED
        assert box.written == [".a.csv.part"] and list(tmp_path.iterdir()) == []


def test_a_server_that_lets_in_and_does_not_go_on_is_left_in_time(tmp_path: Path) -> None:
    with standing(tmp_path) as box:
        box.script, began = ["quiet"], time.monotonic()
        assert fault(laid(outbound(box.url), box.url, box, seconds=1.0)) is Fault.UNREACHABLE
        assert time.monotonic() - began < 3.5 and list(tmp_path.iterdir()) == []


def test_a_key_of_ours_that_is_none_is_said(tmp_path: Path) -> None:
    with standing(tmp_path) as box:
        assert fault(laid(outbound(box.url), box.url, box, key="no key")) is Fault.NO_KEY


@pytest.mark.parametrize("url", ["sftp://a.example/x", "sftp://u@a.example", "sftp://a b", "ftp://a.example"])
def test_an_address_of_folders_has_no_path_and_no_user(url: str) -> None:
    assert origin(url, FOLDERS) is None


def test_folders_are_addresses_of_deliveries_alone() -> None:
    assert endpoint(Purpose.DELIVERY, "sftp://a.example") is not None
    assert endpoint(Purpose.KEYS, "sftp://a.example") is None


def test_neither_content_nor_name_nor_secret_prints() -> None:
    told = repr(
        Laid(Purpose.DELIVERY, "sftp://a", "u", (), "f", "0042.csv", BODY, password="s3cret", key="k3y")
    )
    assert "0042" not in told and "s3cret" not in told and "k3y" not in told and "time" not in told
