"""Reports as requests to a chart: one resource each, once, corrected or replaced, with the receiver's references."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.consent.disclosure import Disclosure
from bridge.fhir.consignment import Form, Manner
from bridge.fhir.filing import Filing, Known
from bridge.fhir.render import JSON
from bridge.fhir.reports import BINARY, DIAGNOSTIC, DOCUMENT, RAW, Wish
from bridge.reading import Unit
from tests.fhir.disclosed import renderer
from tests.fhir.valid import valid
from tests.report.made import BERLIN, NOW, doses, seen, sensor


@pytest.fixture
def told(tmp_path: Path) -> Disclosure:
    return seen(
        tmp_path,
        sensor(14),
        doses(14, "carelink-csv", "P1"),
        doses(14, "carelink-csv", "P1", Unit.UNITS_PER_HOUR),
    )


def letter(
    told: Disclosure, kind: str, known: dict[str, Known], updates: bool = True
) -> tuple[Any, dict[str, Any]]:
    manner = Manner(Form.SINGLE, updates=updates)
    found = renderer().report_letters(told, BERLIN, Filing("Patient/9", known, NOW), manner, kind)
    ((ask, body),) = found.letters
    return ask, json.loads(bytes(body))


@pytest.mark.parametrize("kind", [DOCUMENT, DIAGNOSTIC])
def test_a_new_report_is_created_once_with_the_pdf_in_it(told: Disclosure, kind: str) -> None:
    ask, body = letter(told, kind, {})
    report = told.summaries[0].report
    assert report is not None
    assert (ask.method, ask.path) == ("POST", kind) and ask.once.endswith(f"|{report.id(kind)}")
    assert body["subject"] == {"reference": "Patient/9"} and "id" not in body and "result" not in body
    form = body["presentedForm"][0] if kind == DIAGNOSTIC else body["content"][0]["attachment"]
    assert base64.b64decode(form["data"]).startswith(b"%PDF-") and "url" not in form
    valid(json.dumps(body).encode())


def test_what_a_receiver_holds_is_put_over_its_copy_or_replaced(told: Disclosure) -> None:
    report = told.summaries[0].report
    assert report is not None
    known = {report.id(DOCUMENT): Known("DocumentReference/17", 'W/"3"')}
    ask, body = letter(told, DOCUMENT, known)
    assert (ask.method, ask.path, ask.match) == ("PUT", "DocumentReference/17", 'W/"3"') and body[
        "id"
    ] == "17"
    ask, body = letter(told, DOCUMENT, known, updates=False)
    number = body["masterIdentifier"]["value"]
    assert ask.method == "POST" and ask.once.endswith(f"|{number}") and number.startswith(report.id(DOCUMENT))
    assert body["relatesTo"] == [{"code": "replaces", "target": {"reference": "DocumentReference/17"}}]
    manner = Manner(Form.SINGLE, updates=False)
    held = {report.id(DIAGNOSTIC): Known("DiagnosticReport/4")}
    found = renderer().report_letters(told, BERLIN, Filing("Patient/9", held, NOW), manner, DIAGNOSTIC)
    assert not found.letters and [each.id for each in found.left] == [report.id(DIAGNOSTIC)]


def test_a_result_refers_to_what_the_receiver_holds_of_the_summary(told: Disclosure) -> None:
    (_, panel), *_ = told.summaries[0].members
    _, body = letter(told, DIAGNOSTIC, {panel: Known("Observation/5")})
    assert body["result"] == [{"reference": "Observation/5"}]


@pytest.mark.parametrize("kind", [DIAGNOSTIC, DOCUMENT, BINARY])
def test_each_is_a_resource_of_r4(told: Disclosure, kind: str) -> None:
    made = renderer().reports(told, Wish(kind, BERLIN, JSON))
    assert made is not None and valid(bytes(made))["resourceType"] == kind
    raw = renderer().reports(told, Wish(BINARY, BERLIN, RAW))
    assert raw is not None and raw.media_type == "application/pdf" and bytes(raw).startswith(b"%PDF-")
