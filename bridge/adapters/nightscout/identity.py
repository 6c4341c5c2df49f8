"""What a treatment is called, and which records say again what another has said.

Law (`nightscout.md` 3, 5; `data.md`, series): the uploader's own name of the event goes before the database's, which
changes when a site moves: `identifier`, Loop's `syncIdentifier`, the pump's record with its serial, then `_id`. API
v3 gives out `_id` as `identifier` where a document has none, so a 24-digit identifier is an `_id`. Records of one
instant that agree in everything are copies: the server itself keeps one per time and event type. Phones repeat the
start of a sensor hundreds of times within a minute, a few ms apart and under new ids: one event, named by its ten
minutes, so that a later download of fewer repeats finds it again.

A pump's serial is in no name: the record of the pump is hashed with it.

Rejected: `id` of Trio and iAPS (all parts of a fatty meal have one), xDrip's `uuid` before `_id` (it is made of it).
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.nightscout.columns import filled_in, instants, small, taken_back, uploaders
from bridge.mapping.cells import Column, Ints, Mask
from bridge.mapping.json_cells import first_filled
from bridge.mapping.sheet import Sheet
from bridge.period import MINUTE

OBJECT_ID: Final = 24
REPEATED: Final = 5 * MINUTE
"""A repeat follows the one before within this."""
NAMED_BY: Final = 10 * MINUTE
CHANGES: Final = (
    "sensor start", "sensor change", "sensor stop", "site change", "insulin change", "pump battery change",
)  # fmt: skip
"""Events of which nobody has two within minutes."""
SAYS: Final = (
    "event", "units_given", "carbs", "glucose", "rate", "percent", "minutes", "ms", "entered", "notes", "reason",
)  # fmt: skip


def identity(sheet: Sheet) -> Sheet:
    """Adds `identity`, and the marks `copy` (another record says all of it) and `repeat` (of a device event)."""
    at, dated = instants(sheet.column("at"))
    named = _named(sheet)
    copy = _copies(sheet, at, dated, named)
    bare = ~sheet.filled("identifier") | _is_object_id(sheet.column("identifier"))
    named, repeat = _changes(sheet, at, dated & ~copy, bare & ~sheet.filled("sync"), named)
    return sheet.with_columns({"identity": named}).with_mark("copy", copy).with_mark("repeat", repeat)


def _named(sheet: Sheet) -> Column:
    identifier, sync = sheet.column("identifier"), sheet.column("sync")
    own = first_filled([identifier.blanked(_is_object_id(identifier)), sync])
    pumped = np.flatnonzero(~own.filled & sheet.filled("pump_id") & sheet.filled("pump_serial"))
    serials, numbers = sheet.column("pump_serial").at(pumped), sheet.column("pump_id").at(pumped)
    both = zip(serials.texts(), numbers.texts(), strict=True)
    texts = [
        f"pump/{hashlib.blake2b(f'{one}/{two}'.encode(), digest_size=9).hexdigest()}" for one, two in both
    ]
    return first_filled([filled_in(own, pumped, texts), sheet.column("id"), identifier])


def _is_object_id(column: Column) -> Mask:
    """Which cells are 24 hexadecimal digits."""
    found = np.asarray(column.end - column.start == OBJECT_ID)
    if not found.any():
        return found
    letters = column.at(found).letters() | np.uint8(32)
    digit = (letters >= ord("0")) & (letters <= ord("9"))
    found[found] = (digit | ((letters >= ord("a")) & (letters <= ord("f")))).all(axis=1)
    return found


def _copies(sheet: Sheet, at: Ints, dated: Mask, named: Column) -> Mask:
    """Records that agree with another of their instant in all that is said; the first by name is none."""
    found = np.zeros(len(sheet), np.bool_)
    rows = np.flatnonzero(dated)
    rows = rows[np.argsort(at[rows], kind="stable")]
    same = np.flatnonzero(np.diff(at[rows]) == 0)
    near = rows[np.unique(np.concatenate((same, same + 1)))] if len(same) else rows[:0]
    said = [sheet.column(name).at(near).texts() for name in SAYS]
    keys = zip(at[near].tolist(), uploaders(sheet)[near].tolist(), *said, strict=True)
    names = named.at(near).texts()
    first: dict[tuple[object, ...], tuple[str, int]] = {}
    for name, row, key in sorted(zip(names, near.tolist(), keys, strict=True), key=lambda each: each[:2]):
        found[row] = key in first
        first.setdefault(key, (name, row))
    return found


def _changes(sheet: Sheet, at: Ints, there: Mask, nameless: Mask, named: Column) -> tuple[Column, Mask]:
    """Names of changes of a device by their ten minutes, where they have none of their own, and the repeats."""
    texts, codes = small(sheet, "event")
    is_change = np.array([text in CHANGES for text in texts] or [False], np.bool_)[codes]
    rows = np.flatnonzero(is_change & there & nameless & ~taken_back(sheet))
    group = uploaders(sheet)[rows].astype(np.int64) * len(texts) + codes[rows]
    rows, group = _sorted(rows, group, at)
    repeat = np.zeros(len(sheet), np.bool_)
    again = (np.diff(at[rows]) < REPEATED) & (np.diff(group) == 0)
    repeat[rows[1:][again]] = True
    kept = rows[~repeat[rows]]
    names = [f"{texts[codes[row]]}/{at[row] // NAMED_BY}" for row in kept.tolist()]
    return filled_in(named, kept, names), repeat


def _sorted(rows: NDArray[np.intp], group: Ints, at: Ints) -> tuple[NDArray[np.intp], Ints]:
    order = np.lexsort((at[rows], group))
    return rows[order], group[order]
