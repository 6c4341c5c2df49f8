"""What the words on a command line name: a patient, a client, an upload, an identifier.

Law: an unknown name ends the command with one sentence that says where the right ones are listed. Naming is
no permission: whoever acts is asked for in `acting.py`, and what may leave is decided at the gate. What a provider
keeps as its own record is no patient here.
"""

from __future__ import annotations

from contextlib import suppress

import click

import bridge.store.artifacts
import bridge.store.clients
from bridge.app import Bridge
from bridge.cli.shell import Failed
from bridge.store import custody
from bridge.store.artifacts import Artifact
from bridge.store.clients import Client
from bridge.store.patients import is_known


def once(found: Bridge, text: str) -> int:
    """The patient that a printed id names, also one that was erased: for the ledger, which stays."""
    name = found.db.ids.read("Patient", text)
    if name is None or name.series or name.instant:
        raise Failed(f"no patient ever had the id {text!r}: see `cgm-bridge patient list`")
    return name.patient


def number(found: Bridge, text: str) -> int:
    """The patient that a printed id names."""
    name = found.db.ids.read("Patient", text)
    if name is None or not is_known(found.db, name.patient):
        raise Failed(f"no patient has the id {text!r}: see `cgm-bridge patient list`")
    _no_providers(found, name.patient)
    return name.patient


def _no_providers(found: Bridge, patient: int) -> None:
    """Failed where it is a record that a provider keeps as its own: nobody shares, fills or opens that from here."""
    if (one := custody.whose(found.db, patient)) is not None:
        raise Failed(f"that is of {one[1]}'s own record, not a patient's: see `cgm-bridge custody list`")


def client(found: Bridge, text: str) -> Client:
    """The registered client of that id."""
    try:
        return bridge.store.clients.load(found.db, text)
    except KeyError as unknown:
        raise Failed(f"no client has the id {text!r}: see `cgm-bridge client list`") from unknown


def artifact(found: Bridge, text: str) -> Artifact:
    """The upload that a printed id names."""
    name = found.db.ids.read("artifact", text)
    with suppress(KeyError):
        if name is not None:
            _no_providers(found, name.patient)
            return bridge.store.artifacts.load(found.db, name.patient, name.instant)
    raise Failed(f"no upload has the id {text!r}: see `cgm-bridge artifact list --patient ID`")


def identifier(text: str) -> tuple[str, str]:
    """The system and value of SYSTEM|VALUE; anything else is wrong usage."""
    system, bar, value = text.partition("|")
    if not bar or not value:
        raise click.UsageError(f"--identifier is SYSTEM|VALUE, not {text!r}")
    return system, value
