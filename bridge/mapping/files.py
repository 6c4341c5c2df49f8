"""Files of mappings as they lie in a folder: parsed one by one, with every fault as file, line and column.

Law (`mapping.md`): errors are collected over all files; a file that breaks the language is looked at as far as it can
be (`mended`). What lies in a folder is read whole before any of it is judged, so that who asks for the same files again
can be told so. Reads files, writes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml.error import MarkedYAMLError

from bridge.mapping.mended import Mended, Wrong, mended
from bridge.mapping.places import Fault, from_pydantic, from_yaml, place
from bridge.mapping.yaml_text import YamlText

EXAMPLE: Final = ".example.yaml"
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it lies in a folder: its name as faults call it, what it says; `problem` where it cannot be read."""

    file: str
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A YAML file that parsed: its name as faults call it, its document, and the text with positions."""

    file: str
    document: Mapping[str, object]
    text: YamlText


def written(folder: File) -> tuple[Written, ...]:
    """The files of a folder that are no examples, by name."""
    paths = sorted(folder.glob("*.yaml"))
    return tuple(_written(path) for path in paths if not path.name.endswith(EXAMPLE))


def _written(path: File) -> Written:
    try:
        return Written(str(path), path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return Written(str(path), "", f"this file cannot be read: {error}")


def texts(files: Iterable[Written], faults: list[Fault]) -> Iterator[Text]:
    """Those that are tables of names; the others are faults."""
    for each in files:
        if each.problem:
            faults.append(Fault(each.file, 1, 1, each.problem))
            continue
        text = YamlText(each.text)
        try:
            document = text.document
        except MarkedYAMLError as error:
            faults.append(from_yaml(each.file, error))
            continue
        if isinstance(document, dict):
            yield Text(each.file, document, text)
        else:
            faults.append(Fault(each.file, 1, 1, "a mapping file is a table of names, this one is not"))


def parsed(text: Text, model: type[Model], faults: list[Fault]) -> Mended[Model] | None:
    """The file as a model; where it breaks the language, what of it can be looked at all the same."""
    try:
        return Mended(model.model_validate(text.document))
    except ValidationError as error:
        faults += from_pydantic(text.file, text.text.marked, error, model)
        return mended(text.document, model)


def faults_in(text: Text, wrongs: Iterable[Wrong]) -> list[Fault]:
    """Faults at their places in the file."""
    return [Fault(text.file, *place(text.text.marked, path), sentence) for path, sentence in wrongs]
