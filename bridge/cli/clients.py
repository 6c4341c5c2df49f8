"""`client …`: the programs of organisations that may ask, or be pushed to.

Law: registering gives nobody anything: what a client gets, grants decide. Keys are public ones; no secret of
a client passes through here (SMART App Launch 2.2, client-confidential-asymmetric).
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli import named
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, table
from bridge.store.clients import Client, add, listed, remove


@click.group()
def client() -> None:
    """The programs of organisations that may ask."""


@client.command("add")
@click.option("--name", required=True)
@click.option("--type", "kind", type=click.Choice(["public", "confidential", "backend"]), required=True)
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI")
@click.option("--launch-uri", "launch_uris", multiple=True, metavar="URI")
@click.option("--jwks", metavar="FILE|URL", help="Its public keys: a JWK Set, or the https address of one.")
@click.option("--scope", metavar="S", default="", help="SMART scopes it may be given (default: system/*.rs).")
@click.option("--organization", metavar="N", help="Who receives (default: the name).")
@click.option("--contact", metavar="MAIL", default="")
@click.option("--purpose", metavar="CODE", default="TREAT", show_default=True)
@home_option
@json_option
def add_client(
    name: str,
    kind: str,
    redirect_uris: tuple[str, ...],
    launch_uris: tuple[str, ...],
    jwks: str | None,
    scope: str,
    organization: str | None,
    contact: str,
    purpose: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Register a client. Its keys are public ones; no secret is kept."""
    from bridge.smart.registration import Registration, RegistrationError
    from bridge.smart.registration import client as checked

    asked = Registration(
        name, kind, organization, contact, purpose, _keys(jwks), scope, redirect_uris, launch_uris
    )
    try:
        made = checked(asked)
    except RegistrationError as fault:
        raise Failed(str(fault)) from fault
    with bridge(home) as found:
        add(found.db, made)
    emit({"client_id": made.id}, as_json, made.id)


@client.command("list")
@home_option
@json_option
def list_clients(home: Path | None, as_json: bool) -> None:
    """Every registered client."""
    with bridge(home) as found:
        rows = [_row(each) for each in listed(found.db)]
    emit(rows, as_json, table(rows, ("client_id", "name", "organization", "type", "purpose", "scope")))


@client.command("remove")
@click.argument("client_id", metavar="ID")
@home_option
@json_option
def remove_client(client_id: str, home: Path | None, as_json: bool) -> None:
    """Take a client's tokens and its registration away; what it was given stays in the ledger."""
    with bridge(home) as found:
        remove(found.db, named.client(found, client_id).id)
    emit({"client_id": client_id, "removed": True}, as_json, f"{client_id} is removed.")


def _keys(jwks: str | None) -> str | None:
    if jwks is None or jwks.startswith(("https://", "http://")):
        return jwks
    try:
        text = Path(jwks).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise Failed(f"the JWK Set {jwks} cannot be read: {fault}") from fault
    if "PRIVATE KEY" in text:
        raise Failed(f"{jwks} is a private key: keep it, and give the JWK Set of its public half")
    if not text.lstrip().startswith("{"):
        raise Failed(f'{jwks} is no JWK Set: it is JSON like {{"keys": […]}}')
    return text


def _row(one: Client) -> dict[str, Value]:
    return {
        "client_id": one.id,
        "name": one.name,
        "organization": one.organization,
        "type": one.type.value,
        "purpose": one.purpose,
        "scope": one.scopes,
        "contact": one.contact,
        "jwks_url": one.jwks_url,
    }
