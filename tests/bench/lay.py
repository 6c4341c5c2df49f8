"""Many readings at once, put into a home the way an import puts them: through the store's absorb.

Law: one invented person's walk, seeded, every five minutes with a second of jitter.
"""

from __future__ import annotations

import hashlib

import numpy as np

from bridge.app import Bridge
from bridge.reading import Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.artifacts import NewArtifact
from bridge.store.blocks import absorb

START = 1_735_689_600_000
"""2025-01-01T00:00Z"""


def lay(found: Bridge, patient: int, count: int, seed: int, start: int = START) -> None:
    """Absorb `count` readings of a patient from `start` on."""
    chance = np.random.default_rng(seed)
    instants = start + np.arange(count, dtype=np.int64) * 300_000 + chance.integers(-1, 2, count) * 1000
    values = np.clip(140 + np.cumsum(chance.normal(0, 4, count)) % 120, 40, 400).astype(np.int64)
    key = SeriesKey(Stream.GLUCOSE, "dexcom-clarity", f"8S{seed:04d}", Unit.MG_DL, 0)
    batch = Readings(
        key,
        {"instant": np.sort(instants), "value": values, "row": np.arange(1, count + 1, dtype=np.int32)},
        Device("Dexcom", "G6", key.device, kind="transmitter"),
        SourceClass.MAKER,
    )
    original = f"laid {seed} {start}".encode()
    digest = hashlib.sha256(original).hexdigest()
    new = NewArtifact("laid", digest, "dexcom-clarity", "00000000", f"{seed}.csv", 1, b"{}", original)
    absorb(found.db, patient, new, [batch])
