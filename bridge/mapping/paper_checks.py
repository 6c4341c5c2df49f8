"""What is checked of the documents of a destination's file, beside what is checked of all.

Law (`mapping.md`, destinations): every fault has its place in the file and its mend; a key that nothing would read at
this destination is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.mapping.destination import DestinationFile
from bridge.mapping.papers import Document
from bridge.mapping.places import Path, unknown
from bridge.mapping.shapes import Code


def check_papers(file: DestinationFile, codes: Mapping[str, Code]) -> Iterator[tuple[Path, str]]:
    """Everything that is wrong with the documents of a destination."""
    if file.kind == "document":
        yield from _alone(file)
    found = file.document
    if found is None:
        return
    if file.kind == "portal":
        yield from _at_portal(file, found)
    for at, name in enumerate(found.code):
        if name not in codes:
            yield ("document", "code", at), unknown(name, tuple(codes))
    if found.sections and "glucose" not in found.sections:
        yield ("document", "sections"), "doses stand beside the glucose of their days: name glucose as well"
    for name in ("types", "form", "code") if file.kind == "hl7v2" else ():
        if name in found.model_fields_set:
            yield ("document", name), "an engine is told by hl7v2.documents and hl7v2.orders.document"


def _at_portal(file: DestinationFile, found: Document) -> Iterator[tuple[Path, str]]:
    if file.portal is not None and file.portal.by == "tidepool":
        yield ("document",), "Tidepool takes readings as records and no documents"
        return
    if found.days is None:
        yield ("document",), "no summaries go to a portal whose days its reports could have: say days"
    for name in ("types", "form", "code"):
        if name in found.model_fields_set:
            yield (
                ("document", name),
                "it is about charts; a portal's files are told by portal.pages and report",
            )


def _alone(file: DestinationFile) -> Iterator[tuple[Path, str]]:
    for name in ("raw", "summaries"):
        if getattr(file, name) is not None:
            yield (name,), "kind document sends reports alone: say false, or another kind with `document`"
    if "document" in file.model_fields_set and file.document is None:
        yield ("document",), "kind document sends reports alone: say which, or leave it out"
    if file.fhir:
        yield ("fhir",), "it says nothing of a report"
