"""YAML twice: quickly as tables, and with positions; both are one document."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping import MappingErrors, load
from bridge.mapping.yaml_text import YamlText


def test_both_readings_of_every_mapping_are_one_document(project: Path) -> None:
    for folder in (project / "mappings", project / "tests" / "mapping" / "formats"):
        for path in folder.glob("*.yaml"):
            text = YamlText(path.read_text("utf-8"))
            assert text.document == text.marked, path.name


def test_types_are_those_of_yaml_1_2() -> None:
    text = YamlText("a: [no, yes, on, 1:30, 0x1f, 2026-11-20, true, ~, 3, 1.5, 1e3, '4', -2]")
    assert text.document == {
        "a": ["no", "yes", "on", "1:30", "0x1f", "2026-11-20", True, None, 3, 1.5, 1000.0, "4", -2]
    }


def test_anchors_and_merged_tables_are_followed() -> None:
    text = YamlText("one: &one {a: 1, b: 2}\ntwo: {<<: *one, b: 3}\nthree: *one\n")
    assert text.document == {"one": {"a": 1, "b": 2}, "two": {"a": 1, "b": 3}, "three": {"a": 1, "b": 2}}


@pytest.mark.parametrize(
    ("text", "line"), [("format: a\nversion: 1\nformat: b\n", 3), ("format: a\n  version: 1\n", 2)]
)
def test_a_name_given_twice_and_broken_text_are_told_with_their_line(
    tmp_path: Path, text: str, line: int
) -> None:
    (tmp_path / "site.yaml").write_text(text)
    with pytest.raises(MappingErrors) as faults:
        load(tmp_path)
    assert faults.value.faults[0].line == line
