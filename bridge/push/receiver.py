"""One receiver during one delivery: every call to it, with our proof, its pace and its pauses.

Law: calls go through the one way out (`bridge.net`) and nowhere but below the registered address. A 401 is met by one
new token and no more (`smart-consent.md` 7.5). Whatever it answers is noted by the breaker, so that a receiver that is
down is left alone by all lanes. It decides nothing about what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, Caller, Fault, Identity, NetFault, Request
from bridge.period import Instant
from bridge.push.answers import OK, Errors, Found, Reply, has_more, held_in, is_answer, lost, refused, token
from bridge.push.retry import Step

JSON: Final = "application/fhir+json"
SECONDS: Final = 60.0
LIMIT: Final = 8 << 20
"""Bytes of an answer: 800 entries with an OperationOutcome each fit."""
NOT_SEARCHED: Final = (
    "the receiver does not answer searches by identifier: say so in its file (receiver: {searches: false})"
)
ASKED_AT_ONCE: Final = 50
"""Identifiers in one search: the address stays below 8 kB."""


class Proof(Protocol):
    """How the bridge proves itself at one receiver."""

    async def header(self) -> str | Reply:
        """The Authorization header, '' none; a Reply where it cannot be had now."""
        ...

    def is_renewed(self) -> bool:
        """After a 401: whether another header can be had; the one that was refused is forgotten."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """A fixed header."""

    value: str = field(default="", repr=False)

    async def header(self) -> str | Reply:
        """The same every time."""
        return self.value

    def is_renewed(self) -> bool:
        """There is no other."""
        return False


class Watch(Protocol):
    """Who is told of each call, and may hold it back."""

    def bars(self) -> Fault | None:
        """Why a call must not be made now."""
        ...

    def stands(self) -> bool:
        """Whether what a call carries may still go, asked while it does."""
        ...

    def saw(self, answer: Answer | NetFault, is_write: bool) -> None:
        """What came of a call."""
        ...


class Unwatched:
    """Nobody."""

    def bars(self) -> Fault | None:
        """Never."""
        return None

    def stands(self) -> bool:
        """It does."""
        return True

    def saw(self, answer: Answer | NetFault, is_write: bool) -> None:
        """It is nobody's business."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver. `url`: its FHIR base; `patient` is for the register of calls."""

    net: Caller
    url: str
    proof: Proof
    patient: int | None
    identity: Identity | None = None
    errors: Errors = field(default_factory=dict)
    watch: Watch = field(default_factory=Unwatched)

    async def call(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        path: str,
        body: bytes = b"",
        conditions: Sequence[tuple[str, str]] = (),
        media: str = JSON,
    ) -> Answer | NetFault | Reply:
        """One call below the base; a Reply where our own proof for it cannot be had. `media`: of the body."""
        header = await self.proof.header()
        if isinstance(header, Reply):
            return header
        answer = await self._sent(method, path, body, (*conditions, *_authorised(header)), media)
        if isinstance(answer, Answer) and answer.status == 401 and self.proof.is_renewed():
            header = await self.proof.header()
            if isinstance(header, Reply):
                return header
            answer = await self._sent(method, path, body, (*conditions, *_authorised(header)), media)
        self.watch.saw(answer, method != "GET")
        return answer

    async def search(self, path: str, now: Instant) -> bytes | Reply:
        """The body of a search that was answered."""
        answer = await self.call("GET", path)
        if isinstance(answer, Reply):
            return answer
        if isinstance(answer, NetFault):
            return lost(answer)
        return answer.body if answer.status == OK else refused(answer, now, self.errors)

    async def patients(self, system: str, value: str, now: Instant) -> bytes | Reply:
        """The receiver's Patients with that identifier, as it answers."""
        return await self.search(f"Patient?identifier={token(system, value)}", now)

    async def find(self, kind: str, system: str, values: Sequence[str], now: Instant) -> Found | Reply:
        """Which resources of a type the receiver has under these identifier values. Where it gives them in pages, which
        may repeat or skip, it is asked for fewer; a Reply too where what it gives is no answer to that."""
        found: dict[str, tuple[tuple[str, str], ...]] = dict.fromkeys(values, ())
        asked = [values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE)]
        while asked:
            some = asked.pop()
            tokens = ",".join(token(system, value) for value in some)
            body = await self.search(f"{kind}?identifier={tokens}&_count={4 * len(some)}", now)
            if isinstance(body, Reply):
                return body
            held, is_part = dict.fromkeys(held_in(body, kind, system)), has_more(body)
            if not is_answer(body, kind, system, some) or (is_part and not held):
                return Reply(Step.STOP, NOT_SEARCHED)
            if is_part and len(some) > 1:
                asked += [some[: len(some) // 2], some[len(some) // 2 :]]
                continue
            for value, place in held:
                found[value] = (*found.get(value, ()), place)
        return Found(found)

    async def _sent(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        path: str,
        body: bytes,
        headers: Sequence[tuple[str, str]],
        media: str,
    ) -> Answer | NetFault:
        barred = self.watch.bars()
        if barred is not None:
            return NetFault(barred, "the receiver")
        # HAPI FHIR answers a repeated search from its cache for a minute unless told otherwise.
        usual = [("accept", JSON if media == JSON else "*/*"), ("cache-control", "no-cache")]
        if body:
            usual.append(("content-type", media))
        return await self.net.fetch(
            Request(
                Purpose.DELIVERY,
                method,
                f"{self.url}/{path}" if path else self.url,
                (*usual, *headers),
                body,
                limit=LIMIT,
                seconds=SECONDS,
                patient=self.patient,
                identity=self.identity,
            )
        )


def _authorised(header: str) -> Sequence[tuple[str, str]]:
    return (("authorization", header),) if header else ()
