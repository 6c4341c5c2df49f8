"""Which stream, unit, grain and kind a code, category or status of a search means: the mappings, read backwards.

Law: only what has a FHIR shape can be asked for; a token that means nothing finds nothing, it is no
error (R4 3.1.1.4.10). The answer is a set of selectors that go into the gate's query: a code that only some rows
of a stream wear selects those rows there, and nothing is filtered afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from bridge.consent.asked import Grain, Selector, met
from bridge.fhir import administration, observation, terms
from bridge.fhir.elements import spelled
from bridge.fhir.summaries import Worn, worn
from bridge.fhir.variant import has_amount
from bridge.mapping import Mappings, Shape
from bridge.mapping.resources import ADMINISTRATION, OBSERVATION, READING_TYPES, TYPE_OF
from bridge.mapping.shapes import ANY
from bridge.reading import KINDS, Stream, Unit

MEANS = (Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY)
"""Grains that leave as means under a mean code."""
ADMINISTRATION_STATUS: Final = "http://terminology.hl7.org/CodeSystem/medication-admin-status"
OBSERVATION_STATUS: Final = "http://hl7.org/fhir/observation-status"

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
    """Rows that can be asked for, and one thing that is written on them."""

    selector: Selector
    said: Coded


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All terms of the mappings in force: everything, and what wears which code, category, status, unit and profile.
    `groups`: the Observations by the codes that they wear together; no row is in two. `parts`: what the Observations of
    summaries wear."""

    whole: frozenset[Selector]
    codes: tuple[Term, ...]
    categories: tuple[Term, ...]
    statuses: tuple[Term, ...]
    units: tuple[Term, ...]
    profiles: tuple[Term, ...]
    groups: tuple[frozenset[Selector], ...]
    parts: Mapping[str, Worn]

    @classmethod
    def of(cls, mappings: Mappings) -> Vocabulary:
        """The terms of every shape."""
        formats = [mappings.formats[name] for name in sorted(mappings.formats)]
        shapes = {(stream, id(shape)): shape for each in formats for stream, shape in each.fhir.items()}

        def every(terms: Callable[[Mappings, Stream, Shape], Iterator[Term]]) -> tuple[Term, ...]:
            told = (term for (stream, _), shape in shapes.items() for term in terms(mappings, stream, shape))
            return tuple(dict.fromkeys(told))

        whole = frozenset(
            selector for (stream, _), shape in shapes.items() for selector in _whole(stream, shape)
        )
        codes = every(_codes)
        groups = tuple(_together(codes))
        written = every(_categories), every(_statuses), every(_units), every(_profiles)
        return cls(whole, codes, *written, groups, worn(mappings))

    def everything(self, kind: str | None = None) -> frozenset[Selector]:
        """Everything that has a FHIR shape; with `kind` what is of that type."""
        if kind not in READING_TYPES:
            return self.whole
        return frozenset(each for each in self.whole if TYPE_OF[each.stream] == kind)

    def coded(self, tokens: Sequence[Token]) -> frozenset[Selector]:
        """What carries one of these codes."""
        return _meant(self.codes, tokens)

    def profiled(self, canonicals: Collection[str]) -> frozenset[Selector]:
        """What claims one of these profiles; what claims none has ''."""
        return frozenset(each.selector for each in self.profiles if each.said[1] in canonicals)

    def parts_coded(self, tokens: Sequence[Token]) -> frozenset[str]:
        """The Observations of a summary that carry one of these codes."""
        return self._parts(lambda each: any(token.means(one) for token in tokens for one in each.codes))

    def parts_categorised(self, tokens: Sequence[Token]) -> frozenset[str]:
        """Those that lie in one of these categories."""
        return self._parts(lambda each: any(token.means(one) for token in tokens for one in each.categories))

    def parts_profiled(self, canonicals: Collection[str]) -> frozenset[str]:
        """Those that claim one of these profiles."""
        return self._parts(lambda each: not each.profiles.isdisjoint(canonicals))

    def _parts(self, test: Callable[[Worn], bool]) -> frozenset[str]:
        return frozenset(part for part, each in self.parts.items() if test(each))

    def measured(self, token: Token) -> frozenset[Selector]:
        """What is told with an amount in that unit: its system and code, or '' and its text."""
        return _meant(self.units, (token,))

    def grouped(self, within: frozenset[Selector]) -> tuple[frozenset[Selector], ...]:
        """What of `within` wears the same codes, group by group."""
        found = (met(group, within) for group in self.groups)
        return tuple(group for group in found if group)

    def categorised(self, tokens: Sequence[Token]) -> frozenset[Selector]:
        """What lies in one of these categories."""
        return _meant(self.categories, tokens)

    def standing(self, tokens: Sequence[Token]) -> frozenset[Selector]:
        """What has one of these statuses."""
        return _meant(self.statuses, tokens)


def _meant(terms: Sequence[Term], tokens: Sequence[Token]) -> frozenset[Selector]:
    return frozenset(t.selector for t in terms if any(token.means(t.said) for token in tokens))


def _whole(stream: Stream, shape: Shape) -> Iterator[Selector]:
    for unit in shape.code:
        yield Selector(stream, _unit(unit), Grain.RAW)
    for unit in shape.mean:
        yield from (Selector(stream, unit, grain) for grain in MEANS)


def _unit(unit: str) -> Unit | None:
    return None if unit == ANY else Unit(unit)


def _codes(mappings: Mappings, stream: Stream, shape: Shape) -> Iterator[Term]:
    kinds = _numbers(stream)
    apart = {name: names for name, names in shape.by_kind.code.items() if name in kinds}
    rest = frozenset(number for name, number in kinds.items() if name not in apart) if apart else None
    for unit, names in shape.code.items():
        yield from _worn(mappings, Selector(stream, _unit(unit), Grain.RAW, rest), names)
    for name, names in apart.items():
        yield from _worn(mappings, Selector(stream, None, Grain.RAW, frozenset({kinds[name]})), names)
    for unit, names in shape.mean.items():
        for grain in MEANS:
            yield from _worn(mappings, Selector(stream, unit, grain), names)


def _together(codes: Sequence[Term]) -> Iterator[frozenset[Selector]]:
    """Selectors of Observations by their codes; what could select one row is in one group."""
    worn: dict[Selector, set[Coded]] = {}
    for term in codes:
        if TYPE_OF[term.selector.stream] == OBSERVATION:
            worn.setdefault(term.selector, set()).add(term.said)
    groups: list[tuple[set[Selector], set[Coded]]] = []
    for selector, said in worn.items():
        near = [each for each in groups if each[1] == said or any(selector.meets(one) for one in each[0])]
        groups = [each for each in groups if each not in near]
        groups.append(
            ({selector}.union(*(each[0] for each in near)), said.union(*(each[1] for each in near)))
        )
    yield from (frozenset(selectors) for selectors, _ in groups)


def _categories(mappings: Mappings, stream: Stream, shape: Shape) -> Iterator[Term]:
    kinds = _numbers(stream)
    apart = {name: names for name, names in shape.by_kind.category.items() if name in kinds}
    rest = frozenset(number for name, number in kinds.items() if name not in apart) if apart else None
    yield from _worn(mappings, Selector(stream, kinds=rest), shape.category)
    for name, names in apart.items():
        yield from _worn(mappings, Selector(stream, kinds=frozenset({kinds[name]})), names)


def _statuses(mappings: Mappings, stream: Stream, shape: Shape) -> Iterator[Term]:
    if TYPE_OF[stream] == ADMINISTRATION:
        for status, selector in administration.statuses(stream, shape):
            yield Term(selector, (ADMINISTRATION_STATUS, status))
        return
    for status, selector in observation.statuses(stream):
        yield Term(selector, (OBSERVATION_STATUS, status))


def _units(mappings: Mappings, stream: Stream, shape: Shape) -> Iterator[Term]:
    """Observations with an amount, by the code and by the text of its unit."""
    if TYPE_OF[stream] == ADMINISTRATION or shape.by_kind.value:
        return
    for told, names in (*shape.code.items(), *shape.mean.items()):
        wearing = [mappings.codes[name] for name in names]
        for unit in Unit if told == ANY else (Unit(told),):
            if has_amount(stream, unit):
                written = spelled(unit, shape, mappings, wearing)
                yield Term(Selector(stream, unit), (terms.UCUM, written.ucum))
                yield Term(Selector(stream, unit), ("", written.unit))


def _profiles(mappings: Mappings, stream: Stream, shape: Shape) -> Iterator[Term]:
    for unit, canonical in shape.profile.items():
        yield Term(Selector(stream, unit, Grain.RAW), ("", canonical or ""))
    for unit, canonical in shape.mean_profile.items():
        yield from (Term(Selector(stream, unit, grain), ("", canonical or "")) for grain in MEANS)


def _worn(mappings: Mappings, selector: Selector, names: Sequence[str]) -> Iterator[Term]:
    for name in names:
        code = mappings.codes[name]
        yield Term(selector, (code.system, code.code))


def _numbers(stream: Stream) -> dict[str, int]:
    """The kinds of a stream by name."""
    table = KINDS.get(stream)
    return {each.name.lower(): int(each) for each in table} if table else {}
