"""One resource alone, as a read or a vread gives it, with the names of its state.

Law: it is found in the Disclosure or it is absent; of several states the newest, or the one that was named. What
stands in a page and what stands alone are made of the same templates and trees.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.consent.disclosure import Disclosure
from bridge.fhir import received, resources, summaries
from bridge.fhir.frames import Frame
from bridge.fhir.rows import Compiler, Elements, provenances, readings, standings
from bridge.fhir.template import Rows, assemble
from bridge.fhir.trees import device_trees, received_trees, record_trees, summary_trees
from bridge.mapping.resources import READING_TYPES
from bridge.period import Instant


@dataclass(frozen=True, slots=True)
class Alone:
    """One resource with the names of its state (R4 3.1.0.2: ETag and Last-Modified)."""

    body: bytes | memoryview
    version: str
    updated: Instant


def alone(
    compiler: Compiler, disclosure: Disclosure, kind: str, version: str | None, elements: Elements
) -> Alone | None:
    """The one resource of that type that was disclosed, in its newest or in the asked version; None where
    there is none."""
    states = _ALONE[kind](compiler, disclosure, kind, elements)
    found = [each for each in states if version in (None, each.version)]
    return max(found, key=lambda each: each.updated, default=None)


def _rows(rows: Rows, compiler: Compiler, disclosure: Disclosure, types: Collection[str]) -> list[Alone]:
    body, ends = assemble((rows,)), [0, *rows.ends().tolist()]
    return [
        Alone(body[ends[each.at] : ends[each.at + 1]], each.version, each.updated)
        for each in standings(compiler, disclosure)
        if each.type in types
    ]


def _reading(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    found = _rows(readings(compiler, disclosure, Frame.ALONE, elements), compiler, disclosure, (kind,))
    found += [
        Alone(compiler.notation.encode(tree), summaries.version(each, compiler.summed), each.last_updated)
        for _, each, tree in summary_trees(compiler, disclosure, elements)
    ]
    return found + [
        Alone(compiler.notation.encode(tree), received.version(each, compiler.summed), each.last_updated)
        for each, tree in received_trees(compiler, disclosure, kind, elements)
    ]


def _evidence_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    rows = provenances(compiler, disclosure, Frame.ALONE, elements)
    return _rows(rows, compiler, disclosure, READING_TYPES)


def _device_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    trees = device_trees(compiler, disclosure, elements)
    return [
        Alone(compiler.notation.encode(trees[each.id]), resources.version(each), each.last_updated)
        for each in disclosure.devices
        if len(trees) == 1
    ]


def _sensor_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    return [
        Alone(
            compiler.notation.encode(resources.metric(each, compiler.system, elements)),
            each.version,
            each.last_updated,
        )
        for each in disclosure.metrics
        if len(disclosure.metrics) == 1
    ]


def _record_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    return [
        Alone(compiler.notation.encode(tree), version, updated)
        for _, version, updated, tree in record_trees(compiler, disclosure, kind, elements)
    ]


def _person_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    subject = disclosure.subject
    if subject is None:
        return []
    tree = resources.patient(subject, elements)
    return [Alone(compiler.notation.encode(tree), resources.version(subject), subject.last_updated)]


_ALONE: Final[Mapping[str, Callable[[Compiler, Disclosure, str, Elements], list[Alone]]]] = {
    **dict.fromkeys(READING_TYPES, _reading),
    "Provenance": _evidence_alone,
    "Device": _device_alone,
    "DeviceMetric": _sensor_alone,
    "Patient": _person_alone,
    "Consent": _record_alone,
    "AuditEvent": _record_alone,
}
