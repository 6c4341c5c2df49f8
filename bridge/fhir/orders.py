"""An order as its own client reads it back: a ServiceRequest made of the value that was kept.

Law (HL7 CGM IG 1.0.0, data submission orders; R4 12.9): nothing is said but what the client itself sent and was read;
notes and reasons were not kept. The Patient has the id by which this client knows the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bridge.fhir.tree import Number, Tree, coding, concept
from bridge.order import PROFILES, Order, Schedule, Span
from bridge.period import Instant, iso

KIND: Final = "ServiceRequest"
INTERACTIONS: Final = ("create", "read", "update", "search-type")
SEARCHED: Final = (("patient", "reference"), ("subject", "reference"), ("status", "token"), ("_id", "token"))
"""Search parameters: name and type."""
SAYS: Final = (
    "Orders to submit (HL7 CGM IG): standing and one-time. Taken of a client with whom the person shares now, for that "
    "person; 404 for everybody else, as for nobody. An order opens nothing: what goes to this client's destination is "
    "what was ordered and what the person grants. Read and found by its own client alone; updated to change or revoke "
    "it. Extensions, code, status, occurrence and identifiers are kept, anything else is not. A second order with an "
    "identifier that one has is 409."
)


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order: its id and the Patient's, as this client knows them, and when it last changed."""

    id: str
    patient: str
    changed: Instant
    order: Order

    @property
    def version(self) -> str:
        """Its versionId."""
        return str(self.changed)


def tree(one: Ordered) -> Tree:
    """The ServiceRequest."""
    said = one.order
    start, end = said.valid
    return {
        "resourceType": KIND,
        "id": one.id,
        "meta": {"versionId": one.version, "lastUpdated": iso(one.changed)},
        "extension": tuple(_extension(each) for each in said.schedules),
        "identifier": tuple({"system": system, "value": value} for system, value in said.identifiers),
        "status": said.status.value,
        "intent": "order",
        "code": concept(coding(*said.code)),
        "subject": {"reference": f"Patient/{one.patient}"},
        "occurrencePeriod": {"start": start, "end": end},
        "authoredOn": said.authored,
        "requester": {"display": said.requester},
    }


def found(one: Ordered, base: str) -> Tree:
    """An entry of a searchset."""
    return {"fullUrl": f"{base}/{KIND}/{one.id}", "resource": tree(one), "search": {"mode": "match"}}


def parameters() -> Tree:
    """How a CapabilityStatement describes the type."""
    definitions = {"_id": "Resource-id"}
    return {
        "type": KIND,
        "documentation": SAYS,
        "interaction": tuple({"code": code} for code in INTERACTIONS),
        "versioning": "no-version",
        "readHistory": False,
        "searchParam": tuple(
            {
                "name": name,
                "definition": "http://hl7.org/fhir/SearchParameter/"
                + definitions.get(name, f"{KIND}-{name}" if name != "patient" else "clinical-patient"),
                "type": type_,
            }
            for name, type_ in SEARCHED
        ),
    }


def _extension(schedule: Schedule) -> Tree:
    name = "data-submission-one-time-spec" if schedule.every is None else "data-submission-schedule"
    return {"url": PROFILES + name, "extension": tuple(_parts(schedule))}


def _parts(schedule: Schedule) -> Iterator[Tree]:
    if schedule.every is not None:
        yield {"url": "submissionPeriod", "valueQuantity": _quantity(schedule.every)}
    if schedule.lookback is not None:
        yield {"url": "lookbackPeriod", "valueQuantity": _quantity(schedule.lookback)}
    if schedule.period is not None:
        start, end = schedule.period
        yield {"url": "timePeriod", "valuePeriod": {"start": start, "end": end}}
    for each in schedule.profiles:
        yield {"url": "submissionDataProfile", "valueCanonical": PROFILES + each}


def _quantity(span: Span) -> Tree:
    return {"value": Number(span.value), "system": "http://unitsofmeasure.org", "code": span.unit}
