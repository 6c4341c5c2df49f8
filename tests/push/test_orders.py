"""What goes is what the clinic ordered and the person grants: never more than either, found over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bridge.store.links as links
import bridge.store.orders as orders
import bridge.store.outbox as outbox
from bridge.consent.asked import Kind
from bridge.period import DAY, Period, PeriodSet, iso
from bridge.push.finding import OTHERS
from bridge.push.ordered import NO_ORDER, UNRECKONED
from bridge.push.overview import NO_GLUCOSE, standings
from bridge.push.plan import NO_GRANT
from bridge.store.blocks import withdraw
from bridge.store.lanes import Lane
from bridge.store.links import LinkState
from bridge.store.patients import erase
from tests.push.ehr import EPIC, ORACLE, ORDERS, ROW, TRANSACTION, Ehr, Rules, once, scheduled, standing
from tests.push.house import BEGIN, House, filed, with_rows

FOUND: dict[str, Any] = {"orders": {"required": True, "find": True}}
ONE_TIME = {"coding": [{"system": ORDERS, "code": "cgm-data-submission-one-time-order"}]}
ROWS = {"glucose": {"code": {"mg/dL": ["cgm-mass", "row-glucose"]}}}


@contextmanager
def world(
    home: Path, rules: Rules = TRANSACTION, granted: bool = True, **more: Any
) -> Iterator[tuple[House, Ehr]]:
    """Ten readings of ten days ago, a grant, a link, and a record system that is asked for orders."""
    with standing(rules) as ehr:
        house = filed(home, ehr.url, with_rows(), **(FOUND | more))
        house.bring(0, list(range(100, 110)))
        if granted:
            house.grant()
        house.link()
        yield house, ehr
        house.db.close()


def looks(ehr: Ehr) -> int:
    """How often it was asked for orders."""
    return sum(path == "ServiceRequest" for _, path in ehr.asked)


def lane(house: House) -> Lane:
    return Lane(house.patient, 1)


# ------------------------------------------------------------------------------------ order and grant


def test_without_an_order_nothing_goes_where_one_is_required(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        done = house.push()
        assert done.held == (f"clinic: {NO_ORDER}",) and not ehr.writes()


def test_with_an_order_goes_what_the_grant_opens(tmp_path: Path) -> None:
    with world(tmp_path, granted=False) as (house, ehr):
        ehr.order()
        assert house.push().held == (f"clinic: {NO_GRANT}",) and not looks(ehr)
        house.grant(periods=PeriodSet((Period(BEGIN - 10 * DAY, BEGIN - 10 * DAY + 4 * 300_000),)))
        assert house.push().sent == 4 and ehr.values() == [100, 101, 102, 103]


def test_a_grant_of_other_kinds_and_an_order_have_nothing_in_common(tmp_path: Path) -> None:
    with world(tmp_path, granted=False) as (house, ehr):
        house.give(0, [150])
        house.grant(kinds=frozenset({Kind.INSULIN}))
        ehr.order()
        assert house.push().sent == 0 and not ehr.readings


def test_an_order_for_glucose_leaves_doses_out(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        house.give(0, [150])
        ehr.order()
        assert house.push().sent == 10
        assert not ehr.shelves.get("MedicationAdministration")


def test_the_lookback_cuts_and_the_next_submission_has_what_is_new(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "d"), (9, "d"))])
        house.bring(2000, [140, 141])
        assert house.push().sent == 2 and ehr.values() == [140, 141]
        house.bring(2100, [150])
        assert house.push().sent == 0
        house.wait(24 * 60)
        assert house.push().sent == 1 and ehr.values() == [140, 141, 150]


def test_the_cadence_counts_from_the_order_and_a_late_one_makes_no_other_late(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(authoredOn=iso(BEGIN), extension=[scheduled((7, "d"), (4, "wk"))])
        assert house.push().sent == 10
        house.wait(10 * 24 * 60)
        house.bring(20, [120])
        assert house.push().sent == 1
        house.wait(4 * 24 * 60)
        house.bring(30, [121])
        assert house.push().sent == 1


def test_send_now_leaves_out_the_cadence_and_nothing_else(tmp_path: Path) -> None:
    with world(tmp_path, granted=False) as (house, ehr):
        grant = house.grant()
        ehr.order()
        house.push()
        house.bring(20, [120])
        assert house.push().sent == 0
        assert house.push(at_once=True).sent == 1
        house.bring(30, [121])
        house.revoke(grant)
        assert house.push(at_once=True).sent == 0 and 121 not in ehr.values()


def test_several_schedules_of_one_order_have_each_their_own_time(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(
            extension=[scheduled((1, "d"), (1, "d")), scheduled((4, "wk"), (60, "d"))],
            authoredOn=iso(BEGIN - 3 * DAY),
        )
        assert house.push().sent == 10
        house.bring(40, [130])
        house.wait(24 * 60)
        assert house.push().sent == 0
        house.wait(28 * 24 * 60)
        assert house.push().sent == 1


def test_without_a_lookback_what_comes_late_is_not_lost(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((2, "wk"))])
        assert house.push().sent == 10
        house.wait(20 * 24 * 60)
        house.bring(500, [133])
        assert house.push().sent == 1


# ------------------------------------------------------------------------------------- how orders end


@pytest.mark.parametrize(
    "status", ["revoked", "completed", "on-hold", "entered-in-error", "draft", "unknown"]
)
def test_an_order_that_is_not_active_acts_on_the_next_round(tmp_path: Path, status: str) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "h"), (20, "d"))])
        assert house.push().sent == 10
        ehr.order(status=status)
        house.bring(20, [120])
        house.wait(61)
        assert NO_ORDER in str(house.round().held) and 120 not in ehr.values()


def test_an_order_that_is_not_shown_any_more_is_none(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "h"), (20, "d"))])
        house.push()
        ehr.shelves["ServiceRequest"].clear()
        house.bring(20, [120])
        house.wait(61)
        assert NO_ORDER in str(house.round().held) and 120 not in ehr.values()
        assert [each.is_standing for each in orders.listed(house.db)] == [False]


def test_a_changed_order_begins_anew(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((2, "wk"), (1, "d"))])
        assert house.push().sent == 0
        ehr.order(extension=[scheduled((2, "wk"), (20, "d"))])
        assert house.push().sent == 10


def test_an_order_holds_from_and_until_it_says(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        span = {"start": iso(BEGIN + DAY), "end": iso(BEGIN + 3 * DAY)}
        ehr.order(occurrencePeriod=span, extension=[scheduled((1, "d"), (30, "d"))])
        assert house.push(at_once=True).sent == 0
        house.wait(25 * 60)
        assert house.push().sent == 10
        house.bring(20, [120])
        house.wait(3 * 24 * 60)
        assert NO_ORDER in str(house.push().held) and 120 not in ehr.values()


def test_a_one_time_order_goes_once_and_is_over(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        day = iso(BEGIN - 10 * DAY)[:10]
        ehr.order(code=ONE_TIME, extension=[once(day, day)])
        assert house.push().sent == 10
        house.bring(12, [120])
        assert NO_ORDER in str(house.push(at_once=True).held) and 120 not in ehr.values()


def test_a_one_time_order_whose_period_runs_goes_a_second_time_at_its_end(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        first, last = (iso(BEGIN + step * DAY)[:10] for step in (-11, 1))
        ehr.order(code=ONE_TIME, extension=[once(first, last)])
        assert house.push().sent == 10
        house.bring(2900, [120])
        assert house.push().sent == 0
        house.wait(3 * 24 * 60)
        assert house.push().sent == 1
        assert NO_ORDER in str(house.push().held)


def test_an_older_period_that_is_ordered_later_is_not_behind_what_went(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "h"), (1, "d"))])
        house.bring(2870, [150])
        assert house.push().sent == 1
        day = iso(BEGIN - 10 * DAY)[:10]
        ehr.order("o2", code=ONE_TIME, extension=[once(day, day)])
        house.wait(61)
        assert house.round().sent == 10


def test_a_code_that_stops_ends_what_was_ordered_before_and_not_what_comes_after(tmp_path: Path) -> None:
    more = {"orders": FOUND["orders"] | {"codes": {"start": ["cgm-standing-order"], "stop": ["row-glucose"]}}}
    stop = {"coding": [{"system": ROW[0], "code": ROW[1]}]}
    with world(tmp_path, **more) as (house, ehr):
        ehr.order(authoredOn="2026-05-01", extension=[scheduled((1, "d"), (30, "d"))])
        ehr.order("o2", code=stop, authoredOn="2026-05-20", extension=[])
        assert NO_ORDER in str(house.push().held)
        ehr.order("o3", authoredOn="2026-05-25", extension=[scheduled((1, "d"), (30, "d"))])
        assert house.push().sent == 10


# ---------------------------------------------------------------------------------------- finding them


def test_orders_are_looked_for_once_an_hour_and_before_whatever_is_due(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order()
        house.round()
        before = looks(ehr)
        for _ in range(6):
            house.wait(9)
            house.bring(100 + looks(ehr), [111])
            house.round()
        assert looks(ehr) == before == 1
        house.wait(9)
        house.bring(200, [112])
        house.round()
        assert looks(ehr) == 2


def test_orders_of_another_record_are_refused_and_not_kept(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.is_careless = True
        ehr.order(subject={"reference": "Patient/p2"})
        assert NO_ORDER in str(house.push().held) and not ehr.writes()
        assert not orders.listed(house.db)
        seen = orders.look(house.db, lane(house))
        assert seen is not None and seen.problem == OTHERS


def test_an_order_that_cannot_be_read_says_where_and_lets_nothing_go(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((2, "wk"), None, "cgm-everything")], doNotPerform=True)
        assert NO_ORDER in str(house.push().held)
        (kept,) = orders.listed(house.db)
        assert kept.written.order is None
        assert kept.written.wrong == (
            "doNotPerform is set: to end an order give it the status revoked",
            "extension[0].submissionDataProfile names no profile of the HL7 CGM IG 1.0.0",
        )


def test_an_order_with_a_number_beyond_all_reckoning_stops_no_other(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order()
        ehr.order("o2", extension=[scheduled((10**45, "d"))])
        assert house.push().sent == 10
        (bad,) = (each for each in orders.listed(house.db) if each.written.order is None)
        assert "digits" in bad.written.wrong[0]


@pytest.mark.parametrize("end", ["9999-12-31", "2999", "2248-01-01"])
def test_an_order_with_an_open_end_is_sent_and_lets_corrections_go(tmp_path: Path, end: str) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(code=ONE_TIME, extension=[once("2026-05-01", end)])
        assert house.push().sent == 10
        house.wait(61)
        house.bring(3, [250], name="corrected")
        assert house.round().updated == 1 and 250 in ehr.values()


def test_an_order_that_cannot_be_reckoned_is_held_with_a_sentence_and_stops_no_other(tmp_path: Path) -> None:
    """Its end is read where the person's clocks stand, two hours before its start."""
    with world(tmp_path) as (house, ehr):
        ehr.order("torn", code=ONE_TIME, extension=[once("2026-05-01T10:00:00Z", "2026-05-01T11:00:00")])
        assert house.push().held == (f"clinic: {NO_ORDER} ({UNRECKONED})",) and not ehr.writes()
        ehr.order()
        done = house.push()
        assert done.sent == 10 and done.held == (f"clinic: {UNRECKONED}",)
        holds = [each.holds for each in standings(house.db, house.clock(), house.patient)]
        assert sorted(holds) == [(), (UNRECKONED,)]
        house.bring(3, [250], name="corrected")
        assert house.push().updated == 1


def test_a_server_that_offers_no_orders_is_said_and_nothing_goes(tmp_path: Path) -> None:
    with world(tmp_path, replace(TRANSACTION, orders="none")) as (house, ehr):
        assert "orders could not be looked for" in str(house.push().held) and not ehr.writes()


def test_what_was_ordered_does_not_go_while_nobody_can_see_whether_it_still_is(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "h"), (30, "d"))])
        house.push()
        house.bring(20, [120])
        ehr.rules = replace(TRANSACTION, orders="none")
        house.wait(61)
        assert "orders could not be looked for" in str(house.round().held) and 120 not in ehr.values()
        ehr.rules = TRANSACTION
        house.wait(61)
        assert house.round().sent == 1


def test_a_server_with_pages_shows_all_orders(tmp_path: Path) -> None:
    with world(tmp_path, ORACLE) as (house, ehr):
        ehr.order()
        ehr.order("o2", extension=[scheduled((1, "d"), (30, "d"))])
        assert house.push().sent == 10
        assert sorted(each.written.reference for each in orders.listed(house.db)) == [
            "ServiceRequest/o1",
            "ServiceRequest/o2",
        ]


def test_a_server_without_extensions_orders_by_a_code_of_its_own(tmp_path: Path) -> None:
    said = {
        "required": True,
        "find": True,
        "codes": {"start": ["row-glucose"]},
        "usual": {"what": ["glucose"], "every": "1 d", "lookback": "40 d"},
    }
    with world(tmp_path, EPIC, fhir=ROWS, orders=said) as (house, ehr):
        code = {"coding": [{"system": ROW[0], "code": ROW[1]}]}
        ehr.order("other", code={"coding": [{"system": "urn:oid:1.2.3.9", "code": "1"}]}, extension=[])
        repeat = {"frequency": 1, "period": 2, "periodUnit": "wk"}
        ehr.order(code=code, extension=[], occurrenceTiming={"repeat": repeat})
        assert house.push().sent == 10
        house.bring(20, [120])
        house.wait(13 * 24 * 60)
        assert house.push().sent == 0
        house.wait(2 * 24 * 60)
        assert house.push().sent == 1
        (kept,) = orders.listed(house.db)
        assert kept.written.order is not None and kept.written.order.schedules[0].every is not None
        assert kept.written.order.schedules[0].every.unit == "wk"


def test_where_none_is_required_the_file_says_what_goes_until_there_is_one(tmp_path: Path) -> None:
    with world(tmp_path, orders={"find": True}) as (house, ehr):
        house.give(0, [150])
        assert house.push().sent == 11
        ehr.order(extension=[scheduled((2, "wk"), (30, "d"))])
        house.give(10, [160])
        house.bring(20, [120])
        assert house.push().sent == 1 and len(ehr.shelves["MedicationAdministration"]) == 1


def test_orders_of_a_link_that_is_another_now_are_nobodys(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "h"), (30, "d"))])
        house.push()
        ehr.order(status="revoked")
        house.link()
        house.bring(20, [120])
        assert NO_ORDER in str(house.round().held) and 120 not in ehr.values()


# -------------------------------------------------------------------------------- what is in the chart


def test_a_correction_travels_whatever_is_ordered(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order(extension=[scheduled((1, "d"), (20, "d"))])
        assert house.push().sent == 10
        house.bring(4, [204], "again")
        done = house.push()
        assert (done.sent, done.updated) == (0, 1) and 204 in ehr.values() and 104 not in ehr.values()
        ehr.order(status="revoked")
        house.bring(5, [205], "again")
        house.bring(50, [150])
        done = house.push()
        assert done.updated == 1 and NO_ORDER in str(done.held) and 150 not in ehr.values()


def test_what_was_ordered_is_told_anew_where_its_file_says_it_otherwise(tmp_path: Path) -> None:
    with world(tmp_path, fhir=ROWS) as (house, ehr):
        ehr.order(extension=[scheduled((2, "wk"), (30, "d"))])
        assert house.push().sent == 10
        assert house.push().updated == 0
        house.register(ehr.url, **FOUND)
        done = house.push()
        assert (done.sent, done.updated) == (0, 10)
        assert not any("row-glucose" in str(each) or ROW[1] in str(each) for each in ehr.readings)


def test_what_is_removed_here_is_taken_back_without_an_order(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order()
        later = house.bring(20, [120, 121])
        assert house.push().sent == 12
        ehr.order(status="revoked")
        withdraw(house.db, house.patient, later)
        assert house.push().retracted == 2


@pytest.mark.parametrize("kind", ["replaced-by", "refer"])
def test_a_link_to_another_record_suspends_until_a_human_confirms(tmp_path: Path, kind: str) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order()
        ehr.shelves["Patient"]["p1"]["link"] = [{"other": {"reference": "Patient/p9"}, "type": kind}]
        assert "link-broken" in str(house.push().held) and not ehr.writes()
        (link,) = links.listed(house.db)
        assert link.state is LinkState.BROKEN
        del ehr.shelves["Patient"]["p1"]["link"]
        assert house.push().sent == 0
        house.link()
        assert house.push().sent == 10


# ------------------------------------------------------------------------------------- what both sides see


def held(house: House) -> list[tuple[bool, tuple[str, ...]]]:
    """Of each order whether there is one, and why something does not go."""
    return [(each.kept is not None, each.holds) for each in standings(house.db, house.clock(), house.patient)]


def test_both_sides_see_an_order_without_a_grant_and_a_grant_without_an_order(tmp_path: Path) -> None:
    with world(tmp_path, granted=False) as (house, ehr):
        grant = house.grant()
        house.push()
        assert held(house) == [(False, (NO_ORDER,))]
        ehr.order()
        house.push()
        assert held(house) == [(True, ())]
        house.revoke(grant)
        assert held(house) == [(True, (NO_GRANT,))]
        house.grant(kinds=frozenset({Kind.INSULIN}))
        assert held(house) == [(True, (NO_GLUCOSE,))]
        house.grant()
        ehr.order(status="revoked")
        house.push()
        assert held(house) == [(True, ("its status is revoked",)), (False, (NO_ORDER,))]


def test_a_refused_entry_that_a_human_retries_goes_before_the_next_submission(tmp_path: Path) -> None:
    with world(tmp_path, EPIC, fhir={"glucose": {"code": {"mg/dL": ["cgm-mass"]}}}) as (house, ehr):
        ehr.order(extension=[scheduled((2, "wk"), (30, "d"))])
        assert house.push().sent == 0
        ehr.rules = replace(EPIC, codes=frozenset())
        for each in outbox.listed(house.db):
            if each.state == "partial":
                outbox.retry(house.db, each.delivery)
        assert house.push().sent == 10


def test_a_person_who_is_erased_leaves_no_order_behind(tmp_path: Path) -> None:
    with world(tmp_path) as (house, ehr):
        ehr.order()
        house.push()
        erase(house.db, house.patient)
        for name in ("orders", "order_parts", "order_looks", "send_now"):
            (count,) = house.db.reader("bridge").execute(f"SELECT count(*) FROM {name}").fetchone()
            assert count == 0
