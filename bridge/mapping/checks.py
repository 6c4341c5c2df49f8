"""What no type can say: names of one mapping that must exist in another place.

Law (`mapping.md`): each fault is a path into the file and a sentence with the names that exist; nothing
stops at the first. Pure. A mapping that passes here cannot meet an unknown name while it reads a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.mapping.language import (
    BLANK,
    FILLED,
    FLAG_NAMES,
    FormatFile,
    KindSpec,
    Rule,
    TableSpec,
    kind_names,
)
from bridge.mapping.overlay import Overlay
from bridge.mapping.places import Path, unknown
from bridge.mapping.procedures import Stage, known
from bridge.mapping.shape_checks import check_shape
from bridge.mapping.shapes import Code, CodeEntry, CodesFile
from bridge.reading import Unit

Wrong = Iterator[tuple[Path, str]]


def check_codes(file: CodesFile, earlier: Mapping[str, CodeEntry]) -> Wrong:
    """A display must be the official one; a code already named keeps its meaning."""
    official = {(e.system, e.code): e.official for e in earlier.values() if e.official}
    official |= {(e.system, e.code): e.official for e in file.codes.values() if e.official}
    for name, entry in file.codes.items():
        true = official.get((entry.system, entry.code))
        if entry.display and true and entry.display != true:
            yield ("codes", name, "display"), f"the official display is {true!r}: write that, or none"
        if (entry.ucum is None) != (entry.unit is None):
            yield ("codes", name), "ucum and unit go together: the UCUM code and the text of the unit"


def check_format(file: FormatFile, codes: Mapping[str, Code], earlier: Mapping[str, FormatFile]) -> Wrong:
    """Everything that a format names."""
    if file.format in earlier:
        yield ("format",), f"{file.format!r} is already taken; a site file says `extends: {file.format}`"
    table = file.read.table
    yield from _table(table)
    for index, rule in enumerate(table.rules):
        for path, sentence in _rule(rule, table):
            yield ("read", "table", "rules", index, *path), sentence
    for stream, shape in file.fhir.items():
        for path, sentence in check_shape(stream, shape, codes):
            yield ("fhir", stream.value, *path), sentence


def check_overlay(site: Overlay, codes: Mapping[str, Code], formats: Mapping[str, FormatFile]) -> Wrong:
    """What a site file names."""
    if site.extends not in formats:
        yield ("extends",), unknown(site.extends, formats)
        return
    for stream, shape in site.fhir.items():
        for path, sentence in check_shape(stream, shape, codes):
            yield ("fhir", stream.value, *path), sentence


def _table(table: TableSpec) -> Wrong:
    here = ("read", "table")
    named: list[tuple[Path, str, Stage]] = []
    time, device = table.time, table.device
    if time.field not in table.fields:
        yield (*here, "time", "field"), unknown(time.field, table.fields)
    if time.order:
        named.append((("time", "order"), time.order, Stage.DATES))
    if time.clock != "zone":
        named.append((("time", "clock"), time.clock, Stage.CLOCK))
    if table.person:
        named.append((("person",), table.person, Stage.PERSON))
    named += [(("prepare", index), name, Stage.PREPARE) for index, name in enumerate(table.prepare)]
    if device:
        if device.procedure:
            named.append((("device", "procedure"), device.procedure, Stage.DEVICE))
        for slot, name in (("serial", device.serial), ("model", device.model)):
            if name is not None and name not in table.fields:
                yield (*here, "device", slot), unknown(name, table.fields)
    for path, name, stage in named:
        if name not in known(stage):
            yield (*here, *path), unknown(name, known(stage))


def _rule(rule: Rule, table: TableSpec) -> Wrong:
    fields = {*table.fields, *table.marks}
    for index, option in enumerate(rule.when):
        for name, words in option.items():
            if name not in fields:
                yield ("when", index, name), unknown(name, fields)
            elif name in table.marks and words not in ((FILLED,), (BLANK,)):
                yield ("when", index, name), f"{name!r} is a mark: it is filled or blank"
    for name in sorted((rule.used | {*rule.beside}) - fields):
        yield _named_at(rule, name), unknown(name, fields)
    for name in rule.flags:
        if name not in FLAG_NAMES:
            yield ("flags",), unknown(name, FLAG_NAMES)
    yield from _kinds(rule)
    yield from _value(rule)


def _named_at(rule: Rule, name: str) -> Path:
    """Where a rule names that field."""
    if rule.value and name in (rule.value.field, *rule.value.marks):
        return ("value", "field" if name == rule.value.field else "marks")
    if isinstance(rule.kind, KindSpec) and rule.kind.field == name:
        return ("kind", "field")
    slots = {"counter": rule.counter, "duration": rule.duration, "rate": rule.rate}
    slot = next((slot for slot, named in slots.items() if named == name), None)
    return (slot or ("text" if name in rule.text else "beside"),)


def _kinds(rule: Rule) -> Wrong:
    if rule.stream is None:
        return
    there = {*kind_names(rule.stream), "unknown"}
    for name in rule.kinds:
        if name not in there:
            yield ("kind",), unknown(name, there)


def _value(rule: Rule) -> Wrong:
    value = rule.value
    if value is None:
        return
    if value.adjust and value.adjust not in known(Stage.LIMITS):
        yield ("value", "adjust"), unknown(value.adjust, known(Stage.LIMITS))
    units = {Unit.MG_DL, Unit.MMOL_L} if value.unit == "header" else {value.unit}
    for unit in sorted(units - set(value.decimals)):
        yield ("value", "decimals"), f"decimals for {unit} are missing"
