"""The command line `cgm-bridge`, the same as `python -m bridge`.

Law: it names the commands and nothing else; what a command does is in `bridge.cli`, one module a noun, and
every name there is part of the contract with its users (`interface.md`).
"""

from __future__ import annotations

import click

from bridge import __version__
from bridge.cli.commands import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="cgm-bridge", message="%(prog)s %(version)s")
def main() -> None:
    """The CGM bridge: a person's own diabetes data, as FHIR R4, for exactly the days they granted."""


if __name__ == "__main__":
    main(prog_name="cgm-bridge")
