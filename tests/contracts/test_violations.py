"""Every law of the design is broken once, and the tool that holds it sees it; the clean tree passes.

A copy of the package is planted with one file at a time. Import contracts, lint and syntax rules look at
each alone; types look once at all that are theirs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contracts.habits import habits
from tests.contracts.one_door import doors
from tests.contracts.planted import PLANTED, Planted
from tests.contracts.planted_portals import PORTALS
from tests.contracts.planted_since import MORE
from tests.contracts.source import Source, sources

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A folder with the package and its configuration."""
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(project / "bridge", folder / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(project / "pyproject.toml", folder)
    (folder / "tests").mkdir()
    return folder


@contextmanager
def standing(folder: Path, planted: Planted) -> Iterator[Path]:
    """The planted file, for a while."""
    path = folder / "bridge" / planted.file
    assert not path.exists(), f"{planted.file} is a real file now: plant elsewhere"
    path.parent.mkdir(exist_ok=True)
    path.write_text(planted.text, "utf-8")
    try:
        yield path
    finally:
        path.unlink()
        if path.name == "__init__.py":
            shutil.rmtree(path.parent)


def run(folder: Path, *command: str) -> tuple[int, str]:
    """A tool's status and everything it said, as one line."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "400", "NO_COLOR": "1"},
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def seen_by(tool: str, folder: Path, path: Path | None = None) -> tuple[int, str]:
    """What a tool says about the copy (lint and syntax: about one file of it, where one is named)."""
    if tool == "imports":
        return run(folder, "lint-imports", "--no-cache", "--no-logo")
    if tool == "ruff":
        return run(folder, "ruff", "check", "--no-cache", "--output-format", "concise", str(path or "bridge"))
    package = folder / "bridge"
    files = list(sources(package)) if path is None else [Source(package, path)]
    found = [*doors(files), *habits(files)]
    return (1 if found else 0), "\n".join(map(str, found))


@pytest.mark.parametrize(
    "planted", [p for p in (*PLANTED, *MORE, *PORTALS) if p.tool != "mypy"], ids=lambda p: p.what
)
def test_a_planted_violation_is_seen(copy: Path, planted: Planted) -> None:
    with standing(copy, planted) as path:
        status, said = seen_by(planted.tool, copy, path)
    assert status == 1
    assert planted.words in said
    assert "planted" in said


@pytest.mark.parametrize("tool", ["imports", "ruff", "syntax"])
def test_the_clean_tree_passes(copy: Path, tool: str) -> None:
    status, said = seen_by(tool, copy)
    assert status == 0, said


def test_types_hold_and_see_what_only_types_can(copy: Path) -> None:
    """One run for all: the only errors of the whole package are those in planted files."""
    planted = [each for each in PLANTED if each.tool == "mypy"]
    (one,) = planted
    with standing(copy, one) as path:
        status, said = run(copy, "mypy", "--cache-dir", str(copy / "types"), "bridge")
    assert status == 1
    assert one.words in said
    assert said.count("error:") == said.count(f"{path.relative_to(copy)}:"), said


def test_the_trial_of_the_design_is_whole() -> None:
    assert len(PLANTED) == 25
    assert len({each.what for each in (*PLANTED, *MORE, *PORTALS)}) == len(PLANTED) + len(MORE) + len(PORTALS)
