"""What headers mean, as tables."""

from __future__ import annotations

import pytest

from bridge.fhir.render import JSON, XML, Notation
from bridge.web.call import Refused, decoded
from bridge.web.conditional import is_unchanged
from bridge.web.negotiate import acceptable, is_gzip_wanted, is_strict, sent_as


@pytest.mark.parametrize(
    ("accept", "form", "wanted"),
    [
        (b"", None, JSON),
        (b"*/*", None, JSON),
        (b"application/fhir+json", None, JSON),
        (b"application/fhir+json; fhirVersion=4.0", None, JSON),
        (b"application/fhir+json; fhirVersion=5.0", None, None),
        (b"application/fhir+json; fhirVersion=5.0, application/fhir+json;q=0.1", None, JSON),
        (b"application/fhir+json; fhirVersion=5.0, application/fhir+xml;q=0.1", None, XML),
        (b"application/json;q=0.5, application/fhir+xml", None, XML),
        (b"application/json, application/fhir+xml", None, JSON),
        (b"application/fhir+xml, application/json;q=0.9", None, XML),
        (b"application/fhir+xml, */*", None, XML),
        (b"application/fhir+xml;q=0.5, */*", None, JSON),
        (b"application/json, text/plain, */*", None, JSON),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None, XML),
        (b"Application/JSON", None, JSON),
        (b"TEXT/XML", None, XML),
        (b"application/*", None, JSON),
        (b"application/fhir+xml", None, XML),
        (b"application/fhir+json;q=0, */*", None, XML),
        (b"text/html", None, None),
        (b"application/json;q=0", None, None),
        (b"application/json;q=oops", None, None),
        (b",", None, None),
        (b"application/fhir+xml", "json", JSON),
        (b"application/fhir+xml", "application/fhir+json", JSON),
        (b"application/fhir+xml", "application/fhir json", JSON),
        (b"application/fhir+json", "xml", XML),
        (b"*/*", "text/xml", XML),
        (b"*/*", "application/fhir+xml", XML),
        (b"*/*", "application/fhir xml", XML),
        (b"*/*", "html", None),
        (b"*/*", "", None),
        (b"*/*", "application/fhir+json;fhirVersion=3.0", None),
    ],
)
def test_json_or_xml_or_nothing(accept: bytes, form: str | None, wanted: Notation | None) -> None:
    assert acceptable(accept, form) is wanted


def test_a_body_is_read_as_what_it_says_it_is() -> None:
    assert sent_as("application/fhir+json") is sent_as("application/json") is JSON
    assert sent_as("application/fhir+xml") is sent_as("text/xml") is XML
    assert sent_as("text/plain") is sent_as("") is sent_as("*/*") is None


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (b"", False),
        (b"gzip", True),
        (b"x-gzip", True),
        (b"GZIP;q=0.001", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.0, deflate", False),
        (b"br, gzip, deflate", True),
        (b"br", False),
        (b"identity", False),
        (b"*", True),
        (b"*;q=0", False),
        (b"gzip;q=0, *", False),
    ],
)
def test_gzip_is_sent_where_it_is_accepted(header: bytes, wanted: bool) -> None:
    assert is_gzip_wanted(header) is wanted


@pytest.mark.parametrize(
    ("prefer", "strict"),
    [
        (b"", False),
        (b"handling=strict", True),
        (b"respond-async, handling=strict", True),
        (b'return=minimal; handling="strict"', True),
        (b"Handling = Strict", True),
        (b"handling=lenient", False),
        (b"handling=stricter", False),
    ],
)
def test_strict_handling_is_a_wish_of_the_asker(prefer: bytes, strict: bool) -> None:
    assert is_strict(prefer) is strict


@pytest.mark.parametrize(
    ("none_match", "unchanged"),
    [
        (b"", False),
        (b'W/"1"', True),
        (b'"1"', True),
        (b'"0", W/"1"', True),
        (b"*", True),
        (b'W/"2"', False),
        (b"1", False),
    ],
)
def test_a_condition_holds_or_not(none_match: bytes, unchanged: bool) -> None:
    assert is_unchanged(none_match, 'W/"1"') is unchanged
    assert not is_unchanged(none_match, None)


def test_pairs_keep_their_order_and_repetitions() -> None:
    found = decoded(b"date=ge2020&patient=a&date=lt2021&flag&x=%C3%A9+%2B")
    assert found == (("date", "ge2020"), ("patient", "a"), ("date", "lt2021"), ("flag", ""), ("x", "é +"))


@pytest.mark.parametrize("text", [b"x=%FF", b"x=%C3", b"\xff=1", b"&".join(b"a=1" for _ in range(201))])
def test_pairs_that_are_no_utf8_or_too_many_are_refused(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decoded(text)
    assert refused.value.problem.status == 400
