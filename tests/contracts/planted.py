"""Violations of the laws, each as a file that a hurried person might add, with the tool that must see it.

Law: these 25 are those of the design's own trial, with our names; `planted_since.py` holds the rules
that were added. Each is planted alone in a copy of `bridge/`, beside code that is clean. A rule without a
line in one of the two is not known to work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Tool = Literal["imports", "ruff", "syntax", "mypy"]


@dataclass(frozen=True, slots=True)
class Planted:
    """`text` as the new file `file` (inside bridge/) is seen by `tool`, which says `words`."""

    what: str
    file: str
    text: str
    tool: Tool
    words: str


def lines(*lines: str) -> str:
    return "\n".join(['"""Planted."""', "", *lines, ""])


READ = "from bridge.store.readings import select"
PLANTED: Final = (
    Planted(
        "a route reads the store",
        "web/planted.py",
        lines(READ),
        "imports",
        "only the gate reads readings BROKEN",
    ),
    Planted(
        "the same through the package",
        "web/planted.py",
        lines("from bridge import store", "", "select = store.readings.select"),
        "imports",
        "never the store package itself BROKEN",
    ),
    Planted(
        "the push worker decodes rows itself",
        "push/planted.py",
        lines("from bridge.store.codec import decode"),
        "imports",
        "rows stay inside the store BROKEN",
    ),
    Planted(
        "a search reads the store",
        "fhir/planted.py",
        lines(READ),
        "imports",
        "only the gate reads readings BROKEN",
    ),
    Planted(
        "the token endpoint opens the gate",
        "smart/planted.py",
        lines("from bridge.consent.gate import Gate"),
        "imports",
        "the gate has few callers BROKEN",
    ),
    Planted(
        "the token endpoint renders",
        "smart/planted.py",
        lines("from bridge.fhir.render import Renderer"),
        "imports",
        "only routes and deliveries render BROKEN",
    ),
    Planted(
        "an adapter opens files",
        "adapters/planted.py",
        lines("import pathlib"),
        "imports",
        "adapters do no I/O BROKEN",
    ),
    Planted(
        "an adapter reads the clock",
        "adapters/planted.py",
        lines("import time"),
        "imports",
        "adapters do no I/O BROKEN",
    ),
    Planted(
        "an adapter borrows from another",
        "adapters/planted.py",
        lines("from bridge.adapters.dexcom import ticks"),
        "imports",
        "adapters do not know each other BROKEN",
    ),
    Planted(
        "the store imports upward",
        "store/planted.py",
        lines("from bridge.consent.asked import Asked"),
        "imports",
        "layers point down BROKEN",
    ),
    Planted("a package without a layer", "planted/__init__.py", lines(), "imports", "bridge.planted"),
    Planted(
        "a route speaks SQL",
        "web/planted.py",
        lines("import sqlite3"),
        "imports",
        "only the store speaks SQL BROKEN",
    ),
    Planted(
        "a module is imported by its name",
        "web/planted.py",
        lines("import importlib", "", 'readings = importlib.import_module("bridge.store.readings")'),
        "ruff",
        "`importlib` is banned",
    ),
    Planted(
        "a route makes JSON",
        "web/planted.py",
        lines("import json", "", "body = json.dumps({})"),
        "ruff",
        "`json.dumps` is banned",
    ),
    Planted(
        "the same by name",
        "web/planted.py",
        lines("from json import dumps", "", "body = dumps({})"),
        "ruff",
        "`json.dumps` is banned",
    ),
    Planted(
        "readings are rendered without the gate",
        "web/planted.py",
        lines(
            "from bridge.fhir.render import FhirBytes, Renderer",
            "from bridge.reading import Readings",
            "",
            "",
            "def shown(renderer: Renderer, readings: Readings) -> FhirBytes:",
            '    """Planted."""',
            '    return renderer.searchset(readings, "")',
        ),
        "mypy",
        'has incompatible type "Readings"; expected "Disclosure"',
    ),
    Planted(
        "a Disclosure is forged by a call",
        "push/planted.py",
        lines("from bridge.consent.disclosure import Disclosure", "", "forged = Disclosure(object())"),
        "syntax",
        "Disclosure() is called in consent/gate.py alone",
    ),
    Planted(
        "a Disclosure is forged past its constructor",
        "push/planted.py",
        lines(
            "from bridge.consent.disclosure import Disclosure", "", "forged = Disclosure.__new__(Disclosure)"
        ),
        "syntax",
        "__new__ goes around a constructor",
    ),
    Planted(
        "the seal is stolen",
        "web/planted.py",
        lines("from bridge.consent.disclosure import claim", "", "seal = claim()"),
        "ruff",
        "`bridge.consent.disclosure.claim` is banned",
    ),
    Planted(
        "a route builds a Gate of its own",
        "web/planted.py",
        lines("from bridge.consent.gate import Gate as Door", "", "door = Door(None, None, None)"),
        "syntax",
        "Gate() is called in app.py alone",
    ),
    Planted(
        "a module is taken from the loaded ones",
        "web/planted.py",
        lines("import sys", "", 'readings = sys.modules["bridge.store.readings"]'),
        "ruff",
        "`sys.modules` is banned",
    ),
    Planted(
        "a walk from the top package",
        "web/planted.py",
        lines("import bridge", "", "select = bridge.store.readings.select"),
        "ruff",
        "`bridge.store.readings` is banned",
    ),
    Planted(
        "getattr on the gate",
        "web/planted.py",
        lines("from bridge.consent.gate import Gate", "", 'db = getattr(Gate, "_db")'),
        "ruff",
        "B009",
    ),
    Planted(
        "a private attribute of the gate",
        "web/planted.py",
        lines(
            "from bridge.consent.gate import Gate",
            "",
            "",
            "def db(gate: Gate) -> object:",
            "    return gate._db",
        ),
        "ruff",
        "SLF001",
    ),
    Planted(
        "FHIR bytes are minted",
        "web/planted.py",
        lines(
            "from bridge.fhir.render import FhirBytes",
            "",
            'minted = FhirBytes(object(), b"{}", None, None)',
        ),
        "syntax",
        "FhirBytes() is called in fhir/render*.py alone",
    ),
)
"""The 25 of the trial."""
