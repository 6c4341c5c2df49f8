"""Where a fault stands in a mapping file: from a path of names to line and column, and its sentence.

Law (`mapping.md`): every error names file, line, column and, for a wrong name, the names that exist; all
errors of all files are told at once. Lines and columns count from 1, as editors do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One error of one file: line and column of the key or value at fault (1 = first), and what is wrong."""

    file: str
    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.sentence}"


class MappingErrors(Exception):
    """Everything that is wrong in a folder of mappings; nothing of it is in force."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def place(document: object, path: Path) -> tuple[int, int]:
    """Line and column of the deepest node on `path` that the document has."""
    line, column = 1, 1
    node = document
    for step in path:
        found = _position(node, step)
        if found is None:
            break
        line, column = found
        node = node[step]  # type: ignore[index]
    return line, column


def _position(node: object, step: str | int) -> tuple[int, int] | None:
    if isinstance(node, CommentedMap) and step in node:
        line, column = node.lc.key(step)
    elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
        line, column = node.lc.item(step)
    else:
        return None
    return line + 1, column + 1


def from_yaml(file: str, error: MarkedYAMLError) -> Fault:
    """The fault of text that is no YAML."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = str(error.problem or error.context).partition(" with value ")[0]
    return Fault(file, line, column, f"this is no YAML here: {said}")


def from_pydantic(file: str, document: object, error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """The faults of a document that breaks the language."""
    found = []
    for detail in error.errors(include_url=False):
        path = written(detail)
        line, column = place(document, path)
        found.append(Fault(file, line, column, _sentence(detail, path, model)))
    return found


def written(detail: ErrorDetails) -> Path:
    """The path of an error as the file has it."""
    return tuple(step for step in detail["loc"] if _written(step))


def _written(step: str | int) -> bool:
    """Whether a step of pydantic's path is in the file; union branches and key marks are not."""
    return isinstance(step, int) or (step != "[key]" and "[" not in step and step not in _BRANCHES)


_BRANCHES = frozenset(
    {
        "int",
        "str",
        "dict",
        "Mapping",
        "KindSpec",
        "LengthSpec",
        "MinuteSpec",
        "PersonSpec",
        "Unit",
        "UnitSpec",
        "literal",
    }
)


def _sentence(detail: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    name = str(path[-1]) if path else ""
    if detail["type"] == "extra_forbidden":
        return unknown(name, _fields(model, path[:-1]))
    if detail["type"] == "missing":
        return f"{name!r} is missing here"
    return f"{name}: {detail['msg'].removeprefix('Value error, ')}"


def unknown(name: str, names: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one and all that do."""
    there = sorted(set(names))
    near = difflib.get_close_matches(name, there, 1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    return f"{name!r} is not known here{guess} There is {', '.join(there) or 'nothing'}"


def _fields(model: type[BaseModel], path: Path) -> Iterable[str]:
    """Names that a model allows at `path`, found by walking the types of its fields."""
    known: list[type[BaseModel]] = [model]
    for step in path:
        if isinstance(step, int):
            continue
        stepped = [
            field.annotation
            for m in known
            for name, field in m.model_fields.items()
            if step in (name, field.alias)
        ]
        known = [inner for annotation in stepped for inner in _models(annotation)] or known
    return (field.alias or name for inner in known for name, field in inner.model_fields.items())


def _models(annotation: object) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)
