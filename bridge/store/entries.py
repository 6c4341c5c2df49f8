"""What one entry of the ledger says, as stored bytes and back.

Law: the stored bytes are JSON (RFC 8259) with sorted keys; who the person was and what was asked are inside
it sealed under the patient's key, so an erased patient's entries still count but no longer tell
(`consent.md`, the ledger). The list of fields is 45 CFR 164.528(b) and more. No value of a reading ever
stands here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.period import Instant
from bridge.store.chain import Link, clients_chain, patients_chain
from bridge.store.db import Database
from bridge.store.keys import Box, Erased, Tampered, place

ERASED: Final = "erased"


@dataclass(frozen=True, slots=True)
class Party:
    """Who received: organisation, name, address, contact as the grant has them, and the client."""

    client: str
    organization: str = ""
    name: str = ""
    address: str = ""
    contact: str = ""


class _Patients:
    """An entry that stands in the patient's own chain."""

    __slots__ = ()
    patient: int

    @property
    def chain(self) -> str:
        """The patient's chain."""
        return patients_chain(self.patient)


@dataclass(frozen=True, slots=True)
class Intent(_Patients):
    """About to leave. `sealed`: person and asked, by `seal`. `first`, `last`: instants of items."""

    patient: int
    at: Instant
    party: Party
    grants: tuple[tuple[str, int], ...]
    purpose: str
    basis: str
    way: str
    channel: str
    kinds: tuple[str, ...]
    grains: tuple[str, ...]
    items: int
    first: Instant | None
    last: Instant | None
    token: str
    sealed: bytes
    retracts: bool = False


KEPT: Final = "kept"


@dataclass(frozen=True, slots=True)
class Outcome(_Patients):
    """What came of the patient's intent `entry`: sent, acknowledged, failed, blocked, retracted, cut; or kept, where
    it was compared with what the receiver has and nothing left."""

    patient: int
    at: Instant
    entry: int
    outcome: str
    sent: int


@dataclass(frozen=True, slots=True)
class Empties:
    """How many answers without any item a client got in the hour that starts at `at`."""

    client: str
    patient: int | None
    at: Instant
    count: int

    @property
    def chain(self) -> str:
        """The patient's chain where there is one, else the client's."""
        return clients_chain(self.client) if self.patient is None else patients_chain(self.patient)


@dataclass(frozen=True, slots=True)
class Change(_Patients):
    """A step of a grant. `digest`: SHA-256 (hex) of what was signed."""

    patient: int
    at: Instant
    grant: str
    version: int
    step: str
    epoch: int
    digest: str


@dataclass(frozen=True, slots=True)
class Collected(_Patients):
    """A step of a collecting consent. `digest`: SHA-256 (hex) of it as it rests; `sealed`: by whom, and from
    which source, by `seal`."""

    patient: int
    at: Instant
    consent: int
    step: str
    digest: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Act(_Patients):
    """What an operator does to the patient's things, before it is done. `sealed`: who, and what for, by `seal`;
    empty where the patient's key is gone."""

    patient: int
    at: Instant
    act: str
    basis: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Authorisation(_Patients):
    """What a person answered to a client that asked: authorised, declined. `grant` '' where none was signed for it;
    `sealed`: who answered, the scopes that were asked and those that were given ('' of a no), by `seal`."""

    patient: int
    at: Instant
    client: str
    organization: str
    purpose: str
    step: str
    grant: str
    version: int
    sealed: bytes


Entry: TypeAlias = Intent | Outcome | Empties | Change | Collected | Act | Authorisation
Plain: TypeAlias = Mapping[str, object]

_NAMES: Final[Mapping[type[Entry], str]] = {
    Intent: "intent",
    Outcome: "outcome",
    Empties: "empty",
    Change: "grant",
    Collected: "collecting",
    Act: "act",
    Authorisation: "authorisation",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as the owner reads it. `entry`: its number in the patient's chain; `kind`: intent, outcome,
    empty, grant, collecting, act, authorisation; `fields` as stored, with `person` and `asked` in clear (of an
    authorisation `given` as well), or "erased" where the patient's key is gone."""

    entry: int
    kind: str
    at: Instant
    fields: Plain

    @property
    def seq(self) -> int:
        """The same as `entry`: its place in the chain."""
        return self.entry


def seal(box: Box, patient: int, person: str, asked: str, *given: str) -> bytes:
    """The free fields of an entry under the patient's key. `given`: what an answer gave of what was asked."""
    return box.seal(json.dumps([person, asked, *given]).encode(), place("ledger", patient))


def encode(entry: Entry) -> bytes:
    """The stored bytes of an entry."""
    fields = {name: getattr(entry, name) for name in type(entry).__slots__}
    fields["kind"] = _NAMES[type(entry)]
    return _SPELLER.encode(fields).encode()


def decode(body: bytes) -> dict[str, object]:
    """The fields of stored bytes."""
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("an entry of the ledger is a JSON object")
    return found


class Reader:
    """Reads one patient's entries; opens sealed fields while the key exists."""

    def __init__(self, db: Database, patient: int) -> None:
        self._patient = patient
        try:
            self._box: Box | None = db.keys.box(patient)
        except Erased:
            self._box = None

    def row(self, link: Link) -> Row:
        """One entry."""
        fields = decode(link.body)
        if "sealed" in fields:
            fields |= self._opened(str(fields.pop("sealed")))
        kind, at = str(fields.pop("kind")), fields.pop("at")
        if not isinstance(at, int):
            raise ValueError(f"entry {link.seq} of the ledger has no time")
        return Row(link.seq, kind, at, fields)

    def _opened(self, sealed: str) -> dict[str, object]:
        if self._box is None:
            return {"person": ERASED, "asked": ERASED}
        try:
            plain = self._box.open(base64.b64decode(sealed), place("ledger", self._patient))
        except Tampered:
            return {"person": ERASED, "asked": ERASED}
        return dict(zip(("person", "asked", "given"), json.loads(plain), strict=False))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Party):
        return {name: getattr(value, name) for name in Party.__slots__}
    raise TypeError(f"an entry of the ledger holds no {type(value).__name__}")


_SPELLER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)
