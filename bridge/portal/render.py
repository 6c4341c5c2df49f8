"""The binder: a Disclosure in, a portal's files out. The only maker of PortalBytes.

Law (`architecture.md`, laws): it takes nothing but what the gate made and says nothing beside it; counts are of what
is in the file. `PortalBytes` is final and made here alone; whoever uploads demands one. FHIR lines come from the
renderer as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Never, final

from bridge.consent.disclosure import Disclosure
from bridge.fhir.paper import Paper
from bridge.fhir.render import Renderer
from bridge.mapping.resources import OBSERVATION
from bridge.period import Instant, ZoneHistory, iso
from bridge.portal.leaves import MEDIA, Leaf, Look, leaves
from bridge.portal.records import records, selectors
from bridge.portal.table import ABOVE, END, table

_SEAL: Final = object()
TABLE: Final = "text/csv; charset=utf-8"
ARRAY: Final = "application/json"
LINES: Final = "application/fhir+ndjson"
PARTS: Final = ("Device", OBSERVATION)
"""What a file has, in order; readings of every type are lines of one part."""
MANIFEST: Final = ("file", "from", "until", "readings", "revision", "media_type", "bytes", "sha256")


@final
class PortalBytes:
    """A file that may leave to a portal. `readings`: in it."""

    __slots__ = ("body", "media_type", "readings", "sha256")

    body: bytes
    media_type: str
    readings: int
    sha256: str

    def __init__(self, seal: object, body: bytes, media_type: str, readings: int) -> None:
        if seal is not _SEAL:
            raise TypeError("only the binder makes PortalBytes")
        told = {
            "body": body,
            "media_type": media_type,
            "readings": readings,
            "sha256": sha256(body).hexdigest(),
        }
        for name, value in told.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("PortalBytes do not change: the binder makes them anew")

    def __init_subclass__(cls) -> None:
        raise TypeError("PortalBytes has no subclasses")

    def __len__(self) -> int:
        return len(self.body)

    def __bytes__(self) -> bytes:
        return self.body


@dataclass(frozen=True, slots=True)
class Shelved:
    """A file as it stands at the portal: its name, its stretch of time (ms UTC, `until` excluded), its revision."""

    name: str
    start: Instant
    until: Instant
    revision: int
    content: PortalBytes


@dataclass(frozen=True, slots=True)
class Bound:
    """A report as files that may leave: `pages` in order, and `blank` for each place where an earlier version had one
    more."""

    leaf: Leaf
    pages: tuple[PortalBytes, ...]
    blank: PortalBytes


@final
class Binder:
    """Makes the files of one installation."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def month(self, disclosure: Disclosure, form: str) -> PortalBytes:
        """The readings of a disclosure as a file: `csv` a table, `fhir` resources one a line."""
        if form == "csv":
            return PortalBytes(_SEAL, table(disclosure), TABLE, disclosure.count)
        parts = []
        for kind in PARTS:
            lines = self._renderer.lines(kind)
            parts += [bytes(lines.rows(disclosure)), bytes(lines.tail())]
        return PortalBytes(_SEAL, b"".join(parts), LINES, disclosure.count)

    def piece(self, disclosure: Disclosure, is_first: bool) -> PortalBytes:
        """A piece of a table that is longer than one disclosure."""
        return PortalBytes(_SEAL, table(disclosure, is_first), TABLE, disclosure.count)

    def reports(
        self, disclosure: Disclosure, zones: ZoneHistory, paper: Paper, look: Look
    ) -> tuple[Bound, ...]:
        """The reports of a disclosure, each as its pages; it prints, so it takes its time."""
        return tuple(
            Bound(
                each,
                tuple(PortalBytes(_SEAL, body, MEDIA[look], each.readings) for body in each.pages),
                PortalBytes(_SEAL, each.blank, MEDIA[look], 0),
            )
            for each in leaves(disclosure, zones, paper, look, self._renderer.summed)
        )

    def records(self, disclosure: Disclosure, name: str) -> PortalBytes:
        """The readings as records of Tidepool: a JSON array; `readings` tells how many could be said."""
        told = list(records(disclosure, name))
        return PortalBytes(_SEAL, f"[{','.join(told)}]".encode(), ARRAY, len(told))

    def selectors(self, disclosure: Disclosure) -> PortalBytes:
        """What is to be taken away at Tidepool: a JSON array of origins; it has no value."""
        return PortalBytes(_SEAL, f"[{','.join(selectors(disclosure))}]".encode(), ARRAY, 0)

    def manifest(self, files: Sequence[Shelved]) -> PortalBytes:
        """What was put there, with its checksum; a table like the other one."""
        rows = [f"# {each}" for each in ABOVE] + [",".join(MANIFEST)]
        for each in files:
            body = each.content
            rows.append(
                f"{each.name},{iso(each.start)},{iso(each.until)},{body.readings},{each.revision},"
                f"{body.media_type},{len(body)},{body.sha256}"
            )
        return PortalBytes(_SEAL, END.join([*rows, ""]).encode(), TABLE, 0)
