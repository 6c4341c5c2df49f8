"""Columns as text: the only things that may stand in a slot of a template.

Law: numbers, times and hex ids are spelled here, from integers or from ids that were checked; a text of a
person passes only as the notation has quoted it. A cell is left-aligned and followed by blanks; its width is
the slot's. Texts of numbers come from tables of the integer, so 5.0 stays 5.0 (R4 2.24.0.1: precision is
significant). `Cells` are uint8[n, width]; one row stands for all rows.

Rejected: formatting numbers from floats (loses 5.0), a string per reading (a hundred times the time).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.fhir.tree import ID_WIDTH
from bridge.period import DAY, MINUTE, Instant, iso

Cells = NewType("Cells", NDArray[np.uint8])
"""uint8[n, width], or uint8[1, width] where all rows say the same."""

Integers: TypeAlias = "NDArray[np.integer]"

STAMP_WIDTH: Final = 25
"""`YYYY-MM-DDThh:mm:ss±hh:mm`."""
FINE_STAMP_WIDTH: Final = 29
"""The same with `.fff`."""
INSTANT_WIDTH: Final = 24
"""`YYYY-MM-DDThh:mm:ss.fffZ`."""

_TABLED: Final = 10_000
_DAY_SECONDS: Final = DAY // 1000
_STAMP: Final = np.dtype([("date", "V11"), ("time", "V8"), ("zone", "V6")])
_FINE_STAMP: Final = np.dtype([("date", "V11"), ("time", "V8"), ("fraction", "V4"), ("zone", "V6")])
_INSTANT: Final = np.dtype([("date", "V11"), ("time", "V8"), ("fraction", "V4"), ("zone", "V1")])
_FIRST_DAY: Final = 10_957  # 2000-01-01
_DAYS: Final = 36_525  # to 2099-12-31
_MOST_MINUTES: Final = 1440
_HEX: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def identity(text: str) -> Cells:
    """One logical id as a cell. ValueError where it is not one."""
    if _HEX.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no logical id of this bridge")
    return Cells(np.frombuffer(text.encode("ascii"), np.uint8).reshape(1, ID_WIDTH))


# ---------------------------------------------------------------------------------------------- times


def stamps(instants: NDArray[np.int64], offsets: Integers, fine: bool) -> Cells:
    """dateTimes at `offsets` minutes east: 25 wide, or 29 with milliseconds where `fine`."""
    east = offsets.astype(np.int64)
    out = np.empty(len(instants), _FINE_STAMP if fine else _STAMP)
    _clock(instants + east * MINUTE, out, fine)
    out["zone"] = _zones().take(east + _MOST_MINUTES)
    return _cells(out)


def instants(values: NDArray[np.int64]) -> Cells:
    """R4 instants in UTC with milliseconds, 24 wide; one cell where all are equal."""
    values = _same(values)
    out = np.empty(len(values), _INSTANT)
    _clock(values, out, fine=True)
    out["zone"] = np.void(b"Z")
    return _cells(out)


def clocks(minutes: Integers) -> Cells:
    """Times of day `hh:mm:ss` from minutes of the day, 8 wide."""
    return _cells(_times().take(minutes.astype(np.int64) * 60, mode="clip"))


def instant(value: Instant) -> str:
    """One R4 instant in UTC with milliseconds."""
    return f"{iso(value - value % 1000)[:-1]}.{value % 1000:03d}Z"


def _clock(local: NDArray[np.int64], out: NDArray[np.void], fine: bool) -> None:
    seconds = local // 1000
    days = seconds // _DAY_SECONDS
    out["date"] = _dates(days)
    out["time"] = _times().take(seconds - days * _DAY_SECONDS)
    if fine:
        out["fraction"] = _fractions().take(local - seconds * 1000)


def _dates(days: NDArray[np.int64]) -> NDArray[np.void]:
    near = days - _FIRST_DAY
    if len(near) and near.min() >= 0 and near.max() < _DAYS:
        return _calendar().take(near)
    return _spelled_dates(days)


@lru_cache(maxsize=1)
def _calendar() -> NDArray[np.void]:
    return _spelled_dates(np.arange(_FIRST_DAY, _FIRST_DAY + _DAYS))


def _spelled_dates(days: NDArray[np.int64]) -> NDArray[np.void]:
    """`YYYY-MM-DDT` of day numbers since 1970-01-01."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = dates.astype("datetime64[Y]")
    out = np.full((len(days), 11), ord("-"), np.uint8)
    out[:, :4] = _pads(4)[years.astype(np.int64) + 1970]
    out[:, 5:7] = _pads(2)[(months - years).astype(np.int64) + 1]
    out[:, 8:10] = _pads(2)[(dates - months).astype(np.int64) + 1]
    out[:, 10] = ord("T")
    return pieces(out)


@lru_cache(maxsize=1)
def _times() -> NDArray[np.void]:
    seconds = np.arange(_DAY_SECONDS)
    out = np.full((len(seconds), 8), ord(":"), np.uint8)
    for at, part in ((0, seconds // 3600), (3, seconds // 60 % 60), (6, seconds % 60)):
        out[:, at : at + 2] = _pads(2)[part]
    return pieces(out)


@lru_cache(maxsize=1)
def _fractions() -> NDArray[np.void]:
    out = np.full((1000, 4), ord("."), np.uint8)
    out[:, 1:] = _pads(3)
    return pieces(out)


@lru_cache(maxsize=1)
def _zones() -> NDArray[np.void]:
    minutes = np.arange(-_MOST_MINUTES, _MOST_MINUTES + 1)
    out = np.full((len(minutes), 6), ord(":"), np.uint8)
    out[:, 0] = np.where(minutes < 0, ord("-"), ord("+"))
    out[:, 1:3] = _pads(2)[np.abs(minutes) // 60]
    out[:, 4:6] = _pads(2)[np.abs(minutes) % 60]
    return pieces(out)


@lru_cache(maxsize=4)
def _pads(width: int) -> NDArray[np.uint8]:
    """All numbers of `width` digits with their zeros: uint8[10**width, width]."""
    return _table([str(number).zfill(width) for number in range(10**width)], width)


def pieces(texts: NDArray[np.uint8]) -> NDArray[np.void]:
    """uint8[n, width] as n pieces of `width` bytes, without a copy: numpy moves each at once."""
    return texts.view(np.dtype((np.void, texts.shape[1])))[:, 0]


def _cells(stamps: NDArray[np.void]) -> Cells:
    return Cells(stamps.view(np.uint8).reshape(len(stamps), stamps.dtype.itemsize))


# -------------------------------------------------------------------------------------------- numbers


def number_width(values: Integers, scale: int) -> int:
    """The slot width that these values need: one of two, so that templates are few."""
    return _narrow(scale) if _is_tabled(values) else 21 + scale


def numbers(values: Integers, scale: int, width: int, closes: bool = False) -> Cells:
    """`value / 10**scale` with all its decimals; where it closes its string, with the closing quote."""
    if _is_tabled(values):
        return Cells(_padded(_decimals(scale, closes).take(values, axis=0), width))
    end = '"' if closes else ""
    return Cells(_table([decimal(number, scale) + end for number in values.tolist()], width))


def decimal(value: int, scale: int) -> str:
    """One number with all its decimals: (50, 1) is 5.0."""
    digits = str(abs(value)).rjust(scale + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def closing_numbers(values: Integers, width: int) -> Cells:
    """Whole numbers that end a string: the closing quote and blanks behind."""
    return Cells(_table([f'{number}"' for number in _same(values).tolist()], width))


def texts(quoted: Sequence[bytes], width: int) -> Cells:
    """Texts that a notation has quoted. ValueError where one is wider than the slot."""
    if any(len(text) > width for text in quoted):
        raise ValueError(f"a text is wider than its slot of {width}")
    joined = b"".join(text.ljust(width) for text in quoted)
    return Cells(np.frombuffer(joined, np.uint8).reshape(len(quoted), width))


def version_id(amendments: int, content: int, revision: str) -> str:
    """meta.versionId `<amendments + 1>-<revision>` (`data.md`, versions), with what tells two contents of one
    version apart (`Group.content`) after the number: `3.8c9f21d0-<revision>`."""
    return f"{amendments + 1}.{content:x}-{revision}" if content else f"{amendments + 1}-{revision}"


def versions(amendments: Integers, content: Integers | None, revision: str, width: int) -> Cells:
    """versionIds with closing quote and blanks; `content` None: 0 for all."""
    told = np.zeros(1, np.int64) if content is None else _same(content)
    if len(told) == 1 and (not len(amendments) or amendments.max() < 256):
        return Cells(_padded(_versions(revision, int(told[0])).take(_same(amendments), axis=0), width))
    both = zip(amendments.tolist(), np.broadcast_to(told, len(amendments)).tolist(), strict=True)
    return Cells(_table([f'{version_id(*each, revision)}"' for each in both], width))


def version_width(revision: str, is_sampled: bool = False, has_content: bool = False) -> int:
    """Width of a versionId's slot: 255 amendments, or for a chunk ms since 1970."""
    return len(revision) + (16 if is_sampled else 5) + (9 if has_content else 0)


@lru_cache(maxsize=64)
def _versions(revision: str, content: int) -> NDArray[np.uint8]:
    width = version_width(revision, has_content=content > 0)
    return _table([f'{version_id(each, content, revision)}"' for each in range(256)], width)


def _padded(texts: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    if texts.shape[1] == width:
        return texts
    out = np.full((len(texts), width), ord(" "), np.uint8)
    out[:, : texts.shape[1]] = texts
    return out


def _narrow(scale: int) -> int:
    return max(5, scale + 2) if scale else 4


def _is_tabled(values: Integers) -> bool:
    return not len(values) or bool(values.min() >= 0 and values.max() < _TABLED)


@lru_cache(maxsize=32)
def _decimals(scale: int, closes: bool) -> NDArray[np.uint8]:
    end = '"' if closes else ""
    return _table([decimal(number, scale) + end for number in range(_TABLED)], _narrow(scale) + closes)


def _table(texts: list[str], width: int) -> NDArray[np.uint8]:
    """ASCII texts left-aligned with blanks: uint8[n, width]. ValueError where one is too long."""
    if any(len(text) > width for text in texts):
        raise ValueError(f"a text is wider than its slot of {width}")
    joined = "".join(text.ljust(width) for text in texts).encode("ascii")
    return np.frombuffer(joined, np.uint8).reshape(len(texts), width)


def _same(values: Integers) -> NDArray[np.int64]:
    """The values as int64, or just the first where all are equal."""
    if len(values) > 1 and bool((values == values[0]).all()):
        values = values[:1]
    return values.astype(np.int64, copy=False)
