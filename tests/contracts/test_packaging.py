"""What is declared is locked and used, and nothing else is; a wheel carries what it needs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

UNSEEN: Final = {
    "httptools": "uvicorn parses HTTP with it",
    "tzdata": "zoneinfo reads it where the system has no zones",
    "uvloop": "uvicorn runs on it",
}
"""Dependencies that no line of ours imports, and who does."""
MODULES: Final = {
    "pytest-xdist": "xdist",
    "argon2-cffi": "argon2",
    "fastapi-offline": "fastapi_offline",
    "fhir.resources": "fhir",
    "Jinja2": "jinja2",
    "MarkupSafe": "markupsafe",
    "python-calamine": "python_calamine",
    "PyYAML": "yaml",
    "ruamel.yaml": "ruamel",
}
PAGES: Final = {".html", ".po", ".css", ".js", ".svg"}
"""What pages are made of."""
PARTS: Final = {"pydantic_core": "pydantic"}
"""Modules that come with a dependency."""


def declared(project: Path, extra: str | None = None) -> set[str]:
    """Names of the dependencies in pyproject.toml."""
    table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    lines = table["optional-dependencies"][extra] if extra else table["dependencies"]
    return {re.split(r"[\[<>=;\s]", line)[0] for line in lines}


def imported(folder: Path) -> set[str]:
    """The dependencies that the files of a folder import."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names.update(each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    names = {PARTS.get(name, name) for name in names}
    return names - set(sys.stdlib_module_names) - {"bridge", "tests", "_pytest"}


def test_every_dependency_is_used_and_every_use_is_declared(project: Path) -> None:
    expected = {MODULES.get(name, name) for name in declared(project) - UNSEEN.keys()}
    assert imported(project / "bridge") == expected


def test_the_tests_use_only_what_is_declared(project: Path) -> None:
    known = {MODULES.get(name, name) for name in declared(project) | declared(project, "dev")}
    assert imported(project / "tests") - known == set()


def test_every_dependency_says_what_it_does(project: Path) -> None:
    text = (project / "pyproject.toml").read_text("utf-8")
    for name in declared(project) | declared(project, "dev"):
        assert re.search(rf'"{re.escape(name)}[^"]*",\s+# \w', text), f"{name} has no reason"


def test_every_dependency_is_locked_and_nothing_names_an_address(project: Path) -> None:
    lines = (project / "requirements.lock").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    locked = {line.partition("==")[0].lower().replace("_", "-") for line in pins}
    assert {name.lower() for name in declared(project) | declared(project, "dev")} <= locked


def test_a_wheel_carries_mappings_samples_and_schema(project: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    kept = {path.relative_to(project).as_posix() for path in (project / "mappings").rglob("*.yaml")}
    kept |= {
        path.relative_to(project).as_posix()
        for path in (project / "conformance").rglob("*")
        if path.is_file()
    }
    assert {f"bridge/_shipped/{name}" for name in kept} <= names
    sql = {path.relative_to(project).as_posix() for path in (project / "bridge").rglob("*.sql")}
    assert sql
    assert sql <= names
    seen = [path for path in (project / "bridge" / "pages").rglob("*") if path.suffix in PAGES]
    assert {path.suffix for path in seen} == PAGES
    assert {path.relative_to(project).as_posix() for path in seen} <= names
    assert not [name for name in names if "/tests/" in name or name.startswith("tests/")]


def test_make_says_in_one_sentence_which_python_it_needs(project: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes((project / "Makefile").read_bytes())
    for target in ("run", "test"):
        command = ["make", target, "PYTHON=no-such-python"]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode != 0
        assert "This needs Python 3.11 or later with venv" in done.stderr
    assert not (tmp_path / ".venv").exists()


PIP: Final = """#!/bin/sh
case "$*" in
  "-m venv .venv-lock") mkdir -p .venv-lock/bin && cp "$0" .venv-lock/bin/python ;;
  *"pip install"*) ;;
  *"pip freeze --exclude cgm-bridge"*) cat frozen ;;
  *) echo "nobody asked for $*" >&2; exit 9 ;;
esac
"""
"""A Python that makes a venv, installs nothing, and freezes what stands in a file."""


def test_a_new_lock_has_the_old_header_and_names_and_versions_alone(project: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes((project / "Makefile").read_bytes())
    (tmp_path / "requirements.lock").write_text(
        "# What it is.\n# How it is made.\nold==0.9\n# a remark\nolder==1\n"
    )
    (tmp_path / "frozen").write_text(
        "# Editable install with no version control (x==1)\n-e /home/somebody/x\n"
        "wheel @ https://host.example/wheel.whl\nlocal @ file:///home/somebody/local\na.b-c_d==1.2.post3\n"
    )
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP)
    python.chmod(0o755)
    (tmp_path / ".venv" / ".python").touch()
    done = subprocess.run(["make", "lock"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "requirements.lock").read_text()
    assert text == "# What it is.\n# How it is made.\na.b-c_d==1.2.post3\n"
    assert not (tmp_path / ".venv-lock").exists()


@pytest.mark.parametrize("script", [".ci/run"])
def test_the_scripts_are_executable_and_parse(project: Path, script: str) -> None:
    path = project / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
