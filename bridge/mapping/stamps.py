"""Stamps that say themselves what they are: ISO 8601, seconds or milliseconds since 1970, .NET dates.

Law (`dexcom.md` A1.8, A2; `nightscout.md` 4): each cell for itself, for these forms cannot be mistaken for each
other. Read as the vendors write them: no seconds, one digit for two, a blank for T, `+0300`, and offsets with
seconds, which are rounded to the minute (FHIR has none). Z tells the instant and no local offset. A number
is milliseconds from 1973 on and seconds below that, where a mapping names both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.cells import CHUNK, Bytes, Column, Ints, Mask
from bridge.mapping.dates import by_shape, digits, wall_times
from bridge.period import BEGINNING, END_OF_TIME, MINUTE
from bridge.reading import NO_OFFSET

FARTHEST: Final = 14 * 60
"""Minutes: no clock of the world stands farther from UTC."""
LEAST_MS: Final = 100_000_000_000
"""1973 in milliseconds; a smaller number is seconds or no stamp."""


@dataclass(frozen=True, slots=True)
class Told:
    """What stamps say: `wall` int64[n] ms by the clock that wrote them, which stood `shift` minutes east of
    UTC where the stamp is `known` to be an instant. `offset` int16[n]: the local offset, NO_OFFSET untold."""

    wall: Ints
    shift: NDArray[np.int16]
    offset: NDArray[np.int16]
    known: Mask
    ok: Mask

    @classmethod
    def nothing(cls, n: int) -> Told:
        """No stamp is understood."""
        zeros, untold = np.zeros(n, np.int16), np.full(n, NO_OFFSET, np.int16)
        return cls(np.zeros(n, np.int64), zeros, untold, np.zeros(n, np.bool_), np.zeros(n, np.bool_))

    @property
    def instant(self) -> Ints:
        """ms UTC where `known`, else the wall time."""
        return self.wall - self.shift.astype(np.int64) * MINUTE


_ZONE: Final = r"(?:(?P<Z>[Zz])|(?P<sign>[+-])(?P<zh>00)(?::?(?P<zm>00)(?::?(?P<zs>00)(?:\.0+)?)?)?)?"
_ISO: Final = (
    r"(?P<Y>0{4})-(?P<M>0{1,2})-(?P<D>0{1,2})(?:[Tt]| +)(?P<h>0{1,2}):(?P<m>0{1,2})"
    r"(?::(?P<s>0{1,2})(?:[.,](?P<f>0+))?)? *" + _ZONE
)
_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "iso": re.compile(_ISO),
    "iso-local": re.compile(_ISO),
    "epoch-ms": re.compile(r"(?P<n>0{12,14})(?:\.0*)?"),
    "epoch-s": re.compile(r"(?P<n>0{9,11})(?:\.(?P<f>0+))?"),
    "net-date": re.compile(r"/?Date\((?P<n>0{12,14})(?:(?P<sign>[+-])(?P<zh>00)(?P<zm>00))?\)/?"),
}
Spans: TypeAlias = Mapping[str, tuple[int, int]]
_Reader: TypeAlias = Callable[[Bytes, str, Spans], Told]


def read_forms(column: Column, forms: Sequence[str]) -> Told:
    """The column by the first of `forms` that fits each cell."""
    found = Told.nothing(len(column))
    for start in range(0, len(column), CHUNK):
        rows = slice(start, start + CHUNK)
        some = Column(column.buffer, column.start[rows], column.end[rows])
        _put(found, rows, _read(some, forms))
    return found


def _read(column: Column, forms: Sequence[str]) -> Told:
    found = Told.nothing(len(column))
    letters, length = np.ascontiguousarray(column.letters().T), column.end - column.start
    for shape, rows in by_shape(letters, length):
        for form in forms:
            match = _PATTERNS[form].fullmatch(shape)
            if match is None:
                continue
            few = letters if len(rows) == len(column) else letters[:, rows]
            spans = {name: match.span(name) for name, said in match.groupdict().items() if said}
            _put(found, rows, _READERS[form](few, shape, spans))
            break
    return found


def _put(found: Told, rows: NDArray[np.intp] | slice, some: Told) -> None:
    instant = some.instant
    within = some.ok & (instant >= BEGINNING) & (instant < END_OF_TIME)
    found.wall[rows], found.shift[rows], found.offset[rows] = some.wall, some.shift, some.offset
    found.known[rows], found.ok[rows] = some.known & within, within


def _iso(letters: Bytes, shape: str, spans: Spans) -> Told:
    found = _iso_local(letters, shape, spans)
    if "Z" in spans:
        return Told(found.wall, found.shift, found.offset, found.ok, found.ok)
    if "sign" not in spans:
        return found
    minutes = _zone(letters, shape, spans)
    near = found.ok & (np.abs(minutes) <= FARTHEST)
    return Told(found.wall, minutes, minutes, near, near)


def _iso_local(letters: Bytes, shape: str, spans: Spans) -> Told:
    n = letters.shape[1]
    wall, ok = wall_times(letters, tuple((part, *spans[part]) for part in "YMDhms" if part in spans))
    zeros, untold = np.zeros(n, np.int16), np.full(n, NO_OFFSET, np.int16)
    return Told(wall + _thousandths(letters, spans), zeros, untold, np.zeros(n, np.bool_), ok)


def _zone(letters: Bytes, shape: str, spans: Spans) -> NDArray[np.int16]:
    """Minutes east of UTC, seconds rounded."""
    part = {name: digits(letters[slice(*spans[name])]) for name in ("zh", "zm", "zs") if name in spans}
    none = np.zeros(letters.shape[1], np.int64)
    seconds = part["zh"] * 3600 + part.get("zm", none) * 60 + part.get("zs", none)
    minutes = (seconds + 30) // 60
    return (minutes if shape[spans["sign"][0]] == "+" else -minutes).astype(np.int16)


def _thousandths(letters: Bytes, spans: Spans) -> Ints:
    """ms of a fraction of a second; what is finer is cut off."""
    if "f" not in spans:
        return np.zeros(letters.shape[1], np.int64)
    start, end = spans["f"]
    cut = min(end, start + 3)
    return digits(letters[start:cut]) * np.int64(10 ** (3 - (cut - start)))


def _epoch_ms(letters: Bytes, shape: str, spans: Spans) -> Told:
    amount = digits(letters[slice(*spans["n"])])
    return _utc(amount, np.asarray(amount >= LEAST_MS))


def _epoch_s(letters: Bytes, shape: str, spans: Spans) -> Told:
    amount = digits(letters[slice(*spans["n"])])
    return _utc(amount * 1000 + _thousandths(letters, spans), np.asarray(amount * 1000 >= LEAST_MS))


def _utc(instant: Ints, ok: Mask) -> Told:
    n = len(instant)
    return Told(instant, np.zeros(n, np.int16), np.full(n, NO_OFFSET, np.int16), ok, ok)


def _net_date(letters: Bytes, shape: str, spans: Spans) -> Told:
    found = _epoch_ms(letters, shape, spans)
    if "sign" not in spans:
        return found
    minutes = _zone(letters, shape, spans)
    near = found.ok & (np.abs(minutes) <= FARTHEST)
    return Told(found.wall + minutes.astype(np.int64) * MINUTE, minutes, minutes, near, near)


_READERS: Final[Mapping[str, _Reader]] = {
    "iso": _iso,
    "iso-local": _iso_local,
    "epoch-ms": _epoch_ms,
    "epoch-s": _epoch_s,
    "net-date": _net_date,
}
FORMS: Final = tuple(_READERS)
