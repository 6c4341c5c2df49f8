"""What is written down before something leaves.

Law: the entry says who, under which grants, what for, which way, which kinds, how many, from when to when
(45 CFR 164.528(b) and `consent.md`, the ledger); person and words of the request are sealed under the
patient's key; no value of a reading stands in it. Rejected: writing the answer's ids (a second copy of the
person's times).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from bridge.consent.asked import Asked
from bridge.consent.asker import Asker
from bridge.consent.decide import Decision
from bridge.consent.part import Part
from bridge.period import Instant
from bridge.store.entries import Intent, seal
from bridge.store.keys import Box

PERSON: Final = "demographics"


@final
@dataclass(frozen=True, slots=True)
class Leaving:
    """What is about to leave: the wish, who asked, the decision, and what it came to."""

    asked: Asked
    who: Asker
    decision: Decision
    part: Part
    total: int | None
    has_person: bool

    @property
    def items(self) -> int:
        """How many things: readings, and the person, devices or sensors where these were asked for."""
        part = self.part
        return part.readings + len(part.devices) + len(part.metrics) + int(self.has_person)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing at all leaves, not even a number."""
        return not self.items and not self.total

    def intent(self, patient: int, at: Instant, box: Box, retracts: bool = False) -> Intent:
        """The entry that stands for it."""
        grants = self.decision.grants()
        kinds = sorted(self.part.told | ({PERSON} if self.has_person else set()))
        asked = f"{self.asked.described}; {self.who.reason}" if self.who.reason else self.asked.described
        return Intent(
            patient=patient,
            at=at,
            party=self.who.party(self.decision),
            grants=tuple((grant.id, grant.version) for grant in grants),
            purpose=self.who.purpose,
            basis=self.who.basis,
            way=self.asked.way,
            channel=self.asked.channel,
            kinds=tuple(kinds),
            grains=tuple(sorted({group.grain.name.lower() for group in self.part.groups})),
            items=self.items,
            first=self.part.first,
            last=self.part.last,
            token=self.who.token,
            sealed=seal(box, patient, self.who.person, asked),
            retracts=retracts,
        )
