"""A file that breaks the language, with what breaks it taken out: so that its names can be checked all the same.

Law (`mapping.md`): all errors of all files are told at once, those of the language and those of names. A mended
file is never in force: the fault for which it was mended is told with it. What was taken out and what hangs on
it is not looked at again, or one slip would be told twice. What cannot be mended by taking out a name or putting
in a missing text is left alone. Rejected: checking names in unparsed tables (a second reader of the language).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from bridge.mapping.places import Path, written

Model = TypeVar("Model", bound=BaseModel)
Wrong = tuple[Path, str]

ROUNDS: Final = 20
"""Taking something out may show another fault behind it."""
_MISSING: Final = "?"
_NAMED: Final = frozenset({"fields", "marks", "adds"})
"""Where a part of a source names what its rules speak of."""


@dataclass(frozen=True, slots=True)
class Mended(Generic[Model]):
    """A file as a model; `taken`: what was taken out of it or put in, nothing where it was whole."""

    model: Model
    taken: frozenset[Path] = frozenset()

    def told(self, wrongs: Iterable[Wrong]) -> Iterator[Wrong]:
        """The faults that do not come from mending."""
        is_blind = any(_NAMED & set(path) for path in self.taken)
        for path, sentence in wrongs:
            hangs = any(path[: len(out)] == out or out[: len(path)] == path for out in self.taken)
            if not hangs and not (is_blind and path[:1] == ("read",)):
                yield path, sentence


def mended(document: object, model: type[Model]) -> Mended[Model] | None:
    """The document without what breaks the language; None where it cannot be mended so."""
    plain, taken = _copied(document), set[Path]()
    for _ in range(ROUNDS):
        try:
            return Mended(model.model_validate(plain), frozenset(taken))
        except ValidationError as error:
            paths = {written(detail): detail["type"] for detail in error.errors(include_url=False)}
            if not all(_mend(plain, path, fault == "missing") for path, fault in paths.items()):
                return None
            taken |= set(paths)
    return None


def _mend(document: object, path: Path, is_missing: bool) -> bool:
    """Put in or take out what `path` names; whether that could be done."""
    *steps, last = path or ("",)
    node = document
    for step in steps:
        node = _inside(node, step)
    if not isinstance(node, dict) or is_missing is (last in node):
        return False
    if is_missing:
        node[last] = _MISSING
    else:
        del node[last]
    return True


def _inside(node: object, step: str | int) -> object:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int):
        return dict(enumerate(node)).get(step)
    return None


def _copied(node: object) -> object:
    if isinstance(node, dict):
        return {name: _copied(value) for name, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node
