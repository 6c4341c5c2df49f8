"""What of a disclosure stands in an answer: entries of a page, one resource alone, and its ETag.

Law: an answer is a function of the Disclosure and of what was wanted; the ETag too (`consent.md`: what
is withheld shows nowhere), so two page links to the same rows are one page. Matches come first, in page
order, then what was included (R4 3.1.1.5.6). Device and Patient searches fit one page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.consent.disclosure import Disclosure
from bridge.fhir import resources
from bridge.fhir.everything import SUBMITTED
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.parameters import READINGS
from bridge.fhir.rows import Compiler, Elements, provenances, readings
from bridge.fhir.template import Rows
from bridge.fhir.tree import Tree
from bridge.fhir.trees import device_trees, received_trees, record_trees, summary_trees
from bridge.fhir.wanted import Wanted
from bridge.mapping.resources import OBSERVATION, READING_TYPES
from bridge.period import Period

Parts: TypeAlias = "Sequence[bytes | Rows]"


@dataclass(frozen=True, slots=True)
class _Standing:
    """How resources of one type stand in a page; `but`: things that were told before."""

    frame: Frame
    elements: Elements
    but: frozenset[str]


def entries(
    compiler: Compiler, disclosure: Disclosure, wanted: Wanted, but: frozenset[str] = frozenset()
) -> Parts:
    """The entries of a page; `but`: Devices that were included before."""
    parts: list[bytes | Rows] = []
    for make, standing in _matches(wanted, but).items():
        parts += make(compiler, disclosure, standing)
    included = _Standing(Frame.INCLUDE, None, but)
    if wanted.devices:
        parts += _things(compiler, disclosure, included)
    if wanted.metrics:
        parts += _sensors(compiler, disclosure, included)
    if wanted.provenance:
        parts += _evidence(compiler, disclosure, included)
    return parts


def members(compiler: Compiler, disclosure: Disclosure) -> Parts:
    """The summaries as entries of a collection."""
    told = summary_trees(compiler, disclosure, None)
    return [_entry(compiler, Frame.MEMBER, tree, name) for name, _, tree in told]


def lines(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> Parts:
    """The resources of one type as lines; none of what has no entry in the ledger."""
    if disclosure.entry is None:
        return ()
    return _MATCHES[kind](compiler, disclosure, _Standing(Frame.LINE, elements, frozenset()))


def _matches(wanted: Wanted, but: frozenset[str]) -> dict[Makes, _Standing]:
    """What makes the matches, each once. Of everything, what comes along with readings is included, so that
    `_count` counts readings (R4 3.1.1.5.4)."""
    has_readings = wanted.types is not None and not wanted.types.isdisjoint(READING_TYPES)
    found: dict[Makes, _Standing] = {}
    for kind, make in _MATCHES.items():
        if kind in wanted.shown:
            frame = Frame.INCLUDE if has_readings and kind not in READING_TYPES else Frame.MATCH
            found[make] = _Standing(frame, wanted.elements, but)
    return found


def total(disclosure: Disclosure, kind: str) -> int | None:
    """Bundle.total, where the disclosure tells one. Devices and persons are all on one page."""
    if disclosure.total is None or kind in READINGS:
        return disclosure.total
    things = {
        "Device": len(disclosure.devices),
        "DeviceMetric": len(disclosure.metrics),
        "Consent": len(disclosure.consents),
        "AuditEvent": len(disclosure.events),
    }
    return things.get(kind, int(disclosure.subject is not None))


def tag(compiler: Compiler, disclosure: Disclosure, wanted: Wanted) -> str:
    """A weak ETag of the page's content."""
    elements = None if wanted.elements is None else sorted(wanted.elements)
    asked = (sorted(wanted.shown), wanted.devices, wanted.metrics, wanted.provenance, elements)
    told = (
        disclosure.subject,
        disclosure.devices,
        disclosure.metrics,
        disclosure.consents,
        disclosure.events,
        [(each.ids, each.version, each.last_updated) for each in disclosure.summaries],
        [(each.id, each.version, each.last_updated) for each in disclosure.received],
        disclosure.total,
        disclosure.more is None,
    )
    digest = hashlib.sha256(repr((asked, told)).encode("utf-8", "backslashreplace"))
    for group in disclosure.groups:
        digest.update(f"|{compiler.revision(group.format)}|{group.source_class}|".encode())
        for column in (group.at, group.ids, group.version, group.content, group.last_updated):
            digest.update(b"-" if column is None else column.tobytes())
    return f'W/"{digest.hexdigest()[:24]}"'


def _readings(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
    rows = readings(compiler, disclosure, standing.frame, standing.elements)
    ours = summary_trees(compiler, disclosure, standing.elements)
    told = [(each.period, 0, _entry(compiler, standing.frame, tree, name)) for name, each, tree in ours]
    for one, tree in received_trees(compiler, disclosure, OBSERVATION, standing.elements):
        comes_along = standing.frame is Frame.MATCH and disclosure.groups and not one.is_gone
        frame = Frame.INCLUDE if comes_along else standing.frame  # `_count` counts readings
        told.append((one.period, 1, _entry(compiler, frame, tree, one.id)))
    return (rows, *(entry for _, _, entry in _in_turn(disclosure, told)))


def _in_turn(
    disclosure: Disclosure, told: list[tuple[Period, int, bytes]]
) -> list[tuple[Period, int, bytes]]:
    """Ours and what was received, in the order of the page (`summary_page.py`)."""
    if not disclosure.received:
        return told
    periods = [[each.period for each in some] for some in (disclosure.summaries, disclosure.received)]
    return sorted(told, key=lambda each: each[:2], reverse=any(each != sorted(each) for each in periods))


def _evidence(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
    return (provenances(compiler, disclosure, standing.frame, standing.elements),)


def _reports(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
    told = received_trees(compiler, disclosure, SUBMITTED, standing.elements)
    return [_entry(compiler, standing.frame, tree, one.id) for one, tree in told]


def _things(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
    trees = device_trees(compiler, disclosure, standing.elements)
    return [
        _entry(compiler, standing.frame, tree, name)
        for name, tree in trees.items()
        if name not in standing.but
    ]


def _sensors(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
    return [
        _entry(compiler, standing.frame, resources.metric(each, compiler.system, standing.elements), each.id)
        for each in disclosure.metrics
    ]


def _person(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
    subject = disclosure.subject
    if subject is None:
        return ()
    return (_entry(compiler, standing.frame, resources.patient(subject, standing.elements), subject.id),)


def _records(kind: str) -> Callable[[Compiler, Disclosure, _Standing], Parts]:
    def entries_of(compiler: Compiler, disclosure: Disclosure, standing: _Standing) -> Parts:
        found = record_trees(compiler, disclosure, kind, standing.elements)
        return [_entry(compiler, standing.frame, tree, name) for name, _, _, tree in found]

    return entries_of


Makes: TypeAlias = "Callable[[Compiler, Disclosure, _Standing], Parts]"
"""Makes the entries of one type."""
_MATCHES: Final[Mapping[str, Makes]] = {
    "Patient": _person,
    "Device": _things,
    "DeviceMetric": _sensors,
    **dict.fromkeys(READING_TYPES, _readings),
    SUBMITTED: _reports,
    "Provenance": _evidence,
    "Consent": _records("Consent"),
    "AuditEvent": _records("AuditEvent"),
}
"""In the order in which they stand where several are wanted."""


def _entry(compiler: Compiler, frame: Frame, tree: Tree, id: str) -> bytes:
    return compiler.notation.entry(framed(frame, tree, id, Place(compiler.base, compiler.system)))
