"""A decided wish as an answer that can be read: everything that the two need, put together.

Law: it decides nothing; the gate alone calls it and hands in the reader. What a recipient holds already (means,
what left) is looked up for a recipient only: the owner is told what stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bridge.consent import holding
from bridge.consent.agreed import agreed
from bridge.consent.answer import Answer
from bridge.consent.asked import Asked
from bridge.consent.asker import Asker
from bridge.consent.batches import Batch
from bridge.consent.events import events
from bridge.consent.gather import nothing_held
from bridge.consent.grant import Standing
from bridge.consent.means import Load
from bridge.consent.memory import Decided, Memory
from bridge.consent.part import Part
from bridge.consent.reader import Reader
from bridge.consent.recalled import recalled
from bridge.consent.strands import View
from bridge.consent.withdrawn import Withdrawn, is_asked, updates
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.keys import Box
from bridge.store.patients import Patient


def answered(
    asked: Asked,
    who: Asker,
    now: Instant,
    decided: Decided,
    person: Patient,
    box: Box,
    standings: Sequence[Standing],
    *,
    reader: Reader,
    db: Database,
    memory: Memory,
    fhir_changed: Callable[[str], Instant],
) -> Answer:
    """The answer to a wish under a decision, nothing of it read yet but what is taken back."""
    number, is_owner = person.number, who.sees_all
    sources = memory.sources(number)
    view = View(asked, decided.decision, person.zones, now, is_owner, reader.sources, decided.opened, sources)
    load = nothing_held if is_owner else partial(holding.means, db, box, number, who.key)
    grants = {(each.grant.id, each.grant.version): each.grant for each in standings}
    tellings = partial(memory.tellings, number, who.key)
    lost = Withdrawn(view, reader, db.ids, number, fhir_changed, tellings, grants)
    return Answer(
        view=view,
        reader=reader,
        ids=db.ids,
        patient=number,
        fhir_changed=fhir_changed,
        load=load,
        was_told=lost.held,
        lost=() if is_owner else _lost(lost, load),
        beside=_beside(asked, who, now, person, db),
    )


def _lost(readings: Withdrawn, load: Load) -> tuple[Batch, ...]:
    """What is told to have been taken away: readings, and means that nobody may make anew."""
    view, reader, asked = readings.view, readings.reader, readings.view.asked
    if not is_asked(asked):
        return ()
    ids, patient, changed = readings.ids, readings.patient, readings.fhir_changed
    return (*readings.batches(), *recalled(view, reader, ids, patient, load, changed, updates(asked)))


def _beside(asked: Asked, who: Asker, now: Instant, person: Patient, db: Database) -> Part:
    """What is no reading: the grants that the asker may read, and for the owner the rows of the ledger."""
    return Part(
        consents=agreed(db, person, who, asked, now) if asked.consent_resources else (),
        events=events(db, person, asked) if asked.event_resources and who.sees_ledger else (),
    )
