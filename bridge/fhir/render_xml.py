"""Trees as XML bytes (R4 2.6.1), with the places where cells go: the same functions as `render_json.py`.

Law: every value stands in an attribute `value` and every constant is escaped; the namespace is that of FHIR and
nothing else is declared: no DOCTYPE, no entity, no declaration (UTF-8 is the only encoding, R4 2.6.1). Elements
come in the order of the tree, which is that of R4. A slot at the end of a value holds its closing quote, so that
the blanks behind it stand between attributes and mean nothing (XML 1.0, 3.1).

Rejected: an XML library for each page (a hundred times the time); it parses what we make in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from bridge.fhir.notation import Notation, constants
from bridge.fhir.template import Template, of_pieces
from bridge.fhir.tree import Node, Number, Slot, Text, Tree, is_absent, legible

NAMESPACE: Final = b'xmlns="http://hl7.org/fhir"'

_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
"""White space too: a parser turns it into blanks inside an attribute (XML 1.0, 3.3.3)."""
_URL_IS_ATTRIBUTE: Final = frozenset({"extension", "modifierExtension"})


def encode(tree: Tree) -> bytes:
    """A tree without slots as an XML document. ValueError where it has a slot."""
    return b"".join(constants(_resource(tree, NAMESPACE)))


def compile_template(tree: Tree, is_entry: bool = False) -> Template:
    """A tree with slots as a template."""
    return of_pieces(_element("entry", tree) if is_entry else _resource(tree, NAMESPACE))


def quoted(text: str) -> bytes:
    """A text with its closing quote, as it stands behind an opening one."""
    return _escaped(text) + b'"'


def entry(tree: Tree) -> bytes:
    """One entry."""
    return b"".join(constants(_element("entry", tree)))


def begun(bundle: Tree) -> bytes:
    """A Bundle up to its first entry."""
    return encode(bundle).removesuffix(_END)


def answered(response: Tree, body: bytes, is_outcome: bool) -> bytes:
    """An entry of a batch response: the resource that is bytes already is set between encoded parts."""
    told = b"".join(constants(_element("response", response)))
    if is_outcome:
        told = told.removesuffix(b"</response>") + b"<outcome>" + body + b"</outcome></response>"
        return b"<entry>" + told + b"</entry>"
    resource = b"<resource>" + body + b"</resource>" if body else b""
    return b"<entry>" + resource + told + b"</entry>"


def _resource(tree: Mapping[str, Node], attributes: bytes = b"") -> Iterator[bytes | Slot]:
    name = str(tree["resourceType"]).encode("ascii")
    yield b"<" + name + (b" " + attributes if attributes else b"") + b">"
    yield from _children({child: node for child, node in tree.items() if child != "resourceType"})
    yield b"</" + name + b">"


def _children(node: Mapping[str, Node]) -> Iterator[bytes | Slot]:
    """The elements inside one; what JSON says of a primitive beside its value (`_name`) stands inside its own (R4
    2.6.2.3)."""
    for child, each in node.items():
        beside = node.get(f"_{child}")
        if child.startswith("_"):
            continue
        if isinstance(beside, Mapping) and isinstance(each, str) and not is_absent(beside):
            tag = child.encode("ascii")
            yield b"<" + tag + b' value="'
            yield quoted(each)
            yield b">"
            yield from _children(beside)
            yield b"</" + tag + b">"
        else:
            yield from _element(child, each)


def _element(name: str, node: Node) -> Iterator[bytes | Slot]:
    if is_absent(node):
        return
    if isinstance(node, Mapping):
        yield from _parent(name, node)
    elif isinstance(node, bool | int | str | Number | Slot | Text) or node is None:
        yield b"<" + name.encode("ascii") + b' value="'
        yield from _value(node)
        yield b"/>"
    else:
        for each in node:
            yield from _element(name, each)


def _parent(name: str, node: Mapping[str, Node]) -> Iterator[bytes | Slot]:
    tag, url = name.encode("ascii"), node.get("url")
    if name in _URL_IS_ATTRIBUTE and isinstance(url, str):
        yield b"<" + tag + b' url="' + quoted(url) + b">"
        node = {child: each for child, each in node.items() if child != "url"}
    else:
        yield b"<" + tag + b">"
    if "resourceType" in node:
        yield from _resource(node)
    else:
        yield from _children(node)
    yield b"</" + tag + b">"


def _value(node: Node) -> Iterator[bytes | Slot]:
    """The value of a primitive and its closing quote."""
    if isinstance(node, Slot):
        yield replace(node, width=node.width + 1, closes=True)
    elif isinstance(node, Text):
        for part in node.parts:
            yield part if isinstance(part, Slot) else _escaped(part)
        last = node.parts[-1]
        if not (isinstance(last, Slot) and last.closes):
            yield b'"'
    elif isinstance(node, bool):
        yield b'true"' if node else b'false"'
    else:
        yield quoted(str(node))


def _escaped(text: str) -> bytes:
    return legible(text).translate(_ESCAPES).encode("utf-8")


_END: Final = b"</Bundle>"

XML: Final = Notation(
    media_type="application/fhir+xml",
    encode=encode,
    compiled=compile_template,
    quoted=quoted,
    entry=entry,
    comma=b"",
    begun=begun,
    ended=_END,
    answered=answered,
)
