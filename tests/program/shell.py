"""The command line as its users run it: a process, its exit code, its standard output as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from bridge.__main__ import main


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Its JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """`cgm-bridge` in one home."""

    home: Path

    def __call__(self, *words: str, json_out: bool = True) -> Ran:
        """Run one command to its end."""
        tail = ["--home", str(self.home), *(["--json"] if json_out else [])]
        done = subprocess.run(
            [sys.executable, "-m", "bridge", *words, *tail],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def patient(self, name: str = "Noor Beispiel", timezone: str = "Europe/Berlin") -> str:
        """The id of a new person."""
        return str(self("patient", "add", "--name", name, "--timezone", timezone).value["id"])

    def take(self, patient: str, *files: Path) -> Ran:
        """Import files."""
        return self("import", *map(str, files), "--patient", patient)


@dataclass(frozen=True)
class Inside(Shell):
    """The same without a process of its own."""

    def __call__(self, *words: str, json_out: bool = True) -> Ran:
        """Run one command to its end."""
        tail = ["--home", str(self.home), *(["--json"] if json_out else [])]
        done = CliRunner().invoke(main, [*words, *tail], catch_exceptions=False)
        return Ran(done.exit_code, done.stdout, done.stderr)
