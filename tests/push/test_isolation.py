"""One reading that a receiver cannot take holds up no other: it is found in few requests, and waits with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import ceil, log2
from pathlib import Path
from typing import Any

import pytest

import bridge.store.outbox as outbox
from bridge.push.isolation import IN_A_ROW, STRANGERS, Isolation, Next
from bridge.store.blocks import withdraw
from tests.hl7.engine import Engine
from tests.hl7.engine import standing as engine_standing
from tests.hl7.test_deliveries import RECORD
from tests.push.ehr import CGM_RECEIVER, TRANSACTION, Ehr, Rules, running
from tests.push.house import House, filed
from tests.push.test_several_grants import hours

SIXTY = list(range(100, 160))


@dataclass
class Choosy(Ehr):
    """It refuses a Bundle whole where one entry has a value that it cannot take."""

    bad: set[int] = field(default_factory=set)
    status: int = 422
    refusals: int = 0

    def _bundle(
        self, where: str, resource: dict[str, Any]
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        values = [
            each["resource"].get("valueQuantity", {}).get("value") for each in resource.get("entry", ())
        ]
        if self.bad & set(values):
            self.refusals += 1
            return self.status, self.complaint("invalid", str(self.status)), ()
        return super()._bundle(where, resource)


@contextmanager
def fhir(home: Path, rules: Rules, **told: Any) -> Iterator[tuple[House, Choosy]]:
    with running(Choosy(rules, **told)) as ehr:
        house = filed(home, ehr.url)
        house.bring(0, SIXTY)
        house.grant()
        house.link()
        yield house, ehr
        house.db.close()


@contextmanager
def hl7(home: Path) -> Iterator[tuple[House, Engine]]:
    with engine_standing() as engine:
        house = filed(home, engine.url(), kind="hl7v2", hl7v2={"seconds": 1})
        house.bring(0, SIXTY)
        house.grant()
        house.link(RECORD)
        yield house, engine
        house.db.close()


def problems(house: House) -> list[str]:
    rows = house.db.reader("bridge").execute("SELECT problem FROM sent WHERE state = 'refused'")
    return [problem for (problem,) in rows]


def requests(bad: int, count: int) -> int:
    """The most requests: down to one and up again for each, and those that are taken at once."""
    return bad * (2 * ceil(log2(count)) + 4) + 2


@pytest.mark.parametrize("bad", [{100}, {159}, {131}, {110, 111}, {101, 130, 158}])
def test_one_content_that_an_engine_refuses_waits_alone_and_the_rest_arrives(
    tmp_path: Path, bad: set[int]
) -> None:
    with hl7(tmp_path) as (house, engine):
        engine.bad = "102", frozenset(map(str, bad))
        report = house.push()
        assert report.sent == 60 - len(bad) and not report.stops
        assert engine.values() == [str(value) for value in SIXTY if value not in bad]
        assert problems(house) == ["the receiver finds a field of a wrong type (AE, 102)"] * len(bad)
        assert len(engine.bodies) <= requests(len(bad), 60)
        assert "failed" not in {each.state for each in outbox.listed(house.db)}
        many = len(engine.bodies)
        house.bring(60, [170])
        assert house.push().sent == 1 and len(engine.bodies) == many + 1, "it is not tried again by itself"


@pytest.mark.parametrize("rules", [TRANSACTION, CGM_RECEIVER], ids=["transaction", "submission"])
@pytest.mark.parametrize("status", [400, 422])
def test_one_content_that_a_bundle_is_refused_for_waits_alone_and_the_rest_arrives(
    tmp_path: Path, rules: Rules, status: int
) -> None:
    with fhir(tmp_path, rules, bad={131}, status=status) as (house, ehr):
        report = house.push()
        assert report.sent == 59 and not report.stops
        assert ehr.values() == [value for value in SIXTY if value != 131]
        (problem,) = problems(house)
        assert problem.endswith(f"(HTTP {status})") and ehr.refusals <= requests(1, 60)


def test_an_error_without_a_code_may_be_of_one_content(tmp_path: Path) -> None:
    with hl7(tmp_path) as (house, engine):
        engine.bad = "", frozenset({"131"})
        assert house.push().sent == 59
        assert problems(house) == ["the receiver's application finds an error in the message (AE)"]


def test_what_waits_goes_when_a_human_says_so(tmp_path: Path) -> None:
    with hl7(tmp_path) as (house, engine):
        engine.bad = "103", frozenset({"131"})
        house.push()
        (alone,) = [each for each in outbox.listed(house.db) if each.problem]
        assert (alone.state, alone.items) == ("partial", 1) and "map it under codes" in alone.problem
        engine.bad = "103", frozenset()
        outbox.retry(house.db, alone.delivery)
        assert house.push().sent == 1 and len(engine.values()) == 60


def test_a_correction_that_is_refused_leaves_what_is_there_and_holds_up_nothing(tmp_path: Path) -> None:
    with hl7(tmp_path) as (house, engine):
        house.push()
        engine.bad = "102", frozenset({"391"})
        house.bring(10, [390, 391, 392, 393], name="corrected")
        assert house.push().updated == 3
        assert {"390", "392", "393", "111"} <= set(engine.values()) and len(problems(house)) == 1


@pytest.mark.parametrize("error", ["100", "203", "204"])
def test_a_refusal_that_every_message_would_get_is_not_looked_into(tmp_path: Path, error: str) -> None:
    with hl7(tmp_path) as (house, engine):
        engine.bad = error, frozenset({"131"})
        report = house.push()
        assert report.stops and report.sent == 0 and len(engine.bodies) == 1 and problems(house) == []


def test_a_receiver_that_takes_nothing_stops_the_delivery_after_few_requests(tmp_path: Path) -> None:
    with fhir(tmp_path, TRANSACTION, bad=set(SIXTY)) as (house, ehr):
        report = house.push()
        assert report.stops and report.sent == 0 and ehr.readings == []
        assert ehr.refusals <= ceil(log2(60)) + 1 + STRANGERS
        assert [each.state for each in outbox.listed(house.db)][-1] == "failed"
        assert house.push().stops and ehr.refusals <= ceil(log2(60)) + 1 + STRANGERS, "nobody asks again"


def test_after_too_many_refusals_a_human_looks() -> None:
    found = Isolation()
    found.taken(1)
    assert {found.refused(1, 1) for _ in range(IN_A_ROW)} == {Next.ALONE}
    assert found.refused(1, 1) is Next.AS_SAID


def test_many_in_one_page_are_found_and_all_others_arrive(tmp_path: Path) -> None:
    values = [399 if at % 25 == 12 else 100 + at % 250 for at in range(400)]
    with running(Choosy(TRANSACTION, bad={399})) as ehr:
        house = filed(tmp_path, ehr.url)
        house.bring(0, values)
        house.grant()
        house.link()
        report = house.push()
        assert (report.sent, report.stops) == (384, False) and len(problems(house)) == 16
        house.db.close()


@dataclass
class Pausing(Choosy):
    """Something happens right after its first refusal."""

    then: list[Callable[[], None]] = field(default_factory=list)

    def _bundle(
        self, where: str, resource: dict[str, Any]
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        found = super()._bundle(where, resource)
        if self.refusals and self.then:
            self.then.pop()()
        return found


def test_a_pause_while_it_is_looked_for_leaves_nothing_to_a_human(tmp_path: Path) -> None:
    with running(Pausing(TRANSACTION, bad={131})) as ehr:
        house = filed(tmp_path, ehr.url)
        first = house.bring(0, [90, 91])
        grant = house.grant()
        house.link()
        assert house.push().sent == 2
        house.bring(10, SIXTY)
        ehr.then.append(partial(house.pause, grant))
        house.push()
        assert "failed" not in {each.state for each in outbox.listed(house.db)}
        withdraw(house.db, house.patient, first)
        house.wait()
        assert house.push().retracted == 2, "what is gone is taken back all the same"
        house.resume(grant)
        assert house.push().sent == 59 and len(problems(house)) == 1
        house.db.close()


def test_a_no_in_the_middle_of_it_lets_nothing_more_go(tmp_path: Path) -> None:
    with hl7(tmp_path) as (house, engine):
        engine.bad = "102", frozenset({"131"})
        wrong = house.bring(70, [131])
        house.push()
        (grant,) = {each.grant_id for each in outbox.listed(house.db)}
        house.revoke(grant)
        many = len(engine.bodies)
        withdraw(house.db, house.patient, wrong)
        house.push()
        assert len(engine.bodies) == many, "what never arrived is not taken back"


@dataclass
class Clinging(Ehr):
    """It refuses a Bundle whole where one entry would change what it does not give back."""

    keeps: set[str] = field(default_factory=set)
    refusals: int = 0

    def _bundle(
        self, where: str, resource: dict[str, Any]
    ) -> tuple[int, dict[str, Any], Sequence[tuple[str, str]]]:
        changed = {each["request"]["url"] for each in resource["entry"] if each["request"]["method"] == "PUT"}
        if self.keeps & changed:
            self.refusals += 1
            return 422, self.complaint("invalid", "422"), ()
        return super()._bundle(where, resource)


def test_one_retraction_that_is_refused_holds_up_no_other(tmp_path: Path) -> None:
    with running(Clinging(TRANSACTION)) as ehr:
        house = filed(tmp_path, ehr.url)
        wrong = house.bring(0, SIXTY)
        house.grant()
        house.link()
        assert house.push().sent == 60
        kept = [
            f"Observation/{name}"
            for name, each in ehr.shelves["Observation"].items()
            if each["valueQuantity"]["value"] in (107, 131)
        ]
        ehr.keeps = set(kept)
        withdraw(house.db, house.patient, wrong)
        house.bring(70, [170])
        report = house.push()
        assert (report.retracted, report.sent, report.stops) == (58, 1, False)
        assert ehr.values() == [107, 131, 170]
        assert len(problems(house)) == 2 and ehr.refusals <= requests(2, 60)
        alone = [each for each in outbox.listed(house.db) if each.problem]
        assert [(each.what, each.state, each.items) for each in alone] == [("retraction", "partial", 1)] * 2
        many = ehr.refusals
        house.push()
        assert ehr.refusals == many, "it is not tried again by itself"
        ehr.keeps = set()
        for each in alone:
            outbox.retry(house.db, each.delivery)
        house.push()
        assert ehr.values() == [170]
        house.db.close()


def test_a_receiver_that_gives_nothing_back_stops_the_delivery(tmp_path: Path) -> None:
    with running(Clinging(TRANSACTION)) as ehr:
        house = filed(tmp_path, ehr.url)
        wrong = house.bring(0, SIXTY)
        house.grant()
        house.link()
        house.push()
        ehr.keeps = {f"Observation/{name}" for name in ehr.shelves["Observation"]}
        withdraw(house.db, house.patient, wrong)
        assert house.push().stops and len(ehr.values()) == 60
        assert ehr.refusals <= ceil(log2(60)) + 1 + STRANGERS
        house.db.close()


def test_pieces_that_hang_together_go_after_a_retraction_was_refused(tmp_path: Path) -> None:
    with running(Clinging(TRANSACTION)) as ehr:
        house = filed(tmp_path, ehr.url)
        house.run(0, 6)
        wrong = house.bring(50, [170])
        house.grant(periods=hours(4, 5))
        house.link()
        assert house.push().sent == 2
        ehr.keeps = {f"Observation/{name}" for name in ehr.shelves["Observation"]}
        withdraw(house.db, house.patient, wrong)
        house.grant(periods=hours(0, 1))
        house.push()
        assert len(ehr.shelves["MedicationAdministration"]) == 2, "the refusal makes pages of one"
        house.db.close()
