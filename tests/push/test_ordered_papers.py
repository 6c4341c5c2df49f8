"""Documents as a clinic ordered them: the ordered days as a PDF, once, at their time, and never more than the grant."""

from __future__ import annotations

from pathlib import Path

import bridge.store.orders as orders
from bridge.push.ordered import UNSENT
from bridge.push.overview import NO_DOCUMENTS, standings
from bridge.store.lanes import Lane
from tests.push.ehr import TRANSACTION, scheduled
from tests.push.test_ordered_summaries import HOURS, PDF, SUMMARY, biweekly, world
from tests.push.test_papers import FULL, one, papers, told_days, words
from tests.push.test_summaries import days, measured


def test_an_order_of_figures_and_pdf_brings_both_of_the_same_days(tmp_path: Path) -> None:
    with world(tmp_path, FULL) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((2, "wk"), None, SUMMARY, PDF)])
        assert house.push().sent == 8
        assert told_days(words(one(ehr))) == {*range(14, 28)}
        house.wait(24 * HOURS)
        assert house.push().sent == 0
        assert len(orders.lasts(house.db, Lane(house.patient, 1))) == 1


def test_an_order_of_the_pdf_alone_brings_no_figure_and_waits_for_its_time(tmp_path: Path) -> None:
    with world(tmp_path, FULL, raw={"daily": 100}, summaries=False) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((2, "wk"), None, PDF)])
        assert house.push().sent == 1 and not ehr.readings
        measured(house, 1, 13, value=120)
        house.wait(13 * 24 * HOURS)
        assert house.push().sent == 0
        house.wait(2 * 24 * HOURS)
        assert house.push().sent == 1 and len(papers(ehr)) == 2


def test_an_order_of_figures_alone_brings_no_document(tmp_path: Path) -> None:
    with world(tmp_path, FULL, document={}) as (house, ehr):
        house.grant()
        biweekly(ehr)
        assert house.push().sent == 7 and not papers(ehr)


def test_a_pdf_that_the_receiver_cannot_take_is_not_taken_for_delivered(tmp_path: Path) -> None:
    with world(tmp_path, TRANSACTION) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((2, "wk"), None, PDF)])
        assert house.push().held == (f"clinic: {UNSENT}",) and not papers(ehr)
        (seen,) = standings(house.db, house.clock(), house.patient)
        assert seen.holds == (NO_DOCUMENTS,) and not orders.lasts(house.db, Lane(house.patient, 1))


def test_what_stands_is_corrected_when_its_order_is_over(tmp_path: Path) -> None:
    with world(tmp_path, FULL, raw={"daily": 100}, summaries=False) as (house, ehr):
        house.grant()
        biweekly(ehr, extension=[scheduled((2, "wk"), None, PDF)])
        house.push()
        (order,) = ehr.shelves["ServiceRequest"].values()
        order["status"] = "revoked"
        measured(house, -3, 1, value=250)
        house.wait(61)
        assert house.push().updated == 1 and len(papers(ehr)) == 1
        house.wait(30 * 24 * HOURS)
        house.push()
        assert len(papers(ehr)) == 1


def test_a_grant_cuts_what_was_ordered(tmp_path: Path) -> None:
    with world(tmp_path, FULL) as (house, ehr):
        house.grant(periods=days(house, -7, 7))
        biweekly(ehr, extension=[scheduled((2, "wk"), None, PDF)])
        house.push()
        assert all(told_days(words(each)) <= {*range(21, 28)} for each in papers(ehr)) and papers(ehr)
