"""Epic-like and Oracle-like twins restrict what the reference sheet says, and deliveries live with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

import bridge.store.outbox as outbox
import bridge.store.receivers as receivers
from bridge.fhir.consignment import Form
from bridge.mapping import load
from bridge.mapping.destination import ErrorText
from bridge.push.abilities import Abilities, read
from bridge.push.courier import IN_DOUBT
from bridge.push.receiver import NOT_SEARCHED
from bridge.store.blocks import withdraw
from tests.peers import epic
from tests.peers.epic import Epic
from tests.peers.oracle import Oracle
from tests.push.ehr import ROW, Ehr, running
from tests.push.house import House, filed, with_rows
from tests.push.twin import Say, Torn

ROWS = {"glucose": {"code": {"mg/dL": ["cgm-mass", "row-glucose"]}}}
TEN = list(range(100, 110))
_Twin = TypeVar("_Twin", bound=Ehr)


@contextmanager
def world(home: Path, ehr: _Twin, **more: Any) -> Iterator[tuple[House, _Twin]]:
    """A bridge with ten readings, granted and linked, and a record system that its file knows nothing of."""
    with running(ehr):
        house = filed(home, ehr.url, with_rows(), **({"fhir": ROWS} | more))
        house.bring(0, TEN)
        house.grant()
        house.link()
        yield house, ehr
        house.db.close()


@pytest.fixture(scope="module")
def sentences(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What the shipped example of a destination says of each code."""
    site = tmp_path_factory.mktemp("site")
    (site / "destinations").mkdir()
    text = (project / "mappings" / "destinations" / "hospital.example.yaml").read_text("utf-8")
    (site / "destinations" / "hospital.yaml").write_text(text, "utf-8")
    errors = load(project / "mappings", site).destinations["hospital"].errors
    return {code: said(each) for code, each in errors.items()}


def said(text: ErrorText) -> dict[str, str]:
    return {"say": text.say, "then": text.then}


def problems(house: House) -> set[str]:
    rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE problem <> ''")
    return {problem for (problem,) in rows}


# ------------------------------------------------------------------------------------- the twins themselves

OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": ROW[0], "code": ROW[1]}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-05-20T10:00:00Z",
    "valueQuantity": {"value": 100, "code": "mg/dL"},
}
PLAIN = {"resourceType": "Device"}
REPORT = {"resourceType": "DiagnosticReport", "status": "final"}
PAPER = {"resourceType": "DocumentReference", "status": "current"}
MODIFIED = OBSERVATION | {"modifierExtension": [{"url": "https://x.example/m", "valueBoolean": True}]}
ENTRY = {
    "resource": OBSERVATION,
    "request": {"method": "POST", "url": "Observation"},
    "fullUrl": "urn:uuid:1",
}


def bundle(kind: str) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [ENTRY]}


@pytest.mark.parametrize(
    ("twin", "where", "body", "status"),
    [
        (Epic, "Observation", OBSERVATION, 201),
        (Epic, "", bundle("transaction"), 400),
        (Epic, "", bundle("batch"), 400),
        (Epic, "Device", PLAIN, 405),
        (Epic, "DiagnosticReport", REPORT, 405),
        (Epic, "DocumentReference", PAPER, 201),
        (Epic, "Subscription", {"resourceType": "Subscription"}, 405),
        (Oracle, "Observation", OBSERVATION, 201),
        (Oracle, "", bundle("transaction"), 400),
        (Oracle, "", bundle("batch"), 200),
        (Oracle, "Device", PLAIN, 405),
        (Oracle, "DiagnosticReport", REPORT, 201),
        (Oracle, "DocumentReference", PAPER, 201),
        (Oracle, "Observation", MODIFIED, 422),
        (Oracle, "Subscription", {"resourceType": "Subscription"}, 405),
    ],
)
def test_a_twin_takes_what_the_sheet_says_it_takes(
    twin: type[Ehr], where: str, body: dict[str, Any], status: int
) -> None:
    with running(twin()) as ehr:  # type: ignore[call-arg]
        answer = httpx.post(f"{ehr.url}/{where}" if where else ehr.url, json=body)
        assert answer.status_code == status
        assert status < 400 or answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("twin", [Epic, Oracle])
def test_no_twin_creates_once(twin: type[Ehr]) -> None:
    named = OBSERVATION | {"identifier": [{"system": "urn:x", "value": "1"}]}
    with running(twin()) as ehr:  # type: ignore[call-arg]
        statuses = []
        for minute in (1, 2):  # a row of the one has one value of an instant
            body = named | {"effectiveDateTime": f"2026-05-20T10:0{minute}:00Z"}
            told = {"if-none-exist": "identifier=urn:x|1"}
            statuses.append(httpx.post(f"{ehr.url}/Observation", json=body, headers=told).status_code)
        assert statuses == [201, 201] and len(ehr.readings) == 2


def test_the_oracle_like_twin_knows_its_tenant_its_format_its_versions_and_its_searches() -> None:
    with running(Oracle()) as ehr:
        elsewhere = ehr.url.replace("ec2458f2", "another")
        assert httpx.get(f"{elsewhere}/metadata").status_code == 403
        xml = httpx.get(f"{ehr.url}/metadata", headers={"accept": "application/fhir+xml"})
        assert (xml.status_code, xml.content) == (406, b"")
        httpx.post(f"{ehr.url}/Observation", json=OBSERVATION)
        body = OBSERVATION | {"id": "1"}
        stale = httpx.put(f"{ehr.url}/Observation/1", json=body, headers={"if-match": 'W/"7"'})
        assert stale.status_code == 409
        assert httpx.get(f"{ehr.url}/Observation?identifier=urn:x|1").status_code == 400
        for minute in range(250):
            at = f"2026-05-20T{11 + minute // 60}:{minute % 60:02}:00Z"
            httpx.post(f"{ehr.url}/Observation", json=OBSERVATION | {"effectiveDateTime": at})
        page = httpx.get(f"{ehr.url}/Observation?patient=p1&_count=1000").json()
        assert len(page["entry"]) == 200
        (link,) = page["link"]
        rest = httpx.get(link["url"]).json()
        assert rest["entry"][0] == page["entry"][-1] and len(rest["entry"]) == 52
        ehr.is_patients = True
        assert httpx.post(f"{ehr.url}/Observation", json=OBSERVATION).status_code == 403


def test_what_each_says_of_itself_is_what_the_bridge_makes_of_it() -> None:
    assert read(Epic().statement()) == Abilities(
        Form.SINGLE, updates=True, conditional=False, searches=True, devices=False,
        documents="DocumentReference:cu DiagnosticReport:u",
    )  # fmt: skip
    assert read(Oracle().statement()) == Abilities(
        Form.BATCH, updates=True, conditional=False, searches=False, devices=False,
        documents="DocumentReference:cu DiagnosticReport:c",
    )  # fmt: skip


# --------------------------------------------------------------------------------------------- deliveries


@pytest.mark.parametrize(
    ("twin", "form"), [(Epic(), "single"), (Oracle(), "batch"), (Oracle(by_identifier=True), "batch")]
)
def test_auto_chooses_what_the_system_takes_and_corrections_arrive(
    tmp_path: Path, twin: Ehr, form: str
) -> None:
    with world(tmp_path, deepcopy(twin)) as (house, ehr):
        wrong = house.bring(20, [333])
        done = house.push()
        assert (done.sent, done.held, done.failed) == (11, (), ())
        kept = receivers.known(house.db, 1)
        assert kept is not None and kept.form == form
        house.bring(0, [99], name="corrected")
        assert house.push().updated == 1
        withdraw(house.db, house.patient, wrong)
        assert house.push().retracted == 1
        assert ehr.values() == [99, *TEN[1:]] and len(ehr.readings) == 11
        assert not [body for body in ehr.bodies if "modifierExtension" in json.dumps(body)]
        assert {told["accept"] for told in ehr.headers} == {"application/fhir+json"}


@pytest.mark.parametrize(
    ("code", "twin", "state", "sent"),
    [
        (epic.NO_TEMPLATE, {"is_patient_facing": True}, "partial", 0),
        (epic.NO_ROW, {"rows": set()}, "partial", 0),
        (epic.NO_ROW, {"rows": set(), "unmapped": {ROW}}, "partial", 0),
        (epic.NO_ROW, {"rows": {ROW, ("http://loinc.org", "99504-3")}}, "partial", 0),
        (epic.NOT_FILED, {"wrong": {epic.NOT_FILED}}, "partial", 0),
        (epic.TABLE, {"units": {"mmol/L"}}, "partial", 0),
        (epic.NOT_ALLOWED, {"wrong": {epic.NOT_ALLOWED}}, "partial", 0),
        (epic.TOMORROW, {"budget": 4}, "queued", 4),
    ],
)
def test_each_error_of_the_epic_like_system_is_a_sentence_and_a_state(
    tmp_path: Path,
    sentences: dict[str, dict[str, str]],
    code: str,
    twin: dict[str, Any],
    state: str,
    sent: int,
) -> None:
    with world(tmp_path, Epic(**twin), errors=sentences) as (house, ehr):
        house.push()
        last = outbox.listed(house.db)[-1]
        told = f"{sentences[code]['say']} ({code})"
        assert last.state == state and len(ehr.readings) == sent
        assert told in {last.problem, *problems(house)}
        assert "SECRET" not in f"{last.problem}{problems(house)}"


def test_a_budget_that_is_used_up_is_waited_for_and_everything_arrives_once(
    tmp_path: Path, sentences: dict[str, dict[str, str]]
) -> None:
    with world(tmp_path, Epic(budget=4), errors=sentences) as (house, ehr):
        house.push()
        ehr.budget = None
        house.wait(24 * 60)
        house.push()
        assert ehr.values() == TEN


def test_the_system_says_duplicate_to_what_is_ours_and_to_what_is_not(
    tmp_path: Path, sentences: dict[str, dict[str, str]]
) -> None:
    with world(tmp_path, Epic(), errors=sentences) as (house, ehr):
        typed = OBSERVATION | {"id": "nurse", "meta": {"versionId": "1"}}
        house.push()
        first = next(each for each in ehr.readings if each["valueQuantity"]["value"] == 100)
        ehr.shelves["Observation"] = {"nurse": typed | {"effectiveDateTime": first["effectiveDateTime"]}}
        with house.db.write("bridge") as con:
            for table in ("sent", "cursors", "deliveries"):
                con.execute(f"DELETE FROM {table}")
        house.push()
        (told,) = problems(house)
        assert "is not ours" in told and told.endswith(f"({epic.DUPLICATE})")
        assert ehr.values() == TEN and len(ehr.readings) == 10, "the nurse's and nine of ours"


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("twin", [Epic(), Oracle(by_identifier=True)])
def test_a_lost_answer_doubles_nothing(tmp_path: Path, twin: Ehr, committed: bool) -> None:
    with world(tmp_path, deepcopy(twin)) as (house, ehr):
        ehr.script.append(Torn(committed=committed))
        house.push()
        house.wait(5)
        house.push()
        assert ehr.values() == TEN and house.push().sent == 0


def test_where_nothing_is_searched_by_identifier_what_is_in_doubt_waits_for_a_human(tmp_path: Path) -> None:
    with world(tmp_path, Oracle()) as (house, ehr):
        ehr.script.append(Torn())
        house.push()
        house.wait(5)
        house.push()
        assert problems(house) == {IN_DOUBT} and ehr.values() == TEN
        house.bring(10, [150])
        assert house.push().sent == 1 and ehr.values() == [*TEN, 150]


@pytest.mark.parametrize("twin", [Epic(), Oracle(), Oracle(by_identifier=True)])
def test_a_copy_that_somebody_changed_there_is_left_to_a_human(tmp_path: Path, twin: Ehr) -> None:
    with world(tmp_path, deepcopy(twin)) as (house, ehr):
        house.push()
        copy = next(each for each in ehr.readings if each["valueQuantity"]["value"] == 100)
        copy["meta"]["versionId"] = "5"
        house.bring(0, [99, 98], name="corrected")
        report = house.push()
        assert report.updated == 1 and 100 in ehr.values() and 98 in ehr.values()
        assert any("changed it at the receiver" in each for each in problems(house))


@pytest.mark.parametrize("twin", [Epic(), Oracle(by_identifier=True)])
def test_a_limit_without_retry_after_is_waited_for_with_pauses_of_our_own(tmp_path: Path, twin: Ehr) -> None:
    with world(tmp_path, deepcopy(twin)) as (house, ehr):
        ehr.script.append(Say(429))
        house.push()
        calls = len(ehr.writes())
        house.push()
        assert len(ehr.writes()) == calls, "not at once"
        house.wait(2)
        house.push()
        assert ehr.values() == TEN


def test_a_token_of_patients_gets_a_sentence_that_names_the_permission(tmp_path: Path) -> None:
    with world(tmp_path, Oracle(is_patients=True)) as (house, ehr):
        house.push()
        last = outbox.listed(house.db)[-1]
        assert (last.state, ehr.readings) == ("failed", [])
        assert "ask it for the permission (HTTP 403)" in last.problem


# ------------------------------------------------------------------- searches that answer in part, or not at all


@dataclass
class Paged(Oracle):
    """It gives three a page, whatever is asked for."""

    by_identifier: bool = True

    def _page(self, found: list[dict[str, Any]], asked: dict[str, list[str]], query: str) -> dict[str, Any]:
        return super()._page(found, asked | {"_count": ["3"]}, query)


@dataclass
class Deaf(Paged):
    """It knows no search by identifier, says that it does, and gives whatever it has."""

    def _search(self, where: str, query: str) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        asked = query.replace("identifier=", "patient=p1&_unknown=")
        return super()._search(where, asked if where == "Observation" else query)


def test_what_is_told_in_pages_is_asked_for_in_parts_and_doubles_nothing(tmp_path: Path) -> None:
    with world(tmp_path, Paged()) as (house, ehr):
        ehr.script.append(Torn())
        house.push()
        house.wait(5)
        house.push()
        assert ehr.values() == TEN and not problems(house)


def test_a_search_that_is_not_answered_creates_nothing_and_is_said(tmp_path: Path) -> None:
    with world(tmp_path, Deaf()) as (house, ehr):
        house.push()
        house.wait(5)
        house.bring(10, [150])
        house.push()
        last = outbox.listed(house.db)[-1]
        assert last.state == "failed" and last.problem == NOT_SEARCHED
        assert ehr.values() == TEN
        house.register(ehr.url, fhir=ROWS, receiver={"searches": False})
        outbox.retry(house.db, last.delivery)
        assert house.push().sent == 1 and ehr.values() == [*TEN, 150]
