"""`subscriptions list`: who is notified, in which state, and why one is not.

Law: it names programs and endpoints, never whom a subscription is about, and never its headers. It changes nothing: a
client asks for its subscription anew, and where a client may be notified is said with the client.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.shell import Value, bridge, emit, home_option, json_option, table
from bridge.period import iso
from bridge.store import subscriptions as kept
from bridge.store.subscriptions import Subscription


@click.group()
def subscriptions() -> None:
    """Who is notified of new values."""


@subscriptions.command("list")
@click.option("--client", metavar="ID", help="Of one program alone.")
@home_option
@json_option
def list_subscriptions(client: str | None, home: Path | None, as_json: bool) -> None:
    """Every subscription with its state and its last error."""
    with bridge(home) as found:
        rows = [_row(each) for each in kept.listed(found.db, client)]
    emit(rows, as_json, table(rows, ("id", "client", "state", "content", "endpoint", "failures", "problem")))


def _row(one: Subscription) -> dict[str, Value]:
    return {
        "id": one.id,
        "client": one.client,
        "state": one.status,
        "content": one.terms.content,
        "endpoint": one.terms.endpoint,
        "since": iso(one.start),
        "changed": iso(one.changed),
        "ends": iso(one.ends),
        "failures": one.failures,
        "due": iso(one.due) if one.failures else None,
        "problem": one.problem or None,
    }
