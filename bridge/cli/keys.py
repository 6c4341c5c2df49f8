"""`keys …`: the installation's own signing keys.

Law: of id_tokens, a new key signs at once, and the old public half stays shown for a day, so that nobody who is signed
in is thrown out (OpenID Connect Core 10.1.1); of statements to EHRs, a new key is shown a day before it signs, because
they keep what they fetched. Keys of patients and the master key are not here.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.acting import deed
from bridge.cli.shell import bridge, emit, home_option, json_option
from bridge.smart import ehr_keys
from bridge.smart.signer import rotate


@click.group()
def keys() -> None:
    """The keys that sign id_tokens, and what we state to EHRs."""


@keys.command("rotate")
@click.option("--assertions", is_flag=True, help="those by which we prove ourselves to EHRs and destinations")
@home_option
@json_option
def rotate_keys(assertions: bool, home: Path | None, as_json: bool) -> None:
    """Sign with a new key: id_tokens from now on, with --assertions our proofs from a day on."""
    with bridge(home) as found:
        deed(found, "keys rotate", "assertion keys" if assertions else "signing key")
        if not assertions:
            kid = rotate(found.db, found.now())
            emit({"kid": kid}, as_json, kid)
            return
        kids = ehr_keys.rotate(found.db, found.now())
    told = f"{', '.join(kids)}; whoever was given our keys as a text needs the new set of /launch/jwks.json today"
    emit({"kids": list(kids)}, as_json, told)
