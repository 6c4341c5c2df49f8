"""A summary as one order group: the period is the order, each figure a result of it.

Law: figures, codes and notes are those of the FHIR Observations (`fhir/summaries.py`), read from their trees, so that
no figure is rounded twice and both forms say the same. OBR-3 is the id of the days of wear, which every summary of the
period has, so that the period keeps one number whichever figures may leave; all of them are told each time, as a
receiver in snapshot mode wants (2.5.1 7.3.1; `push/summaries.py` never asks for a part of one). What is entered
in error is taken back by its code. The panel has no value of its own: it is the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.consent.disclosure import NOTICE
from bridge.consent.summed import PANEL, RANGES, WEAR, DisclosedSummary
from bridge.fhir import summaries
from bridge.fhir.filing import Method, Sent
from bridge.fhir.rows import Compiler
from bridge.fhir.tree import Node, Number
from bridge.hl7.results import Before, filler, obr, obx
from bridge.hl7.segments import coded, named, notes, stamp
from bridge.hl7.text import Line, Value
from bridge.mapping.hl7v2 import Hl7v2
from bridge.mapping.resources import OBSERVATION
from bridge.mapping.shapes import Code
from bridge.period import Instant

ORDER: Final = "cgm-summary"
"""The code of the panel, which OBR-4 has."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One result: (system, code), the number as it is written ('' none: it is taken back), UCUM code and unit."""

    code: tuple[str, str]
    number: str
    unit: tuple[str, str]


def summary(
    compiler: Compiler, one: DisclosedSummary, told: Hl7v2, mark: str, before: Before, now: Instant
) -> tuple[tuple[Sent, ...], tuple[Line, ...]]:
    """What each Observation of it is, and the lines that say them all; none where nothing of it is to be told."""
    version = summaries.version(one, f"{compiler.summed}{mark}")
    of = summaries.Of("", compiler.system, compiler.summed, is_filed=True)
    trees = dict(summaries.trees(one, compiler.mappings, of))
    parts = {id_: part for part, id_ in one.ids}
    sent = [
        _sent(id_, version, before) for id_ in trees if not _was_never(parts[id_], id_, version, one, before)
    ]
    results = [
        (figure, _status(parts[each.id], each.id, version, one, told, before))
        for each in sent
        for figure in _figures(trees[each.id], parts[each.id], compiler)
    ]
    if not results:
        return (), ()
    lines = [_order(compiler, one, told, now, any(status != "F" for _, status in results))]
    lines += [_result(compiler, told, at, *pair, _span(one)[1]) for at, pair in enumerate(results, 1)]
    return tuple(sent), (*lines, *notes(one.classes, _said(trees)))


def _sent(id_: str, version: str, before: Before) -> Sent:
    method: Method = "PUT" if id_ in before.known else "POST"
    return Sent(OBSERVATION, id_, version, method)


def _was_never(part: str, id_: str, version: str, one: DisclosedSummary, before: Before) -> bool:
    return part in one.gone and not before.is_there(id_, version)


def _status(part: str, id_: str, version: str, one: DisclosedSummary, told: Hl7v2, before: Before) -> str:
    if part in one.gone:
        return told.retraction
    return "C" if before.is_there(id_, version) else "F"


def _order(compiler: Compiler, one: DisclosedSummary, told: Hl7v2, now: Instant, is_corrected: bool) -> Line:
    ids = {**dict(one.ids), **dict(one.members)}
    number = filler(ids.get(WEAR) or one.ids[0][1], compiler.system.removeprefix("urn:uuid:"))
    order = (
        named(told.orders["summary"]) if "summary" in told.orders else coded(compiler.mappings.codes[ORDER])
    )
    return obr(number, order, _span(one), stamp(now, 0), "C" if is_corrected else "F")


def _result(compiler: Compiler, told: Hl7v2, at: int, figure: Figure, status: str, time: str) -> Line:
    code = _code(compiler.mappings.codes, figure.code)
    said: Value = figure.code[::-1] if code is None else coded(code, told.codes.get(code.name))
    unit = (*figure.unit, "UCUM") if figure.number else ""
    return obx(at, "NM", said, figure.number, unit, "", status, time)


def _span(one: DisclosedSummary) -> tuple[str, str]:
    """Start and end of the period: whole local days as days, else its edges at the person's offsets."""
    if one.days is not None:
        return f"{one.days[0]:%Y%m%d}", f"{one.days[1]:%Y%m%d}"
    return stamp(one.period.start, one.offsets[0]), stamp(one.period.end - 1000, one.offsets[1])


def _figures(tree: Mapping[str, Node], part: str, compiler: Compiler) -> Iterator[Figure]:
    """The results that one Observation is told as."""
    if part == PANEL:
        return
    components = _objects(tree.get("component"))
    for each in components or (() if part == RANGES else (tree,)):
        yield _figure(each)
    if part == RANGES and not components:  # entered in error: each band is taken back
        for name in summaries.BANDS:
            code = compiler.mappings.codes[name]
            yield Figure((code.system, code.code), "", ("", ""))


def _figure(node: Mapping[str, Node]) -> Figure:
    code, amount = _object(node.get("code")), _object(node.get("valueQuantity"))
    (coding, *_) = _objects(code.get("coding"))
    number = amount.get("value")
    text = number.text if isinstance(number, Number) else ""
    return Figure(
        (str(coding["system"]), str(coding["code"])), text, (str(amount.get("code")), str(amount.get("unit")))
    )


def _said(trees: Mapping[str, Mapping[str, Node]]) -> Iterator[str]:
    """The notes of all, each once; the notice is there anyway."""
    texts = [str(each["text"]) for tree in trees.values() for each in _objects(tree.get("note"))]
    yield from (text for text in dict.fromkeys(texts) if text != NOTICE)


def _code(codes: Mapping[str, Code], told: tuple[str, str]) -> Code | None:
    return next((each for each in codes.values() if (each.system, each.code) == told), None)


def _object(node: Node) -> Mapping[str, Node]:
    return node if isinstance(node, Mapping) else {}


def _objects(node: Node) -> tuple[Mapping[str, Node], ...]:
    listed = () if isinstance(node, str | Mapping | bool | int) or node is None else node
    return (
        tuple(each for each in listed if isinstance(each, Mapping))
        if isinstance(listed, tuple | list)
        else ()
    )
