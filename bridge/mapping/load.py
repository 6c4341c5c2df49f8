"""Reads a folder of mappings: all files validated first, then all in force, or none.

Law (`mapping.md`): errors are collected over all files and told at once with file, line and column; names
that cross files (codes, fields, procedures, formats) are checked here. A site folder lies over the shipped
one: an overlay says `extends:` and only what differs, a shapes.yaml what differs for every format. Revisions
are hashes of what is meant, not of the text: a comment changes nothing. Reads files, writes none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path as File
from typing import Final

from pydantic import BaseModel

from bridge.mapping.checks import check_codes, check_format, check_overlay
from bridge.mapping.destination import DestinationFile, check_destination
from bridge.mapping.engine_checks import check_engine
from bridge.mapping.files import Text, Written, faults_in, parsed, texts, written
from bridge.mapping.language import FormatFile, ReadHalf, Signature
from bridge.mapping.mended import Mended
from bridge.mapping.overlay import Overlay, laid_over
from bridge.mapping.paper_checks import check_papers
from bridge.mapping.places import Fault, MappingErrors, Path
from bridge.mapping.portal_checks import check_portal
from bridge.mapping.shape_checks import check_shapes, lacking
from bridge.mapping.shapes import Code, CodeEntry, CodesFile, Shape, ShapesFile, UnitEntry
from bridge.reading import Stream, Unit

__all__ = ["Fault", "Format", "MappingErrors", "Mappings", "load"]

CODES: Final = "codes.yaml"
SHAPES: Final = "shapes.yaml"
DESTINATIONS: Final = "destinations"
"""The folder inside a folder of mappings."""


@dataclass(frozen=True, slots=True)
class Format:
    """A source format in force. `revision` and `fhir_revision` are 8 hex digits of either half: of the FHIR
    half what concerns the streams that the format reads. `fhir` has a shape for every stream; `streams` are those
    that it can bring."""

    name: str
    title: str
    revision: str
    fhir_revision: str
    detect: tuple[Signature, ...]
    read: ReadHalf
    fhir: Mapping[Stream, Shape]
    streams: frozenset[Stream]


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every format, code and unit in force. `site`: the files of the site that are among them, each with what it is
    laid over, or brings; `destinations` by name."""

    formats: Mapping[str, Format]
    codes: Mapping[str, Code]
    units: Mapping[Unit, UnitEntry]
    site: tuple[tuple[str, str], ...] = ()
    destinations: Mapping[str, DestinationFile] = field(default_factory=dict)

    def said_to(self, fhir: Mapping[Stream, Shape]) -> Mappings:
        """The same with what is said otherwise to one receiver."""
        if not fhir:
            return self
        formats = {name: _relaid(each, fhir, self.codes) for name, each in self.formats.items()}
        return replace(self, formats=formats)


def load(folder: File, site: File | None = None) -> Mappings:
    """The mappings of `folder` with those of `site` laid over. Raises MappingErrors with every fault. A process reads
    what lies there at each call and judges it once as long as it says the same."""
    goals = [one for each in (folder, site) if each for one in written(each / DESTINATIONS)]
    return _loaded(str(folder), written(folder), written(site) if site else (), tuple(goals))


@lru_cache(maxsize=4)
def _loaded(
    folder: str, shipped: tuple[Written, ...], overlaid: tuple[Written, ...], receivers: tuple[Written, ...]
) -> Mappings:
    faults: list[Fault] = []
    laid = list(texts(overlaid, faults))
    told = [*texts(shipped, faults), *laid]
    codes, units = _codes(told, faults)
    shapes = _shapes(told, codes, faults)
    formats = _formats(told, codes, shapes, faults)
    _overlays(told, formats, codes, faults)
    goals = _destinations(texts(receivers, faults), codes, faults)
    if formats and not faults:
        faults += [Fault(folder, 1, 1, wrong) for wrong in lacking(shapes, units)]
    if not formats and not faults:
        faults.append(Fault(folder, 1, 1, "there is no mapping in this folder"))
    if faults:
        raise MappingErrors(sorted(set(faults)))
    found = {name: _in_force(one, codes, units) for name, one in sorted(formats.items())}
    return Mappings(found, codes, units, tuple((each.file, _concern(each)) for each in laid), goals)


def _concern(text: Text) -> str:
    """What a file of the site is about: the format that it extends or brings, else the tables that it adds to."""
    named = text.document.get("extends") or text.document.get("format")
    return str(named) if named else ", ".join(map(str, text.document))


def _is(text: Text, name: str) -> bool:
    return File(text.file).name == name


def _is_shared(text: Text) -> bool:
    return _is(text, CODES) or _is(text, SHAPES)


def _codes(texts: Iterable[Text], faults: list[Fault]) -> tuple[dict[str, Code], dict[Unit, UnitEntry]]:
    found: dict[str, CodeEntry] = {}
    units: dict[Unit, UnitEntry] = {}
    for text in texts:
        whole = parsed(text, CodesFile, faults) if _is(text, CODES) else None
        if whole is not None:
            faults += faults_in(text, whole.told(check_codes(whole.model, found)))
            found.update(whole.model.codes)
            units.update(whole.model.units)
    return {name: Code(name=name, **entry.model_dump()) for name, entry in found.items()}, units


def _shapes(texts: Iterable[Text], codes: Mapping[str, Code], faults: list[Fault]) -> dict[Stream, Shape]:
    found: dict[Stream, Shape] = {}
    for text in texts:
        whole = parsed(text, ShapesFile, faults) if _is(text, SHAPES) else None
        if whole is not None:
            faults += faults_in(text, whole.told(check_shapes(whole.model, codes)))
            found = laid_over(found, whole.model.shapes)
    return found


def _formats(
    texts: Iterable[Text],
    codes: Mapping[str, Code],
    shapes: Mapping[Stream, Shape],
    faults: list[Fault],
) -> dict[str, FormatFile]:
    found: dict[str, FormatFile] = {}
    for text in texts:
        if _is_shared(text) or "extends" in text.document:
            continue
        whole = parsed(text, FormatFile, faults)
        if whole is None:
            continue
        one = whole.model
        faults += faults_in(text, whole.told(check_format(one, codes, found)))
        found[one.format] = _with_shapes(one, laid_over(shapes, one.fhir))
    return found


def _with_shapes(one: FormatFile, shapes: Mapping[Stream, Shape]) -> FormatFile:
    return one.model_copy(update={"fhir": shapes})


def _overlays(
    texts: Sequence[Text],
    formats: dict[str, FormatFile],
    codes: Mapping[str, Code],
    faults: list[Fault],
) -> None:
    lost = {str(text.document.get("format")) for text in texts} - formats.keys()
    for text in texts:
        if _is_shared(text) or "extends" not in text.document:
            continue
        whole = parsed(text, Overlay, faults)
        if whole is None or whole.model.extends in lost:
            continue
        site = whole.model
        wrong = list(whole.told(check_overlay(site, codes, formats)))
        faults += faults_in(text, wrong)
        if not wrong and site.extends in formats:
            base = formats[site.extends]
            formats[site.extends] = _with_shapes(base, laid_over(base.fhir, site.fhir))


def _checked(
    whole: Mended[DestinationFile], codes: Mapping[str, Code], found: Mapping[str, DestinationFile]
) -> Iterator[tuple[Path, str]]:
    file = whole.model
    yield from check_destination(file, codes, found)
    yield from check_engine(file, codes)
    yield from check_papers(file, codes)
    if not any(path[:1] == ("portal",) for path in whole.taken):
        yield from check_portal(file)


def _destinations(
    texts: Iterable[Text], codes: Mapping[str, Code], faults: list[Fault]
) -> dict[str, DestinationFile]:
    found: dict[str, DestinationFile] = {}
    for text in texts:
        whole = parsed(text, DestinationFile, faults)
        if whole is not None:
            faults += faults_in(text, whole.told(_checked(whole, codes, found)))
            found[whole.model.destination] = whole.model
    return dict(sorted(found.items()))


def _relaid(one: Format, fhir: Mapping[Stream, Shape], codes: Mapping[str, Code]) -> Format:
    """A format as one receiver is told it: where it is told otherwise it has another revision."""
    laid = {stream: shape for stream, shape in fhir.items() if stream in one.streams}
    if not laid:
        return one
    shapes = laid_over(one.fhir, laid)
    named = sorted({name for stream in laid for name in shapes[stream].named()})
    told = {stream.value: _plain(shape) for stream, shape in laid.items()}
    revision = _revision([one.fhir_revision, told, {name: _plain(codes[name]) for name in named}])
    return replace(one, fhir=shapes, fhir_revision=revision)


def _in_force(one: FormatFile, codes: Mapping[str, Code], units: Mapping[Unit, UnitEntry]) -> Format:
    read = {"version": one.version, "detect": [_plain(s) for s in one.detect], "read": _plain(one.read)}
    said = _said(read)
    told = {stream: shape for stream, shape in one.fhir.items() if stream in said}
    named = sorted({name for shape in told.values() for name in shape.named()})
    fhir = {
        "fhir": {stream.value: _plain(shape) for stream, shape in told.items()},
        "codes": {name: _plain(codes[name]) for name in named},
        "units": {unit.value: _plain(entry) for unit, entry in units.items() if unit in said},
    }
    revisions = _revision(read), _revision(fhir)
    return Format(one.format, one.title, *revisions, one.detect, one.read, one.fhir, frozenset(told))


def _said(half: object) -> set[str]:
    """Every text of a read half: the streams and units among them are those that it can bring."""
    if isinstance(half, str):
        return {half}
    if isinstance(half, dict):
        return set().union(half, *map(_said, half.values()))
    return set().union(*map(_said, half)) if isinstance(half, list) else set()


def _plain(model: BaseModel) -> object:
    return model.model_dump(mode="json", exclude_defaults=True)


def _revision(half: object) -> str:
    canonical = json.dumps(half, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
