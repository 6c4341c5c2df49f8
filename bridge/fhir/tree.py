"""What a resource looks like before it is bytes: a tree of constants with a few slots for cells.

Law: a tree is a value; nothing here knows JSON, XML, a reading or a person. Elements stand in the order of R4,
because XML has one. A slot has a fixed width and takes only cells that `cells.py` made: numbers, times, hex
ids, and what a person wrote only as the notation has quoted it. Any other text is a constant of the tree and is
escaped by the encoder, once, when the tree becomes a template. Absent elements are None, "" or empty, and
are left out (R4 2.6.2: an element has a value or is absent, never empty).

Rejected: format strings with holes (they let text of strangers stand beside syntax).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

ID_WIDTH: Final = 36
"""Characters of a logical id: hex groups 8-4-4-4-12."""


_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of `width` bytes that each row fills. As a node by itself it is a number, left-aligned
    with blanks behind (in XML its cells hold the closing quote too and are one byte wider). In a Text it is
    exactly that wide, unless `closes`: then it is the last part and its cells hold the closing quote with
    blanks behind."""

    name: str
    width: int
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A string of constant parts and slots, in order."""

    parts: tuple[str | Slot, ...]

    def __post_init__(self) -> None:
        if any(isinstance(part, Slot) and part.closes for part in self.parts[:-1]):
            raise ValueError("a slot that closes its string is the last part of it")


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal, as it is to be written: 65.10 stays 65.10 (R4 2.24.0.1: precision is significant)."""

    text: str

    def __post_init__(self) -> None:
        if _DECIMAL.fullmatch(self.text) is None:
            raise ValueError(f"{self.text!r} is no decimal")

    def __str__(self) -> str:
        return self.text


Node: TypeAlias = "bool | int | str | Number | Slot | Text | Sequence[Node] | Mapping[str, Node] | None"
"""One element: a constant, a slot, a list or an object in the order of the resource."""

Tree: TypeAlias = "dict[str, Node]"
"""A resource or an object inside one."""

ID: Final = Slot("id", ID_WIDTH)

_ILLEGIBLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legible(text: str) -> str:
    """The text with what no FHIR string may hold (R4 2.24.0.1: control characters; halves of surrogate
    pairs) shown as U+FFFD."""
    return _ILLEGIBLE.sub("\ufffd", text)


def is_absent(node: Node) -> bool:
    """Whether an element of this value is left out."""
    if isinstance(node, bool | int | Number | Slot | Text):
        return False
    if isinstance(node, Mapping):
        return all(is_absent(each) for each in node.values())
    return not node if isinstance(node, str) or node is None else all(is_absent(each) for each in node)


def coding(system: str, code: str, display: str | None = None) -> Tree:
    """A Coding."""
    return {"system": system, "code": code, "display": display}


def concept(*codings: Tree, text: str | None = None) -> Tree:
    """A CodeableConcept."""
    return {"coding": codings, "text": text}


def reference(kind: str, target: str | Slot) -> Tree:
    """A literal relative Reference."""
    return {"reference": Text((f"{kind}/", target))}


def selected(resource: Tree, elements: frozenset[str] | None, mandatory: frozenset[str]) -> Tree:
    """The resource with only the asked top-level elements (R4 3.1.1.5.9: `_elements`), the mandatory
    ones, and the tag SUBSETTED. All of it where `elements` is None."""
    if elements is None:
        return resource
    kept = elements | mandatory | {"resourceType", "id", "meta"}
    chosen = {name: node for name, node in resource.items() if name in kept}
    meta = chosen.get("meta")
    tagged = dict(meta) if isinstance(meta, Mapping) else {}
    tags = tagged.get("tag")
    known = tuple(tags) if isinstance(tags, Sequence) and not isinstance(tags, str) else ()
    tagged["tag"] = (*known, SUBSETTED)
    chosen["meta"] = tagged
    return chosen


SUBSETTED: Final = coding("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED")
"""R4 2.1.4: says that the resource is incomplete, so that nobody writes it back."""
