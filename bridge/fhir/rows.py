"""A disclosure's groups as rows of templates: which template each row takes, and where it stands.

Law: every row of a page comes from exactly one group at exactly one place (`Group.at`); rows that say
the same things share a template. Nothing is left out here and nothing is added: what may leave was
decided before. Rejected: one template with blanks for every rare mark (a third more bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

import numpy as np

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.fhir import administration, observation, provenance, summaries
from bridge.fhir.consents import Permits
from bridge.fhir.fills import EVIDENCE, READING, Cut, Integers, filled
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.marks import data_width, kind_of, marks_of, text_width, value_width
from bridge.fhir.notation import Notation
from bridge.fhir.provenance import COMPUTED, Evidence
from bridge.fhir.template import Lot, Rows, Template
from bridge.fhir.tree import ID, Tree
from bridge.fhir.variant import AMENDED, BITS, BY_ID, Variant
from bridge.fhir.vocabulary import Vocabulary
from bridge.mapping import Mappings
from bridge.mapping.resources import ADMINISTRATION, OBSERVATION, TYPE_OF
from bridge.period import Instant

Elements: TypeAlias = "frozenset[str] | None"

_ALL = slice(None)
_KEPT: Final = 1024
"""Templates that are kept: they hold no reading, and a busy clinic's pages need some dozens."""
TREES: Final[Mapping[str, Callable[[Variant, Mappings, str], Tree]]] = {
    OBSERVATION: observation.tree,
    ADMINISTRATION: administration.tree,
}


class Compiler:
    """Templates of one set of mappings and one installation in one notation, made when first needed."""

    def __init__(self, mappings: Mappings, base: str, system: str, notation: Notation) -> None:
        self.mappings = mappings
        self.base = base
        self.system = system
        self.notation = notation
        self.reading = lru_cache(_KEPT)(self.replacement)
        self.provenance = lru_cache(_KEPT)(self._provenance)

    @cached_property
    def permits(self) -> Permits:
        """What each kind of a grant leaves as."""
        return Permits.of(Vocabulary.of(self.mappings))

    @cached_property
    def summed(self) -> str:
        """The revision of the codes of summaries."""
        return summaries.revision(self.mappings)

    def revision(self, format: str) -> str:
        """The revision of a format's FHIR half."""
        return self.mappings.formats[format].fhir_revision

    def replacement(self, variant: Variant, frame: Frame, etag: str | None = None) -> Template:
        """A template of readings, not kept: for `reading`, and for rows with a chart's own id."""
        tree = TREES[variant.type](variant, self.mappings, self.system)
        place = Place(self.base, self.system, variant.filed_as, etag)
        return self.notation.compiled(framed(frame, tree, ID, place), frame is not Frame.ALONE)

    def _provenance(self, evidence: Evidence, frame: Frame) -> Template:
        tree = framed(frame, provenance.tree(evidence, self.system), ID, Place(self.base, self.system))
        return self.notation.compiled(tree, frame is not Frame.ALONE)


def readings(compiler: Compiler, disclosure: Disclosure, frame: Frame, elements: Elements = None) -> Rows:
    """Every reading and mean as the resource that it leaves as. In a history (`frame` UPDATED) first versions
    are CREATED."""

    def lots() -> Iterator[Lot]:
        for group in disclosure.groups:
            for cut, variant in variants(compiler, disclosure, group, elements):
                happened = Frame.CREATED if frame is Frame.UPDATED and not variant.has(AMENDED) else frame
                template = compiler.reading(variant, happened)
                yield Lot(template, _where(disclosure, cut), filled(template, cut, READING))

    return Rows(_size(disclosure), tuple(lots()))


def provenances(compiler: Compiler, disclosure: Disclosure, frame: Frame, elements: Elements = None) -> Rows:
    """The Provenance of every reading, in the same places."""

    def lots() -> Iterator[Lot]:
        for group in disclosure.groups:
            for cut, evidence in _evidences(compiler, disclosure, group, elements):
                template = compiler.provenance(evidence, frame)
                yield Lot(template, _where(disclosure, cut), filled(template, cut, EVIDENCE))

    return Rows(_size(disclosure), tuple(lots()))


def variants(
    compiler: Compiler, disclosure: Disclosure, group: Group, elements: Elements = None
) -> Iterator[tuple[Cut, Variant]]:
    """The group's rows by what must be said about them."""
    whole, quoted = _whole(compiler, disclosure, group), compiler.notation.quoted
    for rows, marks in _alike(marks_of(group, quoted)):
        cut = replace(whole, rows=rows)
        yield (
            cut,
            Variant(
                format=group.format,
                stream=group.stream,
                unit=group.unit,
                is_mean=group.grain is not Grain.RAW,
                source_class=group.source_class,
                marks=marks & BITS,
                value_width=value_width(cut, marks),
                kind=kind_of(marks),
                text_width=data_width(marks) if group.is_sampled else text_width(marks),
                is_sampled=group.is_sampled,
                has_content=group.content is not None,
                device_kind=group.device_kind,
                elements=elements,
                device=BY_ID if group.device else None,
            ),
        )


def _whole(compiler: Compiler, disclosure: Disclosure, group: Group) -> Cut:
    return Cut(group, _subject(disclosure), compiler.revision(group.format), compiler.notation.quoted)


def _evidences(
    compiler: Compiler, disclosure: Disclosure, group: Group, elements: Elements
) -> Iterator[tuple[Cut, Evidence]]:
    has_row = np.zeros(len(group.at), np.bool_) if group.rows is None else group.rows > 0
    origins = group.origins or (COMPUTED,)
    whole = _whole(compiler, disclosure, group)
    for rows, key in _alike(group.origin.astype(np.int64) * 2 + has_row):
        yield (
            replace(whole, rows=rows),
            Evidence(
                type=TYPE_OF[group.stream],
                format=group.format,
                revision=whole.revision,
                source_class=group.source_class,
                origin=origins[key // 2],
                is_owner=disclosure.owner,
                has_rows=bool(key % 2),
                elements=elements,
                is_sampled=group.is_sampled,
                has_content=group.content is not None,
            ),
        )


def _alike(keys: Integers) -> Iterator[tuple[Integers | None, int]]:
    """Each key with the rows that have it; None where all have."""
    if not len(keys):
        return
    if bool((keys == keys[0]).all()):
        yield None, int(keys[0])
        return
    for key in sorted(set(keys.tolist())):
        yield np.flatnonzero(keys == key), key


def _subject(disclosure: Disclosure) -> str:
    if disclosure.subject is None:
        raise ValueError("readings without a subject")
    return disclosure.subject.id


def _size(disclosure: Disclosure) -> int:
    """How many rows there are; summaries that stand beside them are none."""
    return sum(len(group.at) for group in disclosure.groups)


def _where(disclosure: Disclosure, cut: Cut) -> slice | Integers:
    at = cut.at
    return _ALL if len(at) == _size(disclosure) and bool((at[1:] > at[:-1]).all()) else at


@dataclass(frozen=True, slots=True)
class Standing:
    """One row by what its reader names it: place in the page, type, versionId, lastUpdated."""

    at: int
    type: str
    version: str
    updated: Instant


def standings(compiler: Compiler, disclosure: Disclosure) -> tuple[Standing, ...]:
    """Every row, in page order."""
    found = (
        Standing(int(at), TYPE_OF[group.stream], version, int(updated))
        for group in disclosure.groups
        for at, version, updated in zip(
            group.at, _whole(compiler, disclosure, group).version_ids(), group.last_updated, strict=True
        )
    )
    return tuple(sorted(found, key=lambda standing: standing.at))
