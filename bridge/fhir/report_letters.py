"""Reports for a receiver's chart: as requests of their own, one resource each.

Law (`safety.md`, corrections travel; whose chart is it): the subject is the receiver's own reference, ids and versions
are the receiver's to give, and it is created once, by our identifier. What the receiver holds is put over its own copy;
where it takes no update, a new document says that it replaces the old one (R4 10.1.8.5), and a DiagnosticReport is left
and named. The PDF is inline, because receivers fetch nothing from us. A result refers to what the receiver holds of the
summary and to nothing else. What was entered in error is not sent to who never had it.

Rejected: a Binary before its document (receivers that take documents take data in them, and two calls can part).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from bridge.fhir.consignment import Ask, Drafts, Manner
from bridge.fhir.filing import Filing, Known, Sent
from bridge.fhir.reports import DIAGNOSTIC, DOCUMENT, TREES, One
from bridge.fhir.rows import Compiler
from bridge.fhir.tree import Node, Tree

Letter: TypeAlias = "tuple[Ask, bytes | memoryview]"
REPLACED: Final = "replaces"


def letters(
    compiler: Compiler, found: Iterable[One], wanted: Filing, manner: Manner, kind: str = DOCUMENT
) -> Drafts[bytes | memoryview]:
    """The requests that bring these reports as DocumentReference or as DiagnosticReport; `left`: corrections that the
    receiver takes in no form."""
    made, left = list[Letter](), list[Sent]()
    for one in found:
        id_ = one.report.id(kind)
        known = wanted.known.get(id_)
        if known is None and one.is_wrong:
            continue
        is_put = known is not None and manner.updates
        sent = Sent(kind, id_, one.version, "PUT" if is_put else "POST")
        if known is not None and not is_put and (kind == DIAGNOSTIC or one.is_wrong):
            left.append(sent)
            continue
        tree = {**TREES[kind](compiler, one), "subject": {"reference": wanted.subject}}
        made.append(
            (_ask(compiler, sent, known, wanted, manner), _body(compiler, one, tree, known, wanted, is_put))
        )
    return Drafts(tuple(made), tuple(left))


def _ask(compiler: Compiler, sent: Sent, known: Known | None, wanted: Filing, manner: Manner) -> Ask:
    if sent.method == "PUT" and known is not None:
        return Ask("PUT", f"{sent.kind}/{known.id}", (sent,), match=known.etag, is_bundle=False)
    is_once = known is None and manner.conditional and wanted.is_once
    once = f"identifier={compiler.system}|{sent.id}" if is_once else ""
    return Ask("POST", sent.kind, (sent,), once, is_bundle=False)


def _body(
    compiler: Compiler, one: One, tree: Tree, known: Known | None, wanted: Filing, is_put: bool
) -> bytes:
    if is_put and known is not None:
        tree = {**tree, "id": known.id}
    elif known is not None and tree["resourceType"] == DOCUMENT:
        replaced: Tree = {"code": REPLACED, "target": {"reference": known.reference}}
        tree = _after(tree, "date", "relatesTo", (replaced,))
    if "result" in tree:
        tree = {**tree, "result": tuple(_results(one, wanted))}
    return compiler.notation.encode(tree)


def _after(tree: Tree, name: str, added: str, value: Node) -> Tree:
    """The tree with another element behind one: elements stand in the order of R4."""
    found: Tree = {}
    for each, node in tree.items():
        found[each] = node
        if each == name:
            found[added] = value
    return found


def _results(one: One, wanted: Filing) -> Iterator[Tree]:
    for _, id_ in () if one.is_wrong else one.summary.members:
        if (held := wanted.known.get(id_)) is not None:
            yield {"reference": held.reference}
