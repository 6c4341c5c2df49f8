"""What a shape says, checked: codes that exist and fit the unit, kinds that the stream has, slots of its type.

Law (`mapping.md`): each fault is a path into the file and a sentence with the names that exist. Pure. A shape
that passes here cannot meet an unknown code while it is made into a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel

from bridge.mapping.places import Path, unknown
from bridge.mapping.resources import ADMINISTRATION, OBSERVATION, TYPE_OF
from bridge.mapping.rule import kind_names
from bridge.mapping.shapes import ANY, ByKind, Code, Shape, ShapesFile, UnitEntry
from bridge.reading import Stream, Unit

Wrong = Iterator[tuple[Path, str]]

SLOTS: Final[Mapping[str, frozenset[str]]] = {
    OBSERVATION: frozenset(
        {"resource", "code", "mean", "category", "profile", "mean_profile", "by_kind", "components",
         "concentration"}
    ),
    ADMINISTRATION: frozenset(
        {"resource", "code", "profile", "by_kind", "automated", "route", "concentration"}
    ),
}  # fmt: skip
"""Which slots a resource of that type has."""
BY_KIND: Final[Mapping[str, frozenset[str]]] = {
    OBSERVATION: frozenset({"code", "category", "value", "component"}),
    ADMINISTRATION: frozenset({"code", "reason", "not_done", "method"}),
}
_A: Final = {OBSERVATION: "an Observation", ADMINISTRATION: "a MedicationAdministration"}
DEVICES: Final = ("sensor", "transmitter", "receiver", "app", "meter", "pump", "pen")


def check_shapes(file: ShapesFile, codes: Mapping[str, Code]) -> Wrong:
    """Everything that shapes.yaml names."""
    for stream, shape in file.shapes.items():
        for path, sentence in check_shape(stream, shape, codes):
            yield ("shapes", stream.value, *path), sentence


def lacking(shapes: Mapping[Stream, Shape], units: Mapping[Unit, UnitEntry]) -> Iterator[str]:
    """What no file says, though something may have to leave that needs it."""
    for stream in Stream:
        if stream not in shapes or not shapes[stream].code:
            yield f"no shapes.yaml says which code {stream.value} has"
    for unit in Unit:
        if unit not in units:
            yield f"no codes.yaml says how the unit {unit.value} is written"


def check_shape(stream: Stream, shape: Shape, codes: Mapping[str, Code]) -> Wrong:
    """What is wrong in one shape."""
    kind = TYPE_OF[stream]
    if shape.resource not in (None, kind):
        yield ("resource",), f"{stream.value} is {_A[kind]}: its ids depend on it, so no file changes it"
    yield from _slots((), shape, SLOTS[kind], _A[kind])
    yield from _slots(("by_kind",), shape.by_kind, BY_KIND[kind], _A[kind])
    for slot, table in (("code", shape.code), ("mean", shape.mean)):
        for unit, names in table.items():
            yield from _names((slot, unit), names, codes)
            yield from _fits((slot, unit), unit, names, codes)
    for path, listed in _lists(shape):
        yield from _names(path, listed, codes)
    yield from _by_kind(stream, shape.by_kind, codes)
    for device, names in shape.route.items():
        if device not in DEVICES:
            yield ("route", device), unknown(device, DEVICES)
        yield from _names(("route", device), names, codes)


def _lists(shape: Shape) -> Iterator[tuple[Path, Sequence[str]]]:
    yield ("category",), shape.category
    yield ("automated",), shape.automated
    yield ("components", "kind"), shape.components.kind
    yield ("components", "minute"), shape.components.minute


def _slots(here: Path, told: BaseModel, there: frozenset[str], what: str) -> Wrong:
    for name in sorted(told.model_fields_set - there):
        yield (*here, name), f"{what} has no slot {name!r}; it has {', '.join(sorted(there))}"


def _by_kind(stream: Stream, told: ByKind, codes: Mapping[str, Code]) -> Wrong:
    kinds = {*kind_names(stream), "unknown"}
    for slot in ByKind.model_fields:
        table: Mapping[str, tuple[str, ...]] = getattr(told, slot)
        for kind, names in table.items():
            if kind not in kinds:
                yield ("by_kind", slot, kind), unknown(kind, kinds)
            yield from _names(("by_kind", slot, kind), names, codes)


def _names(here: Path, names: Sequence[str], codes: Mapping[str, Code]) -> Wrong:
    for index, name in enumerate(names):
        if name not in codes:
            yield (*here, index), unknown(name, codes)


def _fits(here: Path, unit: str, names: Sequence[str], codes: Mapping[str, Code]) -> Wrong:
    for index, name in enumerate(names):
        ucum = codes[name].ucum if name in codes else None
        if ucum is not None and unit != ANY and ucum != unit:
            yield (*here, index), f"code {name!r} is for {ucum}, not for {unit}"
