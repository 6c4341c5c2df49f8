"""LibreView's minutes of a wall clock: which order of day and month, which pass of an hour, which device.

Law (`libre.md` A1.5): dates follow the account's setting, not language or unit; where no row and no line
above the header decides, the file is refused. A phone follows its zone at once; a reader does not know
summer time, its owner moves it by hand. An hour that a clock showed twice is kept twice and flagged, also
where no zone explains it (travel): nothing in the file tells the passes apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.libre.devices import INSTALL
from bridge.mapping.cells import Column
from bridge.mapping.clock import by_zone
from bridge.mapping.dates import Stamps, read_stamps
from bridge.mapping.rule import Limit
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Clocked, Rows
from bridge.mapping.table import from_rows
from bridge.period import DAY, HOUR, MINUTE, ZoneHistory
from bridge.reading import Flag, Unit, Witness

_STAMP: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}( \d{1,2}:\d{2}( [AP]M)?)?")
_PLAIN: Final = {"DMY": ("DD-MM-YYYY", "DD/MM/YY"), "MDY": ("MM-DD-YYYY", "MM/DD/YY"), "YMD": ("YYYY-MM-DD",)}
SAME_TRIP: Final = 3 * HOUR
DOUBLED: Final = 2
"""So many minutes shown twice, near each other, with different values: the clock was set back there."""
BY_HAND: Final = 14 * DAY
"""A reader's clock is moved by its owner within this time."""
US_MASK: Final = "MM-DD-YYYY hh:mm AM"
US_CEILING: Final = 400


def date_order(sheet: Sheet, found: Mapping[str, Stamps]) -> str | None:
    """The mask that line 1 proves: by its own day above 12, or because no row is younger than the file."""
    texts = [match[0] for row in sheet.above[:1] for cell in row for match in [_STAMP.search(cell)] if match]
    if not texts:
        return None
    fitting = []
    for mask, stamps in found.items():
        made = _made(texts[0], mask)
        if made is not None and int(stamps.wall[stamps.ok].max()) <= made + DAY:
            fitting.append(mask)
    orders = {_order(mask) for mask in fitting}
    return fitting[0] if len(orders) == 1 else None


def _made(text: str, mask: str) -> int | None:
    """When the file was made, read in the order of `mask`."""
    order = _order(mask)
    masks = [date + rest for date in _PLAIN[order] for rest in ("", " hh:mm", " hh:mm AM")]
    for stamps in read_stamps(_column(text), [m for m in masks if " " in m]).values():
        return int(stamps.wall[0])
    for stamps in read_stamps(_column(f"{text} 00:00"), [f"{date} hh:mm" for date in _PLAIN[order]]).values():
        return int(stamps.wall[0]) + DAY
    return None


def _column(text: str) -> Column:
    return from_rows([[text]], [1]).column(0)


def _order(mask: str) -> str:
    return "".join(sorted("YMD", key=mask.find))


def wall_clock(rows: Rows, zones: ZoneHistory) -> Clocked:
    """Instants by the patient's zone, with what the rows themselves show of the clock."""
    clocked = by_zone(rows, zones)
    clocked = _kept_winter(rows, zones, clocked)
    return _twice(rows, clocked)


def _kept_winter(rows: Rows, zones: ZoneHistory, base: Clocked) -> Clocked:
    """Readers that recorded in the hour that summer time skips: their clock still showed winter."""
    skipped = zones.resolve(rows.wall).skipped
    if not skipped.any():
        return base
    instant, flags = base.instant.copy(), base.flags.copy()
    bound, witness = base.bound.copy(), base.witness.copy()
    told = []
    for places in _by_device(rows, skipped):
        order = places[np.argsort(rows.wall[places], kind="stable")]
        start = int(rows.wall[order][skipped[order]][0])
        after = order[rows.wall[order] >= start]
        gaps = np.flatnonzero(np.diff(rows.wall[after]) >= HOUR)
        moved = int(rows.wall[after[gaps[0]]]) if len(gaps) else start
        if not len(gaps) or moved - start > BY_HAND:
            continue
        winter = after[rows.wall[after] <= moved]
        instant[winter] += np.where(skipped[winter], 0, HOUR)
        flags[winter] |= np.uint16(Flag.UNCERTAIN)
        bound[winter], witness[winter] = HOUR, Witness.ROW_ORDER
        told.append(
            f"{len(winter)} rows lie between summer time and the next hour's gap: a reader's clock was "
            "read as not yet moved"
        )
    return Clocked(instant, base.offset, flags, bound, witness, warnings=base.warnings + tuple(told))


def _by_device(rows: Rows, some: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """The rows of each reader that has rows among `some`."""
    serials = rows.sheet.column("serial").at(rows.row).words()
    for code, text in enumerate(serials.texts):
        mine = serials.codes == code
        if (mine & some).any() and not INSTALL.fullmatch(text):
            yield np.flatnonzero(mine)


def _twice(rows: Rows, base: Clocked) -> Clocked:
    """Automatic readings of one device at one minute with two values: both passes of a repeated hour."""
    instant, flags = base.instant.copy(), base.flags.copy()
    bound, witness = base.bound.copy(), base.witness.copy()
    told = []
    for places in _automatic(rows):
        again = _second_copies(rows, places)
        for piece in np.split(again, np.flatnonzero(np.diff(rows.wall[again]) > SAME_TRIP) + 1):
            if len(piece) < DOUBLED:
                continue
            low, high = int(rows.wall[piece[0]]), int(rows.wall[piece[-1]])
            back = int(bound[piece[0]]) or max(-(-(high - low) // (30 * MINUTE)) * 30 * MINUTE, 30 * MINUTE)
            among = places[(rows.wall[places] >= low) & (rows.wall[places] <= high)]
            flags[among] |= np.uint16(Flag.UNCERTAIN)
            bound[among], witness[among] = back, Witness.UNDECIDED
            instant[piece] += back
            told.append(
                f"{len(piece)} minutes are shown twice from line {rows.sheet.line[rows.row[piece[0]]]} on: the "
                "clock was set back (summer time or travel); if this was travel, give its zone with `patient "
                "zone add` and reimport"
            )
    return replace(
        base, instant=instant, flags=flags, bound=bound, witness=witness, warnings=base.warnings + tuple(told)
    )


def _automatic(rows: Rows) -> Iterator[NDArray[np.intp]]:
    """Automatic readings of each device, in order of the wall clock."""
    types = rows.sheet.column("type").at(rows.row).words()
    serials = rows.sheet.column("serial").at(rows.row).words()
    historic = rows.sheet.column("historic").at(rows.row).filled
    automatic = types.mask([text in ("0", "1") for text in types.texts]) & historic
    for code in range(len(serials.texts)):
        mine = np.flatnonzero(automatic & (serials.codes == code))
        yield mine[np.argsort(rows.wall[mine], kind="stable")]


def _second_copies(rows: Rows, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows that repeat the minute of the row before them with another value."""
    same = np.flatnonzero(np.diff(rows.wall[places]) == 0)
    if not len(same):
        return places[:0]
    column = rows.sheet.column("historic").at(rows.row)
    pairs = zip(column.at(places[same]).texts(), column.at(places[same + 1]).texts(), strict=True)
    other = np.array([one != two for one, two in pairs], np.bool_)
    return places[same[other] + 1]


def us_ceiling(sheet: Sheet, mask: str, field: str, unit: Unit, limit: Limit) -> Limit:
    """In a US file (month first, 12 hours, mg/dL) that holds 400 and nothing above, 400 is the ceiling: such
    a sensor writes it for everything above. `>= 400` stays true where the ceiling was 500."""
    if unit is not Unit.MG_DL or mask != US_MASK:
        return limit
    most = 0
    for name in ("historic", "scan"):
        numbers = sheet.column(name).numbers()
        most = max(most, int(numbers.amount[numbers.ok].max(initial=0)))
    return (
        Limit(low=limit.low, high=type(limit.high)(US_CEILING))
        if most == US_CEILING and limit.high
        else limit
    )
