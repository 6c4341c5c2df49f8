"""What a resource is, by the profiles of the HL7 CGM IG 1.0.0, and what of its profile it breaks.

Law: an allow-list. What is none of the IG's is refused, with the place and never with what stood there; what an
element outside of the profiles says is kept and not understood (IG, must support for receivers). A modifier that
is not understood refuses the resource (R4 2.24.0.8, modifierExtension; implicitRules). A reading has an instant
with an offset, which no leap second is, and either an amount in the exact unit or a reason why there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from bridge.order import Order
from bridge.receive.codes import (
    BEYOND,
    IN_RANGES,
    INFINITE,
    LEAST_MEMBERS,
    LOINC,
    PANEL,
    RANGES,
    READINGS,
    SAID,
    SUMMARIES,
    UCUM,
    Pattern,
)
from bridge.receive.node import NONE, Node, codings, node, nodes, number, pair, says, text
from bridge.receive.order import is_order, order

ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_STAMP: Final = re.compile(r"(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_LEAP: Final = re.compile(r"[^T]*T\d\d:\d\d:60.*")
"""R4's dateTime lets the 61st second of a minute be written (2.24.0.1); no clock that is reckoned with here has one."""
_NO_SECOND: Final = (
    "is in a leap second (:60), which no clock here has: write the second before it or after it"
)

LONGEST: Final = 255
"""Characters of a device's identifier, serial, maker or model."""
Faults = Iterator[tuple[str, str]]
"""(where in the resource, what is wrong)."""


class What(StrEnum):
    """What an entry's resource is here; the words are those of the kept record."""

    READING = "reading"
    OTHER = "other"  # a reading without an amount: nothing was measured
    SUMMARY = "summary"
    REPORT = "report"
    WRONG = "wrong"  # entered in error: its submitter takes back what it sent
    ORDER = "order"
    DEVICE = "device"
    PATIENT = "patient"


def what(resource: Node) -> What | None:
    """What a resource is; None where it is none of the IG's."""
    kind = text(resource, "resourceType")
    is_wrong = text(resource, "status") == "entered-in-error"
    if kind == "Observation":
        found = _observation(resource)
        return What.WRONG if is_wrong and found is not None else found
    concept = codings(node(resource, "code"))
    if kind == "DiagnosticReport":
        return (What.WRONG if is_wrong else What.REPORT) if (LOINC, PANEL) in concept else None
    if kind == "ServiceRequest":
        return What.ORDER if is_order(resource) else None
    return _BY_TYPE.get(kind)


_BY_TYPE: Final[Mapping[str, What]] = {"Device": What.DEVICE, "Patient": What.PATIENT}


def code_of(resource: Node) -> str:
    """The one LOINC code of the IG that an Observation has; '' where it has none, or several."""
    ours = {code for system, code in codings(node(resource, "code")) if system == LOINC}
    found = ours & {*READINGS, *SUMMARIES}
    return found.pop() if len(found) == 1 else ""


def absence(resource: Node) -> str:
    """Why an Observation has no amount, as a code; '' where it does not say."""
    return next(
        (code for system, code in codings(node(resource, "dataAbsentReason")) if system == ABSENT), ""
    )


def faults(resource: Node, is_: What) -> Faults:
    """What of its profile a well-formed resource breaks."""
    for name in ("modifierExtension", "implicitRules"):
        if says(resource, name):
            yield name, "changes the meaning in a way that is not understood here"
    yield from _CHECKS[is_](resource)


def _observation(resource: Node) -> What | None:
    code = code_of(resource)
    if code in SUMMARIES:
        return What.SUMMARY
    if code not in READINGS:
        return None
    if "valueQuantity" not in resource and absence(resource) not in ("", *INFINITE):
        return What.OTHER
    return What.READING


def _reading(resource: Node) -> Faults:
    yield from _subject(resource)
    yield from _status(resource)
    yield from _leap("effectiveDateTime", text(resource, "effectiveDateTime"))
    if not _STAMP.fullmatch(text(resource, "effectiveDateTime")):
        yield "effectiveDateTime", "is needed, with a time and its offset"
    yield from _quantity(resource, READINGS[code_of(resource)])
    has_reason = bool(absence(resource))
    if ("valueQuantity" in resource) == has_reason:
        yield "value", "needs either an amount or a dataAbsentReason (cgm-sensor-value-or-dar)"
    comparator = text(node(resource, "valueQuantity"), "comparator")
    if comparator not in ("", *BEYOND):
        yield "valueQuantity.comparator", "is none of R4's"


def is_timed(resource: Node) -> bool:
    """Whether it is a reading of an instant."""
    is_reading = text(resource, "resourceType") == "Observation" and code_of(resource) in READINGS
    return is_reading and _STAMP.fullmatch(text(resource, "effectiveDateTime")) is not None


def _wrong(resource: Node) -> Faults:
    yield from _subject(resource)
    yield from _leap("effectiveDateTime", text(resource, "effectiveDateTime"))
    if not is_timed(resource) and not any(map(pair, nodes(resource, "identifier"))):
        yield "identifier", "is needed, with system and value, to say what was entered in error"


def _summary(resource: Node) -> Faults:
    yield from _subject(resource)
    yield from _status(resource)
    yield from _period(resource)
    code = code_of(resource)
    pattern = SUMMARIES[code]
    if pattern is not None:
        yield from _quantity(resource, pattern)
    if code == PANEL and len(nodes(resource, "hasMember")) < LEAST_MEMBERS:
        yield "hasMember", f"names fewer than {LEAST_MEMBERS} figures"
    if code == IN_RANGES:
        yield from _ranges(resource)


def _ranges(resource: Node) -> Faults:
    found = [
        (code, each)
        for each in nodes(resource, "component")
        for system, code in codings(node(each, "code"))
        if system == LOINC and code in RANGES
    ]
    if sorted(code for code, _ in found) != sorted(RANGES):
        yield "component", "does not name each of the five ranges once"
    for _, each in found:
        yield from _quantity(each, Pattern("%", "%"), "component.")


def _report(resource: Node) -> Faults:
    yield from _subject(resource)
    yield from _period(resource)
    forms = [
        each for each in nodes(resource, "presentedForm") if text(each, "contentType") == "application/pdf"
    ]
    if not any(text(each, "data") for each in forms):
        yield "presentedForm", "has no PDF inside (contentType and data)"


def _order(resource: Node) -> Faults:
    found = order(resource)
    yield from () if isinstance(found, Order) else found


def _device(resource: Node) -> Faults:
    if not any(map(pair, nodes(resource, "identifier"))):
        yield "identifier", "is needed, with system and value"
    names = [each for each in nodes(resource, "deviceName") if text(each, "type") == "user-friendly-name"]
    if len(names) != 1:
        yield "deviceName", "needs one name of the type user-friendly-name"
    said = ["|".join(each) for each in map(pair, nodes(resource, "identifier")) if each]
    said += [text(resource, name) for name in ("serialNumber", "manufacturer", "modelNumber")]
    if any(len(each) > LONGEST for each in said):
        yield "identifier", f"or another name has more than {LONGEST} characters"


def _patient(resource: Node) -> Faults:
    if not any(map(pair, nodes(resource, "identifier"))):
        yield "identifier", "is needed, with system and value: nobody is matched by name"


def _subject(resource: Node) -> Faults:
    if not node(resource, "subject"):
        yield "subject", "is needed"


def _status(resource: Node) -> Faults:
    if text(resource, "status") not in SAID:
        yield "status", "is none of final, amended, corrected"


def _period(resource: Node) -> Faults:
    period = node(resource, "effectivePeriod")
    if not (text(period, "start") and text(period, "end")):
        yield "effectivePeriod", "needs a start and an end"
    for name in ("start", "end"):
        yield from _leap(f"effectivePeriod.{name}", text(period, name))


def _leap(where: str, written: str) -> Faults:
    if _LEAP.fullmatch(written):
        yield where, _NO_SECOND


def _quantity(resource: Node, pattern: Pattern, where: str = "") -> Faults:
    amount = node(resource, "valueQuantity")
    others = [name for name in resource if name.startswith("value") and name != "valueQuantity"]
    if others:
        yield f"{where}value", "is no Quantity"
    if amount is NONE:
        if pattern.is_needed:
            yield f"{where}valueQuantity", "is needed"
        return
    if number(amount, "value") is None:
        yield f"{where}valueQuantity.value", "is needed"
    told = text(amount, "system"), text(amount, "code"), text(amount, "unit")
    if told != (UCUM, pattern.code, pattern.unit):
        yield f"{where}valueQuantity", f"is not in UCUM with code {pattern.code} and unit {pattern.unit}"


_CHECKS: Final[Mapping[What, Callable[[Node], Faults]]] = {
    What.READING: _reading,
    What.OTHER: _reading,
    What.SUMMARY: _summary,
    What.REPORT: _report,
    What.WRONG: _wrong,
    What.ORDER: _order,
    What.DEVICE: _device,
    What.PATIENT: _patient,
}
