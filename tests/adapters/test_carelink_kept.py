"""CareLink exports through the store and the gate: what a pump delivered, as FHIR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.consent.collecting import own_act
from bridge.consent.gate import Gate
from bridge.consent.permit import OwnerPermit
from bridge.fhir.render import Renderer
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.ingest.upload import take
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.store.db import Database
from bridge.store.patients import add, load
from tests.adapters.carelink_files import autumn_780g, two_pumps
from tests.adapters.carelink_older import paradigm, paradigm_later
from tests.adapters.recordings import RECEIVED
from tests.fhir.valid import valid

BASE = "https://bridge.example/fhir"
ZONE = "Europe/Berlin"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """An installation."""
    made = Database.open(tmp_path, b"m" * 32, lambda: RECEIVED)
    yield made
    made.close()


def kept(db: Database, mappings: Mappings, *exports: bytes) -> int:
    """A person with these exports."""
    person = add(db, "Noor Beispiel", None, ZONE, ())
    for data in exports:
        who = load(db, person)
        assert take(db, mappings, who, data, "export.csv", act=own_act(who)).state == "stored"
    return person


def page(db: Database, mappings: Mappings, person: int, kind: str, query: str = "") -> list[Any]:
    """What the owner sees of a type."""
    renderer = Renderer(mappings, BASE, db.installation)
    wishes = [tuple(each.split("=", 1)) for each in query.split("&") if each]
    pairs = [("patient", "x"), ("_count", "1000"), *((name, value) for name, value in wishes)]
    search = parse(kind, pairs, renderer.vocabulary)
    assert isinstance(search, Search)
    asked = search.asked(person, ZoneHistory.always(ZONE), RECEIVED)
    found = Gate(db, lambda: RECEIVED, lambda _: 0).disclose_now(OwnerPermit(person), asked)
    body = renderer.searchset(found, search.url(BASE), kind=kind).body
    return [each["resource"] for each in valid(body).get("entry", ())]


def test_a_rate_in_a_closed_loop_leaves_without_an_amount_and_says_what_was_programmed(
    db: Database, mappings: Mappings
) -> None:
    person = kept(db, mappings, autumn_780g())
    given = page(db, mappings, person, "MedicationAdministration")
    automated = [
        each
        for each in given
        if "rateQuantity" in each["dosage"] and "value" not in each["dosage"]["rateQuantity"]
    ]
    assert len(automated) == 8
    assert automated[0]["dosage"]["text"].startswith("Programmed, in the unit of what was given: 0.")
    (temporary, *_) = [each for each in given if each["dosage"].get("rateQuantity", {}).get("value") == 1.35]
    assert temporary["effectivePeriod"] == {
        "start": "2023-10-29T12:00:00+01:00",
        "end": "2023-10-29T12:46:21+01:00",
    }


def test_a_suspension_is_not_done_and_a_cut_dose_stopped(db: Database, mappings: Mappings) -> None:
    person = kept(db, mappings, two_pumps())
    given = page(db, mappings, person, "MedicationAdministration")
    (stopped,) = [each for each in given if each["status"] == "stopped"]
    assert stopped["dosage"]["dose"]["value"] == 1.225
    assert stopped["dosage"]["text"] == "Programmed, in the unit of what was given: 2.250"
    assert stopped["effectivePeriod"]["end"] == "2021-03-07T13:10:00+01:00"
    (idle,) = [each for each in given if each["status"] == "not-done"]
    assert idle["effectivePeriod"]["start"] == "2021-03-07T13:10:00+01:00"


def test_a_floor_leaves_as_at_most(db: Database, mappings: Mappings) -> None:
    person = kept(db, mappings, two_pumps(), autumn_780g())
    seen = page(db, mappings, person, "Observation", "code=99504-3")
    assert {each["valueQuantity"].get("comparator") for each in seen} <= {None, "<=", ">="}


def test_a_later_export_of_a_pump_amends_only_how_long_its_last_rate_lasted(
    db: Database, mappings: Mappings
) -> None:
    person = kept(db, mappings, paradigm())
    who = load(db, person)
    later = take(db, mappings, who, paradigm_later(), "export.csv", act=own_act(who)).streams
    amended = {stream: each.amended for stream, each in later.items() if each.amended}
    assert amended == {"basal": 1}
