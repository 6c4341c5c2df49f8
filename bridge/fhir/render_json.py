"""Trees as JSON bytes (R4 2.6.2), with the places where cells go.

Law: every constant passes a JSON encoder; whitespace stands only between tokens. This is the only
place beside `render.py` where JSON is made; `render_xml.py` has the same functions.

Rejected: one encoder call over the whole tree with markers in it (a hostile text could be a marker).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bridge.fhir.notation import Notation, constants
from bridge.fhir.template import Template, of_pieces
from bridge.fhir.tree import Node, Number, Slot, Text, Tree, is_absent, legible

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(tree: Tree) -> bytes:
    """A tree without slots as JSON. ValueError where it has a slot."""
    return b"".join(constants(_pieces(tree)))


def compile_template(tree: Tree, is_entry: bool = False) -> Template:
    """A tree with slots as a template; an entry begins with a comma."""
    return of_pieces(_pieces(tree), b"," if is_entry else b"")


def quoted(text: str) -> bytes:
    """A text with its closing quote, as it stands behind an opening one."""
    return _quoted(text)[1:]


def entry(tree: Tree) -> bytes:
    """One entry, with the comma that all but the first need."""
    return b"," + encode(tree)


def begun(bundle: Tree) -> bytes:
    """A Bundle up to its first entry."""
    return encode(bundle)[:-1] + b',"entry":['


def answered(response: Tree, body: bytes, is_outcome: bool) -> bytes:
    """An entry of a batch response: the resource that is bytes already is set between encoded parts."""
    told = encode(response)
    if is_outcome:
        return b',{"response":' + told[:-1] + b',"outcome":' + body + b"}}"
    resource = b'"resource":' + body + b"," if body else b""
    return b",{" + resource + b'"response":' + told + b"}"


def _pieces(node: Node) -> Iterator[bytes | Slot]:
    if isinstance(node, Slot):
        yield node
    elif isinstance(node, Text):
        yield from _text(node)
    elif isinstance(node, str):
        yield _quoted(node)
    elif isinstance(node, Number):
        yield node.text.encode("ascii")
    elif node is None or isinstance(node, bool | int):
        yield _ENCODER.encode(node).encode("ascii")
    elif isinstance(node, Mapping):
        yield from _members(node)
    else:
        for index, item in enumerate(each for each in node if not is_absent(each)):
            yield b"," if index else b"["
            yield from _pieces(item)
        yield b"]"


def _members(node: Mapping[str, Node]) -> Iterator[bytes | Slot]:
    present = [(name, value) for name, value in node.items() if not is_absent(value)]
    for index, (name, value) in enumerate(present):
        yield (b"," if index else b"{") + _quoted(name) + b":"
        yield from _pieces(value)
    yield b"}"


def _text(node: Text) -> Iterator[bytes | Slot]:
    yield b'"'
    for part in node.parts:
        yield part if isinstance(part, Slot) else _quoted(part)[1:-1]
    last = node.parts[-1]
    if not (isinstance(last, Slot) and last.closes):
        yield b'"'


def _quoted(text: str) -> bytes:
    return _ENCODER.encode(legible(text)).encode("utf-8")


def compile_line(tree: Tree, is_entry: bool = False) -> Template:
    """A tree with slots as a template of lines."""
    return of_pieces(_pieces(tree), b"\n" if is_entry else b"")


def line(tree: Tree) -> bytes:
    """One resource as a line, with the break that all but the first need."""
    return b"\n" + encode(tree)


JSON: Final = Notation(
    media_type="application/fhir+json",
    encode=encode,
    compiled=compile_template,
    quoted=quoted,
    entry=entry,
    comma=b",",
    begun=begun,
    ended=b"]}",
    answered=answered,
)
NDJSON: Final = replace(
    JSON,
    media_type="application/fhir+ndjson",
    compiled=compile_line,
    entry=line,
    comma=b"\n",
    ended=b"\n",
)
"""The same, a resource a line (FHIR Bulk Data Access STU2, Bulk Data Output File Request)."""
