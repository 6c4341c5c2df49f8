"""XML says what JSON says: the same values in the same order, every decimal as it was written, and valid R4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given

from bridge.consent.disclosure import Disclosure, Origin
from bridge.fhir.outcome import ABSENT, bad_parameter
from bridge.fhir.render import JSON, XML, Answered, FhirBytes, Known, Notation, Renderer
from bridge.reading import Flag, Stream, Unit
from tests.fhir import disclosed
from tests.fhir.disclosed import BASE, NOON, OWN_ORIGIN, PATIENT, disclose, group
from tests.fhir.drawn import pages
from tests.fhir.plain_xml import of_json, of_xml
from tests.fhir.test_bundles import FLAGS, HOSTILE, everything
from tests.fhir.valid import valid

URL = f"{BASE}/Observation?patient={PATIENT}&date=ge2026"


@lru_cache(maxsize=1)
def shipped() -> Renderer:
    return disclosed.renderer()


def agree(make: Callable[[Notation], FhirBytes | None]) -> Any:
    """Both notations of one answer hold the same; the JSON as a tree, judged by fhir.resources as both."""
    json, xml = make(JSON), make(XML)
    assert json is not None and xml is not None
    assert (json.media_type, xml.media_type) == ("application/fhir+json", "application/fhir+xml")
    assert (json.etag, json.last_modified) == (xml.etag, xml.last_modified)
    assert of_xml(xml.body) == of_json(json.body)
    tree = valid(json.body)
    model = get_fhir_model_class(tree["resourceType"])
    assert model.model_validate_xml(bytes(xml.body)) == model.model_validate_json(bytes(json.body))
    return tree


@given(pages())
def test_a_page_of_any_streams_is_the_same_in_both(disclosure: Disclosure) -> None:
    def page(notation: Notation) -> FhirBytes:
        return shipped().searchset(disclosure, URL, URL, include_provenance=True, notation=notation)

    assert of_xml(page(XML).body) == of_json(page(JSON).body)


@given(pages())
def test_a_stream_is_the_page_in_both(disclosure: Disclosure) -> None:
    def stream(notation: Notation) -> bytes:
        made = shipped().stream(URL, notation=notation)
        return bytes(made.rows(disclosure)) + bytes(made.tail())

    assert of_xml(stream(XML)) == of_json(stream(JSON))


ANSWERS: Mapping[str, Callable[[Notation], FhirBytes | None]] = {
    "a page with devices and provenance": lambda n: shipped().searchset(
        everything(total=50), URL, include_devices=True, include_provenance=True, notation=n
    ),
    "the owner's page": lambda n: shipped().searchset(
        disclose(group(3, provenance=True, rows=True, origin=OWN_ORIGIN), owner=True),
        URL,
        include_provenance=True,
        notation=n,
    ),
    "an empty page": lambda n: shipped().searchset(disclose(), URL, notation=n),
    "a count": lambda n: shipped().count_only(17, URL, n),
    "a subsetted page": lambda n: shipped().searchset(
        disclose(group(2)), URL, elements=frozenset({"valueQuantity"}), notation=n
    ),
    "a patient": lambda n: shipped().read(disclose(), "Patient", notation=n),
    "patients": lambda n: shipped().searchset(disclose(), URL, kind="Patient", notation=n),
    "a device": lambda n: shipped().read(disclose(devices=(disclosed.device(),)), "Device", notation=n),
    "a provenance": lambda n: shipped().read(disclose(group(1, provenance=True)), "Provenance", notation=n),
    "an observation": lambda n: shipped().read(disclose(group(1)), "Observation", notation=n),
    "a history": lambda n: shipped().history(
        disclose(group(2, version=np.array([1, 0], np.uint8))), f"{URL}/_history", n
    ),
    "a transaction": lambda n: shipped().transaction(
        disclose(group(2), devices=(disclosed.device(),)), "Patient/7", known(), NOON, n
    )[0],
    "a problem": lambda n: shipped().problem(bad_parameter("date", 'no "<date>" & more'), n),
    "the capability statement": lambda n: shipped().capability("0.0.0", "2026-01-01", n),
    "a batch response": lambda n: shipped().batch_response(
        [
            Answered(200, shipped().searchset(disclose(group(2)), URL, notation=n)),
            Answered(404, shipped().problem(ABSENT, n)),
            Answered(304),
            Answered(200, shipped().read(disclose(group(1)), "Observation", notation=n)),
        ],
        n,
    ),
    "a batch response of nothing": lambda n: shipped().batch_response([], n),
}


def known() -> dict[str, Known]:
    return {"c0000000-0000-0000-0000-000000000001": Known("Observation/88", 'W/"4"')}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_is_the_same_in_both(name: str) -> None:
    agree(ANSWERS[name])


def test_a_number_keeps_its_decimals() -> None:
    values = {"value": np.array([50, 5, 100], np.int64)}
    page = disclose(group(3, unit=Unit.MMOL_L, scale=1, columns=values))
    found = dict.fromkeys(of_xml(shipped().searchset(page, URL, notation=XML).body))
    told = [text for path, text in found if path[-2:] == ("valueQuantity", "value")]
    assert told == ["5.0", "0.5", "10.0"]


def test_hostile_texts_are_text_wherever_they_stand() -> None:
    hostile = HOSTILE + "]]> <!-- &lt; &#0; ' \r"
    subject = disclosed.subject(name=hostile)
    thing = disclosed.device(manufacturer=hostile, model=hostile, serial=hostile, kind=hostile)
    origin = Origin(hostile, hostile, NOON, OWN_ORIGIN.artifact, "ab" * 32, hostile, hostile)
    said = {"text": np.array([hostile, hostile], object)}
    page = disclose(
        group(2, provenance=True, rows=True, origin=origin, stream=Stream.NOTE, unit=Unit.NONE, columns=said),
        devices=(thing,),
        owner=True,
        subject=subject,
    )
    url = f"{URL}&x={hostile}"
    agree(
        lambda n: shipped().searchset(
            page, url, url, include_devices=True, include_provenance=True, notation=n
        )
    )
    agree(lambda n: shipped().searchset(page, URL, kind="Patient", notation=n))
    agree(lambda n: shipped().transaction(page, hostile, {}, NOON, n)[0])


# ------------------------------------------------------------------------------------- the order of elements


def disordered(tree: Any, model: Any, path: str = "") -> list[str]:
    """Elements of a resource that stand before one that R4 puts before them (XML has an order, R4 2.6.1)."""
    model = get_fhir_model_class(tree["resourceType"]) if "resourceType" in tree else model
    order = model.elements_sequence()
    fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    aside = (
        {"resourceType", "url"} if model.__name__ == "Extension" else {"resourceType"}
    )  # an attribute in XML
    names = [name for name in tree if name not in aside]
    wrong = [f"{path}.{name}" for name in names if name not in order]
    places = [order.index(name) for name in names if name in order]
    wrong += [f"{path}: {names}"] if places != sorted(places) else []
    for name, value in tree.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                wrong += disordered(each, _model(fields[name]), f"{path}.{name}")
    return wrong


def _model(annotation: Any) -> Any:
    """The model of an element's type, found inside Optional and List."""
    inner = getattr(annotation, "__args__", ())
    if not inner:
        return get_fhir_model_class(annotation.__name__.removesuffix("Type"))
    return _model(inner[0])


@given(pages())
def test_elements_stand_in_the_order_of_r4(disclosure: Disclosure) -> None:
    page = valid(shipped().searchset(disclosure, URL, URL, include_provenance=True).body)
    assert disordered(page, None) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_elements_of_every_answer_stand_in_the_order_of_r4(name: str) -> None:
    content = ANSWERS[name](JSON)
    assert content is not None
    assert disordered(valid(content.body), None) == []


def test_marks_are_seen_by_both() -> None:
    page = disclose(group(len(FLAGS), columns={"flags": FLAGS | np.uint16(Flag.UNCERTAIN)}))
    agree(lambda n: shipped().searchset(page, URL, notation=n))
