"""Searches as tables: what is understood, what is refused, what is left out."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.consent.asked import Grain, Selector
from bridge.consent.grant import Identity
from bridge.fhir.outcome import Problem
from bridge.fhir.parameters import INCLUDES, PARAMETERS, REVINCLUDES
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.fhir.vocabulary import Vocabulary
from bridge.mapping.resources import READING_TYPES, TYPE_OF
from bridge.period import ZoneHistory
from bridge.reading import BolusKind, EventKind, Stream, Unit
from tests.fhir import disclosed
from tests.fhir.disclosed import BASE, DEVICE, NOON, PATIENT
from tests.shipped import mappings

VOCABULARY = Vocabulary.of(mappings())
STOCKHOLM = ZoneHistory.always("Europe/Stockholm")
LOINC = "http://loinc.org"
OWN = "urn:oid:2.25.29369577241006611057575478751298666011"


def pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def search(query: str, kind: str = "Observation", strict: bool = False) -> Search | Problem:
    return parse(kind, pairs(query), VOCABULARY, base=BASE, strict=strict)


def understood(query: str, kind: str = "Observation", strict: bool = True) -> Search:
    found = search(query, kind, strict)
    assert isinstance(found, Search), found
    return found


def refused(query: str, kind: str = "Observation", strict: bool = False) -> Problem:
    found = search(query, kind, strict)
    assert isinstance(found, Problem), found
    return found


# ------------------------------------------------------------------------------------ one patient a search


@pytest.mark.parametrize(
    "query",
    [
        f"patient={PATIENT}",
        f"patient=Patient/{PATIENT}",
        f"patient={BASE}/Patient/{PATIENT}",
        f"patient:Patient={PATIENT}",
        f"subject=Patient/{PATIENT}",
        f"subject:Patient={PATIENT}",
        f"patient={PATIENT}&subject=Patient/{PATIENT}",
        f"patient={PATIENT},Patient/{PATIENT}",
    ],
)
def test_a_patient_is_named_in_every_way_that_r4_has(query: str) -> None:
    assert understood(query).patient == PATIENT


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Observation", ""),
        ("Observation", "code=99504-3"),
        ("Observation", f"_id={PATIENT}"),
        ("Observation", f"patient={PATIENT},{DEVICE}"),
        ("Observation", f"patient={PATIENT}&subject={DEVICE}"),
        ("Device", f"_id={DEVICE}"),
        ("Provenance", f"target=Observation/{DEVICE}"),
        ("Patient", ""),
        ("Patient", f"_id={PATIENT},{DEVICE}"),
        ("Patient", "identifier=urn:x|1,urn:x|2"),
        ("Patient", "identifier=urn:x|1&identifier=urn:x|2"),
        ("Patient", "identifier=1"),
        ("Patient", "identifier=urn:x|"),
        ("Patient", f"_id={PATIENT}&identifier=urn:x|1"),
        ("Patient", "_id=,"),
    ],
)
def test_a_search_that_does_not_name_exactly_one_patient_is_refused(kind: str, query: str) -> None:
    assert refused(query, kind).status == 400


def test_a_patient_of_another_server_is_not_ours() -> None:
    assert understood(f"patient=https://else.example/fhir/Patient/{PATIENT}").patient != PATIENT


def test_a_patient_is_searched_by_identifier() -> None:
    found = understood(r"identifier=urn:oid:1.2.3|P\,7", "Patient")
    assert found.identifier == ("urn:oid:1.2.3", "P,7") and found.patient is None
    assert found.selectors == frozenset()


@pytest.mark.parametrize("value", ["foo", "2026-13-01", "xx2026"])
def test_a_date_that_is_none_is_said_with_its_parameter_and_the_form_that_is_wanted(value: str) -> None:
    found = refused(f"patient={PATIENT}&date={value}")
    assert found.expression == ("http.date",)
    assert found.sentence.startswith(f"date: {value!r} is no date to search by (")
    assert "write it like date=ge2026-03-01" in found.sentence


# ------------------------------------------------------------------------------------------ what widens


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "more",
    [
        "date=",
        "date=yesterday",
        "date=2026-13-01",
        "date=2026-02-30",
        "date=xx2026",
        "date=2026-03-01T10:00:00 01:00",
        "date=2026-03-01,2026-03-02",
        "date:missing=true",
        "date:not=2026",
        "code:not=99504-3",
        "code:in=http://x",
        "code:text=glucose",
        "code=",
        "patient:Device=x",
        "_id:not=x",
        "device:missing=true",
        "device.identifier=x",
        "patient.name=x",
        "subject:Patient.name=x",
        "_has:Provenance:target:agent=x",
        "_filter=date gt 2020",
        "_list=x",
        "_text=x",
        "_content=x",
        "_query=x",
        "_include:iterate=Observation:device",
        "_count=-1",
        "_count=ten",
        "_count=٣",
        "_count=1&_count=2",
        "_sort=value-quantity",
        "_sort=date,_id",
        "_summary=yes",
        "_total=all",
        "_lastUpdated=gt",
        "_lastUpdated=then",
        "status:unknown=final",
    ],
)
def test_what_could_widen_an_answer_is_refused_always(more: str, strict: bool) -> None:
    problem = refused(f"patient={PATIENT}&{more.replace('+', '%2B')}", strict=strict)
    assert problem.status == 400
    assert problem.expression[0].startswith("http.")


@pytest.mark.parametrize(
    "more",
    [
        "performer=x",
        "component-code=x",
        "_tag=x",
        "_include=Observation:subject",
        "_include=*",
        "_revinclude=Provenance:agent",
        "nonsense=1",
    ],
)
def test_an_unknown_parameter_is_refused_when_strict_else_left_out_of_the_self_link(more: str) -> None:
    assert refused(f"patient={PATIENT}&{more}", strict=True).status == 400
    lenient = understood(f"patient={PATIENT}&{more}&date=ge2026", strict=False)
    assert lenient.pairs == (("patient", PATIENT), ("date", "ge2026"))
    assert lenient.dates and more.split("=")[0] not in lenient.url(BASE)


def test_the_self_link_is_what_was_used_and_reads_back_the_same() -> None:
    query = f"patient={PATIENT}&date=ge2026-03-01T00:00:00%2B01:00&code={LOINC}|99504-3&_count=5"
    found = understood(query)
    again = understood(urlsplit(found.url(BASE)).query)
    assert again == found
    assert found.url(BASE).startswith(f"{BASE}/Observation?patient={PATIENT}&date=ge2026-03-01T00%3A00")


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=12)), max_size=4))
def test_whatever_is_asked_is_understood_or_a_400(strange: list[tuple[str, str]]) -> None:
    found = parse("Observation", [("patient", PATIENT), *strange], VOCABULARY)
    assert isinstance(found, Search) or found.status == 400


@given(st.sampled_from(sorted(PARAMETERS)), st.data())
def test_any_value_of_any_parameter_is_understood_or_a_400(kind: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([each.name for each in PARAMETERS[kind]]))
    value = data.draw(st.text(alphabet="ge2026-03T:Z+|,\\$x/ .", max_size=24))
    found = parse(kind, [(name, value)], VOCABULARY)
    assert isinstance(found, Search) or found.status == 400


# ----------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("token", "streams"),
    [
        ("99504-3", {Stream.GLUCOSE}),
        (f"{LOINC}|99504-3", {Stream.GLUCOSE}),
        (f"{LOINC}|99504-3,{LOINC}|41653-7", {Stream.GLUCOSE, Stream.CAPILLARY}),
        (f"{LOINC}|", {Stream.GLUCOSE, Stream.CAPILLARY, Stream.KETONE, Stream.CARBS}),
        ("|99504-3", set()),
        ("http://snomed.info/sct|99504-3", set()),
        ("2345-7", set()),
    ],
)
def test_a_code_selects_streams_and_one_that_means_nothing_selects_none(
    token: str, streams: set[Stream]
) -> None:
    found = understood(f"patient={PATIENT}&code={token}")
    assert {selector.stream for selector in found.selectors} == streams


@pytest.mark.parametrize("token", ["8418060.12", "alarm-low", f"{OWN}|alarm-low"])
def test_a_code_that_some_rows_wear_selects_those_rows(token: str) -> None:
    (found,) = understood(f"patient={PATIENT}&code={token}").selectors
    assert found == Selector(Stream.EVENT, None, Grain.RAW, frozenset({EventKind.ALARM_LOW}))


def test_the_stream_s_own_code_selects_the_kinds_that_have_none() -> None:
    (found,) = understood(f"patient={PATIENT}&code={OWN}|event").selectors
    assert found.kinds == frozenset({EventKind.UNKNOWN})
    insulin = understood(f"patient={PATIENT}&code=67866001", "MedicationAdministration").selectors
    bolus = [each.kinds or frozenset() for each in insulin if each.stream is Stream.BOLUS]
    assert frozenset().union(*bolus) == frozenset(BolusKind) - {BolusKind.LONG}
    assert {each.stream for each in insulin} == {Stream.BOLUS, Stream.BASAL}


def test_a_category_selects_the_kinds_that_lie_in_it() -> None:
    found = understood(f"patient={PATIENT}&category=survey").selectors
    events = {kind for each in found if each.stream is Stream.EVENT for kind in each.kinds or ()}
    health = {EventKind.ILLNESS, EventKind.STRESS, EventKind.HIGH_SYMPTOMS, EventKind.LOW_SYMPTOMS}
    assert events == health | {EventKind.CYCLE}
    assert {each.stream for each in found} == {Stream.EVENT, Stream.NOTE}
    none = understood(f"patient={PATIENT}&category=survey&code=alarm-low").selectors
    assert none == frozenset()


@pytest.mark.parametrize(
    ("query", "kind", "found"),
    [
        (f"patient={PATIENT}&identifier=urn:uuid:x|{DEVICE}", "MedicationAdministration", {DEVICE}),
        (f"patient={PATIENT}&identifier=urn:other|{DEVICE}", "MedicationAdministration", set()),
        (f"patient={PATIENT}&identifier=urn:uuid:x|a,urn:uuid:x|b&_id=b", "MedicationAdministration", {"b"}),
    ],
)
def test_our_identifier_is_the_id(query: str, kind: str, found: set[str]) -> None:
    read = parse(kind, pairs(query), VOCABULARY, system="urn:uuid:x", strict=True)
    assert isinstance(read, Search) and read.ids == frozenset(found)


def test_a_code_of_a_reading_never_selects_means_and_the_other_way_round() -> None:
    raw = understood(f"patient={PATIENT}&code=99504-3").selectors
    means = understood(f"patient={PATIENT}&code=97507-8").selectors
    assert raw == {Selector(Stream.GLUCOSE, Unit.MG_DL, Grain.RAW)}
    assert {each.grain for each in means} == {Grain.QUARTER_HOUR, Grain.HOUR, Grain.DAY}


@pytest.mark.parametrize(
    ("token", "found"),
    [
        ("laboratory", True),
        ("LAB", True),
        ("http://terminology.hl7.org/CodeSystem/v2-0074|LAB", True),
        ("http://terminology.hl7.org/CodeSystem/v2-0074|laboratory", False),
        ("vital-signs", False),
        ("lab", False),
    ],
)
def test_categories_are_those_that_are_written_on_the_resources(token: str, found: bool) -> None:
    assert bool(understood(f"patient={PATIENT}&category={token}").selectors) is found


def test_repeated_parameters_narrow() -> None:
    query = f"patient={PATIENT}&code=99504-3,41653-7&code=99504-3&device={DEVICE},x&device=Device/{DEVICE}"
    found = understood(f"{query}&_id=a,b&_id=b,c")
    assert {selector.stream for selector in found.selectors} == {Stream.GLUCOSE}
    assert (found.devices, found.ids) == (frozenset({DEVICE}), frozenset({"b"}))


@pytest.mark.parametrize("kind", ["Observation", "Provenance", "Device"])
def test_ids_always_narrow_down_to_nothing_but_never_out_to_everything(kind: str) -> None:
    asked = understood(f"patient={PATIENT}&_id=a&_id=b", kind).asked(1, STOCKHOLM, NOON)
    assert (asked.devices if kind == "Device" else asked.ids) == frozenset()


def test_a_provenance_is_found_by_id_or_by_target_not_by_both() -> None:
    def ids(query: str) -> object:
        return understood(f"patient={PATIENT}&{query}", "Provenance").asked(1, STOCKHOLM, NOON).ids

    assert ids("_id=a") == ids("target=a") == ids("target=Observation/a") == frozenset({"a"})
    assert ids("target=a&target=b") == frozenset()
    assert refused(f"patient={PATIENT}&_id=a&target=b", "Provenance").status == 400


def test_without_a_code_everything_that_has_a_shape_is_asked_for_and_nothing_else() -> None:
    for kind in READING_TYPES:
        found = understood(f"patient={PATIENT}", kind).selectors
        assert {each.stream for each in found} == {each for each in Stream if TYPE_OF[each] == kind}
        assert found == VOCABULARY.everything(kind) < VOCABULARY.everything()


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap", ""])
def test_every_prefix_is_bound_in_the_zone_of_the_patient(prefix: str) -> None:
    found = understood(f"patient={PATIENT}&date={prefix}2026-03-01&_lastUpdated={prefix}2026-03-01")
    asked = found.asked(1, STOCKHOLM, NOON)
    day = STOCKHOLM.day(date(2026, 3, 1))
    for test in (*asked.dates, *asked.updated):
        assert test.prefix == (prefix or "eq")
        if prefix != "ap":
            assert test.period == day


def test_about_reaches_a_tenth_of_the_distance_from_now() -> None:
    found = understood(f"patient={PATIENT}&date=ap2026-03-01T10:00:00Z")
    later = NOON + 1_000_000
    (test,) = found.asked(1, STOCKHOLM, later).dates
    assert (test.period.start, test.period.end) == (NOON - 99_900, NOON + 1000 + 99_900)


# ---------------------------------------------------------------------------------------------- controls


def test_the_order_of_business_is_read() -> None:
    query = f"patient={PATIENT}&_sort=-_lastUpdated&_count=7&_total=accurate&_elements=code,value"
    found = understood(f"{query}&_include=Observation:device&_revinclude=Provenance:target:Observation")
    asked = found.asked(4, STOCKHOLM, NOON, after=b"x")
    assert (asked.order, asked.limit, asked.total, asked.after) == ("-lastUpdated", 7, True, b"x")
    assert (asked.provenance, asked.device_resources, asked.patient_resource) == (True, True, False)
    assert found.elements is not None
    assert {"code", "valueQuantity", "valueString"} <= found.elements


@pytest.mark.parametrize("query", ["_summary=count", "_count=0"])
def test_a_count_alone_asks_for_no_rows(query: str) -> None:
    found = understood(f"patient={PATIENT}&{query}")
    asked = found.asked(1, STOCKHOLM, NOON)
    assert found.count_only and asked.limit == 0 and asked.total


def test_an_absurd_count_is_the_largest_page() -> None:
    assert understood(f"patient={PATIENT}&_count={'9' * 40}").count == 1_000_000


def test_forms_are_no_part_of_a_search() -> None:
    assert understood(f"patient={PATIENT}&_format=json&_pretty=true").pairs == (("patient", PATIENT),)


def test_other_types_ask_for_themselves() -> None:
    person = understood(f"_id={PATIENT}", "Patient").asked(1, STOCKHOLM, NOON)
    assert person.patient_resource and person.selectors == frozenset()
    thing = understood(f"patient={PATIENT}&_id={DEVICE}", "Device").asked(1, STOCKHOLM, NOON)
    assert thing.device_resources and thing.devices == frozenset({DEVICE}) and thing.ids is None
    assert thing.selectors == frozenset()
    sought = understood(f"patient={PATIENT}&target=Observation/{DEVICE}", "Provenance")
    proof = sought.asked(1, STOCKHOLM, NOON)
    assert proof.provenance and proof.ids == frozenset({DEVICE})


def test_everything_that_is_offered_is_read() -> None:
    values = {"token": "x", "reference": "x", "date": "2026", "quantity": "gt5.4", "uri": "x"}
    for kind, offered in PARAMETERS.items():
        for parameter in offered:
            query = "" if kind == "Patient" else f"patient={PATIENT}&"
            value = "urn:x|1" if parameter.name == "identifier" else values[parameter.type]
            found = search(f"{query}{parameter.name}={value}", kind, strict=True)
            assert isinstance(found, Search) or "one patient" in found.sentence
    for name, offered_there in (("_include", INCLUDES), ("_revinclude", REVINCLUDES)):
        for kind, inclusions in offered_there.items():
            for each in inclusions:
                understood(f"patient={PATIENT}&{name}={each}", kind)


def test_an_identifier_that_the_identity_withholds_finds_nobody() -> None:
    found = understood("identifier=urn:example:mrn|P-7", "Patient")
    assert found.admits(disclosed.subject())
    assert not found.admits(disclosed.subject(Identity.PSEUDONYMOUS))
    assert not found.admits(None)
