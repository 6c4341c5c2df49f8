"""What a member of staff is there for: the programs, deliveries and acts of the organisation that they work for.

Law: who works for one organisation learns nothing of another's here, not that it has a program; who works for none runs
the whole bridge and sees all. A row of the admin log is found by what it names; one that names nothing that is still
known is shown only where its act is about the whole installation (fail closed).

Rejected: the organisation in each row of the log (rows of before would be nobody's, and a program can be moved).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from bridge.people.staff import members, owner
from bridge.store import clients, destinations, ehrs, outbox
from bridge.store import staff as kept
from bridge.store.db import Database
from bridge.store.deeds import DeedRow

WHOLE: Final = frozenset({"keys rotate", "ages set"})
"""Acts on the whole installation."""


@final
@dataclass(frozen=True, slots=True)
class Remit:
    """What is seen of an installation. `organization`: '' for all of it."""

    db: Database
    organization: str

    def client(self, id: str) -> bool:
        """Whether that program, removed or not, is in the remit."""
        if not self.organization:
            return True
        try:
            return owner(clients.recall(self.db, id)) == self.organization
        except KeyError:
            return False

    def destination(self, number: str) -> bool:
        """Whether what is delivered there is in the remit; also where it was retired."""
        if not self.organization:
            return True
        try:
            return self.client(destinations.load(self.db, int(number)).client)
        except (KeyError, ValueError):
            return False

    def delivery(self, number: str) -> bool:
        """Whether that delivery is in the remit."""
        if not self.organization:
            return True
        try:
            return self.destination(str(outbox.load(self.db, int(number)).destination))
        except (KeyError, ValueError):
            return False

    def ehr(self, id: str) -> bool:
        """Whether that EHR, while it is registered, is in the remit."""
        found = ehrs.find(self.db, id)
        return not self.organization or (found is not None and self.client(found.client))

    def member(self, account: str) -> bool:
        """Whether that member of staff works for it."""
        return not self.organization or kept.organization(self.db, account) == self.organization

    def named(self, name: str) -> bool:
        """Whether a member of that name works for it."""
        every = members(self.db)
        return any(self.member(each.account) for each in every if each.name == name)

    def row(self, row: DeedRow) -> bool:
        """Whether a row of the admin log is in the remit."""
        if not self.organization or row.act in WHOLE:
            return True
        is_seen = _NAMED.get(row.act)
        return is_seen is not None and is_seen(self, _first(row))


def remit(db: Database, account: str) -> Remit:
    """What that member of staff is there for, now."""
    return Remit(db, kept.organization(db, account))


def _first(row: DeedRow) -> str:
    """What a row names: its words up to a colon of staff, else its first word."""
    return row.what.partition(": ")[0] if row.act.startswith("staff ") else row.what.partition(" ")[0]


_NAMED: Final[Mapping[str, Callable[[Remit, str], bool]]] = {
    "client add": Remit.client,
    "client edit": Remit.client,
    "client remove": Remit.client,
    "client verify": Remit.client,
    "code make": Remit.client,
    "code enter": Remit.client,
    "connection end": Remit.client,
    "request send": Remit.client,
    "destination add": Remit.client,
    "destination remove": Remit.destination,
    "deliveries retry": Remit.delivery,
    "ehr add": Remit.ehr,
    "ehr remove": Remit.ehr,
    "staff add": Remit.named,
    "staff move": Remit.member,
    "staff remove": Remit.member,
}
"""Act -> how what it names is found."""
