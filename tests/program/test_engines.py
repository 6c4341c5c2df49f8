"""Clinic IT describes an interface engine, sees the messages, registers it, and a named human confirms the record."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import bridge.store.destinations as destinations
import bridge.store.links as links
from bridge.app import opened
from bridge.mapping.destination import read
from bridge.push.engine import NOT_SHOWN
from bridge.settings import load
from tests.hl7.engine import END, START
from tests.hl7.engine import read as parsed
from tests.hl7.test_announced import adt
from tests.program.served import served
from tests.program.shell import Inside, Shell
from tests.program.test_destinations import client
from tests.program.test_import import DAY, clarity
from tests.program.test_launch_clients import free_port

FILE = """\
destination: engine
kind: hl7v2
address: mllps://engine.example:2575
patients: urn:oid:1.2.3
raw: {daily: 300}
hl7v2: {ack: MODE, receiving: {application: LAB}}
"""
URL = ("--url", "mllps://engine.example:2575")
NEW = ("--kind", "hl7v2", *URL, "--patients", "urn:oid:1.2.3")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    (folder / "destinations").mkdir(parents=True)
    (folder / "destinations" / "engine.yaml").write_text(FILE.replace("MODE", "original"))
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(folder))
    return folder


@pytest.fixture
def shell(tmp_path: Path, site: Path) -> Shell:
    return Inside(tmp_path / "home")


@pytest.mark.parametrize("mode", ["original", "enhanced", "enhanced-application"])
def test_the_messages_are_shown_and_nobody_is_called(
    shell: Shell, site: Path, tmp_path: Path, mode: str
) -> None:
    (site / "destinations" / "engine.yaml").write_text(FILE.replace("MODE", mode))
    sample = tmp_path / "mine.csv"
    sample.write_text(clarity(*DAY[:6]))
    words = ("mapping", "try", "dexcom-clarity", str(sample), "--destination", "engine")
    (told,) = shell(*words).value["requests"]
    segments = told["message"]
    assert [each[:3] for each in segments[:3]] == ["MSH", "PID", "OBR"]
    assert sum(each.startswith("OBX|") for each in segments) == 6
    parsed("\r".join(segments).encode())
    assert not shell.home.exists()
    plain = shell(*words, json_out=False)
    assert "\nPID|1||0^^^&1.2.3&ISO^MR||Rehearsal^A^^^^^L||20000101\n" in plain.out


def test_an_engine_is_registered_by_its_address_alone_and_wants_no_readings_then(
    shell: Shell, tmp_path: Path
) -> None:
    made = shell("destination", "add", "--client", client(shell), *NEW, "--monitored", "the ward").value
    assert (made["kind"], made["url"], made["file"]) == ("hl7v2", "mllps://engine.example:2575", None)
    bridge = opened(load(home=shell.home))
    (kept,) = destinations.listed(bridge.db)
    spec = read(kept.spec)
    assert spec.raw is None and spec.patients == "urn:oid:1.2.3" and kept.daily == 0
    bridge.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "hl7v2", *URL), "--patients goes with every --kind but transaction"),
        (
            ("--kind", "transaction", "--url", "https://x.example", "--patients", "a:b"),
            "--patients goes with",
        ),
        (
            ("--kind", "hl7v2", "--url", "https://x.example", "--patients", "a:b"),
            "hl7v2 goes to mllps://host:port",
        ),
        (("--kind", "hl7v2", "--url", "mllp://x.example", "--patients", "a:b"), "it is not mllps"),
        (("--kind", "hl7v2", "--url", "x", "--patients", "a:b"), "address: String should match"),
        (("--kind", "hl7v2", *URL, "--patients", "a b"), "patients: String should match"),
        (("--kind", "transaction", "--url", "mllps://x.example"), "no http or https address"),
    ],
)
def test_what_does_not_fit_is_said(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell("destination", "add", "--client", client(shell), *words)
    assert done.code != 0 and said in done.err


def test_a_human_says_the_record_in_the_receivers_words(shell: Shell) -> None:
    one, person = client(shell), shell.patient()
    shell("destination", "add", "--client", one, "--file", "engine")
    who = ("--identifier", "urn:oid:1.2.3|0042", "--confirmed-by", "Dr. Who")
    add = ("link", "add", "--patient", person, "--client", one, *who)
    for wrong in (("--name", "Noor Beispiel", "--birth-date", "1990-04-01"), ("--name", "Beispiel, Noor")):
        done = shell(*add, *wrong)
        assert done.code == 1 and "--name 'Family, Given' --birth-date" in done.err
    bare = shell(*add)
    assert bare.code == 0 and f"nothing goes over it yet: {NOT_SHOWN}" in bare.err
    done = shell(*add, "--name", " Beispiel , Noor", "--birth-date", "1990-04-01")
    assert done.code == 0 and "an interface engine shows no patients" in done.err
    assert NOT_SHOWN not in done.err
    bridge = opened(load(home=shell.home))
    (kept,) = links.listed(bridge.db)
    assert (kept.shown.name, str(kept.shown.birth_date), kept.shown.id) == (
        "Beispiel, Noor",
        "1990-04-01",
        "",
    )
    bridge.close()


def test_a_served_bridge_hears_a_hospital_and_stops_the_link(
    shell: Shell, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "destinations" / "engine.yaml").write_text(
        FILE.replace("MODE", "original") + "announced_by: [127.0.0.1]\n"
    )
    one, person, port = client(shell), shell.patient(), free_port()
    shell("destination", "add", "--client", one, "--file", "engine")
    add = ("link", "add", "--patient", person, "--client", one, "--identifier", "urn:oid:1.2.3|0042")
    who = ("--confirmed-by", "Dr. Who", "--name", "Öberg, Åsa", "--birth-date", "1990-04-01")
    assert shell(*add, *who).code == 0
    monkeypatch.setenv("BRIDGE_ADT_LISTEN", f"127.0.0.1:{port}")
    with served(shell, "--no-worker"), socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(START + adt("A31") + END + START + adt("A40", merged="0042") + END)
        heard = b""
        while heard.count(END) < 2:
            heard += line.recv(4096)
        assert heard.count(b"MSA|AA|") == 2
    (row,) = shell("link", "list").value
    assert row["state"] == "suspended" and "ADT A40" in row["reason"]
    assert any(each["what"].endswith("ADT A40") for each in shell("staff", "log").value)
