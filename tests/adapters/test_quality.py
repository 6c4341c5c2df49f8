"""Every format answers every rule of quality, with tests that exist or a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.adapters.recordings import FOLDER, PROJECT

RULES = YAML(typ="safe").load((FOLDER / "quality-rules.yaml").read_text("utf-8"))
ANSWERS = sorted(FOLDER.glob("*/quality.yaml"))
TESTS = {
    name
    for path in (PROJECT / "tests").rglob("*.py")
    for name in re.findall(r"^ *(?:async )?def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
}


def wrong(where: str, answer: dict[str, object]) -> list[str]:
    """What is not right about one answer."""
    if set(answer) == {"exempt"}:
        return [] if str(answer["exempt"]).strip() else [f"{where}: no reason"]
    named = answer.get("done")
    if set(answer) != {"done"} or not isinstance(named, list) or not named:
        return [f"{where}: neither done with tests nor exempt with a reason"]
    return [f"{where}: there is no {name}" for name in named if name not in TESTS]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.parent.name)
def test_a_format_answers_every_rule_with_tests_that_exist_or_a_reason(path: Path) -> None:
    said = YAML(typ="safe").load(path.read_text("utf-8"))
    assert said["format"] == path.parent.name and (PROJECT / "mappings" / f"{said['format']}.yaml").exists()
    assert list(said["rules"]) == list(RULES)
    answers = {**said["rules"], **said["traps"]}
    assert [fault for where, answer in answers.items() for fault in wrong(where, answer)] == []


def test_every_format_that_is_shipped_answers() -> None:
    shipped = {path.stem for path in (PROJECT / "mappings").glob("*.yaml")}
    assert shipped - {"codes", "shapes", "site.example"} == {path.parent.name for path in ANSWERS}


def test_an_answer_without_a_test_or_a_reason_is_seen() -> None:
    assert wrong("unit", {"done": ["test_that_nobody_wrote"]}) == ["unit: there is no test_that_nobody_wrote"]
    assert wrong("unit", {"done": []}) and wrong("unit", {"exempt": " "}) and wrong("unit", {})
