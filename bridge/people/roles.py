"""Roles of staff, and the deeds that each may do: one table, the least that the work needs.

Law (issue: sign-in of staff): no role reads readings, and none can: there is no deed for it and no permit is made
from a staff session. Whoever runs the programs does not hand out roles; whoever watches changes nothing. A
clinician may ask a patient and never decide for one. Rejected: an administrator who may do everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a member of staff is here for."""

    INTEGRATION = "integration"
    FRONT_DESK = "front-desk"
    CLINICIAN = "clinician"
    PRIVACY_OFFICER = "privacy-officer"
    AUDITOR = "auditor"


class Deed(StrEnum):
    """What can be done under /clinic."""

    SEE_CLIENTS = "see-clients"
    CHANGE_CLIENTS = "change-clients"
    SEE_MAPPINGS = "see-mappings"
    CHANGE_MAPPINGS = "change-mappings"
    SEE_DELIVERIES = "see-deliveries"  # states and counts, without a person's name
    RETRY_DELIVERIES = "retry-deliveries"
    ROTATE_KEYS = "rotate-keys"
    MAKE_CODES = "make-codes"
    ENTER_CODES = "enter-codes"
    CONFIRM_LINKS = "confirm-links"
    SEND_REQUESTS = "send-requests"  # a request to a patient, who decides
    VERIFY_RECIPIENTS = "verify-recipients"
    SEE_STAFF = "see-staff"
    CHANGE_STAFF = "change-staff"
    READ_LOG = "read-log"


MAY: Final[Mapping[Role, frozenset[Deed]]] = {
    Role.INTEGRATION: frozenset(
        {
            Deed.SEE_CLIENTS,
            Deed.CHANGE_CLIENTS,
            Deed.SEE_MAPPINGS,
            Deed.CHANGE_MAPPINGS,
            Deed.SEE_DELIVERIES,
            Deed.RETRY_DELIVERIES,
            Deed.ROTATE_KEYS,
        }
    ),
    Role.FRONT_DESK: frozenset({Deed.MAKE_CODES, Deed.ENTER_CODES, Deed.CONFIRM_LINKS}),
    Role.CLINICIAN: frozenset({Deed.SEND_REQUESTS, Deed.MAKE_CODES}),
    Role.PRIVACY_OFFICER: frozenset(
        {Deed.SEE_CLIENTS, Deed.VERIFY_RECIPIENTS, Deed.SEE_STAFF, Deed.CHANGE_STAFF, Deed.READ_LOG}
    ),
    Role.AUDITOR: frozenset({Deed.SEE_CLIENTS, Deed.SEE_DELIVERIES, Deed.SEE_STAFF, Deed.READ_LOG}),
}
"""Role -> deeds."""


def deeds(roles: Iterable[Role]) -> frozenset[Deed]:
    """Everything that these roles may do together."""
    return frozenset().union(*(MAY[role] for role in roles))
