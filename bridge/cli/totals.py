"""`totals`: what a person's sources say of insulin and carbohydrates, by day; for the owner.

Law: it asks the gate with the owner's permit and is a row of the ledger like every look. A day on which two
kinds of source claim the same hour, or an amount was not recorded, is undetermined and shown without a number
(`safety.md`, duplicates); two accounts of one kind are one source here. A display for checking an import, no
advice for dosing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, operator_options, permit
from bridge.cli.shell import bridge, emit, home_option, json_option, patient_option, table
from bridge.consent.asked import Asked, DateTest, Selector, Way
from bridge.consent.disclosure import Disclosure, Group
from bridge.metrics.doses import Claim, Totals
from bridge.metrics.doses import totals as added
from bridge.period import HOUR, Period, spelled
from bridge.reading import Flag, Stream, Unit
from bridge.store.patients import load

DATE: Final = click.DateTime(["%Y-%m-%d"])
UNDETERMINED: Final = "undetermined"


@click.command("totals")
@patient_option
@click.option("--from", "first", required=True, type=DATE, help="The first day, YYYY-MM-DD.")
@click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True)
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
        insulin, carbs = added([*_insulin(seen)], edges), added([*_carbs(seen)], edges)
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


def _insulin(seen: Disclosure) -> Iterator[Claim]:
    """Doses and segments in units; a rate counts for as long as it held, one in percent has no amount."""
    for group in seen.groups:
        if group.stream is Stream.BOLUS:
            yield _claim(group, np.ones(len(group.at)))
        elif group.stream is Stream.BASAL:
            yield _claim(group, _of_basal(group))


def _of_basal(group: Group) -> NDArray[np.float64]:
    """What turns a value of basal delivery into units."""
    if group.unit is Unit.UNITS:  # micro-doses of a controller, each told by itself
        return np.ones(len(group.at))
    lengths = (_ends(group) - _ints(group, "instant")) / HOUR
    return lengths if group.unit is Unit.UNITS_PER_HOUR else np.full(len(lengths), np.nan)


def _carbs(seen: Disclosure) -> Iterator[Claim]:
    """Grams; servings have no amount in grams."""
    for group in seen.groups:
        if group.stream is Stream.CARBS:
            yield _claim(group, np.full(len(group.at), 1.0 if group.unit is Unit.GRAMS else np.nan))


def _claim(group: Group, factor: NDArray[np.float64]) -> Claim:
    amounts = _ints(group, "value") / 10.0**group.scale * factor
    flags = _ints(group, "flags")
    amounts[flags & Flag.NO_VALUE > 0] = np.nan
    kept = flags & Flag.RETRACTED == 0
    return Claim(group.format, _ints(group, "instant")[kept], _ends(group)[kept], amounts[kept])


def _ends(group: Group) -> NDArray[np.int64]:
    starts = _ints(group, "instant")
    return np.maximum(_ints(group, "end"), starts) if "end" in group.columns else starts


def _ints(group: Group, name: str) -> NDArray[np.int64]:
    return group.columns[name].astype(np.int64)


def _said(found: Totals, day: int) -> str | float | None:
    if not found.told[day]:
        return None
    return round(float(found.amounts[day]), 3) if found.determined[day] else UNDETERMINED
