"""`export`: everything that a person has here, as files in a folder of its own; for the owner.

Law: it asks the gate with the owner's permit, or the operator's in a clinic, and each file is a row of the ledger
before its first byte (`consent.md`, operators). Readings leave piece by piece, one in memory; where something moves
while they do, or a file cannot be written, that file is taken away: a part is never taken for the whole. Nothing is
written over. A table says readings that are numbers; other readings are counted and named, never silence. What others
submitted as figures or reports stands in the other forms alone.

Rejected: one archive (it would be read by fewer programs, and be whole in memory or twice on the disk).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Final

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, operator_options, permit
from bridge.cli.shell import (
    Failed,
    Value,
    bridge,
    emit,
    home_option,
    json_option,
    patient_option,
    reason,
    told,
)
from bridge.consent.asked import Asked, DateTest, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.gate import Moved
from bridge.consent.permit import OperatorPermit, OwnerPermit
from bridge.consent.received import REPORT
from bridge.consent.summed import PARTS
from bridge.fhir.everything import OPERATION, SUBMITTED, TYPES
from bridge.fhir.parameters import RECORDS
from bridge.fhir.wanted import Wanted
from bridge.mapping.portal import COLUMNS
from bridge.mapping.resources import OBSERVATION, READING_TYPES
from bridge.period import BEGINNING, END_OF_TIME, Period, ZoneHistory
from bridge.portal.render import Binder
from bridge.store.ledger import LedgerUnavailable
from bridge.store.patients import load

EVIDENCE: Final = "Provenance"
READINGS: Final[frozenset[str]] = frozenset(READING_TYPES)
NONE: Final[frozenset[str]] = frozenset()
BESIDE: Final[Mapping[str, frozenset[str]]] = {"figures": frozenset(PARTS), "reports": frozenset({REPORT})}
"""What others submitted, of which a table of readings has nothing."""
PIECE: Final = 1000
_DAY: Final = click.DateTime(["%Y-%m-%d"])
_NOT_EMPTY: Final = "{} is there and not empty: name a new folder, nothing is written over"


@click.command("export")
@patient_option
@click.option(
    "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "csv", "bundle"]),
    default="ndjson",
    show_default=True,
    help="ndjson: a file for each FHIR type; bundle: FHIR Bundles; csv: a table of readings (the rest is counted).",
)
@click.option("--start", type=_DAY, help="The first day, YYYY-MM-DD.")
@click.option("--end", type=_DAY, help="The last day, YYYY-MM-DD.")
@operator_options
@home_option
@json_option
def export(
    patient: str, output: Path, form: str, start: datetime | None, end: datetime | None, acting: Acting,
    home: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Everything of a person as files: readings, devices, grants and what left.

    Days limit readings, figures and reports (those that overlap them), devices, and what left; the person and the
    grants are whole.
    """
    with bridge(home) as found:
        number = named.number(found, patient)
        days = _days(load(found.db, number).zones, start and start.date(), end and end.date())
        who = permit(found, number, acting)
        made = Outgoing(found, who, number, patient, days, _folder(output), _said(start, end))
        try:
            asyncio.run(_made(made, form))
        except (LedgerUnavailable, Moved) as failed:
            raise Failed(str(failed)) from failed
    value: dict[str, Value] = {"folder": str(output), "format": form, "files": made.files}
    value |= {"readings": made.readings, "left_out": made.left_out}
    names = ", ".join(str(each["file"]) for each in made.files)
    emit(value, as_json, told({**value, "files": names}))


@dataclass(slots=True)
class Outgoing:
    """One export on its way. `days`: which are meant, all where there is none; `of`: the same in words; `files`: what
    was written; `readings`: those alone, also those that the form cannot say; `left_out`: what it cannot say, by
    kind."""

    found: Bridge
    who: OwnerPermit | OperatorPermit
    patient: int
    public: str
    days: tuple[DateTest, ...]
    folder: Path
    of: str = ""
    files: list[dict[str, Value]] = field(default_factory=list)
    readings: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def asked(
        self, what: str, readings: frozenset[str], types: frozenset[str], counted: frozenset[str] = NONE
    ) -> Asked:
        """The wish for `readings` of these types, and for `types` of anything else; or for how many there are of what
        others submitted of these parts (`counted`)."""
        vocabulary = self.found.renderer.vocabulary
        return Asked(
            self.patient, Way.LOOK, "command line", f"export: {what}{self.of}",
            selectors=frozenset(each for kind in readings for each in vocabulary.everything(kind)),
            dates=self.days,
            along=counted or _brought(types),
            limit=0 if counted else None,
            total=bool(counted),
            provenance=EVIDENCE in types,
            device_resources="Device" in types,
            metric_resources="DeviceMetric" in types,
            patient_resource="Patient" in types,
            consent_resources="Consent" in types,
            event_resources="AuditEvent" in types,
        )  # fmt: skip

    def took(self, piece: Disclosure) -> None:
        """Count the readings of a piece."""
        self.readings += sum(len(group.at) for group in piece.groups)

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """A new file of the folder, which only whoever made it may read; gone again where it was not made whole, or
        is empty."""
        path = self.folder / name
        try:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as fault:
            raise Failed(f"{path} was not written: {reason(fault)}") from fault
        try:
            with os.fdopen(made, "wb") as file:
                yield file
        except BaseException as fault:
            path.unlink(missing_ok=True)
            if isinstance(fault, OSError):
                raise Failed(f"{path} was not written: {reason(fault)}") from fault
            raise
        size = path.stat().st_size
        if size:
            self.files.append({"file": name, "bytes": size})
        else:
            path.unlink()


async def _made(made: Outgoing, form: str) -> None:
    """The export; what came of it is written before its loop ends, and with it what waits to be."""
    try:
        await FORMS[form](made)
    finally:
        made.found.gate.flush()


async def _lines(made: Outgoing) -> None:
    """A file for each FHIR type, one resource a line."""
    for kind in sorted(TYPES | RECORDS):
        readings = READINGS if kind == EVIDENCE else READINGS & {kind}
        lines, wish = made.found.renderer.lines(kind), made.asked(kind, readings, frozenset({kind}))
        with made.file(f"{kind}.ndjson") as file:
            async with aclosing(_told(made.found, made.who, wish)) as pieces:
                async for each in pieces:
                    file.write(lines.rows(each).body)
                    if kind in READINGS:
                        made.took(each)
            file.write(lines.tail().body)


async def _bundles(made: Outgoing) -> None:
    """Everything as one searchset, as `$everything` answers it; what was agreed and what left beside it."""
    renderer = made.found.renderer
    url = f"{renderer.base}/Patient/{made.public}/{OPERATION}"
    whole = renderer.stream(url, Wanted("Patient", types=TYPES))
    with made.file("everything.json") as file:
        wish = made.asked("everything", READINGS, TYPES)
        async with aclosing(_told(made.found, made.who, wish)) as pieces:
            async for each in pieces:
                file.write(whole.rows(each).body)
                made.took(each)
        file.write(whole.tail().body)
    for kind in sorted(RECORDS):
        url, wish = f"{renderer.base}/{kind}?patient={made.public}", made.asked(kind, NONE, frozenset({kind}))
        with made.file(f"{kind}.json") as file:
            async with aclosing(_told(made.found, made.who, wish)) as pieces:
                async for each in pieces:
                    file.write(renderer.searchset(each, url, kind=kind).body)


async def _table(made: Outgoing) -> None:
    """Every reading that is a number as one table, oldest first."""
    binder, is_first = Binder(made.found.renderer), True
    wish = made.asked("table", READINGS, frozenset({"Device"}))
    with made.file("readings.csv") as file:
        async with aclosing(_told(made.found, made.who, wish)) as pieces:
            async for each in pieces:
                file.write(binder.piece(each, is_first).body)
                is_first = False
                made.took(each)
                for group in (one for one in each.groups if one.stream not in COLUMNS):
                    kind = group.stream.value
                    made.left_out[kind] = made.left_out.get(kind, 0) + len(group.at)
    for kind, parts in BESIDE.items():
        wish = made.asked(f"how many {kind} the table leaves out", NONE, NONE, parts)
        seen = await made.found.gate.disclose(made.who, wish)
        made.found.gate.settle(seen, "sent", 0)
        made.left_out |= {kind: seen.total} if seen.total else {}


FORMS: Final[Mapping[str, Callable[[Outgoing], Coroutine[None, None, None]]]] = {
    "ndjson": _lines,
    "csv": _table,
    "bundle": _bundles,
}
"""What makes each form."""


async def _told(found: Bridge, who: OwnerPermit | OperatorPermit, wish: Asked) -> AsyncGenerator[Disclosure]:
    """What was asked for, piece by piece; the ledger is told what came of it when it is closed."""
    if not (wish.selectors or wish.along):
        seen, has_left = await found.gate.disclose(who, wish), False
        try:
            yield seen
            has_left = True
        finally:
            found.gate.settle(seen, "sent" if has_left else "failed", seen.count if has_left else 0)
        return
    source = found.gate.stream(who, wish, PIECE)
    try:
        async for each in source:
            yield each
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


def _brought(types: frozenset[str]) -> frozenset[str]:
    """What others submitted, of these types."""
    figures = frozenset(PARTS) if OBSERVATION in types else NONE
    return figures | {REPORT} if SUBMITTED in types else figures


def _folder(output: Path) -> Path:
    """The folder, made where it is not there; Failed where something is in it."""
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise Failed(_NOT_EMPTY.format(output))
    except OSError as fault:
        raise Failed(f"{output} cannot be used: {reason(fault)}") from fault
    return output


def _said(start: datetime | None, end: datetime | None) -> str:
    """The days in words, for the ledger."""
    words = (("from", start), ("to", end))
    return "".join(f" {word} {day.date().isoformat()}" for word, day in words if day is not None)


def _days(zones: ZoneHistory, start: date | None, end: date | None) -> tuple[DateTest, ...]:
    if start is None and end is None:
        return ()
    first = zones.day(start).start if start else BEGINNING
    last = zones.day(end).end if end else END_OF_TIME
    if last <= first:
        raise click.UsageError("the last day lies before the first")
    return (DateTest("ap", Period(first, last)),)
