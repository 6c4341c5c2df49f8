"""`client edit` and `client verify`: how a recipient is reached, and who made sure that it is who it says.

Law (issue: recipients are verified): a changed key, redirect address or endpoint holds everything that would go there
until somebody verifies again; editing never verifies. Both are in the admin log before they are done. By which law, and
how long, its organisation must keep its own records is set here, for all of its clients, and never assumed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import deed
from bridge.cli.clients import keys_of
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option
from bridge.consent.intake import submitter
from bridge.net.endpoint import origin
from bridge.people.verifying import Unfit, Verification, verified
from bridge.period import iso
from bridge.smart.registration import Registration, RegistrationError
from bridge.smart.registration import client as checked
from bridge.store.clients import Client, load
from bridge.store.custody import Rule, rule_of, set_rule
from bridge.store.recipients import find
from bridge.store.registrations import change
from bridge.store.subscriptions import allow, forbid, origins
from bridge.store.verifications import fault, key_of
from bridge.subscriptions.where import spelled


@click.command("edit")
@click.argument("client_id", metavar="ID")
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="In place of all before.")
@click.option("--launch-uri", "launch_uris", multiple=True, metavar="URI", help="In place of all before.")
@click.option("--jwks", metavar="FILE|URL", help="Its new public keys.")
@click.option("--contact", metavar="MAIL")
@click.option(
    "--notify", multiple=True, metavar="URL", help="Where it may have itself notified, beside before."
)
@click.option("--no-notify", multiple=True, metavar="URL", help="Where it may no more.")
@click.option(
    "--retention-law", metavar="TEXT", help="Which law obliges its organisation to keep its own records."
)
@click.option(
    "--retention-years", type=click.IntRange(1, 100), metavar="N", help="How long after the last of a record."
)
@click.option("--internal", is_flag=True, help="--notify lies in our own network.")
@home_option
@json_option
def edit_client(
    client_id: str,
    redirect_uris: tuple[str, ...],
    launch_uris: tuple[str, ...],
    jwks: str | None,
    contact: str | None,
    notify: tuple[str, ...],
    no_notify: tuple[str, ...],
    retention_law: str | None,
    retention_years: int | None,
    internal: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Change how a client is reached or proves itself; nothing goes to it until it is verified again."""
    rule = _rule(retention_law, retention_years)
    if not (redirect_uris or launch_uris or jwks or contact is not None or notify or no_notify or rule):
        raise click.UsageError(
            "say what changes: --redirect-uri, --launch-uri, --jwks, --contact, --notify or --retention-law"
        )
    there, no_more = origins_of(notify), origins_of(no_notify)
    with bridge(home) as found:
        one = named.client(found, client_id)
        made = _registered(one, redirect_uris, launch_uris, jwks, contact)
        deed(found, "client edit", f"{one.id} {one.name}")
        change(found.db, replace(made, id=one.id, secret=one.secret))
        if rule is not None:
            set_rule(found.db, submitter(one.id, one.organization), rule)
        for each in there:
            allow(found.db, one.id, each, internal)
        for each in no_more:
            forbid(found.db, one.id, each)
        row = _row(found, load(found.db, one.id))
    emit(row, as_json, f"{client_id} is changed." + (f" {row['held']}" if row["held"] else ""))


def _rule(law: str | None, years: int | None) -> Rule | None:
    """The retention rule that the options name; both or neither."""
    if (law is None) != (years is None):
        raise click.UsageError("--retention-law and --retention-years go together")
    try:
        return None if law is None or years is None else Rule(law.strip(), years)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong


def _registered(
    one: Client,
    redirect_uris: tuple[str, ...],
    launch_uris: tuple[str, ...],
    jwks: str | None,
    contact: str | None,
) -> Client:
    """The client with what changes. Failed where that is no registration."""
    wanted = Registration(
        one.name,
        one.type.value,
        one.organization,
        one.contact if contact is None else contact,
        one.purpose,
        keys_of(jwks) or one.jwks_inline or one.jwks_url,
        one.scopes,
        redirect_uris or one.redirect_uris,
        launch_uris or one.launch_uris,
    )
    try:
        return checked(wanted)
    except RegistrationError as wrong:
        raise Failed(str(wrong)) from wrong


@click.command("verify")
@click.argument("client_id", metavar="ID")
@click.option(
    "--how", required=True, metavar="TEXT", help="How it was made sure: called back, met, contract."
)
@click.option("--by", required=True, metavar="WHO", help="Who made sure.")
@click.option(
    "--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds."
)
@click.option("--address", default="", metavar="TEXT")
@click.option("--contact", default="", metavar="MAIL")
@click.option("--monitored-by", "watcher", default="", metavar="WHO", help="Who looks at what arrives.")
@click.option("--hours", default="", metavar="TEXT", help="When they look.")
@home_option
@json_option
def verify_client(
    client_id: str,
    how: str,
    by: str,
    until: datetime,
    address: str,
    contact: str,
    watcher: str,
    hours: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Record that a client's organisation is who it says, as the client is registered now."""
    told = Verification(how, by, until.date(), address, contact, watcher, hours)
    with bridge(home) as found:
        one = named.client(found, client_id)
        deed(found, "client verify", f"{one.id} {one.name}: {how}")
        try:
            verified(found.db, one, told)
        except Unfit as wrong:
            raise Failed(str(wrong)) from wrong
        row = _row(found, one)
    emit(row, as_json, f"{row['recipient']} is verified until {until.date()}.")


def origins_of(urls: tuple[str, ...]) -> tuple[str, ...]:
    """The origins of these addresses, as they are kept. Failed where one cannot be called."""
    found = [origin(each) for each in urls]
    if any(each is None for each in found):
        raise Failed("--notify takes an absolute https:// address without credentials or fragment")
    return tuple(spelled(each) for each in found if each is not None)


def _row(found: Bridge, one: Client) -> dict[str, Value]:
    known, rule = find(found.db, key_of(one)), rule_of(found.db, submitter(one.id, one.organization))
    return {
        "client_id": one.id,
        "recipient": known.recipient,
        "verified": known.is_verified(found.now()),
        "how": known.how or None,
        "by": known.verifier or None,
        "until": None if known.until is None else iso(known.until),
        "held": fault(found.db, one) or None,
        "retention": None if rule is None else f"{rule.law}, {rule.years} years",
        "notify": [each for each, _ in origins(found.db, one.id)],
    }
