"""What is kept of an entry: a record that the mapping `cgm-submission` reads, with the resource as it came beside it.

Law: nothing is converted: the amount is the number that was written, the instant is the same instant in UTC, so
that one reading sent twice with other offsets is one reading; the offset stands beside it where it tells the local
clock (`Z` tells none). A device is known by what its submitter says identifies it; a name that people may have
given it is read only where it is a product's (`consent.md`, kinds: names typed into devices are notes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.period import Instant
from bridge.receive.codes import BEYOND, INFINITE, READINGS
from bridge.receive.node import Node, node, nodes, number, pair, text
from bridge.receive.profiles import ABSENT, LONGEST, What, absence, code_of

PRODUCTS: Final[Mapping[str, str]] = {
    "dexcom g5": "Dexcom", "dexcom g6": "Dexcom", "dexcom g7": "Dexcom", "dexcom one": "Dexcom", "stelo": "Dexcom",
    "freestyle libre 2": "Abbott", "freestyle libre 3": "Abbott", "freestyle libre": "Abbott",
    "guardian 4": "Medtronic", "guardian": "Medtronic", "simplera": "Medtronic", "eversense": "Senseonics",
}  # fmt: skip
"""Words of a product's name -> its maker; the first that fits, and nothing else of the name."""


_NAMING: Final = frozenset(
    (
        "resourceType",
        "id",
        "status",
        "identifier",
        "code",
        "subject",
        "effectiveDateTime",
        "effectivePeriod",
        "device",
    )
)
"""What is kept of a resource that was entered in error: what names it, and nothing that it said."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS: Final = str.maketrans({"%": "%25", "/": "%2F", "\n": "%0A"})


@dataclass(frozen=True, slots=True)
class Thing:
    """A device as a submission describes it: what tells it apart, and what of it is no personal word."""

    key: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""

    def spelled(self, client: str) -> str:
        """The text of a kept record (`adapters/submitted/devices.py`)."""
        return f"{owner(client)}\n{self.key}\n{self.manufacturer}\n{self.serial}".rstrip("\n")


def owner(client: str) -> str:
    """A submitter as the keys of its devices begin: no name of one is the beginning of another's."""
    return client.translate(_PARTS)


NO_THING: Final = Thing()


def thing(resource: Node) -> Thing:
    """The device that a Device resource describes."""
    named = (text(each, "name").casefold() for each in nodes(resource, "deviceName"))
    product = next((each for name in named for each in PRODUCTS if each in name), "")
    maker = _line(text(resource, "manufacturer")) or PRODUCTS.get(product, "")
    model = _line(text(resource, "modelNumber")) or _titled(product)
    serial = _line(text(resource, "serialNumber"))
    return Thing(key_of(resource) or serial or model, maker, model, serial)


def key_of(resource: Node) -> str:
    """What tells a device apart: its first identifier, as sorted; '' where it has none."""
    found = sorted(filter(None, map(pair, nodes(resource, "identifier"))))
    return keyed(found[0]) if found else ""


def keyed(identifier: tuple[str, str]) -> str:
    """An identifier as the key of a device."""
    return _line("|".join(identifier))


def _line(text: str) -> str:
    """A text in one line: kept records part by lines. What is longer than any name is cut."""
    return " ".join(text.split())[:LONGEST]


def record(what: What, at: int, resource: Node, client: str, worn: Thing) -> dict[str, object]:
    """The kept record of entry `at`. `worn`: the device of a reading."""
    found: dict[str, object] = {"entry": at, "what": what.value}
    if what is What.READING:
        found |= reading(resource) | {"device": worn.spelled(client), "model": worn.model}
    if what is What.WRONG:
        return found | {"resource": {name: each for name, each in resource.items() if name in _NAMING}}
    return found | {"resource": resource}


def pointed(resource: Node, client: str, worn: Thing) -> dict[str, object]:
    """A record that only says when which device measured: as of a reading whose amount is not told."""
    absent = {"coding": [{"system": ABSENT, "code": "negative-infinity"}]}
    bare = {name: each for name, each in resource.items() if name != "valueQuantity"}
    return record(What.READING, 0, bare | {"dataAbsentReason": absent}, client, worn)


def reading(resource: Node) -> dict[str, object]:
    """When, how much, in which unit, and what stands for an amount out of range."""
    stamp = datetime.fromisoformat(text(resource, "effectiveDateTime"))
    utc = stamp.astimezone(UTC)
    amount = node(resource, "valueQuantity")
    unit = READINGS[code_of(resource)].code
    found: dict[str, object] = {
        "at": f"{utc.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z",
        "unit": unit,
    }
    offset = stamp.utcoffset() or timedelta(0)
    if not text(resource, "effectiveDateTime").endswith("Z"):
        found["east"] = offset // timedelta(minutes=1)
    comparator = text(amount, "comparator")
    if comparator:
        found["beyond"] = BEYOND[comparator]
    found["amount"] = number(amount, "value") if amount else INFINITE[absence(resource)]
    return found


def instant(resource: Node) -> Instant:
    """When a reading was taken: ms UTC. Its dateTime has an offset (`profiles.py`)."""
    stamp = datetime.fromisoformat(text(resource, "effectiveDateTime"))
    return (stamp - _EPOCH) // timedelta(milliseconds=1)


def _titled(product: str) -> str:
    return " ".join(word if word.isdigit() else word.capitalize() for word in product.split())
