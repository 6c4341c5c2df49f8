"""A grant as a FHIR Consent, for its reader alone (R4 6.2; `smart-consent.md` 3.1, 3.2).

Law: a rendering, never the source. The base form is a root `deny` with the time in force, the recipient and the
purpose, and inside it a `permit` for each kind and data period, which names the classes and codes that leave; what
no code can say (serials) has words, so that an engine that does not read them denies. A kind that cannot leave at the
grant's grain is not permitted. `dataPeriod` is when a reading was taken. Where nothing limits kinds, grain or
sources, the grant has one data period and a text, the IHE PCF Intermediate form can say it whole and is used. It
says the same for a grant that names sources as for one that withholds some.

Rejected: the PCF form as the usual one (it has no classes and codes, so it would permit more than was granted).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from bridge.consent.agreed import DisclosedConsent, edges
from bridge.consent.asked import KIND_OF, SENSITIVE, Grain, Kind, Way
from bridge.fhir import terms
from bridge.fhir.cells import instant
from bridge.fhir.tree import Node, Tree, coding, concept, selected
from bridge.fhir.vocabulary import Coded, Term, Vocabulary
from bridge.mapping.resources import TYPE_OF
from bridge.period import Period
from bridge.reading import EventKind, Stream

PCF: Final = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
STATES: Final = "http://hl7.org/fhir/consent-state-codes"
MANDATORY: Final = frozenset({"status", "scope", "category", "policy"})
"""R4's own, and of constraint ppc-1."""
_TYPES: Final = "http://hl7.org/fhir/resource-types"
_REASONS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_ACTIONS: Final = "http://terminology.hl7.org/CodeSystem/consentaction"
_SCOPE: Final = concept(coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"))
_CATEGORY: Final = (concept(coding("http://loinc.org", "59284-0")),)
_RECIPIENT: Final = concept(coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"))
_GRAINS: Final[Mapping[Grain, str | None]] = {
    Grain.RAW: None,
    Grain.QUARTER_HOUR: "mean of 15 minutes",
    Grain.HOUR: "hourly mean",
    Grain.DAY: "daily mean",
    Grain.SUMMARY: "summary",
}
_DONE: Final[Mapping[Way, str]] = {
    Way.LOOK: "access",
    Way.BULK: "access",
    Way.FILE: "disclose",
    Way.FEED: "disclose",
}
_THINGS: Final[Mapping[Kind, tuple[tuple[str, ...], str | None]]] = {
    Kind.DEVICE: (("Device", "DeviceMetric"), None),
    Kind.SERIALS: (("Device",), "serial numbers"),
}
"""Kinds that are no readings: classes, and in words what no code says."""


@final
@dataclass(frozen=True, slots=True)
class Permits:
    """The classes and codes of each kind at each grain, under the mappings in force."""

    by: Mapping[tuple[Kind, Grain], tuple[tuple[str, ...], tuple[Coded, ...]]]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Permits:
        """What each kind leaves as."""
        classes: dict[tuple[Kind, Grain], set[str]] = {}
        codes: dict[tuple[Kind, Grain], set[Coded]] = {}
        for term in vocabulary.codes:
            grain = term.selector.grain or Grain.RAW
            for kind in _kinds(term):
                classes.setdefault((kind, grain), set()).add(TYPE_OF[term.selector.stream])
                codes.setdefault((kind, grain), set()).add(term.said)
        return cls({key: (tuple(sorted(classes[key])), tuple(sorted(codes[key]))) for key in codes})


def _kinds(term: Term) -> Iterator[Kind]:
    stream, numbers = term.selector.stream, term.selector.kinds
    if stream is not Stream.EVENT:
        yield KIND_OF[stream]
        return
    events = (each for each in EventKind if numbers is None or each in numbers)
    yield from {SENSITIVE.get(each, Kind.EVENTS) for each in events}


def tree(
    one: DisclosedConsent,
    subject: str,
    base: str,
    system: str,
    permits: Permits,
    elements: frozenset[str] | None = None,
) -> Tree:
    """The Consent. `subject`: id of the Patient; `base`: our FHIR address; `system`: of our identifiers."""
    patient: Tree = {"reference": f"Patient/{subject}"}
    is_whole = _is_whole(one)
    ours: Tree = {"identifier": {"system": "urn:ietf:rfc:3986", "value": system}, "display": "cgm-bridge"}
    resource: Tree = {
        "resourceType": "Consent",
        "id": one.id,
        "meta": {
            "versionId": one.version,
            "lastUpdated": instant(one.last_updated),
            "profile": (PCF if is_whole else None,),
        },
        "identifier": ({"system": system, "value": one.id},),
        "status": one.status,
        "scope": _SCOPE,
        "category": _CATEGORY,
        "patient": patient,
        "dateTime": instant(one.signed),
        "performer": _performer(one, patient),
        "organization": (ours,),
        "sourceAttachment": _text(one),
        "policy": ({"uri": f"{base}/metadata"},),
        "provision": _whole(one, system) if is_whole else _limited(one, system, permits),
    }
    return selected(resource, elements, MANDATORY)


def _is_whole(one: DisclosedConsent) -> bool:
    """Whether nothing limits the grant but its recipient, purpose and two times."""
    is_unlimited = one.kinds == frozenset(Kind) and one.grain is Grain.RAW and one.ways == frozenset(Way)
    is_told = one.by is not None and one.wording is not None and bool(one.wording.id)
    return is_unlimited and one.has_every_source and is_told and len(one.periods.periods) == 1


def _performer(one: DisclosedConsent, patient: Tree) -> Node:
    if one.by is None:
        return None
    if one.by.role == "patient":
        return (patient,)
    said = f"{one.by.name} ({one.by.role})" if one.by.name else one.by.role
    return ({"type": "RelatedPerson", "display": said},)


def _text(one: DisclosedConsent) -> Node:
    """The words that were shown, by their name and their hash (RFC 6920): a text is not copied into answers."""
    if one.wording is None or not one.wording.id:
        return None
    words = one.wording
    digest = urlsafe_b64encode(bytes.fromhex(words.sha256)).rstrip(b"=").decode() if words.sha256 else ""
    return {
        "contentType": "text/plain",
        "language": words.locale,
        "url": f"ni:///sha-256;{digest}" if digest else None,
        "title": f"{words.id} {words.version}".strip(),
    }


def _root(one: DisclosedConsent, system: str) -> Tree:
    """The time in force, the recipient and the purpose, in R4's order of elements."""
    key, kind = (one.client, "Device") if one.client else (one.organization, "Organization")
    who: Tree = {
        "type": kind,
        "identifier": {"system": system, "value": key},
        "display": one.name or one.organization or one.client,
    }
    return {
        "period": {"start": instant(one.begins), "end": instant(one.ends - 1)},
        "actor": ({"role": _RECIPIENT, "reference": who},),
        "purpose": (coding(_REASONS, one.purpose),),
    }


def _whole(one: DisclosedConsent, system: str) -> Tree:
    return {"type": "permit", **_root(one, system), "dataPeriod": _period(one.periods.periods[0])}


def _limited(one: DisclosedConsent, system: str, permits: Permits) -> Tree:
    nested = tuple(
        permit
        for kind in sorted(one.kinds)
        for each in one.periods
        for permit in _permit(one, kind, each, permits)
    )
    return {"type": "deny", **_root(one, system), "provision": nested}


def _permit(one: DisclosedConsent, kind: Kind, period: Period, permits: Permits) -> Iterator[Tree]:
    classes, codes = permits.by.get((kind, one.grain), ((), ()))
    said = tuple(concept(coding(*each), text=_GRAINS[one.grain]) for each in codes)
    if kind in _THINGS:
        classes, words = _THINGS[kind]
        said = () if words is None else (concept(text=words),)
    if classes:
        yield {
            "type": "permit",
            "action": tuple(
                concept(coding(_ACTIONS, each)) for each in sorted({_DONE[way] for way in one.ways})
            ),
            "class": tuple(coding(_TYPES, each) for each in classes),
            "code": said,
            "dataPeriod": _period(period),
        }


def _period(period: Period) -> Tree:
    start, end = edges(period)
    told = {"start": start, "end": end}
    if start is None and end is None:
        return {"extension": (terms.ABSENT_UNKNOWN,)}
    return {name: None if at is None else instant(at) for name, at in told.items()}
