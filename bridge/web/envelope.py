"""A batch as it was sent, in JSON or XML: which entries, and what each one asks (R4 3.1.0.11).

Law: only what is needed is read, into closed types; entries, their number and their length are limited
before anything is done. A transaction is refused whole: it promises all or nothing, and the bridge takes no
writes here (`interface.md`, HTTP). Sentences name the place (`Bundle.entry[3].request`) and never repeat
what was sent. XML is read without entities, without a DOCTYPE (R4 2.6.1.1), without the network and within
libxml2's limits of size and depth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from lxml.etree import XMLParser, XMLSyntaxError, _Element, fromstring

from bridge.fhir.outcome import Problem, problem
from bridge.web.call import Refused

MOST_ENTRIES: Final = 100
MOST_URL: Final = 8192


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one entry asks."""

    method: str
    url: str
    if_none_match: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The entries of a batch in their order; None where one has no request."""

    requests: tuple[Conditions | None, ...]


TRANSACTION: Final = problem(
    400,
    "Transactions are not offered here: send a batch, in which each entry is judged alone.",
    "Bundle.type",
)
NOT_JSON: Final = Problem(400, "structure", "The body is no Bundle in JSON.")
NOT_XML: Final = Problem(400, "structure", "The body is no Bundle in XML, or it has a DOCTYPE.")
NO_BUNDLE: Final = Problem(400, "structure", "Only a Bundle is accepted at the base address.")
NO_BATCH: Final = Problem(400, "value", "Only a Bundle of type batch is accepted here.", ("Bundle.type",))
NO_ENTRIES: Final = Problem(400, "structure", "The entries are no list of objects.", ("Bundle.entry",))
TOO_MANY: Final = problem(413, f"A batch has at most {MOST_ENTRIES} entries: send several.", "Bundle.entry")
_MEMBERS: Final = ("method", "url", "ifNoneMatch")
_FHIR: Final = "{http://hl7.org/fhir}"


def of_json(body: bytes) -> Envelope:
    """The batch; Refused where it is none."""
    try:
        bundle = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(NOT_JSON) from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Refused(NO_BUNDLE)
    entries = bundle.get("entry", [])
    is_list = isinstance(entries, list) and all(isinstance(each, dict) for each in entries)
    _judge(bundle.get("type"), len(entries) if is_list else None)
    return Envelope(tuple(_conditions(each.get("request"), at) for at, each in enumerate(entries)))


def of_xml(body: bytes) -> Envelope:
    """The batch; Refused where it is none."""
    parser = XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        bundle = fromstring(body, parser)
    except (XMLSyntaxError, ValueError):
        raise Refused(NOT_XML) from None
    if bundle.getroottree().docinfo.internalDTD is not None:
        raise Refused(NOT_XML)
    if bundle.tag != f"{_FHIR}Bundle":
        raise Refused(NO_BUNDLE)
    entries = bundle.findall(f"{_FHIR}entry")
    _judge(_attribute(bundle, "type"), len(entries))
    requests = (each.find(f"{_FHIR}request") for each in entries)
    return Envelope(tuple(None if each is None else _of_request(each) for each in requests))


def _of_request(request: _Element) -> Conditions:
    return Conditions(*(_attribute(request, name) for name in _MEMBERS))


def _attribute(parent: _Element, name: str) -> str:
    """The value of a child; '' where there is none."""
    child = parent.find(f"{_FHIR}{name}")
    return "" if child is None else child.get("value", "")


def _judge(kind: object, entries: int | None) -> None:
    """Refused where this is no batch of so many entries (None: they are no list)."""
    if kind != "batch":
        raise Refused(TRANSACTION if kind == "transaction" else NO_BATCH)
    if entries is None:
        raise Refused(NO_ENTRIES)
    if entries > MOST_ENTRIES:
        raise Refused(TOO_MANY)


def _conditions(request: object, at: int) -> Conditions | None:
    if not isinstance(request, dict):
        return None
    told = [request.get(name, "") for name in _MEMBERS]
    if not all(isinstance(each, str) for each in told):
        place = f"Bundle.entry[{at}].request"
        raise Refused(Problem(400, "structure", f"{place} has a member that is no text.", (place,)))
    return Conditions(*told)
