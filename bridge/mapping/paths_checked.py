"""Paths of a JSON mapping: that each is one, and that only documents have them.

Law (`mapping.md`): each fault is a path into the file and a sentence; nothing stops at the first. Whether a path
leads anywhere no check can know: vendors leave out what is empty.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.mapping.json_path import is_path
from bridge.mapping.language import PersonSpec, ReadHalf, RecordSet
from bridge.mapping.places import Path

Wrong = Iterator[tuple[Path, str]]


def no_path(text: str) -> str:
    """The sentence for a text that is no path."""
    return f"{text!r} is no path: names parted by dots, [] after an array, * for any name, $ or ^ in front"


def document_paths(half: ReadHalf) -> Wrong:
    """Every path of a read half that is none, and words that only a document has."""
    if not half.records:
        if half.ignore:
            yield ("ignore",), "only a source with `records` has paths to ignore"
        if isinstance(half.person, PersonSpec):
            yield ("person",), "only a source with `records` names its person by paths; give a procedure"
    for path, text in _paths(half):
        if not is_path(text):
            yield path, no_path(text)


def _paths(half: ReadHalf) -> Iterator[tuple[Path, str]]:
    yield from _each(("ignore",), half.ignore if half.records else ())
    if isinstance(half.person, PersonSpec):
        yield from _each(("person", "each"), half.person.each)
        yield from _each(("person", "name"), half.person.name)
        yield from _each(("person", "birth_date"), filter(None, [half.person.birth_date]))
        for system, texts in half.person.identifiers.items():
            yield from _each(("person", "identifiers", system), texts)
    for index, one in enumerate(half.records):
        yield from ((("records", index, *path), text) for path, text in _set(one))


def _set(one: RecordSet) -> Iterator[tuple[Path, str]]:
    yield from _each(("each",), one.arrays)
    yield from _each(("ignore",), one.ignore)
    for name, texts in one.fields.items():
        yield from _each(("fields", name), texts)


def _each(where: Path, texts: Iterable[str]) -> Iterator[tuple[Path, str]]:
    yield from ((where, text) for text in texts)
