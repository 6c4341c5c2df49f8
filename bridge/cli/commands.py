"""Every command by name, with the line that `--help` shows; a command is imported when it is asked for.

Law: `--help` and a command that reads no mapping start in a fraction of a second, so naming a command costs
nothing of what it needs: its module, and all that is below it, is imported by the one who calls it. Plain
import statements do that, so that types and import contracts see them. The line is the first sentence of the
command's own help; a test holds both together.
Rejected: all modules at each start (1.5 s of CPU for a list of names), names of modules as text (no contract
sees them).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import click

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# numpy starts and spins a thread a core as it is imported, for an algebra that nothing here does: a sixth of what a
# short command costs (OpenBLAS, "Setting the number of threads at runtime").

Loaded: TypeAlias = tuple[click.Command, ...]


def _artifacts() -> Loaded:
    from bridge.cli.artifacts import artifact, reimport

    return artifact, reimport


def _checks() -> Loaded:
    from bridge.cli.checks import check, migrate

    return check, migrate


def _clients() -> Loaded:
    from bridge.cli.clients import client
    from bridge.cli.recipients import edit_client, verify_client

    client.add_command(edit_client)
    client.add_command(verify_client)
    return (client,)


def _collecting() -> Loaded:
    from bridge.cli.collecting import collect

    return (collect,)


def _demo() -> Loaded:
    from bridge.cli.demo import demo

    return (demo,)


def _ehrs() -> Loaded:
    from bridge.cli.ehrs import ehr

    return (ehr,)


def _export() -> Loaded:
    from bridge.cli.export import export

    return (export,)


def _grants() -> Loaded:
    from bridge.cli.grants import grant

    return (grant,)


def _imports() -> Loaded:
    from bridge.cli.imports import import_files

    return (import_files,)


def _inviting() -> Loaded:
    from bridge.cli.inviting import ages

    return (ages,)


def _keys() -> Loaded:
    from bridge.cli.keys import keys

    return (keys,)


def _ledgers() -> Loaded:
    from bridge.cli.ledgers import ledger

    return (ledger,)


def _links() -> Loaded:
    from bridge.cli.destinations import destination
    from bridge.cli.links import link

    return destination, link


def _mappings() -> Loaded:
    from bridge.cli.mappings import mapping

    return (mapping,)


def _people() -> Loaded:
    from bridge.cli.people import patient

    return (patient,)


def _provenance() -> Loaded:
    from bridge.cli.provenance import provenance

    return (provenance,)


def _pushes() -> Loaded:
    from bridge.cli.pushes import deliveries, push

    return deliveries, push


def _orders() -> Loaded:
    from bridge.cli.orders import orders

    return (orders,)


def _report() -> Loaded:
    from bridge.cli.report import report

    return (report,)


def _server() -> Loaded:
    from bridge.cli.server import serve

    return (serve,)


def _custody() -> Loaded:
    from bridge.cli.custody import custody

    return (custody,)


def _staff() -> Loaded:
    from bridge.cli.staff import staff

    return (staff,)


def _subscriptions() -> Loaded:
    from bridge.cli.subscriptions import subscriptions

    return (subscriptions,)


def _metrics() -> Loaded:
    from bridge.cli.metrics import metrics

    return (metrics,)


def _totals() -> Loaded:
    from bridge.cli.totals import totals

    return (totals,)


COMMANDS: Final[Mapping[str, tuple[Callable[[], Loaded], str]]] = {
    "ages": (_inviting, "From which age somebody sees, decides and acts alone."),
    "artifact": (_artifacts, "The uploads that were kept."),
    "check": (
        _checks,
        "Keys, database, mappings, clock: exit 1 where something is broken; warnings are only said.",
    ),
    "client": (_clients, "The programs of organisations that may ask."),
    "collect": (_collecting, "What may be taken in and kept, source by source."),
    "custody": (_custody, "What providers keep here as their own records."),
    "deliveries": (_pushes, "What went, waits or failed."),
    "demo": (
        _demo,
        "Import the samples of an invented child, grant 14 days to a clinic, let it ask, push, and account.",
    ),
    "destination": (_links, "Where pushes go."),
    "ehr": (_ehrs, "EHRs that may launch us."),
    "export": (_export, "Everything of a person as files: readings, devices, grants and what left."),
    "grant": (_grants, "What a person lets a recipient have."),
    "import": (_imports, "Import exports of any known vendor; each file is taken whole or not at all."),
    "keys": (_keys, "The keys that sign id_tokens, and what we state to EHRs."),
    "ledger": (_ledgers, "What left, for whom, when and why."),
    "link": (_links, "Our patient and the record at a receiver that is theirs: no delivery without one."),
    "mapping": (_mappings, "What clinic IT edits: how files are read and said."),
    "metrics": (_metrics, "CGM figures of a period, and why one is missing."),
    "migrate": (_checks, "Bring the files of a home to this version; opening them does the same."),
    "orders": (_orders, "What clinics asked to be sent, and why something does not go."),
    "patient": (_people, "The people whose data rests here."),
    "provenance": (_provenance, "Where a reading came from; for the owner."),
    "push": (_pushes, "Deliver what is due to a client's destination now."),
    "reimport": (_artifacts, "Read a kept upload again, by today's mapping and zone history."),
    "report": (_report, "The report of a period as a PDF."),
    "serve": (_server, "Serve the FHIR endpoint and deliver what is due."),
    "staff": (_staff, "Who works with this installation."),
    "subscriptions": (_subscriptions, "Who is notified of new values."),
    "totals": (_totals, "Insulin and carbohydrates by day, as far as the sources agree."),
}
"""Name -> what imports it, and the line of `--help`."""


class Commands(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        loaded, _ = COMMANDS[cmd_name]
        return next(each for each in loaded() if each.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`, which imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])
