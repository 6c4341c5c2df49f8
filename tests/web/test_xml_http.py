"""XML over HTTP: asked for by header or parameter, given for every answer, errors too, and read without danger."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bridge.web.envelope import MOST_ENTRIES
from tests.fhir.plain_xml import of_json, of_xml
from tests.web.test_fhir_http import MISTAKES, ada, shown
from tests.web.world import World, leaks, linked, resources

XML = {"Accept": "application/fhir+xml"}
FHIR = 'xmlns="http://hl7.org/fhir"'
TYPE = "application/fhir+xml; charset=utf-8"


def values(answer: httpx.Response, *path: str) -> list[str]:
    """What an XML answer says at the end of a path."""
    assert answer.headers["content-type"] == TYPE
    return [text for at, text in of_xml(answer.content) if at[-len(path) :] == path]


@pytest.mark.parametrize("kind", ["Observation", "Device", "Patient", "Provenance"])
def test_a_search_says_in_xml_what_it_says_in_json(granted: World, kind: str) -> None:
    person = granted.patient_id(granted.ada)
    path = (
        f"Patient?_id={person}" if kind == "Patient" else ada(granted, "_count=1000&date=eq2026-09-10", kind)
    )
    path = path.replace("&date=eq2026-09-10", "") if kind == "Device" else path
    xml, json = granted.get(path, headers=XML), granted.get(path)
    assert _without_page_links(of_xml(xml.content)) == _without_page_links(of_json(json.content))
    assert xml.headers["etag"] == json.headers["etag"]
    assert resources(json.json())


@pytest.mark.parametrize("form", ["xml", "application/fhir%2Bxml", "text/xml", "application/xml"])
def test_the_parameter_wins_over_the_header_and_goes_on_to_the_next_page(granted: World, form: str) -> None:
    page = granted.get(ada(granted, f"_count=3&_format={form}"), headers={"Accept": "application/fhir+json"})
    (following,) = [link for link in values(page, "link", "url") if "_page=" in link]
    assert following.endswith(f"&_format={form.replace('/', '%2F')}")
    assert len(values(granted.get(following), "resource", "resourceType")) == 3
    plain = granted.get(ada(granted, "_count=3"), headers=XML)
    (following,) = [link for link in values(plain, "link", "url") if "_page=" in link]
    assert "_format" not in following


def test_a_form_in_the_body_of_a_search_is_obeyed(granted: World) -> None:
    body = {"patient": granted.patient_id(granted.ada), "_count": "2", "_format": "xml"}
    answer = granted.ask("POST", "/fhir/Observation/_search", data=body)
    assert len(values(answer, "resource", "resourceType")) == 2
    wrong = granted.ask("POST", "/fhir/Observation/_search", data=body | {"date": "soon"})
    assert wrong.status_code == 400 and values(wrong, "issue", "code") == ["invalid"]


@pytest.mark.parametrize("tail", ["", "/_history"])
def test_instances_are_given_in_xml(granted: World, tail: str) -> None:
    path = shown(granted) + tail
    assert of_xml(granted.get(path, headers=XML).content) == of_json(granted.get(path).content)
    held = granted.get(shown(granted), headers=XML | {"If-None-Match": "*"})
    assert (held.status_code, held.content) == (304, b"")
    head, get = granted.ask("HEAD", f"/fhir/{path}", headers=XML), granted.get(path, headers=XML)
    assert head.headers == get.headers and head.content == b""


def test_the_capability_statement_is_given_in_xml_to_anybody(granted: World) -> None:
    answer = granted.get("metadata", headers=XML, token=None)
    assert {"application/fhir+xml", "xml"} <= set(values(answer, "format"))
    assert of_xml(answer.content) == of_json(granted.get("metadata", token=None).content)


def test_a_large_search_is_streamed_in_xml(granted: World) -> None:
    path = ada(granted, "_count=100000&code=http://loinc.org|99504-3")
    answer = granted.get(path, headers=XML)
    assert "content-length" not in answer.headers
    assert len(values(answer, "resource", "resourceType")) == len(granted.shown())
    assert of_xml(answer.content) == of_json(granted.get(path).content)


def test_gzip_is_the_same_xml(granted: World) -> None:
    path = ada(granted, "_count=50")
    zipped = granted.get(path, headers=XML | {"Accept-Encoding": "gzip"})
    plain = granted.get(path, headers=XML | {"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert values(zipped, "resource", "id") == values(plain, "resource", "id")


@pytest.mark.parametrize(("status", "method", "path", "more"), [each for each in MISTAKES if each[0] != 406])
def test_every_mistake_is_told_in_xml_to_who_asks_in_xml(
    granted: World, status: int, method: str, path: str, more: dict[str, Any]
) -> None:
    headers = XML | more.get("headers", {})
    answer = granted.ask(method, path, **{**more, "headers": headers})
    assert answer.status_code == status
    assert values(answer, "resourceType") == ["OperationOutcome"] and values(answer, "diagnostics")


def test_who_is_not_known_is_told_so_in_xml(granted: World) -> None:
    for token in (None, "nonsense"):
        answer = granted.get(shown(granted), headers=XML, token=token)
        assert answer.status_code == 401 and values(answer, "issue", "code") == ["login"]


# ------------------------------------------------------------------------------------------------ batch


def batch(*urls: str) -> bytes:
    entries = "".join(
        f'<entry><request><method value="GET"/><url value="{url.replace("&", "&amp;")}"/></request></entry>'
        for url in urls
    )
    return f'<Bundle {FHIR}><type value="batch"/>{entries}</Bundle>'.encode()


def post(world: World, body: bytes, accept: str = "application/fhir+xml") -> httpx.Response:
    headers = {"Accept": accept, "Content-Type": "application/fhir+xml"}
    return world.ask("POST", "/fhir", content=body, headers=headers)


def test_a_batch_in_xml_is_answered_as_one_in_json(granted: World) -> None:
    urls = [shown(granted), ada(granted, "_count=2"), "Observation/x", ada(granted, "date=soon")]
    answer = post(granted, batch(*urls, ada(granted, "_format=json")))
    statuses = values(answer, "response", "status")
    assert [each[:3] for each in statuses] == ["200", "200", "404", "400", "406"]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    asked = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    in_json = granted.ask("POST", "/fhir", json=asked)
    again = granted.ask("POST", "/fhir", json=asked, headers=XML)
    assert _without_page_links(of_json(in_json.content)) == _without_page_links(of_xml(again.content))
    told = post(granted, batch(*urls), "application/fhir+json")
    assert _without_page_links(of_json(told.content)) == _without_page_links(of_json(in_json.content))
    assert linked(told.json()["entry"][1]["resource"], "next") and not leaks(granted, answer)


def _without_page_links(leaves: list[Any]) -> list[Any]:
    return [each for each in leaves if "_page=" not in each[1]]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))
SECRET = '<!DOCTYPE Bundle [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Bundle",
        b'<?xml version="1.0" encoding="utf-7"?><Bundle/>',
        b'<Bundle><type value="batch"/></Bundle>',
        b'<Bundle xmlns="http://hl7.org/other"><type value="batch"/></Bundle>',
        f'<Patient {FHIR}><type value="batch"/></Patient>'.encode(),
        f"<Bundle {FHIR}/>".encode(),
        f'<Bundle {FHIR}><type value="transaction"/></Bundle>'.encode(),
        f'{SECRET}<Bundle {FHIR}><type value="&x;"/></Bundle>'.encode(),
        f'{SECRET}<Bundle {FHIR}><type value="batch"/><id>&x;</id></Bundle>'.encode(),
        f'<!DOCTYPE Bundle [{LAUGHS}]><Bundle {FHIR}><type value="batch"/><id>&l8;</id></Bundle>'.encode(),
        f'<!DOCTYPE Bundle SYSTEM "http://192.0.2.1/x.dtd"><Bundle {FHIR}><type value="batch"/></Bundle>'.encode(),
        f'{SECRET}<Bundle {FHIR}><type value="batch"/></Bundle>'.encode("utf-16"),
        f"<Bundle {FHIR}>{'<entry>' * 5000}{'</entry>' * 5000}</Bundle>".encode(),
    ],
)  # fmt: skip
def test_a_body_that_is_no_plain_batch_in_xml_is_refused(granted: World, body: bytes) -> None:
    answer = post(granted, body)
    assert answer.status_code == 400
    assert values(answer, "resourceType") == ["OperationOutcome"]
    assert "root:" not in answer.text and "haha" not in answer.text


def test_a_batch_in_xml_has_the_same_limits(granted: World) -> None:
    assert post(granted, batch(*["Observation/x"] * MOST_ENTRIES)).status_code == 200
    assert post(granted, batch(*["Observation/x"] * (MOST_ENTRIES + 1))).status_code == 413
    assert post(granted, b" " * 1_100_000).status_code == 413
    lacking = f'<Bundle {FHIR}><type value="batch"/><entry/></Bundle>'.encode()
    assert values(post(granted, lacking), "response", "status") == ["400 Bad Request"]
