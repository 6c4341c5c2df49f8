"""`demo`: the main job once on the shipped samples, then the server goes on.

Law: the invented person never stands beside a real one: without a named home the demo keeps a folder of its
own. Everything else is `bridge.demo.story`, which goes through the same doors as every user.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from bridge.app import opened
from bridge.cli.server import free
from bridge.cli.shell import Failed, home_option, settings
from bridge.demo.others import DemoFailed
from bridge.demo.story import serving, tell
from bridge.settings import Settings, SettingsError


@click.command("demo")
@click.option("--no-serve", is_flag=True, help="Stop after the story.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
@home_option
def demo(no_serve: bool, host: str, port: int, home: Path | None) -> None:
    """Import the samples of an invented child, grant 14 days to a clinic, let it ask, push, and account."""
    wanted = _apart(settings(home), home)
    free(host, port)
    wanted = replace(wanted, base_url=f"http://{host}:{port}", allow_loopback=True, is_default_address=False)
    try:
        asyncio.run(_told(wanted, host, port, no_serve))
    except (DemoFailed, SettingsError, OSError) as fault:
        raise Failed(str(fault)) from fault
    except KeyboardInterrupt:
        click.echo("stopped.")


async def _told(wanted: Settings, host: str, port: int, no_serve: bool) -> None:
    found = opened(wanted)
    async with serving(found, host, port):
        done = await tell(found, click.echo)
        click.echo(f"\nLedger: cgm-bridge ledger list --patient {done.patient} --home {wanted.home}")
        click.echo(f"Revoke: cgm-bridge grant revoke {done.grant} --home {wanted.home}")
        if no_serve:
            return
        click.echo(f"\nThe FHIR endpoint stays at {wanted.fhir_base} (Ctrl-C stops it).")
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def _apart(wanted: Settings, home: Path | None) -> Settings:
    """The demo keeps to its own folder unless a home was named: no invented person beside a real one."""
    named = home is not None or "BRIDGE_HOME" in os.environ
    return wanted if named else replace(wanted, home=wanted.home / "demo")
