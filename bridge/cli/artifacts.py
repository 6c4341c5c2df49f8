"""`artifact …`, `reimport`: what was uploaded, what became of it, and how it is taken back.

Law: names of uploads are shown to whoever acts for the owner; a value of a reading never is. Removing asks
first, because what it takes is gone from the chart of whoever holds it too (`safety.md`, corrections travel).
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.accounts import kept
from bridge.cli.acting import Acting, noted, operator_options, own_consent
from bridge.cli.shell import (
    Failed,
    Value,
    bridge,
    emit,
    home_option,
    json_option,
    patient_option,
    table,
    told,
)
from bridge.period import ZoneHistory, iso
from bridge.reading import Stream
from bridge.store.artifacts import Artifact, listed
from bridge.store.blocks import Absorbed, Counts, withdraw
from bridge.store.patients import load as load_patient


@click.group()
def artifact() -> None:
    """The uploads that were kept."""


@artifact.command("list")
@patient_option
@operator_options
@home_option
@json_option
def list_artifacts(patient: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every upload of a person, in order of receipt."""
    with bridge(home) as found:
        one = named.number(found, patient)
        noted(found, one, acting, "artifact list")
        rows = [_row(found, each) for each in listed(found.db, one)]
    emit(rows, as_json, table(rows, ("id", "state", "file", "format", "received", "first", "last")))


@artifact.command("show")
@click.argument("artifact_id", metavar="ID")
@operator_options
@home_option
@json_option
def show_artifact(artifact_id: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """One upload, with its account and why it is where it is."""
    with bridge(home) as found:
        one = named.artifact(found, artifact_id)
        noted(found, one.patient, acting, "artifact show", artifact_id)
        row = _row(found, one)
    emit(row, as_json, told(row))


@artifact.command("confirm")
@click.argument("artifact_id", metavar="ID")
@click.option("--reason", required=True, metavar="R", help="Why it is this person's after all.")
@click.option("--operator", metavar="TEXT", help="Who acts (clinic mode).")
@click.option(
    "--basis", metavar="TEXT", help="Legal process, or the patient's written request (clinic mode)."
)
@home_option
@json_option
def confirm_artifact(
    artifact_id: str, reason: str, operator: str | None, basis: str | None, home: Path | None, as_json: bool
) -> None:
    """Let a file in from quarantine."""
    from bridge.ingest.again import let_in

    with bridge(home) as found:
        one, mappings = named.artifact(found, artifact_id), found.mappings
        noted(found, one.patient, (operator, reason, basis), "artifact confirm", artifact_id)
        person = load_patient(found.db, one.patient)
        try:
            act = own_consent(found, person)
            done = let_in(found.db, mappings, person, one.number, reason, act)
        except ValueError as wrong:
            raise Failed(str(wrong)) from wrong
    emit(_counts(artifact_id, done), as_json, f"{artifact_id} is let in: {_told(done.streams)}")


@artifact.command("remove")
@click.argument("artifact_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@operator_options
@home_option
@json_option
def remove_artifact(artifact_id: str, yes: bool, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Take away exactly what an upload brought; what it displaced comes back, what had left is retracted."""
    with bridge(home) as found:
        one = named.artifact(found, artifact_id)
        noted(found, one.patient, acting, "artifact remove", artifact_id)
        if not yes:
            click.confirm(f"Remove {one.file} and everything it brought?", abort=True, err=True)
        try:
            done = withdraw(found.db, one.patient, one.number)
        except ValueError as wrong:
            raise Failed(str(wrong)) from wrong
    taken = {stream.value: count for stream, count in done.streams.items()}
    value: Value = {"id": artifact_id, "taken": taken, "restored": done.restored, "names": len(done.gone)}
    told = ", ".join(f"{count} {name}" for name, count in taken.items()) or "nothing"
    emit(value, as_json, f"taken: {told}; restored: {done.restored}")


@click.command("reimport")
@click.argument("artifact_id", metavar="ID")
@click.option("--timezone", metavar="Area/City", help="The zone of this file, where it is not the person's.")
@operator_options
@home_option
@json_option
def reimport(
    artifact_id: str, timezone: str | None, acting: Acting, home: Path | None, as_json: bool
) -> None:
    """Read a kept upload again, by today's mapping and zone history."""
    from bridge.ingest.again import reread

    with bridge(home) as found:
        one, mappings = named.artifact(found, artifact_id), found.mappings
        noted(found, one.patient, acting, "reimport", artifact_id)
        person = load_patient(found.db, one.patient)
        try:
            zones = ZoneHistory.always(timezone) if timezone else None
            act = own_consent(found, person)
            done = reread(found.db, mappings, person, one.number, zones, act)
        except ValueError as wrong:
            raise Failed(str(wrong)) from wrong
    emit(_counts(artifact_id, done), as_json, f"{artifact_id} is read again: {_told(done.streams)}")


def _row(found: Bridge, one: Artifact) -> dict[str, Value]:
    return {
        "id": found.artifact_id(one.patient, one.number),
        "state": one.state,
        "file": one.file,
        "source": one.source,
        "format": one.format,
        "sha256": one.sha256,
        "size": one.size,
        "received": iso(one.received),
        "first": None if one.first is None else iso(one.first),
        "last": None if one.last is None else iso(one.last),
        "reason": one.reason or None,
        "confirmed": one.confirmed or None,
        "account": one.account.decode(),
    }


def _counts(artifact_id: str, done: Absorbed) -> Value:
    return {
        "id": artifact_id,
        "streams": kept(done.streams),
    }


def _told(streams: dict[Stream, Counts]) -> str:
    return (
        ", ".join(f"{c.stored} {s} stored, {c.amended} corrected" for s, c in streams.items())
        or "no readings"
    )
