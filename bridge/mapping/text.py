"""Bytes of a table become clean UTF-8 bytes: encodings, byte-order marks, damage.

Law: what is repaired is told as a warning, what cannot be trusted is refused with a sentence that names the
place and the mend. Clarity writes UTF-8 with a mark that re-saving turns into `ï»¿`; spreadsheets write
UTF-16 or Windows-1252; a copy cut off in transit ends inside a character.
Rejected: guessing encodings by statistics (a wrong guess changes names silently).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.mapping.account import Unreadable

LARGEST_FILE: Final = 256 * 1024 * 1024
"""Bytes. An account of ten years is below 60 MB."""
LARGEST_LINE: Final = 32 * 1024
"""Bytes of one line. The longest honest one is a note of some thousand letters."""
PIECE: Final = 1 << 17
"""Bytes that stay in the processor's cache while they are looked at."""
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NOTHING: Final = b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"
_CONTROLS: Final = bytes(set(range(32)) - {9, 10, 13})


@dataclass(frozen=True, slots=True)
class Clean:
    """Valid UTF-8 without marks, NULs and control characters, and what was repaired on the way."""

    data: bytes
    warnings: tuple[str, ...] = ()


def clean(data: bytes, *, lines: bool = True) -> Clean:
    """The text of a file. Unreadable: empty, too large, holding NUL bytes or, where it has `lines`, an endless
    one."""
    if not data[:4096].strip(_NOTHING) and not data.strip(_NOTHING):
        raise Unreadable("the file is empty: download the export again")
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"the file has {len(data)} bytes, more than {LARGEST_FILE}: no export is that large")
    decoded, warnings = _utf8(data)
    _refuse_nul(decoded)
    if lines:
        _refuse_endless_line(decoded)
    without = decoded
    if _has_controls(decoded):
        without = decoded.translate(None, _CONTROLS)
        warnings += (f"{len(decoded) - len(without)} control characters were left out",)
    return Clean(without, warnings)


def _utf8(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    for mark, marked in _UTF16.items():
        if data.startswith(mark):
            return _wide(data[2:], marked), ()
    if encoding := _unmarked_wide(data):
        return _wide(data, encoding), ("UTF-16 without a mark was assumed",)
    return _narrow(data.removeprefix(codecs.BOM_UTF8))


def _unmarked_wide(data: bytes) -> str | None:
    """UTF-16 of Latin text has a NUL in every second byte."""
    head = data[:200]
    for odd, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[odd::2], head[1 - odd :: 2]
        if len(zeros) > 4 and zeros.count(0) > 0.9 * len(zeros) and others.count(0) == 0:
            return encoding
    return None


def _wide(data: bytes, encoding: str) -> bytes:
    try:
        return data[: len(data) // 2 * 2].decode(encoding).encode()
    except UnicodeDecodeError as fault:
        raise Unreadable(
            f"the file is damaged UTF-16 text at byte {fault.start}: download it again"
        ) from fault


def _narrow(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    try:
        if not data.isascii():
            data.decode("utf-8")
        return data, ()
    except UnicodeDecodeError as fault:
        if fault.reason == "unexpected end of data" and fault.start >= len(data) - 3:
            return data[: fault.start], ("the file ends inside a character: it was cut off",)
    warning = "the text is not UTF-8; Windows-1252 was assumed: check names and notes for wrong letters"
    try:
        return data.decode("cp1252").encode(), (warning,)
    except UnicodeDecodeError:
        return data.decode("latin-1").encode(), (warning,)


def _refuse_nul(data: bytes) -> None:
    found = data.find(0)
    if found >= 0:
        line = data.count(b"\n", 0, found) + 1
        raise Unreadable(f"line {line} holds NUL bytes: the file is binary or damaged, download it again")


def _refuse_endless_line(data: bytes) -> None:
    start, line = 0, 1
    while len(data) - start > LARGEST_LINE:
        # The last line end within reach; lines before it are short enough.
        end = data.rfind(b"\n", start, start + LARGEST_LINE)
        if end < 0:
            line += data.count(b"\n", 0, start)
            raise Unreadable(f"line {line} is longer than {LARGEST_LINE} bytes: this is no table of readings")
        start = end + 1


def _has_controls(data: bytes) -> bool:
    """Whether there are letters below the blank other than line ends and tabs."""
    letters = np.frombuffer(data, np.uint8)
    return any(_piece_has_controls(letters[at : at + PIECE]) for at in range(0, len(data), PIECE))


def _piece_has_controls(letters: NDArray[np.uint8]) -> bool:
    low = int(np.count_nonzero(letters < 32))
    for honest in (10, 13, 9):
        if not low:
            break
        low -= int(np.count_nonzero(letters == honest))
    return low > 0
