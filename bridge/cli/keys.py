"""`keys …`: the installation's own signing keys.

Law: a rotation makes a new key that signs at once, and the old public half stays shown for a day, so that nobody who
is signed in is thrown out (OpenID Connect Core 10.1.1). Keys of patients and the master key are not here.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.acting import deed
from bridge.cli.shell import bridge, emit, home_option, json_option
from bridge.smart.signer import rotate


@click.group()
def keys() -> None:
    """The keys that sign id_tokens."""


@keys.command("rotate")
@home_option
@json_option
def rotate_keys(home: Path | None, as_json: bool) -> None:
    """Sign with a new key from now on."""
    with bridge(home) as found:
        deed(found, "keys rotate", "signing key")
        kid = rotate(found.db, found.now())
    emit({"kid": kid}, as_json, kid)
