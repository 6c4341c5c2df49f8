"""Readings of Nightscout treatments as lines that a person can compare."""

from __future__ import annotations

from typing import Any

from bridge.adapters import Decoded
from bridge.mapping import Mappings
from bridge.period import MINUTE
from bridge.reading import KINDS, NONE_PROGRAMMED, Flag, Stream, column
from tests.adapters.nightscout_entries import Record, document
from tests.adapters.suite import adds_up, read

Line = dict[str, Any]


def lines(done: Decoded, stream: Stream, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of the readings of a stream, by time; `value` as a number, `kind` and `flags` by name, `lasted` in min."""
    adds_up(done)
    found = []
    for batch in (each for each in done.readings if each.key.stream is stream):
        names = ("instant", "value", "kind", "flags", "end", "record", "text", "programmed", "row", "minute")
        got = {name: column(batch.columns, name).tolist() for name in names}
        kinds = KINDS.get(stream)
        for place in range(len(batch)):
            line: Line = {name: got[name][place] for name in names}
            line["value"] = line["value"] / 10**batch.key.scale
            line["lasted"] = (line["end"] - line["instant"]) // MINUTE if line["end"] else None
            line["kind"] = kinds(line["kind"]).name.lower() if kinds else None
            line["flags"] = "|".join(flag.name or "" for flag in Flag if line["flags"] & flag)
            if line["programmed"] != NONE_PROGRAMMED:
                line["programmed"] /= 10**batch.key.scale
            line["unit"], line["model"] = str(batch.key.unit), batch.device.model
            found.append(line)
    return [
        tuple(line[name] for name in fields)
        for line in sorted(found, key=lambda line: (line["instant"], line["value"]))
    ]


def told(mappings: Mappings, *records: Record) -> Decoded:
    """Treatments read as one answer."""
    return read(document(list(records)), mappings)
