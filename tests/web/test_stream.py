"""Large searches over a real connection: streamed, compressed, and cut when the patient says so."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bridge.consent import grants
from bridge.period import DAY, Period, PeriodSet
from bridge.store.ledger import listed as entries
from tests.web.server import Slow, dechunked, served
from tests.web.world import NOW, World, every, glucose, linked, resources

CODE = "code=http://loinc.org|99504-3"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ada with two hundred days more, of which everything may be granted."""
    made = World(tmp_path_factory.mktemp("long") / "home")
    made.upload(made.ada, glucose(every(NOW - 300 * DAY, NOW - 100 * DAY), "LONG-AGO"))
    yield made
    made.close()


def everything(world: World) -> str:
    return world.grant(periods=PeriodSet((Period(NOW - 400 * DAY, NOW + DAY),)))


def path(world: World, rest: str) -> str:
    return f"/fhir/Observation?patient={world.patient_id(world.ada)}&{CODE}&{rest}"


def test_a_large_count_is_streamed_as_one_document(long: World) -> None:
    grant = everything(long)
    expected = len(long.readings(long.shown()[0].stream))
    assert expected > 60_000
    with served(long) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as web:
        told = {"Authorization": f"Bearer {long.token()}"}
        plain = web.get(path(long, "_count=1000000"), headers=told | {"Accept-Encoding": "identity"})
        assert plain.headers["transfer-encoding"] == "chunked"
        assert plain.headers["cache-control"] == "private, no-store"
        found = resources(plain.json())
        assert len(found) == expected
        assert len({each["id"] for each in found}) == expected
        assert linked(plain.json(), "next") is None
        zipped = web.get(path(long, "_count=1000000"), headers=told | {"Accept-Encoding": "gzip"})
        assert zipped.headers["content-encoding"] == "gzip"
        assert zipped.content == plain.content
        head = web.head(path(long, "_count=1000000"), headers=told)
        assert (head.status_code, head.content) == (200, b"")
    grants.revoke(long.db, grant)


def test_a_count_that_is_too_small_for_everything_is_answered_in_pages(long: World) -> None:
    grant = everything(long)
    first = long.get(path(long, "_count=5000")).json()
    assert len(resources(first)) == 1000
    link = linked(first, "next")
    assert link and len(resources(long.get(link).json())) == 1000
    whole = long.get(path(long, "_count=5000&date=ge2026-09-10")).json()
    assert 1000 < len(resources(whole)) < 5000
    assert linked(whole, "next") is None
    grants.revoke(long.db, grant)


def test_inclusions_come_once_in_a_stream(long: World) -> None:
    grant = everything(long)
    token = long.token()
    answer = long.get(
        path(
            long, "_count=10000&date=ge2026-09-01&_include=Observation:device&_revinclude=Provenance:target"
        ),
        token=token,
    )
    included = resources(answer.json(), "include")
    matches = resources(answer.json())
    devices = [each["id"] for each in included if each["resourceType"] == "Device"]
    assert len(devices) == len(set(devices)) and devices
    assert len(included) - len(devices) == len(matches) > 4000
    grants.revoke(long.db, grant)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_revocation_ends_a_running_stream_without_closing_the_document(long: World, coding: str) -> None:
    grant = everything(long)
    rest = "_count=1000000" + ("&_revinclude=Provenance:target" if coding == "gzip" else "")
    with served(long) as port:
        slow = Slow(port, path(long, rest), long.token(), f"Accept-Encoding: {coding}")
        slow.read(20_000)
        before = len(outcomes(long))
        grants.revoke(long.db, grant)
        body, is_whole = dechunked(slow.rest())
        slow.close()
        left = last_outcome(long, before)
    if coding == "gzip":
        unpacker = zlib.decompressobj(31)
        body = unpacker.decompress(body)
    assert not is_whole or coding == "gzip"
    if not is_whole:
        assert not body.endswith(b"]}")
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            json.loads(body)
        assert left[0] == "cut" and left[1] % 1000 == 0 and 1000 <= left[1] < 60_000


def test_an_asker_that_hangs_up_ends_the_work(long: World) -> None:
    grant = everything(long)
    with served(long) as port:
        slow = Slow(port, path(long, "_count=1000000"), long.token())
        slow.read(20_000)
        before = len(outcomes(long))
        slow.close()
        outcome, sent = last_outcome(long, before)
    assert outcome == "cut" and 1000 <= sent < 60_000
    grants.revoke(long.db, grant)


def outcomes(world: World) -> list[tuple[str, int]]:
    """Outcome and number of items of each outcome row of Ada's chain, oldest first."""
    rows = [row.fields for row in entries(world.db, world.ada) if row.kind == "outcome"]
    return [(str(fields["outcome"]), int(str(fields["sent"]))) for fields in rows]


def last_outcome(world: World, before: int) -> tuple[str, int]:
    """The outcome row that is written next."""
    for _ in range(100):
        if len(outcomes(world)) > before:
            return outcomes(world)[-1]
        time.sleep(0.1)
    raise AssertionError("no outcome was written")


def test_another_worker_sees_a_revocation_at_the_next_page(long: World, tmp_path: Path) -> None:
    from bridge.store.db import Database

    grant = everything(long)
    token = long.token()
    first = long.get(path(long, "_count=10"), token=token)
    assert len(resources(first.json())) == 10
    with Database.open(long.db.home, b"k" * 32, long.clock) as command_line:
        grants.revoke(command_line, grant)
    assert resources(long.get(path(long, "_count=10"), token=token).json()) == []
