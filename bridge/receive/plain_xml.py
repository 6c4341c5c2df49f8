"""FHIR XML as the JSON tree that says the same (R4 2.6.1, 2.6.2): what repeats, and what is a number, the models tell.

Law: no entities, no DOCTYPE (R4 2.6.1.1), no network, libxml2's limits of size and depth. A name that the model
does not have becomes a member all the same, so that the model refuses it; nothing is dropped in silence but
comments and the text of a narrative, which stays in one piece. A number is made of its text alone.

Rejected: fhir.resources' own XML reader (its default parser follows entities and warns where it should refuse).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from fhir.resources.R4B import get_fhir_model_class
from lxml.etree import XMLParser, XMLSyntaxError, _Element, fromstring

from bridge.receive.node import Node, decimal

FHIR: Final = "{http://hl7.org/fhir}"
_TYPE: Final = re.compile(r"abc\.(\w+)Type\b")
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DEEPEST: Final = 40
_LONGEST: Final = 64


class NoXml(Exception):
    """The bytes are no XML that is read here."""


def plain(body: bytes) -> Node:
    """The resource as a tree. NoXml where it is none."""
    parser = XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = fromstring(body, parser)
    except (XMLSyntaxError, ValueError):
        raise NoXml from None
    if root.getroottree().docinfo.internalDTD is not None or not str(root.tag).startswith(FHIR):
        raise NoXml
    return _resource(root, _DEEPEST)


def _resource(element: _Element, left: int) -> Node:
    kind = _local(element)
    return {"resourceType": kind, **_members(element, kind, left)}


def _members(element: _Element, kind: str, left: int) -> Node:
    """The members of an element of that type."""
    if left == 0:
        raise NoXml
    found: Node = {"id": element.get("id")} if element.get("id") else {}
    if element.get("url") and kind == "Extension":
        found["url"] = element.get("url")
    known = elements(kind)
    for child in element:
        name = _local(child)
        what, repeats = known.get(name, ("", False))
        if name == "div":
            found[name] = "".join(map(str, child.itertext()))
        elif what in ("", "string", "number", "boolean"):
            _add(found, name, _scalar(child, what), repeats)
            more = _extended(child, left)
            if more:
                _add(found, f"_{name}", more, repeats)
        elif what == "Resource":
            for each in child:
                _add(found, name, _resource(each, left - 1), repeats)
        else:
            _add(found, name, _members(child, what, left - 1), repeats)
    return found


def _extended(child: _Element, left: int) -> Node:
    """What a primitive element has beside its value."""
    return _members(child, "Element", left - 1) if len(child) or child.get("id") else {}


def _add(found: Node, name: str, value: object, repeats: bool) -> None:
    """Put a member, or one more of a list; a second one where one belongs makes a list, which the model refuses."""
    before = found.get(name)
    if isinstance(before, list):
        before.append(value)
    elif name in found:
        found[name] = [before, value]
    else:
        found[name] = [value] if repeats else value


def _scalar(child: _Element, what: str) -> object:
    written = child.get("value", "")
    if what == "boolean" and written in ("true", "false"):
        return written == "true"
    if what == "number" and _WHOLE.fullmatch(written):
        return int(written) if len(written) <= _LONGEST else decimal(written)
    if what == "number" and _DECIMAL.fullmatch(written):
        return decimal(written)
    return written


def _local(element: _Element) -> str:
    tag = str(element.tag)
    return tag.removeprefix(FHIR) if tag.startswith(FHIR) else tag.rpartition("}")[2]


@lru_cache(maxsize=512)
def elements(kind: str) -> dict[str, tuple[str, bool]]:
    """name -> (type or form, whether it repeats) of a type's elements; empty for a type that is none of R4's."""
    try:
        model = get_fhir_model_class(kind)
    except (KeyError, LookupError, ValueError):
        return {}
    found = {}
    for name, field in model.model_fields.items():
        told = str(field.annotation)
        complex_ = _TYPE.search(told)
        form = complex_[1] if complex_ else _form(told)
        found[field.alias or name] = (form, "List[" in told)
    return found


def _form(told: str) -> str:
    if "bool" in told:
        return "boolean"
    return "number" if "decimal.Decimal" in told or re.search(r"\bint\b", told) else "string"
