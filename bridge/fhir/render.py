"""The renderer: a Disclosure in, FHIR bytes out. The only maker of FHIR bytes.

Law (`architecture.md`): it takes nothing but what the gate made and says nothing beside it: counts,
totals, dates, ETags and devices come from the Disclosure. `FhirBytes` is final and made here alone;
whoever sends bytes to the world demands one. How they are written is a notation: `render_json.py`,
`render_xml.py`; what they say is the same in both.

Rejected: objects per resource (fhir.resources: 1,100 times the time), caches of rendered pages (a second
copy that could outlive a grant).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Never, TypeAlias, final

from bridge.consent.disclosure import NOTICE, Disclosure
from bridge.fhir import batched, filing, groups
from bridge.fhir.alone import alone
from bridge.fhir.bundle import Head, bundle
from bridge.fhir.consignment import Drafts, Manner, Tellings, Told, drafted
from bridge.fhir.entries import entries, members, tag, total
from bridge.fhir.filing import Filing, Known, Sent
from bridge.fhir.frames import Frame
from bridge.fhir.groups import Circle
from bridge.fhir.notation import Notation
from bridge.fhir.paper import USUAL, Paper
from bridge.fhir.receipt import Receipt
from bridge.fhir.render_json import JSON, NDJSON
from bridge.fhir.render_manifest import Manifest
from bridge.fhir.render_xml import XML
from bridge.fhir.report_letters import letters
from bridge.fhir.reports import RAW, Wish, every, made
from bridge.fhir.rows import Compiler, Elements, readings
from bridge.fhir.statements import Statements
from bridge.fhir.streams import Lines, Pieces, Searchset
from bridge.fhir.vocabulary import Vocabulary
from bridge.fhir.wanted import Wanted
from bridge.mapping import Mappings
from bridge.mapping.resources import OBSERVATION
from bridge.period import Instant, ZoneHistory

__all__ = [
    "JSON", "NDJSON", "XML", "Answered", "Circle", "Consignment", "FhirBytes", "Filing", "Known", "Manifest",
    "Notation", "Receipt", "Renderer", "Sent", "Stream", "Wanted",
]  # fmt: skip

_SEAL: Final = object()
ALL: Final = Wanted()


@final
class FhirBytes:
    """FHIR that may leave, in this media type. `etag`: as the header says it; `last_modified`: ms UTC."""

    __slots__ = ("body", "etag", "last_modified", "media_type")

    body: bytes | memoryview
    media_type: str
    etag: str | None
    last_modified: Instant | None

    def __init__(
        self,
        seal: object,
        body: bytes | memoryview,
        notation: Notation,
        etag: str | None = None,
        last_modified: Instant | None = None,
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("only the renderer makes FhirBytes")
        told = {"body": body, "media_type": notation.media_type, "etag": etag, "last_modified": last_modified}
        for name, value in told.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("FhirBytes do not change: the renderer makes them anew")

    def __init_subclass__(cls) -> None:
        raise TypeError("FhirBytes has no subclasses")

    def __len__(self) -> int:
        return len(self.body)

    def __bytes__(self) -> bytes:
        return bytes(self.body)


@final
@dataclass(frozen=True, slots=True)
class Answered:
    """What one entry of a batch came to."""

    status: int
    content: FhirBytes | None = None


Consignment: TypeAlias = Drafts[FhirBytes]
"""What one delivery attempt sends."""


@final
class Renderer(Statements[FhirBytes]):
    """Renders for one installation under one set of mappings. `base`: our FHIR address without a slash
    at its end; `installation`: the uuid whose URN is the system of our identifiers; `summed`: the revision of
    the codes of summaries. Everything is said in JSON
    where no other notation is given."""

    def __init__(self, mappings: Mappings, base: str, installation: str) -> None:
        self.base = base.rstrip("/")
        self.system = f"urn:uuid:{installation}"
        self.vocabulary = Vocabulary.of(mappings)
        self.codes = {name: (code.system, code.code) for name, code in mappings.codes.items()}
        self._compilers = {
            each.media_type: Compiler(mappings, self.base, self.system, each)
            for each in (JSON, XML, NDJSON, RAW)
        }
        self._tellings = Tellings(mappings, self._in(JSON))
        self.summed = self._in(JSON).summed

    # -------------------------------------------------------------------------------------- searches

    def searchset(
        self,
        disclosure: Disclosure,
        url: str,
        next: str | None = None,
        *,
        kind: str = OBSERVATION,
        include_devices: bool = False,
        include_provenance: bool = False,
        elements: Elements = None,
        notation: Notation = JSON,
    ) -> FhirBytes:
        """One page. `url`: the self link; `next`: the link of the page behind it."""
        wanted = Wanted(kind, include_devices, include_provenance, elements)
        return self.page(disclosure, wanted, url, next, notation)

    def page(
        self, disclosure: Disclosure, wanted: Wanted, url: str, next: str | None, notation: Notation
    ) -> FhirBytes:
        """The same for all that can be wanted."""
        compiler = self._in(notation)
        links = (("self", url), ("next", next)) if next else (("self", url),)
        told = total(disclosure, wanted.kind) if wanted.types is None else None
        head = Head("searchset", told, links, disclosure.last_updated, notice=disclosure.notice)
        body = bundle(notation, head, entries(compiler, disclosure, wanted))
        return FhirBytes(_SEAL, body, notation, tag(compiler, disclosure, wanted), disclosure.last_updated)

    def collection(self, disclosure: Disclosure, notation: Notation = JSON) -> FhirBytes:
        """Summaries as a Bundle that is no search (R4 2.36: collection)."""
        compiler, updated = self._in(notation), disclosure.last_updated
        head = Head("collection", updated=updated, notice=disclosure.notice)
        body = bundle(notation, head, members(compiler, disclosure))
        return FhirBytes(_SEAL, body, notation, tag(compiler, disclosure, ALL), updated)

    def counted(
        self, disclosure: Disclosure, url: str, kind: str = OBSERVATION, notation: Notation = JSON
    ) -> FhirBytes:
        """The answer to `_summary=count` for a search of any type."""
        return self.count_only(total(disclosure, kind) or 0, url, notation, disclosure.notice)

    def count_only(self, total: int, url: str, notation: Notation = JSON, notice: str = NOTICE) -> FhirBytes:
        """A searchset that says a number and nothing else."""
        head = Head("searchset", total, (("self", url),), notice=notice)
        return FhirBytes(_SEAL, bundle(notation, head, ()), notation)

    def stream(self, url: str, wanted: Wanted = ALL, notation: Notation = JSON) -> Stream:
        """A searchset of readings in pieces, see `Stream`."""
        return Stream(Searchset(self._in(notation), url, wanted))

    def lines(self, kind: str, elements: Elements = None) -> Stream:
        """Resources of one type, one a line, see `Stream`."""
        return Stream(Lines(self._in(NDJSON), kind, elements))

    def read(
        self,
        disclosure: Disclosure,
        kind: str,
        *,
        version: str | None = None,
        elements: Elements = None,
        notation: Notation = JSON,
    ) -> FhirBytes | None:
        """The one resource of that type; with `version` (a versionId) that state of it. None: absent."""
        if (found := alone(self._in(notation), disclosure, kind, version, elements)) is None:
            return None
        return FhirBytes(_SEAL, found.body, notation, f'W/"{found.version}"', found.updated)

    def history(self, disclosure: Disclosure, url: str, notation: Notation = JSON) -> FhirBytes | None:
        """The permitted versions of one reading (R4 3.1.0.10), in page order. None: absent."""
        if not disclosure.count:
            return None
        told = disclosure.total
        head = Head("history", told, (("self", url),), disclosure.last_updated, notice=disclosure.notice)
        rows = readings(self._in(notation), disclosure, Frame.UPDATED)
        body = bundle(notation, head, (rows,))
        return FhirBytes(_SEAL, body, notation, None, disclosure.last_updated)

    def reports(self, disclosure: Disclosure, wish: Wish) -> FhirBytes | None:
        """Reports of a disclosure as a page, or one alone; None: absent. It prints, so it takes its time."""
        one = made(self._in(wish.notation), disclosure, wish)
        return None if one is None else FhirBytes(_SEAL, one.body, one.notation, one.etag, one.updated)

    # -------------------------------------------------------------------------------------- delivery

    def transaction(
        self,
        disclosure: Disclosure,
        subject: str,
        known: Mapping[str, Known],
        at: Instant,
        notation: Notation = JSON,
    ) -> tuple[FhirBytes, tuple[Sent, ...]]:
        """A transaction Bundle for a receiver's chart, and what each of its entries is. `subject`: the
        receiver's reference of the patient; `known`: what it holds, by our logical id; `at`: now."""
        body, sent = filing.transaction(self._in(notation), disclosure, Filing(subject, known, at))
        return FhirBytes(_SEAL, body, notation), sent

    def consignment(self, disclosure: Disclosure, wanted: Filing, manner: Manner, told: Told) -> Consignment:
        """The requests of one delivery attempt, in the form that the receiver takes; `told`: what it is told
        otherwise than others."""
        return _sealed(drafted(self._tellings.of(told), disclosure, wanted, manner))

    def report_letters(
        self,
        disclosure: Disclosure,
        zones: ZoneHistory,
        wanted: Filing,
        manner: Manner,
        kind: str,
        paper: Paper = USUAL,
    ) -> Consignment:
        """The reports of a disclosure for a chart, as DocumentReference or as DiagnosticReport. It prints, so it takes
        its time."""
        found = every(self._in(JSON), disclosure, zones, paper)
        return _sealed(letters(self._in(JSON), found, wanted, manner, kind))

    # ----------------------------------------------------------------------------- bulk and batches

    def group(self, circle: Circle, members: Sequence[Disclosure], notation: Notation = JSON) -> FhirBytes:
        """The Group of those who share with an asker in bulk, and who they are."""
        names = tuple(each.subject.id for each in members if each.subject and each.entry is not None)
        return FhirBytes(_SEAL, notation.encode(groups.tree(circle, names)), notation)

    def groups(self, found: Sequence[Circle], url: str, notation: Notation = JSON) -> FhirBytes:
        """A searchset of Groups, without who is in them."""
        return FhirBytes(_SEAL, groups.page(notation, found, url, self.base), notation)

    def batch_response(self, answers: Sequence[Answered], notation: Notation = JSON) -> FhirBytes:
        """The answers to a batch (R4 3.1.0.11), in its order. ValueError where one is in another notation."""
        parts = [batched.entry(notation, each.status, each.content) for each in answers]
        return FhirBytes(_SEAL, bundle(notation, Head("batch-response"), parts), notation)

    def _as_bytes(self, body: bytes | memoryview, notation: Notation, etag: str | None = None) -> FhirBytes:
        return FhirBytes(_SEAL, body, notation, etag)

    def _in(self, notation: Notation) -> Compiler:
        return self._compilers[notation.media_type]


def _sealed(found: Drafts[bytes | memoryview]) -> Consignment:
    made = tuple((ask, FhirBytes(_SEAL, body, JSON)) for ask, body in found.letters)
    return Drafts(made, found.left, found.waiting)


@final
class Stream:
    """A document in pieces: `rows` for each Disclosure as it comes, then `tail`. A stream that is cut is
    left open, so that nobody takes a part for the whole (`data.md`, consent epoch)."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self.media_type = pieces.notation.media_type

    def rows(self, disclosure: Disclosure) -> FhirBytes:
        """What stands in it of one Disclosure."""
        return FhirBytes(_SEAL, self._pieces.rows(disclosure), self._pieces.notation)

    def tail(self) -> FhirBytes:
        """The end of the document; all of it where nothing was disclosed."""
        return FhirBytes(_SEAL, self._pieces.tail(), self._pieces.notation)
