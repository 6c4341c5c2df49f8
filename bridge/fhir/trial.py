"""Every template that mappings can make, filled once and judged by fhir.resources (R4B, which is R4 for these types).

Law (`mapping.md`, loading): what a mapping says is tried before anybody is told it, with invented values in the place
of every slot; a fault names the format, the stream and the kind. Nothing leaves from here: what is tried is a tree,
never bytes.

Rejected: trying at every start (the models take longer to load than the whole bridge); `mapping check` and the
tests do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from bridge.fhir.rows import TREES
from bridge.fhir.tree import Node, Number, Slot, Text, Tree, is_absent
from bridge.fhir.variant import BY_ID, PROGRAMMED, SPAN, Variant
from bridge.mapping import Format, Mappings, Shape
from bridge.reading import INTERVALS, KINDS, Flag, SourceClass, Stream, Unit

_ID: Final = "00000000-0000-0000-0000-000000000000"
_TIME: Final = "2026-01-01T00:00:00Z"
_SAMPLES: Final[Mapping[str, str]] = {
    "id": _ID, "subject": _ID, "device": _ID, "time": _TIME, "end": _TIME, "last": _TIME, "updated": _TIME,
    "version": "1-00000000", "minute": "06:30:00", "programmed": "1", "text": "x",
}  # fmt: skip
_MARKS: Final = (0, int(Flag.NO_VALUE), int(Flag.RETRACTED), PROGRAMMED | int(Flag.AUTOMATED))
_DEVICE: Final = "pump"


def faults(mappings: Mappings) -> Iterator[str]:
    """A sentence for everything that would leave wrong."""
    seen: list[tuple[Stream, Shape]] = []
    for spoken in mappings.formats.values():
        for stream, shape in spoken.fhir.items():
            if (stream, shape) not in seen:
                seen.append((stream, shape))
                yield from dict.fromkeys(_stream(mappings, spoken, stream))


def _stream(mappings: Mappings, spoken: Format, stream: Stream) -> Iterator[str]:
    tried: list[dict[str, object]] = []
    for variant in _variants(spoken, stream):
        resource = _filled(TREES[variant.type](variant, mappings, f"urn:uuid:{_ID}"))
        if resource in tried:
            continue
        tried.append(resource)
        try:
            get_fhir_model_class(variant.type).model_validate(resource)
        except ValidationError as wrong:
            for each in wrong.errors(include_url=False, include_input=False):
                place = ".".join(str(step) for step in each["loc"])
                what = f"{spoken.name}: {stream.value}, kind {variant.kind_name}, is no valid {variant.type}"
                yield f"{what}: {place}: {each['msg'].removeprefix('Value error, ')}"


def templates(mappings: Mappings, name: str, stream: Stream) -> dict[tuple[int, ...], dict[str, object]]:
    """What a format says of a stream in every way that it can, filled with invented values: by kind, unit, marks and
    whether it is a mean."""
    spoken, units = mappings.formats[name], list(Unit)
    return {
        (each.kind, units.index(each.unit), each.marks, each.is_mean): _filled(
            TREES[each.type](each, mappings, f"urn:uuid:{_ID}")
        )
        for each in _variants(spoken, stream)
    }


def _variants(spoken: Format, stream: Stream) -> Iterator[Variant]:
    shape, table = spoken.fhir[stream], KINDS.get(stream)
    units = [unit for unit in Unit if unit in shape.code] or [Unit.NONE]
    for kind in (int(each) for each in table) if table else (0,):
        for unit in units:
            for marks in _MARKS:
                yield _variant(spoken, stream, unit, kind, marks)
    for unit in shape.mean:
        yield _variant(spoken, stream, unit, 0, 0, is_mean=True)


def _variant(
    spoken: Format, stream: Stream, unit: Unit, kind: int, marks: int, is_mean: bool = False
) -> Variant:
    return Variant(
        format=spoken.name,
        stream=stream,
        unit=unit,
        is_mean=is_mean,
        source_class=SourceClass.UNKNOWN,
        marks=marks | (SPAN if stream in INTERVALS else 0),
        value_width=5,
        kind=kind,
        text_width=16,
        device_kind=_DEVICE,
        device=BY_ID,
    )


def _filled(node: Tree) -> dict[str, object]:
    return {name: _sample(each) for name, each in node.items() if not is_absent(each)}


def _sample(node: Node) -> object:
    if isinstance(node, Slot):
        return 1
    if isinstance(node, Text):
        return "".join(_SAMPLES[part.name] if isinstance(part, Slot) else part for part in node.parts)
    if isinstance(node, Mapping):
        return _filled(dict(node))
    if isinstance(node, Number):
        return Decimal(node.text)
    if isinstance(node, bool | int | str) or node is None:
        return node
    return [_sample(each) for each in node if not is_absent(each)]
