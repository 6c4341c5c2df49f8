"""How a receiver takes documents: for each type, what its CapabilityStatement says that it can do with it.

Law (`smart-consent.md` 7.4): read from the receiver, never by vendor: one creates DocumentReferences and no
DiagnosticReport, the next the other way round. Kept as a text: each type with letters of what it can: c creates, o
creates once by identifier, s is searched by identifier, u takes updates. Nothing kept: it was not read, so what cannot
double anything is assumed. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bridge.smart.record import members, text

TYPES: Final = ("DocumentReference", "DiagnosticReport")
"""In the order in which they are chosen: a DocumentReference can be replaced where no update is taken."""
SILENT: Final = "csu"
"""What is assumed of a receiver that does not say."""


def read(types: Mapping[str, Mapping[str, object]]) -> str:
    """What the resources of a CapabilityStatement, by type, say of documents."""
    return " ".join(f"{each}:{''.join(_letters(types.get(each, {})))}" for each in TYPES)


def _letters(said: Mapping[str, object]) -> Iterator[str]:
    codes = {text(each, "code") for each in members(said, "interaction")}
    if "create" in codes:
        yield "c"
    if said.get("conditionalCreate") is True:
        yield "o"
    if "search-type" in codes and "identifier" in {
        text(each, "name") for each in members(said, "searchParam")
    }:
        yield "s"
    if "update" in codes:
        yield "u"


def can(kept: str, type_: str) -> frozenset[str]:
    """The letters of one type."""
    if not kept:
        return frozenset(SILENT)
    found = dict(each.split(":") for each in kept.split())
    return frozenset(found.get(type_, ""))


def created(kept: str) -> tuple[str, ...]:
    """The types that the receiver says it creates; none where it was not read."""
    return tuple(each for each in TYPES if kept and "c" in can(kept, each))
