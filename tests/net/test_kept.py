"""Connections of one round: which call may use the one of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import bridge.net.kept as kept_
from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose
from bridge.net.kept import kept
from bridge.net.message import Answer, Fault, NetFault, Request
from tests.net.wire import outbound

SAID = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Hall:
    """A server that leaves connections open; the requests that came over each, and how many are open now."""

    port: int = 0
    lines: list[list[bytes]] = field(default_factory=list)
    open: int = 0
    most: int = 99

    def url(self, host: str) -> str:
        return f"http://{host}:{self.port}/fhir"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard: list[bytes] = []
        self.lines.append(heard)
        self.open += 1
        try:
            while len(heard) < self.most:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(SAID)
        except (ConnectionError, asyncio.IncompleteReadError):
            heard.append(b"closed")
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def hall(most: int = 99) -> AsyncIterator[Hall]:
    found = Hall(most=most)
    server = await asyncio.start_server(found.talk, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


async def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def get(net: Outbound, url: str) -> Answer:
    result = await net.fetch(Request(Purpose.DELIVERY, "GET", url))
    assert isinstance(result, Answer), result
    return result


def test_calls_of_one_round_use_one_connection_and_it_ends_with_the_round() -> None:
    async def run() -> None:
        async with hall() as found:
            net = outbound(found.url("ehr.example"), resolver=here)
            async with kept():
                for _ in range(3):
                    await get(net, found.url("ehr.example"))
                await asyncio.create_task(get(net, found.url("ehr.example")))
                assert [len(line) for line in found.lines] == [4]
            await asyncio.sleep(0.05)
            assert found.open == 0
            await get(net, found.url("ehr.example"))
            await get(net, found.url("ehr.example"))
            assert len(found.lines) == 3

    asyncio.run(run())


def test_two_hosts_at_one_address_never_share_a_connection() -> None:
    async def run() -> None:
        async with hall() as found, kept():
            urls = [found.url("one.example"), found.url("other.example")]
            net = outbound(*urls, resolver=here)
            for url in urls * 2:
                await get(net, url)
            hosts = [
                {word for word in each.lower().split() if b".example" in word}
                for each in map(b"".join, found.lines)
            ]
            assert hosts == [{b"one.example:%d" % found.port}, {b"other.example:%d" % found.port}]

    asyncio.run(run())


def test_a_host_that_leads_elsewhere_now_is_judged_anew_though_a_connection_is_open() -> None:
    found_at = ["127.0.0.1"]

    async def moving(_host: str, _port: int) -> Sequence[str]:
        return tuple(found_at)

    async def run() -> None:
        async with hall() as found, kept():
            net = outbound(found.url("ehr.example"), resolver=moving)
            await get(net, found.url("ehr.example"))
            found_at[0] = "169.254.169.254"
            result = await net.fetch(Request(Purpose.DELIVERY, "GET", found.url("ehr.example")))
            assert isinstance(result, NetFault) and result.fault is Fault.FORBIDDEN_ADDRESS
            assert [len(line) for line in found.lines] == [1]

    asyncio.run(run())


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async def run() -> None:
        async with hall(most=1) as found, kept():
            net = outbound(found.url("ehr.example"), resolver=here)
            for _ in range(3):
                await get(net, found.url("ehr.example"))
                await asyncio.sleep(0.05)
            assert [len(line) for line in found.lines] == [1, 1, 1]

    asyncio.run(run())


def test_a_connection_that_rested_is_not_used_again() -> None:
    async def run() -> None:
        async with hall() as found, kept():
            net = outbound(found.url("ehr.example"), resolver=here)
            await get(net, found.url("ehr.example"))
            await asyncio.sleep(kept_.PAUSE + 0.2)
            await get(net, found.url("ehr.example"))
            assert len(found.lines) == 2

    asyncio.run(run())


def test_a_thread_with_a_loop_of_its_own_has_its_own_connection() -> None:
    async def run() -> None:
        async with hall() as found, kept():
            net = outbound(found.url("ehr.example"), resolver=here)
            await get(net, found.url("ehr.example"))
            call = net.fetch(Request(Purpose.DELIVERY, "GET", found.url("ehr.example")))
            result = await asyncio.to_thread(asyncio.run, call)
            assert isinstance(result, Answer) and len(found.lines) == 2

    asyncio.run(run())
