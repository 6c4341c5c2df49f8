"""What a reading costs at rest, and that rows of a newer writer survive a merge by this one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.reading import Readings
from bridge.store import codec, layers
from bridge.store.blocks import absorb, verify
from bridge.store.columns import Table
from bridge.store.db import Database
from bridge.store.layers import Key, Layer
from bridge.store.patients import add
from tests.store.shelf import COUNTED, DEVICE, START, batch, everything, opened, ticks, upload

YEAR = 105_120


def _quarter(number: int) -> Readings:
    random = np.random.default_rng(number)
    size = YEAR // 4
    ticks_ = np.arange(size, dtype=np.int64) + number * size
    walk = 120 + np.cumsum(random.normal(0, 2, size)) * 0.2 + 40 * np.sin(ticks_ / 40)
    columns: Table = {
        "instant": START + ticks_ * 300_000 + random.integers(-1, 2, size) * 1000,
        "counter": 4_000 + ticks_ * 300,
        "value": np.clip(walk, 40, 400).astype(np.int64),
        "flags": np.zeros(size, np.uint16),
        "row": (np.arange(size) + np.cumsum(random.random(size) < 0.02)).astype(np.int32) + 12,
        "offset": np.full(size, 120, np.int16),
    }
    return Readings(COUNTED, columns, DEVICE)


def test_a_year_of_readings_takes_at_most_two_and_a_half_bytes_each(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        empty = _file_size(db)
        for person in range(3):
            patient = add(db, "Ada", None, "UTC")
            for number in range(4):
                absorb(db, patient, upload(b"%d %d" % (person, number)), [_quarter(number)])
        assert (_file_size(db) - empty) / (3 * YEAR) < 2.5


def _file_size(db: Database) -> int:
    db.writers["bridge"].execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return (db.home / "bridge.db").stat().st_size


def test_columns_of_a_newer_writer_survive_a_merge(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        patient = add(db, "Ada", None, "UTC")
        absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 110)))])
        box, con = db.keys.box(patient), db.reader("bridge")
        (held,) = layers.read(con, box, patient, 1, Layer.NOW).values()
        newer = {**held.table, "skin": np.arange(10, dtype=np.float32)}
        with db.write("bridge") as writing:
            layers.put(writing, [layers.replaced(box, held, newer)])
        absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(10, range(110, 115)))])
        assert everything(db, patient)["skin"].tolist() == [*map(float, range(10)), *[0.0] * 5]
        assert verify(db) == ()


def test_the_header_names_codec_and_key_version(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        patient = add(db, "Ada", None, "UTC")
        absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, [100]))])
        row = db.reader("bridge").execute("SELECT block, version, sealed, changed FROM blocks").fetchone()
        assert row[2][:4] == b"CB" + bytes((codec.VERSION, 1))
        table = layers.opened(db.keys.box(patient), Key(patient, 1, Layer.NOW, row[0]), *row[1:])
        assert table["value"].tolist() == [100]
