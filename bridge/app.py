"""The composition root: the one place where clock, database, mappings, gate and renderer meet.

Law: the clock is read here and nowhere else; the Gate is made here and nowhere else. Nothing here
decides: it opens, hands over and closes. Home and database are opened at once; the mappings, and what stands
on them, when they are first asked for: a command that lists uploads reads no mapping and imports nothing that
does, and a fault in one does not keep anybody from it. A server asks for all of it before it listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import bridge.store.clients
import bridge.store.destinations
import bridge.store.ehrs
import bridge.store.patients
import bridge.store.subscriptions
from bridge.period import BEGINNING, Instant
from bridge.settings import Settings, SettingsError, master_key, shipped
from bridge.store.activations import activate
from bridge.store.db import Database
from bridge.store.ids import Name

if TYPE_CHECKING:
    from bridge.consent.gate import Gate
    from bridge.fhir.render import Renderer
    from bridge.hl7.render import Scribe
    from bridge.mapping import Mappings
    from bridge.net.client import Outbound
    from bridge.net.endpoint import Endpoint, Purpose
    from bridge.net.message import Call
    from bridge.push.worker import Worker
    from bridge.subscriptions.worker import Notifier


def clock() -> Instant:
    """Now, in ms UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Bridge:
    """An opened bridge. `close` writes what is only in memory and shuts the files."""

    settings: Settings
    db: Database
    closing: ExitStack

    @cached_property
    def mappings(self) -> Mappings:
        """Every mapping in force, all of them checked. SettingsError where one has a fault."""
        from bridge.mapping import MappingErrors, load

        try:
            return load(shipped("mappings"), self.settings.mappings)
        except MappingErrors as faults:
            raise SettingsError("the mappings have faults: see `cgm-bridge mapping check`") from faults

    @cached_property
    def gate(self) -> Gate:
        """The one door. It knows since when each mapping's FHIR half is in force."""
        from bridge.consent.gate import Gate

        formats = self.mappings.formats.items()
        since = activate(self.db, {name: each.fhir_revision for name, each in formats})
        made = Gate(self.db, clock, lambda format_: since.get(format_, BEGINNING))
        self.closing.callback(made.flush)
        return made

    @cached_property
    def renderer(self) -> Renderer:
        """The only maker of FHIR bytes."""
        from bridge.fhir.render import Renderer

        return Renderer(self.mappings, self.settings.fhir_base, self.db.installation)

    @cached_property
    def scribe(self) -> Scribe:
        """The only maker of HL7 v2 messages."""
        from bridge.hl7.render import Scribe

        return Scribe(self.mappings, self.db.installation)

    @cached_property
    def outbound(self) -> Outbound:
        """The way out, to registered addresses alone."""
        from bridge.net.client import Outbound

        return Outbound(
            _allowed(self.db, self.settings),
            _noted(self.db),
            clock,
            allow_loopback=self.settings.allow_loopback,
        )

    @cached_property
    def worker(self) -> Worker:
        """Who delivers."""
        from bridge.push.papers import Papers
        from bridge.push.worker import Worker

        return Worker(
            self.db, self.gate, self.renderer, self.outbound, clock, documents=Papers(), scribe=self.scribe
        )

    @cached_property
    def notifier(self) -> Notifier:
        """Who notifies subscribers."""
        from bridge.subscriptions.worker import Notifier

        return Notifier(self.db, self.gate, self.renderer, self.outbound, clock)

    def now(self) -> Instant:
        """The clock that everything here runs by."""
        return self.db.clock()

    def patients(self) -> tuple[int, ...]:
        """The numbers of all persons."""
        return bridge.store.patients.people(self.db)

    def patient_id(self, number: int, pairing: bytes = b"") -> str:
        """The public id of a patient, or the one by which a recipient of that pairing knows them."""
        return self.db.ids.one("Patient", Name(number, 0, 0, 0), pairing)

    def artifact_id(self, patient: int, number: int) -> str:
        """The public id of an upload."""
        return self.db.ids.one("artifact", Name(patient, 0, number, 0))

    def close(self) -> None:
        """Settle and shut. Safe to call once."""
        self.closing.close()


def opened(settings: Settings) -> Bridge:
    """Open the bridge of a home. SettingsError, BadStore, WrongMaster say what is wrong."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = Database.open(settings.home, master_key(settings), clock)
    closing = ExitStack()
    closing.callback(db.close)
    return Bridge(settings, db, closing)


def _allowed(db: Database, settings: Settings) -> Callable[[Purpose], Collection[Endpoint]]:
    """What may be called: the addresses that are registered at the moment of the call."""
    from bridge.net.endpoint import Purpose, endpoint
    from bridge.push.reached import addresses

    def registered(purpose: Purpose) -> Collection[Endpoint]:
        found: Iterable[tuple[str, bool]]
        if purpose is Purpose.DELIVERY:
            found = (told for each in bridge.store.destinations.listed(db) for told in addresses(each))
        elif purpose is Purpose.IDENTITY:
            found = [(settings.staff_issuer, True)]  # who names it in the settings knows where it stands
        elif purpose is Purpose.EHR:
            found = ((url, each.internal) for each in bridge.store.ehrs.listed(db) for url in each.origins)
        elif purpose is Purpose.NOTIFICATION:
            found = bridge.store.subscriptions.origins(db)
        else:
            found = ((each.jwks_url or "", False) for each in bridge.store.clients.listed(db))
        return tuple(filter(None, (endpoint(purpose, url, internal) for url, internal in found)))

    return registered


def _noted(db: Database) -> Callable[[Call], None]:
    """The register of calls, kept."""

    def note(call: Call) -> None:
        bridge.store.destinations.note(
            db, call.patient, call.purpose, call.host, call.outcome, call.sent, call.received, call.at
        )

    return note
