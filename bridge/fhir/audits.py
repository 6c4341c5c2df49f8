"""A row of the ledger as a FHIR AuditEvent, for its owner (R4 6.4; IHE BALP, `smart-consent.md` 3.3).

Law: it says what the row says: no result, no number but the row's own, the id of a token and never a token. A search
that was answered is a PatientQuery, and what left with it a PrivacyDisclosure.Source, as with a push; a step of a
grant, a person's yes or no to who asked, and what was blocked, is an AuthZconsent; of an answer `outcomeDesc` says
which scopes were asked for and which were given. The query is as the ledger keeps it: the parameters that were
understood. The ledger keeps no network address, so those of others are absent
as unknown.

Rejected: the last 32 characters of a token (of a short one that is all of it); one event for query and disclosure
(the two patterns exclude each other).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from bridge.consent.asker import OPERATOR, OWNER
from bridge.consent.events import QUERY, DisclosedEvent
from bridge.fhir import terms
from bridge.fhir.cells import instant
from bridge.fhir.tree import Node, Tree, coding, concept, selected
from bridge.period import HOUR

MANDATORY: Final = frozenset({"type", "recorded", "agent", "source"})
_BALP: Final = "https://profiles.ihe.net/ITI/BALP/"
_PROFILE: Final = f"{_BALP}StructureDefinition/IHE.BasicAudit."
_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_EVENTS: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_REST: Final = coding(_EVENTS, "rest")
_DISCLOSED: Final = coding("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose")
_CONSENTED: Final = coding(f"{_BALP}CodeSystem/AuthZsubType", "AuthZ-Consent")
_INTERACTIONS: Final = "http://hl7.org/fhir/restful-interaction"
_SOURCE: Final = concept(coding(_DCM, "110153"))
_DESTINATION: Final = concept(coding(_DCM, "110152"))
_APPLICATION: Final = concept(coding(_DCM, "110150"))
_AUTHORISER: Final = concept(coding(terms.SNOMED, "429577009"))
_SERVER: Final = concept(
    coding("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver")
)
_USER: Final = concept(coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"))
_PROVIDER: Final = concept(coding("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV"))
_ENTITIES: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLES: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_UNKNOWN: Final[Tree] = {"extension": (terms.ABSENT_UNKNOWN,)}
_OPENING: Final = frozenset({"sign", "resume", "authorised"})
_OUTCOMES: Final[Mapping[str, str]] = {"cut": "4", "blocked": "4", "failed": "8"}
"""R4 audit-event-outcome: 0 success, 4 minor, 8 serious failure; a step that closes is a decision to deny: 4."""


@final
@dataclass(frozen=True, slots=True)
class Ledger:
    """Whose ledger it is and who keeps it: id of the Patient, our FHIR address, the system of our identifiers."""

    subject: str
    base: str
    system: str

    @property
    def us(self) -> Tree:
        """The bridge itself."""
        name: Tree = {"system": "urn:ietf:rfc:3986", "value": self.system}
        return {"identifier": name, "display": "cgm-bridge"}

    @property
    def network(self) -> Tree:
        """Where the bridge answers: a URI."""
        return {"address": self.base, "type": "5"}

    @property
    def patient(self) -> Tree:
        """The person."""
        return {"reference": f"Patient/{self.subject}"}


@final
@dataclass(frozen=True, slots=True)
class _Pattern:
    """What sort of event it is, in R4's elements."""

    type: Tree
    subtype: Tree | None
    action: str
    agents: Node
    profile: str = ""


def tree(one: DisclosedEvent, ledger: Ledger, elements: frozenset[str] | None = None) -> Tree:
    """The AuditEvent."""
    pattern = _pattern(one)(one, ledger)
    is_hour = one.kind == "empty"
    resource: Tree = {
        "resourceType": "AuditEvent",
        "id": one.id,
        "meta": {
            "versionId": version(one),
            "lastUpdated": instant(one.updated),
            "profile": (f"{_PROFILE}{pattern.profile}" if pattern.profile else None,),
        },
        "type": pattern.type,
        "subtype": (pattern.subtype,),
        "action": pattern.action,
        "period": {"start": instant(one.at), "end": instant(one.at + HOUR - 1)} if is_hour else None,
        "recorded": instant(one.at),
        "outcome": _outcome(one),
        "outcomeDesc": _described(one),
        "purposeOfEvent": (concept(_reason(one)),) if one.purpose else None,
        "agent": pattern.agents,
        "source": {
            "site": ledger.base,
            "observer": ledger.us,
            "type": (coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4"),),
        },
        "entity": _entities(one, ledger),
    }
    return selected(resource, elements, MANDATORY)


def version(one: DisclosedEvent) -> str:
    """Its versionId: an outcome makes it another."""
    return "2" if one.outcome and one.kind != QUERY else "1"


def _outcome(one: DisclosedEvent) -> str:
    if one.kind in ("grant", "authorisation"):
        return "0" if one.said in _OPENING else "4"
    return "0" if one.kind == QUERY else _OUTCOMES.get(one.outcome, "0")


def _described(one: DisclosedEvent) -> str:
    """The step or the outcome; of an answer also what was asked, and of a yes what was given."""
    said = one.said or one.outcome
    if one.kind != "authorisation":
        return said
    told = (("asked for", one.asked), ("given", one.given))
    return "; ".join([said, *(f"{name}: {scopes}" for name, scopes in told if scopes)])


def _reason(one: DisclosedEvent) -> Tree:
    return coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", one.purpose)


# ------------------------------------------------------------------------------------------------ patterns


def _pattern(one: DisclosedEvent) -> Callable[[DisclosedEvent, Ledger], _Pattern]:
    if one.kind != "intent":
        return _PATTERNS[one.kind]
    if one.client in (OWNER, OPERATOR):
        return _looked
    return _authorised if one.outcome == "blocked" else _disclosed


def _queried(one: DisclosedEvent, ledger: Ledger) -> _Pattern:
    kind, _, rest = one.asked.partition("?")[0].partition("/")
    is_search = kind.isalpha() and not rest
    name = "search-type" if is_search else "operation" if "$" in rest else "read"
    agents = (
        _agent(_SOURCE, _client(one, ledger), _UNKNOWN, policy=_token(one)),
        _agent(_DESTINATION, ledger.us, ledger.network),
        _agent(_USER, _recipient(one, ledger), is_requestor=True),
    )
    return _Pattern(
        _REST, coding(_INTERACTIONS, name), "E", agents, "PatientQuery" if is_search and one.asked else ""
    )


def _disclosed(one: DisclosedEvent, ledger: Ledger) -> _Pattern:
    agents = (
        _agent(_SOURCE, ledger.us, ledger.network),
        _agent(_DESTINATION, _recipient(one, ledger), _UNKNOWN, True, policy=_token(one)),
        _agent(_AUTHORISER, ledger.patient),
    )
    export = coding(_DCM, "110106")
    return _Pattern(export, _DISCLOSED, "R", agents, "PrivacyDisclosure.Source")


def _authorised(one: DisclosedEvent, ledger: Ledger) -> _Pattern:
    agents = (
        _agent(_SERVER, ledger.us),
        _agent(_APPLICATION, _client(one, ledger), _UNKNOWN, policy=_token(one)),
        _agent(_USER, _recipient(one, ledger), is_requestor=True),
        _agent(_PROVIDER, _recipient(one, ledger)),
    )
    # the pattern demands the Consent; of a no there is none
    profile = "AuthZconsent" if one.consents or one.kind != "authorisation" else ""
    return _Pattern(coding(_DCM, "110113"), _CONSENTED, "E", agents, profile)


def _looked(one: DisclosedEvent, ledger: Ledger) -> _Pattern:
    """What the person saw, or an operator who acted for them."""
    who: Tree = {"display": one.person} if one.person else ledger.patient
    return _Pattern(
        coding(_DCM, "110110"), None, "R" if one.kind == "intent" else "E", (_agent(_USER, who, None, True),)
    )


_PATTERNS: Final[Mapping[str, Callable[[DisclosedEvent, Ledger], _Pattern]]] = {
    QUERY: _queried,
    "empty": _queried,
    "grant": _authorised,
    "authorisation": _authorised,
    "collecting": _looked,
    "act": _looked,
}


# ------------------------------------------------------------------------------------------------- parts


def _agent(
    type: Tree, who: Tree, network: Tree | None = None, is_requestor: bool = False, policy: Node = None
) -> Tree:
    return {"type": type, "who": who, "requestor": is_requestor, "policy": policy, "network": network}


def _client(one: DisclosedEvent, ledger: Ledger) -> Tree:
    key = one.client or one.organization
    return {"identifier": {"system": ledger.system, "value": key}, "display": one.recipient or key}


def _recipient(one: DisclosedEvent, ledger: Ledger) -> Tree:
    key = one.organization or one.client
    return {"identifier": {"system": ledger.system, "value": key}, "display": one.recipient or key}


def _token(one: DisclosedEvent) -> Node:
    return (f"urn:ietf:params:oauth:jti:{one.token}",) if one.token else None


def _entities(one: DisclosedEvent, ledger: Ledger) -> Node:
    person: Tree = {"what": ledger.patient, "type": coding(_ENTITIES, "1"), "role": coding(_ROLES, "1")}
    found = [person, *(_consent(*each) for each in one.consents if one.kind != QUERY)]
    if one.kind == QUERY and one.asked:
        query = b64encode(one.asked.encode("utf-8")).decode("ascii")
        found.append({"type": coding(_ENTITIES, "2"), "role": coding(_ROLES, "24"), "query": query})
    if one.kind == "intent" and one.outcome != "blocked":
        found.append(_what(one))
    return tuple(found)


def _consent(id: str, version: int) -> Tree:
    return {
        "what": {"reference": f"Consent/{id}"},
        "type": coding("http://hl7.org/fhir/resource-types", "Consent"),
        "detail": ({"type": "version", "valueString": str(version)},),
    }


def _what(one: DisclosedEvent) -> Tree:
    """What left, in the words and numbers of the ledger."""
    told = {
        "items": str(one.items),
        "grain": ", ".join(one.grains),
        "first": "" if one.first is None else instant(one.first),
        "last": "" if one.last is None else instant(one.last),
        "way": one.way,
        "channel": one.channel,
        "basis": one.basis,
        "asked": one.asked,
        "taken back": "yes" if one.retracts else "",
    }
    return {
        "type": coding(_ENTITIES, "2"),
        "role": coding(_ROLES, "4"),
        "name": ", ".join(one.kinds),
        "detail": tuple({"type": name, "valueString": value} for name, value in told.items() if value),
    }
