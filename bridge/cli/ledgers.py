"""`ledger …`: what left, for whom, when and why, and the proof that nothing was taken out of the list.

Law: it reads; nothing here can write, change or shorten the ledger (`consent.md`, the ledger). What a provider read of
its own record of the person is among it, with `record`, as on the person's page. A broken chain ends `verify` with
exit 1 and names the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import merge
from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, noted, operator_options, permit
from bridge.cli.shell import (
    Failed,
    Value,
    bridge,
    counted,
    emit,
    home_option,
    json_option,
    patient_option,
    table,
)
from bridge.consent.asked import Asked, Way
from bridge.fhir.notation import Notation
from bridge.fhir.render_json import JSON
from bridge.fhir.render_xml import XML
from bridge.period import iso
from bridge.store.anchors import verify
from bridge.store.custody import ledgers
from bridge.store.entries import KEPT, Row
from bridge.store.ledger import LedgerUnavailable, listed

FHIR: Final[Mapping[str, Notation]] = {"fhir": JSON, "fhir-xml": XML}
SHOWN: Final = (
    "entry", "at", "kind", "intent", "channel", "recipient", "items", "first", "last", "outcome", "step", "act",
    "person", "record",
)  # fmt: skip
NO_WORD: Final = "counts as sent"
SAID: Final[Mapping[str, str]] = {KEPT: "nothing left"}


@click.group()
def ledger() -> None:
    """What left, for whom, when and why."""


@ledger.command("list")
@patient_option
@operator_options
@home_option
@json_option
def list_ledger(patient: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every entry of a person, oldest first; an intent with what came of it, an outcome with the entry it is of."""
    with bridge(home) as found:
        rows = _settled(_rows(found, patient, acting, "ledger list"))
    emit(rows, as_json, table(rows, SHOWN))


@ledger.command("verify")
@home_option
@json_option
def verify_ledger(home: Path | None, as_json: bool) -> None:
    """Walk every chain and every anchor; exit 1 where something was changed or is missing."""
    with bridge(home) as found:
        verdict = verify(found.db)
    value: Value = {
        "sound": verdict.is_sound,
        "chains": verdict.chains,
        "entries": verdict.entries,
        "anchors": verdict.anchors,
        "faults": list(verdict.faults),
    }
    told = (
        f"{counted(verdict.entries, 'entry', 'entries')} in {counted(verdict.chains, 'chain')}, "
        f"{counted(verdict.anchors, 'anchor')}: "
    )
    emit(value, as_json, told + ("sound" if verdict.is_sound else "NOT SOUND"))
    if not verdict.is_sound:
        raise Failed("; ".join(verdict.faults))


@ledger.command("export")
@patient_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", *FHIR]),
    default="json",
    show_default=True,
    help="json: every entry as it is kept; fhir, fhir-xml: a Bundle of AuditEvents (IHE BALP).",
)
@operator_options
@home_option
def export_ledger(patient: str, form: str, acting: Acting, home: Path | None) -> None:
    """The same as JSON, for keeping, or as FHIR AuditEvents."""
    with bridge(home) as found:
        if form in FHIR:
            click.echo(_audited(found, patient, acting, FHIR[form]))
            return
        rows = _rows(found, patient, acting, "ledger export")
    emit(rows, True, "")


def _audited(found: Bridge, patient: str, acting: Acting, notation: Notation) -> bytes:
    """A Bundle of everything written down so far; through the gate, so the look at it is a row as well."""
    one = named.once(found, patient)
    wish = Asked(one, Way.LOOK, "command line", "AuditEvent", frozenset(), event_resources=True)
    try:
        seen = found.gate.disclose_now(permit(found, one, acting), wish)
    except LedgerUnavailable as failed:
        raise Failed(str(failed)) from failed
    if seen.subject is None:
        raise Failed("this person was erased: the entries that stay are exported as json")
    url = f"{found.settings.fhir_base}/AuditEvent?patient={patient}"
    page = found.renderer.searchset(seen, url, kind="AuditEvent", notation=notation)
    found.gate.settle(seen, "sent", len(seen.events))
    return bytes(page)


def _rows(found: Bridge, patient: str, acting: Acting, act: str) -> list[dict[str, Value]]:
    """Everything written down about a person so far, oldest first, without the look at it that is written down now."""
    one = named.once(found, patient)
    chains = [(None, listed(found.db, one)), *ledgers(found.db, one)]
    told = [[(each.at, _row(each) | {"record": keeper}) for each in rows] for keeper, rows in chains]
    noted(found, one, acting, act)
    return [row for _, row in merge(*told, key=lambda each: each[0])]


def _settled(rows: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """The rows, and on each intent what came of it; an intent of which no more was written counts as sent."""
    came = {
        (row["record"], row["intent"]): SAID.get(str(row["outcome"]), row["outcome"])
        for row in rows
        if row["kind"] == "outcome"
    }
    return [
        row | {"outcome": came.get((row["record"], row["entry"]), NO_WORD)}
        if row["kind"] == "intent"
        else row
        for row in rows
    ]


def _row(one: Row) -> dict[str, Value]:
    fields = {name: _plain(value) for name, value in one.fields.items()}
    for name in ("first", "last"):
        if isinstance(fields.get(name), int):
            fields[name] = iso(int(str(fields[name])))
    if one.kind == "outcome":
        fields["intent"] = fields.get("entry")
    party = one.fields.get("party")
    if isinstance(party, dict):
        fields["recipient"] = _plain(party.get("name") or party.get("organization") or party.get("client"))
    return {**fields, "entry": one.entry, "seq": one.seq, "kind": one.kind, "at": iso(one.at)}


def _plain(value: object) -> Value:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
