"""Artifacts in and out of quarantine, and whose device it is."""

from __future__ import annotations

import pytest

from bridge.period import Period
from bridge.reading import Device
from bridge.store.artifacts import (
    by_hash,
    confirm,
    device_blind,
    listed,
    load,
    original,
    overlapping,
    quarantine,
)
from bridge.store.blocks import absorb, reabsorb, verify, withdraw
from bridge.store.columns import size
from bridge.store.db import Database
from bridge.store.originals import sweep
from bridge.store.patients import add, erase
from tests.store.shelf import COUNTED, DEVICE, START, STEP, batch, everything, said, ticks, upload


def test_a_quarantined_artifact_has_no_readings_until_a_human_lets_it_in(db: Database, patient: int) -> None:
    number = quarantine(db, patient, upload(b"one"), "the file names Bob")
    assert quarantine(db, patient, upload(b"one"), "again") == number
    rows = batch(COUNTED, ticks(0, range(100, 110)))
    assert absorb(db, patient, upload(b"one"), [rows]).already
    with pytest.raises(ValueError, match="quarantined"):
        reabsorb(db, patient, number, "0123abcd", [rows])
    assert size(everything(db, patient)) == 0
    confirm(db, patient, number, "Bob is her second name")
    done = reabsorb(db, patient, number, "0123abcd", [rows])
    assert [count.stored for count in done.streams.values()] == [10]
    kept = load(db, patient, number)
    assert (kept.state, kept.reason, kept.confirmed) == (
        "stored",
        "the file names Bob",
        "Bob is her second name",
    )
    assert size(everything(db, patient)) == 10
    with pytest.raises(ValueError, match="stored"):
        confirm(db, patient, number, "again")


def test_what_was_confirmed_late_was_received_early(db: Database, patient: int) -> None:
    first = quarantine(db, patient, upload(b"one"), "doubt")
    absorb(db, patient, upload(b"two"), [batch(COUNTED, ticks(0, [100]))])
    confirm(db, patient, first, "hers")
    reabsorb(db, patient, first, "0123abcd", [batch(COUNTED, ticks(0, [99, 101]))])
    assert said(everything(db, patient), "value", "artifact", "version") == [(100, 2, 0), (101, 1, 0)]
    assert verify(db) == ()


def test_a_quarantined_artifact_can_be_removed(db: Database, patient: int) -> None:
    number = quarantine(db, patient, upload(b"one"), "doubt")
    done = withdraw(db, patient, number)
    assert not done.gone
    assert by_hash(db, patient, upload(b"one").sha256) is None
    assert not list((db.home / "originals").glob("??/*"))


def test_a_device_belongs_to_one_patient_at_a_time(db: Database, patient: int) -> None:
    other = add(db, "Bob", None, "UTC")
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 110)))])
    blind = device_blind(db, Device(serial=DEVICE.serial.lower()))
    assert blind is not None
    same_time, later = Period(START + STEP, START + 2 * STEP), Period(START + 10 * STEP, START + 20 * STEP)
    assert overlapping(db, other, [(blind, same_time)])
    assert not overlapping(db, other, [(blind, later)])
    assert not overlapping(db, patient, [(blind, same_time)])
    assert device_blind(db, Device("Dexcom", "G6")) is None
    withdraw(db, patient, 1)
    assert not overlapping(db, other, [(blind, same_time)])


def test_the_kept_bytes_come_back_and_lie_sealed(db: Database, patient: int) -> None:
    content = b"2025-01-01;Ada Beispiel;113\n" * 1000
    absorb(db, patient, upload(content, file="Ada Beispiel.csv"), [])
    assert original(db, patient, 1) == content
    assert listed(db, patient)[0].file == "Ada Beispiel.csv"
    for path in db.home.rglob("*"):
        if path.is_file():
            assert b"Beispiel" not in path.read_bytes()
            assert "Beispiel" not in path.name and upload(content).sha256 not in path.name


def test_the_same_bytes_of_two_patients_are_two_artifacts(db: Database, patient: int) -> None:
    other = add(db, "Bob", None, "UTC")
    absorb(db, patient, upload(b"one"), [])
    absorb(db, other, upload(b"one"), [])
    erase(db, patient)
    assert original(db, other, 1) == b"one"
    assert len(list((db.home / "originals").glob("??/*"))) == 1


def test_files_that_nothing_refers_to_are_swept(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [])
    stray = db.home / "originals" / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left by a crash")
    assert sweep(db) == 1 and not stray.exists()
    assert original(db, patient, 1) == b"one"
