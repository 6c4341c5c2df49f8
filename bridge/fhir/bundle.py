"""Bundles (R4 2.36) of rows and single entries, in one buffer.

Law: every Bundle of every type carries the notice in meta.tag, whether or not anything was held back
(`consent.md`, the decision); an empty one has no `entry`. `total` is said only where the disclosure says
it. A document is never closed after a cut: `open_bundle` and the notation's `ended` are the two ends of a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.consent.disclosure import NOTICE
from bridge.fhir import terms
from bridge.fhir.cells import instant
from bridge.fhir.notation import Notation
from bridge.fhir.template import Rows, assemble
from bridge.fhir.tree import Tree
from bridge.period import Instant


@dataclass(frozen=True, slots=True)
class Head:
    """What a Bundle says before its entries. `links`: (relation, url); `notice`: of what was disclosed."""

    type: str
    total: int | None = None
    links: tuple[tuple[str, str], ...] = ()
    updated: Instant | None = None
    timestamp: Instant | None = None
    profile: str | None = None
    notice: str = NOTICE

    def tree(self) -> Tree:
        """The Bundle without entries."""
        updated = None if self.updated is None else instant(self.updated)
        profiles = None if self.profile is None else (self.profile,)
        return {
            "resourceType": "Bundle",
            "meta": {"lastUpdated": updated, "profile": profiles, "tag": terms.notice(self.notice)},
            "type": self.type,
            "timestamp": None if self.timestamp is None else instant(self.timestamp),
            "total": self.total,
            "link": tuple({"relation": relation, "url": url} for relation, url in self.links),
        }


def bundle(notation: Notation, head: Head, parts: Sequence[bytes | Rows]) -> memoryview:
    """The whole Bundle. Each part begins with the notation's comma."""
    opened = open_bundle(notation, head)
    out = assemble((opened, *parts, notation.ended))
    if len(out) == len(opened) + len(notation.ended):
        return memoryview(notation.encode(head.tree()))
    without_comma(notation, out, len(opened))
    return out


def open_bundle(notation: Notation, head: Head) -> bytes:
    """Everything before the first entry."""
    return notation.begun(head.tree())


def without_comma(notation: Notation, out: memoryview, at: int) -> None:
    """Blank the comma that the first entry begins with."""
    if notation.comma:
        out[at] = ord(" ")
