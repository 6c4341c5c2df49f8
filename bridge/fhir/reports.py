"""Reports as DiagnosticReport (HL7 CGM IG 1.0.0, cgm-summary-pdf), as DocumentReference, and as the Binary that it
leads to.

Law: a report is one thing under three ids; all three are made of the same disclosure, and none rests. A
DiagnosticReport carries the PDF inline, as its profile demands, and refers to the Observations of its summary; a
DocumentReference tells size and SHA-1 of what its Binary is (R4 2.24.0.9), which holds because one content gives one
PDF. A version names the content, the codes and this software, which lays it out. What was entered in error has neither
result nor PDF and claims no profile. Every one wears the notice of all answers.

Rejected: an attachment by address in the DiagnosticReport (the profile forbids it).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha1, sha256
from typing import Final

import numpy as np

from bridge import __version__
from bridge.consent.disclosure import NOTICE, Disclosure, Subject
from bridge.consent.summed import PANEL, DisclosedReport, DisclosedSummary
from bridge.fhir import terms
from bridge.fhir.bundle import Head, bundle
from bridge.fhir.cells import instant
from bridge.fhir.elements import named
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.notation import Notation
from bridge.fhir.paper import SUMMARY, USUAL, Paper
from bridge.fhir.received import version
from bridge.fhir.render_json import JSON
from bridge.fhir.rows import Compiler
from bridge.fhir.summaries import CATEGORIES, GONE, PROFILES, covered
from bridge.fhir.tree import Node, Tree, selected
from bridge.fhir.trees import received_trees
from bridge.period import Instant, ZoneHistory
from bridge.report.press import MEDIA_TYPE, PdfBytes, printed

DIAGNOSTIC, DOCUMENT, BINARY = "DiagnosticReport", "DocumentReference", "Binary"
PROFILE: Final = f"{PROFILES}cgm-summary-pdf"
LANGUAGE: Final = "en"
RAW: Final = replace(JSON, media_type=MEDIA_TYPE)
"""A Binary as what it is (R4 2.47.1)."""
MANDATORY: Final = frozenset({"status", "code", "content", "contentType"})


@dataclass(frozen=True, slots=True)
class Wish:
    """Reports as resources of one type, how they are written, and where the person's clocks stood. `url` ``: one alone,
    else a page with that self link, and the link of the `next`."""

    kind: str
    zones: ZoneHistory
    notation: Notation
    url: str = ""
    next: str | None = None
    elements: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A body with the names of its state."""

    body: bytes | memoryview
    notation: Notation
    etag: str
    updated: Instant | None


@dataclass(frozen=True, slots=True)
class One:
    """One report that was disclosed, and its PDF; None of what was entered in error. `subject`: the reference of whose
    it is; where `is_filed`, the receiver gives ids and versions. `paper`: how it is told, with what `notice`."""

    subject: str
    summary: DisclosedSummary
    report: DisclosedReport
    pdf: PdfBytes | None
    version: str
    is_filed: bool = False
    paper: Paper = USUAL
    notice: str = NOTICE

    @property
    def is_wrong(self) -> bool:
        """Whether it was entered in error."""
        return self.pdf is None


def made(compiler: Compiler, seen: Disclosure, wish: Wish) -> Made | None:
    """The page, or the one report; None where that is not there."""
    found = list(every(compiler, seen, wish.zones))
    if wish.notation is RAW:
        one = found[0] if len(found) == 1 else None
        if one is None or one.pdf is None:
            return None
        return Made(one.pdf.body, RAW, f'W/"{one.version}"', one.report.last_updated)
    shown = list(_shown(compiler, seen, found, wish))
    if wish.url:
        return _page(compiler, seen, shown, wish)
    if len(shown) != 1:
        return None
    (alone,) = shown
    body = wish.notation.encode(alone.tree)
    return Made(body, wish.notation, f'W/"{alone.version}"', alone.updated)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One resource with the names of its state."""

    id: str
    version: str
    updated: Instant
    tree: Tree


def _shown(compiler: Compiler, seen: Disclosure, found: list[One], wish: Wish) -> Iterator[_Shown]:
    """Ours, then those that others submitted."""
    for each in found:
        tree = selected(TREES[wish.kind](compiler, each), wish.elements, MANDATORY)
        yield _Shown(each.report.id(wish.kind), each.version, each.report.last_updated, tree)
    for foreign, tree in received_trees(compiler, seen, wish.kind, wish.elements):
        yield _Shown(foreign.id, version(foreign, compiler.summed), foreign.last_updated, tree)


def every(
    compiler: Compiler, seen: Disclosure, zones: ZoneHistory, paper: Paper | None = None
) -> Iterator[One]:
    """The reports of a disclosure, printed; `paper`: how they are told in a receiver's chart, None: they are asked
    for."""
    if seen.subject is None or seen.entry is None:
        return
    told, is_filed = paper or USUAL, paper is not None
    pdfs = {each.report: each for each in printed(seen, zones, told.layout)}
    for each in seen.summaries:
        if (report := each.report) is not None:
            pdf = pdfs.get(report.id(DIAGNOSTIC))
            if paper is None:
                version = _version(each, report, seen.subject, compiler)
            else:
                version = filed(each, report, seen, compiler.summed, paper, pdf is None)
            yield One(f"Patient/{seen.subject.id}", each, report, pdf, version, is_filed, told, seen.notice)


def _version(one: DisclosedSummary, report: DisclosedReport, subject: Subject, compiler: Compiler) -> str:
    told = f"{one.version}|{report.version}|{subject.version}|{compiler.summed}|{__version__}"
    return sha256(told.encode()).hexdigest()[:16]


def filed(
    one: DisclosedSummary,
    report: DisclosedReport,
    seen: Disclosure,
    summed: str,
    paper: Paper,
    is_wrong: bool,
) -> str:
    """The version under which a report is filed; ours, sent to nobody (`fullness.py`). It names what stands in the
    document and how it is told, not when that came to be visible nor this software: neither is a correction."""
    subject = "" if seen.subject is None else seen.subject.version
    told = sha256(f"{one.version}|{subject}|{summed}|{paper.name}|{sorted(report.open)}".encode())
    for group in seen.groups:
        at = group.columns["instant"].astype(np.int64)
        inside = (at >= one.period.start) & (at < one.period.end)
        for name, column in sorted(group.columns.items()):
            if column.dtype.kind in "iuf":
                told.update(name.encode() + column[inside].tobytes())
        told.update(group.ids[inside].tobytes())
    return told.hexdigest()[:16] + GONE * is_wrong


def _page(compiler: Compiler, seen: Disclosure, found: list[_Shown], wish: Wish) -> Made:
    place = Place(compiler.base, compiler.system)
    parts = [wish.notation.entry(framed(Frame.MATCH, each.tree, each.id, place)) for each in found]
    links = (("self", wish.url), ("next", wish.next)) if wish.next else (("self", wish.url),)
    head = Head("searchset", seen.total, links, seen.last_updated, notice=seen.notice)
    told = repr((wish.kind, wish.elements, seen.total, wish.next is None, [each.version for each in found]))
    etag = f'W/"{sha256(told.encode()).hexdigest()[:24]}"'
    return Made(bundle(wish.notation, head, parts), wish.notation, etag, seen.last_updated)


def diagnostic(compiler: Compiler, one: One) -> Tree:
    """The DiagnosticReport."""
    return {
        "resourceType": DIAGNOSTIC,
        **_head(compiler, one, DIAGNOSTIC, None if one.is_wrong else PROFILE),
        "identifier": (_identifier(compiler, one, DIAGNOSTIC),),
        "status": "entered-in-error" if one.is_wrong else "corrected" if one.summary.is_amended else "final",
        "category": tuple(named(compiler.mappings, (each,)) for each in CATEGORIES),
        "code": named(compiler.mappings, dict.fromkeys((SUMMARY, *one.paper.codes))),
        "subject": {"reference": one.subject},
        "effectivePeriod": covered(one.summary),
        "issued": instant(one.report.last_updated),
        "result": () if one.is_wrong else tuple(_results(one)),
        "presentedForm": () if one.pdf is None else (_attachment(one, one.pdf, data=True),),
    }


def _results(one: One) -> Iterator[Node]:
    """The panel, whose members are the rest; where there is none, each of them."""
    kept = [(part, id_) for part, id_ in one.summary.members if part not in one.summary.gone]
    chosen = [each for each in kept if each[0] == PANEL] or kept
    for _, id_ in chosen:
        yield {"reference": f"Observation/{id_}"}


def document(compiler: Compiler, one: One) -> Tree:
    """The DocumentReference, which leads to the Binary."""
    status = "final" if not one.summary.is_amended else "amended"
    related = {"reference": f"{DIAGNOSTIC}/{one.report.id(DIAGNOSTIC)}"}
    edges = {"start": instant(one.summary.period.start), "end": instant(one.summary.period.end - 1)}
    return {
        "resourceType": DOCUMENT,
        **_head(compiler, one, DOCUMENT, None),
        **_identified(compiler, one),
        "status": "entered-in-error" if one.is_wrong else "current",
        "docStatus": "entered-in-error" if one.is_wrong else status,
        "type": named(compiler.mappings, one.paper.codes),
        "category": tuple(named(compiler.mappings, (each,)) for each in CATEGORIES),
        "subject": {"reference": one.subject},
        "date": instant(one.report.last_updated),
        "description": one.notice,
        "content": ({"attachment": _content(one)},),
        "context": {"period": edges, "related": () if one.is_filed else (related,)},
    }


def _content(one: One) -> Tree:
    """Where the PDF is; of what was entered in error that it was one (R4 demands an attachment)."""
    return {"contentType": MEDIA_TYPE} if one.pdf is None else _attachment(one, one.pdf, data=one.is_filed)


def _attachment(one: One, pdf: PdfBytes, data: bool) -> Tree:
    """The PDF inline, or its address."""
    return {
        "contentType": MEDIA_TYPE,
        "language": LANGUAGE,
        "data": b64encode(pdf.body).decode("ascii") if data else None,
        "url": None if data else f"{BINARY}/{one.report.id(BINARY)}",
        "size": len(pdf),
        "hash": b64encode(sha1(pdf.body, usedforsecurity=False).digest()).decode("ascii"),
        "title": pdf.title,
        "creation": instant(one.report.last_updated),
    }


def binary(compiler: Compiler, one: One) -> Tree:
    """The Binary; without data where it was entered in error."""
    tree = _head(compiler, one, BINARY, None)
    return {
        "resourceType": BINARY,
        **tree,
        "contentType": MEDIA_TYPE,
        "securityContext": {"reference": f"{DOCUMENT}/{one.report.id(DOCUMENT)}"},
        "data": None if one.pdf is None else b64encode(one.pdf.body).decode("ascii"),
    }


TREES: Final = {DIAGNOSTIC: diagnostic, DOCUMENT: document, BINARY: binary}


def _head(compiler: Compiler, one: One, kind: str, profile: str | None) -> Tree:
    versions: Tree = {"versionId": one.version, "lastUpdated": instant(one.report.last_updated)}
    tags = (*(terms.source_class(each) for each in one.summary.classes), *_notice(one.notice))
    return {
        "id": None if one.is_filed else one.report.id(kind),
        "meta": {
            **({} if one.is_filed else versions),
            "profile": (profile,),
            "tag": (terms.PATIENT_SUPPLIED, *tags),
        },
    }


def _notice(sentence: str) -> tuple[Node, ...]:
    found = terms.notice(sentence)
    return tuple(found) if isinstance(found, tuple) else ()


def _identified(compiler: Compiler, one: One) -> Tree:
    """In a chart also the number of this version (R4 DocumentReference.masterIdentifier: specific to it), by which one
    that replaces another is created once."""
    number = _identifier(compiler, one, DOCUMENT)
    if not one.is_filed:
        return {"masterIdentifier": number}
    this: Tree = {"system": compiler.system, "value": versioned(one.report.id(DOCUMENT), one.version)}
    return {"masterIdentifier": this, "identifier": (number, this)}


def versioned(id_: str, version: str) -> str:
    """The number of one version of a document."""
    return f"{id_}.{version.removesuffix(GONE)}"


def _identifier(compiler: Compiler, one: One, kind: str) -> Tree:
    return {"system": compiler.system, "value": one.report.id(kind)}
