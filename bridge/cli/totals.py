"""`totals`: what a person's sources say of insulin and carbohydrates, by day; for the owner.

Law: it asks the gate with the owner's permit and is a row of the ledger like every look. A day on which two
kinds of source claim the same hour, or an amount was not recorded, is undetermined and shown without a number
(`safety.md`, duplicates); two accounts of one kind are one source here. A display for checking an import, no
advice for dosing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, operator_options, permit
from bridge.cli.shell import bridge, days_options, emit, home_option, json_option, patient_option, table
from bridge.consent.asked import Asked, DateTest, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.metrics.doses import Claim, Totals
from bridge.metrics.doses import totals as added
from bridge.metrics.given import Given, claimed
from bridge.period import Period, spelled
from bridge.reading import Stream
from bridge.store.patients import load

UNDETERMINED: Final = "undetermined"


@click.command("totals")
@patient_option
@days_options
@operator_options
@home_option
@json_option
def totals(
    patient: str, first: datetime, days: int, acting: Acting, home: Path | None, as_json: bool
) -> None:
    """Insulin and carbohydrates by day, as far as the sources agree."""
    with bridge(home) as found:
        number = named.number(found, patient)
        dates = [(first.date() + timedelta(day)).isoformat() for day in range(days + 1)]
        zones = load(found.db, number).zones
        edges = np.array([spelled(each, zones).start for each in dates], np.int64)
        seen = _seen(found, number, edges, acting)
        insulin = added(_claims(seen, Stream.BOLUS, Stream.BASAL), edges)
        carbs = added(_claims(seen, Stream.CARBS), edges)
        found.gate.settle(seen, "sent", seen.count)
    rows = [
        {"date": dates[day], "insulin_U": _said(insulin, day), "carbs_g": _said(carbs, day)}
        for day in range(days)
    ]
    emit(rows, as_json, table(rows, ("date", "insulin_U", "carbs_g")))


def _seen(found: Bridge, patient: int, edges: NDArray[np.int64], acting: Acting) -> Disclosure:
    asked = Asked(
        patient,
        Way.LOOK,
        "command line",
        "totals by day",
        selectors=frozenset({Selector(Stream.BOLUS), Selector(Stream.BASAL), Selector(Stream.CARBS)}),
        dates=(DateTest("ap", Period(int(edges[0]), int(edges[-1]))),),
    )
    return found.gate.disclose_now(permit(found, patient, acting), asked)


def _claims(seen: Disclosure, *streams: Stream) -> list[Claim]:
    return [
        claimed(Given(each.format, each.stream, each.unit, each.scale, each.columns))
        for each in seen.groups
        if each.stream in streams
    ]


def _said(found: Totals, day: int) -> str | float | None:
    if not found.told[day]:
        return None
    return round(float(found.amounts[day]), 3) if found.determined[day] else UNDETERMINED
