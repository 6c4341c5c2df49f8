"""Every demand of SMART App Launch on a server stands on a test, is exempt for a reason, or is named as open.

Law: the marks are read from the sources, so that a mark on a test that is not collected here counts too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.smart.requirements import EXEMPT, OPEN, SERVER


def _marked(project: Path) -> Iterator[int]:
    for path in sorted((project / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "requirement":
                        yield from (ast.literal_eval(number) for number in mark.args)


def test_every_requirement_is_shown_exempt_or_open_and_none_is_two_of_them(project: Path) -> None:
    shown = set(_marked(project))
    exempt = [number for numbers in EXEMPT.values() for number in numbers]
    together = [*shown, *exempt, *OPEN]
    assert sorted(together) == sorted(SERVER), "a number is missing, unknown, or stands in two places"
