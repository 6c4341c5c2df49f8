"""Clinic IT describes a receiver in a file, checks it, sees what would be sent, and registers it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

import bridge.store.destinations as destinations
import bridge.store.outbox as outbox
from bridge.app import opened
from bridge.settings import load
from bridge.store.lanes import Lane
from tests.program.shell import Inside, Shell
from tests.program.test_import import DAY, clarity

FILE = """\
destination: hospital
kind: KIND
address: https://ehr.example/fhir
patients: urn:oid:1.2.3
auth: {kind: basic, user: bridge, secret: vault}
raw: {daily: 300}
reviewed: {by: the nurse, when: daily}
fhir: {glucose: {category: [laboratory]}}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site's folder with the file of one destination."""
    folder = tmp_path / "site"
    (folder / "destinations").mkdir(parents=True)
    (folder / "destinations" / "hospital.yaml").write_text(FILE.replace("KIND", "auto"))
    monkeypatch.setenv("BRIDGE_MAPPINGS", str(folder))
    return folder


@pytest.fixture
def shell(tmp_path: Path, site: Path) -> Shell:
    return Inside(tmp_path / "home")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(clarity(*DAY[:6]))
    return path


def client(shell: Shell) -> str:
    made = shell("client", "add", "--name", "North EHR", "--type", "backend", "--organization", "North")
    return str(made.value["client_id"])


def test_a_file_is_checked_registered_and_registered_anew(shell: Shell, site: Path, tmp_path: Path) -> None:
    assert shell("mapping", "check").value["destinations"] == [{"name": "hospital", "kind": "auto"}]
    secret, one = tmp_path / "secret", client(shell)
    secret.write_text("s3cret\n")
    add = ("destination", "add", "--client", one, "--file", "hospital")
    without = shell(*add)
    assert without.code == 1 and "--token" in without.err
    made = shell(*add, "--token", str(secret)).value
    assert (made["id"], made["file"], made["monitored"]) == (1, "hospital", "the nurse, daily")
    again = FILE.replace("KIND", "auto").replace("the nurse", "two nurses")
    (site / "destinations" / "hospital.yaml").write_text(again)
    assert shell("destination", "list").value[0]["monitored"] == "the nurse, daily", "an edit changes nothing"
    assert shell(*add).value["id"] == 1
    assert shell("destination", "list").value[0]["monitored"] == "two nurses, daily"
    (site / "destinations" / "hospital.yaml").write_text(again.replace("ehr.example", "new.example"))
    assert shell(*add, "--token", str(secret)).value["id"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--file", "hopsital"), "did you mean 'hospital'?"),
        (("--file", "hospital", "--url", "https://x.example"), "--file says kind, address"),
        ((), "say where: --file NAME, or --kind and --url"),
    ],
)
def test_what_does_not_fit_is_said(shell: Shell, words: tuple[str, ...], said: str) -> None:
    done = shell("destination", "add", "--client", client(shell), *words)
    assert done.code != 0 and said in done.err


@pytest.mark.parametrize(
    ("kind", "paths", "bundle"),
    [
        ("auto", ["fhir"], "transaction"),
        ("batch", ["fhir", "fhir"], "batch"),
        ("submit-cgm-bundle", ["$submit-cgm-bundle"], "transaction"),
        ("single", ["Device"] + ["Observation"] * 6, None),
    ],
)
def test_what_would_be_sent_is_shown_and_nobody_is_called(
    shell: Shell, site: Path, sample: Path, kind: str, paths: list[str], bundle: str | None
) -> None:
    (site / "destinations" / "hospital.yaml").write_text(FILE.replace("KIND", kind))
    told = shell("mapping", "try", "dexcom-clarity", str(sample), "--destination", "hospital").value
    requests = told["requests"]
    assert [each["url"].rpartition("/")[2] for each in requests] == paths
    last = requests[-1]["body"]
    assert last.get("type") == bundle
    resource = last["entry"][-1]["resource"] if bundle else last
    assert resource["subject"]["reference"] == "Patient/id-of-the-patient-there"
    assert len(resource["category"]) == 1, "as the destination's file says"
    assert not shell.home.exists()


@pytest.mark.parametrize(
    ("kind", "document", "paths"),
    [
        ("document", "", ["DocumentReference"]),
        ("document", "document: {types: [DiagnosticReport]}", ["DiagnosticReport"]),
        ("auto", "document: {form: transaction, sections: []}", ["fhir", "fhir"]),
    ],
)
def test_a_document_is_shown_as_it_would_be_sent(
    shell: Shell, site: Path, sample: Path, kind: str, document: str, paths: list[str]
) -> None:
    text = FILE.replace("KIND", kind).replace("{daily: 300}", "false").partition("fhir:")[0]
    (site / "destinations" / "hospital.yaml").write_text(f"{text}\n{document}\n")
    words = ("mapping", "try", "dexcom-clarity", str(sample), "--destination", "hospital")
    requests = shell(*words).value["requests"]
    assert [each["url"].rpartition("/")[2] for each in requests] == paths
    last = requests[-1]["body"]
    one = last if kind == "document" else last["entry"][0]["resource"]
    assert one["resourceType"] in ("DocumentReference", "DiagnosticReport")
    seen = shell(*words, json_out=False).out
    assert "(a PDF of " in seen and "JVBERi" not in seen


@pytest.mark.parametrize("kind", ["auto", "submit-cgm-bundle", "batch", "single", "document"])
def test_a_destination_of_what_goes_by_default_needs_no_file(shell: Shell, kind: str) -> None:
    words = ("destination", "add", "--client", client(shell), "--kind", kind)
    url = ("--url", "https://ehr.example/fhir")
    assert "--patients goes with" in shell(*words, *url).err
    made = shell(*words, *url, "--patients", "urn:oid:1.2.3").value
    assert (made["kind"], made["file"]) == (kind, None)


def test_a_push_to_nobody_says_that_there_is_no_such_client(shell: Shell) -> None:
    patient = shell("patient", "add", "--name", "A B", "--timezone", "UTC").value["id"]
    done = shell("push", "--patient", patient, "--client", "nobody", json_out=False)
    assert done.code == 1 and "no client has the id 'nobody'" in done.err


def test_a_destination_that_wants_nothing_says_so(shell: Shell, site: Path, sample: Path) -> None:
    text = FILE.replace("KIND", "auto").replace("{daily: 300}", "false") + "\nsummaries: false\n"
    (site / "destinations" / "hospital.yaml").write_text(text)
    done = shell("mapping", "try", "dexcom-clarity", str(sample), "--destination", "hospital")
    assert done.code == 1 and "wants neither readings one by one" in done.err


def test_a_delivery_that_had_nothing_to_send_says_so_to_people_and_keeps_its_state(shell: Shell) -> None:
    person, one = shell.patient(), client(shell)
    with closing(opened(load(home=shell.home))) as bridge:
        to = destinations.add(bridge.db, one, "transaction", "https://ehr.example/fhir")
        (patient,) = bridge.patients()
        lane = Lane(patient, to.number)
        outbox.settle(bridge.db, outbox.begin(bridge.db, lane, "readings", "g", 1, None, []), "acked")
    assert [each["state"] for each in shell("deliveries", "list", "--patient", person).value] == ["acked"]
    told = shell("deliveries", "list", "--patient", person, json_out=False).out
    assert "nothing new" in told and "acked" not in told
