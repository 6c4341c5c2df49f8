"""A portal gets the report of each block as a PDF or pictures, once, in the newest state; a withdrawn one says so."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

import bridge.store.ledger as ledger
import bridge.store.links as links
import bridge.store.outbox as outbox
import bridge.store.patients as patients
from bridge.consent.asked import Grain, Kind
from bridge.consent.grant import Identity
from bridge.period import DAY
from bridge.push.courier import IN_DOUBT, NOT_CORRECTABLE
from bridge.push.plan import NO_GRANT, UNNAMED
from bridge.store.blocks import withdraw
from tests.push.folder import standing as folder
from tests.push.house import BEGIN, House, filed
from tests.push.portal import Shelf, standing
from tests.push.test_summaries import days, measured, states

PUT = {"by": "https", "path": "files/{name}", "corrections": "replace"}
PNG = {**PUT, "pages": "png"}
KEEPS = {**PUT, "corrections": "none", "name": "{patient}-{month}-{revision}.{extension}"}
FORM = {
    "by": "https",
    "path": "up",
    "upload": "multipart",
    "corrections": "none",
    "name": KEEPS["name"],
    "fields": {"who": "{patient}", "period": "{month}"},
}
STEM = "0042-2026-05-14-2026-05-27"
PDF, MANIFEST = f"{STEM}.pdf", f"{STEM}.pdf.manifest.csv"


@contextmanager
def world(home: Path, portal: dict[str, Any] = PUT, **more: Any) -> Iterator[tuple[House, Shelf, int]]:
    """A bridge with a fortnight that is over, linked, and a portal that wants its report; also the upload."""
    with standing() as shelf:
        told: dict[str, Any] = {"raw": False, "document": {"days": 14}}
        house = filed(home, shelf.url, kind="portal", portal=portal, **(told | more))
        whole = measured(house, -15, 16)
        house.link(None)
        yield house, shelf, whole
        house.db.close()


def granted(house: House, **more: Any) -> str:
    return house.grant(**({"periods": days(house, -14, 14)} | more))


def text(body: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages).split())


def listed(shelf: Shelf, name: str = MANIFEST) -> list[list[str]]:
    return [line.split(",") for line in shelf.lines(name)]


def size(body: bytes) -> tuple[int, int]:
    """Of a picture; it opens: every chunk has its checksum and the pixels are all there."""
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    at, pixels, head = 8, b"", b""
    while at < len(body):
        (length,), kind = struct.unpack(">I", body[at : at + 4]), body[at + 4 : at + 8]
        content = body[at + 8 : at + 8 + length]
        assert struct.unpack(">I", body[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + content),)
        head, pixels = (content, pixels) if kind == b"IHDR" else (head, pixels + content * (kind == b"IDAT"))
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", head[:10])
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    assert len(zlib.decompress(pixels)) == height * (1 + width * samples * depth // 8)
    return width, height


# ------------------------------------------------------------------------------------- what is filed


def test_the_report_arrives_once_as_a_pdf_with_a_manifest_that_has_its_checksum(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house)
        done = house.push()
        assert (done.sent, done.held, done.failed) == (1, (), ())
        assert set(shelf.files) == {PDF, MANIFEST}
        told = text(shelf.files[PDF])
        assert "Robin Example" in told and "Thu 14 May 2026 to Wed 27 May 2026 (14 days)" in told
        assert "patient-supplied" in told and "not a complete record" in told
        (row,) = listed(shelf)
        assert row[:6] == [
            PDF,
            "2026-05-13T22:00:00Z",
            "2026-05-27T22:00:00Z",
            "4032",
            "1",
            "application/pdf",
        ]
        assert row[7] == hashlib.sha256(shelf.files[PDF]).hexdigest()
        before = len(shelf.uploads)
        house.wait(120)
        assert house.push().sent == 0 and len(shelf.uploads) == before
        assert {each.what: each.state for each in outbox.listed(house.db)} == {"document": "acked"}


def test_pictures_are_the_pages_one_by_one_and_stand_in_one_manifest(tmp_path: Path) -> None:
    with world(tmp_path, PNG, document={"days": 28}) as (house, shelf, _):
        measured(house, -28, 13)
        house.grant(periods=days(house, -28, 28))
        assert house.push().sent == 1
        pages = sorted(name for name in shelf.files if name.endswith(".png"))
        assert len(pages) > 1
        assert pages == [f"0042-2026-04-30-2026-05-27-p{at}.png" for at in range(1, len(pages) + 1)]
        assert {size(shelf.files[name]) for name in pages} == {(1240, 1754)}
        rows = listed(shelf, "0042-2026-04-30-2026-05-27.png.manifest.csv")
        sums = [hashlib.sha256(shelf.files[name]).hexdigest() for name in pages]
        assert [row[0] for row in rows] == pages and [row[7] for row in rows] == sums


def test_tables_and_reports_go_to_one_portal_and_the_report_goes_first(tmp_path: Path) -> None:
    with world(tmp_path, raw={"daily": 100_000}) as (house, shelf, _):
        granted(house)
        assert house.push().sent == 1 + 14 * 288
        assert [each[1] for each in shelf.uploads][:3] == [PDF, MANIFEST, "0042-2026-05.csv"]


def test_a_form_has_its_fields_also_of_a_report(tmp_path: Path) -> None:
    auth = {"auth": {"kind": "bearer", "secret": "vault"}, "secret": "s3cret"}
    with world(tmp_path, FORM, **auth) as (house, shelf, _):
        granted(house)
        assert house.push().sent == 1
        way, name, told = shelf.uploads[0]
        assert (way, name, told["who"], told["period"]) == ("POST", PDF, "0042", "2026-05")
        assert told["authorization"] == "Bearer s3cret" and "GMI" in text(shelf.files[PDF])


def test_a_report_holds_what_is_granted_and_nothing_beside_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        for day in range(-14, 0):
            house.give((day + 10) * 288 + 3, [100] * 4, name=str(day))
        granted(house, kinds=frozenset({Kind.GLUCOSE}))
        house.push()
        assert "Insulin" not in text(shelf.files[PDF]) and "13 May" not in text(shelf.files[PDF])


def test_a_grant_of_summaries_gives_a_report_without_curves(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house, grain=Grain.SUMMARY)
        house.push()
        assert "GMI" in text(shelf.files[PDF]) and "Day by day" not in text(shelf.files[PDF])
        assert [row[3] for row in listed(shelf)] == ["0"]


def test_a_share_under_a_pseudonym_goes_to_no_portal(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house, identity=Identity.PSEUDONYMOUS)
        assert UNNAMED in house.push().held[0] and shelf.files == {}


# --------------------------------------------------------------------------- corrected and withdrawn


def test_a_correction_takes_the_place_of_what_it_corrects(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house)
        house.push()
        first = text(shelf.files[PDF])
        house.wait()
        measured(house, -3, 2, value=300)
        report = house.push()
        assert (report.sent, report.updated) == (0, 1)
        assert text(shelf.files[PDF]) != first and set(shelf.files) == {PDF, MANIFEST}
        assert [row[4] for row in listed(shelf)] == ["2"]
        assert listed(shelf)[0][7] == hashlib.sha256(shelf.files[PDF]).hexdigest()


def test_a_correction_finds_its_file_after_a_move(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house)
        house.push()
        patients.add_zone(house.db, house.patient, "Pacific/Auckland", BEGIN - 60 * DAY)
        house.wait()
        measured(house, -3, 2, value=300)
        house.push()
        assert set(shelf.files) == {PDF, MANIFEST} and [row[4] for row in listed(shelf)] == ["2"]


def test_a_report_with_fewer_pages_leaves_none_of_the_older_ones(tmp_path: Path) -> None:
    with world(tmp_path, PNG, document={"days": 28}) as (house, shelf, _):
        measured(house, -28, 13)
        house.grant(periods=days(house, -28, 28))
        house.push()
        before = {name: body for name, body in shelf.files.items() if name.endswith(".png")}
        house.wait()
        said = {"days": 28, "sections": []}
        house.register(shelf.url, kind="portal", portal=PNG, raw=False, document=said)
        assert house.push().updated == 1
        after = {name: body for name, body in shelf.files.items() if name.endswith(".png")}
        assert after.keys() == before.keys() and len(before) > 1
        assert all(body != after[name] for name, body in before.items())
        first, *others = sorted(after)
        assert len({after[name] for name in others}) == 1 and after[first] not in (
            after[name] for name in others
        )
        rows = listed(shelf, "0042-2026-04-30-2026-05-27.png.manifest.csv")
        assert [row[7] for row in rows] == [hashlib.sha256(after[name]).hexdigest() for name in sorted(after)]
        house.wait()
        house.register(shelf.url, kind="portal", portal=PNG, raw=False, document={"days": 28})
        house.push()
        assert {name: shelf.files[name] for name in before} == before


@pytest.mark.parametrize("ends", [False, True])
def test_what_was_entered_in_error_is_a_page_that_says_so(tmp_path: Path, ends: bool) -> None:
    with world(tmp_path) as (house, shelf, whole):
        grant = granted(house)
        house.push()
        house.wait()
        if ends:
            house.revoke(grant)
            house.push()
            assert "Robin Example" in text(shelf.files[PDF])
        withdraw(house.db, house.patient, whole)
        report = house.push()
        assert (report.retracted, report.updated) == ((1, 0) if ends else (0, 1))
        told = text(shelf.files[PDF])
        assert "entered in error" in told and "Robin" not in told and "GMI" not in told
        assert set(shelf.files) == {PDF, MANIFEST}
        assert listed(shelf)[0][7] == hashlib.sha256(shelf.files[PDF]).hexdigest()
        assert states(house, whole)["taken back"] == 1
        before = len(shelf.uploads)
        house.wait(120)
        house.push()
        assert len(shelf.uploads) == before


def test_a_portal_that_keeps_every_file_is_told_of_no_correction_and_a_human_is(tmp_path: Path) -> None:
    with world(tmp_path, KEEPS) as (house, shelf, whole):
        granted(house)
        assert house.push().sent == 1
        first = shelf.files[PDF]
        house.wait()
        measured(house, -3, 2, value=300)
        assert "cannot be delivered" in house.push().failed[0]
        withdraw(house.db, house.patient, whole)
        house.wait()
        house.push()
        assert shelf.files[PDF] == first and len(shelf.uploads) == 2
        rows = house.db.reader("bridge").execute("SELECT DISTINCT problem FROM sent").fetchall()
        assert rows == [(NOT_CORRECTABLE,)]


def test_a_report_is_sent_anew_when_its_file_says_it_otherwise(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house)
        house.push()
        house.wait()
        told = {**PUT, "headers": {"X-Folder": "7"}}
        house.register(shelf.url, kind="portal", portal=told, raw=False, document={"days": 14})
        house.push()
        assert [each[2].get("x-folder") for each in shelf.uploads] == [None, None, "7", "7"]
        house.wait(120)
        house.push()
        assert len(shelf.uploads) == 4


# ------------------------------------------------------------------------------- stopped and repeated


def test_a_revocation_stops_the_next_report(tmp_path: Path) -> None:
    with world(tmp_path, document={"days": 7}) as (house, shelf, _):
        grant = granted(house)
        shelf.meanwhile = partial(house.revoke, grant)
        house.push()
        assert list(shelf.files) == ["0042-2026-05-14-2026-05-20.pdf"]
        house.wait(120)
        assert NO_GRANT in house.push().held[0] and len(shelf.uploads) == 1


def test_a_revocation_between_two_pages_stops_the_second(tmp_path: Path) -> None:
    with world(tmp_path, PNG, document={"days": 28}) as (house, shelf, _):
        measured(house, -28, 13)
        grant = house.grant(periods=days(house, -28, 28))
        shelf.meanwhile = partial(house.revoke, grant)
        house.push()
        assert list(shelf.files) == ["0042-2026-04-30-2026-05-27-p1.png"]
        told = [row.fields for row in ledger.listed(house.db, house.patient) if row.kind == "outcome"]
        assert [(row["outcome"], row["sent"]) for row in told][-1] == ("sent", 1)


def test_a_link_that_is_stopped_stops_the_next_report(tmp_path: Path) -> None:
    with world(tmp_path, document={"days": 7}) as (house, shelf, _):
        granted(house)
        shelf.meanwhile = partial(links.suspend, house.db, links.listed(house.db)[0].number, "they moved")
        house.push()
        house.wait(120)
        house.push()
        assert list(shelf.files) == ["0042-2026-05-14-2026-05-20.pdf"]


@pytest.mark.parametrize("script", [["torn"], [500], [503], [429], [201, "torn"], [201, 500]])
def test_a_lost_answer_is_repeated_under_the_same_names(tmp_path: Path, script: list[int | str]) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house)
        shelf.script = list(script)
        house.push()
        house.wait(60)
        house.push()
        assert set(shelf.files) == {PDF, MANIFEST}
        assert listed(shelf)[0][7] == hashlib.sha256(shelf.files[PDF]).hexdigest()
        assert {each.state for each in outbox.listed(house.db)} == {"acked"}
        before = len(shelf.uploads)
        house.wait(60)
        house.push()
        assert len(shelf.uploads) == before


def test_what_lost_its_answer_is_withdrawn_all_the_same(tmp_path: Path) -> None:
    with world(tmp_path, PNG, document={"days": 28}) as (house, shelf, whole):
        older = measured(house, -28, 13)
        grant = house.grant(periods=days(house, -28, 28))
        shelf.script = [201, "torn"]
        house.push()
        assert len(shelf.files) == 2
        house.revoke(grant)
        withdraw(house.db, house.patient, older)
        withdraw(house.db, house.patient, whole)
        house.wait(60)
        assert house.push().retracted == 1
        assert len({body for name, body in shelf.files.items() if name.endswith(".png")}) == 1


def test_a_form_without_an_answer_waits_for_a_human_where_every_file_is_kept(tmp_path: Path) -> None:
    with world(tmp_path, FORM) as (house, shelf, _):
        granted(house)
        shelf.script = ["torn"]
        house.push()
        house.wait(60)
        house.push()
        assert len(shelf.uploads) == 1
        rows = house.db.reader("bridge").execute("SELECT DISTINCT problem FROM sent").fetchall()
        assert rows == [(IN_DOUBT,)]


def test_a_file_whose_manifest_is_refused_has_left_and_goes_again_with_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, shelf, _):
        granted(house)
        shelf.script = [201, 403]
        report = house.push()
        assert report.sent == 1 and "does not let the bridge upload" in report.failed[0]
        rows = [row.fields for row in ledger.listed(house.db, house.patient) if row.kind == "outcome"]
        assert [(row["outcome"], row["sent"]) for row in rows][-1] == ("acknowledged", 1)
        outbox.retry(house.db, outbox.listed(house.db)[0].delivery)
        house.wait()
        house.push()
        assert set(shelf.files) == {PDF, MANIFEST}
        assert listed(shelf)[0][7] == hashlib.sha256(shelf.files[PDF]).hexdigest()


def test_a_report_larger_than_the_limit_does_not_leave(tmp_path: Path) -> None:
    with world(tmp_path, limits={"bytes": 20_000}) as (house, shelf, _):
        granted(house)
        assert "refused" in house.push().failed[0] and shelf.uploads == []


def test_a_folder_gets_the_pages_and_no_half_of_one_stays(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    with folder(files) as box:
        house = filed(
            tmp_path / "bridge",
            box.url,
            kind="portal",
            raw=False,
            document={"days": 14},
            portal={"by": "sftp", "corrections": "replace", "pages": "png", "host_keys": [box.host_key]},
            auth={"kind": "basic", "user": "cgm", "secret": "vault"},
            secret="s3cret",
        )
        whole = measured(house, -15, 16)
        house.link(None)
        granted(house)
        assert house.push().sent == 1
        names = sorted(each.name for each in files.iterdir())
        assert names[0] == f"{STEM}-p1.png" and names[-1] == f"{STEM}.png.manifest.csv"
        page = (files / names[0]).read_bytes()
        assert size(page) == (1240, 1754)
        house.wait()
        withdraw(house.db, house.patient, whole)
        assert house.push().updated == 1
        assert (files / names[0]).read_bytes() != page
        assert sorted(each.name for each in files.iterdir()) == names
        house.db.close()
