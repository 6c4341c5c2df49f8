"""An intake grant under which the provider keeps what it submits as its own record."""

from __future__ import annotations

from typing import Final

from bridge.consent.asked import Kind
from bridge.consent.collecting import Signed, give
from bridge.consent.grant import Authoriser
from bridge.consent.intake import source
from bridge.consent.provider_words import provider_words
from bridge.period import DAY
from bridge.store import custody
from bridge.store.custody import Rule
from bridge.store.db import Database
from tests.web.submitted import SCOPE
from tests.web.world import World

RULE: Final = Rule("Patient Records Act 12", 10)
SUBMITTER: Final = f"{SCOPE} system/*.rs"


def provider(world: World, patient: int, to: str = "Clinic", days: int = 90, rule: Rule = RULE) -> None:
    """The patient lets an organisation submit, and keep it as its own record too."""
    signed = Signed(
        Authoriser("Ada Lovelace", "patient"),
        frozenset(Kind),
        wording=provider_words("en", to, rule).wording,
        ends=world.clock() + days * DAY,
        custody=rule,
    )
    give(world.db, patient, source(to), signed)


def record(db: Database, patient: int, to: str, rule: Rule = RULE) -> int:
    """The number of an organisation's own record of a patient, into which something came just now."""
    number = custody.begun(db, patient, to, b"")
    with db.write("bridge") as con:
        custody.came(con, number, rule, db.clock())
    return number
