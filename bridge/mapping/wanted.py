"""What a mapping may demand of a cell: filled, blank, a word, or a range of numbers.

Law (`mapping.md`): a closed form, no expressions. `filled`, `blank`, `>= 39`, `< 20`, `= 1`, `40..400` (both
ends count) or a word, compared in any case (`xdrip*`: its beginning); of several demands one is enough. YAML's
true, 3 and false stand for the words that they are written with.
Rejected: a language of conditions (`and`, `not`): rules in order say the same and can be checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

from pydantic import BeforeValidator

FILLED: Final = "filled"
BLANK: Final = "blank"
_SIDE: Final = re.compile(r"(<=|>=|<|>|=) ?(-?\d+(?:\.\d+)?)")
_SPAN: Final = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A range of numbers: None is no end; an end counts where it is `closed`."""

    low: Decimal | None
    high: Decimal | None
    low_closed: bool = True
    high_closed: bool = True


@lru_cache(maxsize=1024)
def span(text: str, *, plain: bool = False) -> Span | None:
    """The range that a demand names; None where it is a word. `plain`: a bare number is one, too."""
    if found := _SPAN.fullmatch(text):
        return Span(Decimal(found[1]), Decimal(found[2]))
    if found := _SIDE.fullmatch(text):
        end = Decimal(found[2])
        return {
            "<": Span(None, end, high_closed=False),
            "<=": Span(None, end),
            ">": Span(end, None, low_closed=False),
            ">=": Span(end, None),
            "=": Span(end, end),
        }[found[1]]
    if plain and _NUMBER.fullmatch(text):
        return Span(Decimal(text), Decimal(text))
    return None


def is_word(text: str, wanted: Collection[str]) -> bool:
    """Whether a text is one of some words (in small letters), or begins as one that ends in * does."""
    said = text.casefold()
    return bool(said) and any(
        said.startswith(word[:-1]) if word.endswith("*") else said == word for word in wanted
    )


def _as_written(value: object) -> object:
    """One or many, as texts: YAML reads true, 3 and yes as what they are not meant to be here."""
    many = list(value) if isinstance(value, list | tuple) else [value]
    return tuple(_text(each) for each in many)


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, int) else value


Demands = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_written, json_schema_input_type=str | bool | int | list[str | bool | int]),
]
"""One demand or a list of them."""
