"""The cells of one name in many records, as they come piece by piece: one text, or only its runs.

Law: nothing is decided here about what a cell says; the bytes are those that were written. A maker writes the same
unit, device and arrow in thousands of records, so as long as each piece brought one cell alone, that cell and how
often it came is all that is kept: a large document costs no memory for what it repeats. The first piece that differs
makes it a text, as if it had always been one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.mapping.json_record import Cell

SEPARATOR: Final = b"\x1f"
"""Parts cells in a lot; JSON values hold no control characters."""
MOST_RUNS: Final = 256
LONGEST: Final = 1024
"""Bytes of a cell that is compared with all others of its piece."""


@dataclass(slots=True)
class Lot:
    """Cells in order. `runs`: a cell with SEPARATOR behind it, and how often it came; or else `text`: every cell
    with SEPARATOR behind it. One of both is empty."""

    runs: list[tuple[bytes, int]] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)

    def add(self, cells: Sequence[Cell]) -> None:
        """One more piece of cells."""
        if not cells:
            return
        piece = SEPARATOR.join((*cells, b""))
        if not self.text and self._ran(piece, len(cells)):
            return
        if self.runs:
            self.text += self.written()
            self.runs.clear()
        self.text += piece

    def _ran(self, piece: bytes, count: int) -> bool:
        """Whether a piece is one cell again and again, and was kept as a run."""
        one = piece[: piece.find(SEPARATOR) + 1]
        if not piece.endswith(one) or len(one) > LONGEST or piece != one * count:
            return False
        if self.runs and self.runs[-1][0] == one:
            self.runs[-1] = one, self.runs[-1][1] + count
            return True
        if len(self.runs) < MOST_RUNS:
            self.runs.append((one, count))
            return True
        return False

    def written(self) -> bytes:
        """The runs as a text."""
        return b"".join(one * count for one, count in self.runs)
