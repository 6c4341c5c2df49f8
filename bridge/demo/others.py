"""The other programs of the demonstration, each a process of its own: the EHR that asks, the receiver.

Law: they are spoken to over HTTP and standard input and output alone, and each is stopped whatever happens.
What they say is read as data: this module knows nothing that they were not told by the bridge.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

from joserfc.jwk import ECKey

from bridge.mapping.resources import READING_TYPES
from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose, endpoint
from bridge.net.message import Answer, Request
from bridge.period import Instant
from bridge.store.links import Shown

SECONDS: Final = 60.0


class DemoFailed(Exception):
    """Another program of the demonstration did not do its part; the text says which and what it said."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the EHR was given; `types`: how many of each type."""

    count: int
    types: dict[str, int]
    pages: int
    ids: tuple[str, ...]
    first: str | None
    last: str | None
    off_scale: int


@dataclass(frozen=True, slots=True)
class Receiver:
    """A running receiver: its FHIR base and the patient record that it showed."""

    base: str
    shown: Shown


def public_keys(key: ECKey) -> str:
    """The JWK Set text that a client registers with."""
    return json.dumps({"keys": [key.as_dict(private=False)]})


async def asked_by_ehr(base: str, client: str, key: ECKey, patient: str, now: Instant) -> Seen:
    """Let the EHR fetch a token and everything that was measured of or given to a patient."""
    jwk = key.as_dict(private=True)
    order = {"base": base, "client_id": client, "jwk": jwk, "patient": patient, "now": now // 1000}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge.demo.ehr"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(json.dumps(order).encode()), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise DemoFailed(f"the demo EHR was not answered: {err.decode().strip().splitlines()[-1]}")
    seen = json.loads(out)
    return Seen(**{**seen, "ids": tuple(seen["ids"])})


@asynccontextmanager
async def receiver(name: str, birth: date, mrn: tuple[str, str]) -> AsyncIterator[Receiver]:
    """A receiver with one patient in its chart."""
    words = ["--patient-name", name, "--birth-date", birth.isoformat(), "--identifier", "|".join(mrn)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge.demo.receiver", *words), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise DemoFailed("the receiver has no standard output")
        line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
        if not line:
            raise DemoFailed("the receiver ended before it said where it listens")
        yield Receiver(line.decode().strip(), Shown())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def counted(base: str, now: Instant) -> dict[str, int]:
    """How many readings of each type a receiver has in its charts."""
    allowed = endpoint(Purpose.DELIVERY, base, internal=True)
    net = Outbound(lambda _: [allowed] if allowed else [], lambda _: None, lambda: now, allow_loopback=True)
    answer = await net.fetch(Request(Purpose.DELIVERY, "GET", base.removesuffix("/fhir") + "/count"))
    if not isinstance(answer, Answer):
        raise DemoFailed(f"the receiver was not reached: {answer.sentence}")
    counts: dict[str, int] = json.loads(answer.body)
    return {name: counts.get(name, 0) for name in READING_TYPES}
