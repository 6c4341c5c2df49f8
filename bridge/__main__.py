"""The command line `cgm-bridge`, the same as `python -m bridge`.

Law: it puts the commands together and nothing else; what a command does is in `bridge.cli`, one module a
noun, and every name here is part of the contract with its users (`interface.md`).
"""

from __future__ import annotations

import click

from bridge import __version__
from bridge.cli.artifacts import artifact, reimport
from bridge.cli.checks import check, migrate
from bridge.cli.clients import client
from bridge.cli.collecting import collect
from bridge.cli.demo import demo
from bridge.cli.ehrs import ehr
from bridge.cli.grants import grant
from bridge.cli.imports import import_files
from bridge.cli.inviting import ages
from bridge.cli.keys import keys
from bridge.cli.ledgers import ledger
from bridge.cli.links import destination, link
from bridge.cli.mappings import mapping
from bridge.cli.people import patient
from bridge.cli.provenance import provenance
from bridge.cli.pushes import deliveries, push
from bridge.cli.recipients import edit_client, verify_client
from bridge.cli.server import serve
from bridge.cli.staff import staff
from bridge.cli.totals import totals


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="cgm-bridge", message="%(prog)s %(version)s")
def main() -> None:
    """The CGM bridge: a person's own diabetes data, as FHIR R4, for exactly the days they granted."""


for command in (
    demo,
    serve,
    patient,
    collect,
    import_files,
    artifact,
    reimport,
    provenance,
    totals,
    client,
    grant,
    link,
    destination,
    ehr,
    push,
    deliveries,
    ledger,
    staff,
    ages,
    mapping,
    keys,
    migrate,
    check,
):
    main.add_command(command)
for command in (edit_client, verify_client):
    client.add_command(command)

if __name__ == "__main__":
    main(prog_name="cgm-bridge")
