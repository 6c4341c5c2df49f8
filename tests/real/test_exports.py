"""Every real export: each row has its fate, and what was read is what a plain reading finds.

Law: `stored + duplicate + ignored + rejected == rows`; first, last, count and mean per stream against
`plainly`, which shares no line with the bridge.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from bridge.adapters import Decoded, decode, recognise
from bridge.consent.collecting import own_act
from bridge.ingest.upload import Imported, take
from bridge.mapping import Mappings
from bridge.period import HOUR, ZoneHistory
from bridge.reading import Stream, column
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.real.plainly import Plain, clarity, libreview

RECEIVED = 1_795_132_800_000  # 2026-11-20
CLARITY = {
    "bigideas_shape_synthetic_001.csv": "America/New_York",
    "g5_mobile_mgdl_tab_deid.txt": "America/New_York",
    "g6_android_mgdl_2019-10_unquoted_dst_fallback.csv": "Europe/Kyiv",
    "g6_android_mgdl_2019-11_overlaps_2019-10.csv": "Europe/Kyiv",
    "g6_android_mgdl_2023_90days_quoted_dst_fallback.csv": "Europe/Kyiv",
    "g6_android_mgdl_synthetic_mangled_bom.csv": "Europe/Kyiv",
    "g6_iphone_mgdl_12col_deid_cgmquantify.csv": "America/New_York",
    "g7_ios_mgdl_2025.csv": "America/New_York",
}
LIBREVIEW = {
    "en_gb_mmol_dmy24h_librelink_2025_mit.csv": ("Europe/London", "DMY"),
    "en_mgdl_libre3_synthetic_mit.csv": ("UTC", "DMY"),
    "en_us_mgdl_12h_librelink_2021_mit.csv": ("America/Los_Angeles", "US"),
    "en_us_mgdl_12h_patient_report_2018_EXCERPT4000_redacted_mit.csv": ("UTC", "US"),
    "en_us_mgdl_2018_meter_timestamp_deid_cc0.csv": ("America/New_York", "SHORT"),
    "en_us_mgdl_excel_resaved_mit.csv": ("America/Los_Angeles", "SHORT"),
    "es_mgdl_patient_report_libre1_insulin_food.csv": ("America/Santiago", "DMY"),
}
TRAVELLED = {"g5_mobile_mgdl_tab_deid.txt", "es_mgdl_patient_report_libre1_insulin_food.csv"}
"""Clocks that were moved where the zone was not: ends and sums agree, instants between may be an hour off."""


def folder(shared: Path, family: str) -> Path:
    """Where a family's exports are."""
    return shared / "data" / {"dexcom-clarity": "dexcom/clarity", "libreview": "libre/libreview"}[family]


def decoded(path: Path, zone: str, mappings: Mappings) -> Decoded:
    """An export as ingest decodes it."""
    data = path.read_bytes()
    return decode(
        data, mappings.formats[recognise(data, path.name, mappings)], ZoneHistory.always(zone), RECEIVED
    )


def read(done: Decoded) -> dict[str, list[tuple[int, float]]]:
    """What the bridge read, stream by stream."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for batch in done.readings:
        values = column(batch.columns, "value").astype(np.float64) / 10**batch.key.scale
        found[batch.key.stream] += zip(batch.columns["instant"].tolist(), values.tolist(), strict=True)
    return dict(found)


def agree(path: Path, done: Decoded, plain: Plain) -> None:
    """First, last, count, mean and every value of each stream."""
    account = done.account
    assert account.rows == plain.rows
    assert account.rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    assert (sum(account.ignored.values()), len(account.rejected)) == (plain.ignored, plain.rejected)
    mine = read(done)
    assert mine.keys() == plain.streams.keys()
    for stream, theirs in plain.streams.items():
        ours, slack = sorted(mine[stream]), HOUR if path.name in TRAVELLED else 0
        wanted = sorted(theirs)
        assert len(ours) == len(wanted)
        assert abs(ours[0][0] - wanted[0][0]) <= slack, (stream, ours[0], wanted[0])
        assert abs(ours[-1][0] - wanted[-1][0]) <= slack, (stream, ours[-1], wanted[-1])
        assert sorted(value for _, value in ours) == sorted(value for _, value in wanted)
        mean = sum(value for _, value in wanted) / len(wanted)
        assert sum(value for _, value in ours) / len(ours) == pytest.approx(mean)


@pytest.mark.parametrize("name", CLARITY)
def test_a_clarity_export_is_read_as_it_stands(shared: Path, mappings: Mappings, name: str) -> None:
    path = folder(shared, "dexcom-clarity") / name
    agree(path, decoded(path, CLARITY[name], mappings), clarity(path, CLARITY[name]))


@pytest.mark.parametrize("name", LIBREVIEW)
def test_a_libreview_download_is_read_as_it_stands(shared: Path, mappings: Mappings, name: str) -> None:
    path, (zone, form) = folder(shared, "libreview") / name, LIBREVIEW[name]
    agree(path, decoded(path, zone, mappings), libreview(path, zone, form))


def test_every_export_of_the_folder_is_among_these(shared: Path) -> None:
    there = {
        path.name for family in ("dexcom-clarity", "libreview") for path in folder(shared, family).iterdir()
    }
    assert there == {*CLARITY, *LIBREVIEW}


@pytest.mark.parametrize("name", [name for name in CLARITY if "g6_android_mgdl_20" in name])
def test_the_repeated_hour_of_autumn_is_straightened_by_ticks(
    shared: Path, mappings: Mappings, name: str
) -> None:
    path = folder(shared, "dexcom-clarity") / name
    for batch in decoded(path, CLARITY[name], mappings).readings:
        if batch.key.stream != "glucose":
            continue
        instants, ticks = batch.columns["instant"], batch.columns["counter"]
        assert (np.diff(ticks) > 0).all()
        assert np.abs(np.diff(instants) - np.diff(ticks) * 1000).max() < 60_000
        assert not column(batch.columns, "flags").astype(int).max() & 8


def kept(db: Database, mappings: Mappings, person: int, path: Path, ends: bytes = b"") -> Imported:
    """An export imported; `ends` makes other bytes of the same rows."""
    who = load(db, person)
    return take(db, mappings, who, path.read_bytes() + ends, path.name, act=own_act(who))


@pytest.mark.parametrize("name", [*CLARITY, *LIBREVIEW])
def test_stored_duplicate_ignored_and_rejected_are_the_rows(
    shared: Path, mappings: Mappings, tmp_path: Path, name: str
) -> None:
    family = "dexcom-clarity" if name in CLARITY else "libreview"
    path = folder(shared, family) / name
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        zone = CLARITY[name] if name in CLARITY else LIBREVIEW[name][0]
        person = add(db, "Test", None, zone, ())
        once, again = kept(db, mappings, person, path), kept(db, mappings, person, path, b"\n")
    finally:
        db.close()
    for one in (once, again):
        counts, account = one.streams.values(), one.account
        landed = sum(each.stored + each.duplicate + each.amended for each in counts)
        assert landed + sum(account.ignored.values()) + len(account.rejected) == account.rows
    assert sum(each.stored + each.amended for each in again.streams.values()) == 0


def test_overlapping_exports_of_one_transmitter_are_found_as_copies(
    shared: Path, mappings: Mappings, tmp_path: Path
) -> None:
    first, second = (folder(shared, "dexcom-clarity") / name for name in CLARITY if "2019" in name)
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        person = add(db, "Test", None, "Europe/Kyiv", ())
        kept(db, mappings, person, first)
        counts = kept(db, mappings, person, second).streams[Stream.GLUCOSE]
    finally:
        db.close()
    # The two files differ in 2 of 284 shared readings (dexcom.md A3.4).
    assert (counts.duplicate, counts.amended) == (282, 2)
