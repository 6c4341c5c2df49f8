"""Every real CareLink export: each row has its fate, and what was read is what a plain reading finds."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.consent.collecting import own_act
from bridge.ingest.upload import Imported, take
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.reading import BasalKind, BolusKind, Flag, SettingKind, Stream, column
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.real.plainly_carelink import Line, delivered_by_day, distinct, lines, steady_rates

RECEIVED = 1_795_132_800_000  # 2026-11-20
ZONES = {
    "guardian_connect_semicolon_eu_scrubbed.csv": "Europe/Bucharest",
    "minimed640g_780g_excerpt_stacked_devices.csv": "Europe/Brussels",
    "minimed780g_excerpt_clockchange_2024-10-27.csv": "Europe/Brussels",
    "minimed780g_semicolon_eu_7d_scrubbed.csv": "Europe/Brussels",
    "paradigm723_us_comma_2018_export1_scrubbed.csv": "America/New_York",
}
FIXTURES = {
    "agpplus_fixture_reordered-columns.csv": {Stream.GLUCOSE: 9},
    "agpplus_fixture_valid-6line-header.csv": {Stream.BOLUS: 4, Stream.BASAL: 2},
    "agpplus_fixture_valid-8line-header.csv": {Stream.BOLUS: 1},
}
LEGACY = "mmcsv_legacy_withSettingsChanges"


def folder(shared: Path) -> Path:
    """Where the exports are."""
    return shared / "data" / "carelink"


def decoded(path: Path, zone: str, mappings: Mappings) -> Decoded:
    """An export as ingest decodes it."""
    data = path.read_bytes()
    known = mappings.formats[recognise(data, path.name, mappings)]
    return decode(data, known, ZoneHistory.always(zone), RECEIVED)


def kept(db: Database, mappings: Mappings, person: int, data: bytes) -> Imported:
    """An export imported."""
    who = load(db, person)
    return take(db, mappings, who, data, "export.csv", act=own_act(who))


def test_every_export_of_the_folder_is_among_these(shared: Path) -> None:
    there = {path.name for path in folder(shared).glob("*.csv")}
    refused = {"agpplus_fixture_malformed.csv", "agpplus_fixture_missing-columns.csv"}
    assert there == {*ZONES, *FIXTURES, *refused, f"{LEGACY}.csv"}


@pytest.mark.parametrize("name", ZONES)
def test_every_row_is_read_ignored_by_a_rule_or_rejected(shared: Path, mappings: Mappings, name: str) -> None:
    path = folder(shared) / name
    account = decoded(path, ZONES[name], mappings).account
    assert account.rows == len(list(lines(path)))
    assert account.rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    assert account.rejected == () and account.fields_unknown == ()
    assert not any("was not read there" in warning for warning in account.warnings)


@pytest.mark.parametrize("name", ZONES)
def test_glucose_is_what_stands_in_its_column(shared: Path, mappings: Mappings, name: str) -> None:
    path = folder(shared) / name
    plain: dict[str, list[Line]] = defaultdict(list)
    for line in distinct(path):
        if "Sensor Glucose" in line.cells:
            plain[line.device.casefold()].append(line)
    done = decoded(path, ZONES[name], mappings)
    mine = {batch.key.device: batch for batch in done.readings if batch.key.stream is Stream.GLUCOSE}
    assert mine.keys() == plain.keys()
    for device, batch in mine.items():
        values = column(batch.columns, "value").tolist()
        theirs = [line.number_in("Sensor Glucose") for line in plain[device]]
        assert len(values) == len(theirs)
        assert sorted(values) == sorted(theirs)
        by_row = dict(zip(batch.columns["row"].tolist(), batch.columns["instant"].tolist(), strict=True))
        stamps = sorted(line.stamp for line in plain[device])
        first = min(plain[device], key=lambda line: line.stamp)
        assert by_row[first.number] == min(by_row.values()) and stamps[0] == first.stamp
        floor = column(batch.columns, "flags").astype(int) & Flag.LOW > 0
        assert int(floor.sum()) == theirs.count(40.0)
        # five minutes apart: no reading is laid over another one by the clock
        assert int(np.diff(batch.columns["instant"]).min()) > 60_000


@pytest.mark.parametrize("name", ZONES)
def test_insulin_of_each_day_is_the_sum_of_what_was_delivered(
    shared: Path, mappings: Mappings, name: str
) -> None:
    path = folder(shared) / name
    dates = {line.number: (line.device, line.cells["Date"]) for line in lines(path)}
    found: dict[tuple[str, str], float] = defaultdict(float)
    for batch in decoded(path, ZONES[name], mappings).readings:
        if batch.key.stream is Stream.BOLUS:
            values = column(batch.columns, "value").astype(float) / 10**batch.key.scale
            for row, units in zip(batch.columns["row"].tolist(), values.tolist(), strict=True):
                found[dates[row]] += units
    assert {day: round(units, 3) for day, units in found.items()} == delivered_by_day(path)


@pytest.mark.parametrize("name", [name for name in ZONES if "guardian" not in name])
def test_between_two_rates_the_first_was_programmed(shared: Path, mappings: Mappings, name: str) -> None:
    path = folder(shared) / name
    stamps = {line.number: line.stamp for line in lines(path)}
    checked = 0
    for batch in decoded(path, ZONES[name], mappings).readings:
        if batch.key.stream is not Stream.BASAL:
            continue
        names = ("row", "value", "flags", "instant", "end", "programmed")
        rows = zip(*(column(batch.columns, each).tolist() for each in names), strict=True)
        mine = {
            stamps[row]: (programmed if flags & Flag.NO_VALUE else value, end - instant)
            for row, value, flags, instant, end, programmed in rows
        }
        for start, end, rate in steady_rates(path, batch.device.serial):
            value, length = mine[start]
            assert (value / 10**batch.key.scale, length) == (pytest.approx(rate), _between(start, end))
            checked += 1
    assert checked > 20


def _between(start: str, end: str) -> int:
    one, two = (datetime.strptime(f"{text} +0000", "%Y/%m/%d %H:%M:%S %z") for text in (start, end))
    return round((two - one).total_seconds() * 1000)


def test_no_time_of_a_pump_is_basal_twice(shared: Path, mappings: Mappings) -> None:
    for name, zone in ZONES.items():
        for batch in decoded(folder(shared) / name, zone, mappings).readings:
            if batch.key.stream is Stream.BASAL:
                starts, ends = (column(batch.columns, name).astype(np.int64) for name in ("instant", "end"))
                assert (ends[:-1] <= starts[1:]).all()


def test_the_figures_that_were_measured_by_hand(shared: Path, mappings: Mappings) -> None:
    week = decoded(folder(shared) / "minimed780g_semicolon_eu_7d_scrubbed.csv", "Europe/Brussels", mappings)
    total = sum(
        int(b.columns["value"].astype(int).sum()) for b in week.readings if b.key.stream is Stream.BOLUS
    )
    assert total / 1000 == pytest.approx(139.85, abs=0.05)
    assert week.account.read[Stream.CAPILLARY] == 8
    assert week.account.ignored["daily sum of automated insulin"] == 9


def test_the_clock_that_was_set_late_leaves_no_hour_twice(shared: Path, mappings: Mappings) -> None:
    done = decoded(
        folder(shared) / "minimed780g_excerpt_clockchange_2024-10-27.csv", "Europe/Brussels", mappings
    )
    (change,) = [
        int(batch.columns["instant"][place])
        for batch in done.readings
        if batch.key.stream is Stream.EVENT
        for place, kind in enumerate(column(batch.columns, "kind").tolist())
        if kind == 20
    ]
    assert change == datetime(2024, 10, 27, 7, 30, 52, tzinfo=UTC).timestamp() * 1000
    assert not any(
        column(batch.columns, "flags").astype(int).max() & Flag.UNCERTAIN for batch in done.readings
    )


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_of_another_reader_is_read(shared: Path, mappings: Mappings, name: str) -> None:
    assert dict(decoded(folder(shared) / name, "UTC", mappings).account.read) == FIXTURES[name]


def test_files_that_are_no_exports_are_refused_with_a_reason(shared: Path, mappings: Mappings) -> None:
    for name, said in (
        ("malformed", "no table"),
        ("missing-columns", "the column with the time (date) is missing"),
    ):
        with pytest.raises(Unreadable) as fault:
            decoded(folder(shared) / f"agpplus_fixture_{name}.csv", "UTC", mappings)
        assert said in fault.value.sentence


def test_the_legacy_export_says_what_its_own_reader_expects(shared: Path, mappings: Mappings) -> None:
    expected = json.loads((folder(shared) / f"{LEGACY}.expected.json").read_text("utf-8"))
    done = decoded(folder(shared) / f"{LEGACY}.csv", "UTC", mappings)
    assert len(done.account.rejected) == 1  # the glucose of 2010: its clock was not set
    by_type: dict[str, list[dict[str, object]]] = defaultdict(list)
    for each in expected:
        by_type[each["type"]].append(each)
    got = {
        stream: _rows(done, stream) for stream in (Stream.CAPILLARY, Stream.BOLUS, Stream.BASAL, Stream.CARBS)
    }
    assert got[Stream.CAPILLARY] == sorted((e["deviceTime"], e["value"]) for e in by_type["smbg"])
    assert got[Stream.CARBS] == [(e["deviceTime"], e["payload"]["carbInput"]) for e in by_type["wizard"]]  # type: ignore[index]
    assert got[Stream.BOLUS] == sorted((e["deviceTime"], e["value"]) for e in by_type["bolus"])
    changes = [e for e in by_type["basal-rate-change"] if e.get("duration") != 0]  # 0 ends a temporary rate
    assert [time for time, _ in got[Stream.BASAL]] == sorted(str(e["deviceTime"]) for e in changes)
    scheduled = sorted((e["deviceTime"], e["value"]) for e in changes if e["deliveryType"] == "scheduled")
    assert [each for each in got[Stream.BASAL] if each[1]] == scheduled


def _rows(done: Decoded, stream: Stream) -> list[tuple[str, float]]:
    (batch,) = [batch for batch in done.readings if batch.key.stream is stream]
    values = column(batch.columns, "value").astype(float) / 10**batch.key.scale
    stamps = [
        f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}"
        for ms in batch.columns["instant"].tolist()
    ]
    return list(zip(stamps, values.tolist(), strict=True))


def test_the_legacy_settings_are_those_that_its_own_reader_finds(shared: Path, mappings: Mappings) -> None:
    expected = json.loads((folder(shared) / f"{LEGACY}.expected.json").read_text("utf-8"))
    newest = next(each for each in expected if each["type"] == "settings")
    found: dict[tuple[SettingKind, str], list[tuple[int, float]]] = defaultdict(list)
    for batch in decoded(folder(shared) / f"{LEGACY}.csv", "UTC", mappings).readings:
        if batch.key.stream is not Stream.SETTINGS:
            continue
        got = {n: column(batch.columns, n).tolist() for n in ("instant", "kind", "minute", "value", "text")}
        last = max(got["instant"])
        for place, instant in enumerate(got["instant"]):
            if instant == last:
                key = SettingKind(got["kind"][place]), got["text"][place]
                found[key].append((got["minute"][place] * 60_000, got["value"][place] / 10**batch.key.scale))
    mine = {key: sorted(rows) for key, rows in found.items()}
    for pattern in ("standard", "pattern a"):
        rates = [(each["start"], each["rate"]) for each in newest["basalSchedules"][pattern]]
        assert mine[SettingKind.BASAL_RATE, pattern] == rates
    assert mine[SettingKind.CARB_RATIO, ""] == [
        (each["start"], each["amount"]) for each in newest["carbRatio"]
    ]
    assert mine[SettingKind.SENSITIVITY, ""] == [
        (each["start"], each["amount"]) for each in newest["insulinSensitivity"]
    ]
    for kind, end in ((SettingKind.TARGET_LOW, "low"), (SettingKind.TARGET_HIGH, "high")):
        assert mine[kind, ""] == [(each["start"], each[end]) for each in newest["bgTarget"]]


@pytest.mark.parametrize("name", [*ZONES, f"{LEGACY}.csv"])
def test_stored_duplicate_ignored_and_rejected_are_the_rows(
    shared: Path, mappings: Mappings, tmp_path: Path, name: str
) -> None:
    data = (folder(shared) / name).read_bytes()
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        person = add(db, "Test", None, ZONES.get(name, "UTC"), ())
        once, again = kept(db, mappings, person, data), kept(db, mappings, person, data + b"\n")
    finally:
        db.close()
    for one in (once, again):
        account = one.account
        landed = sum(each.stored + each.duplicate + each.amended for each in one.streams.values())
        assert (
            landed - account.further + sum(account.ignored.values()) + len(account.rejected) == account.rows
        )
    assert sum(each.stored + each.amended for each in again.streams.values()) == 0


def test_two_windows_of_one_export_bring_what_the_whole_brings(
    shared: Path, mappings: Mappings, tmp_path: Path
) -> None:
    name = "minimed780g_semicolon_eu_7d_scrubbed.csv"
    whole = (folder(shared) / name).read_bytes()
    db = Database.open(tmp_path, bytes(32), lambda: RECEIVED)
    try:
        person = add(db, "Test", None, ZONES[name], ())
        early = kept(db, mappings, person, _window(whole, "2025/10/31", "2025/11/04"))
        late = kept(db, mappings, person, _window(whole, "2025/11/03", "2025/11/08"))
        rest = kept(db, mappings, person, whole)
    finally:
        db.close()
    assert sum(each.stored for each in early.streams.values()) > 1000
    assert sum(each.stored for each in late.streams.values()) > 1000
    assert sum(each.stored + each.amended for each in rest.streams.values()) == 0


def _window(data: bytes, first: str, last: str) -> bytes:
    kept = [
        line
        for line in data.decode("utf-8-sig").split("\r\n")
        if line.count(";") < 20 or line.startswith("Index") or first <= line.split(";")[1] <= last
    ]
    return "\r\n".join(kept).encode()


def test_doses_of_a_dual_wave_hang_together(shared: Path, mappings: Mappings) -> None:
    done = decoded(
        folder(shared) / "minimed640g_780g_excerpt_stacked_devices.csv", "Europe/Brussels", mappings
    )
    parts: dict[str, list[int]] = defaultdict(list)
    for batch in done.readings:
        if batch.key.stream is Stream.BOLUS:
            kinds = column(batch.columns, "kind").tolist()
            for record, kind in zip(batch.columns["record"].tolist(), kinds, strict=True):
                parts[record].append(kind)
    dual = [kinds for kinds in parts.values() if len(kinds) > 1]
    assert len(dual) == 8 and all(kinds.count(BolusKind.EXTENDED) == 1 for kinds in dual)
    assert BasalKind.SUSPENDED in {
        kind
        for b in done.readings
        if b.key.stream is Stream.BASAL
        for kind in column(b.columns, "kind").tolist()
    }
