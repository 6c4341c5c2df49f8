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
from lxml import etree
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.disclosure import NOTICE
from bridge.consent.grant import Authoriser
from bridge.consent.summed import PARTS
from bridge.fhir import terms
from bridge.fhir.capability import INTERACTIONS, RECEIVED
from bridge.fhir.orders import KIND
from bridge.fhir.parameters import OWN, SOUGHT
from bridge.fhir.render import JSON, XML, Notation, Wanted
from bridge.period import Period, PeriodSet
from bridge.reading import (
    COLUMNS,
    ActivityKind,
    BasalKind,
    BolusKind,
    CalibrationKind,
    EventKind,
    Flag,
    ModeKind,
    SettingKind,
    SourceClass,
    Stream,
    Unit,
)
from tests.fhir import disclosed
from tests.fhir.disclosed import BASE, NOON, OWN_ORIGIN, PATIENT, PROJECT, disclose, group
from tests.fhir.plain_xml import of_json, of_xml
from tests.fhir.valid import valid
from tests.shipped import mappings

HOUR = 3_600_000
FOLDER = PROJECT / "conformance" / "fhir"
RENDERER = disclosed.renderer()


def capability(notation: Notation = JSON) -> bytes:
    return bytes(RENDERER.capability("0.0.0", "2026-01-01", notation))


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


def every_stream(notation: Notation) -> bytes:
    """What a pump, a sensor and a person bring beside glucose: a row or two of each stream."""
    rows: tuple[tuple[Stream, Unit, int, dict[str, Any]], ...] = (
        (Stream.BOLUS, Unit.UNITS, 2, {"kind": [BolusKind.RAPID, BolusKind.EXTENDED], "value": [350, 125],
         "end": [0, NOON + 2 * HOUR], "programmed": [-1, 500], "flags": [Flag.AUTOMATED, Flag.INTERRUPTED]}),
        (Stream.BASAL, Unit.UNITS_PER_HOUR, 3, {"kind": [BasalKind.SCHEDULED, BasalKind.SUSPENDED],
         "value": [850, 0], "end": [NOON + HOUR, NOON + HOUR]}),
        (Stream.BASAL, Unit.PERCENT, 0, {"kind": [BasalKind.TEMPORARY], "value": [150], "end": [NOON + HOUR]}),
        (Stream.CARBS, Unit.GRAMS, 0, {"value": [45]}),
        (Stream.CARBS, Unit.SERVINGS, 1, {"value": [35], "flags": [Flag.NO_VALUE]}),
        (Stream.KETONE, Unit.MMOL_L, 1, {"value": [4]}),
        (Stream.CALIBRATION, Unit.MG_DL, 0, {"value": [118], "kind": [CalibrationKind.ACCEPTED]}),
        (Stream.ACTIVITY, Unit.MINUTES, 0, {"value": [30], "kind": [ActivityKind.MEDIUM],
         "end": [NOON + HOUR // 2]}),
        (Stream.EVENT, Unit.NONE, 0, {"kind": [EventKind.SENSOR_STOP, EventKind.STRESS],
         "text": ["", "exam week"]}),
        (Stream.MODE, Unit.NONE, 0, {"kind": [ModeKind.EXERCISE], "end": [NOON + HOUR]}),
        (Stream.SETTINGS, Unit.GRAMS_PER_UNIT, 0, {"kind": [SettingKind.CARB_RATIO], "value": [10],
         "minute": [390]}),
        (Stream.NOTE, Unit.NONE, 0, {"text": ['Ate late & "ran" <far>\nhome']}),
    )  # fmt: skip
    groups, first = [], 0
    for stream, unit, scale, said in rows:
        count = len(next(iter(said.values())))
        at = np.arange(first, first + count, dtype=np.int32)
        columns = {name: np.array(values, COLUMNS[name].dtype) for name, values in said.items()}
        kind = "pump" if stream in (Stream.BOLUS, Stream.BASAL) else ""
        groups.append(
            group(
                count,
                stream=stream,
                unit=unit,
                scale=scale,
                at=at,
                first=first,
                columns=columns,
                device_kind=kind,
            )
        )
        first += count
    content = RENDERER.searchset(disclose(*groups, total=first), f"{BASE}/Observation", notation=notation)
    return re.sub(rb'"([12])-[0-9a-f]{8}"', rb'"\1-00000000"', bytes(content))


def all_of_a_person(notation: Notation) -> bytes:
    """What $everything gives: the person, a device, its sensor, readings, with Provenance."""
    shown = disclose(
        group(1, provenance=True), devices=(disclosed.device(),), metrics=(disclosed.metric(),), total=1
    )
    types = frozenset({"Patient", "Device", "DeviceMetric", "Observation", "Provenance"})
    url = f"{BASE}/Patient/{PATIENT}/$everything?_type={','.join(sorted(types))}"
    content = RENDERER.page(shown, Wanted(types=types), url, None, notation)
    return re.sub(rb'"([12])-[0-9a-f]{8}"', rb'"\1-00000000"', bytes(content))


def in_chunks(notation: Notation) -> bytes:
    """Chunks of a day, with their Provenance."""
    shown = disclose(disclosed.chunks(), total=3)
    content = RENDERER.searchset(shown, f"{BASE}/Observation", include_provenance=True, notation=notation)
    return re.sub(rb'"(1[0-9]{12})-[0-9a-f]{8}"', rb'"\1-00000000"', bytes(content))


def agreed(notation: Notation) -> bytes:
    """Grants as their recipient reads them: one in the base form with two stretches, one of hourly means whose
    representative signed, one over, one without limit in the form of IHE PCF."""
    means = {"grain": Grain.HOUR, "client": "ehr", "by": Authoriser("", "guardian"), "wording": None}
    over = {"by": None, "wording": None, "status": "inactive", "periods": PeriodSet(())}
    given = (
        disclosed.consent(),
        disclosed.consent(id="c0c0c0c0-0000-4000-8000-000000000003", **means),
        disclosed.consent(id="c0c0c0c0-0000-4000-8000-000000000004", **over),
        disclosed.whole_consent(),
    )
    shown = disclose(consents=given, total=0)
    url = f"{BASE}/Consent?patient={PATIENT}"
    return bytes(RENDERER.searchset(shown, url, kind="Consent", notation=notation))


def audited(notation: Notation) -> bytes:
    """One row of each sort of a ledger."""
    shown = disclose(events=disclosed.events(), owner=True, total=0)
    url = f"{BASE}/AuditEvent?patient={PATIENT}"
    return bytes(RENDERER.searchset(shown, url, kind="AuditEvent", notation=notation))


def summed_up(notation: Notation) -> bytes:
    """Summaries of a fortnight: whole; in mmol/L, corrected and of part of a day; entered in error."""
    part = disclosed.summary().period
    later = {"days": None, "unit": Unit.MMOL_L, "is_amended": True, "version": "2"}
    shown = (
        disclosed.summary(),
        disclosed.summary(**later, period=Period(part.start, part.end - HOUR), ids=SECOND),
        disclosed.summary(figures=None, ids=THIRD, classes=(), gone=frozenset(PARTS)),
    )
    count = sum(len(each.ids) for each in shown)
    told = disclose(summaries=shown, count=count, total=count, last_updated=NOON)
    return bytes(RENDERER.searchset(told, f"{BASE}/Observation?patient={PATIENT}", notation=notation))


def _other(first: str) -> tuple[tuple[str, str], ...]:
    return tuple((part, id_.replace("5a5a5a5a", first)) for part, id_ in disclosed.summary().ids)


SECOND, THIRD = _other("6a6a6a6a"), _other("7a7a7a7a")

GOLDENS: Mapping[str, Callable[[], bytes]] = {
    "CapabilityStatement.json": capability,
    "CapabilityStatement.xml": lambda: capability(XML),
    "Bundle-of-every-stream.json": lambda: every_stream(JSON),
    "Bundle-of-every-stream.xml": lambda: every_stream(XML),
    "Bundle-everything.json": lambda: all_of_a_person(JSON),
    "Bundle-everything.xml": lambda: all_of_a_person(XML),
    "Bundle-of-summaries.json": lambda: summed_up(JSON),
    "Bundle-of-summaries.xml": lambda: summed_up(XML),
    "Bundle-of-chunks.json": lambda: in_chunks(JSON),
    "Bundle-of-chunks.xml": lambda: in_chunks(XML),
    "Bundle-of-consents.json": lambda: agreed(JSON),
    "Bundle-of-consents.xml": lambda: agreed(XML),
    "Bundle-of-audit.json": lambda: audited(JSON),
    "Bundle-of-audit.xml": lambda: audited(XML),
    "Bundle-as-recipient.json": lambda: page(owner=False),
    "Bundle-as-owner.json": lambda: page(owner=True),
}


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.endswith("json")])
def test_what_leaves_is_what_the_golden_says(name: str) -> None:
    assert valid(GOLDENS[name]()) == json.loads((FOLDER / name).read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name in GOLDENS if name.endswith("xml")])
def test_what_leaves_in_xml_is_what_both_goldens_say(name: str) -> None:
    told = of_xml(GOLDENS[name]())
    assert told == of_xml((FOLDER / name).read_bytes())
    assert told == of_json((FOLDER / name).with_suffix(".json").read_bytes())


def test_a_golden_holds_every_stream() -> None:
    page = valid(every_stream(JSON))
    assert len(page["entry"]) == page["total"] == 15
    kinds = [each["resource"]["resourceType"] for each in page["entry"]]
    assert kinds.count("MedicationAdministration") == 5


def test_the_statement_says_what_the_tables_offer() -> None:
    statement = valid(capability())
    offered = {each["type"]: each for each in statement["rest"][0]["resource"]}
    tables = {**SOUGHT, **OWN, "Binary": ()}
    assert set(offered) - {*RECEIVED, KIND} == set(tables) == set(INTERACTIONS)
    assert not any("interaction" in offered[kind] for kind in RECEIVED)
    for kind, parameters in tables.items():
        assert [each["name"] for each in offered[kind].get("searchParam", [])] == [
            each.name for each in parameters
        ]
    assert statement["fhirVersion"] == "4.0.1"


def test_the_statement_is_static() -> None:
    assert capability() == capability()


def test_our_code_system_has_every_code_that_we_write_and_the_notice_word_for_word() -> None:
    system = valid((FOLDER / "CodeSystem-cgm-bridge.json").read_bytes())
    displays = {each["code"]: each["display"] for each in system["concept"]}
    means = (terms.READING_COUNT, terms.COVERAGE, terms.OFF_SCALE_COUNT)
    written = {code for concept in means for code in _codes(concept)} | {str(each) for each in SourceClass}
    written |= {code.code for code in mappings().codes.values() if code.system == terms.OWN}
    assert system["url"] == terms.OWN
    assert set(displays) == written | {"excerpt"}
    assert displays["excerpt"] == NOTICE
    assert system["count"] == len(displays)


def _codes(concept: Any) -> set[str]:
    return {coding["code"] for coding in concept["coding"]}


def renew(folder: Path) -> None:
    """Write every golden anew."""
    for name, make in GOLDENS.items():
        (folder / name).write_text(f"{_indented(make())}\n", "utf-8")


def _indented(body: bytes) -> str:
    """The same document on many lines, each number as it was written."""
    if body.startswith(b"<"):
        tree = etree.fromstring(body)
        etree.indent(tree)
        return etree.tostring(tree, encoding="unicode")
    marked = json.loads(body, parse_float=lambda written: f"\0{written}")
    return re.sub(r'"\\u0000([^"]+)"', r"\1", json.dumps(marked, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    renew(FOLDER)
