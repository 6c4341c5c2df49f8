"""What a person answered to an app or a clinic that asked: a row of the person's own ledger (IHE BALP, AuthZconsent).

Law: an answer and its row are kept together or not at all (`store/answers.py`), a no as well as a yes; who answered,
what was asked and what was given of it are sealed under the patient's key. It permits nothing: what leaves is decided
by the grant alone. Rejected: yes alone, as the grant's own row tells it (a person could not show later that they had
declined, or to which scopes they agreed); one list of scopes (of a yes it was the given ones, of a no the asked ones).
"""

from __future__ import annotations

from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.entries import Authorisation, seal

AUTHORISED = "authorised"
DECLINED = "declined"


def authorised(
    db: Database, patient: int, client: Client, by: str, asked: str, given: str, grant: tuple[str, int]
) -> Authorisation:
    """A yes under that grant (id, version), to write down. `asked`, `given`: scopes. Erased where the patient's key
    is gone."""
    return _row(db, patient, client, AUTHORISED, (by, asked, given), grant)


def declined(db: Database, patient: int, client: Client, by: str, asked: str) -> Authorisation:
    """A no, to write down. Erased where the patient's key is gone."""
    return _row(db, patient, client, DECLINED, (by, asked, ""), ("", 0))


def _row(
    db: Database,
    patient: int,
    client: Client,
    answer: str,
    words: tuple[str, str, str],
    grant: tuple[str, int],
) -> Authorisation:
    sealed = seal(db.keys.box(patient), patient, *words)
    return Authorisation(
        patient, db.clock(), client.id, client.organization, client.purpose, answer, *grant, sealed
    )
