"""Which stream, unit and grain a code or category of a search means: the mappings, read backwards.

Law: only what has a FHIR shape can be asked for; a token that means nothing finds nothing, it is no
error (R4 3.1.1.4.10). The answer is a set of selectors that go into the gate's query. Two formats that
a site maps to different codes for one stream are told apart by the rendered code, see `Term`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bridge.consent.asked import Grain, Selector
from bridge.mapping import Format, Mappings

MEANS = (Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY)
"""Grains that leave as means under a mean code."""

Coded: TypeAlias = tuple[str, str]
"""(system, code)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A value of a token parameter (R4 3.1.1.4.10). None stands for any, '' as system for none."""

    system: str | None
    code: str | None

    def means(self, coded: Coded) -> bool:
        """Whether this (system, code) is meant."""
        system, code = coded
        return self.system in (None, system) and self.code in (None, code)


@dataclass(frozen=True, slots=True)
class Term:
    """One kind of Observation that can be asked for, with what is written on it."""

    selector: Selector
    code: Coded
    categories: tuple[Coded, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All terms of the mappings in force."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, mappings: Mappings) -> Vocabulary:
        """The terms of every shape."""
        formats = (mappings.formats[name] for name in sorted(mappings.formats))
        return cls(tuple(dict.fromkeys(term for each in formats for term in _terms(mappings, each))))

    def everything(self) -> frozenset[Selector]:
        """Everything that has a FHIR shape."""
        return frozenset(term.selector for term in self.terms)

    def coded(self, tokens: Sequence[Token]) -> frozenset[Selector]:
        """What carries one of these codes."""
        return self._where(tokens, lambda term: (term.code,))

    def categorised(self, tokens: Sequence[Token]) -> frozenset[Selector]:
        """What lies in one of these categories."""
        return self._where(tokens, lambda term: term.categories)

    def _where(self, tokens: Sequence[Token], on: Callable[[Term], tuple[Coded, ...]]) -> frozenset[Selector]:
        meant = (t for t in self.terms if any(token.means(coded) for token in tokens for coded in on(t)))
        return frozenset(term.selector for term in meant)


def _terms(mappings: Mappings, spoken: Format) -> Iterator[Term]:
    def said(name: str) -> Coded:
        code = mappings.codes[name]
        return code.system, code.code

    for stream, shape in spoken.fhir.items():
        categories = tuple(said(name) for name in shape.category)
        for unit, name in shape.code.items():
            yield Term(Selector(stream, unit, Grain.RAW), said(name), categories)
        for unit, name in shape.mean.items():
            for grain in MEANS:
                yield Term(Selector(stream, unit, grain), said(name), categories)
