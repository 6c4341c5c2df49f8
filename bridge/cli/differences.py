"""`mapping diff A B`: what would leave otherwise if the site's mappings were those of B instead of A.

Law (`mapping.md`): values are shown of samples and of files that the analyst gives, and never of the store: there
it tells counts alone, from the accounts of uploads, which hold none. Templates are compared filled with invented
values.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bridge.cli.compared import Difference, differences
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, settings
from bridge.settings import Settings, shipped
from bridge.store.artifacts import listed

if TYPE_CHECKING:
    from bridge.mapping import Format, Mappings

SHIPPED: Final = "shipped"
SAMPLES: Final = (".csv", ".txt", ".json", ".ndjson", ".xlsx")


@dataclass(frozen=True, slots=True)
class Side:
    """The mappings of a folder, and the settings that name it."""

    settings: Settings
    mappings: Mappings

    def revisions(self, name: str) -> tuple[str | None, str | None]:
        """Of both halves of a format; None where it is not here."""
        one: Format | None = self.mappings.formats.get(name)
        return (None, None) if one is None else (one.revision, one.fhir_revision)


@dataclass(frozen=True, slots=True)
class Changed:
    """A format that differs: its revisions on both sides, for each stream in how many templates, and how many
    readings of those streams the uploads kept here brought (None: not asked)."""

    name: str
    revisions: tuple[tuple[str | None, str | None], tuple[str | None, str | None]]
    templates: Mapping[str, int]
    kept: Mapping[str, int] | None

    @property
    def value(self) -> dict[str, Value]:
        """As JSON says it."""
        before, after = self.revisions
        found: dict[str, Value] = {"format": self.name, "templates": dict(self.templates)}
        found |= {"revision": [before[0], after[0]], "fhir_revision": [before[1], after[1]]}
        return found if self.kept is None else {**found, "stored": dict(self.kept)}

    @property
    def lines(self) -> Iterator[str]:
        """As people read it."""
        read, said = (
            " -> ".join(dict.fromkeys(each or "not there" for each in pair))
            for pair in zip(*self.revisions, strict=True)
        )
        yield f"{self.name}: reads as {read}, says as {said}"
        for stream, count in self.templates.items():
            many = "" if self.kept is None else f"; at most {self.kept[stream]} of what is kept here"
            yield f"  {stream}: {count} templates say something else{many}"


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare on this file (default: a shipped sample of each format that differs).",
)
@click.option("--timezone", default="UTC", show_default=True, metavar="Area/City")
@click.option("--store", is_flag=True, help="Count also what is kept here; never a value.")
@home_option
@json_option
def diff_mappings(
    before: str,
    after: str,
    files: tuple[Path, ...],
    timezone: str,
    store: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Show what would leave otherwise with the site folder B instead of A; `shipped` is none."""
    from bridge.cli.rehearsal import resources

    wanted = settings(home)
    sides = _side(wanted, before), _side(wanted, after)
    changed = list(_changed(sides, _kept(home) if store else None))
    compared: dict[Path, list[Difference]] = {}
    for path in files or tuple(path for each in changed for path in _sample(each.name)):
        old, new = (resources(each.settings, path, timezone) for each in sides)
        compared[path] = list(differences(old, new))
    value: Value = {
        "formats": [each.value for each in changed],
        "files": [
            {"file": path.name, "streams": {each.stream.value: each.value for each in found}}
            for path, found in compared.items()
        ],
    }
    lines = [line for each in changed for line in each.lines]
    for path, found in compared.items():
        lines += [f"{path.name}:" if found else f"{path.name}: nothing differs"]
        lines += [line for each in found for line in each.lines]
    emit(value, as_json, "\n".join(lines) or "nothing differs")


def _side(wanted: Settings, folder: str) -> Side:
    from bridge.mapping import MappingErrors, load

    site = None if folder == SHIPPED else Path(folder)
    if site is not None and not site.is_dir():
        raise click.UsageError(
            f"{folder!r} is no folder of mappings; {SHIPPED!r} is for those without a site's"
        )
    try:
        return Side(replace(wanted, mappings=site), load(shipped("mappings"), site))
    except MappingErrors as faults:
        raise Failed(f"the mappings of {folder} have faults: see `cgm-bridge mapping check`") from faults


def _changed(sides: tuple[Side, Side], kept: Counter[tuple[str, str]] | None) -> Iterator[Changed]:
    for name in sorted({name for each in sides for name in each.mappings.formats}):
        before, after = (each.revisions(name) for each in sides)
        if before != after:
            told = dict(_templates(sides, name))
            stored = None if kept is None else {stream: kept[name, stream] for stream in told}
            yield Changed(name, (before, after), told, stored)


def _templates(sides: tuple[Side, Side], name: str) -> Iterator[tuple[str, int]]:
    """The streams of a format that would say something else, and in how many of their templates."""
    from bridge.fhir.trial import templates

    both = [each.mappings.formats[name] for each in sides if name in each.mappings.formats]
    if len(both) < len(sides):
        return
    for stream in sorted(both[0].streams & both[1].streams):
        old, new = (templates(each.mappings, name, stream) for each in sides)
        if count := sum(old.get(key) != new.get(key) for key in old | new):
            yield stream.value, count


def _kept(home: Path | None) -> Counter[tuple[str, str]]:
    """How many readings the uploads kept here brought, by format and stream: an upload that repeats another one
    counts too, so it is the most that can differ."""
    found: Counter[tuple[str, str]] = Counter()
    with bridge(home) as here:
        for one in (one for patient in here.patients() for one in listed(here.db, patient)):
            if one.state == "stored":
                found.update(
                    {(one.format, name): count for name, count in json.loads(one.account)["read"].items()}
                )
    return found


def _sample(name: str) -> list[Path]:
    """A shipped sample of a format."""
    folder = shipped("conformance") / name
    return [path for path in sorted(folder.glob("*")) if path.suffix in SAMPLES][:1]
