"""Whether a person's grants still carry a token that the person approved.

Law (`consent.md`, the grant): a token lives while at least one grant of (patient, organisation or client,
purpose) is active, and ends at the next request when none is; revoking the very grant that was signed for it ends
it whatever else is shared with the same organisation. Pure: grants and time are handed in. A system's token has
no patient and does not come here: each of its requests is decided alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from bridge.consent.asked import Kind, Way
from bridge.consent.grant import Grant, Standing, State, state_at
from bridge.period import Instant


@final
@dataclass(frozen=True, slots=True)
class InForce:
    """The active grants of one recipient. `until`: when the last of them ends."""

    grants: tuple[Grant, ...]
    until: Instant

    @property
    def kinds(self) -> frozenset[Kind]:
        """Every kind that one of them opens by asking."""
        return frozenset(kind for grant in self.grants if Way.LOOK in grant.ways for kind in grant.kinds)


def in_force(
    standings: Iterable[Standing], client: str, organization: str, purpose: str, signed: str, now: Instant
) -> InForce | None:
    """The grants that carry a token whose grant is `signed`; None where nothing carries it any more."""
    own = [each for each in standings if each.grant.recipient.includes(client, organization)]
    if any(each.grant.id == signed and state_at(each, now) is State.REVOKED for each in own):
        return None
    active = tuple(
        each.grant for each in own if each.grant.purpose == purpose and state_at(each, now) is State.ACTIVE
    )
    return InForce(active, max(grant.ends for grant in active)) if active else None
