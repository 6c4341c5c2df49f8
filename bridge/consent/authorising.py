"""What a person answered to an app or a clinic that asked: a row of the person's own ledger (IHE BALP, AuthZconsent).

Law: a yes is written before there is a code, a no (which needs no ledger to hold) before the app is told; who
answered and what was asked are sealed under the patient's key. It permits nothing: what leaves is decided by the grant
alone. Rejected: yes alone, as the grant's own row tells it (a person could not show later that they had declined, or to
which scopes they agreed).
"""

from __future__ import annotations

from bridge.store import ledger
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.entries import Authorisation, seal

AUTHORISED = "authorised"
DECLINED = "declined"


def record(
    db: Database,
    patient: int,
    client: Client,
    answer: str,
    by: str,
    asked: str,
    grant: tuple[str, int] | None,
) -> int:
    """Write an answer down; its number in the patient's chain. `asked`: the scopes. LedgerUnavailable: then it is
    none. Erased where the patient's key is gone."""
    name, version = grant or ("", 0)
    sealed = seal(db.keys.box(patient), patient, by, asked)
    told = Authorisation(
        patient, db.clock(), client.id, client.organization, client.purpose, answer, name, version, sealed
    )
    return ledger.note(db, told)
