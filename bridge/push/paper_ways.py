"""As which resources documents go to a destination, and how it is spoken to about each.

Law (`smart-consent.md` 7.4): from what the receiver says of the type, from its file where that says otherwise; never by
vendor. A document goes as one resource: the first of both that the receiver creates, or those that its file names.
Single creates come first, because one that is refused then stops nothing else; where the statement offers none, it goes
in the form of the readings. Where nothing is said, the bridge looks before it creates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridge.fhir.consignment import Form
from bridge.mapping.papers import Document
from bridge.push import document_types
from bridge.push.abilities import Abilities
from bridge.push.trip import Trip

DOCUMENT, DIAGNOSTIC = document_types.TYPES
TOGETHER: Final = frozenset({Form.SUBMISSION, Form.TRANSACTION, Form.BATCH})


def wanted_of(trip: Trip, is_ordered: bool = False) -> Document | None:
    """The documents that the destination wants, or that were ordered; None: none."""
    spec = trip.spec
    if spec is None or ("document" in spec.model_fields_set and spec.document is None):
        return None
    usual = spec.ordered_papers if is_ordered else spec.documented
    return usual or (None if trip.takes_readings else Document())


def takes_ordered(trip: Trip) -> bool:
    """Whether a document that is ordered can go there at all."""
    wanted = wanted_of(trip, is_ordered=True)
    return wanted is not None and bool(types_for(trip, wanted))


def is_named(trip: Trip) -> bool:
    """Whether somebody asked for documents, and is told where none can go; else they are the default content."""
    spec = trip.spec
    return not trip.takes_readings or (
        spec is not None and (spec.document is not None or spec.kind == "document")
    )


def types_for(trip: Trip, wanted: Document) -> tuple[str, ...]:
    """As what a document goes there; none: in no way."""
    can = trip.courier.can
    if trip.courier.engine is not None or trip.courier.pages is not None:
        return (DOCUMENT,)
    chosen = wanted.types or document_types.created(can.documents)[:1]
    if chosen or not is_named(trip):
        return chosen
    if can.form is Form.SUBMISSION:  # the IG's bundle has a slice for it (cgm-ig.md 2.8)
        return (DIAGNOSTIC,)
    return () if can.documents else (DOCUMENT,)


def taken(trip: Trip, wanted: Document, type_: str) -> Trip:
    """The trip as the receiver is spoken to about documents of a type."""
    courier = trip.courier
    is_told = courier.engine is not None or courier.pages is not None
    can = courier.can if is_told else _can(trip, wanted, type_)
    return replace(trip, courier=replace(courier, shown=[can], has_file=False))


def _can(trip: Trip, wanted: Document, type_: str) -> Abilities:
    can, letters = trip.courier.can, document_types.can(trip.courier.can.documents, type_)
    form = _form(can, wanted, "c" in letters)
    told = None if trip.spec is None else trip.spec.receiver
    is_once = can.conditional if form is Form.SUBMISSION else "o" in letters
    found = Abilities(form, "u" in letters, is_once, "s" in letters, devices=False, documents=can.documents)
    if told is None:
        return found
    return replace(
        found,
        updates=found.updates if told.updates is None else told.updates,
        conditional=found.conditional if told.conditional_create is None else told.conditional_create,
        searches=found.searches if told.searches is None else told.searches,
    )


def _form(can: Abilities, wanted: Document, creates: bool) -> Form:
    if wanted.form != "auto":
        return Form(wanted.form)
    return can.form if not creates and can.form in TOGETHER else Form.SINGLE
