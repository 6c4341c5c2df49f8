"""A folder of a clinic's SFTP server holds each month once and whole, and whoever must act is told what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

import bridge.store.ledger as ledger
import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent import grants
from bridge.net.message import SENTENCES, Fault
from bridge.push.courier import IN_DOUBT
from bridge.push.plan import NO_GRANT
from bridge.store.blocks import withdraw
from tests.peers.sshd import Sshd
from tests.push.folder import Box, standing
from tests.push.house import House, filed

MAY = "0042-2026-05.csv"
REVISED = "{patient}-{month}-{revision}.{extension}"


@pytest.fixture(params=["ssh-ed25519", "ecdsa-sha2-nistp256"])
def another_key(request: pytest.FixtureRequest) -> str:
    """The public key of a server that is not the one, of its kind or another."""
    return " ".join(asyncssh.generate_private_key(request.param).export_public_key().decode().split()[:2])


@pytest.fixture
def stranger() -> str:
    """A private key that nobody let in."""
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def told(host_key: str, **more: Any) -> dict[str, Any]:
    return {"by": "sftp", "corrections": "replace", "host_keys": [host_key], **more}


@contextmanager
def at(home: Path, peer: Sshd, key: str | None = None, **more: Any) -> Iterator[House]:
    """A bridge whose portal is Debian's server, with ten readings of May."""
    house = filed(
        home,
        peer.url,
        kind="portal",
        portal=told(more.pop("host_key", peer.host_key), **more),
        auth={"kind": "ssh-key", "user": peer.user, "secret": "vault"},
        secret=key or peer.writer,
    )
    yield from furnished(house)


@contextmanager
def boxed(home: Path, secret: str = "s3cret", **more: Any) -> Iterator[tuple[House, Box]]:
    """The same with a server that can be told to cut the line, and a password."""
    files = home / "files"
    files.mkdir()
    with standing(files) as box:
        house = filed(
            home / "bridge",
            box.url,
            kind="portal",
            portal=told(box.host_key, **more),
            auth={"kind": "basic", "user": "cgm", "secret": "vault"},
            secret=secret,
        )
        for one in furnished(house):
            yield one, box


def shared(house: House, record: str = "0042") -> None:
    """Ten readings of May, granted and linked."""
    house.bring(0, list(range(100, 110)))
    house.grant()
    house.link(None, record)


def furnished(house: House) -> Iterator[House]:
    shared(house)
    yield house
    house.db.close()


def values(folder: Path, name: str = MAY) -> list[int]:
    rows = [each for each in (folder / name).read_text("utf-8").splitlines() if not each.startswith("#")]
    return [int(row.split(",")[5]) for row in rows[1:]]


def sentence(fault: Fault) -> str:
    return SENTENCES[fault].format(host="127.0.0.1")


def test_a_month_is_laid_down_whole_and_a_correction_takes_its_place(tmp_path: Path, sshd: Sshd) -> None:
    with at(tmp_path, sshd) as house:
        second = house.bring(20, [250])
        report = house.push()
        assert (report.sent, report.failed, report.held) == (11, (), ())
        assert values(sshd.files) == [*range(100, 110), 250]
        assert sorted(each.name for each in sshd.files.iterdir()) == [MAY, f"{MAY}.manifest.csv"]
        house.wait()
        withdraw(house.db, house.patient, second)
        assert house.push().retracted == 1
        assert values(sshd.files) == list(range(100, 110))


def test_a_server_with_another_host_key_gets_nothing(tmp_path: Path, sshd: Sshd, another_key: str) -> None:
    with at(tmp_path, sshd, host_key=another_key) as house:
        assert sentence(Fault.OTHER_KEY) in house.push().failed[0]
        assert list(sshd.files.iterdir()) == []


def test_a_key_that_is_not_let_in_is_said_and_not_shown_again(
    tmp_path: Path, sshd: Sshd, stranger: str
) -> None:
    with at(tmp_path, sshd, stranger) as house:
        assert sentence(Fault.NOT_LET_IN) in house.push().failed[0]
        calls = len(house.calls)
        house.wait(5)
        house.push()
        assert len(house.calls) == calls and list(sshd.files.iterdir()) == []


def test_a_folder_where_the_bridge_may_only_read_is_said(tmp_path: Path, sshd: Sshd) -> None:
    with at(tmp_path, sshd, sshd.reader) as house:
        assert sentence(Fault.DENIED) in house.push().failed[0]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, sshd: Sshd) -> None:
    with at(tmp_path, sshd, path="incoming") as house:
        assert sentence(Fault.NO_FOLDER) in house.push().failed[0]
        (sshd.files / "incoming").mkdir()
        outbox.retry(house.db, outbox.listed(house.db)[0].delivery)
        house.wait(11)
        assert house.push().sent == 10
        assert values(sshd.files / "incoming") == list(range(100, 110))


def test_a_full_disk_is_said_and_leaves_nothing_to_pick_up(tmp_path: Path, sshd: Sshd) -> None:
    (sshd.files / f".{MAY}.part").symlink_to("/dev/full")
    with at(tmp_path, sshd) as house:
        assert sentence(Fault.NOT_STORED) in house.push().failed[0]
        assert list(sshd.files.iterdir()) == []


def test_a_name_that_is_taken_by_another_file_is_not_written_over(tmp_path: Path, sshd: Sshd) -> None:
    (sshd.files / "0042-2026-05-1.csv").write_text("of somebody else")
    with at(tmp_path, sshd, corrections="none", name=REVISED) as house:
        assert sentence(Fault.NAME_TAKEN) in house.push().failed[0]
        assert (sshd.files / "0042-2026-05-1.csv").read_text() == "of somebody else"


def test_a_password_opens_a_folder(tmp_path: Path) -> None:
    with boxed(tmp_path) as (house, box):
        assert house.push().sent == 10
        assert box.names() == [MAY, f"{MAY}.manifest.csv"] and box.tried == []


def test_a_wrong_password_is_shown_once(tmp_path: Path) -> None:
    with boxed(tmp_path, "wrong") as (house, box):
        assert sentence(Fault.NOT_LET_IN) in house.push().failed[0]
        house.wait(5)
        house.push()
        assert box.tried == ["cgm"] and box.names() == []


@pytest.mark.parametrize("is_same_round", [True, False])
def test_a_refused_secret_is_not_shown_by_the_next_person_s_delivery(
    tmp_path: Path, is_same_round: bool
) -> None:
    with boxed(tmp_path, "wrong") as (house, box):
        if not is_same_round:
            house.push()
        house.patient = patients.add(house.db, "Another Example", None, "Europe/Berlin", ())
        shared(house, "0043")
        held = asyncio.run(house.worker.once(None, house.client)).held
        assert any("left alone until" in each and sentence(Fault.NOT_LET_IN) in each for each in held)
        assert box.tried == ["cgm"]


@pytest.mark.parametrize("corrections", ["replace", "none"])
def test_a_line_cut_before_the_file_has_its_name_left_nothing_and_is_repeated(
    tmp_path: Path, corrections: str
) -> None:
    more = {"name": REVISED} if corrections == "none" else {}
    with boxed(tmp_path, corrections=corrections, **more) as (house, box):
        box.script = ["open"]
        report = house.push()
        assert report.sent == 0 and box.names() == []
        assert outbox.listed(house.db)[0].problem == sentence(Fault.HALF_SENT)
        house.wait(1)
        assert house.push().sent == 10
        name = MAY if corrections == "replace" else "0042-2026-05-1.csv"
        assert values(box.files, name) == list(range(100, 110))


def test_a_line_cut_after_the_file_has_its_name_is_looked_into_and_it_is_there_once(tmp_path: Path) -> None:
    with boxed(tmp_path, corrections="none", name=REVISED) as (house, box):
        box.script = ["after"]
        assert house.push().sent == 10
        assert box.names() == ["0042-2026-05-1.csv", "0042-2026-05-1.csv.manifest.csv"]
        house.wait(1)
        house.push()
        assert len(box.names()) == 2 and len(box.written) == 2


def test_a_line_cut_at_the_renaming_is_looked_into_and_repeated(tmp_path: Path) -> None:
    with boxed(tmp_path, corrections="none", name=REVISED) as (house, box):
        box.script = ["before"]
        assert house.push().sent == 0 and box.names() == []
        house.wait(1)
        assert house.push().sent == 10
        assert values(box.files, "0042-2026-05-1.csv") == list(range(100, 110))


def test_half_a_file_counts_as_left_and_is_taken_away_at_once(tmp_path: Path) -> None:
    with boxed(tmp_path) as (house, box):
        box.script = ["before"]
        assert house.push().sent == 0
        assert list(box.files.iterdir()) == []
        rows = [row.fields for row in ledger.listed(house.db, house.patient) if row.kind == "outcome"]
        assert (rows[-1]["outcome"], rows[-1]["sent"]) == ("sent", 10)


def test_half_a_file_that_could_not_be_taken_away_is_later_though_the_grant_ended(tmp_path: Path) -> None:
    with boxed(tmp_path) as (house, box):
        box.script = ["open"]
        house.push()
        (box.files / f".{MAY}.part").write_bytes(b"time,value")
        house.revoke(grants.listed(house.db, house.patient)[0].grant.id)
        house.wait()
        assert NO_GRANT in house.push().held[0]
        assert list(box.files.iterdir()) == []
        calls = len(house.calls)
        house.push()
        assert len(house.calls) == calls


def test_a_refused_renaming_leaves_no_half_file(tmp_path: Path) -> None:
    with boxed(tmp_path) as (house, box):
        box.script = ["refused"]
        assert sentence(Fault.DENIED) in house.push().failed[0]
        assert list(box.files.iterdir()) == []
        rows = [row.fields for row in ledger.listed(house.db, house.patient) if row.kind == "outcome"]
        assert (rows[-1]["outcome"], rows[-1]["sent"]) == ("sent", 10)


def test_what_was_picked_up_while_the_line_was_cut_waits_for_a_human(tmp_path: Path) -> None:
    with boxed(tmp_path, corrections="none", name=REVISED) as (house, box):
        box.script, box.picks = ["after"], True
        house.push()
        house.wait(1)
        house.push()
        rows = house.db.reader("bridge").execute("SELECT DISTINCT problem FROM sent").fetchall()
        assert rows == [(IN_DOUBT,)]
        assert len(box.written) == 1


def _revoked(house: House) -> None:
    house.revoke(grants.listed(house.db, house.patient)[0].grant.id)


def _erased(house: House) -> None:
    patients.erase(house.db, house.patient)


@pytest.mark.parametrize("moment", ["login", "write"])
@pytest.mark.parametrize("ends", [_revoked, _erased])
def test_what_is_called_off_on_its_way_gets_no_name_and_leaves_no_half_file(
    tmp_path: Path, moment: str, ends: Callable[[House], None]
) -> None:
    with boxed(tmp_path) as (house, box):
        box.meanwhile[moment] = lambda: ends(house)
        assert house.push().sent == 0
        assert not box.meanwhile and list(box.files.iterdir()) == []
        assert len(box.written) == (moment == "write"), "after the login nothing more was begun"
        house.wait()
        house.push()
        assert list(box.files.iterdir()) == []
