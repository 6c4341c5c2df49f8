"""How a resource stands in its document: alone, or as an entry of a Bundle of some type (R4 2.36).

Law: one table. A search entry says why it is there (match or include, R4 2.36.4.1), a history entry what
happened, a transaction entry what the receiver shall do: create once by identifier (R4 3.1.0.8.1), or
put the newer version over the one that it has. History entries carry no etag: meta.versionId says it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bridge.fhir.cells import INSTANT_WIDTH
from bridge.fhir.tree import Node, Slot, Text, Tree


class Frame(StrEnum):
    """Where a resource stands."""

    ALONE = "alone"
    LINE = "line"  # in a file of lines, one resource each
    MATCH = "match"
    INCLUDE = "include"
    MEMBER = "member"  # of a collection
    CREATED = "created"  # in a history, the first version
    UPDATED = "updated"  # in a history, a later one
    CREATE = "create"  # in a transaction, once by identifier
    ADD = "add"  # in a transaction, for a receiver that cannot create once
    REPLACE = "replace"  # in a transaction


@dataclass(frozen=True, slots=True)
class Place:
    """What a frame needs to know: our base, the system of our identifiers, for REPLACE the receiver's
    id and the ETag that must still hold there."""

    base: str
    system: str
    filed_as: str | None = None
    etag: str | None = None


def framed(frame: Frame, resource: Tree, id: str | Slot, place: Place) -> Tree:
    """The resource in its frame; `id` is the slot or text of its logical id."""
    return _FRAMES[frame](resource, id, place)


def _alone(resource: Tree, id: str | Slot, place: Place) -> Tree:
    return resource


def _member(resource: Tree, id: str | Slot, place: Place) -> Tree:
    return {"fullUrl": _url(resource, id, place), "resource": resource}


def _found(mode: str) -> Callable[[Tree, str | Slot, Place], Tree]:
    def entry(resource: Tree, id: str | Slot, place: Place) -> Tree:
        return {"fullUrl": _url(resource, id, place), "resource": resource, "search": {"mode": mode}}

    return entry


def _happened(method: str, status: str) -> Callable[[Tree, str | Slot, Place], Tree]:
    def entry(resource: Tree, id: str | Slot, place: Place) -> Tree:
        kind = _kind(resource)
        where: Node = Text((f"{kind}/", id)) if method == "PUT" else kind
        response: Tree = {"status": status, "lastModified": Text((Slot("updated", INSTANT_WIDTH),))}
        return {
            "fullUrl": _url(resource, id, place),
            "resource": resource,
            "request": {"method": method, "url": where},
            "response": response,
        }

    return entry


def _create(is_once: bool) -> Callable[[Tree, str | Slot, Place], Tree]:
    def entry(resource: Tree, id: str | Slot, place: Place) -> Tree:
        once = Text((f"identifier={place.system}|", id)) if is_once else None
        request: Tree = {"method": "POST", "url": _kind(resource), "ifNoneExist": once}
        return {"fullUrl": Text(("urn:uuid:", id)), "resource": resource, "request": request}

    return entry


def _replace(resource: Tree, id: str | Slot, place: Place) -> Tree:
    url = f"{_kind(resource)}/{place.filed_as}"
    request: Tree = {"method": "PUT", "url": url, "ifMatch": place.etag}
    return {"fullUrl": Text(("urn:uuid:", id)), "resource": resource, "request": request}


def _kind(resource: Tree) -> str:
    return str(resource["resourceType"])


def _url(resource: Tree, id: str | Slot, place: Place) -> Node:
    return Text((f"{place.base}/{_kind(resource)}/", id))


_FRAMES: Final[Mapping[Frame, Callable[[Tree, str | Slot, Place], Tree]]] = {
    Frame.ALONE: _alone,
    Frame.MEMBER: _member,
    Frame.LINE: _alone,
    Frame.MATCH: _found("match"),
    Frame.INCLUDE: _found("include"),
    Frame.CREATED: _happened("POST", "201"),
    Frame.UPDATED: _happened("PUT", "200"),
    Frame.CREATE: _create(is_once=True),
    Frame.ADD: _create(is_once=False),
    Frame.REPLACE: _replace,
}
