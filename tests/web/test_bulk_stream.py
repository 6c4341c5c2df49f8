"""Files of an export over a real connection: in parts, compressed, and ended where a patient's grant moves."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.consent import grants
from bridge.period import DAY, Period, PeriodSet
from tests.web.exporting import LINES, exported, kicked, lines, place
from tests.web.server import Slow, dechunked, served
from tests.web.test_stream import last_outcome, outcomes
from tests.web.world import NOW, World, every, glucose

WHOLE = PeriodSet((Period(NOW - 400 * DAY, NOW + DAY),))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ada with two hundred days more; Bob as he is."""
    made = World(tmp_path_factory.mktemp("long") / "home")
    made.upload(made.ada, glucose(every(NOW - 300 * DAY, NOW - 100 * DAY), "LONG-AGO"))
    yield made
    made.close()


def shared(world: World) -> tuple[str, str]:
    """What Ada and Bob share of everything."""
    return world.grant(periods=WHOLE), world.grant(world.bob, sources=frozenset({"dexcom-clarity"}))


def over(web: httpx.Client) -> Callable[..., httpx.Response]:
    """Asks over a connection."""

    def ask(method: str, path: str, **more: Any) -> httpx.Response:
        return web.request(method, f"/fhir/{path}", **more)

    return ask


def file_of(world: World, token: str, kind: str = "Observation") -> str:
    """The address of a file that is ready."""

    def ask(method: str, path: str, **more: Any) -> httpx.Response:
        return world.ask(method, f"/fhir/{path}", token=token, **more)

    begun = kicked(ask, f"$export?_type={kind}")
    status = ask("GET", place(begun.headers["content-location"])).json()
    return f"/fhir/{place(status['output'][0]['url'])}"


def test_a_file_of_many_readings_comes_whole_over_a_connection(long: World) -> None:
    mine, his = shared(long)
    expected = len(long.readings(long.shown()[0].stream)) + 86
    with served(long) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as web:
        web.headers["Authorization"] = f"Bearer {long.token()}"
        found = exported(over(web), "$export?_type=Observation,Patient")
        names = [each["id"] for each in found["Observation"]]
        assert len(names) == len(set(names)) > 60_000 and len(names) >= expected
        people = {each["subject"]["reference"] for each in found["Observation"]}
        assert people == {f"Patient/{each['id']}" for each in found["Patient"]} and len(people) == 2
        answer = web.get(file_of(long, long.token()), headers=LINES | {"Accept-Encoding": "identity"})
        assert answer.headers["transfer-encoding"] == "chunked" and len(lines(answer)) == len(names)
    for grant in (mine, his):
        grants.revoke(long.db, grant)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_revocation_ends_a_running_file_without_its_end(long: World, coding: str) -> None:
    mine, his = shared(long)
    kind = "Observation" if coding == "identity" else "Provenance"
    token = long.token()
    where = file_of(long, token, kind)
    with served(long) as port:
        slow = Slow(port, where, token, f"Accept-Encoding: {coding}")
        slow.read(20_000)
        before = len(outcomes(long))
        grants.revoke(long.db, mine)
        body, is_whole = dechunked(slow.rest())
        slow.close()
        left = last_outcome(long, before)
    if coding == "gzip":
        body = zlib.decompressobj(31).decompress(body)
    assert not is_whole or coding == "gzip", "what is compressed may have left whole"
    if not is_whole:
        assert not body.endswith(b"\n"), "the last line is not ended"
        assert left[0] == "cut" and left[1] % 1000 == 0 and 1000 <= left[1] < 60_000
        assert f"Patient/{long.patient_id(long.bob)}".encode() not in body
    again = long.get(where.removeprefix("/fhir/"))
    assert again.status_code == 200 and long.patient_id(long.ada) not in again.text
    assert len(lines(again)) > 3000, "Bob is still there"
    grants.revoke(long.db, his)


def test_a_revocation_of_somebody_behind_leaves_them_out_and_the_file_is_whole(long: World) -> None:
    mine, his = shared(long)
    token = long.token()
    where = file_of(long, token)
    with served(long) as port:
        slow = Slow(port, where, token, "Accept-Encoding: identity", "Connection: close")
        slow.read(20_000)
        grants.revoke(long.db, his)
        body, is_whole = dechunked(slow.rest())
        slow.close()
    assert is_whole and body.endswith(b"\n") and body.count(b"\n") > 60_000
    assert f"Patient/{long.patient_id(long.bob)}".encode() not in body
    grants.revoke(long.db, mine)


def test_an_asker_that_hangs_up_ends_the_work(long: World) -> None:
    mine, his = shared(long)
    token = long.token()
    where = file_of(long, token)
    with served(long) as port:
        slow = Slow(port, where, token)
        slow.read(20_000)
        before = len(outcomes(long))
        slow.close()
        outcome, sent = last_outcome(long, before)
    assert outcome == "cut" and 1000 <= sent < 60_000
    for grant in (mine, his):
        grants.revoke(long.db, grant)


def test_a_file_in_the_making_takes_the_room_of_one_part(tmp_path: Path) -> None:
    peaks = []
    for days in (30, 240):
        world = World(tmp_path / f"{days}")
        world.upload(world.ada, glucose(every(NOW - (100 + days) * DAY, NOW - 100 * DAY), "LONG-AGO"))
        world.grant(periods=WHOLE)
        token = world.token()
        where = file_of(world, token)
        with served(world) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as web:
            headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
            tracemalloc.start()
            with web.stream("GET", where, headers=headers) as answer:
                size = sum(len(part) for part in answer.iter_raw(64 * 1024))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert size > days * 288 * 500
        world.close()
    assert peaks[1] < 2 * peaks[0], peaks
