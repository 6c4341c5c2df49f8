"""A Subscription as its client may read it, and the names of its extensions (R5 Backport IG 1.1.0 for R4).

Law: it says what its client asked for and how it is served, and nothing of the person: neither how many readings there
are nor since when. Headers are never shown. Our topic has an OID under 2.25, as our CodeSystem has (`terms.py`).
"""

from __future__ import annotations

from typing import Final

from bridge.fhir.cells import instant
from bridge.fhir.tree import Tree
from bridge.store.subscriptions import Subscription

SUBSCRIPTION: Final = "Subscription"
TOPIC: Final = "urn:oid:2.25.181610690238529836828887528873591244920"
"""Glucose of one person comes to be visible to the subscriber, or changes (`conformance/fhir`)."""
IG: Final = "http://hl7.org/fhir/uv/subscriptions-backport"
_DEFINITIONS: Final = f"{IG}/StructureDefinition/"
PROFILE: Final = f"{_DEFINITIONS}backport-subscription"
NOTIFICATION: Final = f"{_DEFINITIONS}backport-subscription-notification-r4"
STATUS: Final = f"{_DEFINITIONS}backport-subscription-status-r4"
FILTER: Final = f"{_DEFINITIONS}backport-filter-criteria"
CONTENT: Final = f"{_DEFINITIONS}backport-payload-content"
HEARTBEAT: Final = f"{_DEFINITIONS}backport-heartbeat-period"
TIMEOUT: Final = f"{_DEFINITIONS}backport-timeout"
MOST: Final = f"{_DEFINITIONS}backport-max-count"
REST_HOOK: Final = "rest-hook"
EMPTY: Final = "empty"
ID_ONLY: Final = "id-only"


def resource(one: Subscription) -> Tree:
    """The Subscription as its client may read it."""
    terms = one.terms
    settings = (
        (HEARTBEAT, "valueUnsignedInt", terms.heartbeat),
        (TIMEOUT, "valueUnsignedInt", terms.timeout),
        (MOST, "valuePositiveInt", terms.most),
    )
    return {
        "resourceType": SUBSCRIPTION,
        "id": one.id,
        "meta": {"lastUpdated": instant(one.changed), "profile": (PROFILE,)},
        "status": one.status,
        "end": instant(one.ends),
        "reason": terms.reason,
        "criteria": TOPIC,
        "_criteria": {"extension": tuple({"url": FILTER, "valueString": each} for each in terms.filters)},
        "error": one.problem or None,
        "channel": {
            "extension": tuple({"url": url, name: int(value)} for url, name, value in settings if value),
            "type": REST_HOOK,
            "endpoint": terms.endpoint,
            "payload": terms.payload,
            "_payload": {"extension": ({"url": CONTENT, "valueCode": terms.content},)},
        },
    }
