"""Reads a folder of mappings: all files validated first, then all in force, or none.

Law (`mapping.md`): errors are collected over all files and told at once with file, line and column; names
that cross files (codes, fields, procedures, formats) are checked here. A site folder lies over the shipped
one: an overlay says `extends:` and only what differs. Revisions are hashes of what is meant, not of the
text: a comment changes nothing. Reads files, writes none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from bridge.mapping.checks import check_codes, check_format, check_overlay
from bridge.mapping.language import FormatFile, ReadHalf, Signature
from bridge.mapping.overlay import Overlay, laid_over
from bridge.mapping.places import Fault, MappingErrors, from_pydantic, from_yaml, place
from bridge.mapping.shapes import Code, CodeEntry, CodesFile, Shape
from bridge.reading import Stream

__all__ = ["Fault", "Format", "MappingErrors", "Mappings", "load"]

CODES: Final = "codes.yaml"
EXAMPLE: Final = ".example.yaml"
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Format:
    """A source format in force. `revision` and `fhir_revision` are 8 hex digits of either half."""

    name: str
    title: str
    revision: str
    fhir_revision: str
    detect: tuple[Signature, ...]
    read: ReadHalf
    fhir: Mapping[Stream, Shape]


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every format and every code in force."""

    formats: Mapping[str, Format]
    codes: Mapping[str, Code]


@dataclass(frozen=True, slots=True)
class _Text:
    """A YAML file that parsed: its name as faults call it, and the document with positions."""

    file: str
    document: CommentedMap


def load(folder: File, site: File | None = None) -> Mappings:
    """The mappings of `folder` with those of `site` laid over. Raises MappingErrors with every fault."""
    faults: list[Fault] = []
    texts = list(_texts(folder, faults)) + (list(_texts(site, faults)) if site else [])
    codes = _codes(texts, faults)
    formats = _formats(texts, codes, faults)
    _overlays(texts, formats, codes, faults)
    if not formats and not faults:
        faults.append(Fault(str(folder), 1, 1, "there is no mapping in this folder"))
    if faults:
        raise MappingErrors(sorted(set(faults)))
    return Mappings({name: _in_force(one, codes) for name, one in sorted(formats.items())}, codes)


def _texts(folder: File, faults: list[Fault]) -> Iterator[_Text]:
    for path in sorted(folder.glob("*.yaml")):
        if path.name.endswith(EXAMPLE):
            continue
        try:
            document = YAML(typ="rt").load(path.read_text("utf-8"))
        except MarkedYAMLError as error:
            faults.append(from_yaml(str(path), error))
            continue
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(str(path), 1, 1, f"this file cannot be read: {error}"))
            continue
        if isinstance(document, CommentedMap):
            yield _Text(str(path), document)
        else:
            faults.append(Fault(str(path), 1, 1, "a mapping file is a table of names, this one is not"))


def _is_codes(text: _Text) -> bool:
    return File(text.file).name == CODES


def _codes(texts: Iterable[_Text], faults: list[Fault]) -> dict[str, Code]:
    found: dict[str, CodeEntry] = {}
    for text in texts:
        if not _is_codes(text):
            continue
        parsed = _parsed(text, CodesFile, faults)
        if parsed is None:
            continue
        faults += [_fault(text, *wrong) for wrong in check_codes(parsed, found)]
        found.update(parsed.codes)
    return {name: Code(name=name, **entry.model_dump()) for name, entry in found.items()}


def _formats(texts: Iterable[_Text], codes: Mapping[str, Code], faults: list[Fault]) -> dict[str, FormatFile]:
    found: dict[str, FormatFile] = {}
    for text in texts:
        if _is_codes(text) or "extends" in text.document:
            continue
        parsed = _parsed(text, FormatFile, faults)
        if parsed is None:
            continue
        faults += [_fault(text, *wrong) for wrong in check_format(parsed, codes, found)]
        found[parsed.format] = parsed
    return found


def _overlays(
    texts: Iterable[_Text],
    formats: dict[str, FormatFile],
    codes: Mapping[str, Code],
    faults: list[Fault],
) -> None:
    for text in texts:
        if _is_codes(text) or "extends" not in text.document:
            continue
        parsed = _parsed(text, Overlay, faults)
        if parsed is None:
            continue
        wrong = list(check_overlay(parsed, codes, formats))
        faults += [_fault(text, *each) for each in wrong]
        if not wrong:
            formats[parsed.extends] = laid_over(formats[parsed.extends], parsed)


def _parsed(text: _Text, model: type[Model], faults: list[Fault]) -> Model | None:
    try:
        return model.model_validate(text.document)
    except ValidationError as error:
        faults += from_pydantic(text.file, text.document, error, model)
        return None


def _fault(text: _Text, path: tuple[str | int, ...], sentence: str) -> Fault:
    return Fault(text.file, *place(text.document, path), sentence)


def _in_force(one: FormatFile, codes: Mapping[str, Code]) -> Format:
    read = {"version": one.version, "detect": [_plain(s) for s in one.detect], "read": _plain(one.read)}
    shapes = {stream.value: _plain(shape) for stream, shape in one.fhir.items()}
    named = sorted({name for shape in one.fhir.values() for name in _names(shape)})
    fhir = {"fhir": shapes, "codes": {name: _plain(codes[name]) for name in named}}
    return Format(one.format, one.title, _revision(read), _revision(fhir), one.detect, one.read, one.fhir)


def _names(shape: Shape) -> tuple[str, ...]:
    return (*shape.code.values(), *shape.mean.values(), *shape.category)


def _plain(model: BaseModel) -> object:
    return model.model_dump(mode="json", exclude_defaults=True)


def _revision(half: object) -> str:
    canonical = json.dumps(half, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
