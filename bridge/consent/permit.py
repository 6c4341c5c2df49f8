"""Who asks. A permit says only that; what it opens is decided behind the gate at every request.

Law: a `RecipientPermit` is made by `bridge.smart.tokens` from a verified token, a `DeliveryPermit` by the
push worker from a stored grant id, a `CustodianPermit` behind the gate alone (`custodian.py`), the other two by
the command line and the owner's session. None of them carries a grant: the gate loads grants itself.
Rejected: one permit class with optional fields (an owner could be forgotten into a recipient).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from bridge.period import Instant


@final
@dataclass(frozen=True, slots=True)
class RecipientPermit:
    """A client with a verified token: `client` its id, `organization` '' where it has none, `purpose`
    its one v3-PurposeOfUse code, `token` the token's id (never the token). `patient`: the only one that the
    token is about, because a person approved it; None: a system's token, which names no patient."""

    client: str
    organization: str
    purpose: str
    token: str
    expires: Instant
    patient: int | None = None

    def concerns(self, patient: int | None) -> bool:
        """Whether the token may ask about this patient at all."""
        return self.patient in (None, patient)


@final
@dataclass(frozen=True, slots=True)
class OwnerPermit:
    """The patient (number), or a person who acts as the patient: sees everything that is kept."""

    patient: int


@final
@dataclass(frozen=True, slots=True)
class DeliveryPermit:
    """One delivery: the id of the grant that it runs under and the client that receives it."""

    grant: str
    client: str


@final
@dataclass(frozen=True, slots=True)
class OperatorPermit:
    """A named member of staff with a reason and a basis (`consent.md`, operators)."""

    name: str
    reason: str
    basis: str
    patient: int

    def __post_init__(self) -> None:
        if not (self.name.strip() and self.reason.strip() and self.basis.strip()):
            raise ValueError("an operator is named and gives a reason and a basis")


Permit: TypeAlias = RecipientPermit | OwnerPermit | DeliveryPermit | OperatorPermit


@final
@dataclass(frozen=True, slots=True)
class CustodianPermit:
    """A client of the organisation whose own record it is about. `record`: its number; the rest as of the
    `RecipientPermit` that the client showed. It is no `Permit`: nobody can hand one in."""

    record: int
    client: str
    organization: str
    purpose: str
    token: str
