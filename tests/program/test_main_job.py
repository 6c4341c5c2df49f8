"""The main job by its real programs: the command line, a served process, and a foreign FHIR client."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.peers.node import FhirKit
from tests.program.served import Clinic, served, values
from tests.program.shell import Shell
from tests.program.test_import import clarity, egv

STAMPS = [
    (day, hour * 60 + minute) for day in range(1, 11) for hour in range(24) for minute in range(0, 60, 30)
]
ROWS = [
    egv(i + 3, f"2026-11-{day:02d}T{at // 60:02d}:{at % 60:02d}:00", str(80 + i % 150), 7573 + 1800 * i)
    for i, (day, at) in enumerate(STAMPS)
]
"""Ten days, a reading every half hour: 48 a day."""


def expected(first: int, last: int) -> list[tuple[str, float]]:
    """What the days `first` to `last` of November hold, told by an independent count."""
    return sorted(
        (f"2026-11-{day:02d}T{at // 60:02d}:{at % 60:02d}:00+01:00", 80 + i % 150)
        for i, (day, at) in enumerate(STAMPS)
        if first <= day <= last
    )


def person_with_ten_days(shell: Shell, tmp_path: Path) -> str:
    """A patient in Berlin with the rows above."""
    file, patient = tmp_path / "ten-days.csv", shell.patient()
    file.write_text(clarity(*ROWS))
    assert shell.take(patient, file).code == 0
    return patient


def granted(shell: Shell, patient: str, clinic: Clinic, start: str, end: str, *more: str) -> str:
    """The id of a new grant of glucose over whole local days."""
    words = [
        "grant",
        "add",
        "--patient",
        patient,
        "--client",
        clinic.id,
        "--start",
        start,
        "--end",
        end,
        *more,
    ]
    return str(shell(*words).value["id"])


def test_a_foreign_client_is_given_exactly_the_granted_days(shell: Shell, tmp_path: Path) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    granted(shell, patient, clinic, "2026-11-03", "2026-11-05")
    with served(shell) as base:
        assert values(clinic.observations(base, patient)) == expected(3, 5)
        assert values(clinic.observations(base, patient, date="ge2026-11-05")) == expected(5, 5)
        assert clinic.observations(base, patient, date="ge2026-11-06") == []


def test_a_second_foreign_client_in_another_language_pages_to_the_same(
    shell: Shell, tmp_path: Path, fhir_kit: FhirKit
) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    granted(shell, patient, clinic, "2026-11-03", "2026-11-05")
    with served(shell) as base:
        found = fhir_kit.search(base, "Observation", f"patient={patient}&_count=25", clinic.token(base))
    assert values([each for each in found if isinstance(each, dict)]) == expected(3, 5)


def test_a_client_without_a_grant_is_given_nothing_and_learns_nothing(shell: Shell, tmp_path: Path) -> None:
    patient = person_with_ten_days(shell, tmp_path)
    granted_to, other = Clinic(shell, tmp_path), Clinic(shell, tmp_path, "Other EHR")
    granted(shell, patient, granted_to, "2026-11-03", "2026-11-05")
    nobody = shell.patient("Ben Muster")
    with served(shell) as base:
        headers = {"Authorization": f"Bearer {other.token(base)}"}
        answers = [
            httpx.get(f"{base}/Observation?patient={who}", headers=headers) for who in (patient, nobody)
        ]
        assert [one.json().get("entry", []) for one in answers] == [[], []]
        assert answers[0].text.replace(patient, nobody) == answers[1].text


def test_widening_a_grant_gives_a_polling_client_each_new_item_exactly_once(
    shell: Shell, tmp_path: Path
) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    granted(shell, patient, clinic, "2026-11-03", "2026-11-05")
    with served(shell) as base:
        first = clinic.observations(base, patient)
        latest = max(each["meta"]["lastUpdated"] for each in first)
        granted(shell, patient, clinic, "2026-11-02", "2026-11-07")
        news = clinic.observations(base, patient, _lastUpdated=f"gt{latest}")
    assert values(news) == sorted(expected(2, 2) + expected(6, 7))
    assert not {each["id"] for each in news} & {each["id"] for each in first}


def test_a_revoked_grant_stops_the_next_answer_of_a_running_server(shell: Shell, tmp_path: Path) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    grant = granted(shell, patient, clinic, "2026-11-03", "2026-11-05")
    with served(shell) as base:
        headers = {"Authorization": f"Bearer {clinic.token(base)}"}
        page = httpx.get(f"{base}/Observation?patient={patient}&_count=10", headers=headers).json()
        assert len(page["entry"]) == 10
        shell("grant", "revoke", grant)
        following = next(link["url"] for link in page["link"] if link["relation"] == "next")
        assert "entry" not in httpx.get(following, headers=headers).json()
        read = httpx.get(page["entry"][0]["fullUrl"], headers=headers)
        unknown = httpx.get(f"{base}/Observation/00000000-0000-0000-0000-000000000000", headers=headers)
        assert (read.status_code, read.content) == (unknown.status_code, unknown.content)


def test_the_same_sensor_by_two_files_leaves_once(shell: Shell, tmp_path: Path) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    (tmp_path / "again.csv").write_text(
        clarity(*ROWS[100:300], "900,2026-11-20T08:00:00,Carbs,,,,iPhone G6,,,12,,,,")
    )
    shell.take(patient, tmp_path / "again.csv")
    granted(shell, patient, clinic, "2026-11-01", "2026-11-10")
    with served(shell) as base:
        assert values(clinic.observations(base, patient)) == expected(1, 10)


def test_a_corrected_zone_makes_no_new_id_of_what_was_disclosed(shell: Shell, tmp_path: Path) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    granted(shell, patient, clinic, "2026-11-01", "2026-11-10")
    (artifact,) = shell("artifact", "list", "--patient", patient).value
    with served(shell) as base:
        before = {each["id"]: each for each in clinic.observations(base, patient)}
        assert shell("reimport", artifact["id"], "--timezone", "Europe/London").code == 0
        after = {each["id"]: each for each in clinic.observations(base, patient)}
    moved = [after[each]["effectiveDateTime"] for each in after]
    assert set(after) <= set(before)
    assert len(after) >= len(before) - 2
    assert all(each.endswith(("Z", "+00:00")) for each in moved)
    assert {each["meta"]["versionId"].partition("-")[0] for each in after.values()} == {
        "2.1"
    }  # no device is named


def test_the_owner_follows_an_observation_to_its_row(shell: Shell, tmp_path: Path) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    granted(shell, patient, clinic, "2026-11-03", "2026-11-03")
    lines = (tmp_path / "ten-days.csv").read_text().splitlines()
    with served(shell) as base:
        sample = clinic.observations(base, patient)[::12]
    for each in sample:
        found = shell("provenance", "show", each["id"]).value
        cells = lines[found["row"] - 1].split(",")
        assert each["effectiveDateTime"].startswith(cells[1])
        assert float(cells[7]) == each["valueQuantity"]["value"]
        assert found["file"] == "ten-days.csv"


def test_the_ledger_tells_every_page_and_verifies(shell: Shell, tmp_path: Path) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    granted(shell, patient, clinic, "2026-11-03", "2026-11-05")
    with served(shell) as base:
        headers = {"Authorization": f"Bearer {clinic.token(base)}"}
        httpx.get(f"{base}/Observation?patient={patient}&_count=100", headers=headers).raise_for_status()
    rows = shell("ledger", "list", "--patient", patient).value
    intents = [row for row in rows if row["kind"] == "intent"]
    assert [(row["items"], row["channel"], row["way"]) for row in intents] == [(100, "query", "look")]
    assert [row["outcome"] for row in intents] == ["counts as sent"], (
        "of a query that went well no more is written"
    )
    assert (intents[0]["first"], intents[0]["last"]) == ("2026-11-02T23:00:00Z", "2026-11-05T00:30:00Z")
    assert shell("ledger", "verify").value["sound"] is True


def test_a_polling_client_learns_that_an_upload_was_taken_back_also_after_the_grant(
    shell: Shell, tmp_path: Path
) -> None:
    patient, clinic = person_with_ten_days(shell, tmp_path), Clinic(shell, tmp_path)
    grant = granted(shell, patient, clinic, "2026-11-03", "2026-11-05")
    (artifact,) = shell("artifact", "list", "--patient", patient).value
    with served(shell) as base:
        held = {each["id"]: each for each in clinic.observations(base, patient, date="lt2026-11-05")}
        latest = max(each["meta"]["lastUpdated"] for each in held.values())
        shell("grant", "revoke", grant)
        assert clinic.observations(base, patient, _lastUpdated=f"gt{latest}") == []
        shell("artifact", "remove", artifact["id"], "--yes")
        assert states(shell, artifact["id"]) == [f"{len(held)} to be told when it asks next"]
        news = {each["id"]: each for each in clinic.observations(base, patient, _lastUpdated=f"gt{latest}")}
    assert news.keys() == held.keys()
    assert {each["status"] for each in news.values()} == {"entered-in-error"}
    assert not [each for each in news.values() if "valueQuantity" in each]
    rows = [row for row in shell("ledger", "list", "--patient", patient).value if row.get("retracts")]
    assert [row["items"] for row in rows] == [len(held)]
    assert states(shell, artifact["id"]) == [f"{len(held)} told that it was taken away"]


def states(shell: Shell, artifact: str) -> list[str]:
    """What `deliveries affected` says of the one recipient that asked."""
    (row,) = shell("deliveries", "affected", "--artifact", artifact).value
    assert (row["way"], row["recipient"]) == ("query", "Clinic EHR")
    return list(row["states"])
