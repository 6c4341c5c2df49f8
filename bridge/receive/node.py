"""A JSON tree that others sent, asked without trust.

Law: what is not of the asked form is absent, never a fault: whether a resource is well formed is said by the R4B
models (`resources.py`), once. A number is an int or the Decimal that was written (R4 2.24.0.1, decimal: precision
matters), never a float. R4 has decimals of up to 18 digits; a number far beyond that costs whoever reckons with it
seconds or minutes (Python makes `1e6000000` an int of as many digits), so it is known as one (`is_beyond`) and refused
before anybody does.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias, cast

Node: TypeAlias = "dict[str, object]"
NONE: Final[Node] = {}
DEEPEST: Final = 32
"""Levels inside one resource; the deepest that the CGM IG's profiles lead to are six."""
MOST_DIGITS: Final = 40
HIGHEST: Final = 30
"""The exponent of ten of a number, up and down."""
BEYOND: Final = Decimal("1e999")
"""Stands for every number that is longer."""
_LONGEST: Final = 2 * MOST_DIGITS
_TOP: Final = 10 ** (HIGHEST + 1)


def text(node: Node, name: str) -> str:
    """A text member, '' where there is none."""
    found = node.get(name)
    return found if isinstance(found, str) else ""


def node(node: Node, name: str) -> Node:
    """An object member, empty where there is none."""
    found = node.get(name)
    return cast("Node", found) if isinstance(found, dict) else NONE


def nodes(node: Node, name: str) -> list[Node]:
    """The objects of an array member."""
    found = node.get(name)
    return [cast("Node", each) for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def texts(node: Node, name: str) -> list[str]:
    """The texts of an array member."""
    found = node.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def number(node: Node, name: str) -> int | Decimal | None:
    """A number as it was written."""
    found = node.get(name)
    return found if isinstance(found, int | Decimal) and not isinstance(found, bool) else None


def decimal(written: str) -> Decimal:
    """A number as it is written; BEYOND where it is longer than any that means something."""
    try:
        return Decimal(written) if len(written) <= _LONGEST else BEYOND
    except InvalidOperation:
        return BEYOND


def is_beyond(value: object) -> bool:
    """Whether a tree has a number anywhere with which nothing can be reckoned."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, Decimal):
            if not -HIGHEST <= each.adjusted() <= HIGHEST or len(each.as_tuple().digits) > MOST_DIGITS:
                return True
        elif isinstance(each, int) and not -_TOP < each < _TOP:
            return True
    return False


def is_too_deep(value: object, left: int = DEEPEST) -> bool:
    """Whether a tree has more levels than a resource needs."""
    if not isinstance(value, dict | list):
        return False
    below = value.values() if isinstance(value, dict) else value
    return left == 0 or any(is_too_deep(each, left - 1) for each in below)


def says(value: object, name: str) -> bool:
    """Whether a tree has that name anywhere, with something behind it."""
    if isinstance(value, dict):
        return bool(value.get(name)) or any(says(each, name) for each in value.values())
    return isinstance(value, list) and any(says(each, name) for each in value)


def codings(concept: Node) -> frozenset[tuple[str, str]]:
    """(system, code) of a CodeableConcept."""
    return frozenset((text(each, "system"), text(each, "code")) for each in nodes(concept, "coding"))


def pair(identifier: Node) -> tuple[str, str] | None:
    """(system, value) of an Identifier; None where one of them is missing."""
    found = text(identifier, "system"), text(identifier, "value")
    return found if all(found) else None
