"""What is pushed and what stands in reports, judged by HAPI's validator with R4 and the HL7 CGM guide.

Law: as `test_ours_is_valid.py`. A delivery is judged as the Bundle that a receiver gets: readings and summaries, as a
transaction, as the guide's submission and as a batch, whose bundle profile is among what is checked.
"""

from __future__ import annotations

from collections import Counter

import pytest

from bridge.app import Bridge
from bridge.consent.asked import Asked, Selector, Way
from bridge.consent.documents import READINGS
from bridge.consent.reporting import Reporting
from bridge.fhir.consignment import Form, Manner, Told
from bridge.fhir.render import JSON, XML, Filing, Known, Notation
from bridge.fhir.reports import Wish
from bridge.period import DAY, HOUR, Period
from bridge.reading import Stream, Unit
from bridge.store.patients import add as add_patient
from bridge.store.patients import load
from tests.peers.everything import BEGINS, absorbed
from tests.peers.test_operations_are_valid import a_fortnight
from tests.peers.test_ours_is_valid import granted, house, tolerated
from tests.peers.validator import Validator

__all__ = ["house"]

WHOLE = Period(BEGINS, BEGINS + 15 * DAY)


def somebody(found: Bridge, name: str) -> int:
    patient = add_patient(found.db, "", None, "Europe/Berlin", (("urn:mrn", name),))
    absorbed(found.db, patient, [a_fortnight(Unit.MG_DL, 0)], name.encode())
    return patient


def remarks(validator: Validator, body: bytes) -> Counter[str]:
    issues = [each for each in validator.issues(body) if each.severity != "information"]
    return Counter(f"{each.location}: {each.message}" for each in issues if not tolerated(each))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", [Form.TRANSACTION, Form.SUBMISSION, Form.BATCH])
def test_what_is_pushed_is_a_valid_bundle_of_its_kind(
    house: Bridge, validator: Validator, form: Form
) -> None:
    patient = somebody(house, f"pushed {form}")
    who = granted(house, patient, "raw", "full", "*")
    glucose = frozenset({Selector(Stream.GLUCOSE)})
    wishes = (
        Asked(patient, Way.LOOK, "query", "readings", glucose, limit=20, device_resources=True),
        Asked(patient, Way.LOOK, "query", "summary", frozenset(), reporting=Reporting(WHOLE)),
    )
    found = Counter[str]()
    for wish in wishes:
        seen = house.gate.disclose_now(who, wish)
        to = Filing("Patient/p1", {}, house.now())
        for ask, body in house.renderer.consignment(seen, to, Manner(form), Told()).letters:
            assert ask.is_bundle and ask.entries
            found += remarks(validator, bytes(body))
    assert found == Counter()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", [Form.TRANSACTION, Form.BATCH, Form.SUBMISSION, Form.SINGLE])
@pytest.mark.parametrize("kind", ["DocumentReference", "DiagnosticReport"])
def test_a_document_that_is_pushed_is_valid_new_and_in_place_of_another(
    house: Bridge, validator: Validator, form: Form, kind: str
) -> None:
    patient = somebody(house, f"filed {form} {kind}")
    who = granted(house, patient, "raw", "full", "*")
    zones, found = load(house.db, patient).zones, Counter[str]()
    about = Reporting(Period(BEGINS, BEGINS + 14 * DAY + HOUR), documents=kind)
    wish = Asked(
        patient, Way.LOOK, "push", "document", READINGS, reporting=about, patient_resource=True,
        device_resources=True,
    )  # fmt: skip
    seen = house.gate.disclose_now(who, wish)
    (report,) = (each.report for each in seen.summaries)
    assert report is not None
    held = {report.id(kind): Known(f"{kind}/17", 'W/"1"')}
    for known, updates in (({}, True), (held, True), (held, False)):
        to = Filing("Patient/p1", known, house.now())
        made = house.renderer.report_letters(seen, zones, to, Manner(form, updates=updates), kind)
        assert made.letters or (kind == "DiagnosticReport" and made.left)
        for _, body in made.letters:
            found += remarks(validator, bytes(body))
    assert found == Counter()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("notation", [JSON, XML], ids=["json", "xml"])
def test_reports_leave_as_valid_r4_and_as_the_report_of_the_cgm_guide(
    house: Bridge, validator: Validator, notation: Notation
) -> None:
    patient = somebody(house, f"reported {notation.media_type}")
    who = granted(house, patient, "raw", "full", "*")
    zones, found = load(house.db, patient).zones, Counter[str]()
    for kind in ("DiagnosticReport", "DocumentReference", "Binary"):
        about = Reporting(Period(BEGINS, BEGINS + 14 * DAY + HOUR), documents=kind)
        wish = Asked(
            patient, Way.LOOK, "query", "report", READINGS, reporting=about, patient_resource=True,
            device_resources=True,
        )  # fmt: skip
        seen = house.gate.disclose_now(who, wish)
        body = house.renderer.reports(seen, Wish(kind, zones, notation))
        assert body is not None and kind.encode() in bytes(body)
        found += remarks(validator, bytes(body))
    assert found == Counter()
