"""FHIR XML and JSON as the same plain list, so that both can be held against each other.

Law: shares no code with bridge/fhir. A leaf is the path of element names and its text, in the order of the
document; numbers stay the text that was written. XML is parsed by lxml without entities; what stands in no `value`
attribute and is no white space is a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

FHIR = "{http://hl7.org/fhir}"
Leaf: TypeAlias = "tuple[tuple[str, ...], str]"


def of_xml(body: bytes | memoryview) -> list[Leaf]:
    """Every value of an XML document."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(bytes(body), parser)
    return list(_resource(root, ()))


def of_json(body: bytes | memoryview) -> list[Leaf]:
    """Every value of a JSON document."""
    tree = json.loads(bytes(body), parse_float=str, parse_int=str)
    return list(_node(tree, ()))


def _resource(element: Any, path: tuple[str, ...]) -> Iterator[Leaf]:
    yield (*path, "resourceType"), _name(element)
    yield from _children(element, path)


def _children(element: Any, path: tuple[str, ...]) -> Iterator[Leaf]:
    assert not (element.text or "").strip() and not (element.tail or "").strip()
    for child in element:
        here = (*path, _name(child))
        assert set(child.attrib) <= {"value", "url"}, child.attrib
        for name in ("url", "value"):
            if name in child.attrib:
                yield ((*here, "url") if name == "url" else here), child.get(name)
        inner = list(child)
        if len(inner) == 1 and _name(inner[0])[0].isupper():
            yield from _resource(inner[0], here)
        else:
            yield from _children(child, here)


def _name(element: Any) -> str:
    tag = str(element.tag)
    assert tag.startswith(FHIR), tag
    return tag.removeprefix(FHIR)


def _node(node: Any, path: tuple[str, ...]) -> Iterator[Leaf]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _node(value, (*path, name))
    elif isinstance(node, list):
        for each in node:
            yield from _node(each, path)
    else:
        yield path, str(node).lower() if isinstance(node, bool) else node
