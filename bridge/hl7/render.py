"""The writer of HL7 v2: a Disclosure in, sealed messages out. The only maker of them.

Law (`architecture.md`, laws): as `fhir/render.py`: it takes nothing but what the gate made and the link that a human
confirmed. `Hl7Bytes` is final and made here alone; who sends to an interface engine demands one. MSH-10 is made of what
the message says, so the same content sent again has the same number and a receiver that knows it answers without filing
it twice (HL7 v2.5.1 2.9.2); anything else has another. What its character set lacks is not told and is named.

Rejected: a counter for MSH-10 (a repetition after a lost answer would be another message).
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Never, TypeAlias, final

from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Ask, Drafts
from bridge.fhir.filing import Sent
from bridge.fhir.paper import Paper
from bridge.fhir.render_json import JSON
from bridge.fhir.reports import every
from bridge.fhir.rows import Compiler
from bridge.hl7.document import EVENTS, Document, as_document, as_result, document_of, evn
from bridge.hl7.results import Before, results
from bridge.hl7.segments import Head, Person, msh, pid, pv1
from bridge.hl7.summary import summary
from bridge.hl7.text import Line, Unwritable, is_writable, message
from bridge.mapping import Mappings
from bridge.mapping.hl7v2 import Hl7v2
from bridge.period import Instant, ZoneHistory

__all__ = ["Before", "Document", "Hl7Bytes", "Letters", "Person", "Scribe", "Writing"]

_SEAL: Final = object()
RESULTS: Final = ("ORU", "R01", "ORU_R01")
CONTROL: Final = 20
"""Characters of MSH-10 in 2.5.1."""
DOCUMENT: Final = "DocumentReference"
BEYOND: Final = "beyond what the sensor measures, and the receiver takes no comparator (off_scale: hold)"
FOREIGN: Final = (
    "the receiver's character set lacks a character of it: agree on UNICODE UTF-8 with its interface team"
)


@final
class Hl7Bytes:
    """One message that may leave. `control`: MSH-10; `problem`: where it is empty, why its entries are held back;
    `orders`: groups of results in it, of which a summary is one."""

    __slots__ = ("body", "control", "orders", "problem")

    body: bytes
    control: str
    problem: str
    orders: int

    def __init__(self, seal: object, body: bytes, control: str, problem: str = "", orders: int = 1) -> None:
        if seal is not _SEAL:
            raise TypeError("only the scribe makes Hl7Bytes")
        for name, value in {"body": body, "control": control, "problem": problem, "orders": orders}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("Hl7Bytes do not change: the scribe makes them anew")

    def __init_subclass__(cls) -> None:
        raise TypeError("Hl7Bytes has no subclasses")

    def __len__(self) -> int:
        return len(self.body)

    def __bytes__(self) -> bytes:
        return self.body


Letters: TypeAlias = Drafts[Hl7Bytes]
"""What one attempt sends: of each message its entries. Entries of an empty message are held back."""


@final
@dataclass(frozen=True, slots=True)
class Writing:
    """To whom something is written, and what is known of it there. `updates`: corrections are taken."""

    told: Hl7v2
    person: Person
    before: Before
    at: Instant
    updates: bool = True
    mark: str = field(init=False)

    def __post_init__(self) -> None:
        said = self.told.said
        mark = "" if said == "{}" else f"-{sha256(said.encode()).hexdigest()[:8]}"
        object.__setattr__(self, "mark", mark)


@final
class Scribe:
    """Writes for one installation under one set of mappings. `installation`: the uuid that numbers our ids."""

    def __init__(self, mappings: Mappings, installation: str) -> None:
        self.installation = installation
        self._compiler = Compiler(mappings, "", f"urn:uuid:{installation}", JSON)

    def results(self, disclosure: Disclosure, to: Writing) -> Letters:
        """The readings and summaries of a disclosure as one ORU^R01, summaries first. `left`: corrections that the
        receiver takes in no form; one figure that was told makes all of its summary one."""
        summed = [
            summary(self._compiler, each, to.told, to.mark, to.before, to.at) for each in disclosure.summaries
        ]
        read = results(self._compiler, disclosure, to.told, to.mark, to.before, to.at)
        groups = [*summed, *(((each.sent,), each.lines) for each in read)]
        fixed = [
            group for group, _ in groups if not to.updates and any(sent.method == "PUT" for sent in group)
        ]
        left = [sent for group in fixed for sent in group]
        going = [(group, lines) for group, lines in groups if group and not set(group) & set(left)]
        beyond = [group for group in going if not group[1]]
        foreign = [group for group in going if group[1] and not is_writable(group[1], to.told.charset)]
        told = [group for group in going if group not in beyond and group not in foreign]
        letters = [*_letter(RESULTS, [pid(to.told, to.person), *pv1(to.told)], told, to)]
        letters += [*_held(beyond, BEYOND), *_held(foreign, FOREIGN)]
        return Drafts(tuple(letters), tuple(left))

    def reports(self, disclosure: Disclosure, zones: ZoneHistory, paper: Paper, to: Writing) -> Letters:
        """The reports of a disclosure, each a message of its own; what was entered in error is not told to who never
        had it. It prints, so it takes its time."""
        found, letters, left = every(self._compiler, disclosure, zones, paper), list[Letter](), list[Sent]()
        for one in found:
            told = document_of(one, DOCUMENT, to.mark, to.before)
            if told.is_gone and not told.is_there:
                continue
            made = self.document(disclosure, told, to)
            letters += made.letters
            left += made.left
        return Drafts(tuple(letters), tuple(left))

    def document(self, disclosure: Disclosure, one: Document, to: Writing) -> Letters:
        """A report of a disclosure, as the file says: a result, or a document of its own."""
        if disclosure.subject is None:
            return Drafts(())
        sent = (Sent(DOCUMENT, one.id, one.version, "PUT" if one.is_there else "POST"),)
        if one.is_there and not to.updates:
            return Drafts((), sent)
        person = pid(to.told, to.person)
        if to.told.documents == "ORU^R01":
            lines = tuple(as_result(one, to.told, self.installation, to.at))
            return Drafts(tuple(_letter(RESULTS, [person, *pv1(to.told)], [(sent, lines)], to)))
        event = EVENTS[one.status(to.told)]
        kind, start = (
            ("MDM", event, "MDM_T02" if event != "T11" else "MDM_T01"),
            [evn(one, to.told, to.at), person],
        )
        lines = tuple(as_document(one, to.told, self.installation, to.at))
        return Drafts(tuple(_letter(kind, start, [(sent, lines)], to)))


Letter: TypeAlias = "tuple[Ask, Hl7Bytes]"
_Group: TypeAlias = "tuple[tuple[Sent, ...], tuple[Line, ...]]"
"""Entries and the lines that tell them."""


def _letter(
    kind: tuple[str, str, str], start: Sequence[Line], groups: Sequence[_Group], to: Writing
) -> Iterable[tuple[Ask, Hl7Bytes]]:
    """One message; none where there are no groups. What the character set lacks in the name of the person makes
    it an empty one: nothing is told about somebody who cannot be named."""
    if not groups:
        return ()
    body, entries = (
        [line for _, lines in groups for line in lines],
        [sent for group, _ in groups for sent in group],
    )
    control = _control([*start, *body], entries)
    ask = Ask("POST", "", tuple(entries))
    try:
        text = message([msh(to.told, Head(kind, control, to.at)), *start, *body], to.told.charset)
    except Unwritable:
        return ((ask, Hl7Bytes(_SEAL, b"", "", FOREIGN)),)
    return ((ask, Hl7Bytes(_SEAL, text, control, orders=len(groups))),)


def _held(groups: Sequence[_Group], problem: str) -> Iterable[tuple[Ask, Hl7Bytes]]:
    entries = tuple(sent for group, _ in groups for sent in group)
    return ((Ask("POST", "", entries), Hl7Bytes(_SEAL, b"", "", problem)),) if entries else ()


def _control(lines: Sequence[Line], entries: Sequence[Sent]) -> str:
    """MSH-10: names content and versions; the moments of sending (OBR-22, EVN-2) do not count."""
    lasting = [line for line in lines if line[0] != "EVN"]
    said = [(name, [*fields[:21], *fields[22:]] if name == "OBR" else fields) for name, fields in lasting]
    digest = sha256(repr((said, list(entries))).encode("utf-8", "backslashreplace")).digest()
    return b32encode(digest)[:CONTROL].decode()
