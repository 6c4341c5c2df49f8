"""A draft as its recipient would meet it: what the gate decides on when the owner previews.

Law: the draft counts as if it were signed and in force now, alone; the recipient's other grants stand beside it as what
it knows already, so that means and copies come out as they will. A grant that the draft supersedes has ended. The
ledger's entry is the owner's: nothing is disclosed to the recipient, nothing is frozen for it (`consent.md`, the door).
A draft of somebody else is as absent as one that does not exist.

Rejected: a decision of its own for previews (two opinions about one grant), a permit that names a draft (a recipient
could come to hold one).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, final

from bridge.consent import grants
from bridge.consent.asked import Asked, Way
from bridge.consent.asker import Asker
from bridge.consent.decide import EVERYTHING
from bridge.consent.entry import Leaving
from bridge.consent.grant import LONGEST, Event, Standing, State, Step, settled
from bridge.consent.look import Look
from bridge.consent.memory import Decided, Memory, decision_for
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Box, Erased
from bridge.store.patients import Patient, load

CHANNEL: Final = "preview"


@final
@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a preview is answered from: `look`, the wish as the owner's but decided as for `recipient`; whose data it
    is; and every grant, with the draft as it would stand."""

    look: Look
    recipient: Asker
    person: Patient
    box: Box
    standings: tuple[Standing, ...]


def foreseen(db: Database, memory: Memory, look: Look, patient: int, draft: str) -> Foreseen | None:
    """The preview of a draft of the patient for a closed look; None where there is nothing to see."""
    try:
        standing, replaces = grants.drafted(db, draft)
        box = db.keys.box(patient)
        person = load(db, patient, box)
    except (KeyError, Erased):
        return None
    if standing.grant.patient != patient or look.asked.patient != patient:
        return None
    asked, who, now = _wish(look.asked, standing), _recipient(standing), look.now
    known = memory.standings(patient, look.epoch)
    every = tuple(_ended(each, now) if each.grant.id == replaces else each for each in known)
    every += (_acting(standing, now),)
    decision = decision_for(every, who, asked.way, now, person.zones)
    decided = Decided(decision, look.epoch, person.zones, now, decision.until)
    return Foreseen(replace(look, asked=asked, decided=decided), who, person, box, every)


def told(leaving: Leaving) -> Leaving:
    """What is written down of a preview: an access of the owner, under no grant, that freezes nothing."""
    return replace(leaving, decision=EVERYTHING, part=replace(leaving.part, weeks=(), frozen=(), handed=()))


def _recipient(standing: Standing) -> Asker:
    """The draft's recipient, asking under the draft alone."""
    grant = standing.grant
    client = min(grant.recipient.clients, default="")
    return Asker(client, grant.recipient.organization, grant.purpose, only=grant.id)


def _wish(asked: Asked, standing: Standing) -> Asked:
    """The owner's wish as a preview: by a way that the draft has, taking nothing back."""
    grant = standing.grant
    way = asked.way if asked.way in grant.ways else min(grant.ways, key=list(Way).index)
    described = f"{asked.described}; preview of the draft {grant.id} for {grant.recipient.key}"
    return replace(asked, way=way, channel=CHANNEL, described=described, retractions=False)


def _acting(standing: Standing, now: Instant) -> Standing:
    """The draft as if it were signed and in force now."""
    grant = standing.grant
    ends = min(max(grant.ends, now + 1), now + LONGEST)
    return Standing(replace(grant, begins=now, ends=ends), (Event(Step.SIGN, now),))


def _ended(standing: Standing, now: Instant) -> Standing:
    """The same, superseded now where it still can be."""
    if settled(standing.events) not in (State.SIGNED, State.PAUSED):
        return standing
    return Standing(standing.grant, (*standing.events, Event(Step.SUPERSEDE, now)))
