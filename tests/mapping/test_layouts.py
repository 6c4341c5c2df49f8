"""Documents of several layouts, of several people, with a time told twice; months by name; makers without a device."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bridge.adapters import Decoded, Person, Unreadable, decode, recognise
from bridge.mapping import MappingErrors, Mappings, load
from bridge.mapping.cells import Ints
from bridge.mapping.clock import by_zone
from bridge.mapping.stages import Rows
from bridge.period import HOUR, MINUTE, ZoneHistory
from bridge.reading import NO_OFFSET, Device, Witness, column

ZONES = ZoneHistory.always("Europe/Berlin")
LATER = 1_795_132_800_000  # 2026-11-20
TEXT = """# yaml-language-server: $schema=schema.json
format: two-faced
version: 1
title: An invented service with two answers
detect:
  - layout: list
    json: {at: $, keys: [who, last]}
  - layout: history
    json: {at: points, keys: [at, sugar]}
  - json: {at: $, keys: key}
    refuse: this is the key of the house, there are no readings in it
read:
  source: cleared-follower-or-aggregator
  ignore: mood
  person: {layout: list, each: $, name: [who.first, who.last], identifiers: {"": [who.id, who.code]}}
  records:
    - name: list
      layout: list
      each: $
      fields: {at: last.at, sugar: last.sugar}
      ignore: who
      series: current
      time: {field: at, formats: [DD-MON-YYYY hh:mm], months: {5: [May, Mai], 10: [October, Oktober]}}
      device: {manufacturer: Pocket, kind: sensor}
      rules: &rules
        - name: sugar
          when: [{sugar: filled}]
          stream: glucose
          value: {field: sugar, unit: mg/dL, decimals: {mg/dL: 0}}
    - name: history
      layout: history
      each: points
      fields: {at: at, utc: utc, sugar: sugar}
      time: {field: at, formats: [iso], utc: utc}
      device: {manufacturer: Pocket, kind: sensor}
      rules: *rules
fhir: {}
"""


def made(folder: Path, text: str = TEXT) -> Path:
    """A folder with the invented mapping."""
    (folder / "two-faced.yaml").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def mappings(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Mappings:
    """The shipped mappings and one more."""
    return load(project / "mappings", made(tmp_path_factory.mktemp("site")))


def read(mappings: Mappings, document: object) -> Decoded:
    """A document, recognised and decoded as ingest does."""
    data = json.dumps(document).encode()
    assert recognise(data, "x", mappings) == "two-faced"
    return decode(data, mappings.formats["two-faced"], ZONES, LATER)


def one(first: str = "Ada", last: str = "Muster", at: str = "24-May-2024 08:00", **more: object) -> object:
    """An entry of the list."""
    return {"who": {"first": first, "last": last, **more}, "last": {"at": at, "sugar": 104}}


def point(at: str, utc: str | None = None) -> object:
    """A point of the history."""
    return {"at": at, "utc": utc, "sugar": 104}


def test_a_set_of_records_is_read_in_documents_of_its_layout_alone(mappings: Mappings) -> None:
    listed, history = read(mappings, [one()]), read(mappings, {"points": [point("2024-05-24T08:00:00Z")]})
    assert [batch.key.device for batch in (*listed.readings, *history.readings)] == ["/current", ""]
    assert (listed.rows, history.rows) == (1, 1)
    assert history.person is None and history.account.fields_unknown == ()


def test_a_document_of_none_of_the_layouts_is_refused(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="none of those that this format has"):
        decode(b'{"other": 1}', mappings.formats["two-faced"], ZONES, LATER)


def test_what_is_known_to_hold_no_readings_is_refused_with_its_sentence(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="this is the key of the house"):
        recognise(b'{"key": "x"}', "x", mappings)


def test_what_can_be_read_goes_before_what_is_refused(mappings: Mappings) -> None:
    assert recognise(json.dumps([{"key": "x", "who": {}, "last": {}}]).encode(), "x", mappings) == "two-faced"


def test_the_one_person_of_a_list_is_named_by_the_first_id_that_is_filled(mappings: Mappings) -> None:
    assert read(mappings, [one(code="c-1")]).person == Person("Ada Muster", identifiers=(("", "c-1"),))
    assert read(mappings, [one(id=7, code="c-1"), one(id=7, code="c-1")]).person == Person(
        "Ada Muster", identifiers=(("", "7"),)
    )


def test_several_people_are_refused_and_not_named(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="about 2 people: "):
        read(mappings, [one(), one("Kim", "Beispiel")])
    with pytest.raises(Unreadable, match="about 2 people: "):
        read(mappings, [one(id=1), one(id=2)])
    with pytest.raises(Unreadable, match="about 2 people: "):
        read(mappings, [one("", "", id=1), one("", "", id=2)])


def test_a_maker_without_a_device_is_known(mappings: Mappings) -> None:
    (batch,) = read(mappings, [one()]).readings
    assert batch.device == Device("Pocket", kind="sensor")


def test_an_offset_goes_before_the_time_in_utc_and_that_before_the_zone(mappings: Mappings) -> None:
    points = [
        point("2024-10-27T02:30:00+01:00", "2024-10-27T09:00:00"),
        point("2024-10-27T02:30:00", "2024-10-27T00:30:00"),
        point("", "2024-10-27T03:00:00"),
        point("2024-10-27T12:00:00"),
    ]
    (batch,) = read(mappings, {"points": points}).readings
    base = 1_729_987_200_000  # 2024-10-27T00:00:00Z
    assert batch.columns["instant"].tolist() == [base + n * MINUTE for n in (30, 90, 180, 660)]
    assert column(batch.columns, "offset").tolist() == [120, 60, NO_OFFSET, NO_OFFSET]
    assert column(batch.columns, "witness").tolist() == [Witness.UTC] * 3 + [Witness.ZONE]


@pytest.mark.parametrize("at", ["5-October-2024 08:00", "5-OKTOBER-2024 08:00"])
def test_a_month_is_read_by_its_name(mappings: Mappings, at: str) -> None:
    (batch,) = read(mappings, [one(at=at)]).readings
    assert batch.columns["instant"].tolist() == [1_728_108_000_000]


@pytest.mark.parametrize("at", ["5-10-2024 08:00", "October-5-2024 08:00", "5-Octobre-2024 08:00"])
def test_what_is_no_month_s_name_in_its_place_is_no_date(mappings: Mappings, at: str) -> None:
    (rejected,) = read(mappings, [one(at=at)]).account.rejected
    assert rejected.reason == "what is in field 'last.at' is no date and time as DD-MON-YYYY hh:mm"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "layout: list\n      each",
            "layout: lists\n      each",
            "'lists' is not known here; did you mean 'list'?",
        ),
        ("person: {layout: list", "person: {layout: none", "'none' is not known here"),
        ("utc: utc}\n      device", "utc: ut}\n      device", "'ut' is not known here; did you mean 'utc'?"),
        ("device: {manufacturer: Pocket, kind", "device: {kind", "or a manufacturer"),
        ("each: $, name", "each: 'a..b', name", "is no path"),
    ],
)
def test_faults_of_these_words_are_told(project: Path, tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(MappingErrors) as errors:
        load(project / "mappings", made(tmp_path, TEXT.replace(old, new, 1)))
    assert any(said in fault.sentence for fault in errors.value.faults)


def clocked(minutes: list[int]) -> list[tuple[int, int]]:
    """Minutes after the wall's 01:30 of the night that summer time ends, rows in this order: (minutes after the
    first pass' 01:30 in UTC, witness)."""
    base = 1_729_992_600_000  # 2024-10-27T01:30 as a wall time
    wall: Ints = np.array([base + each * MINUTE for each in minutes], np.int64)
    rows = Rows(None, np.arange(len(wall)), wall, np.zeros(len(wall), np.int32))  # type: ignore[arg-type]
    done = by_zone(rows, ZONES)
    return list(
        zip(((done.instant - base + 2 * HOUR) // MINUTE).tolist(), done.witness.tolist(), strict=True)
    )


def test_a_repeated_hour_is_told_apart_whichever_end_the_rows_begin_with() -> None:
    walls = [0, 40, 70, 85, 35, 60, 80, 95]
    oldest_first = clocked(walls)
    assert [minute for minute, _ in oldest_first] == [0, 40, 70, 85, 95, 120, 140, 155]
    assert clocked(walls[::-1]) == oldest_first[::-1]
    assert [witness for _, witness in oldest_first[1:7]] == [Witness.ROW_ORDER] * 6
