"""`import`: a person's own files in, with a truthful account of every row.

Law: each file is taken whole or not at all, and one that is refused stops none beside it; what was read,
ignored by rule, rejected and not known adds up to the rows of the file. Nothing is printed of a value. The
first file taken in from a source in a family is the consent to collect from it, and shows its words (`consent.md`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from bridge.adapters import DateOrder, Unreadable
from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.accounts import kept, told, unknown
from bridge.cli.acting import Acting, noted, operator_options, own_consent
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, patient_option
from bridge.consent.words import COLLECTING
from bridge.ingest.upload import Imported, take
from bridge.period import ZoneHistory, iso
from bridge.store.patients import load

LARGEST: Final = 512 * 1024 * 1024
"""A year of every vendor's export is below 30 MB; what is larger is no export."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@patient_option
@click.option("--source", metavar="NAME", help="What to call where it came from (default: its format).")
@click.option(
    "--timezone", metavar="Area/City", help="The zone of these files, where it is not the person's."
)
@click.option(
    "--date-order", type=click.Choice(["ymd", "mdy", "dmy"]), help="Where a file's dates do not tell."
)
@operator_options
@home_option
@json_option
def import_files(
    files: tuple[Path, ...],
    patient: str,
    source: str | None,
    timezone: str | None,
    date_order: DateOrder | None,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """Import exports of any known vendor; each file is taken whole or not at all."""
    taken: list[Imported] = []
    faults: list[str] = []
    refused: list[Value] = []
    with bridge(home) as found:
        person, mappings = load(found.db, named.number(found, patient)), found.mappings
        noted(found, person.number, acting, "import", ", ".join(path.name for path in files))
        act = own_consent(found, person)
        for path in files:
            try:
                zones = ZoneHistory.always(timezone) if timezone else None
                data = _bytes(path)
                one = take(found.db, mappings, person, data, path.name, source, zones, date_order, act)
            except (Unreadable, Failed, ValueError) as fault:
                faults.append(f"{path}: {fault}")
                refused.append({"file": path.name, "reason": str(fault)})
                continue
            taken.append(one)
            if one.agreed:
                click.echo(f"Collecting from {one.source} is on record:\n{COLLECTING.text}", err=True)
            if one.state == "quarantined":
                public = found.artifact_id(person.number, one.artifact)
                faults.append(f"{path}: in quarantine, because {one.reason}; see `artifact confirm {public}`")
        rows: list[Value] = [_row(found, person.number, one) for one in taken]
    emit({"artifacts": rows, "refused": refused}, as_json, "\n".join(_told(one) for one in taken))
    for line in faults:
        print(f"cgm-bridge: {line}", file=sys.stderr)
    if faults:
        raise click.exceptions.Exit(1)


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise Failed("this is a folder: name the files in it")
    try:
        if path.stat().st_size > LARGEST:
            raise Failed(f"larger than {LARGEST // 2**20} MiB, so no vendor's export: nothing was read")
        return path.read_bytes()
    except OSError as fault:
        raise Failed(f"cannot be read: {fault.strerror}") from fault


def _row(found: Bridge, patient: int, one: Imported) -> dict[str, Value]:
    account = one.account
    return {
        "id": found.artifact_id(patient, one.artifact),
        "file": one.file,
        "source": one.source,
        "format": one.format,
        "sha256": one.sha256,
        "state": one.state,
        "collecting": None if one.consent is None else one.consent.number,
        "reason": one.reason,
        "rows": account.rows,
        "waiting": 0 if one.state == "stored" else sum(account.read.values()),
        "streams": kept(one.streams),
        "first": None if one.first is None else iso(one.first),
        "last": None if one.last is None else iso(one.last),
        **told(account),
    }


def _told(one: Imported) -> str:
    lines = [f"{one.file}: {one.format}, {one.account.rows} rows, {one.state}"]
    if one.first is not None and one.last is not None:
        lines.append(f"  from {iso(one.first)} to {iso(one.last)}")
    if one.state != "stored":
        lines.append(f"  {sum(one.account.read.values())} readings wait for `artifact confirm` or `remove`")
    for stream, c in one.streams.items():
        lines.append(f"  {stream}: {c.stored} stored, {c.duplicate} already here, {c.amended} corrected")
    lines += [f"  {count} rows ignored: {rule}" for rule, count in one.account.ignored.items()]
    lines += [f"  {each.where} rejected: {each.reason}" for each in one.account.rejected[:10]]
    if len(one.account.rejected) > 10:
        lines.append(f"  … and {len(one.account.rejected) - 10} more rejected rows: see --json")
    if one.account.fields_unknown:
        lines.append(f"  columns not known: {', '.join(unknown(one.account))}")
    lines += [f"  note: {warning}" for warning in one.account.warnings]
    return "\n".join(lines)
