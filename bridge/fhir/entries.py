"""What of a disclosure stands in an answer: entries of a page, one resource alone, and its ETag.

Law: an answer is a function of the Disclosure and of what was wanted; the ETag too (`consent.md`: what
is withheld shows nowhere), so two page links to the same rows are one page. Matches come first, in page
order, then what was included (R4 3.1.1.5.6). Device and Patient searches fit one page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.consent.disclosure import Disclosure
from bridge.fhir import resources
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.parameters import READINGS
from bridge.fhir.rows import Compiler, Elements, provenances, readings, standings
from bridge.fhir.template import Rows, assemble
from bridge.fhir.tree import Tree
from bridge.mapping.resources import READING_TYPES
from bridge.period import Instant

Parts: TypeAlias = "Sequence[bytes | Rows]"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer shall hold: matches of `kind`, what is included, which elements."""

    kind: str = "Observation"
    devices: bool = False
    provenance: bool = False
    elements: Elements = None


def entries(
    compiler: Compiler, disclosure: Disclosure, wanted: Wanted, but: frozenset[str] = frozenset()
) -> Parts:
    """The entries of a page; `but`: Devices that were included before."""
    parts = [*_MATCHES[wanted.kind](compiler, disclosure, wanted.elements)]
    if wanted.devices:
        parts += _devices(compiler, disclosure, Frame.INCLUDE, None, but)
    if wanted.provenance:
        parts.append(provenances(compiler, disclosure, Frame.INCLUDE))
    return parts


def total(disclosure: Disclosure, kind: str) -> int | None:
    """Bundle.total, where the disclosure tells one. Devices and persons are all on one page."""
    if disclosure.total is None or kind in READINGS:
        return disclosure.total
    return len(disclosure.devices) if kind == "Device" else int(disclosure.subject is not None)


def tag(compiler: Compiler, disclosure: Disclosure, wanted: Wanted) -> str:
    """A weak ETag of the page's content."""
    elements = None if wanted.elements is None else sorted(wanted.elements)
    asked = (wanted.kind, wanted.devices, wanted.provenance, elements)
    told = (disclosure.subject, disclosure.devices, disclosure.total, disclosure.more is None)
    digest = hashlib.sha256(repr((asked, told)).encode("utf-8", "backslashreplace"))
    for group in disclosure.groups:
        digest.update(f"|{compiler.revision(group.format)}|{group.source_class}|".encode())
        for column in (group.at, group.ids, group.version, group.last_updated):
            digest.update(column.tobytes())
    return f'W/"{digest.hexdigest()[:24]}"'


def _readings(compiler: Compiler, disclosure: Disclosure, elements: Elements) -> Parts:
    return (readings(compiler, disclosure, Frame.MATCH, elements),)


def _evidence(compiler: Compiler, disclosure: Disclosure, elements: Elements) -> Parts:
    return (provenances(compiler, disclosure, Frame.MATCH, elements),)


def _things(compiler: Compiler, disclosure: Disclosure, elements: Elements) -> Parts:
    return _devices(compiler, disclosure, Frame.MATCH, elements, frozenset())


def _person(compiler: Compiler, disclosure: Disclosure, elements: Elements) -> Parts:
    subject = disclosure.subject
    if subject is None:
        return ()
    return (_entry(compiler, Frame.MATCH, resources.patient(subject, elements), subject.id),)


_MATCHES: Final[Mapping[str, Callable[[Compiler, Disclosure, Elements], Parts]]] = {
    **dict.fromkeys(READING_TYPES, _readings),
    "Provenance": _evidence,
    "Device": _things,
    "Patient": _person,
}


def _devices(
    compiler: Compiler, disclosure: Disclosure, frame: Frame, elements: Elements, but: frozenset[str]
) -> list[bytes | Rows]:
    trees = _device_trees(compiler, disclosure, elements)
    return [_entry(compiler, frame, tree, name) for name, tree in trees.items() if name not in but]


def _device_trees(compiler: Compiler, disclosure: Disclosure, elements: Elements) -> dict[str, Tree]:
    if disclosure.subject is None:
        return {}
    owner = f"Patient/{disclosure.subject.id}"
    return {
        each.id: resources.device(
            each, compiler.system, resources.source_of(disclosure, each), owner, elements
        )
        for each in disclosure.devices
    }


def _entry(compiler: Compiler, frame: Frame, tree: Tree, id: str) -> bytes:
    return compiler.notation.entry(framed(frame, tree, id, Place(compiler.base, compiler.system)))


# ----------------------------------------------------------------------------------------- one alone


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
    return _rows(readings(compiler, disclosure, Frame.ALONE, elements), compiler, disclosure, (kind,))


def _evidence_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    rows = provenances(compiler, disclosure, Frame.ALONE, elements)
    return _rows(rows, compiler, disclosure, READING_TYPES)


def _device_alone(compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements) -> list[Alone]:
    trees = _device_trees(compiler, disclosure, elements)
    return [
        Alone(compiler.notation.encode(trees[each.id]), resources.version(each), each.last_updated)
        for each in disclosure.devices
        if len(trees) == 1
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
    "Patient": _person_alone,
}
