"""The command line with a portal: what would be uploaded is shown, a registration says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli.shell import bridge
from bridge.store import outbox
from bridge.store.lanes import Lane
from bridge.store.outbox import Item
from tests.mapping.test_destinations import SFTP, TIDEPOOL
from tests.program.shell import Inside, Shell
from tests.program.test_destinations import client
from tests.program.test_import import DAY, clarity

FILE = """\
destination: portal
kind: portal
address: https://portal.example/api
patients: urn:oid:1.2.3
raw: {daily: 300}
auth: {kind: bearer, secret: vault}
portal: {by: https, path: "files/{name}", corrections: replace}
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    folder = tmp_path / "site"
    (folder / "destinations").mkdir(parents=True)
    (folder / "destinations" / "portal.yaml").write_text(FILE)
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(folder))
    return Inside(tmp_path / "home")


def test_the_uploads_are_shown_and_nobody_is_called(shell: Shell, tmp_path: Path) -> None:
    sample = tmp_path / "mine.csv"
    sample.write_text(clarity(*DAY[:6]))
    words = ("mapping", "try", "dexcom-clarity", str(sample), "--destination", "portal")
    month, manifest = shell(*words).value["requests"]
    assert month["method"] == "PUT" and month["url"].startswith("https://portal.example/api/files/0-20")
    rows = [line for line in month["body"].splitlines() if not line.startswith("#")]
    assert rows[0].startswith("time,end,kind") and len(rows) == 7
    assert manifest["url"].endswith(".csv.manifest.csv")
    assert not shell.home.exists()
    assert "# Patient-supplied" in shell(*words, json_out=False).out


@pytest.mark.parametrize(("pages", "shown"), [("pdf", "a PDF of "), ("png", "a picture (PNG) of ")])
def test_of_a_report_its_size_is_shown(shell: Shell, tmp_path: Path, pages: str, shown: str) -> None:
    told = FILE.replace("raw: {daily: 300}", "raw: false\ndocument: {days: 1}")
    (tmp_path / "site" / "destinations" / "portal.yaml").write_text(
        told.replace("corrections: replace", f"corrections: replace, pages: {pages}")
    )
    sample = tmp_path / "mine.csv"
    sample.write_text(clarity(*DAY[:6]))
    words = ("mapping", "try", "dexcom-clarity", str(sample), "--destination", "portal")
    page, *_, manifest = shell(*words).value["requests"]
    assert page["url"].endswith(f".{pages}") and page["body"].startswith(f"({shown}")
    assert f".{pages}," in manifest["body"]
    assert shown in shell(*words, json_out=False).out


def test_two_clients_have_no_place_of_reports_in_common(shell: Shell, tmp_path: Path) -> None:
    secret, file = tmp_path / "secret.txt", tmp_path / "site" / "destinations" / "portal.yaml"
    secret.write_text("s3cret")
    file.write_text(f"{FILE}document: {{days: 14}}\n")
    words = ("destination", "add", "--file", "portal", "--token", str(secret), "--client")
    assert shell(*words, client(shell)).code == 0
    second = client(shell)
    file.write_text(FILE.replace("corrections", "form: fhir, corrections") + "document: {days: 14}\n")
    done = shell(*words, second)
    assert done.code == 1 and "in the same place" in done.err
    told = "form: fhir, report: 'b-{patient}-{from}-{until}.{extension}', corrections"
    file.write_text(FILE.replace("corrections", told) + "document: {days: 14}\n")
    assert shell(*words, second).code == 0


def test_a_portal_is_registered_with_its_secret(shell: Shell, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    words = ("destination", "add", "--client", client(shell), "--file", "portal", "--token", str(secret))
    made = shell(*words).value
    assert (made["kind"], made["file"], made["url"]) == ("portal", "portal", "https://portal.example/api")


def test_two_clients_have_no_place_in_common(shell: Shell, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    words = ("destination", "add", "--file", "portal", "--token", str(secret))
    assert shell(*words, "--client", client(shell)).code == 0
    second = client(shell)
    done = shell(*words, "--client", second)
    assert done.code == 1 and "in the same place" in done.err
    file = tmp_path / "site" / "destinations" / "portal.yaml"
    file.write_text(FILE.replace("files/{name}", "second/{name}"))
    assert shell(*words, "--client", second).code == 0


def test_a_record_is_one_persons_and_who_the_other_is_is_not_said(shell: Shell) -> None:
    one, first, second = client(shell), shell.patient(), shell.patient()
    add = ("link", "add", "--client", one, "--confirmed-by", "Dr. Who", "--identifier")
    assert shell(*add, "urn:oid:1.2.3|0042", "--patient", first).code == 0
    done = shell(*add, "urn:oid:1.2.3|0042", "--patient", second)
    assert done.code == 1 and "nothing was linked" in done.err and first not in done.err
    assert shell(*add, "urn:oid:1.2.3|0043", "--patient", second).code == 0
    assert shell(*add, "urn:oid:1.2.3|0042", "--patient", first).code == 0


def test_what_would_be_laid_into_a_folder_is_shown_without_a_login(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "site" / "destinations" / "folder.yaml").write_text(
        SFTP.replace("portal\nkind", "folder\nkind")
    )
    sample = tmp_path / "mine.csv"
    sample.write_text(clarity(*DAY[:6]))
    words = ("mapping", "try", "dexcom-clarity", str(sample), "--destination", "folder")
    month, manifest = shell(*words).value["requests"]
    assert month["method"] == "SFTP" and month["url"].startswith("sftp://portal.example:2222/incoming/0-20")
    assert manifest["url"] == f"{month['url']}.manifest.csv"
    assert "SFTP sftp://portal.example:2222/incoming/0-20" in shell(*words, json_out=False).out


def test_the_records_of_tidepool_are_shown(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "site" / "destinations" / "there.yaml").write_text(
        TIDEPOOL.replace("portal\nkind", "there\nkind")
    )
    sample = tmp_path / "mine.csv"
    sample.write_text(clarity(*DAY[:6]))
    words = ("mapping", "try", "dexcom-clarity", str(sample), "--destination", "there")
    opened, records = shell(*words).value["requests"]
    assert opened["url"] == "https://tidepool.example/v1/users/0/data_sets"
    assert records["url"].endswith("/v1/data_sets/data-set-of-the-patient/data")
    assert [each["type"] for each in records["body"]] == ["cbg"] * 6


def test_an_edit_is_the_same_portal_and_another_name_of_files_is_another_one(
    shell: Shell, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    known = client(shell)
    words = ("destination", "add", "--client", known, "--file", "portal", "--token", str(secret))
    file = tmp_path / "site" / "destinations" / "portal.yaml"
    first = shell(*words).value["id"]
    with bridge(shell.home) as found:
        lane = Lane(1, first)
        outbox.begin(found.db, lane, "readings", "g", 1, None, [Item(bytes(16), "Observation", "1")])
    file.write_text(FILE.replace("corrections: replace", "corrections: replace, headers: {X-Folder: a}"))
    again = shell(*words)
    assert (again.value["id"], again.err) == (first, "")
    file.write_text(FILE.replace("files/{name}", "inbox/{name}"))
    moved = shell(*words)
    assert moved.value["id"] != first
    assert f"destination {first} is retired and holds what was sent to it" in moved.err
