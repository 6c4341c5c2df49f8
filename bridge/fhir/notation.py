"""What both ways of writing FHIR have in common: the names of their functions (R4 2.6.1 XML, 2.6.2 JSON).

Law: a notation knows trees and bytes, never a reading. Both are made from the same trees, so what one says the
other says; `render_json.py` and `render_xml.py` each make one of these, nobody else does.

Rejected: turning JSON into XML afterwards (a second pass over every page, and decimals would be read in between).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bridge.fhir.template import Template
from bridge.fhir.tree import Slot, Tree


@dataclass(frozen=True, slots=True)
class Notation:
    """JSON or XML. `media_type`: what HTTP calls it. `encode`: a resource without slots. `compiled`: a tree with
    slots as a template: a resource alone, or an `entry` of a Bundle. `quoted`: a text as it stands in a slot that
    closes its string. `entry`: one entry; entries begin with `comma`. `begun`: a Bundle up to its first entry,
    `ended` what stands after the last. `answered`: an entry of a batch response, of its `response` and a
    resource that is bytes already; with True that is the outcome of a failure."""

    media_type: str
    encode: Callable[[Tree], bytes]
    compiled: Callable[[Tree, bool], Template]
    quoted: Callable[[str], bytes]
    entry: Callable[[Tree], bytes]
    comma: bytes
    begun: Callable[[Tree], bytes]
    ended: bytes
    answered: Callable[[Tree, bytes, bool], bytes]


def constants(pieces: Iterable[bytes | Slot]) -> Iterator[bytes]:
    """The pieces of a tree that is written at once. ValueError where one is a slot."""
    for piece in pieces:
        if isinstance(piece, Slot):
            raise ValueError("a slot in a tree that is encoded at once")
        yield piece
