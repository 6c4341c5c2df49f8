"""What others submitted, as it leaves: Observations of summaries and DiagnosticReports (HL7 CGM IG 1.0.0).

Law: they wear the codes, categories and units of ours, and the amounts as their sender wrote them; a note says that
they were received and not computed here, because figures of one period from two makers can differ. Nothing else of the
sender is told (`consent/received.py`). The source class is unknown, and never cleared. What was entered in error has
neither amount nor PDF and claims no profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bridge.consent.disclosure import NOTICE
from bridge.consent.received import DisclosedReceived
from bridge.consent.summed import PANEL, RANGES
from bridge.fhir import terms
from bridge.fhir.cells import instant
from bridge.fhir.elements import named, quantity
from bridge.fhir.summaries import BANDS, CATEGORIES, MANDATORY, PROFILES, WRONG, said_as
from bridge.fhir.tree import Node, Number, Tree, selected
from bridge.mapping import Mappings
from bridge.mapping.shapes import UnitText
from bridge.reading import SourceClass, Unit

AS_RECEIVED: Final = "As received from who submitted it; not computed here."
_UNITS: Final = {"mg/dL": Unit.MG_DL, "mmol/L": Unit.MMOL_L}
_PERCENT: Final = UnitText(unit="%", ucum="%")
_REPORT: Final = frozenset({"status", "code"})
_PDF: Final = "application/pdf"


@dataclass(frozen=True, slots=True)
class Of:
    """Whose, and where: the reference of the subject, the system of our identifiers, the revision of the codes."""

    subject: str
    system: str
    revision: str
    notice: str = NOTICE


def version(one: DisclosedReceived, revision: str) -> str:
    """Its versionId under a revision of the codes."""
    return f"{one.version}-{revision}"


def observation(
    one: DisclosedReceived, mappings: Mappings, of: Of, elements: frozenset[str] | None = None
) -> Tree:
    """One figure, or a panel of them."""
    code, profile = said_as(one.part, _UNITS.get(one.content.unit, Unit.MG_DL))
    resource: Tree = {
        "resourceType": "Observation",
        **_head(one, None if one.is_gone else profile, of),
        "status": one.content.status,
        "category": tuple(named(mappings, (each,)) for each in CATEGORIES),
        "code": named(mappings, (code,)),
        "subject": {"reference": of.subject},
        "effectivePeriod": {"start": one.start, "end": one.end},
        **(WRONG if one.is_gone else _value(one, mappings, code)),
        "note": ({"text": of.notice}, {"text": AS_RECEIVED}),
        "hasMember": tuple(_references(one)) if one.part == PANEL else (),
        "component": tuple(_bands(one, mappings)) if one.part == RANGES else (),
    }
    return selected(resource, elements, MANDATORY)


def report(
    one: DisclosedReceived, mappings: Mappings, of: Of, elements: frozenset[str] | None = None
) -> Tree:
    """A report with its PDF."""
    form: Tree = {"contentType": _PDF, "data": one.pdf, "title": AS_RECEIVED}
    resource: Tree = {
        "resourceType": "DiagnosticReport",
        **_head(one, None if one.is_gone else f"{PROFILES}cgm-summary-pdf", of),
        "status": one.content.status,
        "category": tuple(named(mappings, (each,)) for each in CATEGORIES),
        "code": named(mappings, ("cgm-summary",)),
        "subject": {"reference": of.subject},
        "effectivePeriod": {"start": one.start, "end": one.end},
        "issued": instant(one.last_updated),
        "result": tuple(_references(one)),
        "presentedForm": (form,) if one.pdf else (),
    }
    return selected(resource, elements, _REPORT)


def _head(one: DisclosedReceived, profile: str | None, of: Of) -> Tree:
    tags = (terms.PATIENT_SUPPLIED, terms.source_class(SourceClass.UNKNOWN))
    return {
        "id": one.id,
        "meta": {
            "versionId": version(one, of.revision),
            "lastUpdated": instant(one.last_updated),
            "profile": (profile,),
            "tag": tags,
        },
        "identifier": ({"system": of.system, "value": one.id},),
    }


def _value(one: DisclosedReceived, mappings: Mappings, name: str) -> Tree:
    code = mappings.codes[name]
    if not one.content.value or code.ucum is None:
        return {}
    unit = UnitText(unit=code.unit or code.ucum, ucum=code.ucum)
    return {"valueQuantity": quantity(Number(one.content.value), unit)}


def _bands(one: DisclosedReceived, mappings: Mappings) -> Iterator[Node]:
    shares = dict(one.content.shares)
    for name in BANDS:
        share = shares.get(mappings.codes[name].code)
        if share is not None:
            yield {"code": named(mappings, (name,)), "valueQuantity": quantity(Number(share), _PERCENT)}


def _references(one: DisclosedReceived) -> Iterator[Node]:
    yield from ({"reference": f"Observation/{each}"} for each in one.members)
