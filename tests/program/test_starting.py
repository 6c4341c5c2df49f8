"""What a command costs before it does anything: it reads the mappings, and imports what reads them, where it needs
them and nowhere else.

Law: no seconds are asserted (a busy machine has others). What is asserted is what a process opened: Python tells
every file that it opens (`sys.addaudithook`), so the mappings that a command read can be counted from outside.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import httpx
import pytest

from bridge.__main__ import main
from bridge.cli.commands import COMMANDS
from bridge.settings import load
from tests.program.served import served
from tests.program.shell import Inside, Shell
from tests.program.test_import import DAY, clarity

COUNTED = """
import sys
opened = []
sys.addaudithook(lambda event, told: event == "open" and opened.append(str(told[0])))
from bridge.__main__ import main
code = main(sys.argv[1:], "cgm-bridge", standalone_mode=False)
taken = ["numpy" in sys.modules, "pydantic" in sys.modules]
print(sum(name.endswith(".yaml") for name in opened), *taken, file=sys.stderr)
"""
BROKEN = "format: mine\nversion: 1\n"


def counted(shell: Shell, *words: str) -> tuple[int, bool, bool]:
    """How many mapping files a process opened for a command, and whether it took numpy and pydantic in."""
    words = words if words[-1] == "--help" else (*words, "--home", str(shell.home))
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, *words], capture_output=True, text=True, check=True, timeout=200
    )
    files, *modules = done.stderr.split()[-3:]
    return int(files), modules[0] == "True", modules[1] == "True"


def test_the_list_of_commands_is_shown_without_what_they_need(shell: Shell) -> None:
    assert counted(shell, "--help") == (0, False, False)


def test_a_command_that_needs_no_mapping_reads_none(shell: Shell, tmp_path: Path) -> None:
    patient, file = shell.patient(), tmp_path / "mine.csv"
    file.write_text(clarity(*DAY[:12]))
    there, _, _ = counted(shell, "import", str(file), "--patient", patient)
    assert there >= 15
    for words in (
        ("patient", "list"),
        ("patient", "show", patient),
        ("artifact", "list", "--patient", patient),
        ("client", "list"),
        ("grant", "list"),
        ("link", "list"),
        ("destination", "list"),
        ("deliveries", "list"),
        ("ledger", "list", "--patient", patient),
    ):
        assert counted(shell, *words) == (0, True, False), words


def test_a_mapping_that_was_changed_is_seen_by_the_very_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, shell = tmp_path / "site", Inside(tmp_path / "home")
    site.mkdir()
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(site))
    before = shell("mapping", "show", "libreview").value
    (site / "mine.yaml").write_text("extends: libreview\nfhir:\n  glucose:\n    category: [laboratory]\n")
    after = shell("mapping", "show", "libreview").value
    assert before["fhir"]["glucose"]["category"] != after["fhir"]["glucose"]["category"] == ["laboratory"]
    assert before["fhir_revision"] != after["fhir_revision"]


def test_a_fault_in_a_mapping_stops_what_needs_it_before_it_does_anything_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, shell = tmp_path / "site", Inside(tmp_path / "home")
    site.mkdir()
    (site / "mine.yaml").write_text(BROKEN)
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(site))
    patient, file = shell.patient(), tmp_path / "mine.csv"
    file.write_text(clarity(*DAY[:12]))
    taken = shell.take(patient, file)
    assert taken.code == 1
    assert taken.err == "cgm-bridge: the mappings have faults: see `cgm-bridge mapping check`\n"
    assert shell("artifact", "list", "--patient", patient).value == []
    assert shell("push", "--patient", patient, "--client", "x").code == 1
    checked = shell("check")
    assert checked.code == 1
    assert "mappings: the mappings have faults: see `cgm-bridge mapping check`" in checked.value["faults"]


READING = [
    ("check",), ("migrate",), ("patient", "list"), ("client", "list"), ("grant", "list"), ("ehr", "list"),
    ("destination", "list"), ("link", "list"), ("deliveries", "list"), ("ledger", "verify"), ("staff", "list"),
    ("staff", "log"), ("ages", "list"), ("keys", "rotate"),
]  # fmt: skip


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_home_that_is_not_there_is_said_and_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    shell = Inside(tmp_path / "home")
    done = shell(*words)
    assert done.code == 2 and f"there is no home in {shell.home}" in done.err and done.out == ""
    assert not shell.home.exists()
    shell.home.mkdir()
    assert shell(*words).code == 2 and not list(shell.home.iterdir()), "an empty folder is no home either"


ADDRESSES = [
    "bridge.example.org", "ftp://bridge.example.org", "https://", "https:///fhir", "https://user@bridge.example.org",
    "https://u:p@bridge.example.org", "https://bridge.example.org?x=1", "https://bridge.example.org/#top",
    "https://bridge.example.org:port", "https://bridge.example.org:99999", "https://[::1", "https://bridge .org",
    "/fhir", "https://bridge.example.org\\evil", "https://br\u00fccke.example",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_to_which_nobody_can_be_sent_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("BRIDGE_BASE_URL", address)
    shell = Inside(tmp_path / "home")
    done = shell("patient", "add", "--name", "Ada")
    assert done.code == 1 and "BRIDGE_BASE_URL is" in done.err and "write it like https://" in done.err
    assert not shell.home.exists()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8011", "https://[2001:db8::1]:8443/cgm/", "HTTPS://x.example"]
)
def test_a_whole_address_is_taken_without_the_slash_at_its_end(address: str) -> None:
    assert load({"BRIDGE_BASE_URL": address}).base_url == address.rstrip("/")


def test_a_secret_that_cannot_be_read_is_said_before_anything_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_STAFF_SECRET_FILE", str(tmp_path / "gone"))
    shell = Shell(tmp_path / "home")
    done = shell("serve", "--port", "18733", json_out=False)
    told = "cgm-bridge: BRIDGE_STAFF_SECRET_FILE cannot be read: No such file or directory"
    assert done.code == 1 and done.err.splitlines()[-1] == told and "Traceback" not in done.err


def test_why_a_token_was_refused_stands_in_the_log_and_not_in_the_answer(shell: Shell) -> None:
    form = {"grant_type": "client_credentials", "client_id": "nobody-we-know\n", "client_secret": "guessed"}
    with served(shell, "--no-worker") as base:
        answer = httpx.post(base.removesuffix("/fhir") + "/auth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    log = (shell.home.parent / "serve.log").read_text().splitlines()
    (line,) = [each for each in log if "token refused" in each]
    assert line.endswith(r"token refused to client 'nobody-we-know\n': no client of that id is registered")
    assert "no client" not in answer.text and "guessed" not in line


def test_every_line_of_the_help_is_the_first_sentence_of_its_command() -> None:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(1_000) == COMMANDS[name][1], name
    assert main.get_command(context, "nothing") is None
