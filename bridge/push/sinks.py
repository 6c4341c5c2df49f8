"""How a destination is spoken to, first form: a FHIR server that takes transaction Bundles.

Law: FHIR R4 3.1.0.11 (transaction, transaction-response: one entry for each entry, in their order),
3.1.0.8.1 (conditional create), 3.1.0.5 (versions in ETag). What comes back is a stranger's text: only
statuses, references and versions of the right form are read from it, nothing is quoted. A sink decides
nothing; it sends bytes that the renderer made and says what came of them.

Rejected: asking the CapabilityStatement before each push (a call that decides nothing yet).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote

from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, NetFault, Request
from bridge.period import Instant
from bridge.push.retry import Step, retry_after, sentence, step
from bridge.smart.record import members, parsed, text

JSON: Final = "application/fhir+json"
OK: Final = 200
SECONDS: Final = 60.0
LIMIT: Final = 8 << 20
"""Bytes of an answer: 500 entries with an OperationOutcome each fit."""
ASKED_AT_ONCE: Final = 50
"""Identifiers in one search: the address stays below 8 kB."""

_REFERENCE: Final = re.compile(
    r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?$"
)
_ETAG: Final = re.compile(r'W/"[\x21\x23-\x7e]{1,64}"')
_STATUS: Final = re.compile(r"([1-5]\d\d)(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the receiver says of one entry: its status, where it keeps it, in which version."""

    status: int
    reference: str
    etag: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call. `asked`: ms that Retry-After wants; `entries` where everything was read."""

    step: Step
    problem: str = ""
    asked: int | None = None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Resources that the receiver has under each identifier value: (reference, etag) of each."""

    by_value: Mapping[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class TransactionSink:
    """One destination during one delivery. `patient` is for the register of calls."""

    net: Outbound
    url: str
    secret: str | None = field(repr=False)
    patient: int | None

    async def post(self, body: bytes, entries: int, now: Instant) -> Reply:
        """Send one transaction Bundle of that many entries."""
        answer = await self._call("POST", self.url, body)
        if isinstance(answer, NetFault):
            return lost(answer)
        if step(answer.status) is not Step.DONE:
            return refused(answer, now)
        found = tuple(_entries(answer.body))
        if len(found) != entries:
            return Reply(Step.UNKNOWN, "the receiver's answer does not speak of each entry that was sent")
        return Reply(Step.DONE, entries=found)

    async def patients(self, system: str, value: str) -> Answer | NetFault:
        """The receiver's Patients with that identifier, as it answers."""
        return await self._call("GET", f"{self.url}/Patient?identifier={_token(system, value)}")

    async def find(self, kind: str, system: str, values: Sequence[str], now: Instant) -> Found | Reply:
        """Which resources of a type the receiver has under these identifier values."""
        found: dict[str, tuple[tuple[str, str], ...]] = dict.fromkeys(values, ())
        for start in range(0, len(values), ASKED_AT_ONCE):
            some = values[start : start + ASKED_AT_ONCE]
            tokens = ",".join(_token(system, value) for value in some)
            answer = await self._call("GET", f"{self.url}/{kind}?identifier={tokens}&_count={4 * len(some)}")
            if isinstance(answer, NetFault):
                return lost(answer)
            if answer.status != OK:
                return refused(answer, now)
            for value, held in _held(answer.body, kind, system):
                found[value] = (*found.get(value, ()), held)
        return Found(found)

    async def _call(self, method: Literal["GET", "POST"], url: str, body: bytes = b"") -> Answer | NetFault:
        # HAPI FHIR answers a repeated search from its cache for a minute unless told otherwise.
        headers = [("accept", JSON), ("cache-control", "no-cache")]
        if body:
            headers.append(("content-type", JSON))
        if self.secret is not None:
            headers.append(("authorization", f"Bearer {self.secret}"))
        return await self.net.fetch(
            Request(
                Purpose.DELIVERY,
                method,
                url,
                tuple(headers),
                body,
                limit=LIMIT,
                seconds=SECONDS,
                patient=self.patient,
            )
        )


def lost(fault: NetFault) -> Reply:
    """A call without a usable answer: it may have had its effect, or surely had none."""
    return Reply(Step.UNKNOWN if fault.is_unknown else Step.AGAIN, fault.sentence)


def refused(answer: Answer, now: Instant) -> Reply:
    """An answer that says no, or not now."""
    what = step(answer.status)
    asked = retry_after(answer.header("retry-after"), now)
    return Reply(Step.STOP if what is Step.DONE else what, sentence(answer.status), asked)


def _entries(body: bytes) -> Iterator[Entry]:
    bundle = parsed(body)
    if text(bundle, "resourceType") != "Bundle" or text(bundle, "type") not in (
        "transaction-response",
        "batch-response",
    ):
        return
    for entry in members(bundle, "entry"):
        response = entry.get("response")
        said = response if isinstance(response, dict) else {}
        status = _STATUS.match(text(said, "status"))
        place = _REFERENCE.search(text(said, "location"))
        reference, version = (place[1], place[2]) if place else ("", None)
        tag = text(said, "etag")
        told = tag if _ETAG.fullmatch(tag) else f'W/"{version}"' if version else ""
        yield Entry(int(status[1]) if status else 0, reference, told)


def _held(body: bytes, kind: str, system: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for entry in members(parsed(body), "entry"):
        resource = entry.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") != kind:
            continue
        place = _REFERENCE.search(f"{kind}/{text(resource, 'id')}")
        meta = resource.get("meta")
        version = text(meta, "versionId") if isinstance(meta, dict) else ""
        for identifier in members(resource, "identifier"):
            if text(identifier, "system") == system and place:
                tag = f'W/"{version}"'
                yield text(identifier, "value"), (place[1], tag if _ETAG.fullmatch(tag) and version else "")


def _token(system: str, value: str) -> str:
    escaped = (re.sub(r"([\\,|$])", r"\\\1", part) for part in (system, value))
    return "|".join(quote(part, safe="") for part in escaped)
