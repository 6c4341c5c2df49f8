"""`grant …`: what a person lets a recipient have, and for how long. The person, or who acts for them, signs.

Law: the words of the command become a `Grant` and nothing else; what it opens is decided at the gate.
Dates are days of the person's own zone; a date-only end covers that whole day (`consent.md`, the grant).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, noted, noted_of, operator_options
from bridge.cli.shell import (
    Failed,
    Value,
    bridge,
    emit,
    home_option,
    json_option,
    patient_option,
    table,
    told,
)
from bridge.cli.wishes import Wish, drawn
from bridge.consent.asked import Kind
from bridge.consent.grant import NotPossible, Standing, state_at
from bridge.consent.grants import listed, load, pause, revoke, sign
from bridge.people.majority import bounded
from bridge.period import iso, spelled
from bridge.store.patients import load as load_patient

DAYS = click.IntRange(1, 36_600)
"""A hundred years."""


@click.group()
def grant() -> None:
    """What a person lets a recipient have."""


@grant.command("add")
@patient_option
@click.option("--client", required=True, metavar="ID", help="Who receives.")
@click.option("--last-days", type=DAYS, metavar="N", help="The N local days ending with today, fixed now.")
@click.option("--rolling-days", type=DAYS, metavar="N", help="The last N local days, whenever asked.")
@click.option("--before", metavar="ISO", help="With --days: the days before an appointment.")
@click.option("--days", type=DAYS, metavar="N")
@click.option("--from-now", is_flag=True, help="What is measured from now on.")
@click.option("--start", metavar="ISO", help="With --end: from this date or instant.")
@click.option("--end", metavar="ISO", help="Until this instant, or to the end of this day.")
@click.option("--kinds", "--types", "kinds", default="glucose", show_default=True, metavar="K,…")
@click.option("--sources", default="", metavar="S,…", help="Sources named (default: all that are here).")
@click.option("--later-sources", is_flag=True, help="Also sources that are added later.")
@click.option("--ways", default="look,file,feed,bulk", show_default=True, metavar="W,…")
@click.option(
    "--granularity", type=click.Choice(["raw", "15min", "hourly", "daily", "summary"]), default="raw"
)
@click.option(
    "--identity", type=click.Choice(["full", "visit", "pseudonymous", "de-identified"]), default="full"
)
@click.option("--in-force-from", metavar="ISO")
@click.option(
    "--expires", metavar="ISO", help="Default: the appointment + 2 days, else 90 days; at most 12 months."
)
@click.option("--erase-by", metavar="ISO", help="What the recipient was asked.")
@click.option("--signed-by", metavar="NAME", help="Default: the patient.")
@click.option("--role", default="patient", metavar="ROLE")
@click.option("--evidence", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--text-id", default="", metavar="ID", help="Which words were shown.")
@operator_options
@home_option
@json_option
def add_grant(
    patient: str,
    client: str,
    acting: Acting,
    home: Path | None,
    as_json: bool,
    **words: Any,
) -> None:
    """Sign a grant. What it does not name stays closed."""
    with bridge(home) as found:
        person = load_patient(found.db, named.number(found, patient))
        receiver = named.client(found, client)
        try:
            grant = bounded(found.db, drawn(found, person, receiver, Wish(**words)))
            note = (
                f"grant {grant.id} to {receiver.organization}; to end it: cgm-bridge grant revoke {grant.id}"
            )
            made = sign(found.db, grant, noted(found, person.number, acting, "grant add", note))
        except (ValueError, NotPossible) as refused:
            raise Failed(str(refused)) from refused
        row = _row(found, made)
    emit(row, as_json, f"{row['id']}\n{_told(row)}")


@grant.command("list")
@click.option("--patient", metavar="ID")
@operator_options
@home_option
@json_option
def list_grants(patient: str | None, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every grant and what became of it."""
    with bridge(home) as found:
        people = [named.number(found, patient)] if patient else found.patients()
        grants = [each for one in people for each in listed(found.db, one)]
        noted_of(found, people if patient else [each.grant.patient for each in grants], acting, "grant list")
        rows = [_row(found, each) for each in grants]
    emit(
        rows, as_json, table(rows, ("id", "version", "state", "organization", "kinds", "granularity", "ends"))
    )


@grant.command("show")
@click.argument("grant_id", metavar="ID")
@operator_options
@home_option
@json_option
def show_grant(grant_id: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """One grant in full."""
    with bridge(home) as found:
        one = _load(found, grant_id)
        noted(found, one.grant.patient, acting, "grant show", grant_id)
        row = _row(found, one)
    emit(row, as_json, _told(row))


@grant.command("pause")
@click.argument("grant_id", metavar="ID")
@click.option("--until", metavar="ISO", help="Default: until it is signed anew or revoked by hand.")
@operator_options
@home_option
@json_option
def pause_grant(grant_id: str, until: str | None, acting: Acting, home: Path | None, as_json: bool) -> None:
    """A paused grant acts like none."""
    with bridge(home) as found:
        one = _load(found, grant_id)
        by = noted(found, one.grant.patient, acting, "grant pause", grant_id)
        zones = load_patient(found.db, one.grant.patient).zones
        try:
            done = pause(found.db, grant_id, spelled(until, zones).start if until else None, by)
        except (ValueError, NotPossible) as refused:
            raise Failed(str(refused)) from refused
        row = _row(found, done)
    emit(row, as_json, _told(row))


@grant.command("revoke")
@click.argument("grant_id", metavar="ID")
@operator_options
@home_option
@json_option
def revoke_grant(grant_id: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """End a grant for good, from the next answer on."""
    with bridge(home) as found:
        one = _load(found, grant_id)
        by = noted(found, one.grant.patient, acting, "grant revoke", grant_id)
        try:
            row = _row(found, revoke(found.db, grant_id, by))
        except NotPossible as refused:
            raise Failed(str(refused)) from refused
    emit(row, as_json, _told(row))


def _load(found: Bridge, grant_id: str) -> Standing:
    try:
        return load(found.db, grant_id)
    except KeyError as unknown:
        raise Failed(f"no grant has the id {grant_id!r}: see `cgm-bridge grant list`") from unknown


def _row(found: Bridge, standing: Standing) -> dict[str, Value]:
    one = standing.grant
    return {
        "id": one.id,
        "version": one.version,
        "patient": found.patient_id(one.patient),
        "patient_as_seen": found.patient_id(one.patient, one.pairing),
        "state": state_at(standing, found.now()).value,
        "organization": one.recipient.organization,
        "clients": sorted(one.recipient.clients),
        "purpose": one.purpose,
        "ways": sorted(one.ways),
        "periods": [{"start": iso(p.start), "end": iso(p.end)} for p in one.periods],
        "rolling_days": one.rolling_days or None,
        "said": one.said,
        "kinds": [kind.value for kind in Kind if kind in one.kinds],
        "sources": sorted(one.sources),
        "later_sources": one.later_sources,
        "granularity": one.grain.name.lower(),
        "identity": one.identity.value,
        "begins": iso(one.begins),
        "ends": iso(one.ends),
        "signed": iso(one.signed),
        "signed_by": one.authoriser.name,
        "role": one.authoriser.role,
    }


def _told(row: dict[str, Value]) -> str:
    return told(row, "  ")
