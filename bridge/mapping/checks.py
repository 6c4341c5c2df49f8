"""What no type can say: names of one mapping that must exist in another place.

Law (`mapping.md`): each fault is a path into the file and a sentence with the names that exist; nothing
stops at the first. Pure. A mapping that passes here cannot meet an unknown name while it reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bridge.mapping.json_path import is_path
from bridge.mapping.language import FormatFile, PartSpec, PersonSpec, ReadHalf, TableSpec
from bridge.mapping.overlay import Overlay
from bridge.mapping.paths_checked import document_paths, no_path
from bridge.mapping.places import Path, unknown
from bridge.mapping.procedures import Stage, known
from bridge.mapping.rule import FLAG_NAMES, TREND_NAMES, Option, Rule, kind_names
from bridge.mapping.shape_checks import check_shape
from bridge.mapping.shapes import Code, CodeEntry, CodesFile, Words
from bridge.mapping.wanted import BLANK, FILLED

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
    yield from _source(file.read)
    for index, signature in enumerate(file.detect):
        if signature.json_ is not None and not is_path(signature.json_.at):
            yield ("detect", index, "json", "at"), no_path(signature.json_.at)
    yield from _layouts(file)
    for stream, shape in file.fhir.items():
        for path, sentence in check_shape(stream, shape, codes):
            yield ("fhir", stream.value, *path), sentence


def _layouts(file: FormatFile) -> Wrong:
    """Layouts that no signature shows."""
    there = {signature.layout for signature in file.detect if signature.layout}
    named: list[tuple[Path, Words]] = [
        (("records", index), one.layouts) for index, one in enumerate(file.read.records)
    ]
    if isinstance(file.read.person, PersonSpec):
        named.append((("person",), file.read.person.layout))
    for where, layouts in named:
        for name in layouts:
            if name not in there:
                yield ("read", *where, "layout"), unknown(name, there)


def check_overlay(site: Overlay, codes: Mapping[str, Code], formats: Mapping[str, FormatFile]) -> Wrong:
    """What a site file names."""
    if site.extends not in formats:
        yield ("extends",), unknown(site.extends, formats)
        return
    for stream, shape in site.fhir.items():
        for path, sentence in check_shape(stream, shape, codes):
            yield ("fhir", stream.value, *path), sentence


def _source(half: ReadHalf) -> Wrong:
    """The parts of a source, and the procedures over all of them."""
    named: list[tuple[Path, str, Stage]] = [
        (("together", index), name, Stage.TOGETHER) for index, name in enumerate(half.together)
    ]
    if half.clock:
        named.append((("clock",), half.clock, Stage.CLOCKS))
    if isinstance(half.person, str):
        named.append((("person",), half.person, Stage.PERSON))
    if half.sections is not None:
        named.append((("sections", "procedure"), half.sections.procedure, Stage.SECTIONS))
    for path, sentence in (*_procedures(named), *document_paths(half)):
        yield ("read", *path), sentence
    for where, part in half.parts:
        for path, sentence in _part(part):
            yield ("read", *where, *path), sentence


def _procedures(named: Iterable[tuple[Path, str, Stage]]) -> Wrong:
    for path, name, stage in named:
        if name not in known(stage):
            yield path, unknown(name, known(stage))


def _part(part: PartSpec) -> Wrong:
    named: list[tuple[Path, str, Stage]] = []
    time, device = part.time, part.device
    for name in time.field:
        if name not in part.names:
            yield ("time", "field"), unknown(name, part.names)
    for index, name in enumerate(part.reads):
        if name not in part.names:
            yield ("reads", index), unknown(name, part.names)
    if time.utc is not None and time.utc not in part.names:
        yield ("time", "utc"), unknown(time.utc, part.names)
    beside = {"minutes": time.offset.minutes, "local": time.offset.local} if time.offset else {}
    for slot, field in beside.items():
        if field is not None and field not in part.names:
            yield ("time", "offset", slot), unknown(field, part.names)
    if time.order:
        named.append((("time", "order"), time.order, Stage.DATES))
    if time.clock != "zone":
        named.append((("time", "clock"), time.clock, Stage.CLOCK))
    if isinstance(part, TableSpec) and part.person:
        named.append((("person",), part.person, Stage.PERSON))
    named += [(("prepare", index), name, Stage.PREPARE) for index, name in enumerate(part.prepare)]
    if device:
        if device.procedure:
            named.append((("device", "procedure"), device.procedure, Stage.DEVICE))
        fields = {"serial": device.serial, "install": device.install, "model": device.model}
        for slot, field in fields.items():
            if field is not None and field not in part.names:
                yield ("device", slot), unknown(field, part.names)
    yield from _procedures(named)
    passes: list[Path] = [("rules",), *(("also", index, "rules") for index in range(len(part.also)))]
    for where, one in zip(passes, part.passes, strict=True):
        for index, rule in enumerate(one.rules):
            for path, sentence in _rule(rule, part):
                yield (*where, index, *path), sentence


def _rule(rule: Rule, part: PartSpec) -> Wrong:
    fields = {*part.names, *part.marks}
    options: list[tuple[Path, Option]] = [(("when", index), option) for index, option in enumerate(rule.when)]
    options += [
        (("marked", flag, index), option)
        for flag, some in rule.marked.items()
        for index, option in enumerate(some)
    ]
    for where, option in options:
        for name, words in option.items():
            if name not in fields:
                yield (*where, name), unknown(name, fields)
            elif name in part.marks and words not in ((FILLED,), (BLANK,)):
                yield (*where, name), f"{name!r} is a mark: it is filled or blank"
    for path, name in (*rule.slots, *((("beside",), name) for name in rule.beside)):
        if name not in fields:
            yield path, unknown(name, fields)
    for slot, names in (("flags", rule.flags), ("marked", tuple(rule.marked))):
        for name in names:
            if name not in FLAG_NAMES:
                yield (slot,), unknown(name, FLAG_NAMES)
    for name in rule.trend.words if rule.trend else ():
        if name not in TREND_NAMES:
            yield ("trend", "words", name), unknown(name, TREND_NAMES)
    yield from _kinds(rule)
    yield from _value(rule)


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
    if value.procedure and value.procedure not in known(Stage.AMOUNT):
        yield ("value", "procedure"), unknown(value.procedure, known(Stage.AMOUNT))
    for unit in sorted(value.units - set(value.decimals)):
        yield ("value", "decimals"), f"decimals for {unit} are missing"
