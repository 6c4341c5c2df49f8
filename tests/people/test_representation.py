"""Who may do what about whom, as time goes by; what others are told; how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

import bridge.store.patients as patients
import bridge.store.representations as kept
from bridge.consent import grants
from bridge.consent.asked import Kind as DataKind
from bridge.consent.asked import Way
from bridge.consent.grant import Authoriser, Grant, Recipient, State, state_at
from bridge.people import erasure, majority, notices, owner, representatives, sessions
from bridge.people.invitations import NoBirthDate, Offer, Void, accept, invite
from bridge.people.notices import What
from bridge.people.representation import Kind, Power, authoriser, may, people_of
from bridge.people.throttle import TryLater
from bridge.period import DAY, PeriodSet, ZoneHistory
from bridge.store.representations import AgesRow
from tests.people.conftest import Home

ZONES = ZoneHistory.always("Europe/Berlin")


def at(home: Home, day: str) -> None:
    home.clock.now = ZONES.day(date.fromisoformat(day)).start


def powers(home: Home, account: str, patient: int) -> set[str]:
    found = [each for each in people_of(home.db, account, home.clock()) if each.patient == patient]
    return {power.value for each in found for power in each.powers}


def test_a_child_grows_up_and_the_parent_steps_back(home: Home) -> None:
    kim, mum, own = home.person(date(2010, 3, 5), "Kim"), home.account("mum"), home.account("kim")
    home.acts(mum, kim, Kind.PARENT)
    home.acts(own, kim, Kind.SELF)
    told = []
    for day in ("2022-03-04", "2022-03-05", "2026-03-04", "2026-03-05", "2028-03-04", "2028-03-05"):
        at(home, day)
        told.append(
            (len(powers(home, mum, kim)), len(powers(home, own, kim)), "grant" in powers(home, mum, kim))
        )
    assert told == [(5, 0, True), (5, 1, True), (5, 1, True), (4, 5, False), (4, 5, False), (0, 5, False)]
    at(home, "2026-03-05")
    (seen,) = people_of(home.db, mum, home.clock())
    assert not seen.sees_notes and seen.until == ZONES.day(date(2028, 3, 5)).start
    assert people_of(home.db, own, home.clock())[0].sees_notes


def test_ages_are_those_of_where_the_person_lives(home: Home) -> None:
    kim, mum = home.person(date(2010, 3, 5), "Kim"), home.account("mum")
    home.acts(mum, kim, Kind.PARENT)
    kept.set_ages(home.db, "X", AgesRow(10, 14, 16))
    at(home, "2026-03-05")
    assert powers(home, mum, kim)
    kept.set_residence(home.db, kim, "X")
    assert not powers(home, mum, kim)
    kept.set_residence(home.db, kim, "Y")
    assert powers(home, mum, kim)


def test_a_representation_that_the_grown_person_makes_anew_holds(home: Home) -> None:
    kim, mum = home.person(date(2008, 3, 5), "Kim"), home.account("mum")
    at(home, "2026-03-05")
    home.acts(mum, kim, Kind.PARENT)
    assert not powers(home, mum, kim)
    home.acts(mum, kim, Kind.PROXY, begins=home.clock())
    assert powers(home, mum, kim) == {"see", "revoke"}


def test_nobody_acts_for_somebody_whose_birth_date_is_not_known(home: Home) -> None:
    who, own = home.person(None), home.account("ada")
    home.acts(own, who, Kind.SELF)
    assert not powers(home, own, who)
    with pytest.raises(NoBirthDate):
        invite(home.db, Offer(who, Kind.SELF, "", ""), home.clock())


def test_nobody_acts_for_somebody_who_was_erased(home: Home) -> None:
    ada, own = home.person(), home.account("ada")
    home.acts(own, ada, Kind.SELF)
    patients.erase(home.db, ada)
    assert people_of(home.db, own, home.clock()) == ()
    assert not may(home.db, own, ada, Power.SEE, home.clock())


def test_an_added_representative_is_told_to_the_others(home: Home) -> None:
    kim, mum, dad = home.person(date(2019, 5, 6), "Kim"), home.account("mum"), home.account("dad")
    home.acts(mum, kim, Kind.PARENT)
    code = invite(home.db, Offer(kim, Kind.PARENT, "birth certificate", "Ana Amt"), home.clock())
    assert accept(home.db, code, date(2019, 5, 7), dad, home.clock()) is Void.BIRTH_DATE
    assert accept(home.db, code, date(2019, 5, 6), dad, home.clock()) == kim
    assert accept(home.db, code, date(2019, 5, 6), dad, home.clock()) is Void.USED
    (told,) = notices.listed(home.db, mum)
    assert (told.what, told.texts, told.patient) == (What.REPRESENTATIVE_ADDED, ("Dad", "parent"), kim)
    assert notices.listed(home.db, dad) == ()
    assert authoriser(home.db, dad, kim, home.clock()) == Authoriser("Dad", "parent", "birth certificate")


def test_birth_dates_are_not_guessed(home: Home) -> None:
    kim, dad = home.person(date(2019, 5, 6), "Kim"), home.account("dad")
    code = invite(home.db, Offer(kim, Kind.PARENT, "", ""), home.clock())
    for day in range(1, 6):
        assert accept(home.db, code, date(2019, 1, day), dad, home.clock()) is Void.BIRTH_DATE
    assert accept(home.db, code, date(2019, 5, 6), dad, home.clock()) == TryLater(60)


def test_a_parent_names_a_carer_who_sees_and_revokes_and_names_nobody(home: Home) -> None:
    kim, mum, nan = home.person(date(2019, 5, 6), "Kim"), home.account("mum"), home.account("nan")
    home.acts(mum, kim, Kind.PARENT)
    code = representatives.name(home.db, mum, kim, "Nan", 30, home.clock())
    assert code is not None
    accept(home.db, code, date(2019, 5, 6), nan, home.clock())
    assert powers(home, nan, kim) == {"see", "revoke"}
    assert representatives.name(home.db, nan, kim, "X", 30, home.clock()) is None
    assert authoriser(home.db, nan, kim, home.clock()) is None
    (mums,) = (
        each
        for each in representatives.representatives(home.db, nan, kim, home.clock())
        if each.name == "Mum"
    )
    assert not mums.may_end and not representatives.end(home.db, nan, kim, mums.number, home.clock())
    (nans,) = (
        each
        for each in representatives.representatives(home.db, mum, kim, home.clock())
        if each.name == "Nan"
    )
    assert representatives.end(home.db, mum, kim, nans.number, home.clock())
    assert not powers(home, nan, kim)
    assert notices.listed(home.db, nan)[0].what == What.REPRESENTATIVE_ENDED


def test_a_named_carer_ends_by_itself(home: Home) -> None:
    kim, mum, nan = home.person(date(2019, 5, 6), "Kim"), home.account("mum"), home.account("nan")
    home.acts(mum, kim, Kind.PARENT)
    code = representatives.name(home.db, mum, kim, "Nan", 30, home.clock())
    assert code is not None
    accept(home.db, code, date(2019, 5, 6), nan, home.clock())
    home.clock.now += 30 * DAY
    assert not powers(home, nan, kim) and powers(home, mum, kim)


# --------------------------------------------------------------------------------------- erasing


def test_erasing_waits_seven_days_and_anybody_who_acts_calls_it_off(home: Home) -> None:
    kim, mum, nan = home.person(date(2019, 5, 6), "Kim"), home.account("mum"), home.account("nan")
    home.acts(mum, kim, Kind.PARENT)
    home.acts(nan, kim, Kind.CARER)
    assert erasure.ask(home.db, nan, kim, home.clock()) is None
    asked = erasure.ask(home.db, mum, kim, home.clock())
    assert asked is not None and asked.due == home.clock() + 7 * DAY
    assert erasure.ask(home.db, mum, kim, home.clock() + 1) == asked
    assert notices.listed(home.db, nan)[0].what == What.ERASURE_ASKED
    assert not erasure.call_off(home.db, home.account("stranger"), kim, home.clock())
    assert erasure.call_off(home.db, nan, kim, home.clock())
    home.clock.now += 8 * DAY
    assert erasure.carry_out(home.db, home.clock()) == ()
    erasure.ask(home.db, mum, kim, home.clock())
    home.clock.now += 7 * DAY - 1
    assert erasure.carry_out(home.db, home.clock()) == ()
    home.clock.now += 1
    assert erasure.carry_out(home.db, home.clock()) == (kim,)
    assert not patients.is_known(home.db, kim)


def test_who_may_no_longer_erase_when_the_time_has_come_erases_nothing(home: Home) -> None:
    kim, mum = home.person(date(2019, 5, 6), "Kim"), home.account("mum")
    number = home.acts(mum, kim, Kind.PARENT)
    erasure.ask(home.db, mum, kim, home.clock())
    kept.end(home.db, number, home.clock())
    home.clock.now += 7 * DAY
    assert erasure.carry_out(home.db, home.clock()) == ()
    assert patients.is_known(home.db, kim) and erasure.pending(home.db, kim) is None


# --------------------------------------------------------------------------------------- of age


def grant(home: Home, patient: int, by: Authoriser, days: int = 300) -> Grant:
    now = home.clock()
    return Grant(
        grants.new_id(), 1, patient, by, Recipient("Clinic", frozenset()), "TREAT", frozenset({Way.LOOK}),
        PeriodSet.between(now - DAY, now), frozenset({DataKind.GLUCOSE}), now, now, now + days * DAY,
    )  # fmt: skip


def test_what_a_parent_signs_for_a_child_ends_at_majority_to_the_instant(home: Home) -> None:
    kim = home.person(date(2008, 3, 5), "Kim")
    at(home, "2026-01-01")
    grown = ZONES.day(date(2026, 3, 5)).start
    made = majority.bounded(home.db, grant(home, kim, Authoriser("Mum", "parent", "x")))
    assert made.ends == grown
    standing = grants.sign(home.db, made)
    assert state_at(standing, grown - 1) is State.ACTIVE and state_at(standing, grown) is State.EXPIRED
    own = grant(home, kim, Authoriser("Kim"))
    assert majority.bounded(home.db, own) == own
    late = replace(made, begins=grown, ends=grown + DAY)
    with pytest.raises(ValueError, match="of age"):
        majority.bounded(home.db, late)


def test_what_was_not_bounded_is_revoked_and_told_and_the_persons_own_stays(home: Home) -> None:
    kim, own = home.person(date(2008, 3, 5), "Kim"), home.account("kim")
    home.acts(own, kim, Kind.SELF)
    at(home, "2026-01-01")
    by_mum = grants.sign(home.db, grant(home, kim, Authoriser("Mum", "parent", "x"))).grant.id
    by_kim = grants.sign(home.db, grant(home, kim, Authoriser("Kim"))).grant.id
    assert majority.come_of_age(home.db, home.clock()) == ()
    at(home, "2026-03-05")
    assert majority.come_of_age(home.db, home.clock()) == (by_mum,)
    assert majority.come_of_age(home.db, home.clock()) == ()
    states = {each.grant.id: state_at(each, home.clock()) for each in grants.listed(home.db, kim)}
    assert states == {by_mum: State.REVOKED, by_kim: State.ACTIVE}
    assert notices.listed(home.db, own)[0].what == What.OF_AGE


def test_a_confirmation_by_the_grown_person_stands(home: Home) -> None:
    kim = home.person(date(2008, 3, 5), "Kim")
    at(home, "2026-01-01")
    by_mum = grants.sign(home.db, grant(home, kim, Authoriser("Mum", "parent", "x"))).grant.id
    at(home, "2026-03-05")
    anew = grants.supersede(home.db, by_mum, grant(home, kim, Authoriser("Kim")))
    assert majority.come_of_age(home.db, home.clock()) == ()
    assert state_at(anew, home.clock()) is State.ACTIVE


# --------------------------------------------------------------------------------------- owner's tokens


def test_an_owners_token_holds_while_the_representation_does(home: Home) -> None:
    kim, mum = home.person(date(2019, 5, 6), "Kim"), home.account("mum")
    number = home.acts(mum, kim, Kind.PARENT)
    token = owner.issue(home.db, mum, kim, "Loop", 30, home.clock())
    assert token is not None and token.startswith("cgmowner_")
    found = owner.owner(home.db, f"Bearer {token}", home.clock())
    assert found is not None and found.permit.patient == kim
    for other in (token, f"Bearer {token}x", f"Basic {token}", "Bearer x", f"Bearer {token[:-1]}"):
        assert owner.owner(home.db, other, home.clock()) is None
    assert owner.owner(home.db, f"Bearer {token}", home.clock() + 30 * DAY) is None
    kept.end(home.db, number, home.clock())
    assert owner.owner(home.db, f"Bearer {token}", home.clock()) is None


def test_a_token_that_reads_notes_is_nothing_for_a_parent_once_the_child_has_a_say(home: Home) -> None:
    kim, mum = home.person(date(2010, 3, 5), "Kim"), home.account("mum")
    home.acts(mum, kim, Kind.PARENT)
    at(home, "2026-03-04")
    token = owner.issue(home.db, mum, kim, "Loop", 30, home.clock())
    assert token is not None and owner.owner(home.db, f"Bearer {token}", home.clock()) is not None
    at(home, "2026-03-05")
    assert owner.owner(home.db, f"Bearer {token}", home.clock()) is None
    assert owner.issue(home.db, mum, kim, "Loop", 30, home.clock()) is None


def test_nobody_makes_a_token_for_somebody_whom_they_may_not_see(home: Home) -> None:
    ada, stranger = home.person(), home.account("stranger")
    assert owner.issue(home.db, stranger, ada, "x", 30, home.clock()) is None
    for days in (0, 366):
        with pytest.raises(ValueError, match="1 to 365"):
            owner.issue(home.db, stranger, ada, "x", days, home.clock())


def test_no_permit_of_an_owner_is_made_for_a_session_of_staff(home: Home) -> None:
    ada, own, ana = home.person(), home.account("ada"), home.account("ana", "staff")
    home.acts(own, ada, Kind.SELF)
    home.acts(ana, ada, Kind.SELF)
    _, mine = sessions.start(home.db, own, "person", home.clock())
    _, theirs = sessions.start(home.db, ana, "staff", home.clock())
    assert owner.permit(home.db, mine, ada, home.clock()) is not None
    assert owner.permit(home.db, theirs, ada, home.clock()) is None
