"""A disclosure as a table: one reading a line, for people and programs that read no FHIR.

Law (`safety.md`): LOW and HIGH keep their comparator beside the limit, in a column of its own; a row taken back has no
value; every row has its source class and every file says above its header that a patient supplied it. RFC 4180 with
UTF-8 and CRLF; lines of notice begin with #. No free text is a cell, so none is a formula of a spreadsheet. Pure:
`render.py` seals the bytes.

Rejected: local times without offset (the repeated hour of autumn), one column for value and comparator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bridge.consent.disclosure import NOTICE, Disclosure, Group
from bridge.mapping.portal import COLUMNS
from bridge.period import iso
from bridge.reading import Flag

Integers: TypeAlias = NDArray[np.int64]
HEADER: Final = (
    "time", "end", "kind", "grain", "comparator", "value", "unit", "status", "time_is_uncertain", "source_class",
    "device", "id", "version",
)  # fmt: skip
SUPPLIED: Final = "Patient-supplied: from a device or app of the patient, not measured by a clinic."
NOT_WATCHED: Final = "Retrospective transfer for a visit. Nobody watches it between visits."
ABOVE: Final = (SUPPLIED, NOTICE, NOT_WATCHED)
"""What a reader is told before the first row."""
END: Final = "\r\n"
_LOW, _HIGH, _INCLUSIVE = int(Flag.LOW), int(Flag.HIGH), int(Flag.INCLUSIVE)
_RETRACTED, _UNCERTAIN = int(Flag.RETRACTED), int(Flag.UNCERTAIN)
_NOTHING: Final = int(Flag.NO_VALUE | Flag.RETRACTED)
DEVICE_SIGNS: Final = frozenset('=+-@\t\r\n",')
"""A device's name is its maker's word: without what a spreadsheet or this format would take for its own."""


def table(disclosure: Disclosure, is_first: bool = True) -> bytes:
    """The whole file, in page order; a file without rows is its notice and its header. `is_first`: no piece that goes
    on."""
    rows: list[tuple[int, str]] = []
    for group in disclosure.groups:
        if group.stream in COLUMNS:
            rows += zip(group.at.tolist(), _rows(disclosure, group), strict=True)
    rows.sort()
    head = [*(f"# {each}" for each in ABOVE), ",".join(HEADER)] if is_first else []
    return END.join([*head, *(row for _, row in rows), ""]).encode()


def _rows(disclosure: Disclosure, group: Group) -> Iterator[str]:
    device = device_name(disclosure, group.device)
    kind, grain = group.stream.value, group.grain.name.lower().replace("_", "-")
    after = f"{group.source_class.value},{device}"
    ids = group.ids.tobytes().hex()
    columns = zip(
        _times(group, "instant"),
        _times(group, "end"),
        column(group, "value").tolist(),
        column(group, "flags").tolist(),
        group.version.tolist(),
        strict=True,
    )
    for at, (time, end, value, flags, version) in enumerate(columns):
        has = not flags & _NOTHING
        comparator = _comparator(flags) if has else ""
        told = f"{amount(value, group.scale)},{group.unit.value}" if has else ","
        status = "entered-in-error" if flags & _RETRACTED else "corrected" if version else "final"
        doubt = "yes" if flags & _UNCERTAIN else "no"
        name = spelled(ids, at)
        yield f"{time},{end},{kind},{grain},{comparator},{told},{status},{doubt},{after},{name},{version + 1}"


def _comparator(flags: int) -> str:
    """`<` where the source says LOW, `<=` where it writes its floor as a number; likewise high."""
    sign = "<" if flags & _LOW else ">" if flags & _HIGH else ""
    return f"{sign}=" if sign and flags & _INCLUSIVE else sign


def amount(value: int, scale: int) -> str:
    """The amount in the vendor's own precision."""
    if not scale:
        return str(value)
    digits = f"{abs(value):0{scale + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def column(group: Group, name: str) -> Integers:
    """A column as int64[n]; 0 where the group has none."""
    found = group.columns.get(name)
    return np.zeros(len(group.at), np.int64) if found is None else np.asarray(found, np.int64)


def _times(group: Group, name: str) -> Iterator[str]:
    """A column of instants with the offset of their place; '' where the group has none."""
    if name not in group.columns:
        return iter([""] * len(group.at))
    pairs = zip(column(group, name).tolist(), column(group, "offset").tolist(), strict=True)
    return (iso(instant, offset) for instant, offset in pairs)


def spelled(ids: str, at: int) -> str:
    """The `at`-th of ids (hex digits of all of them) as a UUID is written."""
    one = ids[32 * at : 32 * at + 32]
    return f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}"


def device_name(disclosure: Disclosure, id_: str | None) -> str:
    """Maker and model, where the disclosure has them."""
    for each in disclosure.devices:
        if each.id == id_:
            return "".join(sign for sign in each.name if sign not in DEVICE_SIGNS)
    return ""
