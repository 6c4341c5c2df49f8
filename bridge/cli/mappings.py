"""`mapping …`: are the files right, and what would they make of a file of yours?

Law: offline and without a trace: nothing is opened but mappings and the file that was named, nothing is kept
(`mapping.md`). Values are shown only of files that the analyst gives.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import click
import msgspec

from bridge.cli.accounts import told, unknown
from bridge.cli.differences import diff_mappings
from bridge.cli.shell import Failed, Value, counted, emit, home_option, json_option, settings
from bridge.mapping import Decoded, MappingErrors, Mappings, Unreadable, load
from bridge.mapping.language import ReadHalf
from bridge.period import BEGINNING, ZoneHistory, iso
from bridge.reading import column
from bridge.settings import Settings, shipped

_BASE64: Final = re.compile(r"JVBERi[A-Za-z0-9+/]+=*")
"""A PDF (%PDF-) in Base64."""
FILES: Final = {b"%PDF-": "PDF", b"\x89PNG\r\n": "picture (PNG)"}
"""How files begin that nobody reads as a text."""

SHOWN = 20
NO_SITE = "nothing is laid over: BRIDGE_MAPPINGS names no folder"


@click.group()
def mapping() -> None:
    """What clinic IT edits: how files are read and said."""


mapping.add_command(diff_mappings)


@mapping.command("check")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@home_option
@json_option
def check_mappings(folder: Path | None, home: Path | None, as_json: bool) -> None:
    """Check the shipped mappings and those of your site (BRIDGE_MAPPINGS, or FOLDER)."""
    from bridge.fhir.trial import faults as tried

    site = folder or settings(home).mappings
    try:
        found = load(shipped("mappings"), site)
    except MappingErrors as faults:
        lines = [f"{f.file}:{f.line}:{f.column}: {f.sentence}" for f in faults.faults]
        emit({"ok": False, "faults": lines}, as_json, "\n".join(lines))
        raise Failed(f"{counted(len(lines), 'fault')} in the mappings") from faults
    laid_over = [found, *(found.said_to(each.fhir) for each in found.destinations.values() if each.fhir)]
    if lines := list(dict.fromkeys(line for each in laid_over for line in tried(each))):
        emit({"ok": False, "faults": lines}, as_json, "\n".join(lines))
        raise Failed(f"{counted(len(lines), 'fault')} in what the mappings would say")
    rows: list[dict[str, Value]] = [
        {"name": each.name, "revision": each.revision, "fhir_revision": each.fhir_revision}
        for each in found.formats.values()
    ]
    laid: list[Value] = [{"file": file, "concerns": about} for file, about in found.site]
    goals: list[Value] = [
        {"name": each.destination, "kind": each.kind} for each in found.destinations.values()
    ]
    lines = [f"{r['name']}  {r['revision']}" for r in rows]
    lines += [f"laid over: {file}  ({about})" for file, about in found.site]
    lines += [f"nothing is laid over: no file of a site is in {site}" if site else NO_SITE] * (not laid)
    lines += [f"destination: {each.destination}  ({each.kind})" for each in found.destinations.values()]
    told: Value = {"ok": True, "mappings": rows, "overlays": laid, "destinations": goals}
    emit(told, as_json, "\n".join(lines))


@mapping.command("try")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--timezone", default="UTC", show_default=True, metavar="Area/City")
@click.option(
    "--destination",
    "goal",
    metavar="NAME",
    help="Show what would be sent there instead, with the first 20 readings; auto as a transaction.",
)
@home_option
@json_option
def try_mapping(
    name: str, file: Path, timezone: str, goal: str | None, home: Path | None, as_json: bool
) -> None:
    """Show what a mapping makes of a file: values, the first resource of each stream as it would leave to its owner,
    what was dropped, and why; or what would go to a destination. Nothing is kept, nobody is called."""
    from bridge.cli.rehearsal import first

    found = _mappings(home)
    done = _decoded(found, name, file, timezone)
    if goal is not None:
        _tried(settings(home), found, goal, file, timezone, as_json)
        return
    streams = _shown(done)
    left = first(settings(home), file, timezone)
    fhir: Value = {stream.value: json.loads(one) for stream, one in left.items()}
    value: Value = {"streams": dict(streams), "fhir": fhir, **_account(done)}
    lines = [f"{key}: {len(rows)} shown" for key, rows in streams.items()]
    lines += [f"{stream} leaves as\n{msgspec.json.format(one).decode()}" for stream, one in left.items()]
    emit(value, as_json, "\n".join([*lines, *_told(done)]))


def _tried(wanted: Settings, found: Mappings, goal: str, file: Path, timezone: str, as_json: bool) -> None:
    """The requests that would go to a destination for a file."""
    from bridge.cli.destinations import spec_named
    from bridge.cli.dry import conditions, is_json, sent

    went = sent(wanted, file, timezone, spec_named(found.destinations, goal))
    requests = went.sent
    rows: list[Value] = [
        {
            "method": each.method,
            "url": each.url,
            **conditions(each),
            "body": json.loads(each.body) if is_json(each) else _readable(each.body),
        }
        for each in requests
    ]
    lines = [
        f"{each.method} {each.url} {conditions(each) or ''}\n"
        + _short(msgspec.json.format(each.body).decode() if is_json(each) else _readable(each.body))
        for each in requests
    ]
    messages = [_segments(each) for each in went.messages]
    rows += [{"message": list(each)} for each in messages]
    lines += [_short("\n".join(each)) for each in messages]
    files = [(f"{each.url}/{each.folder}/{each.name}", _readable(each.body)) for each in went.files]
    rows += [{"method": "SFTP", "url": url, "body": body} for url, body in files]
    lines += [f"SFTP {url}\n{body}" for url, body in files]
    emit({"destination": goal, "requests": rows}, as_json, "\n".join(lines))


def _short(text: str) -> str:
    """A request to be looked at: of a PDF its size."""
    return _BASE64.sub(lambda found: f"(a PDF of {len(found[0]) * 3 // 4} bytes)", text)


def _readable(body: bytes) -> str:
    """A file to be looked at, alone or in a form: of a PDF or a picture its size."""
    for start, name in FILES.items():
        at = body.find(start)
        if at >= 0:
            end = max(body.rfind(b"\r\n--"), at) if at else len(body)
            return f"{body[:at].decode()}(a {name} of {end - at} bytes)"
    return body.decode()


def _segments(message: bytes) -> list[str]:
    """The segments of an HL7 v2 message, one a line."""
    return message.decode("utf-8", "replace").rstrip("\r").split("\r")


def _shown(done: Decoded) -> dict[str, list[Value]]:
    """The first readings of each series; one device may have a stream in several units."""
    found: dict[str, list[Value]] = {}
    for batch in done.readings:
        key, scale = batch.key, batch.key.scale
        names = ("instant", "value", "row")
        rows = zip(*(column(batch.columns, name)[:SHOWN].tolist() for name in names), strict=True)
        found.setdefault(f"{key.stream} {key.device}".strip(), []).extend(
            {"time": iso(instant), "value": f"{value / 10**scale:.{scale}f} {key.unit}", "row": row}
            for instant, value, row in rows
        )
    return found


@mapping.command("coverage")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@home_option
@json_option
def coverage(name: str, file: Path, home: Path | None, as_json: bool) -> None:
    """Which rows and fields of a file a mapping reads, ignores by rule, or does not know."""
    done = _decoded(_mappings(home), name, file, "UTC")
    emit(_account(done), as_json, "\n".join(_told(done)))


@mapping.command("show")
@click.argument("name")
@home_option
@json_option
def show_mapping(name: str, home: Path | None, as_json: bool) -> None:
    """A mapping's two halves as they are in force."""
    found = _mappings(home)
    if name not in found.formats:
        raise _not_called(found, name)
    one = found.formats[name]
    fhir = {stream.value: shape.model_dump(mode="json") for stream, shape in one.fhir.items()}
    value: Value = {
        "name": one.name,
        "revision": one.revision,
        "fhir_revision": one.fhir_revision,
        "reads": _reads(one.read),
        "fhir": fhir,
    }
    lines = [
        f"reads {', '.join(_reads(one.read))}",
        *(f"{stream}: {shape}" for stream, shape in fhir.items()),
    ]
    emit(value, as_json, "\n".join(lines))


def _reads(half: ReadHalf) -> list[str]:
    """The parts of a source that a mapping reads, as it calls them."""
    if half.table is not None:
        return ["table"]
    if half.sections is not None:
        return [f"section {kind}" for kind in half.sections.kinds]
    return [f"records {one.name} ({', '.join(one.arrays)})" for one in half.records]


def _not_called(found: Mappings, name: str) -> Failed:
    return Failed(f"no mapping is called {name!r}; there are {', '.join(found.formats)}")


def _mappings(home: Path | None) -> Mappings:
    try:
        return load(shipped("mappings"), settings(home).mappings)
    except MappingErrors as faults:
        raise Failed("the mappings have faults: see `cgm-bridge mapping check`") from faults


def _decoded(mappings: Mappings, name: str, file: Path, timezone: str) -> Decoded:
    from bridge.adapters import decode, recognise

    if name not in mappings.formats:
        raise _not_called(mappings, name)
    data = file.read_bytes()
    try:
        seen = recognise(data, file.name, mappings)
        if seen != name:
            raise Failed(f"{file} is a file of {seen}, not of {name}")
        return decode(data, mappings.formats[name], ZoneHistory.always(timezone), BEGINNING)
    except (Unreadable, ValueError) as fault:
        raise Failed(f"{file}: {fault}") from fault


def _account(done: Decoded) -> dict[str, Value]:
    account = done.account
    return {
        "rows": account.rows,
        "read": {stream.value: count for stream, count in account.read.items()},
        **told(account),
    }


def _told(done: Decoded) -> list[str]:
    account = done.account
    return [
        f"{account.rows} rows",
        *(f"  {count} read as {stream}" for stream, count in account.read.items()),
        *(f"  {count} ignored: {rule}" for rule, count in account.ignored.items()),
        *(f"  {each.where} rejected: {each.reason}" for each in account.rejected[:SHOWN]),
        *(f"  column not known: {name}" for name in unknown(account)),
        *(f"  note: {warning}" for warning in account.warnings),
    ]
