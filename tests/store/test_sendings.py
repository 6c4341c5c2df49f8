"""Rows of what was sent: many at once come to what one after the other would."""

from __future__ import annotations

from pathlib import Path

import bridge.store.outbox as outbox
from bridge.store.lanes import Lane
from bridge.store.outbox import Item, Result
from tests.push.house import House, filed

LANE = Lane(1, 1)


def ids(count: int) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(count)]


def begun(house: House, names: list[bytes], version: str) -> outbox.Delivery:
    items = [Item(name, "Observation", version) for name in names]
    return outbox.begin(house.db, LANE, "readings", "g", 1, None, items)


def test_a_page_of_any_size_is_tried_and_noted_row_by_row(tmp_path: Path) -> None:
    house = filed(tmp_path, "https://ehr.example/fhir")
    for count in (1, 250, 251, 800):
        names = ids(count)
        delivery = begun(house, names, "1-a")
        before = outbox.held(house.db, LANE, names)
        assert [before[name].tried for name in names] == ["1-a"] * count
        told = [
            Result(name, "1-a", "open", f"Observation/{at}", f'W/"{at}"') for at, name in enumerate(names)
        ]
        outbox.settle(house.db, delivery, "acked", results=told)
        after = outbox.held(house.db, LANE, names)
        assert [(after[n].version, after[n].tried, after[n].reference, after[n].etag) for n in names] == [
            ("1-a", "", f"Observation/{at}", f'W/"{at}"') for at in range(count)
        ]


def test_what_was_tried_in_two_versions_is_one_of_several(tmp_path: Path) -> None:
    house = filed(tmp_path, "https://ehr.example/fhir")
    names = ids(300)
    begun(house, names[:200], "1-a")
    begun(house, names, "2-a")
    held = outbox.held(house.db, LANE, names)
    assert [held[name].tried for name in names] == ["?"] * 200 + ["2-a"] * 100


def test_each_entry_comes_to_its_own_and_one_that_is_told_of_twice_to_the_last(tmp_path: Path) -> None:
    house = filed(tmp_path, "https://ehr.example/fhir")
    names = ids(4)
    delivery = begun(house, names, "1-a")
    told = [
        Result(names[0], "1-a", "open", "Observation/0", 'W/"1"'),
        Result(names[1], "", "refused", problem="it is wrong"),
        Result(names[2], "1-a", "open", "Observation/2", 'W/"1"', settled=False),
        Result(names[0], "1-a", "open", "", 'W/"2"'),
    ]
    outbox.settle(house.db, delivery, "partial", results=told)
    held = outbox.held(house.db, LANE, names)
    rows = [(held[n].version, held[n].tried, held[n].state, held[n].reference, held[n].etag) for n in names]
    assert rows == [
        ("1-a", "", "open", "Observation/0", 'W/"2"'),
        ("", "", "refused", "", ""),
        ("1-a", "1-a", "open", "Observation/2", 'W/"1"'),
        ("", "1-a", "open", "", ""),
    ]
    assert held[names[1]].problem == "it is wrong"
