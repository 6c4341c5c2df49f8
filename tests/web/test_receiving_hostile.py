"""Submissions that lie, are huge or aim at something else: refused with a place, alone where others are good."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bridge.period import MINUTE
from bridge.receive.bundle import MOST_BYTES, MOST_ENTRIES
from bridge.store.artifacts import listed
from bridge.web.worn import MOST
from tests.web.submitted import (
    JSON,
    SCOPE,
    START,
    XML,
    Resource,
    bundle,
    device,
    entry,
    identified,
    intake,
    observation,
    quantity,
    readings,
    sentences,
    statuses,
    submit,
    xml,
)
from tests.web.world import World, outcome


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = World(tmp_path_factory.mktemp("hostile") / "home")
    made.clinic = made.register("Submitting EHR", "Clinic", f"{SCOPE} system/*.rs")
    intake(made, made.ada)
    yield made
    made.close()


@pytest.fixture
def open_(shared: World) -> World:
    """A world whose clinic may submit about Ada; it may submit anew in each test."""
    shared.clock.now += 2 * MINUTE
    return shared


@pytest.fixture
def ada(open_: World) -> str:
    return open_.patient_id(open_.ada)


def coded(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


READING_CODE = coded("99504-3")["coding"]
MODIFIED = {"modifierExtension": [{"url": "http://x.example/not", "valueBoolean": True}]}
XXE = b"""<?xml version="1.0"?><!DOCTYPE Bundle [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<Bundle xmlns="http://hl7.org/fhir"><id value="&x;"/></Bundle>"""
LAUGHS = b"""<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Bundle xmlns="http://hl7.org/fhir"><id value="&b;"/></Bundle>"""
BROKEN: dict[str, tuple[Resource, int, str]] = {
    "the unit as the code": ({"valueQuantity": quantity(120, unit="mg/dL")}, 422, "valueQuantity"),
    "the unit of another code": ({"valueQuantity": quantity(5.5, "mmol/L", "mmol/l")}, 422, "valueQuantity"),
    "no system": ({"valueQuantity": {"value": 120, "unit": "mg/dl", "code": "mg/dL"}}, 422, "valueQuantity"),
    "no amount and no reason": ({"valueQuantity": None}, 422, "value"),
    "a text as an amount": ({"valueQuantity": quantity("120")}, 422, "valueQuantity"),
    "another type of value": ({"valueString": "120"}, 422, "resource"),
    "a comparator of none": ({"valueQuantity": quantity(120, comparator="~")}, 422, "valueQuantity"),
    "a value in mmol/L called mg/dL": ({"valueQuantity": quantity(5.5)}, 422, "amount"),
    "an endless amount": ({"valueQuantity": quantity(10**300)}, 400, "valueQuantity.value has a number"),
    "a code of another figure": ({"code": coded("97505-2")}, 422, "code"),
    "a code of another system": ({"code": coded("99504-3", "http://snomed.info/sct")}, 422, "code"),
    "two codes of the guide": ({"code": {"coding": [*READING_CODE, *coded("97507-8")["coding"]]}}, 422, "code"),
    "no code": ({"code": None}, 422, "resource"),
    "a day": ({"effectiveDateTime": "2026-09-20"}, 422, "effectiveDateTime"),
    "no offset": ({"effectiveDateTime": "2026-09-20T10:00:00"}, 422, "effectiveDateTime"),
    "a day that is none": ({"effectiveDateTime": "2026-02-31T10:00:00Z"}, 422, "effectiveDateTime"),
    "the year 1": ({"effectiveDateTime": "0001-01-01T00:00:00+14:00"}, 422, "effectiveDateTime"),
    "next year": ({"effectiveDateTime": "2027-09-20T10:00:00Z"}, 422, "resource"),
    "a period": ({"effectiveDateTime": None, "effectivePeriod": {"start": "2026-09-20"}}, 422, "effectiveDateTime"),
    "a withdrawal of nothing": (
        {"status": "entered-in-error", "effectiveDateTime": "2026-08-01T10:00:00Z"}, 422, "resource"
    ),
    "a leap second": ({"effectiveDateTime": "2026-06-30T23:59:60Z"}, 422, "effectiveDateTime is in a leap second"),
    "a withdrawal of a leap second": (
        {"status": "entered-in-error", "effectiveDateTime": "2026-07-01T01:59:60.5+02:00"}, 422, "effectiveDateTime"
    ),
    "a figure until a leap second": (
        {"code": coded("97507-8"), "effectiveDateTime": None,
         "effectivePeriod": {"start": "2026-09-09", "end": "2026-09-15T23:59:60Z"}}, 422, "effectivePeriod.end"
    ),
    "a preliminary word": ({"status": "preliminary"}, 422, "status"),
    "a modifier": (MODIFIED, 422, "modifierExtension"),
    "a modifier further in": ({"component": [MODIFIED | {"code": coded("97507-8")}]}, 422, "modifierExtension"),
    "rules of somebody's own": ({"implicitRules": "http://x.example/rules"}, 422, "implicitRules"),
    "an unknown element": ({"<script>": 1}, 422, "resource"),
    "a subject that is a text": ({"subject": "Patient/x"}, 422, "subject"),
    "no subject": ({"subject": None}, 422, "subject"),
    "a device elsewhere": ({"device": {"reference": "https://elsewhere.example/Device/1"}}, 422, "device"),
    "a device of nobody": ({"device": {"reference": "Device/1"}}, 422, "device"),
    "a device that is the reading": ({"device": {"reference": "urn:uuid:me"}}, 422, "device"),
    "levels without end": ({"extension": [json.loads('{"extension":[' * 60 + "]}" * 60)]}, 413, "levels"),
}  # fmt: skip


IN_JSON_ALONE = ("an unknown element", "a text as an amount", "a subject that is a text")
CASES = [
    (name, media) for name in BROKEN for media in (JSON, XML) if media == JSON or name not in IN_JSON_ALONE
]


@pytest.mark.parametrize(("name", "media"), CASES)
def test_an_entry_that_breaks_its_profile_is_refused_with_its_place(
    open_: World, ada: str, name: str, media: str
) -> None:
    changed, status, said = BROKEN[name]
    bad = entry(observation(ada, START, **changed), url="urn:uuid:me")
    good = readings(ada, 1, START + list(BROKEN).index(name) * MINUTE, conditional=False)[0]
    answer = submit(open_, bundle([bad, good]), media)
    if media == XML and answer.status_code == 400:
        assert name == "levels without end"
        return
    first, second = statuses(answer)
    assert (first, second) in ((status, 201), (status, 200)), answer.text
    sentence = sentences(answer)[0]
    assert "Bundle.entry[0]" in sentence and said in sentence and "script" not in sentence


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET", "PATCH", "post", ""])
def test_nothing_but_post_is_taken(open_: World, ada: str, method: str) -> None:
    answer = submit(open_, bundle([entry(observation(ada, START), method=method), *readings(ada, 1)]))
    assert statuses(answer)[0] == 405 and statuses(answer)[1] in (200, 201)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"url": "Observation/1"}, 422),
        ({"url": "Patient"}, 400),
        ({"url": "Observation?identifier=x"}, 422),
        ({"url": "/Observation"}, 422),
        ({"ifMatch": 'W/"1"'}, 400),
        ({"ifNoneMatch": "*"}, 400),
        ({"ifNoneExist": "identifier=a|b&status=final"}, 400),
        ({"ifNoneExist": "patient=Patient/1"}, 400),
        ({"ifNoneExist": "identifier=only-a-value"}, 400),
        ({"ifNoneExist": "identifier=https://app.example/readings|other"}, 400),
        ({"ifNoneExist": "identifier:of-type=a|b|c"}, 400),
    ],
)
def test_what_a_request_asks_and_is_not_known_here_creates_nothing(
    open_: World, ada: str, changed: dict[str, str], status: int
) -> None:
    before = len(listed(open_.db, open_.ada))
    one = entry(identified(observation(ada, START), "r1"))
    answer = submit(open_, bundle([one | {"request": one["request"] | changed}]))
    assert statuses(answer) == [status] and len(listed(open_.db, open_.ada)) == before


def test_types_that_the_guide_does_not_have_are_refused_alone(open_: World, ada: str) -> None:
    medication = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": {"reference": f"Patient/{ada}"},
    }
    consent = {"resourceType": "Consent", "status": "active"}
    binary = {"resourceType": "Binary", "contentType": "text/html", "data": "PHNjcmlwdD4="}
    inner = bundle(readings(ada, 1))
    answer = submit(
        open_, bundle([*(entry(each) for each in (medication, consent, binary, inner)), *readings(ada, 1)])
    )
    assert statuses(answer)[:4] == [422] * 4 and statuses(answer)[4] in (200, 201)


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"", JSON, 400),
        (b"[]", JSON, 400),
        (b"null", JSON, 400),
        (b"{", JSON, 400),
        (b'{"resourceType": "Bundle", "x": NaN}', JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b'{"a":' * 100_000, JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b"<Bundle/>", XML, 400),
        (b"<Bundle xmlns='http://hl7.org/fhir'>" * 500, XML, 400),
        (XXE, XML, 400),
        (LAUGHS, XML, 400),
        (b'<!DOCTYPE Bundle SYSTEM "http://elsewhere.example/x.dtd"><Bundle xmlns="http://hl7.org/fhir"/>', XML, 400),
        (json.dumps({"resourceType": "Patient"}).encode(), JSON, 400),
        (json.dumps(bundle([], type="transaction")).encode(), JSON, 400),
        (json.dumps({"resourceType": "Bundle", "type": "batch"}).encode(), JSON, 400),
        (json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [1]}).encode(), JSON, 400),
        (json.dumps({"resourceType": "Parameters"}).encode(), JSON, 400),
        (json.dumps(bundle([{}])).encode(), XML, 400),
        (xml(bundle([{}])), JSON, 400),
        (json.dumps(bundle([{}])).encode(), "application/json-patch+json", 415),
        (json.dumps(bundle([{}])).encode(), "text/html", 415),
    ],
)  # fmt: skip
def test_what_is_no_submission_is_refused_whole_with_one_outcome(
    open_: World, body: bytes, media: str, status: int
) -> None:
    answer = submit(open_, body, media)
    assert answer.status_code == status
    assert "passwd" not in outcome(answer)["issue"][0]["diagnostics"] and b"root:" not in answer.content


def test_entries_that_are_none_are_refused_in_their_places(open_: World, ada: str) -> None:
    sent = bundle(
        [{}, {"resource": {}}, {"request": {"method": "POST", "url": "Observation"}}, *readings(ada, 1)]
    )
    sent["entry"] += [None, 7, []]
    answer = submit(open_, sent)
    assert [status >= 400 for status in statuses(answer)] == [True, True, True, False, True, True, True]


def test_ten_thousand_entries_are_refused_before_any_is_looked_at(open_: World, ada: str) -> None:
    one = entry(observation(ada, START))
    assert submit(open_, bundle([one] * 10_000)).status_code == 413
    assert MOST_ENTRIES == 5000


def test_a_body_without_end_is_refused(open_: World) -> None:
    assert submit(open_, b" " * (MOST_BYTES + 1)).status_code == 413
    assert submit(open_, b"{}", headers={"Content-Encoding": "gzip"}).status_code == 415


def test_a_full_url_that_stands_twice_names_nobody(open_: World, ada: str) -> None:
    one, two = entry(device("SN-1"), url="urn:uuid:d"), entry(device("SN-2"), url="urn:uuid:d")
    reading = entry(observation(ada, START, device={"reference": "urn:uuid:d"}))
    assert statuses(submit(open_, bundle([one, two, reading])))[2] == 422


def test_readings_of_a_refused_device_are_refused_with_it(open_: World, ada: str) -> None:
    bob = open_.patient_id(open_.bob)
    his = entry(device("SN-9", patient={"reference": f"Patient/{bob}"}), url="urn:uuid:d")
    nameless = entry(device("SN-9", deviceName=[]), url="urn:uuid:n")
    sent = [his, nameless]
    sent += [
        entry(observation(ada, START, device={"reference": url})) for url in ("urn:uuid:d", "urn:uuid:n")
    ]
    assert statuses(submit(open_, bundle(sent))) == [422] * 4


def test_texts_of_the_sender_are_never_repeated(open_: World, ada: str) -> None:
    secret = "SECRET-OF-SOMEBODY"
    sent = [
        entry(observation(ada, START, status=secret)),
        entry(observation(secret, START)),
        entry(observation(ada, START, valueQuantity=quantity(120, unit=secret))),
        entry(identified(observation(ada, START), secret), ifNoneExist=secret),
        entry(observation(ada, START), method=secret),
        entry(observation(ada, START, **{secret: 1})),
        entry(observation(ada, START, valueQuantity=quantity(120) | {secret: 1})),
        entry(observation(ada, START)),
    ]
    answer = submit(open_, bundle(sent))
    assert statuses(answer)[:-1] == [422, 422, 422, 400, 405, 422, 422] and secret not in answer.text


def test_many_readings_of_one_moment_are_refused_or_kept_and_never_fail(open_: World, ada: str) -> None:
    crowd = [entry(observation(ada, START + 9 * MINUTE, 40 + step)) for step in range(300)]
    answer = submit(open_, bundle(crowd))
    assert answer.status_code in (200, 422)


def test_more_devices_than_a_person_wears_are_refused_and_long_names_too(open_: World, ada: str) -> None:
    crowd = [entry(device(f"SN-{at}")) for at in range(MOST + 5)]
    told = statuses(submit(open_, bundle([entry(observation(ada, START)), *crowd])))
    assert 422 in told[-8:] and set(told[1:900]) <= {200, 202}
    long = submit(open_, bundle([entry(observation(ada, START)), entry(device("S" * 300))]))
    assert statuses(long)[1] == 422 and "255" in sentences(long)[1]


# ------------------------------------------------------------------------------------------- $validate


def test_validate_makes_the_same_checks_and_keeps_nothing(open_: World, ada: str) -> None:
    before = len(listed(open_.db, open_.ada))
    good, bad = observation(ada, START), observation(ada, START, valueQuantity=quantity(120, unit="mg/dL"))
    whole = submit(open_, bundle([entry(good), entry(bad)]), path="/fhir/Bundle/$validate")
    one = submit(open_, bad, path="/fhir/Observation/$validate")
    fine = submit(open_, {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": good}]},
                  path="/fhir/Observation/$validate")  # fmt: skip
    for answer, severity, where in (
        (whole, "error", "Bundle.entry[1]"),
        (one, "error", "Observation"),
        (fine, "information", ""),
    ):
        assert answer.status_code == 200
        (issue,) = answer.json()["issue"]
        assert issue["severity"] == severity and where in issue["diagnostics"]
    assert len(listed(open_.db, open_.ada)) == before


def test_validate_knows_nobody(open_: World, ada: str) -> None:
    texts = {submit(open_, bundle(readings(who, 1)), path="/fhir/Bundle/$validate").text
             for who in (ada, open_.patient_id(open_.bob), "nobody")}  # fmt: skip
    assert len(texts) == 1
    elsewhere = observation(ada, START, subject={"reference": "https://elsewhere.example/Patient/1"})
    told = submit(open_, bundle([entry(elsewhere)]), path="/fhir/Bundle/$validate").json()
    assert "names nobody" in told["issue"][0]["diagnostics"]


@pytest.mark.parametrize("number", ["1e6000000", "-1E-6000000", "9" * 41, "1e99999999999999999999", "1.0e31"])
def test_a_number_beyond_all_reckoning_is_refused_with_its_place_before_it_is_made(
    open_: World, ada: str, number: str
) -> None:
    """`int(Decimal("1e6000000"))` holds every thread of the process for ten seconds."""
    sent = observation(ada, START, component=[{"code": {"text": "x"}, "valueInteger": 123456789}])
    token, began = open_.token(scope=SCOPE), time.process_time()
    for path, resource, status, where in (
        ("Observation/$validate", sent, 200, "Observation.component[0].valueInteger "),
        (
            "$submit-cgm-bundle",
            bundle([entry(sent)]),
            200,
            "Bundle.entry[0].resource.component[0].valueInteger ",
        ),
    ):
        written = json.dumps(resource).replace("123456789", number).encode()
        answer = open_.ask(
            "POST", f"/fhir/{path}", content=written, token=token, headers={"Content-Type": JSON}
        )
        assert answer.status_code == status and "digits" in answer.text
        told = sentences(answer)[0] if path.startswith("$") else answer.json()["issue"][0]["diagnostics"]
        assert told.startswith(where)
    assert time.process_time() - began < 3


def test_validate_takes_no_tree_without_end(open_: World, ada: str) -> None:
    deep = observation(ada, START, extension=[json.loads('{"extension":[' * 300 + "]}" * 300)])
    told = submit(open_, deep, path="/fhir/Observation/$validate")
    assert told.status_code == 200 and "levels" in told.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("path", ["Device", "Patient", "DiagnosticReport", "ServiceRequest", "Bundle"])
def test_validate_of_another_type_says_so(open_: World, ada: str, path: str) -> None:
    told = submit(open_, observation(ada, START), path=f"/fhir/{path}/$validate")
    assert told.status_code == 200 and told.json()["issue"][0]["severity"] == "error"


def test_validate_needs_a_scope_of_that_type(open_: World, ada: str) -> None:
    reading = open_.token(scope="system/*.rs")
    assert (
        submit(open_, observation(ada, START), path="/fhir/Observation/$validate", token=reading).status_code
        == 403
    )


def test_the_capability_statement_says_what_is_received(open_: World) -> None:
    told = open_.get("/fhir/metadata", token=None).json()
    assert "http://hl7.org/fhir/uv/cgm/CapabilityStatement/cgm-data-receiver" in told["instantiates"]
    offered = {each["name"]: each for each in told["rest"][0]["operation"]}
    operation = offered["submit-cgm-bundle"]
    assert "ifNoneExist" in operation["documentation"]
    assert (
        "system/Observation.c"
        in open_.get("/fhir/.well-known/smart-configuration", token=None).json()["scopes_supported"]
    )
