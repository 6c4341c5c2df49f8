"""The sections of a file of the Nightscout Data Exporter: glucose first, treatments below, each with a header.

Law (form read in the program, its file of 2026): a section begins with a line `# NAME`; the next line is its
header. A section of another name is told apart by its name, never read as one of these. Dates are as the browser
writes them: English of the United States puts the month first and says AM and PM, all other English with a
12-hour clock the day, and says am and pm (Unicode CLDR, dayPeriods of en and en-001).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from bridge.mapping.dates import Stamps
from bridge.mapping.sheet import Sheet
from bridge.mapping.stages import Section, Sectioned
from bridge.mapping.table import Table

KINDS: Final[Mapping[str, str]] = {"# cgm entries": "entries", "# treatments": "treatments"}


def sections(table: Table) -> Sectioned:
    """The sections of the text."""
    firsts = table.column(0).texts()
    heads = [row for row, text in enumerate(firsts) if text.startswith("#")]
    found = []
    for head, end in zip(heads, [*heads[1:], len(table)], strict=True):
        name = firsts[head].casefold()
        kind = next((kind for start, kind in KINDS.items() if name.startswith(start)), name.strip("# "))
        header = tuple(table.cells(head + 1)) if head + 1 < end else ()
        found.append(Section(kind, header, np.arange(min(head + 2, end), end)))
    return Sectioned(tuple(found))


def date_order(sheet: Sheet, found: Mapping[str, Stamps]) -> str | None:
    """The mask that the letters of AM and PM decide for; None where they do not tell."""
    ends = {text[-2:] for text in sheet.column("clock").words().texts if text}
    first = "MM" if ends <= {"AM", "PM"} else "DD" if ends <= {"am", "pm"} else ""
    return next((mask for mask in found if first and mask.startswith(first)), None)
