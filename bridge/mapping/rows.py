"""A sheet becomes readings: judged rows, amounts, instants, series, and the account of every row.

Law (`mapping.md`): the one record maker of all tables; whatever a vendor needs beyond it is a procedure.
Each data row ends in exactly one of read, ignored, rejected. Where most rows are rejected the file is
refused as a whole: moved columns or damage, and what is left would be chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Account, Decoded, Rejected, Unreadable
from bridge.mapping.batches import batches
from bridge.mapping.clock import by_zone
from bridge.mapping.fates import unread
from bridge.mapping.judge import Judged, judge
from bridge.mapping.language import ReadHalf
from bridge.mapping.record import devices, record
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Clock, Clocked, Procedures, Rows
from bridge.period import BEGINNING, DAY, Instant, ZoneHistory, iso
from bridge.reading import Stream

CLOCK_AHEAD: Final = DAY
"""A device's clock may be this far ahead of the receipt (zones, a wrong day)."""


def read_table(
    sheet: Sheet,
    half: ReadHalf,
    family: str,
    zones: ZoneHistory,
    received: Instant,
    procedures: Procedures,
    date_order: str | None,
) -> Decoded:
    """Readings of a sheet. `family` names the source in series keys; the caller sets the revision."""
    spec = half.table
    for name in spec.prepare:
        sheet = procedures.prepare[name](sheet)
    judged = judge(sheet, spec, procedures, date_order)
    records, named = record(judged, procedures), devices(judged, procedures)
    rows = judged.good()
    clock: Clock = by_zone if spec.time.clock == "zone" else procedures.clock[spec.time.clock]
    clocked = clock(Rows(sheet, rows, judged.wall[rows], named.group(judged.fate, rows)), zones)
    _reject_future(judged, rows, clocked, received)
    found = batches(judged, family, half.source, records, named, rows, clocked)
    person = procedures.person[spec.person](sheet, judged.mask) if spec.person else None
    account = _account(judged, clocked)
    _refuse_mostly_rejected(account)
    return Decoded(family, "", found, person, named.devices, account)


def _reject_future(judged: Judged, rows: NDArray[np.intp], clocked: Clocked, received: Instant) -> None:
    if received <= BEGINNING:
        return
    late = clocked.instant > received + CLOCK_AHEAD
    said = f"lies after the file was received ({iso(received)}): the device's clock was wrong"
    judged.reasons.add(rows[late], [f"{iso(int(instant))} {said}" for instant in clocked.instant[late]])


def _account(judged: Judged, clocked: Clocked) -> Account:
    sheet = judged.sheet
    read: Counter[Stream] = Counter()
    ignored: Counter[str] = Counter()
    for place, rule in judged.rules():
        count = len(judged.of(place))
        if rule.stream is not None and count:
            read[rule.stream] += count
        elif rule.ignore and count:
            ignored[rule.name] += count
    whys = sorted(judged.reasons.why.items())
    return Account(
        rows=len(sheet),
        read=dict(read),
        ignored=dict(ignored),
        rejected=tuple(Rejected(int(sheet.line[row]), why) for row, why in whys),
        fields_ignored=sheet.binding.ignored,
        fields_unknown=tuple(heading for _, heading in sheet.binding.unknown),
        warnings=tuple(dict.fromkeys(_warnings(judged, clocked))),
    )


def _warnings(judged: Judged, clocked: Clocked) -> Iterator[str]:
    sheet = judged.sheet
    yield from sheet.warnings
    if sheet.binding.foreign:
        yield f"headings in words not known were read by place: {', '.join(sheet.binding.foreign)}"
    for place, rule in judged.rules():
        if rule.warn:
            rows = np.flatnonzero(judged.fate == place)
            yield f"{len(rows)} rows (first: line {sheet.line[rows[0]]}): {rule.warn}"
    yield from unread(judged.words, judged.spec, judged.fate)
    yield from clocked.warnings
    if not len(sheet):
        yield "there is no row below the header"


def _refuse_mostly_rejected(account: Account) -> None:
    judged = len(account.rejected) + sum(account.read.values())
    if len(account.rejected) * 2 > judged:
        first = account.rejected[0]
        raise Unreadable(
            f"{len(account.rejected)} of {judged} rows cannot be read, the first in line {first.row}: "
            f"{first.reason}; columns were moved or the file is damaged: use it as it was downloaded"
        )
