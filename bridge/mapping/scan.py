"""One pass over the bytes of a table: where its delimiters are, and whether bytes alone can split it.

Law: pure, in pieces that stay in the processor's cache; every fact is exact, none is sampled. The facts say
whether a file is regular (`table.regular`), nothing here decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.mapping.cells import Bytes, Index, Ints

PIECE: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Facts:
    """`marks`: -1, then places of delimiters and line ends; `ends`: places of line ends. `quotes`, `returns`: how many;
    `paired`: carriage returns before a line end; `bare`: delimiters without a quote on both sides; `thin`:
    whether a cell of one byte exists; `blanks`: places of blanks and tabs that are no delimiter."""

    marks: Index
    ends: Ints
    quotes: int
    returns: int
    paired: int
    bare: int
    thin: bool
    blanks: Ints


def scan(body: Bytes, delimiter: int) -> Facts:
    """The facts of a buffer. It ends with a line end."""
    marks, ends, blanks = [np.array([-1], np.int32)], list[Ints](), list[Ints]()
    quotes = returns = paired = bare = 0
    thin = False
    for start in range(0, len(body), PIECE):
        # Two bytes of the piece before and one of the next, so that nothing is missed at a seam.
        low = max(start - 2, 0)
        piece, inner = body[low : start + PIECE + 1], slice(start - low, start - low + PIECE)
        quote, end, part = piece == 34, piece == 10, piece == delimiter
        back, gap = piece == 13, (piece == 32) | ((piece == 9) & ~part)
        mark = part | end
        thin = thin or bool((mark[:-2] & mark[2:]).any())
        marks.append((np.flatnonzero(mark[inner]) + start).astype(np.int32))
        ends.append(np.flatnonzero(end[inner]) + start)
        blanks.append(np.flatnonzero(gap[inner]) + start)
        quotes += int(np.count_nonzero(quote[inner]))
        flanked = np.zeros(len(piece), np.bool_)
        flanked[1:-1] = quote[:-2] & quote[2:]
        bare += int(np.count_nonzero((part & ~flanked)[inner]))
        if back.any():
            returns += int(np.count_nonzero(back[inner]))
            before = np.zeros(len(piece), np.bool_)
            before[:-1] = end[1:]
            paired += int(np.count_nonzero((back & before)[inner]))
    return Facts(np.concatenate(marks), _one(ends), quotes, returns, paired, bare, thin, _one(blanks))


def _one(pieces: list[Ints]) -> Ints:
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
