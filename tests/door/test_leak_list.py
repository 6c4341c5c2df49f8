"""No line of the leak list is without an attack and a twin, and every test that the list names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.door.leaks import LINES, Line

NUMBER = re.compile(r"def (test_((?:l\d+_)+)\w*)\(")


def lacking(number: int, line: Line, project: Path) -> list[str]:
    """What is wrong with a line of the table."""
    wrong = [f"L{number} has no {what}" for what in ("attacks", "twins") if not getattr(line, what)]
    for named in (*line.attacks, *line.twins):
        path, _, name = named.partition("::")
        file = project / path
        if not (
            file.exists() and re.search(rf"^(async )?def {name}\(", file.read_text("utf-8"), re.MULTILINE)
        ):
            wrong.append(f"L{number} names {named}, which is not there")
    return wrong


def test_the_list_has_every_line_once() -> None:
    assert list(LINES) == list(range(1, 45))


@pytest.mark.parametrize("number", LINES)
def test_every_line_has_attacks_and_twins_that_are_there(number: int, project: Path) -> None:
    assert lacking(number, LINES[number], project) == []


def test_a_line_without_a_test_is_seen(project: Path) -> None:
    gone = Line("planted", (), ("tests/door/leaks.py::test_nowhere",))
    assert lacking(45, gone, project) == [
        "L45 has no attacks",
        "L45 names tests/door/leaks.py::test_nowhere, which is not there",
    ]


def test_every_number_in_a_name_is_a_line(project: Path) -> None:
    """A test may carry the number of a line without being in the table: it is one more attack of it."""
    for file in sorted((project / "tests").rglob("test_*.py")):
        for name, numbers in NUMBER.findall(file.read_text("utf-8")):
            assert all(int(each) in LINES for each in re.findall(r"\d+", numbers)), name
