"""A submission as it was sent: the Bundle, its entries in their order, or why the whole call is none.

Law: HL7 CGM IG 1.0.0, cgm-data-submission-bundle: type transaction, a timestamp, at least one entry. Bytes, entries
and levels are limited before anything is looked at; sentences name the place and never what stood there. What is
wrong with one entry is that entry's affair (`entry.py`): the rest is taken (IG, operation: partial acceptance),
a number with which nothing can be reckoned (`node.py`) as well; it is refused before anything is asked of it.

Rejected: fhir.resources over the whole Bundle (one bad entry would refuse every good one).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from bridge.fhir.outcome import Problem, problem
from bridge.receive.node import DEEPEST, HIGHEST, MOST_DIGITS, NONE, Node, decimal, is_beyond, node, text
from bridge.receive.plain_xml import NoXml, elements, plain

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_ENTRIES: Final = 5000
JSON: Final = "application/fhir+json"
XML: Final = "application/fhir+xml"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_JSON: Final[msgspec.json.Decoder[dict[str, object]]] = msgspec.json.Decoder(
    dict[str, object], float_hook=decimal
)

NOT_JSON: Final = Problem(400, "structure", "The body is no resource in JSON.")
NOT_XML: Final = Problem(400, "structure", "The body is no resource in XML, or it has a DOCTYPE.")
NO_BUNDLE: Final = Problem(400, "structure", "A submission is a Bundle.")
NO_TRANSACTION: Final = Problem(
    400, "value", "A submission is a Bundle of type transaction.", ("Bundle.type",)
)
NO_TIMESTAMP: Final = Problem(
    400, "required", "A submission says when it was made, with date, time and offset.", ("Bundle.timestamp",)
)
NO_ENTRIES: Final = Problem(400, "required", "A submission has at least one entry.", ("Bundle.entry",))
UNRECKONABLE: Final = (
    f"has a number of more than {MOST_DIGITS} digits or with an exponent beyond {HIGHEST}: write it shorter"
)
TOO_MANY: Final = problem(
    413, f"A submission has at most {MOST_ENTRIES} entries: send several.", "Bundle.entry"
)


class Unfit(Exception):
    """The whole call is no submission; `problem` is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its place, as 0 counts, its fullUrl ('' none), request and resource (empty: none)."""

    at: int
    full_url: str
    request: Node
    resource: Node

    @property
    def place(self) -> str:
        """Where it stands, for a sentence."""
        return f"Bundle.entry[{self.at}]"

    @property
    def type(self) -> str:
        """The type of its resource, '' where there is none."""
        return text(self.resource, "resourceType")


@dataclass(frozen=True, slots=True)
class Submission:
    """The entries of a submission, and which of them a fullUrl names; one that stands twice names none."""

    entries: tuple[Entry, ...]
    named: Mapping[str, Entry]


def parsed(body: bytes, media_type: str) -> Node:
    """The resource in a body. Unfit where it is none of that notation, or has a number beyond all reckoning; one in an
    entry of a Bundle is that entry's affair."""
    found = READERS[media_type](body)
    is_bundle = text(found, "resourceType") == "Bundle"
    own = {name: each for name, each in found.items() if name != "entry"} if is_bundle else found
    kind = text(own, "resourceType")
    refused = unreckonable(own, kind if elements(kind) else "The body")
    if refused is not None:
        raise Unfit(refused)
    return found


def unreckonable(resource: Node, place: str) -> Problem | None:
    """Why a resource with a number beyond all reckoning is refused, and where it stands; None where it has none."""
    if not is_beyond(resource):
        return None
    where = f"{place}{_beyond(resource)}"
    return Problem(400, "value", f"{where} {UNRECKONABLE}.", (where,))


def _beyond(value: Node) -> str:
    """The way to the first such number, as far as the names are R4's: another name is the sender's text."""
    kind, way = text(value, "resourceType"), ""
    for _ in range(DEEPEST):
        name, each = next((name, each) for name, each in value.items() if is_beyond(each))
        if name not in elements(kind):
            return way
        way = f"{way}.{name}"
        if isinstance(each, list):
            at = next(at for at, one in enumerate(each) if is_beyond(one))
            way, each = f"{way}[{at}]", each[at]
        if not isinstance(each, dict):
            return way
        what, _ = elements(kind)[name]
        kind, value = text(each, "resourceType") if what == "Resource" else what, each
    return way


def submission(found: Node) -> Submission:
    """The Bundle as a submission. Unfit where it is none."""
    if text(found, "resourceType") != "Bundle":
        raise Unfit(NO_BUNDLE)
    if text(found, "type") != "transaction":
        raise Unfit(NO_TRANSACTION)
    if not _INSTANT.fullmatch(text(found, "timestamp")):
        raise Unfit(NO_TIMESTAMP)
    raw = found.get("entry")
    if not isinstance(raw, list) or not raw:
        raise Unfit(NO_ENTRIES)
    if len(raw) > MOST_ENTRIES:
        raise Unfit(TOO_MANY)
    entries = tuple(_entry(at, each) for at, each in enumerate(raw))
    return Submission(entries, _named(entries))


def _entry(at: int, raw: object) -> Entry:
    each: Node = raw if isinstance(raw, dict) else NONE
    return Entry(at, text(each, "fullUrl"), node(each, "request"), node(each, "resource"))


def _named(entries: tuple[Entry, ...]) -> Mapping[str, Entry]:
    found: dict[str, Entry] = {}
    twice = set()
    for each in entries:
        if each.full_url in found:
            twice.add(each.full_url)
        if each.full_url:
            found[each.full_url] = each
    return {url: each for url, each in found.items() if url not in twice}


def _of_json(body: bytes) -> Node:
    try:
        return _JSON.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError, ArithmeticError):
        raise Unfit(NOT_JSON) from None


def _of_xml(body: bytes) -> Node:
    try:
        return plain(body)
    except NoXml:
        raise Unfit(NOT_XML) from None


READERS: Final[Mapping[str, Callable[[bytes], Node]]] = {JSON: _of_json, XML: _of_xml}
