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
from dataclasses import dataclass
from pathlib import Path as File
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml.error import MarkedYAMLError

from bridge.mapping.checks import check_codes, check_format, check_overlay
from bridge.mapping.language import FormatFile, ReadHalf, Signature
from bridge.mapping.mended import Mended, Wrong, mended
from bridge.mapping.overlay import Overlay, laid_over
from bridge.mapping.places import Fault, MappingErrors, from_pydantic, from_yaml, place
from bridge.mapping.shape_checks import check_shapes, lacking
from bridge.mapping.shapes import Code, CodeEntry, CodesFile, Shape, ShapesFile, UnitEntry
from bridge.mapping.yaml_text import YamlText
from bridge.reading import Stream, Unit

__all__ = ["Fault", "Format", "MappingErrors", "Mappings", "load"]

CODES: Final = "codes.yaml"
SHAPES: Final = "shapes.yaml"
EXAMPLE: Final = ".example.yaml"
Model = TypeVar("Model", bound=BaseModel)


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
    laid over, or brings."""

    formats: Mapping[str, Format]
    codes: Mapping[str, Code]
    units: Mapping[Unit, UnitEntry]
    site: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Text:
    """A YAML file that parsed: its name as faults call it, its document, and the text with positions."""

    file: str
    document: Mapping[str, object]
    text: YamlText


def load(folder: File, site: File | None = None) -> Mappings:
    """The mappings of `folder` with those of `site` laid over. Raises MappingErrors with every fault."""
    faults: list[Fault] = []
    laid = list(_texts(site, faults)) if site else []
    texts = [*_texts(folder, faults), *laid]
    codes, units = _codes(texts, faults)
    shapes = _shapes(texts, codes, faults)
    formats = _formats(texts, codes, shapes, faults)
    _overlays(texts, formats, codes, faults)
    if formats and not faults:
        faults += [Fault(str(folder), 1, 1, wrong) for wrong in lacking(shapes, units)]
    if not formats and not faults:
        faults.append(Fault(str(folder), 1, 1, "there is no mapping in this folder"))
    if faults:
        raise MappingErrors(sorted(set(faults)))
    found = {name: _in_force(one, codes, units) for name, one in sorted(formats.items())}
    return Mappings(found, codes, units, tuple((each.file, _concern(each)) for each in laid))


def _concern(text: _Text) -> str:
    """What a file of the site is about: the format that it extends or brings, else the tables that it adds to."""
    named = text.document.get("extends") or text.document.get("format")
    return str(named) if named else ", ".join(map(str, text.document))


def _texts(folder: File, faults: list[Fault]) -> Iterator[_Text]:
    for path in sorted(folder.glob("*.yaml")):
        if path.name.endswith(EXAMPLE):
            continue
        try:
            text = YamlText(path.read_text("utf-8"))
            document = text.document
        except MarkedYAMLError as error:
            faults.append(from_yaml(str(path), error))
            continue
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(str(path), 1, 1, f"this file cannot be read: {error}"))
            continue
        if isinstance(document, dict):
            yield _Text(str(path), document, text)
        else:
            faults.append(Fault(str(path), 1, 1, "a mapping file is a table of names, this one is not"))


def _is(text: _Text, name: str) -> bool:
    return File(text.file).name == name


def _is_shared(text: _Text) -> bool:
    return _is(text, CODES) or _is(text, SHAPES)


def _codes(texts: Iterable[_Text], faults: list[Fault]) -> tuple[dict[str, Code], dict[Unit, UnitEntry]]:
    found: dict[str, CodeEntry] = {}
    units: dict[Unit, UnitEntry] = {}
    for text in texts:
        parsed = _parsed(text, CodesFile, faults) if _is(text, CODES) else None
        if parsed is not None:
            faults += _faults(text, parsed.told(check_codes(parsed.model, found)))
            found.update(parsed.model.codes)
            units.update(parsed.model.units)
    return {name: Code(name=name, **entry.model_dump()) for name, entry in found.items()}, units


def _shapes(texts: Iterable[_Text], codes: Mapping[str, Code], faults: list[Fault]) -> dict[Stream, Shape]:
    found: dict[Stream, Shape] = {}
    for text in texts:
        parsed = _parsed(text, ShapesFile, faults) if _is(text, SHAPES) else None
        if parsed is not None:
            faults += _faults(text, parsed.told(check_shapes(parsed.model, codes)))
            found = laid_over(found, parsed.model.shapes)
    return found


def _formats(
    texts: Iterable[_Text],
    codes: Mapping[str, Code],
    shapes: Mapping[Stream, Shape],
    faults: list[Fault],
) -> dict[str, FormatFile]:
    found: dict[str, FormatFile] = {}
    for text in texts:
        if _is_shared(text) or "extends" in text.document:
            continue
        parsed = _parsed(text, FormatFile, faults)
        if parsed is None:
            continue
        one = parsed.model
        faults += _faults(text, parsed.told(check_format(one, codes, found)))
        found[one.format] = _with_shapes(one, laid_over(shapes, one.fhir))
    return found


def _with_shapes(one: FormatFile, shapes: Mapping[Stream, Shape]) -> FormatFile:
    return one.model_copy(update={"fhir": shapes})


def _overlays(
    texts: Sequence[_Text],
    formats: dict[str, FormatFile],
    codes: Mapping[str, Code],
    faults: list[Fault],
) -> None:
    lost = {str(text.document.get("format")) for text in texts} - formats.keys()
    for text in texts:
        if _is_shared(text) or "extends" not in text.document:
            continue
        parsed = _parsed(text, Overlay, faults)
        if parsed is None or parsed.model.extends in lost:
            continue
        site = parsed.model
        wrong = list(parsed.told(check_overlay(site, codes, formats)))
        faults += _faults(text, wrong)
        if not wrong and site.extends in formats:
            base = formats[site.extends]
            formats[site.extends] = _with_shapes(base, laid_over(base.fhir, site.fhir))


def _parsed(text: _Text, model: type[Model], faults: list[Fault]) -> Mended[Model] | None:
    """The file as a model; where it breaks the language, what of it can be looked at all the same."""
    try:
        return Mended(model.model_validate(text.document))
    except ValidationError as error:
        faults += from_pydantic(text.file, text.text.marked, error, model)
        return mended(text.document, model)


def _faults(text: _Text, wrongs: Iterable[Wrong]) -> list[Fault]:
    return [Fault(text.file, *place(text.text.marked, path), sentence) for path, sentence in wrongs]


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
