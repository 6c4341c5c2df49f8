"""Recordings are ours: no row of a real export, and no stamp of one beside a value, is in any of them.

Law: real exports are never copied, not even a row (`house-style.md`, fixtures). Stamps to the second are held
against all of them, for a person is found by them; the first instants of clocks (1970, a pump's new year) are
nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.adapters.recordings import FAMILIES, committed

STAMP: Final = re.compile(
    r"(?P<year>\d{4})[-/]\d\d[-/]\d\d(?:[T ]|\"?[;,\t]\"?)\d\d:\d\d:\d\d"
    r"|\b\d{1,2}[-/]\d{1,2}[-/]\d{2,4}(?:[ ]|\"?[;,\t]\"?)\d{1,2}:\d\d:\d\d(?: [AP]M)?|\b1[4-7]\d{11}\b"
)
_NOBODYS: Final = re.compile(r"1970|0001|2015.12.31|2016.01.01")
TEXTS: Final = (".csv", ".json", ".ndjson", ".tab", ".tsv", ".txt")
LARGEST: Final = 100 * 1024 * 1024
LEAST: Final = 25
"""A line shorter than this is a bracket, a heading's rest or a lone name."""


def text(path: Path) -> str:
    """A file as text, whatever its encoding."""
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return data.decode("utf-16" if wide else "utf-8-sig", "replace")


def stamps(path: Path) -> Iterator[str]:
    """Every stamp with seconds, alike in all ways of writing it down."""
    for found in STAMP.finditer(text(path)):
        if not _NOBODYS.match(found[0]):
            yield re.sub(r"[^\dAP]+", " ", found[0])


def rows(path: Path) -> Iterator[str]:
    """Every line with a date in it, without quotes and without the number that some exports begin a row with."""
    for line in text(path).splitlines():
        if (found := STAMP.search(line)) and not _NOBODYS.match(found[0]) and len(line) > LEAST:
            yield re.sub(r"[;,\t]", ",", re.sub(r"^\"?\d*\"?[;,\t]|[\"\s]", "", line))


def test_no_row_and_no_stamp_of_a_recording_is_a_real_one(shared: Path) -> None:
    ours = [path for family in FAMILIES for path in committed(family) if path.suffix in TEXTS]
    said = {path: ({*stamps(path)}, {*rows(path)}) for path in ours}
    assert sum(len(found) for found, _ in said.values()) > 5_000
    real = [path for path in sorted((shared / "data").rglob("*")) if path.suffix.lower() in TEXTS]
    assert len(real) > 100
    for theirs in real:
        if theirs.stat().st_size > LARGEST:
            continue
        their_stamps, their_rows = {*stamps(theirs)}, {*rows(theirs)}
        for path, (our_stamps, our_rows) in said.items():
            same = our_stamps & their_stamps or our_rows & their_rows
            assert not same, (
                f"{path.parent.name}/{path.name} and {theirs.name} share {len(same)} stamps or rows"
            )
