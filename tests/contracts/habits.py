"""House habits that a machine can see: sizes, opening laws, names, escapes, definitions that stand twice.

Law: a habit is checked where it protects a reader (house-style.md) and nowhere else; taste is for review.
The ceilings are ceilings, not aims: files aim at 60-150 lines, functions at 5-15.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.contracts.source import Source, Violation

FILE_LINES: Final = 300
FUNCTION_LINES: Final = 40
LAW_LINES: Final = range(3, 13)
"""Three to ten lines, and two more where a diagram stands in it."""
SMALL: Final = 40
"""A file of fewer lines needs a docstring, but no law."""
TWIN_NODES: Final = 45
"""Two functions whose bodies are the same tree of at least so many nodes are one function."""

GUARDED: Final = ("consent/*.py", "web/*.py", "push/*.py", "fhir/render*.py")
ESCAPES: Final = re.compile(r"#.*(\bnoqa\b|type:\s*ignore|lint-skip|pragma: no cover|ruff:|mypy:|pyright:)")
WEAK_WORDS: Final = frozenset(
    {"manager", "helper", "helpers", "util", "utils", "service", "data", "misc", "common"}
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def habits(files: Sequence[Source]) -> list[Violation]:
    """Every broken habit in these files."""
    found: list[Violation] = []
    for source in files:
        for rule in (_sizes, _law, _names, _escapes, _docstrings, _open_dicts):
            found += rule(source)
    return sorted({*found, *_twins(files)})


def _functions(source: Source) -> Iterator[Function]:
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def _sizes(source: Source) -> Iterator[Violation]:
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield source.violation(1, "size", f"{lines} lines; the ceiling of a file is {FILE_LINES}")
    for node in _functions(source):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES:
            yield source.violation(
                node.lineno, "size", f"{node.name} has {length} lines; {FUNCTION_LINES} is the ceiling"
            )


def _law(source: Source) -> Iterator[Violation]:
    text = ast.get_docstring(source.tree)
    if text is None:
        yield source.violation(1, "law", "a file opens with what it is for")
    elif (
        source.text.count("\n") >= SMALL
        and (lines := len([line for line in text.splitlines() if line])) not in LAW_LINES
    ):
        yield source.violation(1, "law", f"the law at the top has {lines} lines; it takes three to twelve")


def _names(source: Source) -> Iterator[Violation]:
    stem = Path(source.name).stem
    classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    named = [(1, stem, stem.split("_"))]
    named += [(node.lineno, node.name, re.findall(r"[A-Z]+[a-z]*", node.name)) for node in classes]
    for line, name, words in named:
        if weak := WEAK_WORDS & {word.lower() for word in words}:
            yield source.violation(line, "name", f"{name}: {'/'.join(sorted(weak))} does not say what it is")


def _escapes(source: Source) -> Iterator[Violation]:
    if source.is_in(GUARDED):
        for line, comment in source.comments():
            if ESCAPES.search(comment):
                yield source.violation(line, "escape", "no check is switched off in the four guarded places")


def _docstrings(source: Source) -> Iterator[Violation]:
    """Public names at the top of a module say in a line what they are."""
    for node in source.tree.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield source.violation(node.lineno, "docstring", f"{node.name} has none")


def _open_dicts(source: Source) -> Iterator[Violation]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Subscript) and re.fullmatch(r"(dict|Mapping)\[str, Any\]", ast.unparse(node)):
            yield source.violation(node.lineno, "type", f"{ast.unparse(node)} says nothing: name the fields")


def _twins(files: Sequence[Source]) -> Iterator[Violation]:
    """Definitions that stand twice, whatever their names and docstrings are."""
    places: dict[str, list[tuple[Source, Function]]] = defaultdict(list)
    for source in files:
        for node in _functions(source):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if sum(1 for statement in body for _ in ast.walk(statement)) >= TWIN_NODES:
                places["\n".join(ast.dump(statement) for statement in body)].append((source, node))
    for (first, original), *others in places.values():
        for source, node in others:
            sentence = f"{node.name} is {original.name} of bridge/{first.name}:{original.lineno} again"
            yield source.violation(node.lineno, "twin", sentence)
