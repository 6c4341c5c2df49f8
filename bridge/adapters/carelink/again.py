"""Rows that say nothing, rows that say again what another says, and the key of every row.

Law (`carelink.md` A4): rows that differ in `Index` alone are one; a Paradigm writes each basal change twice, an
export of several uploads whole days. Index is renumbered in each export, so a row's key is made of its stamp,
the pass of a repeated hour, and the few cells that tell what it is: the same in every export that holds the row,
whatever columns a later release adds. A repeated basal rate keeps its cell: whether a pump wrote it once or
twice tells its mode (`basal`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.adapters.carelink.pages import CONSTANT, Page, pages_of, sheets_of, with_fields
from bridge.mapping.cells import Column, Mask, coded
from bridge.mapping.sheet import Sheet

ADDED: Final = frozenset({"moved", "chain", "open", "pass", "key"})
TELLING: Final = (
    "bg", "calibration", "rejected", "bolus_type", "number", "basal", "temp_type", "prime_type", "alarm", "cleared",
    "suspend", "rewind", "carbs", "exchanges", "marker", "ble", "exception", "new_time", "action", "update",
    "associated", "disassociated", "disconnected",
)  # fmt: skip
"""Fields whose cells identify a row beside its stamp."""
KEY_BITS: Final = 49
"""A key of so many bits has at most 15 digits, which every reader of numbers keeps exactly."""


def again(parts: Sequence[tuple[str, Sheet]]) -> Sequence[Sheet]:
    """The sheets with `key` and the marks `nothing` and `again`; repeated rows are wiped."""
    pages = pages_of([(kind, _keyed(sheet)) for kind, sheet in parts])
    seen: set[tuple[object, ...]] = set()
    shared = _shared(pages)
    for page in pages:
        page.marked["again"] = []
        names = [name for name in page.sheet.columns if name not in CONSTANT and name not in ADDED]
        silent = ~_any(page, names)
        for row in np.flatnonzero(silent).tolist():
            page.mark("nothing", row)
        passes = page.texts("pass")
        for row, cells in _contents(page, names, np.flatnonzero(shared[id(page)] & ~silent)).items():
            place = (page.device, page.kind, int(page.wall[row]), passes.get(row, ""), cells)
            if place in seen:
                page.mark("again", row)
                page.wipe(row, *(name for name in names if name != "basal"))
            seen.add(place)
        for row in np.flatnonzero(page.sheet.marks["unset"]).tolist():
            page.wipe(row, *names)
    return sheets_of(pages)


def _any(page: Page, names: Sequence[str]) -> Mask:
    found = np.zeros(len(page.sheet), np.bool_)
    for name in names:
        found |= page.sheet.columns[name].filled
    return found


def _shared(pages: Sequence[Page]) -> Mapping[int, Mask]:
    """By page: rows that are not alone in their second among all blocks of one device and kind."""
    found: dict[int, Mask] = {}
    for like in {(page.device, page.kind) for page in pages}:
        mine = [page for page in pages if (page.device, page.kind) == like]
        every = np.concatenate([page.wall for page in mine])
        order = np.argsort(every, kind="stable")
        same = np.diff(every[order]) == 0
        twice = np.zeros(len(every), np.bool_)
        twice[order[1:][same]] = twice[order[:-1][same]] = True
        edges = np.cumsum([len(page.wall) for page in mine])[:-1]
        found |= {id(page): part for page, part in zip(mine, np.split(twice, edges), strict=True)}
    return found


def _contents(page: Page, names: Sequence[str], rows: NDArray[np.intp]) -> Mapping[int, tuple[str, ...]]:
    """The filled cells of some rows, each with its field."""
    found: dict[int, list[str]] = {row: [] for row in rows.tolist()}
    for name in names:
        column = page.sheet.columns[name].at(rows)
        said = np.flatnonzero(column.filled)
        for row, text in zip(rows[said].tolist(), column.at(said).texts(), strict=True):
            found[row] += (name, text)
    return {row: tuple(cells) for row, cells in found.items()}


def _keyed(sheet: Sheet) -> Sheet:
    """The sheet with a key in each row that tells more than sensor glucose."""
    stamps: dict[int, list[str]] = {}
    for name in TELLING:
        column = sheet.column(name)
        rows = np.flatnonzero(column.filled)
        for row, text in zip(rows.tolist(), column.at(rows).texts(), strict=True):
            stamps.setdefault(row, []).append(f"{name}={_plain(text)}")
    rows = np.array(sorted(stamps), np.int64)
    dates, times, passes = (sheet.column(name).at(rows).texts() for name in ("date", "time", "pass"))
    codes = np.zeros(len(sheet), np.int64)
    codes[rows] = np.arange(1, len(rows) + 1)
    texts = [
        _key("|".join((*place, *stamps[row])))
        for row, *place in zip(rows.tolist(), dates, times, passes, strict=True)
    ]
    return with_fields(sheet, {"key": _coded(texts, codes)})


def _coded(texts: Sequence[str], codes: NDArray[np.int64]) -> Column:
    return coded(["", *texts], codes)


def _plain(text: str) -> str:
    """A cell as exports of every region mean it: 1,50 is 1.5."""
    number = text.replace(",", ".")
    if number.replace(".", "", 1).isdigit() and "." in number:
        return number.rstrip("0").rstrip(".")
    return number


def _key(text: str) -> str:
    digest = blake2b(text.encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, "big") >> (64 - KEY_BITS))
