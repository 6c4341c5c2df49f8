"""Which rows of a group must be said differently: one integer a row, from its columns.

Law: pure, whole columns at once. What is not told of a stream does not part its rows: flags that change nothing,
kinds of a stream without kinds. Texts part rows only by the width of their slot, a power of two, so that templates
stay few and hold no words.

Rejected: a template for each text (a person's words in a cache that outlives the answer).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.chunks import UNKNOWN
from bridge.consent.disclosure import Group
from bridge.fhir import cells
from bridge.fhir.fills import Cut, Integers
from bridge.fhir.samples import WIDTH, spelled
from bridge.fhir.variant import (
    ABOVE,
    AMENDED,
    BELOW,
    FINE,
    GIVEN,
    KIND_AT,
    KINDS_MOST,
    MARKED,
    OPEN,
    PROGRAMMED,
    SPAN,
    TEXT_AT,
    has_amount,
)
from bridge.mapping.resources import OBSERVATION, TYPE_OF
from bridge.reading import INTERVALS, KINDS, NONE_PROGRAMMED, Flag

_NARROWEST: Final = 5
"""Power of two of the narrowest slot for a text."""


def marks_of(group: Group, quoted: Callable[[str], bytes]) -> Integers:
    """The marks of each row: int64[n], parts as `variant.py` lays them."""
    if group.is_sampled:
        return _of_chunks(group)
    columns, instants = group.columns, group.columns["instant"].astype(np.int64, copy=False)
    is_mean = group.grain is not Grain.RAW
    marks = np.zeros(len(group.at), np.int64)
    marks[instants % 1000 != 0] |= FINE
    marks[group.version > 0] |= AMENDED
    if "flags" in columns:
        marks |= columns["flags"].astype(np.int64) & _said(group, is_mean)
    if is_mean:
        return marks
    if "end" in columns and group.stream in INTERVALS:
        ends = columns["end"].astype(np.int64, copy=False)
        spans = ends > instants
        marks[spans] |= SPAN
        marks[spans & (ends % 1000 != 0)] |= FINE
    if "kind" in columns and group.stream in KINDS:
        marks |= columns["kind"].astype(np.int64) << KIND_AT
    if "programmed" in columns and TYPE_OF[group.stream] != OBSERVATION:
        marks[_otherwise(group)] |= PROGRAMMED
    if "text" in columns:
        marks |= _widths([str(text) for text in columns["text"]], quoted) << TEXT_AT
    return marks


def _of_chunks(group: Group) -> Integers:
    columns = group.columns
    marks = columns["flags"].astype(np.int64)
    marks[columns["instant"].astype(np.int64) % 1000 != 0] |= FINE
    for name, mark in (("amended", AMENDED), ("open", OPEN)):
        marks[columns[name] != 0] |= mark
    for name, mark in (("lower", BELOW), ("upper", ABOVE)):
        marks[columns[name] != UNKNOWN] |= mark
    widths = [len(text) + 1 for text in spelled(columns["samples"], group.scale)]
    return marks | -(-np.array(widths, np.int64) // WIDTH) << TEXT_AT


def data_width(marks: int) -> int:
    """The width of the slot for the samples of chunks."""
    return (marks >> TEXT_AT) * WIDTH


def kind_of(marks: int) -> int:
    """The kind in a row's marks."""
    return marks >> KIND_AT & KINDS_MOST


def text_width(marks: int) -> int:
    """The width of the text's slot in a row's marks, 0 where there is no text."""
    power = marks >> TEXT_AT
    return 1 << power if power else 0


def value_width(cut: Cut, marks: int) -> int:
    """The width that the amounts of these rows need, 0 where none is told."""
    if not has_amount(cut.group.stream, cut.group.unit):
        return 0
    names: tuple[str, ...] = ("value", "programmed") if marks & PROGRAMMED else ("value",)
    if cut.group.is_sampled:
        names = (*_limits(marks),)
    return max((cells.number_width(cut.column(name), cut.group.scale) for name in names), default=0)


def _limits(marks: int) -> Iterator[str]:
    """The limits that chunks tell."""
    yield from (name for name, mark in (("lower", BELOW), ("upper", ABOVE)) if marks & mark)


def _said(group: Group, is_mean: bool) -> int:
    if is_mean:
        return int(Flag.RETRACTED)
    return int(MARKED if TYPE_OF[group.stream] == OBSERVATION else GIVEN)


def _otherwise(group: Group) -> NDArray[np.bool_]:
    """Where something else was programmed than given."""
    programmed = group.columns["programmed"]
    return np.asarray((programmed != NONE_PROGRAMMED) & (programmed != group.columns["value"]))


def _widths(texts: list[str], quoted: Callable[[str], bytes]) -> Integers:
    """Of each text the power of two that holds it with its quote: int64[n], 0 where there is none."""
    found = [len(quoted(text)) if text.strip() else 0 for text in texts]
    return np.array([max(_NARROWEST, (size - 1).bit_length()) if size else 0 for size in found], np.int64)
