"""The one-door rule, read from syntax: who may make what, who may read what, who may say JSON.

Law: each table below is a sentence of the design (architecture.md, laws) and names the only files that may.
A rule is a table and one small function; `test_violations.py` plants each and sees it caught. Import
contracts and lint stand beside these: imports are seen there, attribute walks and calls are seen here.

Run it alone: `python -m tests.contracts.one_door`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.contracts.habits import habits
from tests.contracts.source import Source, Violation, sources

RENDERERS: Final = ("fhir/render*.py",)
COMMANDS: Final = ("cli/*.py", "__main__.py")

MAKERS: Final[dict[str, tuple[str, ...]]] = {
    "Gate": ("app.py",),
    "Renderer": ("app.py",),
    "Disclosure": ("consent/gate.py",),
    "FhirBytes": RENDERERS,
    "PdfBytes": ("report/press.py",),
    "PngBytes": ("report/press.py",),
    "Hl7Bytes": ("hl7/render.py",),
    "Scribe": ("app.py",),
    "PortalBytes": ("portal/render.py",),
    "Binder": ("push/worker.py", "cli/export.py"),
    "RecipientPermit": ("smart/tokens.py",),
    "DeliveryPermit": ("push/*.py",),
    "OwnerPermit": (*COMMANDS, "demo/story.py", "people/owner.py"),
    "OperatorPermit": COMMANDS,
}
"""Type -> the files that may call it."""

READERS: Final[dict[str, tuple[str, ...]]] = {
    "bridge.store.readings": ("consent/hand.py",),
    "bridge.store.strays": ("consent/hand.py",),
    "bridge.store.stood": ("consent/hand.py", "consent/askers.py", "push/affected.py"),
    "bridge.store.layers": ("store/*.py",),
    "bridge.consent.hand": ("consent/gate.py",),
    "bridge.consent.disclosure.claim": ("consent/gate.py",),
    "bridge.consent.disclosure._claimed": (),
    "bridge.fhir.render._SEAL": (),
    "bridge.report.press._SEAL": (),
    "bridge.hl7.render._SEAL": (),
    "bridge.portal.render._SEAL": (),
}
"""Dotted name -> the files that may say it, by import or by walking there from a parent package."""

METHODS: Final[dict[str, tuple[str, ...]]] = {
    "execute": ("store/*.py",),
    "executemany": ("store/*.py",),
    "executescript": ("store/*.py",),
    "box": ("store/*.py", "consent/*.py"),
    "model_construct": (),
}
"""Method -> the files that may call it: SQL stays in the store, a person's key is opened in two packages."""

CLOCKS: Final = frozenset(
    f"{module}.{name}"
    for module, names in {
        "time": ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime"),
        "datetime.datetime": ("now", "utcnow", "today"),
        "datetime.date": ("today",),
    }.items()
    for name in names
)
CLOCK_READERS: Final = ("app.py",)

JSON: Final = frozenset(
    {
        "json.dump", "json.dumps", "json.JSONEncoder", "msgspec.json.encode", "msgspec.json.Encoder",
        "orjson", "orjson.dumps", "starlette.responses.JSONResponse",
        "fastapi.responses.JSONResponse", "fastapi.responses.ORJSONResponse",
    }
)  # fmt: skip
JSON_SPEAKERS: Final = (
    *RENDERERS, "cli/shell.py", "demo/*.py", "ingest/*.py", "mapping/load.py", "smart/*.py", "store/*.py",
)  # fmt: skip
"""Who may make JSON at all: command line output, OAuth wire, sealed texts at rest, the demo's receiver."""
CLOSED: Final = (
    "bridge.consent.gate", "bridge.consent.disclosure", "bridge.fhir.render", "bridge.hl7.render",
    "bridge.portal.render", "bridge.report.press",
)  # fmt: skip
"""Whoever imports one of these can name a Disclosure, FhirBytes, Hl7Bytes or PdfBytes, and makes no JSON (render alone
may)."""

BACK_DOORS: Final = frozenset(
    {
        "__new__",
        "__setstate__",
        "__dict__",
        "__globals__",
        "__subclasses__",
        "__reduce__",
        "__closure__",
        "__code__",
    }
)
DYNAMIC: Final = frozenset(
    {"__import__", "eval", "exec", "compile", "globals", "vars", "importlib", "sys.modules", "gc.get_objects"}
)


def doors(files: Iterable[Source]) -> list[Violation]:
    """Every violation in these files."""
    found: list[Violation] = []
    for source in files:
        for rule in (_makers, _readers, _methods, _clock, _json, _back_doors, _dynamic, _permits, _files):
            found += rule(source)
    return sorted(set(found))


def _makers(source: Source) -> Iterator[Violation]:
    for node, name in source.calls():
        made = name.rpartition(".")[2]
        if made in MAKERS and not source.is_in(MAKERS[made]):
            yield source.violation(node.lineno, "maker", f"{made}() is called in {_only(MAKERS[made])}")


def _readers(source: Source) -> Iterator[Violation]:
    said = [(line, name) for line, name in source.chains()] + [(1, name) for name in source.modules]
    for line, name in said:
        for target, places in READERS.items():
            if (name == target or name.startswith(f"{target}.")) and not source.is_in(places):
                yield source.violation(line, "reader", f"{target} is for {_only(places)}")


def _methods(source: Source) -> Iterator[Violation]:
    for node, name in source.calls():
        method = name.rpartition(".")[2] if isinstance(node.func, ast.Attribute) else ""
        if method in METHODS and not source.is_in(METHODS[method]):
            yield source.violation(
                node.lineno, "method", f".{method}() is called in {_only(METHODS[method])}"
            )


def _clock(source: Source) -> Iterator[Violation]:
    if not source.is_in(CLOCK_READERS):
        for line, name in source.chains():
            if name in CLOCKS:
                yield source.violation(line, "clock", f"{name} is read in app.py alone: take a clock")


def _json(source: Source) -> Iterator[Violation]:
    closed = not source.is_in(RENDERERS) and any(name.startswith(CLOSED) for name in source.modules)
    if source.is_in(JSON_SPEAKERS) and not closed:
        return
    for line, name in [*source.chains(), *((1, name) for name in source.modules)]:
        if name in JSON:
            why = "can name a Disclosure" if closed else "is not among those that speak JSON"
            yield source.violation(line, "json", f"{name}: this file {why}")


def _back_doors(source: Source) -> Iterator[Violation]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in BACK_DOORS:
            yield source.violation(node.lineno, "back door", f"{node.attr} goes around a constructor")
        elif isinstance(node, ast.Constant) and node.value in BACK_DOORS:
            yield source.violation(
                node.lineno, "back door", f"{node.value} as a text goes around a constructor"
            )


def _dynamic(source: Source) -> Iterator[Violation]:
    for line, name in [*source.chains(), *((1, name) for name in source.modules)]:
        if name in DYNAMIC or name.startswith("importlib."):
            yield source.violation(line, "dynamic", f"{name}: the contracts cannot see what it reaches")
    for node, name in source.calls():
        if name in ("getattr", "setattr", "object.__setattr__") and _is_private(node):
            yield source.violation(node.lineno, "dynamic", f"{name} of a private name")


def _is_private(node: ast.Call) -> bool:
    name = node.args[1] if len(node.args) > 1 else None
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return False
    return name.value.startswith("_") and not name.value.endswith("__")


def _permits(source: Source) -> Iterator[Violation]:
    """A permit is not bent into another one. The gate bends wishes, never permits."""
    if not source.is_in(("consent/gate.py",)) and any(
        name.startswith("bridge.consent.permit") for name in source.modules
    ):
        for line, name in source.chains():
            if name in ("dataclasses.replace", "copy.replace"):
                yield source.violation(
                    line, "maker", "dataclasses.replace where permits are known makes permits"
                )


def _files(source: Source) -> Iterator[Violation]:
    """Adapters take bytes; a path opened there would be a second way in."""
    if source.is_in(("adapters/*.py", "consent/*.py", "fhir/*.py", "period/*.py", "reading.py")):
        for node, name in source.calls():
            if name in ("open", "io.open", "print", "input"):
                yield source.violation(node.lineno, "files", f"{name}() in a pure module")


def _only(places: tuple[str, ...]) -> str:
    return f"{' and '.join(places)} alone" if places else "no other file"


def main() -> int:
    """Print every violation of the package and of its habits; 1 where there is one."""
    package = Path(__file__).resolve().parents[2] / "bridge"
    files = list(sources(package))
    found = [*doors(files), *habits(files)]
    for each in found:
        print(each)
    print(f"one door: {len(found)} violations" if found else "one door: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
