"""The segments that every message has: who writes to whom, and whose record it is about.

Law: HL7 v2.5.1 2.15.9 (MSH), 3.4.2 (PID), 3.4.3 (PV1), 2.15.10 (NTE). PID-3, 5 and 7 are what a human confirmed as the
receiver's own (`safety.md`, whose chart is it), never what our record of the person says; nothing else of PID is sent,
and no visit but its class. Every result carries where it comes from and what it is not for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from bridge.consent.disclosure import NOTICE
from bridge.hl7.text import Line, Part, Value
from bridge.mapping.hl7v2 import Coded, Hl7v2
from bridge.mapping.shapes import Code
from bridge.period import Instant
from bridge.reading import SourceClass

VERSION: Final = "2.5.1"
PURPOSE: Final = (
    "For retrospective display at a visit. No alarms, no dosing advice, not real-time monitoring: nobody watches this "
    "between visits unless the recipient says so."
)
"""`safety.md`, intended purpose."""
ACCEPTED: Final = {"original": ("", ""), "enhanced": ("AL", "NE"), "enhanced-application": ("AL", "AL")}
"""MSH-15 and 16 (2.9.2, 2.9.3) by acknowledgement mode."""
TABLES: Final = {
    "http://loinc.org": "LN",
    "http://snomed.info/sct": "SCT",
    "http://unitsofmeasure.org": "UCUM",
}
"""Table 0396 by FHIR system."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose record at the receiver, all of the link: identifier with its system, `Family, Given`, birth date."""

    system: str
    value: str
    name: str
    birth_date: date | None

    @property
    def is_known(self) -> bool:
        """Whether all that a message must say of the record was confirmed."""
        family, comma, given = self.name.partition(",")
        return bool(self.value and family.strip() and comma and given.strip() and self.birth_date)


@dataclass(frozen=True, slots=True)
class Head:
    """What MSH says of one message. `kind`: code, event and structure; `control`: MSH-10; `at`: MSH-7, ms UTC."""

    kind: tuple[str, str, str]
    control: str
    at: Instant


def msh(told: Hl7v2, head: Head) -> Line:
    """The header."""
    accept, application = ACCEPTED[told.ack]
    return (
        "MSH",
        [
            told.sending.application, told.sending.facility, told.receiving.application, told.receiving.facility,
            stamp(head.at, 0), "", head.kind, head.control, told.processing, VERSION, "", "", accept, application,
            "", told.charset,
        ],
    )  # fmt: skip


def pid(told: Hl7v2, person: Person) -> Line:
    """The receiver's record, in the receiver's words."""
    family, _, given = person.name.partition(",")
    number: Value = (person.value, "", "", _authority(told, person.system), told.identifier_type)
    birth = "" if person.birth_date is None else f"{person.birth_date:%Y%m%d}"
    return ("PID", ["1", "", number, "", (family.strip(), given.strip(), "", "", "", "", "L"), "", birth])


def pv1(told: Hl7v2, usual: str = "") -> Iterator[Line]:
    """The visit, of which only the class is said, where anything is."""
    if told.patient_class or usual:
        yield ("PV1", ["1", told.patient_class or usual])


def notes(classes: Iterable[SourceClass], more: Iterable[str] = ()) -> Iterator[Line]:
    """What whoever reads a result must know, each a segment."""
    said = ", ".join(sorted(each.value for each in classes)) or SourceClass.UNKNOWN.value
    for at, text in enumerate((f"patient-supplied; source class: {said}", *more, NOTICE, PURPOSE), 1):
        yield ("NTE", [str(at), "L", text])


def stamp(at: Instant, offset: int) -> str:
    """A time with its zone (TS, 2.A.77), `offset` minutes east."""
    moment = datetime.fromtimestamp(at // 1000, UTC).astimezone(timezone(timedelta(minutes=offset)))
    fraction = f".{at % 1000:03d}" if at % 1000 else ""
    return f"{moment:%Y%m%d%H%M%S}{fraction}{moment:%z}"


def coded(code: Code, said: Coded | None = None) -> Value:
    """A code as a CE, or as the receiver calls it with the usual one as the alternative (2.A.3)."""
    usual = (code.code, code.display or "", TABLES.get(code.system, "L"))
    return usual if said is None else (said.code, said.text, said.system, *usual)


def named(said: Coded) -> Value:
    """A code of the receiver's alone."""
    return (said.code, said.text, said.system)


def _authority(told: Hl7v2, system: str) -> Part:
    """The assigning authority as an HD (2.A.33): as the file says, else the system of the identifiers."""
    if told.authority:
        return told.authority
    if system.startswith("urn:oid:"):
        return ("", system.removeprefix("urn:oid:"), "ISO")
    if system.startswith("urn:uuid:"):
        return ("", system.removeprefix("urn:uuid:"), "UUID")
    return ("", system, "URI")
