"""What rules leave unread: filled cells that the row's rules do not look at.

Law (`mapping.md`, field accounting): warned of, never lost in silence. Words by which rules choose, times and
devices are read always; where several passes read a row, what one of them uses is read. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bridge.mapping.cells import Mask
from bridge.mapping.judge import Judged
from bridge.mapping.language import PartSpec, TableSpec
from bridge.mapping.sheet import Sheet
from bridge.mapping.wanted import BLANK, FILLED


def unread(sheet: Sheet, passes: Sequence[Judged]) -> Iterator[str]:
    """A warning for each rule and field where cells are filled that nobody reads."""
    spec = passes[0].spec
    always = _always(spec)
    filled = {
        name: sheet.filled(name) for name in sheet.columns if name not in always and name not in spec.adds
    }
    for one in passes:
        for place, rule in one.rules():
            if rule.stream is None:
                continue
            rows = one.fate == place
            for name in sorted(filled.keys() - rule.used - {*rule.beside}):
                lost = rows & filled[name]
                if lost.any() and len(passes) > 1:
                    lost &= ~_read_elsewhere(name, one, passes)
                if lost.any():
                    first = int(np.flatnonzero(lost)[0])
                    yield (
                        f"{int(lost.sum())} {rule.name} rows also fill {sheet.field_word} "
                        f"{sheet.headings[name]!r}, which was not read there (first: {sheet.place(first)})"
                    )


def _always(spec: PartSpec) -> frozenset[str]:
    """Fields that are read in every row, and what a section tells of itself."""
    time, device = spec.time, spec.device
    offset = {time.offset.minutes, time.offset.local} if time.offset else set()
    named = {device.serial, device.install, device.model} if device else set()
    rules = (rule for one in spec.passes for rule in one.rules)
    words = {n for r in rules for o in r.when for n, w in o.items() if w not in ((FILLED,), (BLANK,))}
    fields = spec.fields if isinstance(spec, TableSpec) else {}
    told = {name for name, field in fields.items() if field.section is not None}
    always = {*time.field, time.utc, *offset, *named, *words, *told, *spec.reads}
    return frozenset(name for name in always if name)


def _read_elsewhere(name: str, mine: Judged, passes: Sequence[Judged]) -> Mask:
    """Rows where the rule of another pass uses a field."""
    found = np.zeros(len(mine.sheet), np.bool_)
    for other in passes:
        if other is mine:
            continue
        for place, rule in other.rules():
            if rule.stream is not None and (name in rule.used or name in rule.beside):
                found |= other.fate == place
    return found
