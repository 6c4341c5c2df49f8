"""Files of mappings as they lie in a folder: parsed one by one, with every fault as file, line and column.

Law (`mapping.md`): errors are collected over all files; a file that breaks the language is looked at as far as it can
be (`mended`). Reads files, writes none.
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
class Text:
    """A YAML file that parsed: its name as faults call it, its document, and the text with positions."""

    file: str
    document: Mapping[str, object]
    text: YamlText


def texts(folder: File, faults: list[Fault]) -> Iterator[Text]:
    """The files of a folder that are no examples."""
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
            yield Text(str(path), document, text)
        else:
            faults.append(Fault(str(path), 1, 1, "a mapping file is a table of names, this one is not"))


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
