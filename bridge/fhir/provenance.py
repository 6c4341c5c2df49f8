"""What one Provenance says, one for each reading, as its reader may know it.

Law (`consent.md`, what the asker learns): a recipient reads route, source class, adapter and mapping
revision, and an evidence id that the owner alone can resolve. Row, hash, file name, account and time of
receipt are written only where the disclosure is the owner's. Times are the reader's own (`recorded` is
the reading's lastUpdated).

Rejected: extensions for row and hash: RFC 7111 names a row (`#row=17`), RFC 6920 a hash (`nih:`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.consent.disclosure import Origin
from bridge.fhir import terms
from bridge.fhir.cells import INSTANT_WIDTH, instant, version_width
from bridge.fhir.elements import meta
from bridge.fhir.tree import ID, ID_WIDTH, Node, Slot, Text, Tree, reference, selected
from bridge.reading import SourceClass

ROW_WIDTH: Final = 11
MANDATORY: Final = frozenset({"target", "recorded", "agent"})
TARGET: Final = Slot("target", ID_WIDTH)


COMPUTED: Final = Origin(route="", revision="")
"""Of a mean: many readings, no single origin."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rows of one Provenance template share. `type`: of the resources that it speaks of;
    `revision`: of the mapping's FHIR half."""

    type: str
    format: str
    revision: str
    source_class: SourceClass
    origin: Origin
    is_owner: bool
    has_rows: bool
    elements: frozenset[str] | None = None
    is_sampled: bool = False
    has_content: bool = False


def tree(evidence: Evidence, system: str) -> Tree:
    """The Provenance. `system`: of our identifiers."""
    received = evidence.origin.received if evidence.is_owner else None
    resource: Tree = {
        "resourceType": "Provenance",
        "id": Text((ID,)),
        "meta": meta(
            evidence.source_class,
            evidence.revision,
            width=version_width(evidence.revision, evidence.is_sampled, evidence.has_content),
        ),
        "target": (reference(evidence.type, TARGET),),
        "occurredDateTime": None if received is None else instant(received),
        "recorded": Text((Slot("updated", INSTANT_WIDTH),)),
        "agent": _agents(evidence, system),
        "entity": _entities(evidence, system),
    }
    return selected(resource, evidence.elements, MANDATORY)


def _agents(evidence: Evidence, system: str) -> Node:
    read_by = f", mapping revision {evidence.origin.revision}" if evidence.origin.revision else ""
    bridge: Tree = {
        "identifier": {"system": "urn:ietf:rfc:3986", "value": system},
        "display": f"cgm-bridge, adapter {evidence.format}{read_by}",
    }
    author: Tree = {"type": terms.AUTHOR, "who": {"display": evidence.origin.route}}
    assembler: Tree = {"type": terms.ASSEMBLER, "who": bridge}
    return (author, assembler) if evidence.origin.route else (assembler,)


def _entities(evidence: Evidence, system: str) -> Node:
    opaque: Tree = {"role": "source", "what": {"identifier": {"system": system, "value": Text((ID,))}}}
    return (opaque, *(_original(evidence, system) if evidence.is_owner else ()))


def _original(evidence: Evidence, system: str) -> tuple[Tree, ...]:
    """The kept original: its row, file and evidence, and its hash."""
    origin = evidence.origin
    if origin.artifact is None:
        return ()
    row: tuple[str | Slot, ...] = ("#row=", Slot("row", ROW_WIDTH, closes=True)) if evidence.has_rows else ()
    source = f" ({origin.source})" if origin.source else ""
    original: Tree = {
        "identifier": {"system": system, "value": Text((origin.artifact, *row))},
        "display": f"{origin.file or ''}{source}".strip(),
    }
    digest: Tree = {"system": "urn:ietf:rfc:3986", "value": f"nih:sha-256;{origin.sha256}"}
    hashed: tuple[Tree, ...] = ({"role": "source", "what": {"identifier": digest}},) if origin.sha256 else ()
    return ({"role": "source", "what": original}, *hashed)
