"""`client …`: the programs of organisations that may ask, or be pushed to.

Law: registering gives nobody anything: what a client gets, grants decide. Keys are public ones; the secret of a
client that has none is made here, printed once, and kept as a hash (SMART App Launch 2.2,
client-confidential-symmetric). `launch` opens a registered app with one person in context: whoever follows the
address still signs in and decides.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli import named
from bridge.cli.acting import Acting, deed, noted, operator_options
from bridge.cli.shell import (
    Failed,
    Value,
    bridge,
    emit,
    home_option,
    json_option,
    patient_option,
    reason,
    table,
)
from bridge.store.clients import Client, ClientType, add, listed, remove


@click.group()
def client() -> None:
    """The programs of organisations that may ask."""


@client.command("add")
@click.option("--name", required=True)
@click.option("--type", "kind", type=click.Choice(["public", "confidential", "backend"]), required=True)
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI")
@click.option("--launch-uri", "launch_uris", multiple=True, metavar="URI")
@click.option("--jwks", metavar="FILE|URL", help="Its public keys: a JWK Set, or the https address of one.")
@click.option("--scope", metavar="S", default="", help="SMART scopes it may be given.")
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
    """Register a client. A confidential one without keys gets a secret, which is shown this once."""
    from bridge.smart.registration import Registration, RegistrationError, with_secret
    from bridge.smart.registration import client as checked

    asked = Registration(
        name, kind, organization, contact, purpose, keys_of(jwks), scope, redirect_uris, launch_uris
    )
    try:
        made, secret = with_secret(checked(asked))
    except RegistrationError as fault:
        raise Failed(str(fault)) from fault
    with bridge(home, is_new=True) as found:
        deed(found, "client add", f"{made.id} {made.name}")
        add(found.db, made)
    shown = {"client_id": made.id} | ({} if secret is None else {"client_secret": secret})
    if made.type is ClientType.BACKEND and jwks is None:
        click.echo("it has no keys: data can be pushed to it, and it cannot ask for any (--jwks)", err=True)
    emit(shown, as_json, "\n".join(shown.values()))


@client.command("launch")
@click.argument("client_id", metavar="ID")
@patient_option
@operator_options
@click.option("--launch-uri", metavar="URI", help="Which of its launch addresses (default: the first).")
@home_option
@json_option
def launch_client(
    client_id: str, patient: str, launch_uri: str | None, home: Path | None, as_json: bool, acting: Acting
) -> None:
    """An address that opens the app for one person, for ten minutes and one use."""
    from bridge.smart.launching import NoLaunch, launched

    with bridge(home) as found:
        one, person = named.client(found, client_id), named.number(found, patient)
        noted(found, person, acting, "launch", one.name)
        try:
            url = launched(found.db, one, person, found.settings.fhir_base, found.now(), launch_uri)
        except NoLaunch as why:
            raise Failed(str(why)) from why
    emit({"client_id": client_id, "launch": url}, as_json, url)


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
        known = named.client(found, client_id)
        deed(found, "client remove", f"{known.id} {known.name}")
        remove(found.db, known.id)
    emit({"client_id": client_id, "removed": True}, as_json, f"{client_id} is removed.")


def keys_of(jwks: str | None) -> str | None:
    """The JWK Set that an option names: its address, or the text of the file."""
    if jwks is None or jwks.startswith(("https://", "http://")):
        return jwks
    try:
        text = Path(jwks).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise Failed(f"the JWK Set {jwks} cannot be read: {reason(fault)}") from fault
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
