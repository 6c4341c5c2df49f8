"""Workbooks (.xlsx, .xls, .ods) as rows of text, as the same table saved as CSV would read.

Law: values only; formulas, styles and macros are never looked at; a workbook that unpacks to more than an
export can hold is refused before it is unpacked. Exports circulate re-saved as .xlsx, where dates have
become date cells and whole numbers floats.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias

from python_calamine import CalamineError, CalamineWorkbook

from bridge.mapping.account import Unreadable
from bridge.mapping.text import LARGEST_FILE

ZIP: Final = b"PK\x03\x04"
Value: TypeAlias = int | float | str | bool | time | date | datetime | timedelta


def is_workbook(data: bytes) -> bool:
    """Whether bytes are a zip archive as spreadsheets write them."""
    return data.startswith(ZIP) and any(word in data for word in (b"xl/workbook", b"[Content_Types].xml"))


def sheets(data: bytes) -> Iterator[list[list[str]]]:
    """Every sheet's rows, from its first used row on, cells as text. Unreadable where the workbook is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(each.file_size for each in archive.infolist()) > LARGEST_FILE:
                raise Unreadable(
                    f"the workbook unpacks to more than {LARGEST_FILE} bytes: no export is that large"
                )
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            yield [[_text(value) for value in row] for row in rows]
    except (zipfile.BadZipFile, CalamineError) as fault:
        raise Unreadable(f"the workbook is damaged ({fault}): save or download it again") from fault


def _text(value: Value) -> str:
    if isinstance(value, datetime):
        return f"{value + timedelta(milliseconds=500):%Y-%m-%d %H:%M:%S}".rjust(19, "0")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "".join(letter for letter in str(value) if letter >= " " or letter in "\t\n\r")
