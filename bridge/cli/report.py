"""`report`: the report of a person's period as a PDF; for the owner.

Law: it asks the gate with the owner's permit, or the operator's in a clinic, and is a row of the ledger like every look
(`consent.md`, operators). Nothing is computed here: the press makes the PDF of what the gate gave. A file that is there
is not written over. Goals stand in it only where a profile is named (`safety.md`, sufficiency and goals).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

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
from bridge.consent.asked import Asked, Way
from bridge.consent.documents import READINGS
from bridge.consent.reporting import Reporting
from bridge.period import Period, ZoneHistory, iso
from bridge.report.layout import Layout
from bridge.report.press import PdfBytes, printed
from bridge.report.targets import PROFILES
from bridge.store.ledger import LedgerUnavailable
from bridge.store.patients import load

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("report")
@patient_option
@click.option("--last-days", type=click.IntRange(1, 366), help="The N local days that end with today.")
@click.option("--start", type=_DAY, help="The first day, YYYY-MM-DD.")
@click.option("--end", type=_DAY, help="The last day, YYYY-MM-DD.")
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The PDF to write."
)
@click.option("--targets", type=click.Choice(sorted(PROFILES)), help="Show the goals of this profile.")
@operator_options
@home_option
@json_option
def report(
    patient: str, last_days: int | None, start: datetime | None, end: datetime | None, output: Path,
    targets: str | None, acting: Acting, home: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """The report of a period as a PDF."""
    if (last_days is None) == (start is None or end is None) or (last_days and (start or end)):
        raise click.UsageError("say --last-days N, or --start and --end")
    with bridge(home) as found:
        number = named.number(found, patient)
        zones = load(found.db, number).zones
        period = _period(found, zones, last_days, start and start.date(), end and end.date())
        pdf = _printed(found, number, period, zones, targets, acting, output)
    value: dict[str, Value] = {
        "file": str(output),
        "bytes": len(pdf),
        "title": pdf.title,
        "period": {"start": iso(period.start), "end": iso(period.end)},
    }
    emit(value, as_json, told(value))


def _period(
    found: Bridge, zones: ZoneHistory, last_days: int | None, start: date | None, end: date | None
) -> Period:
    if last_days is not None:
        end = zones.local_date(found.now())
        start = end - timedelta(days=last_days - 1)
    assert start is not None
    assert end is not None
    if end < start:
        raise click.UsageError("the last day lies before the first")
    return zones.days(start, end)


def _printed(
    found: Bridge,
    patient: int,
    period: Period,
    zones: ZoneHistory,
    targets: str | None,
    acting: Acting,
    output: Path,
) -> PdfBytes:
    """The PDF, written to `output`; what came of it is told to the ledger."""
    wish = Asked(
        patient, Way.LOOK, "report", "report of a period",
        selectors=READINGS, reporting=Reporting(period, documents="DiagnosticReport"),
        patient_resource=True, device_resources=True,
    )  # fmt: skip
    try:
        seen = found.gate.disclose_now(permit(found, patient, acting), wish)
    except LedgerUnavailable as failed:
        raise Failed(str(failed)) from failed
    pdfs = printed(seen, zones, Layout(targets=None if targets is None else PROFILES[targets]))
    if not pdfs:
        raise Failed("there is no sensor glucose in that period, so there is nothing to report")
    try:
        with output.open("xb") as file:
            file.write(pdfs[0].body)
    except OSError as fault:
        found.gate.settle(seen, "failed", 0)
        raise Failed(f"{output} was not written: {reason(fault)}") from fault
    found.gate.settle(seen, "sent", seen.count)
    return pdfs[0]
