"""`metrics`: the CGM figures of a person's period; for the owner.

Law: it asks the gate with the owner's permit and is a row of the ledger like every look. What cannot be computed, or
may not be told of so little data, is shown without a number and with the reason (`safety.md`, sufficiency). Two
decimals, here and nowhere before. A display for checking an import, no advice for dosing, and no report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from bridge.cli import named
from bridge.cli.acting import Acting, operator_options, permit
from bridge.cli.shell import (
    Value,
    bridge,
    days_options,
    emit,
    home_option,
    json_option,
    patient_option,
    table,
    told,
)
from bridge.consent.asked import Asked, DateTest, Selector, Way
from bridge.consent.figured import GIVEN, given, traces
from bridge.metrics.automation import Automation, automation
from bridge.metrics.carbs import Carbs, carbs
from bridge.metrics.figure import Figure
from bridge.metrics.insulin import Insulin, insulin
from bridge.metrics.ranges import Ranges
from bridge.metrics.summary import Summary, summary
from bridge.metrics.wear import effective
from bridge.period import Period, iso, spelled
from bridge.reading import Stream
from bridge.store.patients import load

COLUMNS: Final = ("figure", "value", "unit", "why")
_SHARES: Final = ("very_low", "low", "in_range", "high", "very_high")
Row = Mapping[str, Value]


@click.command("metrics")
@patient_option
@days_options
@operator_options
@home_option
@json_option
def metrics(
    patient: str, first: datetime, days: int, acting: Acting,
    home: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """CGM figures of a period, and why one is missing."""
    with bridge(home) as found:
        number = named.number(found, patient)
        zones = load(found.db, number).zones
        ends = (first.date(), first.date() + timedelta(days))
        period = Period(*(spelled(day.isoformat(), zones).start for day in ends))
        wish = Asked(
            number, Way.LOOK, "command line", "figures of a period",
            selectors=frozenset(Selector(stream) for stream in (Stream.GLUCOSE, *GIVEN)),
            dates=(DateTest("ap", period),),
        )  # fmt: skip
        seen = found.gate.disclose_now(permit(found, number, acting), wish)
        passed, doses = effective(period, found.now()), given(seen)
        glucose = summary(traces(seen), passed, zones, found.now())
        rows = [*_of_glucose(glucose), *_of_doses(insulin(doses, passed, zones), carbs(doses, passed, zones))]
        rows += _of_automation(automation(doses, passed))
        found.gate.settle(seen, "sent", seen.count)
    head: dict[str, Value] = {
        "period": {"start": iso(passed.start), "end": iso(passed.end)},
        "series": list(glucose.left.names),
        "readings": glucose.wear.readings,
        "not counted": glucose.left.scans + glucose.left.overlapping + glucose.left.beside,
        "beyond the sensor's range": glucose.off_low + glucose.off_high,
        "insufficient data": [str(each) for each in glucose.lacks],
    }
    emit({**head, "figures": rows}, as_json, f"{told(head)}\n\n{table(rows, COLUMNS)}")


def _of_glucose(found: Summary) -> Iterator[Row]:
    average, worn = found.averages, found.wear
    yield _row("days of wear", Figure(worn.days), "d")
    yield _row("sensor active", Figure(worn.active), "%")
    yield _row("mean", average.mean, "mg/dL")
    yield _row("mean", average.mean_mmol_l, "mmol/L")
    yield _row("standard deviation", average.sd, "mg/dL")
    yield _row("coefficient of variation", average.cv, "%")
    yield _row("glucose management indicator", found.gmi, "%")
    yield from _of_ranges(found.ranges)
    yield _row("tight range", found.tight, "%")
    risk = found.risk.value
    yield _row("glycemia risk index", Figure(None if risk is None else risk.gri, found.risk.why), "")
    yield _row("low blood glucose index", found.indices.lbgi, "")
    yield _row("high blood glucose index", found.indices.hbgi, "")
    yield _row("mean of daily differences", found.modd, "mg/dL")
    for each in found.happened:
        yield _row(f"episodes {each.kind}", Figure(len(each.episodes)), "")
    for part in found.parts:
        yield _row(f"mean by {part.name}", part.averages.mean, "mg/dL")


def _of_ranges(found: Figure[Ranges]) -> Iterator[Row]:
    for name in _SHARES:
        shares = found.value
        share = None if shares is None else float(getattr(shares, name))
        yield _row(name.replace("_", " "), Figure(share, found.why), "%")


def _of_doses(found: Insulin, eaten: Carbs) -> Iterator[Row]:
    yield _row("days with insulin", Figure(found.days), "d")
    yield _row("days with undetermined insulin", Figure(found.undetermined), "d")
    for name in ("total", "basal", "bolus", "other", "automated"):
        yield _row(f"insulin {name} a day", getattr(found, name), "U")
    yield _row("basal share", found.basal_share, "%")
    yield _row("carbohydrates a day", eaten.grams, "g")
    yield _row("servings a day", eaten.servings, "{serving}")


def _of_automation(found: Automation) -> Iterator[Row]:
    yield _row("automated", found.share, "%")
    yield _row("hours of known delivery", Figure(found.known_hours), "h")


def _row(name: str, found: Figure[float] | Figure[int], unit: str) -> Row:
    value = None if found.value is None else round(found.value, 2)
    return {
        "figure": name,
        "value": value,
        "unit": unit,
        "why": None if found.why is None else str(found.why),
    }
