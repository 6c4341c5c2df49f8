"""The history of a Medtronic pump as an OpenAPS rig keeps it: rates and their lengths are records apart.

Law (`tidepool-xdrip.md` 3): decocare writes TempBasal and TempBasalDuration with one stamp; together they are one
temporary basal, which runs until its time is up, the next one, or a suspension, and no later than the history's
last record (`spans`). A length of 0 ends what runs. A
pump's clock has no zone; the rig adds the offset that it had when it read.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bridge.adapters.nightscout.columns import UNTOLD, amounts, begins, instants, is_short, written
from bridge.adapters.nightscout.spans import known, until
from bridge.mapping.cells import Ints
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

_STOPS: Final = ("pumpsuspend", "suspend")


def temporary_basals(sheet: Sheet) -> Sheet:
    """Adds `lasted` (ms) to rates, and the marks `stops`, `cut` and `short`, as treatments have them."""
    n = len(sheet)
    at, dated = instants(sheet.column("at"))
    kinds = sheet.column("type").words()
    small = np.array([text.casefold() for text in kinds.texts] or [""])[kinds.codes]
    rates = np.flatnonzero((small == "tempbasal") & dated)
    lengths = np.flatnonzero((small == "tempbasalduration") & dated)
    told = _joined(at[rates], at[lengths], amounts(sheet.column("minutes"), MINUTE)[lengths])
    suspended = np.flatnonzero(begins(sheet, "type", *_STOPS) & dated)
    rows = np.concatenate((rates, suspended))
    planned = np.concatenate((told, np.zeros(len(suspended), np.int64)))
    is_stop = planned == 0
    lasted, ended = np.full(n, UNTOLD, np.int64), np.zeros(n, np.bool_)
    stops = np.zeros(n, np.bool_)
    lasted[rows], ended[rows] = until(at[rows], planned, np.zeros(len(rows), np.int32), is_stop)
    latest = int(at[dated].max(initial=0)) - at[rates]
    lasted[rates] = known(lasted[rates], latest)
    stops[rates] = told == 0
    found = sheet.with_columns({"lasted": written(lasted, (lasted != UNTOLD) & (small == "tempbasal"))})
    found = found.with_mark("short", is_short(sheet, "amount", "programmed"))
    return found.with_mark("stops", stops).with_mark("cut", ended)


def _joined(
    at: Ints,
    stamps: Ints,
    lengths: Ints,
) -> Ints:
    """The length with the same stamp as each rate; UNTOLD where there is none."""
    if not len(stamps):
        return np.full(len(at), UNTOLD, np.int64)
    order = np.argsort(stamps, kind="stable")
    place = np.minimum(np.searchsorted(stamps[order], at), len(stamps) - 1)
    return np.where(stamps[order][place] == at, lengths[order][place], UNTOLD)
