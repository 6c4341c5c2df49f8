"""Ages: what a young person may do alone, and what others may still do for them.

Law: pure, and a table. Below `sight` a person has no sign-in of their own; from there they see everything;
from `say` they decide about notes, sensitive kinds and new grants; at `majority` what others held for the
child is over (issue: sign-in of patients). The years are the operator's, because they are the law's of a place.

               child        seeing         deciding          adult
    own        -            see            all powers        all powers
    others     all          all            all but grant     none, unless made anew

A birthday begins at local midnight; who was born on 29 February is a year older on 1 March in a year without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from bridge.period import Instant, ZoneHistory


class Power(StrEnum):
    """What may be done about a patient."""

    SEE = "see"
    CONNECT = "connect"
    GRANT = "grant"
    REVOKE = "revoke"
    ERASE = "erase"


class Stage(StrEnum):
    """Where a person stands between child and adult."""

    CHILD = "child"
    SEEING = "seeing"
    DECIDING = "deciding"
    ADULT = "adult"


EARLIEST: Final = date(1880, 1, 1)
"""Nobody who lives was born before."""
FIRST_ZONE: Final = "Pacific/Kiritimati"
"""Where each day begins first (UTC+14)."""
ALL: Final = frozenset(Power)
NONE: Final[frozenset[Power]] = frozenset()

OWN: Final[Mapping[Stage, frozenset[Power]]] = {
    Stage.CHILD: NONE,
    Stage.SEEING: frozenset({Power.SEE}),
    Stage.DECIDING: ALL,
    Stage.ADULT: ALL,
}
"""What the person may do."""
OTHERS: Final[Mapping[Stage, frozenset[Power]]] = {
    Stage.CHILD: ALL,
    Stage.SEEING: ALL,
    Stage.DECIDING: ALL - {Power.GRANT},
    Stage.ADULT: NONE,
}
"""What somebody may do whose representation began before majority."""


@dataclass(frozen=True, slots=True)
class Ages:
    """Years of age, each at least the one before."""

    sight: int = 12
    say: int = 16
    majority: int = 18

    def __post_init__(self) -> None:
        if not 0 < self.sight <= self.say <= self.majority:
            raise ValueError("ages are years, and own sight comes before own say, own say before majority")


@dataclass(frozen=True, slots=True)
class Birthdays:
    """The instants at which one person reaches each age."""

    sight: Instant
    say: Instant
    majority: Instant

    def stage(self, now: Instant) -> Stage:
        """Where the person stands now."""
        if now >= self.majority:
            return Stage.ADULT
        if now >= self.say:
            return Stage.DECIDING
        return Stage.SEEING if now >= self.sight else Stage.CHILD


def birth_fault(born: date, now: Instant) -> str:
    """Why nobody who is here was born on that day, '' where somebody can be: a slip of a digit is said at once, and not
    when a code, a chart or a majority fails by it."""
    if born < EARLIEST:
        return f"{born.isoformat()} is no birth date: nobody who lives was born before {EARLIEST.year}"
    if born > ZoneHistory.always(FIRST_ZONE).local_date(now):
        return f"{born.isoformat()} is no birth date: that day is still to come"
    return ""


def birthdays(born: date, ages: Ages, zones: ZoneHistory) -> Birthdays:
    """When somebody who lives in those zones reaches these ages."""
    sight, say, majority = (
        zones.day(anniversary(born, years)).start for years in (ages.sight, ages.say, ages.majority)
    )
    return Birthdays(sight, say, majority)


def anniversary(born: date, years: int) -> date:
    """The date on which somebody becomes `years` old."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)
