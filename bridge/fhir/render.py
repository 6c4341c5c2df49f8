"""The renderer: a Disclosure in, FHIR bytes out. The only maker of FHIR bytes.

Law (`architecture.md`, laws): it takes nothing but what the gate made and says nothing beside it: counts,
totals, dates, ETags and devices come from the Disclosure. `FhirBytes` is final and made here alone;
whoever sends bytes to the world demands one. JSON is made here and in `render_json.py`.

Rejected: objects per resource (fhir.resources: 1,100 times the time), caches of rendered pages (a second
copy that could outlive a grant).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Never, final

from bridge.consent.disclosure import Disclosure
from bridge.fhir import capability, filing, outcome
from bridge.fhir.bundle import CLOSED, Head, bundle, open_bundle
from bridge.fhir.cells import instant
from bridge.fhir.entries import Wanted, alone, entries, tag, total
from bridge.fhir.filing import Filing, Known, Sent
from bridge.fhir.frames import Frame
from bridge.fhir.outcome import Problem
from bridge.fhir.render_json import encode
from bridge.fhir.rows import Compiler, Elements, observations
from bridge.fhir.template import assemble
from bridge.fhir.tree import Tree
from bridge.fhir.vocabulary import Vocabulary
from bridge.mapping import Mappings
from bridge.period import Instant

__all__ = ["Answered", "FhirBytes", "Known", "Renderer", "Sent", "Stream"]

_SEAL: Final = object()


@final
class FhirBytes:
    """FHIR JSON that may leave. `etag`: as the header says it; `last_modified`: ms UTC."""

    __slots__ = ("body", "etag", "last_modified")

    body: bytes | memoryview
    etag: str | None
    last_modified: Instant | None

    def __init__(
        self,
        seal: object,
        body: bytes | memoryview,
        etag: str | None = None,
        last_modified: Instant | None = None,
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("only the renderer makes FhirBytes")
        for name, value in (("body", body), ("etag", etag), ("last_modified", last_modified)):
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
    """What one entry of a batch came to: HTTP status and, where there is one, the content."""

    status: int
    content: FhirBytes | None = None


@final
class Renderer:
    """Renders for one installation under one set of mappings. `base`: our FHIR address without a slash
    at its end; `installation`: the uuid whose URN is the system of our identifiers."""

    def __init__(self, mappings: Mappings, base: str, installation: str) -> None:
        self.base = base.rstrip("/")
        self.system = f"urn:uuid:{installation}"
        self.vocabulary = Vocabulary.of(mappings)
        self._compiler = Compiler(mappings, self.base, self.system)

    # -------------------------------------------------------------------------------------- searches

    def searchset(
        self,
        disclosure: Disclosure,
        url: str,
        next: str | None = None,
        *,
        kind: str = "Observation",
        include_devices: bool = False,
        include_provenance: bool = False,
        elements: Elements = None,
    ) -> FhirBytes:
        """One page. `url`: the self link; `next`: the link of the page behind it."""
        wanted = Wanted(kind, include_devices, include_provenance, elements)
        links = (("self", url), ("next", next)) if next else (("self", url),)
        head = Head("searchset", total(disclosure, kind), links, disclosure.last_updated)
        body = bundle(head, entries(self._compiler, disclosure, wanted))
        return FhirBytes(_SEAL, body, tag(self._compiler, disclosure, wanted), disclosure.last_updated)

    def counted(self, disclosure: Disclosure, url: str, kind: str = "Observation") -> FhirBytes:
        """The answer to `_summary=count` for a search of any type."""
        return self.count_only(total(disclosure, kind) or 0, url)

    def count_only(self, total: int, url: str) -> FhirBytes:
        """A searchset that says a number and nothing else."""
        return FhirBytes(_SEAL, bundle(Head("searchset", total, (("self", url),)), ()))

    def stream(
        self,
        url: str,
        *,
        include_devices: bool = False,
        include_provenance: bool = False,
        elements: Elements = None,
    ) -> Stream:
        """A searchset of Observations in pieces, see `Stream`."""
        wanted = Wanted("Observation", include_devices, include_provenance, elements)
        return Stream(self._compiler, url, wanted)

    # ------------------------------------------------------------------------------------- instances

    def read(
        self, disclosure: Disclosure, kind: str, *, version: str | None = None, elements: Elements = None
    ) -> FhirBytes | None:
        """The one resource of that type; with `version` (a versionId) that state of it. None: absent."""
        found = alone(self._compiler, disclosure, kind, version, elements)
        if found is None:
            return None
        return FhirBytes(_SEAL, found.body, f'W/"{found.version}"', found.updated)

    def history(self, disclosure: Disclosure, url: str) -> FhirBytes | None:
        """The permitted versions of one Observation (R4 3.1.0.10), in page order. None: absent."""
        if not disclosure.count:
            return None
        head = Head("history", disclosure.total, (("self", url),), disclosure.last_updated)
        rows = observations(self._compiler, disclosure, Frame.UPDATED)
        return FhirBytes(_SEAL, bundle(head, (rows,)), None, disclosure.last_updated)

    # -------------------------------------------------------------------------------------- delivery

    def transaction(
        self, disclosure: Disclosure, subject: str, known: Mapping[str, Known], at: Instant
    ) -> tuple[FhirBytes, tuple[Sent, ...]]:
        """A transaction Bundle for a receiver's chart, and what each of its entries is. `subject`: the
        receiver's reference of the patient; `known`: what it holds, by our logical id; `at`: now."""
        body, sent = filing.transaction(self._compiler, disclosure, Filing(subject, known, at))
        return FhirBytes(_SEAL, body), sent

    # ------------------------------------------------------------------------------ without a person

    def problem(self, problem: Problem) -> FhirBytes:
        """The OperationOutcome."""
        return FhirBytes(_SEAL, encode(outcome.tree(problem)))

    def capability(self, version: str, released: str) -> FhirBytes:
        """The CapabilityStatement: of this software version, released on that date."""
        return FhirBytes(_SEAL, encode(capability.tree(self.base, version, released)))

    def batch_response(self, answers: Sequence[Answered]) -> FhirBytes:
        """The answers to a batch (R4 3.1.0.11), in its order."""
        parts = [_answer(each) for each in answers]
        return FhirBytes(_SEAL, bundle(Head("batch-response"), parts))


def _answer(answered: Answered) -> bytes:
    """One entry of a batch response. A resource that is bytes already is set between encoded parts."""
    content = answered.content
    response: Tree = {"status": f"{answered.status} {HTTPStatus(answered.status).phrase}"}
    if content is None:
        return b',{"response":' + encode(response) + b"}"
    body = bytes(content)
    if answered.status >= 400:
        return b',{"response":' + encode(response)[:-1] + b',"outcome":' + body + b"}}"
    updated = content.last_modified
    response |= {"etag": content.etag, "lastModified": None if updated is None else instant(updated)}
    return b',{"resource":' + body + b',"response":' + encode(response) + b"}"


@final
class Stream:
    """A searchset in pieces: `rows` for each Disclosure as it comes, then `tail`. A stream that is cut is
    left open, so that nobody takes a part for the whole (`data.md`, consent epoch)."""

    def __init__(self, compiler: Compiler, url: str, wanted: Wanted) -> None:
        self._compiler = compiler
        self._url = url
        self._wanted = wanted
        self._devices: frozenset[str] = frozenset()
        self._is_open = False

    def rows(self, disclosure: Disclosure) -> FhirBytes:
        """The entries of one Disclosure; the first also opens the Bundle. Each Device comes once."""
        parts = entries(self._compiler, disclosure, self._wanted, self._devices)
        self._devices |= {each.id for each in disclosure.devices}
        body = assemble(parts)
        if self._is_open or not len(body):
            return FhirBytes(_SEAL, body)
        self._is_open = True
        opened = open_bundle(Head("searchset", disclosure.total, (("self", self._url),)))
        body[0] = ord(" ")
        return FhirBytes(_SEAL, opened + body)

    def tail(self) -> FhirBytes:
        """The end of the Bundle; all of it where nothing was disclosed."""
        if self._is_open:
            return FhirBytes(_SEAL, CLOSED)
        return FhirBytes(_SEAL, bundle(Head("searchset", 0, (("self", self._url),)), ()))
