"""The Group of the people who share with one client in bulk (R4 8.8).

Law: it is made for its own client alone. That somebody is in it is something told about them, so who is in it is said
only of those whom the gate disclosed, and no number of them is said anywhere (`quantity`): a search says that there is
the Group and nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridge.fhir.bundle import Head, bundle
from bridge.fhir.notation import Notation
from bridge.fhir.tree import SUBSETTED, Tree

GROUP: Final = "Group"
NAME: Final = "People who share with this program by bulk export"


@dataclass(frozen=True, slots=True)
class Circle:
    """A Group by its id."""

    id: str


def tree(circle: Circle, members: tuple[str, ...]) -> Tree:
    """The Group; `members`: ids of Patients."""
    return _head(circle) | {"member": tuple({"entity": {"reference": f"Patient/{each}"}} for each in members)}


def found(circle: Circle, base: str) -> Tree:
    """An entry of a searchset: the Group without members, and marked as that (R4 2.1.4)."""
    resource = _head(circle)
    resource["meta"] = {"tag": (SUBSETTED,)}
    return {"fullUrl": f"{base}/{GROUP}/{circle.id}", "resource": resource, "search": {"mode": "match"}}


def page(notation: Notation, circles: Sequence[Circle], url: str, base: str) -> memoryview:
    """A searchset of Groups."""
    parts = [notation.entry(found(each, base)) for each in circles]
    return bundle(notation, Head("searchset", len(circles), (("self", url),)), parts)


def _head(circle: Circle) -> Tree:
    return {
        "resourceType": GROUP,
        "id": circle.id,
        "meta": None,
        "active": True,
        "type": "person",
        "actual": True,
        "name": NAME,
    }
