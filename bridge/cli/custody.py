"""`custody …`: what providers keep here as their own records: about whom, by which law, until when; and its end.

Law (`consent.md`, custody): such a record is nobody's to open at the command line: its custodian's clients read it
through the gate. It is erased after its time alone, by a named operator, and nobody is asked to remember the day:
`check` names what is over; what comes in while somebody is asked counts. Where several rules were told, each stands
with its end, and the latest end counts. It shows ids, never a name, and not whom it is about once that person was
erased: whoever was told of them still has the id.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge
from bridge.cli.acting import Acting, noted, noted_of, operator_options
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, table
from bridge.period import iso
from bridge.store.custody import Record, erase_over, every, find
from bridge.store.patients import is_known

NOT_OVER: Final = "{} keeps this record by law until {} ({}): nothing was erased"


@click.group()
def custody() -> None:
    """What providers keep here as their own records."""


@custody.command("list")
@operator_options
@home_option
@json_option
def list_custody(acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every record that is a provider's own, and until when which law keeps it."""
    with bridge(home) as found:
        records = every(found.db)
        noted_of(found, (each.number for each in records), acting, "custody list")
        rows = [row_of(found, each) for each in records]
    emit(rows, as_json, table(rows, ("id", "organization", "about", "law", "years", "last", "until", "over")))


@custody.command("erase")
@click.argument("record_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_options
@home_option
@json_option
def erase_custody(record_id: str, yes: bool, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Destroy the key of a provider's record whose time is over. The ledger of who read it stays."""
    with bridge(home) as found:
        name = found.db.ids.read("Patient", record_id)
        one = None if name is None else find(found.db, name.patient)
        if one is None:
            raise Failed(f"no provider's record has the id {record_id!r}: see `cgm-bridge custody list`")
        if not one.is_over(found.now()):
            raise _not_over(one)
        noted(found, one.number, acting, "custody erase")
        if not yes:
            click.confirm("Destroy the key and all data of this record?", abort=True, err=True)
        if (kept := erase_over(found.db, one.number)) is not None:
            raise _not_over(kept)
    emit({"id": record_id, "erased": True}, as_json, f"{record_id} is erased.")


def _not_over(one: Record) -> Failed:
    return Failed(NOT_OVER.format(one.organization, one.until.isoformat(), one.rule.law))


def row_of(found: Bridge, one: Record) -> dict[str, Value]:
    """A record as a row to print."""
    return {
        "id": found.patient_id(one.number),
        "organization": one.organization,
        "about": found.patient_id(one.person) if is_known(found.db, one.person) else None,
        "law": one.rule.law,
        "years": one.rule.years,
        "last": iso(one.last),
        "until": one.until.isoformat(),
        "over": one.is_over(found.now()),
        "rules": [
            f"{each.rule.law}, {each.rule.years} years, until {each.until.isoformat()}" for each in one.came
        ],
    }
