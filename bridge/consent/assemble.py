"""From a page of items to the groups, devices and subject of a disclosure.

Law: here are the columns chosen that a recipient may have: free text only with the kind `notes`, a device
only with the kind `device`, a serial only with the kind `serials`, counters, rows and record ids for the
owner alone (`consent.md`, what the asker learns). Arrays that leave cannot be written to. Rejected: handing
the rows on and trusting the renderer to pick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.asked import Grain, Kind
from bridge.consent.batches import Batch
from bridge.consent.chunks import COLUMNS as CHUNKS
from bridge.consent.content import contents
from bridge.consent.disclosure import Group, Origin
from bridge.consent.gather import device_mask
from bridge.consent.page import Page
from bridge.consent.reader import Reader
from bridge.consent.strands import View
from bridge.consent.things import device_id
from bridge.mapping.resources import TYPE_OF
from bridge.period import ZoneHistory
from bridge.reading import NO_OFFSET, column
from bridge.store.columns import Table, ints, joined
from bridge.store.ids import Ids

_PLAIN: Final = ("trend", "kind", "end", "cut", "programmed", "minute")
_OWNERS: Final = ("rate", "counter", "bound", "witness", "record")
_MEANS: Final = ("count", "expected", "off_scale")
NEEDED: Final = ("value", "flags", "offset", "bound", "text", *_PLAIN)
"""Columns that a recipient's answer is made of; an owner's has all."""
_UNKNOWN: Final = Origin("", "")
_Scalar = TypeVar("_Scalar", bound=np.generic)


@final
@dataclass(frozen=True, slots=True)
class Assembly:
    """What assembling needs: who asks, how ids are minted, and (of the reader) where artifacts came from and the secret
    under which contents are told apart."""

    view: View
    ids: Ids
    patient: int
    reader: Reader

    def groups(self, page: Page) -> tuple[Group, ...]:
        """The page as groups: one a series, grain, and whether its device may be named."""
        found: list[Group] = []
        may_name_devices = self._may_name_devices()
        for batch, at in merged(page):
            if not may_name_devices or batch.is_lost:
                found.append(self._group(batch, at, False))
                continue
            named = device_mask(self.view, batch)
            if named.all() or not named.any():
                found.append(self._group(batch, at, bool(named.all())))
                continue
            found.append(self._group(batch.taken(named), at[named], True))
            found.append(self._group(batch.taken(~named), at[~named], False))
        return tuple(found)

    def _may_name_devices(self) -> bool:
        return any(Kind.DEVICE in box.kinds for box in self.view.decision.boxes)

    def _group(self, batch: Batch, at: NDArray[np.int32], with_device: bool) -> Group:
        key, asked = batch.strand.series.key, self.view.asked
        origins, origin = self._origins(batch) if asked.provenance else ((), np.zeros(len(batch), np.int32))
        is_owners = self.view.is_owner and batch.grain is Grain.RAW
        columns, ids = self._columns(batch), self.minted(TYPE_OF[key.stream], batch)
        content = contents(columns, with_device, ids, self.reader.secret, self._moved(batch, columns))
        return Group(
            format=key.family,
            stream=key.stream,
            unit=key.unit,
            scale=key.scale,
            grain=batch.grain,
            source_class=batch.strand.series.source_class,
            device=device_id(self.ids, self.patient, batch.strand.series.thing, self.view)
            if with_device
            else None,
            at=_sealed(at),
            ids=_sealed(ids),
            provenance=_sealed(self.minted("Provenance", batch)) if asked.provenance else None,
            columns={name: _sealed(values) for name, values in columns.items()},
            version=_sealed(_versions(batch)),
            last_updated=_sealed(batch.updated),
            origins=origins,
            origin=_sealed(origin),
            rows=_sealed(ints(batch.rows, "row").astype(np.int32)) if is_owners else None,
            device_kind=batch.strand.series.device.kind if with_device else "",
            content=None if content is None else _sealed(content),
        )

    def minted(self, kind: str, batch: Batch) -> NDArray[np.uint8]:
        """Ids of the items as this asker knows them: uint8[n, 16]."""
        series = batch.strand.series.number
        pairing = self.view.decision.pairing
        return self.ids.mint(kind, self.patient, series, batch.first, batch.slots, pairing)

    def _columns(self, batch: Batch) -> Table:
        rows, instants = batch.rows, ints(batch.rows, "instant")
        found: Table = {
            "instant": instants,
            "value": ints(rows, "value"),
            "flags": ints(rows, "flags").astype(np.uint16),
            "offset": self._offsets(rows, instants),
        }
        if batch.grain is not Grain.RAW:
            return found | {"end": ints(rows, "end")} | {n: rows[n].astype(np.int32) for n in _MEANS}
        names = (*_PLAIN, *_OWNERS, *CHUNKS) if self.view.is_owner else (*_PLAIN, *CHUNKS)
        found |= {name: rows[name] for name in names if name in rows}
        if "text" in rows:
            open_text = device_mask(self.view, batch, Kind.NOTES)
            found["text"] = np.where(open_text, rows["text"], np.array("", object))
        return found

    def _offsets(self, rows: Table, instants: NDArray[np.int64]) -> NDArray[np.int16]:
        """Minutes east, from the zone history where the source told none."""
        told = column(rows, "offset").astype(np.int16)
        unknown = told == NO_OFFSET
        return np.where(unknown, self.view.zones.offsets(instants), told) if unknown.any() else told

    def _moved(self, batch: Batch, columns: Table) -> NDArray[np.intp] | None:
        """The items whose offset is another one than that of the zone which was entered first."""
        zones = self.view.zones
        if len(zones.entries) < 2 or batch.is_lost:
            return None
        silent = column(batch.rows, "offset").astype(np.int16) == NO_OFFSET
        first = ZoneHistory(zones.entries[:1]).offsets(ints(columns, "instant"))
        return np.flatnonzero(silent & (columns["offset"] != first))

    def _origins(self, batch: Batch) -> tuple[tuple[Origin, ...], NDArray[np.int32]]:
        if batch.grain is not Grain.RAW:
            return (), np.zeros(len(batch), np.int32)
        artifacts, place = np.unique(ints(batch.rows, "artifact"), return_inverse=True)
        known = self.reader.origins(artifacts.tolist())
        return tuple(known.get(each, _UNKNOWN) for each in artifacts.tolist()), place.astype(np.int32)


def _versions(batch: Batch) -> NDArray[np.integer]:
    return batch.versions if batch.is_sampled else batch.versions.clip(0, 255).astype(np.uint8)


def merged(page: Page) -> Iterator[tuple[Batch, NDArray[np.int32]]]:
    """Batches of the same strand and grain as one, in page order, however they were read."""
    if len(page.batches) == 1:
        yield page.batches[0]
        return
    found: dict[tuple[object, ...], list[tuple[Batch, NDArray[np.int32]]]] = {}
    for batch, at in page.batches:
        key = (batch.strand.series.number, batch.strand.kind, batch.grain, batch.is_sampled, batch.is_lost)
        found.setdefault(key, []).append((batch, at))
    for parts in sorted(found.values(), key=lambda parts: int(parts[0][1][0])):
        if len(parts) == 1:
            yield parts[0]
            continue
        places = np.concatenate([at for _, at in parts])
        order = np.argsort(places)
        yield one([batch for batch, _ in parts]).taken(order), places[order]


def one(parts: Sequence[Batch]) -> Batch:
    """Batches of one strand and grain, one after the other."""
    return Batch(
        parts[0].strand,
        parts[0].grain,
        joined([part.rows for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.slots for part in parts]),
        np.concatenate([part.updated for part in parts]),
        np.concatenate([part.versions for part in parts]),
    )


def _sealed(values: NDArray[_Scalar]) -> NDArray[_Scalar]:
    values = values.view()
    values.flags.writeable = False
    return values
