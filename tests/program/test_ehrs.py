"""EHRs are registered, checked and taken off the list by the command line; recipients edited and verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.shell import Inside, Shell
from tests.smart.ehr_twin import launching


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Inside(tmp_path / "home")


@pytest.fixture
def client(shell: Shell) -> str:
    made = shell(
        "client", "add", "--name", "North EHR", "--type", "backend", "--organization", "Clinic North"
    )
    return str(made.value["client_id"])


def test_an_ehr_is_registered_checked_listed_and_removed(shell: Shell, client: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    with launching() as twin:
        made = shell(
            "ehr",
            "add",
            twin.issuer,
            "--client",
            client,
            "--client-id",
            "bridge",
            "--secret-file",
            str(secret),
        )
        assert made.code == 0, made.err
        one = made.value
        assert one["launch_uri"] == "http://127.0.0.1:8000/launch"
        assert one["redirect_uri"] == f"http://127.0.0.1:8000/launch/callback/{one['id']}"
        assert (one["method"], one["endpoints"]) == ("secret", [twin.base]) and "s3cret" not in made.out
        assert shell("ehr", "check", one["id"]).value["token_endpoint"] == f"{twin.base}/token"
        twin.configuration = {"code_challenge_methods_supported": []}
        refused = shell("ehr", "check", one["id"])
        assert refused.code == 1 and "S256" in refused.err
        again = shell("ehr", "add", f"{twin.issuer}/", "--client", client, "--client-id", "x")
        assert again.code == 1 and "registered already" in again.err
        assert [each["id"] for each in shell("ehr", "list").value] == [one["id"]]
        assert shell("ehr", "remove", one["id"]).code == 0
        assert shell("ehr", "list").value == []
        assert shell("ehr", "check", one["id"]).code == 1
    assert b"s3cret" not in b"".join(path.read_bytes() for path in shell.home.glob("*.db*"))
    acts = [row["act"] for row in shell("staff", "log").value]
    assert [act for act in acts if act.startswith("ehr")] == ["ehr add", "ehr add", "ehr remove"], (
        "written before it is tried"
    )


@pytest.mark.parametrize(
    ("issuer", "more", "why"),
    [
        ("http://ehr.example/fhir", (), "https"),
        ("ehr.example", (), "https"),
        ("https://u:p@ehr.example", (), "https"),
        ("https://ehr.example/fhir?x=1", (), "question mark"),
        ("https://ehr.example/fhir", ("--endpoint", "http://auth.example"), "https"),
        ("https://ehr.example/fhir", ("--scope", "patient/Patient.dr"), "not understood"),
        ("https://ehr.example/fhir", ("--client", "nobody"), "no client"),
    ],
)
def test_an_ehr_that_cannot_be_registered_is_told_why(
    shell: Shell, client: str, issuer: str, more: tuple[str, ...], why: str
) -> None:
    ran = shell("ehr", "add", issuer, "--client", client, "--client-id", "bridge", *more)
    assert ran.code == 1 and why in ran.err, ran.err
    assert shell("ehr", "list").value == []


def test_a_client_is_verified_edited_and_held(shell: Shell, client: str) -> None:
    words = ("--how", "called back", "--by", "Otto", "--until", "2027-06-30", "--monitored-by", "the nurse")
    made = shell("client", "verify", client, *words)
    assert made.code == 0, made.err
    assert (made.value["verified"], made.value["held"], made.value["by"]) == (True, None, "Otto")
    assert shell("client", "edit", client, "--contact", "x@clinic.example").value["held"] is None
    edited = shell("client", "edit", client, "--jwks", "https://new.example/keys")
    assert "client verify" in edited.value["held"] and edited.value["verified"]
    assert shell("client", "verify", client, *words).value["held"] is None
    assert shell("client", "edit", client).code == 2
    assert shell("client", "verify", client, "--how", "x", "--by", "y", "--until", "1999-01-01").code == 1
    listed = shell("client", "list").value
    assert listed[0]["jwks_url"] == "https://new.example/keys" and listed[0]["client_id"] == client
