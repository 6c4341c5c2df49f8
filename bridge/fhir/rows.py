"""A disclosure's groups as rows of templates: which template each row takes, and where it stands.

Law: every row of a page comes from exactly one group at exactly one place (`Group.at`); rows that say
the same things share a template. Nothing is left out here and nothing is added: what may leave was
decided before. Rejected: one template with blanks for every rare mark (a third more bytes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure, Group
from bridge.fhir import cells, observation, provenance
from bridge.fhir.fills import EVIDENCE, READING, Cut, Integers, filled
from bridge.fhir.frames import Frame, Place, framed
from bridge.fhir.observation import AMENDED, FINE, MARKED, Variant
from bridge.fhir.provenance import COMPUTED, Evidence
from bridge.fhir.render_json import compile_template
from bridge.fhir.template import Lot, Rows, Template
from bridge.fhir.tree import ID
from bridge.mapping import Mappings
from bridge.period import Instant
from bridge.reading import Flag

Elements: TypeAlias = "frozenset[str] | None"

_ALL = slice(None)


class Compiler:
    """Templates of one set of mappings and one installation, made when first needed."""

    def __init__(self, mappings: Mappings, base: str, system: str) -> None:
        self.mappings = mappings
        self.base = base
        self.system = system
        self.observation = lru_cache(512)(self.replacement)
        self.provenance = lru_cache(512)(self._provenance)

    def revision(self, format: str) -> str:
        """The revision of a format's FHIR half."""
        return self.mappings.formats[format].fhir_revision

    def replacement(self, variant: Variant, frame: Frame, etag: str | None = None) -> Template:
        """A template of Observations, not kept: for `observation`, and for rows with a chart's own id."""
        tree = observation.tree(variant, self.mappings, self.system)
        place = Place(self.base, self.system, variant.filed_as, etag)
        return compile_template(_before(frame), framed(frame, tree, ID, place))

    def _provenance(self, evidence: Evidence, frame: Frame) -> Template:
        tree = provenance.tree(evidence, self.system)
        return compile_template(_before(frame), framed(frame, tree, ID, Place(self.base, self.system)))


def _before(frame: Frame) -> bytes:
    return b"" if frame is Frame.ALONE else b","


def observations(compiler: Compiler, disclosure: Disclosure, frame: Frame, elements: Elements = None) -> Rows:
    """Every reading and mean as an Observation. In a history (`frame` UPDATED) first versions are
    CREATED."""

    def lots() -> Iterator[Lot]:
        for group in disclosure.groups:
            for cut, variant in variants(compiler, disclosure, group, elements):
                happened = Frame.CREATED if frame is Frame.UPDATED and not variant.has(AMENDED) else frame
                template = compiler.observation(variant, happened)
                yield Lot(template, _where(disclosure, cut), filled(template, cut, READING))

    return Rows(disclosure.count, tuple(lots()))


def provenances(compiler: Compiler, disclosure: Disclosure, frame: Frame, elements: Elements = None) -> Rows:
    """The Provenance of every Observation, in the same places."""

    def lots() -> Iterator[Lot]:
        for group in disclosure.groups:
            for cut, evidence in _evidences(compiler, disclosure, group, elements):
                template = compiler.provenance(evidence, frame)
                yield Lot(template, _where(disclosure, cut), filled(template, cut, EVIDENCE))

    return Rows(disclosure.count, tuple(lots()))


def variants(
    compiler: Compiler, disclosure: Disclosure, group: Group, elements: Elements = None
) -> Iterator[tuple[Cut, Variant]]:
    """The group's rows by what must be said about them."""
    is_mean = group.grain is not Grain.RAW
    for rows, marks in _alike(_marks(group, is_mean)):
        cut = Cut(group, _subject(disclosure), compiler.revision(group.format), rows)
        yield (
            cut,
            Variant(
                format=group.format,
                stream=group.stream,
                unit=group.unit,
                is_mean=is_mean,
                source_class=group.source_class,
                marks=marks,
                value_width=cells.number_width(cut.column("value"), group.scale),
                elements=elements,
                device=observation.BY_ID if group.device else None,
            ),
        )


def _marks(group: Group, is_mean: bool) -> Integers:
    marks = np.zeros(len(group.at), np.int64)
    marks[group.columns["instant"].astype(np.int64, copy=False) % 1000 != 0] |= FINE
    marks[group.version > 0] |= AMENDED
    if "flags" in group.columns:
        said = int(Flag.RETRACTED) if is_mean else int(MARKED)
        marks |= group.columns["flags"].astype(np.int64) & said
    return marks


def _evidences(
    compiler: Compiler, disclosure: Disclosure, group: Group, elements: Elements
) -> Iterator[tuple[Cut, Evidence]]:
    has_row = np.zeros(len(group.at), np.bool_) if group.rows is None else group.rows > 0
    revision = compiler.revision(group.format)
    origins = group.origins or (COMPUTED,)
    for rows, key in _alike(group.origin.astype(np.int64) * 2 + has_row):
        yield (
            Cut(group, _subject(disclosure), revision, rows),
            Evidence(
                format=group.format,
                revision=revision,
                source_class=group.source_class,
                origin=origins[key // 2],
                is_owner=disclosure.owner,
                has_rows=bool(key % 2),
                elements=elements,
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


def _where(disclosure: Disclosure, cut: Cut) -> slice | Integers:
    at = cut.at
    return _ALL if len(at) == disclosure.count and bool((at[1:] > at[:-1]).all()) else at


@dataclass(frozen=True, slots=True)
class Standing:
    """One row by what its reader names it: place in the page, versionId, lastUpdated."""

    at: int
    version: str
    updated: Instant


def standings(compiler: Compiler, disclosure: Disclosure) -> tuple[Standing, ...]:
    """Every row, in page order."""
    found = (
        Standing(int(at), f"{int(version) + 1}-{compiler.revision(group.format)}", int(updated))
        for group in disclosure.groups
        for at, version, updated in zip(group.at, group.version, group.last_updated, strict=True)
    )
    return tuple(sorted(found, key=lambda standing: standing.at))
