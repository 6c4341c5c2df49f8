"""Doses of which a record gives parts or sums: combination boluses, several injections at once, percent.

Law (`nightscout.md` 5): delivered is what counts. A combination's `insulin` is its immediate part, the extended one
is a share of `enteredinsulin` over `duration`; called off, it gave what had run until then. xDrip writes the sum of
several injections and the insulin of each: long-acting ones are doses of another kind. Percent is relative to the
schedule: -100 is a stop, +50 is 150 %. Exact: no float.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

import msgspec
import numpy as np

from bridge.adapters.nightscout.columns import UNTOLD, amounts, filled_in, is_short
from bridge.mapping.cells import POWERS, Column, Ints, Numbers, blank
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

LONG_ACTING: Final = (
    "lantus", "toujeo", "levemir", "basaglar", "abasaglar", "semglee", "rezvoglar", "tresiba", "insulatard",
    "protaphane", "humulin n", "glargin", "detemir", "degludec", "nph",
)  # fmt: skip
"""How names of long-acting insulins begin, in small letters (xDrip's list and the substances)."""
STEP: Final = Decimal("0.001")
_INJECTIONS: Final = msgspec.json.Decoder(list[dict[str, object]])


def doses(sheet: Sheet) -> Sheet:
    """Adds `units` (given at once), `units_long` (long-acting), `units_later` and `units_later_meant` (extended:
    delivered, programmed), and the marks `short` and `square_short` (less was given than programmed)."""
    units, long = _injections(sheet)
    later, meant = _extended(sheet)
    found = {"units": units, "units_long": long, "units_later": later, "units_later_meant": meant}
    short, square = (
        is_short(sheet, "units_given", "programmed"),
        is_short(sheet, "square_units", "square_programmed"),
    )
    return sheet.with_columns(found).with_mark("short", short).with_mark("square_short", square)


def _injections(sheet: Sheet) -> tuple[Column, Column]:
    """What was given at once, without long-acting insulin; and that."""
    given, long = sheet.column("units_given"), blank(len(sheet))
    rest: list[tuple[int, str]] = []
    slow: list[tuple[int, str]] = []
    said = sheet.column("injections")
    for row in np.flatnonzero(said.filled).tolist():
        amount, total = _long_acting(said.text(row)), _number(given.text(row))
        if amount and total is not None:
            slow.append((row, str(amount)))
            rest.append((row, str(total - amount) if total > amount else ""))
    return _at(given, rest), _at(long, slow)


def _at(column: Column, found: list[tuple[int, str]]) -> Column:
    return filled_in(column, np.array([row for row, _ in found], np.intp), [text for _, text in found])


def _long_acting(text: str) -> Decimal | None:
    """Units of long-acting insulin in a list of injections; None where it is no such list."""
    try:
        found = _INJECTIONS.decode(text)
    except msgspec.DecodeError:
        return None
    slow = (each for each in found if str(each.get("insulin", "")).casefold().startswith(LONG_ACTING))
    return sum((_number(str(each.get("units", ""))) or Decimal(0) for each in slow), Decimal(0))


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _extended(sheet: Sheet) -> tuple[Column, Column]:
    """Units of the extended part of combinations, as they ran and as they were meant."""
    n = len(sheet)
    entered, share = sheet.column("entered"), sheet.column("split_later")
    meant_ms, ran_ms = _planned(sheet), amounts(sheet.column("lasted"), 1)
    ran: list[tuple[int, str]] = []
    meant: list[tuple[int, str]] = []
    for row in np.flatnonzero(entered.filled & share.filled & ~sheet.filled("stops")).tolist():
        total, part = _number(entered.text(row)), _number(share.text(row))
        if not total or not part or total < 0 or part < 0:
            continue
        whole = (total * part / 100).quantize(STEP, ROUND_HALF_UP)
        is_cut = bool(sheet.marks["cut"][row]) and meant_ms[row] > 0
        given = whole * int(ran_ms[row]) / int(meant_ms[row]) if is_cut else whole
        ran.append((row, str(given.quantize(STEP, ROUND_HALF_UP))))
        meant.append((row, str(whole)))
    return _at(blank(n), ran), _at(blank(n), meant)


def _planned(sheet: Sheet) -> Ints:
    ms = amounts(sheet.column("ms"), 1)
    return np.where(ms != UNTOLD, ms, amounts(sheet.column("minutes"), MINUTE))


def of_schedule(column: Column, decimals: int) -> Numbers:
    """Changes in percent as percent of the schedule; what would be less than nothing is no number."""
    found = column.numbers()
    amount = found.amount + 100 * POWERS[found.decimals]
    ok = found.ok & (amount >= 0)
    return Numbers(np.where(ok, amount, 0), np.where(ok, found.decimals, 0).astype(np.int8), ok)
