"""One series of readings: its identity, the device behind it, and a batch of its columns.

Law (`data.md`, series): a series is one stream of one device of one source in one unit and
scale. What a source does not name is empty, never guessed; a batch is sorted and checked when it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bridge.reading.columns import check
from bridge.reading.names import SourceClass, Stream, Unit


@dataclass(frozen=True, slots=True)
class Device:
    """The thing that measured or showed: all as the source names it, '' where it does not."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""  # a printed serial or transmitter id (kind `serials`), never an install id
    install: str = ""  # an id that is printed nowhere: of an app's installation, or a hash for a transmitter
    kind: str = ""  # sensor | transmitter | receiver | app | meter | pump | pen


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Identity of a series inside one patient (`data.md`)."""

    stream: Stream
    family: str  # source account or file family, for example dexcom-clarity
    device: str  # what tells two devices apart in that source; '' unknown
    unit: Unit
    scale: int  # decimals
    by_counter: bool = False  # readings are keyed by (device counter), else by instant


@dataclass(frozen=True, slots=True)
class Readings:
    """A batch of one series: equally long columns sorted by (instant, counter). Which names and dtypes:
    `COLUMNS`; a missing column has its default. ValueError where a column is unknown, of another dtype
    or length, or where `instant` is missing or unsorted."""

    key: SeriesKey
    columns: Mapping[str, NDArray[np.generic]]
    device: Device = field(default_factory=Device)
    source_class: SourceClass = SourceClass.UNKNOWN

    def __post_init__(self) -> None:
        check(self.columns)

    def __len__(self) -> int:
        return len(self.columns["instant"])
