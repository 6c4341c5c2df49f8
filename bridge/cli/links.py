"""`link …`: whose chart receives.

Law: a link is confirmed by a named human who compared two records; the bridge shows what the receiver shows
and matches nobody by name (`safety.md`, whose chart is it). What a delivery over it would be held for is said with it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, noted, noted_of, operator_options
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, patient_option, table
from bridge.people.notices import What, tell_others
from bridge.people.requests import recipient_name
from bridge.store import destinations, links

ANOTHERS: Final = (
    "another person's link to {client} names this record already, and one record is one person's: compare both; "
    "nothing was linked"
)


@click.group()
def link() -> None:
    """Our patient and the record at a receiver that is theirs: no delivery without one."""


@link.command("add")
@patient_option
@click.option("--client", required=True, metavar="ID")
@click.option(
    "--identifier", required=True, metavar="SYSTEM|VALUE", help="The receiver's patient identifier."
)
@click.option("--confirmed-by", required=True, metavar="WHO", help="Who compared the two records.")
@click.option(
    "--name",
    metavar="'FAMILY, GIVEN'",
    help="Where the receiver shows no patients to us: the name in its record.",
)
@click.option("--birth-date", metavar="YYYY-MM-DD", help="The same: the birth date in its record.")
@operator_options
@home_option
@json_option
def add_link(
    patient: str,
    client: str,
    identifier: str,
    confirmed_by: str,
    name: str | None,
    birth_date: str | None,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """Confirm that a receiver's record is this patient's."""
    system, value = named.identifier(identifier)
    with bridge(home) as found:
        one, known = named.number(found, patient), named.client(found, client).id
        noted(found, one, acting, "link add", f"{client}: {identifier}")
        if links.is_anothers(found.db, one, known, system, value):
            raise Failed(ANOTHERS.format(client=client))
        record = _shown(found, one, known, system, value) or _compared(name, birth_date)
        try:
            made = links.confirm(found.db, one, known, system, value, confirmed_by, record)
        except links.Anothers as taken:
            raise Failed(ANOTHERS.format(client=client)) from taken
        except ValueError as wrong:
            raise Failed(str(wrong)) from wrong
        _lacking(found, known, record)
        row = _link(found, made)
    emit(row, as_json, f"link {made.number} is confirmed.")


@link.command("list")
@click.option("--patient", metavar="ID")
@operator_options
@home_option
@json_option
def list_links(patient: str | None, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every link, with its state and why."""
    with bridge(home) as found:
        of = named.number(found, patient) if patient else None
        known = links.listed(found.db, of)
        noted_of(found, [of] if of else [each.patient for each in known], acting, "link list")
        rows = [_link(found, each) for each in known]
    emit(rows, as_json, table(rows, ("id", "patient", "client", "identifier", "state", "confirmed_by")))


@link.command("suspend")
@click.argument("link_id", metavar="ID", type=int)
@operator_options
@home_option
@json_option
def suspend_link(link_id: int, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Stop deliveries over a link until it is confirmed anew."""
    with bridge(home) as found:
        one = _known(found, link_id)
        noted(found, one.patient, acting, "link suspend", str(link_id))
        links.suspend(found.db, link_id, acting[1] or "suspended by hand")
    emit({"id": link_id, "state": "suspended"}, as_json, f"link {link_id} is suspended.")


@link.command("remove")
@click.argument("link_id", metavar="ID", type=int)
@operator_options
@home_option
@json_option
def remove_link(link_id: int, acting: Acting, home: Path | None, as_json: bool) -> None:
    """End a link; what was sent over it stays known."""
    with bridge(home) as found:
        one = _known(found, link_id)
        noted(found, one.patient, acting, "link remove", str(link_id))
        links.remove(found.db, link_id)
        name = recipient_name(found.db, one.client)
        tell_others(found.db, one.patient, "", What.LINK_ENDED, acting[0] or name, name, now=found.now())
    emit({"id": link_id, "state": "removed"}, as_json, f"link {link_id} is removed.")


def _known(found: Bridge, link_id: int) -> links.Link:
    for each in links.listed(found.db):
        if each.number == link_id:
            return each
    raise Failed(f"there is no link {link_id} in use: see `cgm-bridge link list`")


def _shown(found: Bridge, patient: int, client: str, system: str, value: str) -> links.Shown | None:
    """The record as the receiver shows it now, to be compared before every delivery. Where it cannot be
    seen, or the client has no destination yet, the link rests on the human's word; that is said."""
    from bridge.push.chart import Broken, shown

    try:
        seen = asyncio.run(shown(found.db, found.outbound, client, system, value, patient))
    except ValueError as none_yet:
        seen = str(none_yet)
    if isinstance(seen, links.Shown):
        return seen
    if seen in list(Broken):
        raise Failed(f"{seen}: nothing was linked")
    click.echo(f"cgm-bridge: the receiver's record was not seen ({seen})", err=True)
    return None


def _lacking(found: Bridge, client: str, record: links.Shown | None) -> None:
    """Say at once what every delivery to an interface engine would be held for."""
    from bridge.push.engine import NOT_SHOWN

    is_named = record is not None and record.name and record.birth_date is not None
    if not is_named and any(each.kind == "hl7v2" for each in destinations.listed(found.db, client)):
        click.echo(f"cgm-bridge: nothing goes over it yet: {NOT_SHOWN}", err=True)


def _compared(name: str | None, birth_date: str | None) -> links.Shown | None:
    """The record as whoever confirms it reads it there; HL7 v2 messages say it in these words (PID-5, PID-7)."""
    from bridge.smart.record import day

    if name is None and birth_date is None:
        return None
    born = day(birth_date or "")
    family, comma, given = (name or "").partition(",")
    if born is None or not (family.strip() and comma and given.strip()):
        raise Failed(
            "write both as the receiver's record shows them: --name 'Family, Given' --birth-date YYYY-MM-DD"
        )
    return links.Shown("", f"{family.strip()}, {given.strip()}", born)


def _link(found: Bridge, one: links.Link) -> dict[str, Value]:
    return {
        "id": one.number,
        "patient": found.patient_id(one.patient),
        "client": one.client,
        "identifier": f"{one.system}|{one.value}",
        "state": one.state.value,
        "reason": one.reason or None,
        "confirmed_by": one.confirmed_by,
    }
