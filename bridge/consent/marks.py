"""The consent epoch of one recipient and one way: which grants count now, as a hash.

Law: made of the recipient's own grants alone. The patient's epoch (`data.md`) moves with every grant to anybody; what
moved with it would tell one recipient of another (`smart-consent.md`, L43). It tells nothing but whether something
is open and whether that is by the same grants as before: what is open, the gate decides.
"""

from __future__ import annotations

from hashlib import sha256

from bridge.consent.asked import Way
from bridge.consent.decide import counting
from bridge.consent.memory import Memory
from bridge.consent.permit import Permit, RecipientPermit
from bridge.period import Instant


def mark(memory: Memory, permit: Permit, patient: int | None, way: Way, now: Instant) -> bytes:
    """Of the grants that count for this recipient by that way now; b'' where none does."""
    if not isinstance(permit, RecipientPermit) or now >= permit.expires or not permit.concerns(patient):
        return b""
    _, standings = memory.grants_for(permit, patient)
    client, organization, purpose = permit.client, permit.organization, permit.purpose
    found = counting(standings, client=client, organization=organization, purpose=purpose, way=way, now=now)
    names = sorted((grant.id, grant.version) for grant in found)
    return sha256(repr(names).encode()).digest()[:16] if names else b""
