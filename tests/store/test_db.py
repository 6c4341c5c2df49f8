"""The files: migrated once, read in snapshots, told when they are broken."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bridge.store import installation
from bridge.store.blocks import absorb, verify
from bridge.store.db import Database
from bridge.store.installation import BadStore
from bridge.store.patients import add
from tests.store.shelf import COUNTED, batch, opened, ticks, upload


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        before = db.reader("bridge").execute("SELECT * FROM migrations ORDER BY name").fetchall()
        name = db.installation
    with opened(tmp_path) as db:
        assert db.reader("bridge").execute("SELECT * FROM migrations ORDER BY name").fetchall() == before
        assert db.installation == name
        assert len(before) >= 1


def test_a_changed_migration_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = tmp_path / "sql"
    scripts.mkdir()
    for script in installation.SCRIPTS.glob("*.sql"):
        (scripts / script.name).write_text(script.read_text())
    monkeypatch.setattr(installation, "SCRIPTS", scripts)
    opened(tmp_path / "home").close()
    (scripts / "bridge_0001_core.sql").write_text("CREATE TABLE other (x INTEGER);")
    with pytest.raises(BadStore, match="bridge_0001_core"):
        opened(tmp_path / "home")


def test_a_broken_migration_leaves_no_half_of_itself_nor_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / "sql"
    scripts.mkdir()
    for script in installation.SCRIPTS.glob("*_0001_*.sql"):
        (scripts / script.name).write_text(script.read_text())
    monkeypatch.setattr(installation, "SCRIPTS", scripts)
    (scripts / "bridge_0008_before.sql").write_text("CREATE TABLE before (x INTEGER);\n")
    (scripts / "bridge_0009_new.sql").write_text("CREATE TABLE half (x INTEGER);\nCREATE TABEL whole;\n")
    with pytest.raises(Exception, match="TABEL"):
        opened(tmp_path / "home")
    (scripts / "bridge_0008_before.sql").write_text("CREATE TABLE other (x INTEGER);\n")  # it was not applied
    (scripts / "bridge_0009_new.sql").write_text("CREATE TABLE half (x INTEGER);\n")
    with opened(tmp_path / "home") as db:
        assert db.reader("bridge").execute("SELECT count(*) FROM half").fetchone() == (0,)


def test_every_commit_is_synced(db: Database) -> None:
    for file in ("bridge", "ledger", "keys"):
        for con in (db.reader(file), db.writers[file]):
            assert con.execute("PRAGMA synchronous").fetchone() == (2,)
            assert con.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.writers["keys"].execute("PRAGMA secure_delete").fetchone() == (1,)
    assert db.reader("bridge").execute("PRAGMA page_size").fetchone() == (16384,)


def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(Exception, match="readonly"):
        db.reader("bridge").execute("DELETE FROM patients")


def test_an_exception_rolls_back(db: Database, patient: int) -> None:
    def write_and_fail() -> None:
        with db.write("bridge") as con:
            con.execute("DELETE FROM patients")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert db.reader("bridge").execute("SELECT count(*) FROM patients").fetchone() == (1,)


def test_a_snapshot_sees_one_state(db: Database, patient: int) -> None:
    with db.snapshot("bridge") as con:
        assert con.execute("SELECT count(*) FROM patients").fetchone() == (1,)
        thread = threading.Thread(target=add, args=(db, "Bob", None, "UTC"))
        thread.start()
        thread.join()
        assert con.execute("SELECT count(*) FROM patients").fetchone() == (1,)
    assert db.reader("bridge").execute("SELECT count(*) FROM patients").fetchone() == (2,)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE blocks SET sealed = zeroblob(length(sealed))", "not a block of codec version"),
        ("UPDATE blocks SET sealed = substr(sealed, 1, length(sealed) - 1)", "do not open"),
        ("UPDATE blocks SET version = version + 1", "do not open"),
        ("UPDATE blocks SET block = block + 1", "do not open"),
        ("UPDATE blocks SET count = count + 1", "holds 50 rows, not 51"),
        ("UPDATE blocks SET changed = changed - 1000", "changed at another time"),
        ("UPDATE blocks SET latest = latest - 1", "reaches later"),
        ("DELETE FROM series", "no such series"),
        ("UPDATE artifacts SET state = 'quarantined'", "do not open"),
        ("UPDATE patients SET version = 9", "do not open"),
    ],
)
def test_damage_is_found_and_named(db: Database, patient: int, damage: str, sentence: str) -> None:
    absorb(db, patient, upload(b"one"), [batch(COUNTED, ticks(0, range(100, 150)))])
    assert verify(db) == ()
    with db.write("bridge") as con:
        con.execute(damage)
    assert any(sentence in found and "patient 1" in found for found in verify(db))


def test_a_lost_original_is_found(db: Database, patient: int) -> None:
    absorb(db, patient, upload(b"one"), [])
    for path in (db.home / "originals").glob("??/*"):
        path.unlink()
    assert verify(db) == ("patient 1, artifact 1: the kept original is missing",)
