"""One record at a receiver is one person's, whoever makes the link and however the record was found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import bridge.store.links as links
from bridge.store.db import Database
from bridge.store.links import Anothers, LinkState, Shown
from bridge.store.patients import add

MRN, NATIONAL = ("urn:example:mrn", "1"), ("urn:example:national", "A-1")


@pytest.fixture
def other(db: Database) -> int:
    return add(db, "Ben Muster", None, "Europe/Berlin")


def confirm(
    db: Database, patient: int, named: tuple[str, str], id: str = "", client: str = "ehr"
) -> links.Link:
    return links.confirm(db, patient, client, *named, "Dr. Example", Shown(id) if id else None)


def test_a_record_that_is_anothers_is_linked_by_nobody(db: Database, patient: int, other: int) -> None:
    confirm(db, patient, MRN, "17")
    with pytest.raises(Anothers, match="another person's link"):
        confirm(db, other, MRN)
    with pytest.raises(Anothers):
        confirm(db, other, NATIONAL, "17")  # the same record by another of its identifiers
    assert links.of(db, other, "ehr") is None
    assert confirm(db, other, NATIONAL, "18").state is LinkState.CONFIRMED
    assert confirm(db, other, MRN, client="another ehr").state is LinkState.CONFIRMED


def test_a_record_that_is_nobodys_any_more_may_be_linked(db: Database, patient: int, other: int) -> None:
    links.remove(db, confirm(db, patient, MRN, "17").number)
    confirm(db, other, MRN, "17")
    with pytest.raises(Anothers):
        confirm(db, patient, MRN)
    assert confirm(db, other, MRN, "17").state is LinkState.CONFIRMED


def test_of_two_who_confirm_one_record_at_once_one_does(db: Database) -> None:
    people = [add(db, f"Person {each}", None, "UTC") for each in range(8)]

    def tried(one: int) -> bool:
        try:
            confirm(db, one, MRN, "17")
        except Anothers:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, people)) == 1


def test_a_link_that_was_made_before_records_were_marked_counts(
    db: Database, patient: int, other: int
) -> None:
    confirm(db, patient, MRN, "17")
    with db.write("bridge") as con:
        con.execute("UPDATE links SET record = NULL, chart = NULL")
    for named, chart in ((MRN, ""), (NATIONAL, "17")):
        with pytest.raises(Anothers):
            confirm(db, other, named, chart)


OID = "urn:oid:2.16.840.1.113883.2.4.6.3"
UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
WEB = "https://ehr.example/Mrn"


@pytest.mark.parametrize(
    ("named", "again"),
    [
        ((OID, "0042"), (OID, "0042 ")),
        ((OID, "0042"), (OID, "\t0042")),
        ((OID, "0042"), (OID, "\u200b0042\ufeff")),
        ((OID, "0042"), (OID + " ", "0042")),
        ((OID, "0042"), (OID.upper(), "0042")),
        ((UUID, "0042"), ("URN:UUID:" + UUID[9:].upper(), "0042")),
        ((WEB, "0042"), ("HTTPS://EHR.Example/MRN", "0042")),
    ],
)
def test_another_spelling_of_a_record_is_no_other_record(
    db: Database, patient: int, other: int, named: tuple[str, str], again: tuple[str, str]
) -> None:
    for first, second in ((named, again), (again, named)):
        made = confirm(db, patient, first)
        assert made.value == "0042"
        assert links.is_anothers(db, other, "ehr", *second)
        with pytest.raises(Anothers):
            confirm(db, other, second)
        links.remove(db, made.number)


def test_what_is_significant_in_a_record_stays_so(db: Database, patient: int) -> None:
    confirm(db, patient, (WEB, "0042a"))
    for at, apart in enumerate(
        ((WEB, "42a"), (WEB, "0042A"), ("https://ehr.example/mrn/2", "0042a"), ("MRN", "0042a"))
    ):
        assert confirm(db, add(db, f"Person {at}", None, "UTC"), apart).state is LinkState.CONFIRMED
