"""A file of ours, parsed once, with names resolved to where they were imported from.

Law: the rules beside this module read syntax alone; nothing here imports what it judges. What syntax cannot
tell (a name handed about at run time) is told by types, by the seal of `Disclosure`, and by review.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A rule that a line breaks, with the sentence that says why it is one."""

    file: str
    line: int
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.sentence}"


class Source:
    """One Python file of the package. `name` is its path inside `bridge/`, as the rules write it."""

    def __init__(self, package: Path, path: Path) -> None:
        self.package = package
        self.name = path.relative_to(package).as_posix()
        self.text = path.read_text("utf-8")
        self.tree = ast.parse(self.text, self.name)

    def is_in(self, places: tuple[str, ...]) -> bool:
        """Whether this file is one of the places (shell patterns over `name`)."""
        return any(fnmatchcase(self.name, place) for place in places)

    def violation(self, line: int, rule: str, sentence: str) -> Violation:
        """A violation in this file."""
        return Violation(f"bridge/{self.name}", line, rule, sentence)

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name -> the dotted name it stands for. `import a.b` binds `a`, as Python does."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    names[each.asname or each.name.partition(".")[0]] = (
                        each.name if each.asname else each.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    names[each.asname or each.name] = f"{node.module}.{each.name}"
        return names

    @cached_property
    def modules(self) -> frozenset[str]:
        """Every dotted name that an import statement mentions: `from a import b` mentions `a` and `a.b`."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found.update(f"{node.module}.{each.name}" for each in node.names)
        return frozenset(found)

    def resolved(self, node: ast.expr) -> str:
        """The dotted name of an expression, through this file's imports; '' where it has none."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.resolved(node.value)
            return f"{before}.{node.attr}" if before else f"?.{node.attr}"
        return ""

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the dotted name of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, self.resolved(node.func)

    def chains(self) -> Iterator[tuple[int, str]]:
        """Every dotted name that is read, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name):
                yield node.lineno, self.resolved(node)

    def comments(self) -> Iterator[tuple[int, str]]:
        """Every comment with its line."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def sources(package: Path) -> Iterator[Source]:
    """Every Python file under `package` (the folder `bridge`), in the order of their names."""
    for path in sorted(package.rglob("*.py")):
        yield Source(package, path)
