"""Orders in the exact form of the HL7 CGM IG 1.0.0, as a clinic sends them."""

from __future__ import annotations

from typing import Any

from tests.push.ehr import ORDERS, once, scheduled

STANDING: dict[str, Any] = {"coding": [{"system": ORDERS, "code": "cgm-data-submission-standing-order"}]}
ONE_TIME: dict[str, Any] = {"coding": [{"system": ORDERS, "code": "cgm-data-submission-one-time-order"}]}


def clinic_order(about: str, **changed: Any) -> dict[str, Any]:
    """A summary every two weeks, raw data of the last two weeks every month; or what `changed` makes of it."""
    found = {
        "resourceType": "ServiceRequest",
        "extension": [
            scheduled((2, "wk"), None, "cgm-summary", "cgm-summary-pdf"),
            scheduled((1, "mo"), (14, "d")),
        ],
        "status": "active",
        "intent": "order",
        "code": STANDING,
        "subject": {"reference": f"Patient/{about}"},
        "authoredOn": "2026-09-01",
        "requester": {"display": "Dr. Grace Example"},
    }
    return found | changed


def visit(about: str) -> dict[str, Any]:
    """Raw data for the visit, once."""
    return clinic_order(about, code=ONE_TIME, extension=[once("2026-09-01", "2026-09-10")])
