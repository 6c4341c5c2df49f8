"""`check` and `migrate`: is this installation in order?

Law: a check opens everything and changes nothing; what is broken ends it with exit 1, what is only unwise is
a warning. No sentence names a person, so the output can be sent to whoever helps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge
from bridge.cli.shell import Failed, Value, bridge, counted, emit, home_option, json_option
from bridge.consent.collecting import overdue
from bridge.settings import SettingsError
from bridge.store.anchors import verify as verify_ledger
from bridge.store.blocks import verify as verify_blocks
from bridge.store.custody import every

EARLIEST: Final = 1_750_000_000_000
"""A clock before mid-2025 is a clock that was never set."""


@click.command("check")
@home_option
@json_option
def check(home: Path | None, as_json: bool) -> None:
    """Keys, database, mappings, clock: exit 1 where something is broken; warnings are only said."""
    with bridge(home) as found:
        faults = [f"{name}: {fault}" for name, test in TESTS.items() for fault in test(found)]
        warnings = list(_warnings(found))
    value: Value = {"ok": not faults, "faults": faults, "warnings": warnings}
    lines = [
        *faults,
        *(f"warning: {each}" for each in warnings),
        *([] if faults else ["everything is in order"]),
    ]
    emit(value, as_json, "\n".join(lines))
    if faults:
        raise Failed(f"{counted(len(faults), 'fault')} found")


@click.command("migrate")
@home_option
@json_option
def migrate(home: Path | None, as_json: bool) -> None:
    """Bring the files of a home to this version; opening them does the same."""
    with bridge(home) as found:
        place = str(found.settings.home)
    emit({"home": place, "migrated": True}, as_json, f"{place} is of this version.")


def _clock(found: Bridge) -> Iterator[str]:
    if found.now() < EARLIEST:
        yield "the clock of this machine stands years behind: set it, or nothing will be in force"


def _ledger(found: Bridge) -> Iterator[str]:
    yield from verify_ledger(found.db).faults


def _mappings(found: Bridge) -> Iterator[str]:
    from bridge.fhir.trial import faults as tried

    try:
        yield from tried(found.mappings)
    except SettingsError as fault:
        yield str(fault)


def _blocks(found: Bridge) -> Iterator[str]:
    yield from verify_blocks(found.db)


TESTS: Final[Mapping[str, Callable[[Bridge], Iterator[str]]]] = {
    "clock": _clock,
    "mappings": _mappings,
    "readings": _blocks,
    "ledger": _ledger,
}


def _warnings(found: Bridge) -> Iterator[str]:
    for patient in found.patients():
        for one in overdue(found.db, patient, found.now()):
            public = found.artifact_id(patient, one.number)
            yield f"the upload {public} is here for longer than its consent says: `artifact remove {public}`"
    for record in every(found.db):
        if record.is_over(found.now()):
            public = found.patient_id(record.number)
            yield f"the time of the provider's record {public} is over: `custody erase {public}`"
    settings = found.settings
    if settings.key_text is not None:
        return
    key = settings.key_file or settings.home / "master.key"
    if key.stat().st_dev == settings.home.stat().st_dev:
        yield "master key and database are on one disk: who copies the disk can read everything"
    if key.stat().st_mode & 0o077:
        yield f"others on this machine may read {key}: chmod 600 it"
