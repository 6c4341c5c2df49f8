"""Something is withdrawn while a delivery is on its way, between two of its calls: the next one does not leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import bridge.store.links as links
from bridge.consent import grants
from bridge.fhir.render import Renderer
from bridge.net.client import Outbound
from bridge.net.message import Answer, Framed, Laid, NetFault, Request
from bridge.push.papers import Papers
from bridge.push.worker import Worker
from bridge.store.patients import erase
from tests.push import test_orders, test_papers
from tests.push.ehr import ORACLE, Ehr
from tests.push.house import House, registered
from tests.push.test_summaries import days
from tests.shipped import mappings


def revoke(house: House) -> None:
    for each in grants.listed(house.db, house.patient):
        house.revoke(each.grant.id)


def suspend(house: House) -> None:
    (link,) = links.listed(house.db)
    links.suspend(house.db, link.number, "the receiver announced a merge")


def forget(house: House) -> None:
    erase(house.db, house.patient)


@dataclass
class Meanwhile:
    """The way out; before a call that `is_then` (method and path) knows, something happens, once."""

    net: Outbound
    is_then: Callable[[str, str], bool]
    happens: Callable[[], None]
    written: list[str] = field(default_factory=list)
    has_happened: bool = False

    async def fetch(self, request: Request) -> Answer | NetFault:
        path = request.url.split("/fhir", 1)[-1]
        if request.method != "GET" and self.has_happened:
            self.written.append(path)
        answer = await self.net.fetch(request)
        if not self.has_happened and self.is_then(request.method, path):
            self.has_happened = True
            self.happens()
        return answer

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        return await self.net.exchange(message)

    async def lay(self, file: Laid) -> NetFault | None:
        return await self.net.lay(file)


def pushed(house: House, is_then: Callable[[str, str], bool], act: Callable[[House], None]) -> Meanwhile:
    """One round, in which the act happens right after a call."""
    db, clock = house.db, house.clock
    net = Outbound(lambda purpose: registered(db, purpose), house.calls.append, clock, allow_loopback=True)
    renderer = Renderer(mappings(), "https://bridge.example/fhir", db.installation)
    way = Meanwhile(net, is_then, lambda: act(house))
    worker = Worker(db, house.gate, renderer, way, clock, chance=lambda: 0.5, documents=Papers())
    asyncio.run(worker.once())
    assert way.has_happened
    return way


@contextmanager
def singly(home: Path) -> Iterator[tuple[House, Ehr]]:
    """A receiver that takes readings one by one and is searched first."""
    with test_orders.world(home, replace(ORACLE, batch=False), orders=None) as (house, ehr):
        yield house, ehr


@contextmanager
def filing(home: Path) -> Iterator[tuple[House, Ehr]]:
    """A receiver of documents that is searched first."""
    with test_papers.world(home, test_papers.ORACLE_LIKE) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        yield house, ehr


def looked_for(method: str, path: str) -> bool:
    return method == "GET" and path.startswith(("/Observation?", "/DocumentReference?"))


def created(method: str, path: str) -> bool:
    return method == "POST" and path == "/Observation"


@pytest.mark.parametrize("act", [revoke, suspend, forget])
@pytest.mark.parametrize("world", [singly, filing])
def test_what_was_withdrawn_during_the_search_before_it_is_not_created(
    tmp_path: Path, world: Any, act: Callable[[House], None]
) -> None:
    with world(tmp_path) as (house, ehr):
        assert pushed(house, looked_for, act).written == []
        assert ehr.readings == [] and ehr.shelves.get("DocumentReference", {}) == {}


@pytest.mark.parametrize("act", [revoke, suspend, forget])
def test_of_many_single_creates_the_next_does_not_leave(tmp_path: Path, act: Callable[[House], None]) -> None:
    with singly(tmp_path) as (house, ehr):
        assert pushed(house, created, act).written == []
        assert len(ehr.readings) == 1


def test_what_was_called_off_goes_once_it_may_again(tmp_path: Path) -> None:
    with singly(tmp_path) as (house, ehr):
        pushed(house, looked_for, revoke)
        house.grant()
        house.wait(70)
        assert house.push().sent == 10 and len(ehr.readings) == 10
