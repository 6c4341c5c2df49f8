"""The command line with a portal: what would be uploaded is shown, a registration says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

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
