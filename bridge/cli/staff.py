"""`staff …`: who works with this installation, by which roles, and the log of what was done to it.

Law (issue: sign-in of staff): the first member is made here, because nobody can sign in before; every act is a row
of the hash-chained admin log, these too. Without --subject a member enrols a passkey by a link that is printed
once. No role reads readings.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.acting import deed
from bridge.cli.shell import Failed, Value, addressed, bridge, emit, home_option, json_option, table
from bridge.people import staff as members
from bridge.people.roles import Role
from bridge.period import iso
from bridge.store.accounts import Taken
from bridge.store.deeds import listed

organization_option = click.option(
    "--organization",
    default="",
    metavar="NAME",
    help="Whom they work for, as its programs are registered; need not be said where there is one organisation.",
)


@click.group()
def staff() -> None:
    """Who works with this installation."""


@staff.command("add")
@click.option("--name", required=True)
@click.option(
    "--role", "roles", type=click.Choice([each.value for each in Role]), multiple=True, required=True
)
@click.option(
    "--subject", metavar="SUB", help="Who they are at the identity provider of BRIDGE_STAFF_ISSUER (`sub`)."
)
@organization_option
@home_option
@json_option
def add_member(
    name: str,
    roles: tuple[str, ...],
    subject: str | None,
    organization: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Add a member of staff; prints a link to enrol a passkey where there is no --subject."""
    with bridge(home, is_new=True) as found:
        issuer = found.settings.staff_issuer
        if subject is not None and not issuer:
            raise Failed("--subject names somebody at an identity provider: set BRIDGE_STAFF_ISSUER first")
        deed(found, "staff add", f"{name}: {', '.join(roles)}", of=organization)
        who = None if subject is None else (issuer, subject)
        try:
            account, code = members.add(found.db, name, map(Role, roles), who, found.now(), organization)
        except (members.Refused, Taken) as refused:
            raise Failed(str(refused)) from refused
        link = None if code is None else f"{found.settings.base_url}/clinic/enrol/{code}"
        if link is not None:
            addressed(found)
    emit({"id": account, "link": link}, as_json, "\n".join(filter(None, (account, link))))


@staff.command("list")
@home_option
@json_option
def list_members(home: Path | None, as_json: bool) -> None:
    """Every member of staff."""
    with bridge(home) as found:
        rows: list[dict[str, Value]] = [
            {
                "id": one.account,
                "name": one.name,
                "roles": sorted(one.roles),
                "organization": one.organization or None,
                "way": one.way,
            }
            for one in members.members(found.db)
        ]
    emit(rows, as_json, table(rows, ("id", "name", "roles", "organization", "way")))


@staff.command("move")
@click.argument("account", metavar="ID")
@organization_option
@home_option
@json_option
def move_member(account: str, organization: str, home: Path | None, as_json: bool) -> None:
    """Say whom a member works for: at the desk they see what is asked for its programs alone."""
    with bridge(home) as found:
        deed(found, "staff move", f"{account}: {organization or 'no organisation'}", of=organization)
        try:
            members.move(found.db, account, organization)
        except KeyError as unknown:
            raise Failed(
                f"no member of staff has the id {account!r}: see `cgm-bridge staff list`"
            ) from unknown
        except members.Refused as refused:
            raise Failed(str(refused)) from refused
    text = f"{account} works for {organization or 'no organisation in particular'}."
    emit({"id": account, "organization": organization or None}, as_json, text)


@staff.command("remove")
@click.argument("account", metavar="ID")
@home_option
@json_option
def remove_member(account: str, home: Path | None, as_json: bool) -> None:
    """End a member's account and sessions; the rows of what they did stay."""
    with bridge(home) as found:
        deed(found, "staff remove", account, of=members.works_for(found.db, account))
        try:
            members.remove(found.db, account)
        except KeyError as unknown:
            raise Failed(
                f"no member of staff has the id {account!r}: see `cgm-bridge staff list`"
            ) from unknown
    emit({"id": account, "removed": True}, as_json, f"{account} is removed.")


@staff.command("log")
@home_option
@json_option
def show_log(home: Path | None, as_json: bool) -> None:
    """What was done to this installation, oldest first; `ledger verify` proves it."""
    with bridge(home) as found:
        rows: list[dict[str, Value]] = [
            {
                "seq": one.seq,
                "at": iso(one.at),
                "act": one.act,
                "what": one.what,
                "who": one.who,
                "how": one.how,
                "reason": one.reason or None,
            }
            for one in listed(found.db)
        ]
    emit(rows, as_json, table(rows, ("seq", "at", "who", "how", "act", "what")))
