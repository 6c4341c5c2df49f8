"""A PDF as a message: in a result (ED), or as a document of its own.

Law: HL7 v2.5.1 2.A.24 (ED), 9.6.2 (MDM^T02), 9.6.10 (T10, a document replaces another), 9.6.11 (T11, it is cancelled),
9.7.1 (TXA). The document's number is our id, the same in every version; as a result OBR-3 has it and OBX-11 says F, C
or W as of any result; as a document TXA-12 has it, and TXA-13 the one that it replaces. What is taken back brings no
bytes. MDM wants a PV1; where the file says no class, it is O.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from bridge.fhir.reports import One
from bridge.fhir.summaries import GONE
from bridge.hl7.results import Before, filler, obr, obx
from bridge.hl7.segments import named, notes, pv1, stamp
from bridge.hl7.text import Line, Value
from bridge.mapping.hl7v2 import Coded, Hl7v2
from bridge.period import Instant
from bridge.reading import SourceClass

USUAL: Final = Coded(code="CGM-REPORT", text="Sensor glucose report", system="L")
"""What a report is where the file does not say otherwise in orders.document."""
EVENTS: Final = {"F": "T02", "C": "T10", "W": "T11", "D": "T11"}
"""The event of an MDM by what becomes of the document."""
MIME: Final = ("", "application", "pdf", "Base64")
"""ED.1 to 4: type and encoding as interface engines expect a PDF."""


@dataclass(frozen=True, slots=True)
class Document:
    """A report of a disclosure. `id`: our logical id; `pdf`: empty where it is taken back; `span`: what it is about,
    ms UTC, and minutes east at both ends; `classes`: of all readings in it; `is_there`: the receiver has, or may have,
    a version of it; `is_gone`: it is taken back."""

    id: str
    version: str
    title: str
    pdf: bytes = field(repr=False)
    span: tuple[Instant, Instant]
    offsets: tuple[int, int]
    classes: tuple[SourceClass, ...]
    is_there: bool = False
    is_gone: bool = False

    def status(self, told: Hl7v2) -> str:
        """OBX-11."""
        return told.retraction if self.is_gone else "C" if self.is_there else "F"


def document_of(one: One, kind: str, mark: str, before: Before) -> Document:
    """A report of a disclosure as it is told. `mark`: of the receiver's own codes, part of the version."""
    id_, version = one.report.id(kind), f"{one.version.removesuffix(GONE)}{mark}{GONE * one.is_wrong}"
    return Document(
        id=id_,
        version=version,
        title="" if one.pdf is None else one.pdf.title,
        pdf=b"" if one.pdf is None else one.pdf.body,
        span=(one.summary.period.start, one.summary.period.end - 1000),
        offsets=one.summary.offsets,
        classes=one.summary.classes,
        is_there=before.is_there(id_, version),
        is_gone=one.is_wrong,
    )


def as_result(one: Document, told: Hl7v2, installation: str, now: Instant) -> Iterator[Line]:
    """The order group of an ORU^R01."""
    code = named(told.orders.get("document", USUAL))
    span = stamp(one.span[0], one.offsets[0]), stamp(one.span[1], one.offsets[1])
    status = one.status(told)
    yield obr(filler(one.id, installation), code, span, stamp(now, 0), "F" if status == "F" else "C")
    yield obx(1, "ED", code, _content(one), "", "", status, span[1])
    yield from notes(one.classes, (one.title,))


def as_document(one: Document, told: Hl7v2, installation: str, now: Instant) -> Iterator[Line]:
    """What follows PID in an MDM."""
    yield from pv1(told, "O")
    number, said = filler(one.id, installation), told.orders.get("document", USUAL)
    fields: list[Value] = [""] * 19
    there = "CA" if one.is_gone else "AV"
    before = "" if one.status(told) == "F" else number
    time = stamp(one.span[1], one.offsets[1])
    for at, value in (
        (1, "1"), (2, said.code), (3, "AP"), (4, time), (12, number), (13, before), (17, "DO"), (19, there),
    ):  # fmt: skip
        fields[at - 1] = value
    yield ("TXA", fields)
    if not one.is_gone:
        yield obx(1, "ED", named(said), _content(one), "", "", one.status(told), time)
        yield from notes(one.classes, (one.title,))


def evn(one: Document, told: Hl7v2, now: Instant) -> Line:
    """The event of an MDM."""
    return ("EVN", [EVENTS[one.status(told)], stamp(now, 0)])


def _content(one: Document) -> Value:
    return "" if one.is_gone else (*MIME, b64encode(one.pdf).decode("ascii"))
