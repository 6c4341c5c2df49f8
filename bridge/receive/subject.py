"""Whom an entry is about, as its references say: an id of ours, or identifiers; who that is, others find out.

Law (`safety.md`, whose chart is it): nobody is matched by name, and a Patient is never made. A reference is resolved
as R4 does inside a Bundle (2.36.4.1): by the fullUrl, a relative one also against the base of its own entry's
fullUrl; else it is an address of ours. What leads elsewhere names nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.receive.bundle import Entry, Submission
from bridge.receive.node import Node, node, nodes, pair, text
from bridge.receive.profiles import What

Pair = tuple[str, str]
_MEMBER: Final = {
    What.READING: "subject",
    What.OTHER: "subject",
    What.SUMMARY: "subject",
    What.REPORT: "subject",
    What.WRONG: "subject",
    What.ORDER: "subject",
    What.DEVICE: "patient",
}
"""Which element says whom a resource is about."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a reference names: the id of a Patient here ('' none), or identifiers, any of which will do."""

    id: str = ""
    identifiers: tuple[Pair, ...] = ()


NOBODY: Final = Named()


def subject(found: Submission, entry: Entry, what: What, base: str) -> Named | None:
    """Whom an entry is about; None: it need not say (Device.patient). `base`: our FHIR address without a slash
    at its end."""
    if what is What.PATIENT:
        return _of_patient(entry.resource)
    reference = node(entry.resource, _MEMBER[what])
    if not reference and what is What.DEVICE:
        return None
    return _named(found, entry, reference, base)


def target(found: Submission, entry: Entry, written: str) -> Entry | None:
    """The entry that a reference names; None where it names none of this Bundle."""
    there = found.named.get(written)
    if there is not None or ":" in written or not written:
        return there
    tail = f"/{entry.type}/"
    root, marked, _ = entry.full_url.rpartition(tail)
    return found.named.get(f"{root}/{written}") if marked else None


def local(written: str, kind: str, base: str) -> str:
    """The id in a reference to one of our resources of that type; '' where it is none."""
    path = written.removeprefix(f"{base}/")
    head, _, name = path.partition("/")
    return name if head == kind and "/" not in name else ""


def _named(found: Submission, entry: Entry, reference: Node, base: str) -> Named:
    written = text(reference, "reference")
    there = target(found, entry, written)
    if there is not None:
        return _of_patient(there.resource) if there.type == "Patient" else NOBODY
    if written:
        return Named(local(written, "Patient", base))
    logical = pair(node(reference, "identifier"))
    return NOBODY if logical is None else Named("", (logical,))


def _of_patient(resource: Node) -> Named:
    return Named("", tuple(filter(None, map(pair, nodes(resource, "identifier")))))
