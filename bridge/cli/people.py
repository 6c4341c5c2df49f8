"""`patient …`: the people whose data rests here, and the zones their clocks stood in.

Law: it acts for the owner or a named operator. Erasing destroys the key first and asks before it does; with the key
go the names of what had left, so nothing can be taken back afterwards: while a receiver of pushes holds anything,
erasing is refused until it is taken back or the operator says that it is not to be (GDPR art. 19). What a provider
keeps as its own by law stays, and is said with its law and its last day before anybody answers (`consent.md`,
custody). Patients are never merged (`safety.md`, whose data is it).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge, clock
from bridge.cli import named
from bridge.cli.acting import Acting, is_named, noted, operator_options, permit, seen
from bridge.cli.collecting import collected
from bridge.cli.custody import row_of
from bridge.cli.inviting import invite_command
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, table, told
from bridge.consent.askers import who_asked
from bridge.consent.collecting import listed
from bridge.people.ages import birth_fault
from bridge.period import ZoneHistory, iso, spelled
from bridge.store import custody
from bridge.store.patients import Patient, add, add_zone, erase, load

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def patient() -> None:
    """The people whose data rests here."""


patient.add_command(invite_command)


@patient.command("add")
@click.option("--name", required=True)
@click.option("--birth-date", type=DAY, help="YYYY-MM-DD")
@click.option("--timezone", default="UTC", show_default=True, metavar="Area/City")
@click.option("--identifier", "identifiers", multiple=True, metavar="SYSTEM|VALUE")
@operator_options
@home_option
@json_option
def add_patient(
    name: str,
    birth_date: datetime | None,
    timezone: str,
    identifiers: tuple[str, ...],
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """Add a person. Their files are read as local time of --timezone."""
    if not name.strip():
        raise Failed("a person has a name: it is what tells whose file and whose chart something is")
    pairs = tuple(named.identifier(text) for text in identifiers)
    if birth_date is not None and (fault := birth_fault(birth_date.date(), clock())):
        raise Failed(f"{fault}; nobody was added")
    with bridge(home, is_new=True) as found:
        permit(found, 0, acting)
        try:
            made = add(found.db, name, birth_date.date() if birth_date else None, timezone, pairs)
        except ValueError as wrong:
            raise Failed(str(wrong)) from wrong
        noted(found, made, acting, "patient add")
        public = found.patient_id(made)
    emit({"id": public}, as_json, public)


@patient.command("list")
@operator_options
@home_option
@json_option
def list_patients(acting: Acting, home: Path | None, as_json: bool) -> None:
    """Everybody, by name; in clinic mode an unnamed operator is shown ids alone."""
    with bridge(home) as found:
        numbers, rows = found.patients(), list[dict[str, Value]]()
        if is_named(found, acting):
            for each in numbers:
                seen(found, each, acting, "patient list")
            rows += [_row(found, load(found.db, each)) for each in numbers]
        else:
            rows += [{"id": found.patient_id(each)} for each in numbers]
    emit(rows, as_json, table(rows, ("id", "name", "birth_date", "timezone")))


@patient.command("show")
@click.argument("patient_id", metavar="ID")
@operator_options
@home_option
@json_option
def show_patient(
    patient_id: str,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """One person, with identifiers, zone history and what is collected from where."""
    with bridge(home) as found:
        one = named.number(found, patient_id)
        seen(found, one, acting, "patient show")
        sources: list[Value] = [collected(found, each) for each in listed(found.db, one)]
        row: dict[str, Value] = {**_row(found, load(found.db, one)), "collecting": sources}
    emit(row, as_json, told(row))


@patient.command("erase")
@click.argument("patient_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--untold", is_flag=True, help="Also where receivers of pushes hold what can then not be taken back."
)
@operator_options
@home_option
@json_option
def erase_patient(
    patient_id: str,
    yes: bool,
    untold: bool,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """Destroy a person's key and everything under it. The ledger of what left stays."""
    from bridge.push.affected import still_held

    with bridge(home) as found:
        one = named.number(found, patient_id)
        noted(found, one, acting, "patient erase")
        held, recipients = still_held(found.db, one), list(who_asked(found.db, one))
        if held and not untold:
            raise Failed(_HELD.format(", ".join(f"{client} ({count} items)" for client, count in held)))
        stays = [row_of(found, each) for each in custody.of(found.db, one)]
        answer = "".join(f"\n{_STAYS.format(**each)}" for each in stays)
        if not yes:
            if answer:
                click.echo(answer.strip(), err=True)
            click.confirm("Destroy the key and all data of this person?", abort=True, err=True)
        erase(found.db, one)
    told = f"{patient_id} is erased. Told of it by nobody: {', '.join(recipients) or 'nobody had anything'}."
    row: dict[str, Value] = {"id": patient_id, "erased": True, "untold": [*recipients], "stays": [*stays]}
    emit(row, as_json, told + answer)


_STAYS: Final = (
    "{organization} keeps its own record {id} of what it submitted: {law}, {years} years after the last of it came, "
    "until {until}"
)
_HELD: Final = (
    "receivers hold readings of this person: {}. Remove the uploads (artifact remove) and push once more "
    "to take them back, then erase; or say --untold"
)


@patient.group("zone")
def zone() -> None:
    """Where the person's clocks stood."""


@zone.command("add")
@click.argument("patient_id", metavar="ID")
@click.option("--timezone", required=True, metavar="Area/City")
@click.option("--from", "since", required=True, metavar="ISO", help="A date or an instant.")
@operator_options
@home_option
@json_option
def zone_add(
    patient_id: str, timezone: str, since: str, acting: Acting, home: Path | None, as_json: bool
) -> None:
    """From that date on, local times are times of this zone."""
    with bridge(home) as found:
        one = named.number(found, patient_id)
        noted(found, one, acting, "patient zone add", f"{timezone} from {since}")
        try:
            start = spelled(since, ZoneHistory.always(timezone)).start
            add_zone(found.db, one, timezone, start)
        except ValueError as wrong:
            raise Failed(str(wrong)) from wrong
        row = _row(found, load(found.db, one))
    emit(row, as_json, f"{timezone} holds from {iso(start)}.")


def _row(found: Bridge, one: Patient) -> dict[str, Value]:
    entries = one.zones.entries
    return {
        "id": found.patient_id(one.number),
        "name": one.name,
        "birth_date": _text(one.birth_date),
        "timezone": entries[-1][1],
        "zones": [{"from": iso(since), "timezone": name} for since, name in entries[1:]],
        "identifiers": [f"{system}|{value}" for system, value in one.identifiers],
    }


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
