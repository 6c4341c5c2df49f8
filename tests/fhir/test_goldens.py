"""What the outside reads about us and from us, held against files in conformance/fhir.

To renew a golden after a change that was meant: `python -m tests.fhir.test_goldens`, then read the diff.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.consent.disclosure import NOTICE
from bridge.fhir import terms
from bridge.fhir.capability import INTERACTIONS
from bridge.fhir.parameters import PARAMETERS
from bridge.reading import Flag, SourceClass, Unit
from tests.fhir import disclosed
from tests.fhir.disclosed import BASE, OWN_ORIGIN, PATIENT, PROJECT, disclose, group
from tests.fhir.valid import valid

FOLDER = PROJECT / "conformance" / "fhir"
RENDERER = disclosed.renderer()


def capability() -> bytes:
    return bytes(RENDERER.capability("0.0.0", "2026-01-01"))


def page(owner: bool) -> bytes:
    """A reading in each unit, one below range, with Device and Provenance."""
    at = np.arange(3, dtype=np.int32)
    low = np.array([0, Flag.LOW], np.uint16)
    flags: dict[str, NDArray[np.generic]] = {"flags": low, "value": np.array([104, 40], np.int64)}
    tenths = {"value": np.array([50], np.int64)}
    origin = OWN_ORIGIN if owner else disclosed.ORIGIN
    shown = disclose(
        group(2, at=at[:2], columns=flags, provenance=True, rows=owner, origin=origin),
        group(1, at=at[2:], unit=Unit.MMOL_L, scale=1, columns=tenths, first=9, provenance=True, rows=owner,
              origin=origin, device=None, format="libreview"),
        devices=(disclosed.device(),),
        owner=owner,
        total=3,
    )  # fmt: skip
    url = f"{BASE}/Observation?patient={PATIENT}"
    content = RENDERER.searchset(shown, url, include_devices=True, include_provenance=True)
    return re.sub(rb'"([12])-[0-9a-f]{8}"', rb'"\1-00000000"', bytes(content))


GOLDENS: Mapping[str, Callable[[], bytes]] = {
    "CapabilityStatement.json": capability,
    "Bundle-as-recipient.json": lambda: page(owner=False),
    "Bundle-as-owner.json": lambda: page(owner=True),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_what_leaves_is_what_the_golden_says(name: str) -> None:
    assert valid(GOLDENS[name]()) == json.loads((FOLDER / name).read_text("utf-8"))


def test_the_statement_says_what_the_tables_offer() -> None:
    statement = valid(capability())
    offered = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert set(offered) == set(PARAMETERS) == set(INTERACTIONS)
    for kind, parameters in PARAMETERS.items():
        assert [each["name"] for each in offered[kind]["searchParam"]] == [each.name for each in parameters]
    assert statement["fhirVersion"] == "4.0.1"


def test_the_statement_is_static() -> None:
    assert capability() == capability()


def test_our_code_system_has_every_code_that_we_write_and_the_notice_word_for_word() -> None:
    system = valid((FOLDER / "CodeSystem-cgm-bridge.json").read_bytes())
    displays = {each["code"]: each["display"] for each in system["concept"]}
    means = (terms.READING_COUNT, terms.COVERAGE, terms.OFF_SCALE_COUNT)
    written = {code for concept in means for code in _codes(concept)} | {str(each) for each in SourceClass}
    written |= {code.code for code in disclosed.mappings().codes.values() if code.system == terms.OWN}
    assert system["url"] == terms.OWN
    assert set(displays) == written | {"excerpt"}
    assert displays["excerpt"] == NOTICE
    assert system["count"] == len(displays)


def _codes(concept: Any) -> set[str]:
    return {coding["code"] for coding in concept["coding"]}


def renew(folder: Path) -> None:
    """Write every golden anew."""
    for name, make in GOLDENS.items():
        told = json.dumps(json.loads(make()), indent=2, ensure_ascii=False)
        (folder / name).write_text(f"{told}\n", "utf-8")


if __name__ == "__main__":
    renew(FOLDER)
