"""What the bridge can do stands in the README, and what stands in the README it can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest
from starlette.routing import Route

import bridge
import bridge.app
import bridge.served
import bridge.settings
from bridge.__main__ import main

UNSAID: Final = {"/fhir/", "/fhir/{rest:path}"}
"""What the framework adds, and the answer to every other FHIR address: 404."""


@pytest.fixture(scope="module")
def readme(project: Path) -> str:
    """The README's text."""
    return (project / "README.md").read_text("utf-8")


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that can be typed, as its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name)


def listed(readme: str) -> set[tuple[str, ...]]:
    """The commands of the README's list: `noun  verb | verb | verb`, or a command alone."""
    block = re.search(r"## Commands\n\n(.*?)\n## ", readme, re.DOTALL)
    assert block
    known = {words[0] for words in commands(main) if len(words) > 1}
    found: set[tuple[str, ...]] = set()
    for line in filter(None, block[1].splitlines()):
        name, _, rest = line.strip().partition(" ")
        verbs = [tuple(verb.split()) for verb in rest.split("|")] if name in known else [()]
        found |= {(name, *verb) for verb in verbs}
    return found


def test_the_commands_of_the_readme_are_those_of_the_bridge(readme: str) -> None:
    assert listed(readme) == set(commands(main))


def test_the_settings_of_the_readme_are_those_of_the_bridge(project: Path, readme: str) -> None:
    code = "".join(path.read_text("utf-8") for path in (project / "bridge").rglob("*.py"))
    table = readme[readme.index("## Environment") : readme.index("## Addresses")]
    names = {name for name in re.findall(r"BRIDGE_[A-Z_]+\b", code) if not name.startswith("BRIDGE_REQUIRE_")}
    assert set(re.findall(r"^\| .*?BRIDGE.*? \|", table, re.MULTILINE))
    for name in names:
        assert f"`{name}`" in table


def test_the_addresses_of_the_readme_are_those_of_the_bridge(tmp_path: Path, readme: str) -> None:
    found = bridge.app.opened(bridge.settings.load({}, home=tmp_path))
    try:
        served = bridge.served.built(found, worker=False)
        paths = {route.path for route in served.routes if isinstance(route, Route)} - UNSAID
    finally:
        found.close()
    table = readme[readme.index("## Addresses") : readme.index("## Change a mapping")]
    said = set(re.findall(r"`(/[^`]*)`", table))
    assert {re.sub(r"^/fhir/[A-Z][A-Za-z]+", "/fhir/{type}", path) for path in paths} == said
    assert all(kind in table for kind in re.findall(r"/fhir/([A-Z]\w+)", " ".join(paths)))


def test_the_readme_is_a_map_and_not_a_book(readme: str) -> None:
    assert readme.count("\n") <= 150
    assert "No alarms, no dosing advice, not real-time\nmonitoring." in readme
    assert "## What is not there yet" in readme


def test_every_file_that_the_documents_name_is_there(project: Path) -> None:
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"):
        text = (project / name).read_text("utf-8")
        for path in re.findall(r"`((?:bridge|tests|mappings|conformance|docker)/[\w./-]*\w)`", text):
            assert (project / path).exists(), f"{name} names {path}"


def test_the_changelog_speaks_of_this_version(project: Path) -> None:
    text = (project / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{bridge.__version__}]" in text
