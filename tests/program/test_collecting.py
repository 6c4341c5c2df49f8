"""Nothing is taken in without a consent to collect; in a family the import is that consent, in a clinic a record."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bridge.cli.agreed import SIGNED
from bridge.consent.intake import FAMILY, NO_RULE
from bridge.consent.provider_words import TEXTS, provider_words
from bridge.consent.words import COLLECTING, INTAKE, INTAKES
from bridge.store.custody import Rule
from tests.program.shell import Inside, Shell
from tests.program.test_import import DAY, clarity, egv
from tests.program.test_operators import SOMEBODY


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The command line inside this process."""
    return Inside(tmp_path / "home")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A day of readings."""
    path = tmp_path / "mine.csv"
    path.write_text(clarity(*DAY))
    return path


def again(file: Path) -> Path:
    """A later export of the same source: other bytes."""
    path = file.with_name("later.csv")
    path.write_text(clarity(*DAY, "401,2026-11-02T08:00:00,Insulin,Fast-Acting,,,iPhone G6,,4.50,,,,"))
    return path


def steps(shell: Shell, patient: str, *more: str) -> list[tuple[str, str]]:
    """What the patient's ledger says of collecting: (step, words)."""
    rows = shell("ledger", "list", "--patient", patient, *more).value
    return [(row["step"], row["asked"]) for row in rows if row["kind"] == "collecting"]


def test_the_owners_first_import_of_a_source_is_the_consent_and_is_told_once(
    shell: Shell, file: Path
) -> None:
    patient = shell.patient()
    first, second = shell.take(patient, file), shell.take(patient, again(file))
    assert (first.code, second.code) == (0, 0)
    assert COLLECTING.text in first.err
    assert COLLECTING.text not in second.err
    (record,) = shell("collect", "list", "--patient", patient).value
    assert (record["source"], record["state"], record["role"]) == ("dexcom-clarity", "in force", "owner")
    assert (record["text"], record["kinds"]) == ("collecting/1/en", "everything")
    assert record["text_sha256"] == hashlib.sha256(COLLECTING.text.encode()).hexdigest()
    assert shell("patient", "show", patient).value["collecting"] == [record]
    assert steps(shell, patient) == [("give", "give collecting from dexcom-clarity")]
    assert shell("ledger", "verify").value["sound"] is True


def test_a_file_that_is_refused_or_set_aside_leaves_no_consent_behind(
    shell: Shell, file: Path, tmp_path: Path
) -> None:
    patient, sister, spoiled, crowded = (
        shell.patient(),
        *(tmp_path / name for name in ("sister.csv", "spoiled.csv", "crowded.csv")),
    )
    sister.write_text(clarity(*DAY, first="Lina"))
    spoiled.write_text(clarity(*(row.replace("T", "T9") for row in DAY)))
    crowded.write_text(clarity(*(egv(i, DAY[0].split(",")[1], str(i % 300 + 50), i) for i in range(3, 5000))))
    for each in (spoiled, crowded, sister):
        ran = shell.take(patient, each)
        assert ran.code == 1
        assert COLLECTING.text not in ran.err
        assert shell("collect", "list", "--patient", patient).value == []
        assert steps(shell, patient) == []
    (waiting,) = shell("artifact", "list", "--patient", patient).value
    assert waiting["state"] == "quarantined"
    shell("artifact", "confirm", waiting["id"], "--reason", "married name")
    assert steps(shell, patient) == [("give", "give collecting from dexcom-clarity")]


def test_after_withdrawing_nothing_is_taken_and_what_is_there_is_offered_for_removal(
    shell: Shell, file: Path
) -> None:
    patient = shell.patient()
    (artifact,) = shell.take(patient, file).value["artifacts"]
    done = shell("collect", "withdraw", "--patient", patient, "--source", "dexcom-clarity")
    assert done.value["still_here"] == [{"id": artifact["id"], "file": "mine.csv"}]
    for ran in (
        shell.take(patient, again(file)),
        shell.take(patient, file),
        shell("reimport", artifact["id"]),
    ):
        assert ran.code == 1
        assert "was withdrawn on" in ran.err
        assert "collect add --source dexcom-clarity" in ran.err
    assert len(shell("artifact", "list", "--patient", patient).value) == 1
    assert shell("artifact", "remove", artifact["id"], "--yes").code == 0
    assert shell("collect", "withdraw", "--patient", patient, "--source", "dexcom-clarity").code == 1


def test_another_source_is_another_consent_and_a_withdrawn_one_can_be_given_anew(
    shell: Shell, file: Path
) -> None:
    patient = shell.patient()
    shell.take(patient, file)
    shell("collect", "withdraw", "--patient", patient, "--source", "dexcom-clarity")
    words = ("import", str(again(file)), "--patient", patient, "--source", "old phone")
    assert shell(*words).code == 0
    assert shell("collect", "add", "--patient", patient, "--source", "dexcom-clarity").code == 0
    assert shell.take(patient, again(file)).code == 0
    records = shell("collect", "list", "--patient", patient).value
    assert [(each["source"], each["state"]) for each in records] == [
        ("dexcom-clarity", "withdrawn"),
        ("old phone", "in force"),
        ("dexcom-clarity", "in force"),
    ]
    assert [step for step, _ in steps(shell, patient)] == ["give", "withdraw", "give", "give"]


def test_a_file_with_more_than_the_consent_names_is_refused_whole(shell: Shell, file: Path) -> None:
    patient = shell.patient()
    words = ("--patient", patient, "--source", "dexcom-clarity", "--kinds", "glucose")
    assert shell("collect", "add", *words).value["kinds"] == ["glucose"]
    assert shell.take(patient, file).code == 0
    ran = shell.take(patient, again(file))
    assert ran.code == 1
    assert "does not name insulin" in ran.err
    assert len(shell("artifact", "list", "--patient", patient).value) == 1


def test_a_clinic_imports_only_under_a_recorded_consent_with_its_evidence(
    shell: Shell, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = shell.patient()
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    refused = shell("import", str(file), "--patient", patient, *SOMEBODY)
    assert refused.code == 1
    assert "no consent to collect from 'dexcom-clarity' is on record" in refused.err
    assert not [path for path in (shell.home / "originals").rglob("*") if path.is_file()]
    add = ("collect", "add", "--patient", patient, "--source", "dexcom-clarity", "--purpose", "TREAT")
    assert "--evidence" in shell(*add, *SOMEBODY).err
    form = tmp_path / "form.pdf"
    form.write_bytes(b"what Noor's parent signed")
    given = ("--given-by", "Alex Beispiel", "--role", "parent", "--evidence", str(form))
    record = shell(*add, *given, *SOMEBODY).value
    assert record["evidence"] == f"form.pdf sha256:{hashlib.sha256(form.read_bytes()).hexdigest()}"
    assert (record["given_by"], record["role"]) == ("Alex Beispiel", "parent")
    assert record["recorded_by"].startswith("Ana Amt: asked at the desk")
    assert shell("import", str(file), "--patient", patient, *SOMEBODY).code == 0


def test_a_consent_with_a_time_is_no_warning_before_it_is_over(shell: Shell, file: Path) -> None:
    patient = shell.patient()
    words = ("--patient", patient, "--source", "dexcom-clarity", "--keep-days", "30")
    assert shell("collect", "add", *words).value["keep_until"] == "30 days after it came"
    shell.take(patient, file)
    assert "longer than its consent" not in "".join(shell("check").value["warnings"])


def test_an_intake_grant_is_of_an_organisation_ends_by_itself_and_is_withdrawn(shell: Shell) -> None:
    patient, client = shell.patient(), submitting(shell)
    words = ("collect", "add", "--patient", patient, "--client", client)
    given = shell(*words, "--kinds", "glucose")
    assert (given.code, given.value["source"], given.value["kinds"]) == (0, "submission:Acme", ["glucose"])
    assert given.value["text"] == "intake/1/en" and given.value["ends"] is not None
    assert INTAKE.text in shell(*words, json_out=False).out
    for language in ("de", "es", "fi"):
        told = shell(*words, "--language", language)
        assert told.value["text"] == f"intake/1/{language}"
        assert INTAKES[language].text in shell(*words, "--language", language, json_out=False).out
    for late in ("2031-01-01", "2999-01-01", "9999-12-31T00:00:00Z"):
        answer = shell(*words, "--expires", late)
        assert answer.code == 1 and "twelve months at most" in answer.err
    withdrawn = shell("collect", "withdraw", "--patient", patient, "--client", client)
    assert (withdrawn.code, withdrawn.value["state"]) == (0, "withdrawn")
    assert [step for step, _ in steps(shell, patient)] == ["give"] * 8 + ["withdraw"]
    assert shell("ledger", "verify").value["sound"] is True


def test_what_an_intake_grant_cannot_be_is_said(shell: Shell) -> None:
    patient, client = shell.patient(), submitting(shell)
    words = ("collect", "add", "--patient", patient)
    provider = shell(*words, "--client", client, "--custody", "provider")
    assert provider.code == 1 and FAMILY in provider.err
    assert shell(*words).code == 2
    assert shell(*words, "--client", client, "--source", "x").code == 2
    assert shell(*words, "--source", "x", "--expires", "2026-12-31").code == 2
    assert shell(*words, "--source", "x", "--language", "de").code == 2
    assert shell(*words, "--client", "nobody").code == 1
    assert shell("collect", "list", "--patient", patient).value == []


def test_a_clinic_records_an_intake_grant_from_a_signed_form(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, client = shell.patient(), submitting(shell)
    form = tmp_path / "form.pdf"
    form.write_bytes(b"signed")
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    words = ("collect", "add", "--patient", patient, "--client", client, *SOMEBODY)
    assert "needs --evidence" in shell(*words).err
    given = shell(*words, "--evidence", str(form), "--given-by", "Pia Beispiel", "--role", "parent")
    assert given.value["evidence"].startswith("form.pdf sha256:") and given.value["recorded_by"].startswith(
        "Ana Amt"
    )


def test_a_provider_keeps_a_record_only_by_a_rule_that_was_set_and_is_said_before_anybody_signs(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, client = shell.patient(), submitting(shell)
    form = tmp_path / "form.pdf"
    form.write_bytes(b"signed")
    monkeypatch.setenv("BRIDGE_MODE", "clinic")
    words = ("--client", client, "--custody", "provider")
    add = ("collect", "add", "--patient", patient, *words, "--evidence", str(form), *SOMEBODY)
    for refused in (shell(*add), shell("collect", "words", *words)):
        assert refused.code == 1 and NO_RULE.format("Acme") in refused.err
    edit = ("client", "edit", client, "--retention-law")
    assert shell(*edit, "Records Act 12").code == 2
    assert shell(*edit, " ", "--retention-years", "12").code == 2
    assert (
        shell(*edit, "Records Act 12", "--retention-years", "12").value["retention"]
        == "Records Act 12, 12 years"
    )
    rule = Rule("Records Act 12", 12)
    for language in TEXTS:
        said = shell("collect", "words", *words, "--language", language, json_out=False).out
        assert said.strip() == provider_words(language, "Acme", rule).text
    for unseen in (shell(*add), shell(*add, "--text", str(form), "--text-id", "ours")):
        assert unseen.code == 1 and SIGNED in unseen.err
    assert shell("collect", "list", "--patient", patient, *SOMEBODY).value == []
    signed, told = tmp_path / "signed.txt", (*add, "--language", "fi", "--text", str(tmp_path / "signed.txt"))
    signed.write_text(shell("collect", "words", *words, "--language", "fi", json_out=False).out)
    assert SIGNED in shell(*add, "--text", str(signed)).err  # other words than those of the language
    assert shell(*edit, "Records Act 12", "--retention-years", "15").code == 0
    assert SIGNED in shell(*told).err  # twelve years were signed
    assert shell("collect", "list", "--patient", patient, *SOMEBODY).value == []
    assert shell(*edit, "Records Act 12", "--retention-years", "12").code == 0
    given = shell(*told).value
    assert given["custody"] == "provider: Records Act 12, 12 years after the last of it came"
    assert given["text_sha256"] == provider_words("fi", "Acme", rule).wording.sha256
    assert given["text"] == "intake-provider/1/fi"


def submitting(shell: Shell) -> str:
    """The id of a new client that may submit."""
    words = (
        "--type",
        "confidential",
        "--organization",
        "Acme",
        "--redirect-uri",
        "https://acme.example/back",
    )
    made = shell("client", "add", "--name", "Acme Cloud", *words, "--scope", "patient/*.rs")
    assert made.code == 0, made.err
    return str(made.value["client_id"])
