"""Grants as FHIR Consents and the ledger as AuditEvents, judged by HAPI's validator with R4, in JSON and in XML.

Law: from grants and rows that the gate hands out, alone and as whole Bundles. The profiles of IHE (PCF, BALP) are not
on this machine: the validator judges R4, and what claims them is held against their text in
`tests/consent/test_events.py` and `tests/web/test_consent_http.py`; that it does not know them is tolerated here, and
nothing else is. The goldens hold what this house has no occasion for: a failed and a blocked delivery, an empty hour.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bridge.app import Bridge
from bridge.consent import grants
from bridge.consent.asked import Asked, Grain, Kind, Way
from bridge.consent.grant import Authoriser, Wording
from bridge.consent.permit import OwnerPermit, Permit
from bridge.fhir.render import JSON, XML, Notation
from bridge.period import DAY, PeriodSet
from bridge.settings import shipped
from tests.peers.test_operations_are_valid import person
from tests.peers.test_ours_is_valid import entries, granted, house, tolerated
from tests.peers.validator import ERRORS, Issue, Validator

__all__ = ["house"]

ELSEWHERE = ("profiles.ihe.net/ITI/PCF", "profiles.ihe.net/ITI/BALP")
"""Profiles and code systems that the validator is not given."""
OUTSIDE = ("iso-21089-lifecycle#disclose",)
"""A code that BALP demands and that R4's value set of subtypes, which is extensible, does not have."""


def of(found: Bridge, patient: int, who: Permit, kind: str, notation: Notation) -> bytes:
    """A page of Consents or AuditEvents."""
    is_consent = kind == "Consent"
    wish = Asked(
        patient, Way.LOOK, "query", f"{kind}?patient=x", frozenset(),
        consent_resources=is_consent, event_resources=not is_consent,
    )  # fmt: skip
    seen = found.gate.disclose_now(who, wish)
    page = found.renderer.searchset(
        seen, f"{found.settings.fhir_base}/{kind}?patient=x", kind=kind, notation=notation
    )
    found.gate.settle(seen, "sent", 1)
    return bytes(page)


def varied(found: Bridge, patient: int) -> list[Permit]:
    """Grants of every sort, each with its recipient: as it was, narrower, of means, without limit, ended."""
    askers: list[Permit] = [
        granted(found, patient, grain, identity)
        for grain, identity in (("raw", "full"), ("hourly", "pseudonymous"), ("daily", "de-identified"))
    ]
    words = Wording("sharing", "1", "fi", "1f" * 32)
    for standing in grants.listed(found.db, patient):
        grant = replace(standing.grant, wording=words, signed=found.now())
        changed = {
            Grain.RAW: replace(grant, kinds=frozenset(Kind), later_sources=True, withheld=frozenset()),
            Grain.HOUR: replace(grant, periods=PeriodSet(()), rolling_days=14),
            Grain.DAY: replace(
                grant, authoriser=Authoriser("Someone", "guardian"), ends=found.now() + 9 * DAY
            ),
        }[grant.grain]
        grants.supersede(found.db, grant.id, changed)
    return [*askers, granted(found, patient, "raw", "visit", "glucose,notes"), OwnerPermit(patient)]


def is_unknown(issue: Issue) -> bool:
    """Whether a remark is about what the validator was not given: an error only where it is a guide's profile."""
    if issue.severity in ERRORS:
        return any(f"{each}/StructureDefinition/" in issue.message for each in ELSEWHERE)
    return any(each in issue.message for each in (*ELSEWHERE, *OUTSIDE)) or tolerated(issue)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
def test_consents_and_audit_events_are_valid_r4(
    house: Bridge, validator: Validator, notation: Notation
) -> None:
    patient = person(house, f"consents {notation.media_type}")
    askers = varied(house, patient)
    pages = [of(house, patient, who, "Consent", notation) for who in askers]
    grants.revoke(house.db, grants.listed(house.db, patient)[0].grant.id)
    pages += [of(house, patient, who, "Consent", notation) for who in askers[:1]]
    pages.append(of(house, patient, OwnerPermit(patient), "AuditEvent", notation))
    alone = [each for page in pages for each in entries(house, page)]
    types = Counter(tree["resourceType"] for tree, _ in alone)
    assert types["Consent"] >= 8 and types["AuditEvent"] >= 12
    assert against(validator, [body for _, body in alone]) == Counter()
    assert against(validator, pages) == Counter()


@pytest.mark.parametrize("name", ["Bundle-of-consents", "Bundle-of-audit"])
def test_the_goldens_of_both_are_valid_r4(validator: Validator, name: str) -> None:
    files = [shipped("conformance") / "fhir" / f"{name}.{form}" for form in ("json", "xml")]
    assert against(validator, [each.read_bytes() for each in files]) == Counter()


def test_a_fault_in_one_would_be_seen(validator: Validator) -> None:
    golden = (shipped("conformance") / "fhir" / "Bundle-of-audit.json").read_bytes()
    assert against(validator, [golden.replace(b'"action": "E"', b'"action": "Q"', 1)])


def against(validator: Validator, pages: list[bytes]) -> Counter[str]:
    """What is said against these documents."""
    found = Counter[str]()
    for page in pages:
        issues = [
            each for each in validator.issues(page) if each.severity != "information" and not is_unknown(each)
        ]
        found.update(f"{each.severity} {each.location}: {each.message}" for each in issues)
    return found
