"""The parts of a source become readings: judged rows, amounts, instants, series.

Law (`mapping.md`): the one record maker of all tables, sections and records; whatever a vendor needs beyond it
is a procedure. Every part goes the same way, by each of its passes; then the parts are joined, so that one
series is one batch and every row has one fate in one account (`fold`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Decoded, Person, Unreadable
from bridge.mapping.batches import Drawn, batches
from bridge.mapping.clock import by_zone
from bridge.mapping.dated import Dated, dated
from bridge.mapping.devices import DevicesNamed, devices
from bridge.mapping.fates import Vocabulary
from bridge.mapping.fold import account_of
from bridge.mapping.judge import Judged, judge
from bridge.mapping.language import PartSpec, ReadHalf, TableSpec
from bridge.mapping.opened import Opened
from bridge.mapping.record import Records, record
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Clock, Clocked, Procedures, Rows
from bridge.period import BEGINNING, DAY, Instant, ZoneHistory, iso

CLOCK_AHEAD: Final = DAY
"""A device's clock may be this far ahead of the receipt (zones, a wrong day)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One part and one pass over it, before its times are settled."""

    judged: Judged
    records: Records
    named: DevicesNamed
    rows: NDArray[np.intp]

    def for_clock(self) -> Rows:
        """What a clock is given."""
        found, rows = self.judged.dated, self.rows
        known = found.known[rows] if found.known.any() else None
        group = self.named.group(self.judged.fate, rows)
        offset = None if known is None else found.offset[rows]
        bound = None if known is None or found.bound is None else found.bound[rows]
        return Rows(self.judged.sheet, rows, found.wall[rows], group, known, offset, bound)


def read_source(
    opened: Opened,
    half: ReadHalf,
    family: str,
    zones: ZoneHistory,
    received: Instant,
    procedures: Procedures,
    date_order: str | None,
) -> Decoded:
    """Readings of an opened source. `family` names it in series keys; the caller sets the revision."""
    sheets = [
        _prepared(sheet, spec, procedures) for sheet, spec in zip(opened.sheets, opened.specs, strict=True)
    ]
    for name in half.together:
        kinds = [kind for kind, _ in zip(opened.kinds, sheets, strict=True)]
        sheets = list(procedures.together[name](list(zip(kinds, sheets, strict=True))))
    parts, masks = list[_Part](), list[str]()
    for sheet, spec in zip(sheets, opened.specs, strict=True):
        found = dated(sheet, spec.time, procedures, date_order)
        masks.append(found.mask)
        parts += _parts(sheet, spec, found, procedures)
    drawn = [
        Drawn(part.judged, part.records, part.named, part.rows, clocked)
        for part, clocked in zip(parts, _clocked(parts, half, zones, procedures), strict=True)
    ]
    for one in drawn:
        _reject_future(one, received)
    account = account_of(drawn, sheets, opened)
    readings = batches(drawn, family, half.source)
    named = tuple(dict.fromkeys(device for part in parts for device in part.named.devices))
    return Decoded(family, "", readings, _person(opened, sheets, masks, half, procedures), named, account)


def _prepared(sheet: Sheet, spec: PartSpec, procedures: Procedures) -> Sheet:
    for name in spec.prepare:
        sheet = procedures.prepare[name](sheet)
    return sheet


def _parts(sheet: Sheet, spec: PartSpec, found: Dated, procedures: Procedures) -> list[_Part]:
    """Every pass over a sheet."""
    words, parts, named = Vocabulary(sheet), list[_Part](), None
    for one in spec.passes:
        judged = judge(words, spec, one, found)
        records = record(judged, procedures)
        named = named or devices(judged, procedures)
        parts.append(_Part(judged, records, named, judged.good()))
    return parts


def _clocked(
    parts: Sequence[_Part], half: ReadHalf, zones: ZoneHistory, procedures: Procedures
) -> Sequence[Clocked]:
    rows = [part.for_clock() for part in parts]
    if half.clock is not None:
        return procedures.clocks[half.clock](rows, zones)
    return [_clock(part, procedures)(each, zones) for part, each in zip(parts, rows, strict=True)]


def _clock(part: _Part, procedures: Procedures) -> Clock:
    name = part.judged.spec.time.clock
    return by_zone if name == "zone" else procedures.clock[name]


def _reject_future(one: Drawn, received: Instant) -> None:
    if received <= BEGINNING:
        return
    late = one.clocked.instant > received + CLOCK_AHEAD
    why = f"its time lies after the file was received ({iso(received)}): the device's clock was wrong"
    one.judged.reasons.add(one.rows[late], [why] * int(late.sum()))


def _person(
    opened: Opened, sheets: Sequence[Sheet], masks: Sequence[str], half: ReadHalf, procedures: Procedures
) -> Person | None:
    """Whom the source names: the document, or the first part that does."""
    if opened.person is not None:
        return opened.person
    for sheet, spec, mask in zip(sheets, opened.specs, masks, strict=True):
        name = (spec.person if isinstance(spec, TableSpec) else None) or half.person
        found = procedures.person[name](sheet, mask) if isinstance(name, str) else None
        if found is not None:
            return found
    return None


def refuse_mostly_rejected(done: Decoded) -> None:
    """Where most rows of a table are rejected it is refused: its columns were moved or mean something else, and what
    is left would be chance. Never a document: each of its values has its name beside it, so a record that cannot be
    read says nothing of the others, and an answer may have one record alone."""
    account = done.account
    judged = len(account.rejected) + account.rows_read
    if len(account.rejected) * 2 > judged and not account.rejected[0].part:
        first = account.rejected[0]
        raise Unreadable(
            f"{len(account.rejected)} of {judged} rows cannot be read, the first in line {first.row}: "
            f"{first.reason}; columns were moved or the file is damaged: use it as it was downloaded"
        )
