"""The parameters of an operation as they were sent: in the URL, as a form, or as Parameters (R4 3.2.0.1.1).

Law: all three come to the same pairs of name and text, so one reader judges them; what is no primitive and no
reference (a resource, a part, a choice of two values) is refused, because a filter that is not understood must not
be left away. JSON and XML are read within the limits of a batch: no DOCTYPE, no entity, no network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lxml.etree import XMLParser, XMLSyntaxError, _Element, fromstring

from bridge.fhir.outcome import NOT_READABLE, Problem
from bridge.fhir.render import JSON, XML
from bridge.web.call import FORM, FORM_BYTES, MOST_FIELDS, TOO_MANY, Call, Pairs, Refused
from bridge.web.negotiate import sent_as

NO_PARAMETERS: Final = Problem(400, "structure", "The body is no Parameters resource.", ("Parameters",))
NO_PRIMITIVE: Final = Problem(
    400, "value", "A parameter has a name and one primitive value.", ("Parameters.parameter",)
)
_ILLEGIBLE: Final = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs are no text (RFC 8259 8.2)."""
_FHIR: Final = "{http://hl7.org/fhir}"


async def told(call: Call) -> Pairs:
    """Every parameter of the call, those of the URL first."""
    if call.method != "POST":
        return call.pairs()
    kind = call.media_type()
    if kind in (FORM, ""):
        return call.pairs() + await call.form()
    written = sent_as(kind)
    if written is None:
        raise Refused(NOT_READABLE)
    found = tuple(_READ[written.media_type](await call.body(FORM_BYTES)))
    if len(found) > MOST_FIELDS:
        raise Refused(TOO_MANY)
    return call.pairs() + found


def _of_json(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        resource = json.loads(body, parse_float=str)
    except (ValueError, RecursionError):
        raise Refused(NO_PARAMETERS) from None
    if not isinstance(resource, dict) or resource.get("resourceType") != "Parameters":
        raise Refused(NO_PARAMETERS)
    parameters = resource.get("parameter", [])
    if not isinstance(parameters, list) or not all(isinstance(each, dict) for each in parameters):
        raise Refused(NO_PARAMETERS)
    for each in parameters:
        yield _pair(each.get("name"), {name: value for name, value in each.items() if name not in _ASIDE})


def _of_xml(body: bytes) -> Iterator[tuple[str, str]]:
    parser = XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = fromstring(body, parser)
    except (XMLSyntaxError, ValueError):
        raise Refused(NO_PARAMETERS) from None
    if root.tag != f"{_FHIR}Parameters" or root.getroottree().docinfo.internalDTD is not None:
        raise Refused(NO_PARAMETERS)
    for each in root.findall(f"{_FHIR}parameter"):
        said = {str(child.tag).removeprefix(_FHIR): _value(child) for child in each}
        yield _pair(said.pop("name", None), said)


def _value(child: _Element) -> object:
    """A primitive's value, or a Reference in the shape of JSON."""
    reference = child.find(f"{_FHIR}reference")
    return child.get("value") if reference is None else {"reference": reference.get("value")}


def _pair(name: object, said: Mapping[str, object]) -> tuple[str, str]:
    if not isinstance(name, str) or not name or len(said) != 1:
        raise Refused(NO_PRIMITIVE)
    ((kind, value),) = said.items()
    if kind == "valueReference" and isinstance(value, dict):
        value = value.get("reference")
    if not kind.startswith("value") or not isinstance(value, str | int):
        raise Refused(NO_PRIMITIVE)
    if _ILLEGIBLE.search(f"{name}{value}"):
        raise Refused(NO_PRIMITIVE)
    return name, str(value).lower() if isinstance(value, bool) else str(value)


_ASIDE: Final = frozenset({"name", "id"})
_READ: Final[Mapping[str, Callable[[bytes], Iterator[tuple[str, str]]]]] = {
    JSON.media_type: _of_json,
    XML.media_type: _of_xml,
}
