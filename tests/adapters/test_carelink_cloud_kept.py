"""CareLink's cloud through the store and the gate: polls that overlap, copies of the pump's own export, FHIR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.consent.clusters import Track, shadowed
from bridge.consent.collecting import own_act
from bridge.consent.gate import Gate
from bridge.consent.permit import OwnerPermit
from bridge.fhir.render import Renderer
from bridge.fhir.search import parse
from bridge.fhir.sought import Search
from bridge.ingest.upload import Imported, take
from bridge.mapping import Mappings
from bridge.period import ZoneHistory
from bridge.reading import BolusKind, Device, Readings, SeriesKey, SourceClass, Stream, Unit
from bridge.store.db import Database
from bridge.store.patients import Patient, add, load
from bridge.store.series import SeriesRow
from tests.adapters import carelink_cloud_files as files
from tests.adapters.carelink_cloud_2021 import Answer
from tests.adapters.carelink_cloud_2025 import of_2025
from tests.adapters.carelink_cloud_day import Clock, Poll
from tests.adapters.recordings import RECEIVED
from tests.adapters.suite import ints, read
from tests.fhir.valid import valid

BASE = "https://bridge.example/fhir"
PUMP = Device("Medtronic", "MiniMed 780G MMT-1886", "NG7800025H", kind="pump")


class Home:
    """An installation with one person."""

    def __init__(self, folder: Path, mappings: Mappings) -> None:
        self.mappings = mappings
        self.db = Database.open(folder, b"m" * 32, lambda: RECEIVED)
        self.person = add(self.db, "Ada Muster", None, "America/St_Johns", ())

    @property
    def patient(self) -> Patient:
        return load(self.db, self.person)

    def poll(self, answer: Answer) -> Imported:
        """One answer, kept as ingest keeps it."""
        who = self.patient
        return take(self.db, self.mappings, who, files.compact(answer), "answer.json", act=own_act(who))

    def page(self, kind: str, query: str = "") -> list[Any]:
        """What the owner sees of a type."""
        gate = Gate(self.db, lambda: RECEIVED, lambda _: 0)
        renderer = Renderer(self.mappings, BASE, self.db.installation)
        pairs = [
            ("patient", "x"),
            ("_count", "1000"),
            *(tuple(p.split("=", 1)) for p in query.split("&") if p),
        ]
        search = parse(kind, [(name, value) for name, value in pairs], renderer.vocabulary)
        assert isinstance(search, Search)
        asked = search.asked(self.person, ZoneHistory.always("America/St_Johns"), RECEIVED)
        found = gate.disclose_now(OwnerPermit(self.person), asked)
        body = renderer.searchset(found, search.url(BASE), kind=kind).body
        return [each["resource"] for each in valid(body).get("entry", ())]


@pytest.fixture
def home(tmp_path: Path, mappings: Mappings) -> Iterator[Home]:
    made = Home(tmp_path / "home", mappings)
    yield made
    made.db.close()


def test_the_same_answer_again_and_the_next_poll_store_nothing_twice(home: Home) -> None:
    first = home.poll(files.st_johns())
    assert first.state == "stored" and not sum(each.duplicate for each in first.streams.values())
    again, later = home.poll(files.st_johns() | {"conduitBatteryLevel": 93}), home.poll(files.st_johns(290))
    assert not sum(each.stored + each.amended for each in again.streams.values())
    assert later.streams[Stream.GLUCOSE].stored == 3
    assert sum(each.stored for each in later.streams.values()) == 3
    assert not sum(each.amended for each in later.streams.values())


def test_polls_of_a_day_store_each_thing_once(home: Home) -> None:
    stored: dict[Stream, int] = {}
    for last in range(60, 311, 10):
        worn = files.guardian_day("2025-02-10T11:02:00", files.ST_JOHNS)
        for stream, each in home.poll(of_2025(Poll(worn, last, floor=50))).streams.items():
            stored[stream] = stored.get(stream, 0) + each.stored
            assert stream in (Stream.MODE, Stream.BASAL, Stream.EVENT) or not each.amended
    worn = files.guardian_day("2025-02-10T11:02:00", files.ST_JOHNS)
    assert stored[Stream.GLUCOSE] == sum(
        1 for sg, state in worn.glucose[:311] if sg or state.startswith("SG_")
    )
    told = [each.type for each in worn.events]
    assert stored[Stream.BOLUS] == told.count("INSULIN")
    assert stored[Stream.CARBS] == told.count("MEAL")
    assert stored[Stream.BASAL] == told.count("AUTO_BASAL_DELIVERY") + 1  # and the suspension


def test_a_clock_moved_between_polls_stores_nothing_twice_and_corrects_nothing(home: Home) -> None:
    worn = files.guardian_day("2025-03-13T19:31:00", Clock(-10 * 3600))
    home.poll(of_2025(Poll(worn, 58, floor=50, phone=-10 * 3600)))
    after = home.poll(files.moved_forward()).streams
    for stream in (Stream.GLUCOSE, Stream.BASAL, Stream.BOLUS, Stream.CARBS):
        assert not after[stream].amended, stream
    assert after[Stream.GLUCOSE].duplicate == 59


def test_automatic_basal_leaves_as_a_dose_that_a_controller_commanded(home: Home) -> None:
    home.poll(files.st_johns())
    found = home.page("MedicationAdministration")
    reasons = [
        [code["code"] for reason in each.get("reasonCode", ()) for code in reason["coding"]] for each in found
    ]
    commanded = [each for each, reason in zip(found, reasons, strict=True) if reason == ["8418307"]]
    basal = [each for each in commanded if each["status"] == "completed"]
    assert len(basal) == 47 and all("effectiveDateTime" in each for each in basal)
    total = sum(float(each["dosage"]["dose"]["value"]) for each in basal)
    given = sum(
        each.said["bolusAmount"]
        for each in files.guardian_day("2025-02-10T11:02:00", files.ST_JOHNS).events
        if each.type == "AUTO_BASAL_DELIVERY"
    )
    assert total == pytest.approx(given)
    (idle,) = [each for each in found if each["status"] == "not-done"]
    assert idle["effectivePeriod"]["start"] == "2025-02-10T19:12:24-03:30"


def test_an_autocorrection_leaves_with_both_its_reasons(home: Home) -> None:
    home.poll(files.st_johns())
    reasons = [
        [code["code"] for reason in each.get("reasonCode", ()) for code in reason["coding"]]
        for each in home.page("MedicationAdministration")
    ]
    assert ["8418347", "8418353"] in reasons


def test_glucose_below_the_floor_leaves_with_its_comparator(home: Home) -> None:
    home.poll(files.st_johns())
    low = [each for each in home.page("Observation", "code=99504-3") if "comparator" in each["valueQuantity"]]
    assert sorted((each["valueQuantity"]["comparator"], each["valueQuantity"]["value"]) for each in low) == [
        ("<", 50),
        ("<", 50),
        (">", 400),
    ]


# ------------------------------------------------------------------- beside the pump's own export


def tracks(batches: tuple[Readings, ...], stream: Stream, number: int) -> list[Track]:
    """The series of one stream, as the gate sees them."""
    mine = [each for each in batches if each.key.stream is stream]
    return [
        Track(
            SeriesRow(number + place, each.key, each.device, each.source_class, 0),
            ints(each, "instant"),
            ints(each, "value"),
            ints(each, "kind").astype(np.uint16),
            np.zeros(len(each), np.uint8),
        )
        for place, each in enumerate(mine)
    ]


def exported(batch: Readings, seconds: int, kinds: dict[int, int], device: Device = PUMP) -> Track:
    """The same readings as the pump's CSV would tell them: its own family, a few seconds later, its own words."""
    key = SeriesKey(
        batch.key.stream, "carelink", device.serial.casefold(), batch.key.unit, batch.key.scale, True
    )
    told = ints(batch, "kind").tolist()
    return Track(
        SeriesRow(99, key, device, SourceClass.MAKER, 0),
        ints(batch, "instant") + seconds * 1000,
        ints(batch, "value"),
        np.array([kinds.get(kind, kind) for kind in told], np.uint16),
        np.zeros(len(batch), np.uint8),
    )


@pytest.mark.parametrize(
    ("stream", "seconds", "kinds"),
    [
        (Stream.GLUCOSE, 7, {}),
        (Stream.BOLUS, 62, {BolusKind.UNKNOWN: BolusKind.MEAL}),
        (Stream.CARBS, 3, {}),
        (Stream.CAPILLARY, 20, {}),
        (Stream.CALIBRATION, 20, {}),
    ],
)
def test_a_day_told_by_the_export_too_leaves_once_and_the_export_is_believed(
    mappings: Mappings, stream: Stream, seconds: int, kinds: dict[int, int]
) -> None:
    found = read(files.compact(files.st_johns()), mappings)
    (cloud,) = tracks(found.readings, stream, 1)
    (batch,) = [each for each in found.readings if each.key.stream is stream]
    mine, theirs = shadowed([exported(batch, seconds, kinds), cloud])
    assert not mine.any() and theirs.all() and len(theirs)


def test_the_doses_of_another_pump_stay_two(mappings: Mappings) -> None:
    found = read(files.compact(files.st_johns()), mappings)
    (cloud,) = tracks(found.readings, Stream.BOLUS, 1)
    (batch,) = [each for each in found.readings if each.key.stream is Stream.BOLUS]
    other = Device("Medtronic", "MiniMed 780G MMT-1886", "NG9999999H", kind="pump")
    assert not any(hidden.any() for hidden in shadowed([exported(batch, 0, {}, other), cloud]))


def test_what_two_generations_tell_of_one_minute_is_one_series(mappings: Mappings) -> None:
    keys = {
        (each.key.stream, each.key.unit, each.key.scale, each.key.device)
        for last in (287, 288)
        for each in read(files.compact(files.st_johns(last)), mappings).readings
    }
    assert (Stream.BASAL, Unit.UNITS, 3, "ng7800025h") in keys and len(keys) == len(Stream) - 3
