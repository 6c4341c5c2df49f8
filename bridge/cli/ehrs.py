"""`ehr …`: the EHRs that may launch us.

Law: an issuer that is not on this list is never called, whatever a browser brings (`smart-consent.md` 5.4). A secret
comes from standard input or a file; our keys are made here and published, never given. What changes the list is in
the admin log before it is done.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import deed
from bridge.cli.shell import (
    Failed,
    Value,
    addressed,
    bridge,
    emit,
    home_option,
    json_option,
    reason,
    table,
    told,
)
from bridge.smart.ehr_discovery import Discoveries, Flaw
from bridge.smart.ehr_registration import JWKS_PATH, LAUNCH_PATH, Wanted, callback, checked
from bridge.smart.registration import RegistrationError
from bridge.store import ehrs
from bridge.store.ehrs import Ehr, Method, Registered


@click.group()
def ehr() -> None:
    """EHRs that may launch us."""


@ehr.command("add")
@click.argument("issuer")
@click.option("--client", required=True, metavar="ID", help="The recipient whom its launches are for.")
@click.option("--client-id", required=True, metavar="TEXT", help="Our id at the EHR.")
@click.option("--secret-file", metavar="FILE|-", help="Our secret there; without it and --key: a public app.")
@click.option("--key", is_flag=True, help="We prove ourselves by signing: the EHR fetches our public keys.")
@click.option("--endpoint", "endpoints", multiple=True, metavar="URL", help="Where else its endpoints lie.")
@click.option("--scope", default="", metavar="S", help="What to ask instead of the least that is needed.")
@click.option("--identifier-system", default="", metavar="URI", help="Which identifier names a record.")
@click.option("--internal", is_flag=True, help="The address lies in our own network.")
@home_option
@json_option
def add_ehr(
    issuer: str,
    client: str,
    client_id: str,
    secret_file: str | None,
    key: bool,
    endpoints: tuple[str, ...],
    scope: str,
    identifier_system: str,
    internal: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Register the EHR whose FHIR base is ISSUER; prints what the EHR has to know of us."""
    if key and secret_file is not None:
        raise click.UsageError("--key and --secret-file exclude each other")
    method: Method = "key" if key else "public" if secret_file is None else "secret"
    wanted = Wanted(issuer, client_id, method, endpoints, scope, identifier_system, internal)
    secret = None if secret_file is None else _secret(secret_file)
    with bridge(home) as found:
        recipient = named.client(found, client)
        try:
            made = checked(wanted, recipient)
            deed(found, "ehr add", f"{made.id} {made.issuer}")
            ehrs.add(found.db, made, secret)
        except (RegistrationError, Registered) as fault:
            raise Failed(str(fault)) from fault
        row = _row(found, made)
        addressed(found)
    emit(row, as_json, told(row))


@ehr.command("list")
@home_option
@json_option
def list_ehrs(home: Path | None, as_json: bool) -> None:
    """Every EHR that may launch us."""
    with bridge(home) as found:
        rows = [_row(found, each) for each in ehrs.listed(found.db)]
    emit(rows, as_json, table(rows, ("id", "issuer", "client", "method", "redirect_uri")))


@ehr.command("check")
@click.argument("ehr_id", metavar="ID")
@home_option
@json_option
def check_ehr(ehr_id: str, home: Path | None, as_json: bool) -> None:
    """Fetch what the EHR says about itself, and hold it against the registration."""
    with bridge(home) as found:
        known = _known(found, ehr_id)
        told = asyncio.run(Discoveries(found.outbound).of(known, found.now()))
    if isinstance(told, Flaw):
        raise Failed(f"{known.issuer}: {told.value}")
    value: Value = {"authorization_endpoint": told.authorization, "token_endpoint": told.token}
    emit(value, as_json, f"{known.issuer} can launch us.")


@ehr.command("remove")
@click.argument("ehr_id", metavar="ID")
@home_option
@json_option
def remove_ehr(ehr_id: str, home: Path | None, as_json: bool) -> None:
    """Take an EHR off the list; its tokens and what its launches brought are forgotten."""
    with bridge(home) as found:
        known = _known(found, ehr_id)
        deed(found, "ehr remove", f"{known.id} {known.issuer}")
        ehrs.remove(found.db, known.id)
    emit({"id": ehr_id, "removed": True}, as_json, f"{ehr_id} is removed.")


def _known(found: Bridge, ehr_id: str) -> Ehr:
    known = ehrs.find(found.db, ehr_id)
    if known is None:
        raise Failed(f"no EHR has the id {ehr_id!r}: see `cgm-bridge ehr list`")
    return known


def _secret(source: str) -> str:
    try:
        told = (sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")).strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise Failed(f"the secret cannot be read from {source}: {reason(fault)}") from fault
    if not told:
        raise Failed(f"there is no secret in {source}")
    return told


def _row(found: Bridge, one: Ehr) -> dict[str, Value]:
    base = found.settings.base_url
    return {
        "id": one.id,
        "issuer": one.issuer,
        "client": one.client,
        "client_id": one.client_id,
        "method": one.method,
        "launch_uri": base + LAUNCH_PATH,
        "redirect_uri": callback(base, one.id),
        "jwks_uri": base + JWKS_PATH if one.method == "key" else None,
        "endpoints": list(one.origins),
    }
