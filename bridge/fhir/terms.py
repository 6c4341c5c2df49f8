"""The systems and codes that are the bridge's own or FHIR's machinery, not a clinic's choice.

Law: what a clinic may choose (codes of readings, categories, profiles) stands in `mappings/`, never
here. Our own CodeSystem is `conformance/fhir/CodeSystem-cgm-bridge.json`; a test holds both together.
Its canonical is an OID under 2.25 (ITU-T X.667: anyone may make one from a UUID), because a project
without a domain of its own must not borrow one.
"""

from __future__ import annotations

from typing import Final

from bridge.fhir.tree import Node, Tree, coding, concept
from bridge.reading import SourceClass

OWN: Final = "urn:oid:2.25.29369577241006611057575478751298666011"
"""Our CodeSystem."""

UCUM: Final = "http://unitsofmeasure.org"
SNOMED: Final = "http://snomed.info/sct"

PATIENT_SUPPLIED: Final = coding("http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "patient-supplied")
"""`safety.md`, source class: every resource that leaves carries it."""

_EXCERPT: Final = "excerpt"
READING_COUNT: Final = concept(coding(OWN, "reading-count"))
COVERAGE: Final = concept(coding(OWN, "coverage"))
OFF_SCALE_COUNT: Final = concept(coding(OWN, "off-scale-count"))

_INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
BELOW: Final = concept(coding(_INTERPRETATION, "<"))
ABOVE: Final = concept(coding(_INTERPRETATION, ">"))
"""Off scale low and off scale high."""

_PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
AUTHOR: Final = concept(coding(_PARTICIPANT, "author"))
ASSEMBLER: Final = concept(coding(_PARTICIPANT, "assembler"))


ABSENT_UNKNOWN: Final[Tree] = {
    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    "valueCode": "unknown",
}
"""R4's own extension: an element is absent because nobody knows it."""


def absent(reason: str) -> Tree:
    """A dataAbsentReason."""
    return concept(coding("http://terminology.hl7.org/CodeSystem/data-absent-reason", reason))


def source_class(of: SourceClass) -> Tree:
    """The tag that says how a reading came here."""
    return coding(OWN, of.value)


def notice(sentence: str) -> Node:
    """Bundle.meta.tag with the sentence that every Bundle carries (`consent.md`, decision). A tag and
    not an `outcome` entry, because transaction Bundles may not hold one and every Bundle says it alike."""
    return (coding(OWN, _EXCERPT, sentence),)
