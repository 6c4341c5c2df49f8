"""A report goes into the chart as a PDF: each block once, of permitted days alone, corrected, replaced, taken back."""

from __future__ import annotations

import base64
import io
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

import bridge.store.ledger as ledger
import bridge.store.outbox as outbox
from bridge.consent.asked import Grain, Kind
from bridge.period import Period, PeriodSet
from bridge.push.affected import affected
from bridge.push.courier import IN_DOUBT
from bridge.push.papers import NO_TYPE
from bridge.store.blocks import withdraw
from tests.fhir.valid import valid
from tests.push.ehr import CGM_RECEIVER, EPIC, ORACLE, TRANSACTION, Ehr, Rules, standing
from tests.push.house import House, filed
from tests.push.test_summaries import blocks, days, measured, states
from tests.push.twin import Say, Torn

DOCUMENT, DIAGNOSTIC = "DocumentReference", "DiagnosticReport"
BOTH = frozenset({DOCUMENT, DIAGNOSTIC})


def with_documents(rules: Rules, types: frozenset[str] = BOTH, updates: bool = True) -> Rules:
    """A receiver that takes documents as well."""
    return replace(
        rules, creates=rules.creates | types, updates=rules.updates | (types if updates else set())
    )


FULL = with_documents(TRANSACTION)
EPIC_LIKE = with_documents(EPIC, frozenset({DOCUMENT}), updates=False)
"""It creates DocumentReferences, once or twice as it is asked, and updates none."""
ORACLE_LIKE = with_documents(ORACLE, frozenset({DOCUMENT}))


@contextmanager
def world(home: Path, rules: Rules = FULL, **more: Any) -> Iterator[tuple[House, Ehr]]:
    """A bridge with the readings of a fortnight that is over, linked, and a receiver that takes documents."""
    with standing(rules) as ehr:
        told: dict[str, Any] = {"raw": False, "kind": "document"}
        house = filed(home, ehr.url, **(told | more))
        measured(house, -15, 16)
        house.link()
        yield house, ehr
        house.db.close()


def papers(ehr: Ehr, kind: str = DOCUMENT) -> list[dict[str, Any]]:
    return list(ehr.shelves.get(kind, {}).values())


def one(ehr: Ehr, kind: str = DOCUMENT) -> dict[str, Any]:
    (found,) = papers(ehr, kind)
    return found


def pdf(resource: dict[str, Any]) -> PdfReader:
    """The PDF in it."""
    if resource["resourceType"] == DIAGNOSTIC:
        (form,) = resource["presentedForm"]
    else:
        form = resource["content"][0]["attachment"]
    body = base64.b64decode(form["data"])
    assert form["contentType"] == "application/pdf" and form["size"] == len(body) and "url" not in form
    return PdfReader(io.BytesIO(body))


def words(resource: dict[str, Any]) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf(resource).pages).split())


# ------------------------------------------------------------------------------------- what is filed


@pytest.mark.parametrize("rules", [FULL, EPIC_LIKE, ORACLE_LIKE, with_documents(CGM_RECEIVER)])
def test_a_document_goes_once_whatever_else_the_receiver_takes(tmp_path: Path, rules: Rules) -> None:
    with world(tmp_path, rules) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        done = house.push()
        assert (done.sent, done.held, done.failed) == (1, (), ())
        found = one(ehr)
        assert found["subject"] == {"reference": "Patient/p1"} and found["status"] == "current"
        assert found["type"]["coding"][0] == {"system": "http://loinc.org", "code": "107931-8"}
        assert ehr.readings == []
        house.wait(120)
        assert house.push().sent == 0 and len(papers(ehr)) == 1


def told_days(text: str) -> set[int]:
    """Every day of May that is named, but the moment at which the data stood so."""
    before, _, after = text.partition("Data as of")
    after = after.partition("2026")[2]
    found = re.findall(r"\b(\d{1,2}) (May|Apr|Jun)\b", f"{before} {after}")
    assert {month for _, month in found} <= {"May"}
    return {int(day) for day, _ in found}


def test_the_pdf_opens_and_names_the_permitted_days_and_nothing_else(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.give(0, [100] * 288)
        house.grant(periods=days(house, -14, 14), kinds=frozenset({Kind.GLUCOSE}))
        house.push()
        text = words(one(ehr))
        assert "Robin Example" in text and "Thu 14 May 2026 to Wed 27 May 2026 (14 days)" in text
        assert told_days(text) == {*range(14, 28)}
        assert "Insulin" not in text and "GMI" in text
        assert "patient-supplied" in text and "not a complete record" in text


def test_doses_stand_in_it_where_they_are_open_over_all_of_its_days(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        for day in range(-14, 0):
            house.give((day + 10) * 288 + 3, [100] * 4, name=str(day))
        house.grant(periods=days(house, -14, 14))
        house.push()
        assert "Insulin" in words(one(ehr))


def test_a_document_of_few_days_has_no_gmi_and_says_why(tmp_path: Path) -> None:
    with world(tmp_path, document={"days": 7}) as (house, ehr):
        house.grant(periods=days(house, -7, 7))
        house.push()
        text = words(one(ehr))
        assert "insufficient data: 7 of 14 days" in text and "not shown" in text
        assert told_days(text) == {*range(21, 28)}


def test_a_grant_of_summaries_gives_figures_and_no_curve(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14), grain=Grain.SUMMARY)
        assert house.push().sent == 1
        text = words(one(ehr))
        assert "Mean glucose" in text and "Standard deviation" not in text and told_days(text) == {14, 27}


def test_a_grant_of_means_gives_no_document(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14), grain=Grain.HOUR)
        done = house.push()
        assert (done.sent, done.held, papers(ehr)) == (0, (), [])


def test_a_site_chooses_what_stands_in_it_its_unit_goals_and_type(tmp_path: Path) -> None:
    told = {
        "sections": ["glucose"],
        "units": "mmol/L",
        "goals": "standard",
        "rounding": "icode",
        "code": ["cgm-cv", "cgm-summary"],
    }
    with world(tmp_path, document=told) as (house, ehr):
        for day in range(-14, 0):
            house.give((day + 10) * 288 + 3, [100] * 4, name=str(day))
        house.grant(periods=days(house, -14, 14))
        house.push()
        text = words(one(ehr))
        assert "Insulin" not in text and "3.9-7.8 mmol/L" in text and "Goals for adults" in text
        assert "100.0 %" not in text
        assert [each["code"] for each in one(ehr)["type"]["coding"]] == ["104638-2", "107931-8"]
        assert "insulin" not in kinds_told(house)
        house.register(
            ehr.url, raw=False, kind="document", document=told | {"units": "mg/dL", "rounding": "tenths"}
        )
        assert (
            house.push().updated == 1 and "70-140 mg/dL" in words(one(ehr)) and "100.0 %" in words(one(ehr))
        )


def kinds_told(house: House) -> set[str]:
    rows = [row for row in ledger.listed(house.db, house.patient) if "kinds" in row.fields]
    return {kind for row in rows for kind in list(row.fields["kinds"])}  # type: ignore[call-overload]


def test_the_ledger_names_the_document_and_what_stood_in_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, _):
        house.grant(periods=days(house, -14, 14))
        house.push()
        house.gate.flush()
        told = [row for row in ledger.listed(house.db, house.patient) if row.kind == "intent"]
        assert [row.fields["asked"] for row in told] == ["the document (PDF) that is due for destination 1"]
        assert told[0].fields["channel"] == "document" and int(str(told[0].fields["items"])) > 4000
        assert {"glucose", "demographics"} <= kinds_told(house)
        assert [each.what for each in outbox.listed(house.db)] == ["document"]


# ------------------------------------------------------------------------------- forms, types, order


@pytest.mark.parametrize("form", ["single", "transaction", "batch"])
@pytest.mark.parametrize("types", [[DOCUMENT], [DIAGNOSTIC], [DOCUMENT, DIAGNOSTIC]])
def test_it_goes_in_the_form_and_as_the_types_that_the_file_says(
    tmp_path: Path, form: str, types: list[str]
) -> None:
    rules = replace(FULL, batch=True)
    with world(tmp_path, rules, document={"form": form, "types": types}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == len(types)
        assert [kind for kind in (DOCUMENT, DIAGNOSTIC) if papers(ehr, kind)] == types
        for body in ehr.bodies:
            valid(json.dumps(body).encode())
            assert body["resourceType"] in types if form == "single" else body["type"] == form
        for kind in types:
            assert "Robin Example" in words(one(ehr, kind))


def test_the_operation_of_the_cgm_ig_takes_it_as_a_diagnostic_report(tmp_path: Path) -> None:
    """Its statement says nothing of single creates of it, so it goes in the guide's bundle."""
    rules = replace(CGM_RECEIVER, creates=CGM_RECEIVER.creates | {DIAGNOSTIC}, silent=frozenset({DIAGNOSTIC}))
    more: dict[str, Any] = {"kind": "submit-cgm-bundle", "document": {}, "summaries": {}}
    with world(tmp_path, rules, **more) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        (panel,) = (each for each in ehr.readings if each["code"]["coding"][0]["code"] == "107931-8")
        assert one(ehr, DIAGNOSTIC)["result"] == [{"reference": f"Observation/{panel['id']}"}]
        assert set(ehr.writes()) == {"$submit-cgm-bundle"}
        assert ehr.bodies[-1]["type"] == "transaction" and len(ehr.bodies[-1]["entry"]) == 1


def test_summaries_go_first_then_the_document_then_readings(tmp_path: Path) -> None:
    more: dict[str, Any] = {"kind": "auto", "raw": {"daily": 100_000}, "summaries": {}, "document": {}}
    with world(tmp_path, **more) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 7 + 1 + 14 * 288
        kinds = [
            body["resourceType"]
            if body["resourceType"] != "Bundle"
            else body["entry"][-1]["resource"]["resourceType"]
            for body in ehr.bodies
        ]
        assert kinds[:2] == ["Observation", DOCUMENT] and DOCUMENT not in kinds[2:]


def test_it_is_part_of_the_default_content_where_a_receiver_says_that_it_takes_one(tmp_path: Path) -> None:
    with world(tmp_path, kind="auto") as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 8 and len(papers(ehr)) == 1 and len(ehr.readings) == 7


@pytest.mark.parametrize(("rules", "more"), [(TRANSACTION, {}), (FULL, {"document": False})])
def test_nobody_is_sent_one_who_does_not_take_or_want_it(
    tmp_path: Path, rules: Rules, more: dict[str, Any]
) -> None:
    with world(tmp_path, rules, kind="auto", **more) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        done = house.push()
        assert (done.sent, done.held, papers(ehr)) == (7, (), [])


def test_who_wants_one_and_can_take_none_is_told_so_and_readings_go_on(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION, kind="auto", raw={"daily": 5000}, document={}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        done = house.push()
        assert done.held == (f"clinic: {NO_TYPE}",) and done.sent == 14 * 288 and not papers(ehr)


def test_a_receiver_of_documents_alone_is_known_by_what_it_says(tmp_path: Path) -> None:
    alone = Rules(creates=frozenset({DOCUMENT}), updates=frozenset({DOCUMENT}))
    with world(tmp_path, alone, kind="auto", raw={"daily": 5000}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 1 and len(papers(ehr)) == 1 and not ehr.readings


@pytest.mark.parametrize("status", [403, 405, 413, 422])
def test_a_document_that_is_refused_waits_for_a_human_and_readings_go_on(tmp_path: Path, status: int) -> None:
    more: dict[str, Any] = {"kind": "auto", "raw": {"daily": 100_000}, "document": {}}
    with world(tmp_path, **more) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        ehr.script += [Say(status)]
        done = house.push()
        assert done.sent == 14 * 288 and "1 entries were refused" in done.failed[0]
        assert outbox.listed(house.db)[0].state == "partial" and not papers(ehr)
        assert house.push().sent == 0
        outbox.retry(house.db, outbox.listed(house.db)[0].delivery)
        assert house.push().sent == 1 and len(papers(ehr)) == 1


# ----------------------------------------------------------------------------------- when, how often


def test_it_has_a_pace_of_its_own_where_the_file_says_one(tmp_path: Path) -> None:
    with world(tmp_path, kind="auto", document={"days": 7}) as (house, ehr):
        house.grant(periods=days(house, -14, 28))
        assert house.push().sent == 7 + 2
        house.wait(7 * 24 * 60)
        measured(house, 1, 6)
        assert house.push().sent == 1 and len(papers(ehr)) == 3
        periods = sorted(each["context"]["period"]["start"] for each in papers(ehr))
        assert len(set(periods)) == 3


def test_a_weekday_is_waited_for(tmp_path: Path) -> None:
    with world(tmp_path, document={"days": 14, "weekday": "wednesday"}) as (house, _):
        house.grant(periods=days(house, -14, 14))
        assert house.push().sent == 0
        house.wait(6 * 24 * 60)
        assert house.push().sent == 1


# ------------------------------------------------------------------------------ corrections, retraction


@pytest.mark.parametrize("types", [[DOCUMENT], [DIAGNOSTIC]])
def test_a_corrected_reading_puts_another_version_over_the_one_that_is_there(
    tmp_path: Path, types: list[str]
) -> None:
    with world(tmp_path, document={"types": types}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        (kind,) = types
        before = one(ehr, kind)
        measured(house, -3, 1, value=250)
        assert house.push().updated == 1
        after = one(ehr, kind)
        assert after["meta"]["versionId"] == "2" and words(after) != words(before)
        assert after.get("docStatus", after["status"]) in ("amended", "corrected")
        assert "Corrected: this report was told otherwise before." in words(after)
        assert house.push().updated == 0


def test_one_that_takes_no_update_gets_a_document_that_replaces_the_first(tmp_path: Path) -> None:
    with world(tmp_path, EPIC_LIKE) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        first = one(ehr)
        measured(house, -3, 1, value=250)
        house.push()
        _, second = papers(ehr)
        target = {"reference": f"DocumentReference/{first['id']}"}
        assert second["relatesTo"] == [{"code": "replaces", "target": target}]
        assert second["masterIdentifier"] != first["masterIdentifier"]
        assert second["identifier"][0] == first["identifier"][0]
        measured(house, -4, 1, value=260)
        house.push()
        third = papers(ehr)[2]
        assert third["relatesTo"][0]["target"] == {"reference": f"DocumentReference/{second['id']}"}


@pytest.mark.parametrize("rules", [EPIC_LIKE, with_documents(TRANSACTION, updates=False)])
def test_a_replacement_whose_answer_was_lost_is_looked_for_and_not_doubled(
    tmp_path: Path, rules: Rules
) -> None:
    with world(tmp_path, rules) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        measured(house, -3, 1, value=250)
        ehr.script += [Torn()]
        house.push()
        for _ in range(3):
            house.wait(90)
            house.push()
        assert len(papers(ehr)) == 2 and outbox.opened(house.db, outbox.listed(house.db)[0].lane) is None
        measured(house, -4, 1, value=260)
        house.push()
        target = papers(ehr)[2]["relatesTo"][0]["target"]["reference"]
        assert target == f"DocumentReference/{papers(ehr)[1]['id']}"


def test_a_correction_whose_answer_was_lost_is_put_there_once(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        house.push()
        measured(house, -3, 1, value=250)
        ehr.script += [Torn()]
        for _ in range(4):
            house.push()
            house.wait(90)
        text = words(one(ehr))
        measured(house, -3, 1, value=150)
        assert house.push().updated == 1 and words(one(ehr)) != text and len(papers(ehr)) == 1


@pytest.mark.parametrize("committed", [True, False])
def test_who_cannot_be_asked_whether_it_has_it_gets_it_no_second_time(
    tmp_path: Path, committed: bool
) -> None:
    with world(tmp_path, replace(EPIC_LIKE, searches=False)) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        ehr.script += [Torn(committed=committed)]
        house.push()
        house.wait(90)
        house.push()
        house.wait(90)
        house.push()
        assert len(papers(ehr)) == committed and outbox.listed(house.db)[-1].state == "partial"
        (problem,) = house.db.reader("bridge").execute("SELECT problem FROM sent").fetchone()
        assert problem == IN_DOUBT


@pytest.mark.parametrize("number", range(6))
def test_the_chart_holds_exactly_the_permitted_documents_once(tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    rules = chance.choice([FULL, EPIC_LIKE, ORACLE_LIKE])
    with standing(rules) as ehr:
        length = chance.choice([5, 7, 14])
        house = filed(tmp_path, ehr.url, raw=False, kind="document", document={"days": length})
        measured(house, -30, 30)
        house.link()
        expected, edge = set[Period](), -30
        while edge < -2:
            count = min(chance.randint(1, 15), -edge)
            if chance.random() < 0.7:
                (stretch,) = days(house, edge, count)
                house.grant(periods=PeriodSet((stretch,)))
                expected |= blocks(house, edge, count, length)
            edge += count + 1
        for at in range(4):
            if chance.random() < 0.5:
                ehr.script.append((Say(503), Torn(), Torn(committed=False))[chance.randrange(3)])
            house.push()
            house.wait(chance.choice([1, 300]))
            if chance.random() < 0.5:
                measured(house, chance.randint(-30, -2), 1, value=200 + at)
        ehr.script.clear()
        for _ in range(4):
            house.wait(400)
            house.push()
        replaced = {
            each["relatesTo"][0]["target"]["reference"].partition("/")[2]
            for each in papers(ehr)
            if "relatesTo" in each
        }
        stands = [each for each in papers(ehr) if each["id"] not in replaced]
        starts = Counter(each["context"]["period"]["start"][:19] for each in stands)
        assert set(starts.values()) <= {1} and len(starts) == len(expected)
        assert all(each["status"] == "current" for each in stands)
        assert outbox.opened(house.db, outbox.listed(house.db)[0].lane) is None if expected else True
        house.db.close()


@pytest.mark.parametrize("rules", [FULL, EPIC_LIKE, ORACLE_LIKE])
@pytest.mark.parametrize("fault", [Torn(), Torn(committed=False), Say(503)])
def test_what_left_before_a_crash_is_there_once(tmp_path: Path, rules: Rules, fault: Any) -> None:
    with world(tmp_path, rules) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        ehr.script += [fault]
        house.push()
        for _ in range(3):
            house.wait(90)
            house.push()
        assert len(papers(ehr)) == 1


@pytest.mark.parametrize(
    ("rules", "types"),
    [
        (with_documents(TRANSACTION, updates=False), [DIAGNOSTIC]),
        (with_documents(TRANSACTION, updates=False), [DOCUMENT]),
    ],
)
def test_what_is_another_persons_and_cannot_be_taken_back_is_said_to_both_sides(
    tmp_path: Path, rules: Rules, types: list[str]
) -> None:
    with standing(rules) as ehr:
        house = filed(tmp_path, ehr.url, raw=False, kind="document", document={"types": types})
        whole = measured(house, -15, 16)
        house.link()
        house.grant(periods=days(house, -14, 14))
        house.push()
        withdraw(house.db, house.patient, whole)
        assert "1 corrections cannot be delivered" in house.push().failed[0]
        assert outbox.listed(house.db)[-1].state == "correction-not-deliverable"
        assert house.push().failed == ()
        house.db.close()


@pytest.mark.parametrize("grain", [Grain.RAW, Grain.SUMMARY])
def test_a_document_is_taken_back_also_after_its_grant_ended(tmp_path: Path, grain: Grain) -> None:
    with standing(FULL) as ehr:
        house = filed(tmp_path, ehr.url, raw=False, kind="document")
        measured(house, -15, 14)
        wrong = measured(house, -1, 1)
        house.link()
        grant = house.grant(periods=days(house, -14, 14), grain=grain)
        assert house.push().sent == 1
        house.revoke(grant)
        late = len(ehr.bodies)
        assert (house.push().retracted, len(ehr.bodies)) == (0, late), "that it ended makes no document wrong"
        assert states(house, wrong) == {"held": 1}
        withdraw(house.db, house.patient, wrong)
        assert states(house, wrong) == {"held, to be corrected": 1}
        assert house.push().retracted == 1
        found = one(ehr)
        assert (found["status"], found["docStatus"]) == ("entered-in-error", "entered-in-error")
        assert found["content"] == [{"attachment": {"contentType": "application/pdf"}}]
        assert states(house, wrong) == {"taken back": 1} and house.push().retracted == 0
        house.db.close()


def test_a_dose_that_was_another_persons_takes_the_document_back_that_showed_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        wrong = [house.give((day + 10) * 288 + 3, [100] * 4, name=str(day)) for day in range(-14, 0)]
        grant = house.grant(periods=days(house, -14, 14))
        house.push()
        house.revoke(grant)
        withdraw(house.db, house.patient, wrong[4])
        assert house.push().retracted == 1 and one(ehr)["status"] == "entered-in-error"


def test_a_dose_that_went_is_corrected_while_the_grant_acts_and_is_no_fault_after_it(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        wrong = [house.give((day + 10) * 288 + 3, [-100 * day] * 4, name=str(day)) for day in range(-14, 0)]
        grant = house.grant(periods=days(house, -14, 14))
        house.push()
        before = words(one(ehr))
        withdraw(house.db, house.patient, wrong[4])
        assert states(house, wrong[4]) == {"held, to be corrected": 1}
        assert house.push().updated == 1 and words(one(ehr)) != before
        assert one(ehr)["docStatus"] == "amended" and states(house, wrong[4]) == {"corrected": 1}
        house.revoke(grant)
        assert house.push().retracted == 0 and one(ehr)["status"] == "current"


def test_a_dose_of_a_source_that_was_not_shared_says_nothing_about_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as (house, ehr):
        for day in range(-14, 0):
            house.give((day + 10) * 288 + 3, [100] * 4, name=str(day))
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("tests.push.house.SOURCE", "libreview")
            hidden = house.give(3, [500] * 4, name="hidden")
        grant = house.grant(periods=days(house, -14, 14))
        house.push()
        house.revoke(grant)
        withdraw(house.db, house.patient, hidden)
        assert house.push().retracted == 0 and one(ehr)["status"] == "current"


def test_a_dose_that_was_not_shared_says_nothing_about_the_document(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        wrong = [house.give((day + 10) * 288 + 3, [100] * 4, name=str(day)) for day in range(-14, 0)]
        grant = house.grant(periods=days(house, -14, 14), kinds=frozenset({Kind.GLUCOSE}))
        house.push()
        house.revoke(grant)
        withdraw(house.db, house.patient, wrong[4])
        writes = len(ehr.writes())
        assert house.push().retracted == 0 and len(ehr.writes()) == writes
        assert one(ehr)["status"] == "current" and not affected(house.db, house.patient, wrong[4])


def test_days_without_a_reading_left_are_entered_in_error_while_the_grant_acts(tmp_path: Path) -> None:
    with standing(FULL) as ehr:
        house = filed(tmp_path, ehr.url, raw=False, kind="document")
        whole = measured(house, -15, 16)
        house.link()
        house.grant(periods=days(house, -14, 14))
        house.push()
        withdraw(house.db, house.patient, whole)
        house.push()
        assert one(ehr)["status"] == "entered-in-error"
        house.db.close()


def test_a_revocation_stops_what_is_due(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        grant = house.grant(periods=days(house, -14, 14))
        ehr.script += [Say(503)]
        house.push()
        house.revoke(grant)
        house.wait(200)
        house.push()
        assert papers(ehr) == []


def test_sharing_the_same_days_anew_is_no_correction(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        grant = house.grant(periods=days(house, -14, 14))
        house.push()
        house.revoke(grant)
        house.wait(60)
        house.grant(periods=days(house, -14, 14))
        done = house.push()
        assert (done.sent, done.updated) == (0, 0) and one(ehr)["meta"]["versionId"] == "1"


def test_a_document_larger_than_a_request_may_be_waits_for_a_human(tmp_path: Path) -> None:
    with world(tmp_path, limits={"bytes": 16_384}) as (house, ehr):
        house.grant(periods=days(house, -14, 14))
        assert "1 entries were refused" in house.push().failed[0] and not papers(ehr)
        assert house.push().failed == ()


def test_two_grants_make_one_document_of_one_day(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        (whole,) = days(house, -14, 14)
        house.grant(periods=PeriodSet((whole,)))
        house.push()
        house.grant(periods=PeriodSet((whole,)), grain=Grain.SUMMARY)
        house.push()
        assert len(papers(ehr)) == 1
