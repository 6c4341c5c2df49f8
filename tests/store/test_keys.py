"""Keys: what is sealed stays sealed, in its place, until the key is destroyed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.store.blocks import absorb, verify
from bridge.store.db import Database
from bridge.store.installation import BadStore
from bridge.store.keys import Box, Erased, Tampered, WrongMaster
from bridge.store.patients import add, add_zone, by_identifier, erase, load, numbers
from tests.store.shelf import COUNTED, Clock, batch, opened, ticks, upload

MRN = ("urn:oid:1.2.3", "MRN-0042")


@given(plain=st.binary(max_size=200), where=st.binary(max_size=20), flip=st.integers(0))
def test_a_box_opens_only_what_it_sealed_for_that_place(plain: bytes, where: bytes, flip: int) -> None:
    box = Box(b"k" * 32, 1)
    sealed = box.seal(plain, where)
    assert box.open(sealed, where) == plain
    assert box.seal(plain, where) != sealed
    changed = bytearray(sealed)
    changed[flip % len(sealed)] ^= 1 + flip % 255
    for other in (bytes(changed), sealed[:-1], b""):
        with pytest.raises(Tampered):
            box.open(other, where)
    with pytest.raises(Tampered):
        box.open(sealed, where + b"!")
    with pytest.raises(Tampered):
        Box(b"K" * 32, 1).open(sealed, where)


def test_demographics_come_back_and_rest_sealed(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        number = add(db, "Ada Beispiel", date(1987, 6, 5), "Europe/Berlin", (MRN,))
        add_zone(db, number, "America/New_York", 1_700_000_000_000)
        person = load(db, number)
        assert (person.name, person.birth_date, person.identifiers) == (
            "Ada Beispiel",
            date(1987, 6, 5),
            (MRN,),
        )
        assert person.zones.zone_at(1_700_000_000_000) == "America/New_York"
        assert person.version == 2
        assert by_identifier(db, *MRN) == number
        assert by_identifier(db, "urn:oid:1.2.4", "MRN-0042") is None
    for path in tmp_path.iterdir():
        if path.is_file():
            content = path.read_bytes()
            assert not any(word in content for word in (b"Beispiel", b"MRN-0042", b"1987", b"Berlin"))


def test_an_erased_patient_leaves_no_key_and_no_row(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        number = add(db, "Ada", None, "UTC", (MRN,))
        absorb(db, number, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 200)))])
        (wrapped,) = db.reader("keys").execute("SELECT wrapped FROM patient_keys").fetchone()
        erase(db, number)
        with pytest.raises(KeyError):
            load(db, number)
        with pytest.raises(Erased):
            db.keys.box(number)
        assert by_identifier(db, *MRN) is None
        for table in ("patients", "identifiers", "series", "artifacts", "serials", "blocks"):
            assert db.reader("bridge").execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert not list((tmp_path / "originals").glob("??/*"))
        for path in tmp_path.glob("keys.db*"):
            assert wrapped not in path.read_bytes()
        assert add(db, "Bob", None, "UTC") == number + 1


def test_an_erasure_cut_short_is_finished_at_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        number = add(db, "Ada", None, "UTC")
        other = add(db, "Bob", None, "UTC")
        absorb(db, number, upload(b"one"), [batch(COUNTED, ticks(0, [100]))])
        db.keys.destroy(number, 1)
    with opened(tmp_path) as db:
        assert numbers(db) == (other,)
        assert not list((tmp_path / "originals").glob("??/*"))
        assert verify(db) == ()


def test_another_master_key_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(WrongMaster, match="master key"):
        Database.open(tmp_path, b"x" * 32, Clock())
    with pytest.raises(ValueError, match="32 bytes"):
        Database.open(tmp_path, b"short", Clock())


def test_data_without_its_key_store_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    for path in tmp_path.glob("keys.db*"):
        path.unlink()
    with pytest.raises(BadStore, match=r"keys\.db is missing"):
        opened(tmp_path)
    with opened(tmp_path / "other"):
        pass
    for path in (tmp_path / "other").glob("keys.db*"):
        path.rename(tmp_path / path.name)
    with pytest.raises(BadStore, match="another installation"):
        opened(tmp_path)


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as db:
        absorb(db, add(db, "Ada", None, "UTC"), upload(b"one"), [])
        assert (tmp_path / "home").stat().st_mode & 0o077 == 0
        for path in (tmp_path / "home").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_installations_have_secrets_of_their_own(tmp_path: Path) -> None:
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as two:
        assert one.installation != two.installation
        assert one.keys.blind(*MRN) != two.keys.blind(*MRN)
        kept = (one.keys.id_key, one.keys.index_key, one.keys.ledger_key, one.keys.page_key)
        assert len({*kept}) == 4
    with opened(tmp_path / "a") as again:
        assert (
            again.keys.id_key,
            again.keys.index_key,
            again.keys.ledger_key,
            again.keys.page_key,
        ) == kept
