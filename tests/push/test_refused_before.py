"""A correction that a receiver refused says nothing of whether it takes the reading back: it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import bridge.store.outbox as outbox
from bridge.push.affected import affected
from bridge.push.copies import REFUSED, TAKEN
from bridge.store.blocks import withdraw
from bridge.store.lanes import Lane
from bridge.store.outbox import Item, Result
from tests.push.ehr import TRANSACTION, running
from tests.push.house import House, filed
from tests.push.test_isolation import Clinging
from tests.push.twin import Say

LANE = Lane(1, 1)


@pytest.fixture
def ehr() -> Iterator[Clinging]:
    with running(Clinging(TRANSACTION)) as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, ehr: Clinging) -> Iterator[House]:
    found = filed(tmp_path, ehr.url)
    yield found
    found.db.close()


def at(ehr: Clinging, value: int) -> set[str]:
    shelf = ehr.shelves["Observation"].items()
    return {f"Observation/{name}" for name, each in shelf if each["valueQuantity"]["value"] == value}


def uncorrected(house: House, ehr: Clinging) -> tuple[int, int]:
    """Ten readings are there, and the correction of one was refused; the uploads of both."""
    wrong = house.bring(0, list(range(100, 110)))
    house.grant()
    house.link()
    assert house.push().sent == 10
    ehr.keeps = at(ehr, 107)
    fix = house.bring(7, [307], name="corrected")
    assert house.push().failed and at(ehr, 107)
    return wrong, fix


def take_back(house: House, *uploads: int) -> None:
    for each in uploads:
        withdraw(house.db, house.patient, each)


def states(house: House, upload: int) -> list[str]:
    return sorted(copy.state for each in affected(house.db, house.patient, upload) for copy in each.copies)


def test_it_is_taken_back_also_where_the_first_attempt_is_lost(house: House, ehr: Clinging) -> None:
    wrong, fix = uncorrected(house, ehr)
    ehr.keeps = set()
    take_back(house, fix, wrong)
    ehr.script = [Say(503)]
    assert house.push().retracted == 0 and REFUSED not in states(house, wrong)
    house.wait(120)
    assert house.push().retracted == 10 and ehr.values() == []
    assert states(house, wrong) == [TAKEN] * 10


def test_it_is_taken_back_beside_another_that_is_refused(house: House, ehr: Clinging) -> None:
    wrong, fix = uncorrected(house, ehr)
    ehr.keeps = at(ehr, 103)
    take_back(house, fix, wrong)
    assert house.push().retracted == 9 and ehr.values() == [103]
    assert states(house, wrong) == [REFUSED] + [TAKEN] * 9
    many = ehr.refusals
    house.wait(120)
    house.push()
    assert ehr.refusals == many, "what was refused to be taken back is a human's"


def test_a_refusal_to_take_back_is_said_of_the_row_until_a_human_retries(house: House) -> None:
    item = Item(bytes(16), "Observation", "1-a")
    first = outbox.begin(house.db, LANE, "readings", "g", 1, None, [item])
    there = Result(item.id, "1-a", "open", "Observation/5")
    outbox.settle(house.db, first, "acked", results=[there])
    no = Result(item.id, "1-a", "refused", problem="no")
    outbox.settle(
        house.db, outbox.begin(house.db, LANE, "readings", "g", 1, None, [item]), "partial", results=[no]
    )
    assert [(each.state, each.kept) for _, each in outbox.holding(house.db, LANE)] == [("refused", False)]
    back = outbox.begin(house.db, LANE, "retraction", "g", 1, None, [item])
    assert [(each.state, each.problem) for _, each in outbox.holding(house.db, LANE)] == [("open", "")]
    outbox.settle(house.db, back, "partial", results=[no])
    assert [(each.state, each.kept) for _, each in outbox.holding(house.db, LANE)] == [("refused", True)]
    outbox.retry(house.db, back.delivery)
    assert [(each.state, each.kept) for _, each in outbox.holding(house.db, LANE)] == [("open", False)]


def test_a_delivery_that_has_entries_stays_what_it_was_where_something_else_goes_first(house: House) -> None:
    item = Item(bytes(16), "Observation", "1-a")
    first = outbox.begin(house.db, LANE, "readings", "g", 1, None, [item])
    outbox.settle(house.db, first, "queued", due=5, results=[Result(item.id, "1-a", "refused", problem="no")])
    other = outbox.begin(house.db, LANE, "retraction", "h", 1, None, [Item(b"x" * 16, "Observation", "1")])
    assert other.delivery != first.delivery
    before = outbox.load(house.db, first.delivery)
    assert (before.what, before.grant_id, before.state, before.due) == ("readings", "g", "partial", None)


def test_a_delivery_without_entries_becomes_what_goes_first(house: House) -> None:
    first = outbox.begin(house.db, LANE, "readings", "g", 1, None, [])
    outbox.settle(house.db, first, "queued", due=5, problem="the receiver asks to wait")
    assert outbox.begin(house.db, LANE, "retraction", "g", 1, None, []).delivery == first.delivery
