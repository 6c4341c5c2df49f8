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
from bridge.consent.part import PERSON, Part
from bridge.period import Instant
from bridge.store.entries import Intent, seal
from bridge.store.keys import Box

TAKEN_BACK: Final = "correction of what the recipient holds"
"""Why a retraction leaves: it is no disclosure, so no grant is its basis."""
AGREED: Final = "terms of a grant, told to whom they concern"
"""Why a Consent leaves, also one that ended: who receives may know what was agreed."""


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
        things = len(part.devices) + len(part.metrics) + len(part.consents) + len(part.events)
        return part.readings - self.lost + things + int(self._tells_person)

    @property
    def _tells_person(self) -> bool:
        """Whether the person's demographics leave, as themselves or in the PDF of somebody's report: one rule for every
        way out."""
        return self.has_person or self.part.names_person

    @property
    def lost(self) -> int:
        """How many of the items are told as taken away: an entry of their own."""
        return 0 if self.part.lost is None else self.part.lost.count

    @property
    def _is_agreed(self) -> bool:
        return bool(self.part.consents) and not self.who.sees_all

    @property
    def is_nothing(self) -> bool:
        """Whether nothing at all leaves, not even a number."""
        return not self.items and not self.lost and not self.total

    @property
    def gives_way(self) -> bool:
        """Whether something else was asked for where no reading may leave, and none does."""
        part = self.part
        is_bare = not (
            part.count or part.devices or part.metrics or part.consents or part.events or self.total
        )
        return self.asked.instead is not None and is_bare

    def intent(self, patient: int, at: Instant, box: Box, retracts: bool = False) -> Intent:
        """The entry that stands for it, or, with `retracts`, for what of it is taken back."""
        part = self.part.lost if retracts and self.part.lost is not None else self.part
        grants = () if retracts else self.decision.grants()
        kinds = sorted(part.told | ({PERSON} if self._tells_person and not retracts else set()))
        asked = f"{self.asked.described}; {self.who.reason}" if self.who.reason else self.asked.described
        return Intent(
            patient=patient,
            at=at,
            party=self.who.party(self.decision),
            grants=tuple((grant.id, grant.version) for grant in grants),
            purpose=self.who.purpose,
            basis=TAKEN_BACK if retracts else AGREED if self._is_agreed else self.who.basis,
            way=self.asked.way,
            channel=self.asked.channel,
            kinds=tuple(kinds),
            grains=part.grains,
            items=self.lost if retracts else self.items,
            first=part.first,
            last=part.last,
            token=self.who.token,
            sealed=seal(box, patient, self.who.person, asked),
            retracts=retracts,
        )
