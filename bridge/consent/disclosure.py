"""What leaves: sealed columns that only the gate can make and only a renderer turns into bytes.

Law: a `Disclosure` is final, immutable, not copyable, not picklable; its constructor demands a seal that
this module hands out once, to `bridge.consent.gate`. Whoever holds one may say everything in it and
nothing else about the person: counts, totals, dates and devices come from here, never from the store.
Rejected: a plain dataclass (any module could make one), a check in the renderer (one forgotten call).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Never, final

import numpy as np
from numpy.typing import NDArray

from bridge.consent.agreed import DisclosedConsent
from bridge.consent.asked import Grain
from bridge.consent.events import DisclosedEvent
from bridge.consent.grant import Identity
from bridge.consent.received import DisclosedReceived
from bridge.consent.summed import DisclosedSummary
from bridge.period import Instant
from bridge.reading import SourceClass, Stream, Unit

NOTICE: Final = (
    "Shared by the patient for the stated period. This is not a complete record: "
    "absence of data is no evidence of absence of events."
)
"""The same sentence whether or not anything was held back (`consent.md`, the decision)."""
KEPT: Final = (
    "An organisation's own record of what it submitted; nothing here is shared by the patient. This is not a complete "
    "record: absence of data is no evidence of absence of events."
)
"""The same of a record that its custodian reads (`custodian.py`)."""


@final
@dataclass(frozen=True, slots=True)
class Subject:
    """The person under the identity that the grant allows. Demographics are there only where they were
    asked for (`Asked.patient_resource`) and the identity is full (all) or visit (name, birth date)."""

    id: str
    identity: Identity
    name: str | None
    birth_date: date | None
    identifiers: tuple[tuple[str, str], ...]
    zone: str
    version: str
    last_updated: Instant


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """Where readings came from. A recipient learns route and mapping revision; the rest is the owner's."""

    route: str
    revision: str
    received: Instant | None = None
    artifact: str | None = None
    sha256: str | None = None
    file: str | None = None
    source: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Group:
    """Readings of one series at one grain, in page order.

    `at` int32[n]: place of each row in the page, 0-based over all groups. `ids`, `provenance` uint8[n,16].
    `columns`, where there: instant int64 (ms UTC; a mean's start), value int64 (amount * 10**scale), flags
    uint16, offset int16 (always filled, minutes east), trend uint8, rate int16, kind uint16, text object
    (kind `notes` only), end int64 (intervals and means), cut uint8 (interval cut: 1 at its start, 2 at its
    end), programmed int64 (-1 not told, as for what is cut), minute int16 (settings), and for means count,
    expected, off_scale int32. For the owner also counter, bound, witness, record. `version`: amendments so far
    (versionId is one more), uint8[n]; of a chunk int64[n], when it changed; `content` uint32[n]: what
    tells contents of one version apart (`content.py`), None: nothing does. `last_updated` int64[n]. `origins` is
    filled where provenance was asked for; `origin` int32[n] points into it. `rows` int32[n]: row in the file,
    owner alone. A row flagged RETRACTED has status entered-in-error and no value. A chunk of a day has, beside
    instant, end, flags and offset: period (ms), lower and upper (limits, -1 none), open, amended uint8, and samples
    object: values and Flags of every place of its grid (int64[k] each; NO_VALUE alone: nothing is there).
    `device_kind` is there where `device` is.
    """

    format: str
    stream: Stream
    unit: Unit
    scale: int
    grain: Grain
    source_class: SourceClass
    device: str | None
    at: NDArray[np.int32]
    ids: NDArray[np.uint8]
    provenance: NDArray[np.uint8] | None
    columns: Mapping[str, NDArray[np.generic]]
    version: NDArray[np.integer]
    last_updated: NDArray[np.int64]
    origins: tuple[Origin, ...]
    origin: NDArray[np.int32]
    rows: NDArray[np.int32] | None
    device_kind: str = ""
    content: NDArray[np.uint32] | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether its items are chunks of readings."""
        return "samples" in self.columns


@final
@dataclass(frozen=True, slots=True)
class DisclosedDevice:
    """A device of disclosed readings; `serial` only where the kind `serials` is granted. `version` names content."""

    id: str
    manufacturer: str
    model: str
    kind: str
    serial: str | None
    version: str
    last_updated: Instant

    @property
    def name(self) -> str:
        """Maker and model; the maker once, for vendors write "Dexcom G7" as the model of a Dexcom."""
        if self.model.casefold().startswith(f"{self.manufacturer} ".casefold()):
            return self.model
        return f"{self.manufacturer} {self.model}".strip()


@final
@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration of a sensor: its R4 state, and when; None where that is not certain."""

    state: str
    at: Instant | None


@final
@dataclass(frozen=True, slots=True)
class DisclosedMetric:
    """A glucose sensor of disclosed readings: of which device (its id and kind), in which unit it tells (None:
    several), and its calibrations, oldest first. `version` names its content."""

    id: str
    device: str
    kind: str
    unit: Unit | None
    calibrations: tuple[Calibration, ...]
    version: str
    last_updated: Instant


_FIELDS: Final = (
    "owner", "subject", "groups", "devices", "metrics", "count", "total", "more", "last_updated", "notice", "entry",
    "patient", "retraction", "consents", "events", "summaries", "received", "decided",
)  # fmt: skip
_claimed: list[object] = []


def claim() -> object:
    """The seal, once. `bridge.consent.gate` takes it when it is imported; nobody can after it."""
    if _claimed:
        raise RuntimeError("the seal of disclosures is taken: only the gate makes them")
    seal = object()
    _claimed.append(seal)
    return seal


@final
class Disclosure:
    """One answer of the gate. `subject` None: nothing of this person is visible to the asker (404).
    `more`: keyset of the next page (int64 sort key, big-endian, then 16 id bytes), None on the last one.
    `total`: only where asked for, or where everything fits. `entry`: number of its intent in the patient's
    chain of the ledger, None where nothing left. `patient`: number of the person, None where there is none.
    `retraction`: number of the other intent that a page has where some of it is taken back, and how much.
    `decided`: the consent epoch that it was decided under, and until when that holds (`Gate.stands`)."""

    __slots__ = _FIELDS

    owner: bool
    subject: Subject | None
    groups: tuple[Group, ...]
    devices: tuple[DisclosedDevice, ...]
    metrics: tuple[DisclosedMetric, ...]
    count: int
    total: int | None
    more: bytes | None
    last_updated: Instant | None
    notice: str
    entry: int | None
    patient: int | None
    retraction: tuple[int, int] | None
    consents: tuple[DisclosedConsent, ...]
    events: tuple[DisclosedEvent, ...]
    summaries: tuple[DisclosedSummary, ...]
    received: tuple[DisclosedReceived, ...]
    decided: tuple[int, Instant]

    def __init__(self, seal: object, **fields: object) -> None:
        if not _claimed or seal is not _claimed[0]:
            raise TypeError("only the gate makes a Disclosure")
        for name in _FIELDS:
            object.__setattr__(self, name, fields[name])

    def __init_subclass__(cls) -> None:
        raise TypeError("a Disclosure has no subclasses")

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("a Disclosure does not change")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError("a Disclosure does not change")

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a Disclosure is not pickled: ask the gate again")

    def __copy__(self) -> Never:
        raise TypeError("a Disclosure is not copied: ask the gate again")

    def __deepcopy__(self, memo: object) -> Never:
        raise TypeError("a Disclosure is not copied: ask the gate again")

    def __getstate__(self) -> Never:
        raise TypeError("a Disclosure is not pickled: ask the gate again")

    def __setstate__(self, state: object) -> Never:
        raise TypeError("a Disclosure is not made from a pickle")

    def __repr__(self) -> str:
        return f"<Disclosure of {self.count} items>"
