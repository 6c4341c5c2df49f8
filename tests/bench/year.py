"""A year of one invented person as four fully quoted Clarity exports: 105,120 EGV rows in all.

Law: deterministic (seeded), exact in form (dexcom G6, 14 columns, every field quoted, CRLF), no real
person. The walk reverts to its mean, jitters by a second in 8 % of rows, as exports do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

ROWS: Final = 105_120
FILES: Final = 4
HEADER: Final = (
    "Index",
    "Timestamp (YYYY-MM-DDThh:mm:ss)",
    "Event Type",
    "Event Subtype",
    "Patient Info",
    "Device Info",
    "Source Device ID",
    "Glucose Value (mg/dL)",
    "Insulin Value (u)",
    "Carb Value (grams)",
    "Duration (hh:mm:ss)",
    "Glucose Rate of Change (mg/dL/min)",
    "Transmitter Time (Long Integer)",
    "Transmitter ID",
)
PREAMBLE: Final = (
    ("FirstName", "", "Noor", "", "", "", "", ""),
    ("LastName", "", "Beispiel", "", "", "", "", ""),
    ("Device", "", "", "Dexcom G6 Mobile App", "android G6", "", "", ""),
)


BLANK: Final = ("", "", "", "")


def exports(start: datetime = datetime(2025, 1, 1, tzinfo=UTC)) -> list[bytes]:
    """Four files; wall time is UTC."""
    random = np.random.default_rng(20_261_120)
    seconds = np.arange(ROWS) * 300 + np.where(random.random(ROWS) < 0.08, random.integers(-1, 2, ROWS), 0)
    values = _walk(random)
    size = ROWS // FILES
    return [_file(start, seconds, values, i * size, (i + 1) * size) for i in range(FILES)]


def _walk(random: np.random.Generator) -> list[str]:
    values, now = [], 140.0
    for step in random.normal(0, 4, ROWS):
        now += step + (140 - now) * 0.01
        values.append("Low" if now < 40 else "High" if now > 400 else str(round(now)))
    return values


def _file(start: datetime, seconds: np.ndarray, values: list[str], low: int, high: int) -> bytes:
    lines = [_quoted(HEADER)]
    for index, (event, subtype, info, device, source, *rest) in enumerate(PREAMBLE, 1):
        lines.append(_quoted((str(index), "", event, subtype, info, device, source, *rest, "", "")))
    for index in range(low, high):
        stamp = (start + timedelta(seconds=int(seconds[index]))).strftime("%Y-%m-%dT%H:%M:%S")
        word = values[index] if values[index] in ("Low", "High") else ""
        tick, transmitter = divmod(index, 25_920)[1] * 300 + 7573, f"8BENC{index // 25_920}"
        lines.append(
            _quoted(
                (
                    str(index + 4),
                    stamp,
                    "EGV",
                    word,
                    "",
                    "",
                    "android G6",
                    values[index],
                    *BLANK,
                    str(tick),
                    transmitter,
                )
            )
        )
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _quoted(cells: tuple[str, ...]) -> str:
    return ",".join(f'"{cell}"' for cell in cells)
