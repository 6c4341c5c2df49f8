"""The invented cloud of `formats/pocket-cloud.yaml`: documents of it, and how they are read.

Law: no vendor's form and no person; what is here is made for the language of JSON sources, which no shipped
mapping uses whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from bridge.adapters import Decoded, decode, recognise
from bridge.mapping import Format, Mappings, load
from bridge.period import ZoneHistory

HERE: Final = Path(__file__).resolve().parent
ZONES: Final = ZoneHistory.always("Europe/Berlin")
RECEIVED: Final = 1_795_132_800_000  # 2026-11-20
ACCOUNT: Final = {"first": "Ada", "last": "Muster", "born": "1990-02-03", "chart": "P-7"}


def clouds(project: Path) -> Mappings:
    """The shipped mappings and the invented ones."""
    return load(project / "mappings", HERE / "formats")


def pocket(mappings: Mappings) -> Format:
    """The invented cloud."""
    return mappings.formats["pocket-cloud"]


def read(mappings: Mappings, document: object) -> Decoded:
    """A document, recognised and decoded as ingest does. Bytes and texts are taken as they are."""
    if isinstance(document, bytes):
        data = document
    else:
        data = (document if isinstance(document, str) else json.dumps(document)).encode()
    assert recognise(data, "answer.json", mappings) == "pocket-cloud"
    return decode(data, pocket(mappings), ZONES, RECEIVED)


def answer(*readings: object, **more: object) -> dict[str, object]:
    """An answer with some readings."""
    return {"account": ACCOUNT, "readings": list(readings), **more}


def reading(**changed: object) -> dict[str, object]:
    """One good reading; None takes a name out."""
    plain: dict[str, object] = {
        "uid": "a1",
        "at": "2024-05-01T10:00:00Z",
        "shown": "2024-05-01T12:00:00",
        "sugar": 104,
        "unit": "mg/dL",
        "trend": {"arrow": "flat", "perMinute": 0.5},
        "sensor": {"serial": "S-1"},
    }
    return {name: value for name, value in (plain | changed).items() if value is not None}
