"""A disclosure in the form in which one receiver takes it: as requests, made of the transaction that it is for others.

Law (`smart-consent.md` 7.2, 7.4): the same entries for every receiver, so that a sink changes how something is sent and
never what. A submission is the HL7 CGM IG's bundle (1.0.0: transaction, timestamp, a fullUrl and a POST for each entry;
receivers may take nothing but POST there, so corrections go as updates of their own). A batch and single calls link no
entries (R4 3.1.0.11.1), so Devices go first and readings when their place is known. What a receiver cannot take at all
is left out and named.

Rejected: a renderer for each receiver (a reading would be said in four ways).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec

from bridge.consent.disclosure import Disclosure
from bridge.consent.summed import PANEL
from bridge.fhir import filing
from bridge.fhir.bundle import Head, bundle
from bridge.fhir.filing import Filing, Method, Sent
from bridge.fhir.rows import Compiler
from bridge.fhir.stated import USUAL, Stated
from bridge.fhir.summaries import GONE
from bridge.mapping import Mappings, Shape
from bridge.period import Instant
from bridge.reading import Stream

SUBMIT: Final = "$submit-cgm-bundle"
SUBMISSION_PROFILE: Final = "http://hl7.org/fhir/uv/cgm/StructureDefinition/cgm-data-submission-bundle"
DEVICE: Final = "Device"


class Form(StrEnum):
    """How a receiver takes readings."""

    SUBMISSION = "submit-cgm-bundle"
    TRANSACTION = "transaction"
    BATCH = "batch"
    SINGLE = "single"
    DOCUMENT = "document"  # reports alone (`report_letters.py`)
    MESSAGE = "hl7v2"  # written by `bridge/hl7`


UNLINKED: Final = frozenset({Form.BATCH, Form.SINGLE})
"""Forms whose entries cannot refer to each other."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one receiver is spoken to. `conditional`: it creates once by identifier; `updates`: it takes corrections."""

    form: Form = Form.TRANSACTION
    conditional: bool = True
    updates: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What one receiver is told otherwise, under a name that changes with it."""

    name: str = ""
    fhir: Mapping[Stream, Shape] = field(default_factory=dict)
    stated: Stated = USUAL


class Tellings:
    """How each receiver is told, made once; those that are told nothing otherwise are told as everybody is."""

    def __init__(self, mappings: Mappings, usual: Compiler) -> None:
        self._mappings, self._usual = mappings, usual
        self._made: dict[str, Compiler] = {}

    def of(self, told: Told) -> Compiler:
        """The compiler for one receiver."""
        if not told.fhir:
            return self._usual
        if told.name not in self._made:
            usual, said = self._usual, self._mappings.said_to(told.fhir)
            self._made[told.name] = Compiler(said, usual.base, usual.system, usual.notation)
        return self._made[told.name]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: how, where below the FHIR base, under which condition, and what its entries are."""

    method: Method
    path: str
    entries: tuple[Sent, ...]
    once: str = ""  # If-None-Exist
    match: str = ""  # If-Match
    is_bundle: bool = True


Body = TypeVar("Body")

Draft: TypeAlias = "tuple[Ask, bytes | memoryview]"
"""A request and its body."""


class _Request(msgspec.Struct):
    method: Method
    url: str
    ifNoneExist: str = ""  # noqa: N815
    ifMatch: str = ""  # noqa: N815


class _Entry(msgspec.Struct):
    resource: msgspec.Raw
    request: _Request


class _Bundle(msgspec.Struct):
    entry: list[msgspec.Raw] = []


Pair: TypeAlias = "tuple[Sent, msgspec.Raw]"
"""What an entry is, and the entry to the letter."""


@dataclass(frozen=True, slots=True)
class Drafts(Generic[Body]):
    """The requests of one attempt with their bodies. `left`: updates that the receiver takes in no form; `waiting`:
    readings that wait until the Devices, which the requests are of, are there."""

    letters: tuple[tuple[Ask, Body], ...]
    left: tuple[Sent, ...] = ()
    waiting: tuple[Sent, ...] = ()


def drafted(
    compiler: Compiler, disclosure: Disclosure, wanted: Filing, manner: Manner
) -> Drafts[bytes | memoryview]:
    """What is to be sent of a disclosure, as this receiver takes it."""
    head, path = _HEADS.get(manner.form, _HEADS[Form.TRANSACTION])(wanted.at)
    said = replace(wanted, is_once=manner.conditional)
    body, sent = filing.transaction(compiler, disclosure, said, head)
    panels, summed = _summed(disclosure)
    takes_all = manner.form is Form.TRANSACTION and manner.updates and wanted.stated.replaces
    if takes_all or _is_plain(sent, manner.form, panels):
        return Drafts(((Ask("POST", path, sent), body),) if sent else ())
    pairs = list(zip(sent, msgspec.json.decode(body, type=_Bundle).entry, strict=True))
    stays = frozenset[str]() if wanted.stated.replaces else summed
    left = tuple(each for each, _ in pairs if each.method == "PUT" and not _may_go(each, manner, stays))
    there = [pair for pair in pairs if pair[0] not in left]
    first = _first(there, panels) if manner.form in UNLINKED else []
    going = first or there
    drafts = _FORMS[manner.form](compiler, going, wanted, manner)
    now = {each.id for each, _ in first}
    waiting = tuple(each for each, _ in there if each.kind != DEVICE and each.id not in now) if now else ()
    return Drafts(tuple(drafts), left, waiting)


def _is_plain(sent: Sequence[Sent], form: Form, panels: frozenset[str]) -> bool:
    """Whether all goes in one Bundle as it was made: nothing is put over what is there, nothing must be there first."""
    goes_first = form in UNLINKED and any(each.kind == DEVICE or each.id in panels for each in sent)
    return form in _HEADS and not goes_first and all(each.method == "POST" for each in sent)


def _summed(disclosure: Disclosure) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of panels, and of all Observations of summaries."""
    every = [one for each in disclosure.summaries for one in each.ids]
    return frozenset(id_ for part, id_ in every if part == PANEL), frozenset(id_ for _, id_ in every)


def _may_go(sent: Sent, manner: Manner, stays: frozenset[str]) -> bool:
    """Whether an update goes there; what is entered in error goes wherever updates do."""
    return manner.updates and (sent.id not in stays or sent.version.endswith(GONE))


def _first(pairs: Sequence[Pair], panels: frozenset[str]) -> list[Pair]:
    """What must be there before the rest: Devices, and what a new panel names."""
    devices = [pair for pair in pairs if pair[0].kind == DEVICE]
    news = [sent for sent, _ in pairs if sent.method == "POST" and sent.kind != DEVICE]
    is_named = any(sent.id in panels for sent in news) and any(sent.id not in panels for sent in news)
    return devices or ([pair for pair in pairs if pair[0].id not in panels] if is_named else [])


def _bundled(compiler: Compiler, pairs: Sequence[Pair], wanted: Filing, manner: Manner) -> Iterator[Draft]:
    if pairs:
        yield _together(compiler, pairs, *_HEADS[manner.form](wanted.at))


def _submission(compiler: Compiler, pairs: Sequence[Pair], wanted: Filing, manner: Manner) -> Iterator[Draft]:
    new = [pair for pair in pairs if pair[0].method == "POST"]
    if new:
        yield _together(compiler, new, *_HEADS[Form.SUBMISSION](wanted.at))
    yield from _singly(compiler, [pair for pair in pairs if pair[0].method == "PUT"], wanted, manner)


def _singly(compiler: Compiler, pairs: Sequence[Pair], wanted: Filing, manner: Manner) -> Iterator[Draft]:
    for sent, raw in pairs:
        entry = msgspec.json.decode(raw, type=_Entry)
        asked = entry.request
        yield (
            Ask(asked.method, asked.url, (sent,), asked.ifNoneExist, asked.ifMatch, False),
            bytes(entry.resource),
        )


_HEADS: Final[Mapping[Form, Callable[[Instant], tuple[Head, str]]]] = {
    Form.TRANSACTION: lambda at: (Head("transaction", timestamp=at), ""),
    Form.BATCH: lambda at: (Head("batch", timestamp=at), ""),
    Form.SUBMISSION: lambda at: (Head("transaction", timestamp=at, profile=SUBMISSION_PROFILE), SUBMIT),
}
"""Forms that are one Bundle: how it begins, and where below the FHIR base it goes."""
_FORMS: Final = {
    Form.TRANSACTION: _bundled,
    Form.BATCH: _bundled,
    Form.SUBMISSION: _submission,
    Form.SINGLE: _singly,
    Form.DOCUMENT: _singly,
}


def _together(compiler: Compiler, pairs: Sequence[Pair], head: Head, path: str) -> Draft:
    parts = [b"," + bytes(raw) for _, raw in pairs]
    return Ask("POST", path, tuple(sent for sent, _ in pairs)), bundle(compiler.notation, head, parts)
