"""A link that was confirmed while the receiver showed nobody is held against the first record that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import bridge.store.links as links
import bridge.store.patients as patients
from bridge.push.chart import Broken
from bridge.store.blocks import withdraw
from bridge.store.links import Link, LinkState, Shown
from tests.push.ehr import CGM_RECEIVER, ORACLE, TRANSACTION, Ehr, Rules, running
from tests.push.house import SHOWN, House, filed, furnished
from tests.push.twin import IDENTIFIER

SECOND = ("urn:oid:9.9.9", "N-77")


@pytest.fixture
def ehr() -> Iterator[Ehr]:
    with running(Ehr(TRANSACTION)) as found:
        record = found.shelves["Patient"]["p1"]
        record["identifier"] = [*record["identifier"], dict(zip(("system", "value"), SECOND, strict=True))]
        yield found


@pytest.fixture
def house(tmp_path: Path, ehr: Ehr) -> Iterator[House]:
    found = furnished(tmp_path, ehr.url)
    found.bring(0, [100, 101])
    found.grant()
    yield found
    found.db.close()


def linked(house: House, patient: int, named: tuple[str, str], shown: Shown | None = None) -> None:
    links.confirm(house.db, patient, house.client, *named, "Dr. Who", shown)


def link_of(house: House, patient: int) -> Link:
    found = links.of(house.db, patient, house.client)
    assert found is not None
    return found


def test_a_record_that_is_anothers_already_gets_nothing_of_a_second_person(house: House, ehr: Ehr) -> None:
    other = patients.add(house.db, "Ben Muster", date(1999, 1, 1), "Europe/Berlin")
    linked(house, other, IDENTIFIER)  # the receiver was down, and its id stayed unknown
    linked(house, house.patient, SECOND, SHOWN)
    first, house.patient = house.patient, other
    house.bring(50, [300, 301])
    house.grant()
    report = house.round()
    assert ehr.values() == [100, 101] and any(Broken.ANOTHERS.value in each for each in report.held)
    assert link_of(house, other).state is LinkState.BROKEN
    assert link_of(house, first).state is LinkState.CONFIRMED


def test_of_two_unseen_links_of_one_record_one_delivers(house: House, ehr: Ehr) -> None:
    other = patients.add(house.db, "Ben Muster", date(1999, 1, 1), "Europe/Berlin")
    linked(house, other, IDENTIFIER)
    linked(house, house.patient, SECOND)
    house.patient = other
    house.bring(50, [300, 301])
    house.grant()
    house.round()
    assert ehr.values() in ([100, 101], [300, 301])


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (Shown("", "Meier, Max", date(1990, 4, 1)), Broken.OTHER_NAME),
        (Shown("", "Example, Robin", date(1955, 5, 5)), Broken.OTHER_BIRTH_DATE),
    ],
)
def test_a_record_that_is_not_as_a_human_wrote_it_down_gets_nothing(
    house: House, ehr: Ehr, written: Shown, why: Broken
) -> None:
    linked(house, house.patient, IDENTIFIER, written)
    assert why.value in house.push().held[0] and ehr.readings == []
    assert link_of(house, house.patient).state is LinkState.BROKEN


def test_what_was_shown_first_is_kept_and_compared_from_then_on(house: House, ehr: Ehr) -> None:
    linked(house, house.patient, IDENTIFIER, Shown("", "Example, Robin"))
    assert house.push().sent == 2
    kept = link_of(house, house.patient).shown
    assert kept == Shown("p1", "Example, Robin", SHOWN.birth_date)
    changed: dict[str, Any] = {"birthDate": "1991-04-01"}
    ehr.shelves["Patient"]["p1"] |= changed
    house.bring(10, [150])
    assert Broken.OTHER_BIRTH_DATE.value in house.push().held[0]


@dataclass
class Strict(Ehr):
    """A reference must be a Patient that is there; a search is one in a transaction alone (R4 3.1.0.11.2)."""

    def one(
        self, method: str, where: str, resource: dict[str, Any], once: str, match: str
    ) -> tuple[int, str, str, dict[str, Any] | None]:
        subject = resource.get("subject", {}).get("reference", "Patient/p1")
        if subject != "Patient/p1":
            return 422, "", "", self.complaint("invalid", "422")
        return super().one(method, where, resource, once, match)


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("rules", [ORACLE, CGM_RECEIVER], ids=["batch", "submission"])
def test_what_went_to_a_record_is_taken_back_from_it_where_a_search_is_no_reference(
    tmp_path: Path, rules: Rules, is_kept: bool
) -> None:
    with running(Strict(rules)) as ehr:
        house = filed(tmp_path, ehr.url)
        wrong = house.bring(0, [100, 101])
        house.grant()
        house.link(None)
        before = house.db.reader("bridge").execute("SELECT sealed, chart FROM links").fetchone()
        assert house.push().sent == 2
        if not is_kept:  # as it went before ids were kept
            with house.db.write("bridge") as con:
                con.execute("UPDATE links SET sealed = ?, chart = ?", before)
        withdraw(house.db, house.patient, wrong)
        assert house.push().retracted == 2 and ehr.values() == []
        house.db.close()
