"""XML that others send is the tree that the same resource is in JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.receive.bundle import XML, Unfit, parsed
from bridge.receive.plain_xml import NoXml, plain

PAIRS = sorted(
    path
    for path in (Path(__file__).resolve().parents[2] / "conformance" / "fhir").glob("*.xml")
    if path.with_suffix(".json").exists()
)


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_every_golden_in_xml_is_the_tree_of_its_json(path: Path) -> None:
    told: Any = json.loads(path.with_suffix(".json").read_text("utf-8"), parse_float=Decimal)
    assert plain(path.read_bytes()) == told


def test_there_are_goldens_of_many_kinds() -> None:
    assert len(PAIRS) > 5


@pytest.mark.parametrize("written", ["1e6000000", "-" + "9" * 41, "1e99999999999999999999"])
def test_a_number_beyond_all_reckoning_is_refused_in_xml_as_in_json(written: str) -> None:
    body = (
        '<Observation xmlns="http://hl7.org/fhir"><valueQuantity>'
        f'<value value="{written}"/></valueQuantity></Observation>'
    )
    with pytest.raises(Unfit, match=r"^Observation\.valueQuantity\.value has a number"):
        parsed(body.encode(), XML)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Observation/>",
        b"<!DOCTYPE x><Observation xmlns='http://hl7.org/fhir'/>",
        b"<x:html xmlns:x='http://www.w3.org/1999/xhtml'/>",
        b"<Basic xmlns='http://hl7.org/fhir'>" + b"<extension>" * 60 + b"</extension>" * 60 + b"</Basic>",
    ],
)
def test_what_is_no_fhir_xml_is_none(body: bytes) -> None:
    with pytest.raises(NoXml):
        plain(body)
