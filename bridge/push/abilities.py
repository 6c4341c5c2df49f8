"""What a receiver can do: as its CapabilityStatement says, its file says otherwise, or it showed by refusing.

Law (`smart-consent.md` 7.4): a sink is chosen from what the receiver says of itself or by clinic IT, never by
vendor. The order of `auto` is that of what loses least: the CGM IG's operation, a transaction, a batch, single
creates. Where nothing is said, the bridge assumes what cannot double anything: no conditional create, so it looks
before it creates. What was said holds for a day; a registration without a file is a transaction to a server that can
do all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import bridge.store.receivers as receivers
from bridge.fhir.consignment import Form, Manner
from bridge.mapping.destination import DestinationFile
from bridge.period import DAY, Instant
from bridge.push.answers import Reply
from bridge.push.engine import MOST
from bridge.push.receiver import Receiver
from bridge.push.retry import Step
from bridge.smart.record import members, parsed, text
from bridge.store.db import Database
from bridge.store.destinations import Destination
from bridge.store.receivers import Kept

CGM_RECEIVER: Final = "http://hl7.org/fhir/uv/cgm/CapabilityStatement/cgm-data-receiver"
NO_WAY: Final = "the receiver's CapabilityStatement offers no way to write Observations: ask its FHIR team"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a receiver can do. `most`: entries in one request that it was found to take."""

    form: Form
    updates: bool = True
    conditional: bool = True
    searches: bool = True
    devices: bool = True
    most: int | None = None

    @property
    def manner(self) -> Manner:
        """How it is spoken to."""
        return Manner(self.form, self.conditional, self.updates)


ALL: Final = Abilities(Form.TRANSACTION)
"""A registration without a file."""
SILENT: Final = Abilities(Form.TRANSACTION, conditional=False)
"""A receiver that says nothing of itself, spoken to as its file says."""


ENGINE: Final = Abilities(Form.MESSAGE, searches=False, devices=False, most=MOST)
"""An interface engine: our numbers make a repetition harmless (`conditional`), and it is asked nothing."""


async def learnt(
    db: Database, goal: Destination, spec: DestinationFile | None, receiver: Receiver, now: Instant
) -> Abilities | Reply:
    """What the destination can do; a Reply where it could not be asked."""
    if spec is None:
        return ALL
    if spec.kind == "hl7v2":
        return replace(ENGINE, updates=spec.receiver.updates is not False)
    if spec.portal is not None:
        return replace(SILENT, updates=spec.portal.replaces, searches=False)
    kept = receivers.known(db, goal.number)
    if kept is None or not 0 <= now - kept.at < DAY:
        found = await _asked(spec, receiver, now)
        if isinstance(found, Reply):
            return found
        remember(db, goal.number, found, now)
        kept = receivers.known(db, goal.number)
    return ALL if kept is None else _told(kept, spec)


def remember(db: Database, destination: int, found: Abilities, now: Instant) -> None:
    """Keep what the receiver said or showed."""
    kept = Kept(
        found.form.value, found.updates, found.conditional, found.searches, found.devices, found.most, now
    )
    receivers.keep(db, destination, kept)


def read(statement: Mapping[str, object]) -> Abilities | None:
    """What a CapabilityStatement says; None where it offers no way to write Observations."""
    server = next((each for each in members(statement, "rest") if text(each, "mode") == "server"), {})
    types = {text(each, "type"): each for each in members(server, "resource")}
    said = _codes(types.get("Observation", {}))
    form = _form(statement, set(_codes(server)), set(said))
    if form is None:
        return None
    searched = {text(each, "name") for each in members(types.get("Observation", {}), "searchParam")}
    conditional = types.get("Observation", {}).get("conditionalCreate")
    # CGM receivers say it in their developer documentation; whoever lacks it answers 400 entry by entry.
    is_tried = form is Form.SUBMISSION and conditional is None
    return Abilities(
        form,
        updates="update" in said,
        conditional=conditional is True or is_tried,
        searches="search-type" in said and "identifier" in searched,
        devices="create" in _codes(types.get("Device", {})),
    )


def _form(statement: Mapping[str, object], system: set[str], observation: set[str]) -> Form | None:
    listed = statement.get("instantiates")
    if isinstance(listed, list) and CGM_RECEIVER in [str(each).partition("|")[0] for each in listed]:
        return Form.SUBMISSION
    for form, code, where in (
        (Form.TRANSACTION, "transaction", system),
        (Form.BATCH, "batch", system),
        (Form.SINGLE, "create", observation),
    ):
        if code in where:
            return form
    return None


async def _asked(spec: DestinationFile, receiver: Receiver, now: Instant) -> Abilities | Reply:
    body = await receiver.search("metadata", now)
    is_set = spec.kind != "auto"
    if isinstance(body, Reply):
        return SILENT if is_set and body.step is Step.STOP and body.status else body
    statement = parsed(body)
    if text(statement, "resourceType") != "CapabilityStatement" and not is_set:
        return Reply(
            Step.STOP, "the receiver's /metadata is no CapabilityStatement: set its kind in its file"
        )
    found = read(statement)
    if found is None:
        return SILENT if is_set else Reply(Step.STOP, NO_WAY)
    return found


def _told(kept: Kept, spec: DestinationFile) -> Abilities:
    """What was kept, as the destination's file corrects it."""
    form = Form(kept.form) if spec.kind == "auto" else Form(spec.kind)
    found = Abilities(form, kept.updates, kept.conditional, kept.searches, kept.devices, kept.most)
    said = spec.receiver
    return replace(
        found,
        updates=_first(said.updates, found.updates),
        conditional=_first(said.conditional_create, found.conditional),
        searches=_first(said.searches, found.searches),
        devices=_first(said.devices, found.devices),
    )


def _first(said: bool | None, otherwise: bool) -> bool:
    return otherwise if said is None else said


def _codes(node: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(_interactions(node))


def _interactions(node: Mapping[str, object]) -> Iterator[str]:
    for each in members(node, "interaction"):
        yield text(each, "code")
