"""Reports for a receiver's chart: one resource each, in the form of request that the receiver takes.

Law (`safety.md`, corrections travel; whose chart is it): the subject is the receiver's own reference, ids and versions
are the receiver's to give, and it is created once, by our identifier. What the receiver holds is put over its own copy;
where it takes no update, a new document says that it replaces the old one (R4 10.1.8.5), created once by the number of
its version, and a DiagnosticReport is left and named. The PDF is inline, because receivers fetch nothing from us. A
result refers to what the receiver holds of the summary and to nothing else. What was entered in error is not sent to
who never had it.

Rejected: a Binary beside its document: it has no identifier (R4 2.47), so it is neither created once, nor found again
after a lost answer, nor taken back; receivers that take documents take the data in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.consent.summed import PANEL
from bridge.fhir.bundle import Head, bundle
from bridge.fhir.consignment import SUBMISSION_PROFILE, SUBMIT, Ask, Drafts, Form, Manner
from bridge.fhir.filing import Filing, Known, Sent
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.reports import DIAGNOSTIC, DOCUMENT, TREES, One, versioned
from bridge.fhir.rows import Compiler
from bridge.fhir.tree import Node, Tree

Letter: TypeAlias = "tuple[Ask, bytes | memoryview]"
REPLACED: Final = "replaces"
AGAIN: Final[Mapping[str, Tree]] = {DOCUMENT: {"docStatus": "amended"}, DIAGNOSTIC: {"status": "corrected"}}
"""What is said otherwise of what was told before, also where a dose alone is another."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One report as it goes: what it is, its content, what the receiver holds, and the number that it is created once
    by."""

    sent: Sent
    tree: Tree
    known: Known | None
    number: str

    @property
    def is_put(self) -> bool:
        return self.sent.method == "PUT"


def letters(
    compiler: Compiler, found: Iterable[One], wanted: Filing, manner: Manner, kind: str = DOCUMENT
) -> Drafts[bytes | memoryview]:
    """The requests that bring these reports as DocumentReference or as DiagnosticReport; `left`: corrections that the
    receiver takes in no form."""
    pieces, left = list[_Piece](), list[Sent]()
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
        number = id_ if known is None else versioned(id_, one.version)
        pieces.append(_Piece(sent, _filed(one, tree, known, wanted, is_put), known, number))
    return Drafts(tuple(_letters(compiler, pieces, wanted, manner)), tuple(left))


def _letters(compiler: Compiler, pieces: list[_Piece], wanted: Filing, manner: Manner) -> Iterator[Letter]:
    """Together where the receiver takes them so; the CGM IG's operation takes nothing but POST."""
    is_submitted = manner.form is Form.SUBMISSION
    is_together = is_submitted or manner.form in (Form.TRANSACTION, Form.BATCH)
    some = [each for each in pieces if is_together and not (is_submitted and each.is_put)]
    if some:
        profile = SUBMISSION_PROFILE if is_submitted else None
        type_ = "transaction" if is_submitted else manner.form.value
        head = Head(type_, timestamp=wanted.at, profile=profile)
        entries = [_entry(compiler, each, wanted, manner) for each in some]
        ask = Ask("POST", SUBMIT if is_submitted else "", tuple(each.sent for each in some))
        yield ask, bundle(compiler.notation, head, entries)
    for each in pieces:
        if each not in some:
            yield _ask(compiler, each, wanted, manner), compiler.notation.encode(each.tree)


def _is_once(wanted: Filing, manner: Manner) -> bool:
    return manner.conditional and wanted.is_once


def _entry(compiler: Compiler, one: _Piece, wanted: Filing, manner: Manner) -> bytes:
    place, frame = Place(compiler.base, compiler.system), Frame.ADD
    if one.is_put and one.known is not None:
        place, frame = Place(compiler.base, compiler.system, one.known.id, one.known.etag), Frame.REPLACE
    elif _is_once(wanted, manner):
        frame = Frame.CREATE
    tree = framed(frame, one.tree, one.sent.id, place)
    if frame is Frame.CREATE:
        request: Tree = {
            "method": "POST",
            "url": one.sent.kind,
            "ifNoneExist": f"identifier={compiler.system}|{one.number}",
        }
        tree = {**tree, "request": request}
    return compiler.notation.entry(tree)


def _ask(compiler: Compiler, one: _Piece, wanted: Filing, manner: Manner) -> Ask:
    if one.is_put and one.known is not None:
        return Ask(
            "PUT", f"{one.sent.kind}/{one.known.id}", (one.sent,), match=one.known.etag, is_bundle=False
        )
    once = f"identifier={compiler.system}|{one.number}" if _is_once(wanted, manner) else ""
    return Ask("POST", one.sent.kind, (one.sent,), once, is_bundle=False)


def _filed(one: One, tree: Tree, known: Known | None, wanted: Filing, is_put: bool) -> Tree:
    if known is not None and not one.is_wrong:
        tree = {**tree, **AGAIN[str(tree["resourceType"])]}
    if is_put and known is not None:
        tree = {**tree, "id": known.id}
    elif known is not None and tree["resourceType"] == DOCUMENT:
        replaced: Tree = {"code": REPLACED, "target": {"reference": known.reference}}
        tree = _after(tree, "date", "relatesTo", (replaced,))
    if "result" in tree:
        tree = {**tree, "result": tuple(_results(one, wanted))}
    return tree


def _after(tree: Tree, name: str, added: str, value: Node) -> Tree:
    """The tree with another element behind one: elements stand in the order of R4."""
    found: Tree = {}
    for each, node in tree.items():
        found[each] = node
        if each == name:
            found[added] = value
    return found


def _results(one: One, wanted: Filing) -> Iterator[Tree]:
    """The panel, whose members are the rest, where the receiver holds it; else each that it holds."""
    held = {part: wanted.known[id_] for part, id_ in one.summary.members if id_ in wanted.known}
    there = [held[PANEL]] if PANEL in held else held.values()
    for each in () if one.is_wrong else there:
        yield {"reference": each.reference}
