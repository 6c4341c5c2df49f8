"""The command line with a portal: what would be uploaded is shown, a registration says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli.shell import bridge
from bridge.store import outbox
from bridge.store.lanes import Lane
from bridge.store.outbox import Item
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


def test_a_portal_is_registered_with_its_secret(shell: Shell, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    words = ("destination", "add", "--client", client(shell), "--file", "portal", "--token", str(secret))
    made = shell(*words).value
    assert (made["kind"], made["file"], made["url"]) == ("portal", "portal", "https://portal.example/api")


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
