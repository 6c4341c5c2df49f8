"""`orders …`: what clinics ordered of whom, since when, and why something does not go.

Law: it tells and decides nothing. An order without a grant and a grant without an order are both said, so that the
person's side and the clinic's can each mend theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, noted_of, operator_options
from bridge.cli.shell import Value, bridge, emit, home_option, json_option, table
from bridge.period import iso

if TYPE_CHECKING:
    from bridge.order import Schedule, Span
    from bridge.push.overview import Standing


@click.group()
def orders() -> None:
    """What clinics asked to be sent, and why something does not go."""


@orders.command("list")
@click.option("--patient", metavar="ID")
@operator_options
@home_option
@json_option
def list_orders(patient: str | None, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every order, and every grant that waits for one; as JSON with schedules."""
    from bridge.push.overview import standings

    with bridge(home) as found:
        of = named.number(found, patient) if patient else None
        known = standings(found.db, found.now(), of)
        noted_of(found, [of] if of else [each.patient for each in known], acting, "orders list")
        rows = [_row(found, each) for each in known]
    emit(rows, as_json, table(rows, ("id", "patient", "client", "by", "since", "what", "next", "held")))


def _row(found: Bridge, one: Standing) -> dict[str, Value]:
    from bridge.push.overview import began

    kept = one.kept
    value = None if kept is None else kept.written.order
    schedules = () if value is None else value.schedules
    return {
        "id": None if kept is None else kept.number,
        "patient": found.patient_id(one.patient),
        "client": one.client,
        "destination": one.destination,
        "found": None if kept is None else kept.written.reference or "sent here",
        "status": None if value is None else value.status.value,
        "by": None if value is None else value.requester or None,
        "since": None if kept is None else iso(began(found.db, kept)),
        "what": "; ".join(_told(each) for each in schedules) or None,
        "next": iso(kept.wakes) if kept is not None and kept.wakes else None,
        "held": "; ".join(one.holds) or None,
    }


def _told(schedule: Schedule) -> str:
    """A schedule in words."""
    what = " and ".join(sorted(each.value for each in schedule.contents)) or "devices"
    if schedule.period is not None:
        return f"{what} once, from {schedule.period[0]} to {schedule.period[1]}"
    back = f", {_span(schedule.lookback)} back" if schedule.lookback else ""
    return f"{what} every {_span(schedule.every)}{back}"


def _span(span: Span | None) -> str:
    return "" if span is None else f"{span.value} {span.unit}"
