"""The CGM IG's own examples and profiles: what the guide calls conformant is taken, and our tables are its patterns."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.receive.bundle import JSON, parsed, submission
from bridge.receive.codes import READINGS, SUMMARIES, UCUM
from bridge.receive.entry import TYPES, Fit, judged, of_profile
from bridge.receive.profiles import What


@pytest.fixture
def guide(shared: Path) -> Path:
    return shared / "data" / "fhir" / "hl7.fhir.uv.cgm-1.0.0"


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"), parse_float=Decimal)


def test_every_example_of_the_guide_keeps_its_profile_here_too(guide: Path) -> None:
    examples = [read(path) for kind in TYPES for path in guide.glob(f"{kind}-*.json")]
    assert len(examples) > 12
    for each in examples:
        assert isinstance(of_profile(each, each["id"]), What), each["id"]


def test_every_entry_of_the_guides_bundle_is_fit(guide: Path) -> None:
    body = (guide / "Bundle-cgmDataSubmissionBundle.json").read_bytes()
    found = submission(parsed(body, JSON))
    reach = {kind: [frozenset[tuple[str, str]]()] for kind in TYPES}
    assert all(isinstance(judged(each, reach), Fit) for each in found.entries)


def test_our_tables_say_what_the_compiled_profiles_fix(guide: Path) -> None:
    seen = {}
    for path in guide.glob("StructureDefinition-cgm-*.json"):
        elements = read(path).get("differential", {}).get("element", [])
        by_path = {each["path"]: each for each in elements}
        code = by_path.get("Observation.code", {}).get("patternCodeableConcept")
        if code is None:
            continue
        fixed = (each for each in elements if each["path"].startswith("Observation.value"))
        amount = next((each["patternQuantity"] for each in fixed if "patternQuantity" in each), None)
        seen[code["coding"][0]["code"]] = amount
    assert seen.keys() == {*READINGS, *SUMMARIES}
    for code, amount in seen.items():
        pattern = {**READINGS, **SUMMARIES}[code]
        if amount is not None:
            assert pattern is not None
            assert (amount["system"], amount["code"], amount["unit"]) == (UCUM, pattern.code, pattern.unit)
