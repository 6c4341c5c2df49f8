"""The account of a source: every row once, whatever its parts and passes made of it.

Law (`mapping.md`, field accounting): a row is read where any pass reads it, else rejected where any pass rejects
it, else ignored by the first rule that says so; so the numbers add up on the level of rows, and the readings
of each stream are told beside them. What a row lost in one pass while another read it is a warning. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Account, Rejected
from bridge.mapping.batches import Drawn
from bridge.mapping.opened import Opened
from bridge.mapping.sheet import Sheet
from bridge.mapping.unread import unread
from bridge.reading import Stream


def account_of(drawn: Sequence[Drawn], sheets: Sequence[Sheet], opened: Opened) -> Account:
    """The account of all parts."""
    read: Counter[Stream] = Counter()
    ignored: Counter[str] = Counter(opened.ignored)
    rejected, warnings, further = list[Rejected](), list(opened.warnings), 0
    for sheet in sheets:
        passes = [one for one in drawn if one.judged.sheet is sheet]
        times = np.zeros(len(sheet), np.int16)
        for one in passes:
            times += _counted(one, read)
        further += int(np.maximum(times - 1, 0).sum())
        why = _why(passes)
        ignored.update(_ignored(passes, times, why))
        rejected += [
            Rejected(int(sheet.line[row]), why[row], sheet.part) for row in sorted(why) if not times[row]
        ]
        warnings += _warnings(sheet, passes, {row: why[row] for row in sorted(why) if times[row]})
    if not any(len(sheet) for sheet in sheets) and not opened.ignored:
        warnings.append(opened.empty)
    unknown = Counter(opened.unknown)
    for sheet in sheets:
        unknown.update(sheet.unknown_in)
    return Account(
        rows=sum(len(sheet) for sheet in sheets) + sum(opened.ignored.values()),
        read=dict(read),
        further=further,
        ignored=dict(ignored),
        rejected=tuple(rejected),
        fields_ignored=_once([*(name for sheet in sheets for name in sheet.binding.ignored), *opened.left]),
        fields_unknown=_once([*(n for s in sheets for _, n in s.binding.unknown), *opened.unknown]),
        unknown_in=dict(unknown),
        warnings=_once(warnings),
    )


def _once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _counted(one: Drawn, read: Counter[Stream]) -> NDArray[np.int16]:
    """Which rows a pass read (0, 1); its readings by stream are added to `read`."""
    times = np.zeros(len(one.judged.sheet), np.int16)
    for place, rule in one.judged.rules():
        rows = one.judged.of(place)
        if rule.stream is not None and len(rows):
            read[rule.stream] += len(rows)
            times[rows] = 1
    return times


def _ignored(passes: Sequence[Drawn], times: NDArray[np.int16], why: Mapping[int, str]) -> Counter[str]:
    """Rows that nobody read or rejected, under the first rule that ignores them."""
    found: Counter[str] = Counter()
    free = times == 0
    free[list(why)] = False
    for one in passes:
        for place, rule in one.judged.rules():
            rows = free & (one.judged.fate == place)
            if rule.ignore and rows.any():
                found[rule.name] += int(rows.sum())
                free &= ~rows
    return found


def _why(passes: Sequence[Drawn]) -> dict[int, str]:
    """The first reason for each row that some pass rejects. That the first pass has no rule for a row is no
    reason where another has one."""
    first = passes[0].judged
    fits = np.zeros(len(first.sheet), np.bool_)
    for one in passes[1:]:
        fits |= one.judged.fate >= 0
    found: dict[int, str] = {}
    for one in passes:
        for row, why in one.judged.reasons.why.items():
            unruled = one.judged is first and first.fate[row] < 0 and row not in first.sheet.faults
            if not (unruled and fits[row]):
                found.setdefault(row, why)
    return found


def _warnings(sheet: Sheet, passes: Sequence[Drawn], partly: Mapping[int, str]) -> Iterator[str]:
    yield from sheet.warnings
    if sheet.binding.foreign:
        yield f"headings in words not known were read by place: {', '.join(sheet.binding.foreign)}"
    for one in passes:
        for place, rule in one.judged.rules():
            if rule.warn:
                rows = np.flatnonzero(one.judged.fate == place)
                yield f"{len(rows)} rows (first: {sheet.place(int(rows[0]))}): {rule.warn}"
    if partly:
        first = next(iter(partly))
        yield f"{len(partly)} records were read in part (first: {sheet.place(first)}): {partly[first]}"
    yield from unread(sheet, [one.judged for one in passes])
    for one in passes:
        yield from one.clocked.warnings
