"""Who else acts for a person: seen by those who act, ended and invited by those who may.

Law (issue: representation): everybody who acts for a person sees who else does. One ends one's own part at any
time. The person, from the age of own say, ends anybody's; a parent or guardian with the power to grant ends those
of carers. What can be given away from a page is a part, never the whole: an adult names a proxy, a parent a carer,
and both at least see and revoke. The others are told. A parent's or guardian's own part comes from an operator,
who has seen the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.people.invitations import Offer, invite
from bridge.people.notices import What, tell, tell_others
from bridge.people.representation import Kind, Power, people_of, rows_at
from bridge.period import DAY, Instant
from bridge.store import accounts
from bridge.store import representations as kept
from bridge.store.db import Database

MAY_END: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.SELF: frozenset({Kind.PARENT, Kind.GUARDIAN, Kind.CARER, Kind.PROXY}),
    Kind.PARENT: frozenset({Kind.CARER}),
    Kind.GUARDIAN: frozenset({Kind.CARER}),
}
"""Who ends whose part: acting with the power to grant."""
MAY_NAME: Final[Mapping[Kind, Kind]] = {
    Kind.SELF: Kind.PROXY,
    Kind.PARENT: Kind.CARER,
    Kind.GUARDIAN: Kind.CARER,
}
"""Whom one names from a page."""
LONGEST: Final = 366 * DAY


@dataclass(frozen=True, slots=True)
class Representative:
    """Somebody who acts for a person now. `number`: of the record; `may_end`: by the one who looks."""

    number: int
    account: str
    name: str
    kind: Kind
    powers: frozenset[Power]
    until: Instant | None
    may_end: bool


def representatives(db: Database, account: str, patient: int, now: Instant) -> tuple[Representative, ...]:
    """Everybody who acts for the patient now, as somebody who does may see them; nobody for others."""
    own = next((each for each in people_of(db, account, now) if each.patient == patient), None)
    if own is None:
        return ()
    ends = MAY_END.get(own.kind, frozenset()) if Power.GRANT in own.powers else frozenset()
    found = []
    for row in rows_at(db, patient, now):
        known, kind = accounts.load(db, row.account), Kind(row.kind)
        if known is not None:
            powers, mine = frozenset(map(Power, row.powers)), row.account == account
            can = (mine and kind is not Kind.SELF) or (not mine and kind in ends)
            found.append(Representative(row.number, row.account, known.name, kind, powers, row.ends, can))
    return tuple(found)


def end(db: Database, account: str, patient: int, number: int, now: Instant) -> bool:
    """End somebody's part; False where the account may not, or it has ended."""
    found = next((each for each in representatives(db, account, patient, now) if each.number == number), None)
    if found is None or not found.may_end or not kept.end(db, number, now):
        return False
    by = accounts.load(db, account)
    told = (by.name if by else "", found.kind)
    tell_others(db, patient, account, What.REPRESENTATIVE_ENDED, *told, now=now)
    if found.account != account:
        tell(db, found.account, patient, What.REPRESENTATIVE_ENDED, *told)
    return True


def name(db: Database, account: str, patient: int, to: str, days: int, now: Instant) -> str | None:
    """An invitation for somebody to see and revoke for the patient for so many days; its code, None where the
    account may not. ValueError: the days."""
    if not 1 <= days * DAY <= LONGEST:
        raise ValueError("somebody is named for 1 to 366 days")
    own = next((each for each in people_of(db, account, now) if each.patient == patient), None)
    if own is None or Power.GRANT not in own.powers or own.kind not in MAY_NAME:
        return None
    by = accounts.load(db, account)
    told = f"named by {by.name if by else account}"
    kind = MAY_NAME[own.kind]
    return invite(db, Offer(patient, kind, told, by.name if by else "", to, ends=now + days * DAY), now)
