"""What becomes of a mean that somebody holds when its bucket is no longer open: nothing, until it proves wrong.

`consent.md`, retraction is no disclosure: another person's, deleted at the source, re-dated or erased. That single
readings of a part of its time are shown, or that the grant ended, is none of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

from bridge.consent import grants
from bridge.consent.asked import Asked, Grain, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Identity, Recipient
from bridge.consent.permit import RecipientPermit
from bridge.period import Instant
from bridge.reading import Flag, Stream
from bridge.store import ledger
from bridge.store.blocks import withdraw
from tests.consent.test_means import SPAN, TEN, flagged, since, spread, told
from tests.consent.world import CLARITY, CLINIC, DAY, HOUR, MINUTE, NOON, World, between, ids, wish

HALF = between(TEN, TEN + 30 * MINUTE)
NAMED = frozenset({"mine", "other"})


def granted(world: World, patient: int, grain: Grain, **more: object) -> str:
    periods = more.pop("periods", SPAN)
    return world.grant(patient, periods, grain=grain, sources=NAMED, **more).grant.id  # type: ignore[arg-type]


class Case:
    """A person with six readings in one hour, of which a clinic holds the hourly mean. `under`: how many own readings
    the last ones lie over."""

    def __init__(self, world: World, good: int = 0, under: int = 0) -> None:
        self.world, self.patient = world, world.person()
        if under:
            world.bring(self.patient, spread([100] * under, TEN + 20 * MINUTE), source="mine")
        if good:
            world.bring(self.patient, spread([100] * good), source="mine")
        rows = spread([200 + place for place in range(6 - good)], TEN + 20 * MINUTE)
        self.wrong = world.bring(self.patient, rows, source="mine").artifact
        self.grant = granted(world, self.patient, Grain.HOUR)
        (self.mean,) = ids(self.ask())
        world.clock.now += HOUR

    def ask(self, **more: object) -> Disclosure:
        return self.world.ask(CLINIC, wish(self.patient, **more))

    def named(self) -> dict[str, tuple[int, int]]:
        return flagged(self.ask(ids=frozenset({self.mean}), retractions=True))

    def since(self, at: Instant, **more: object) -> dict[str, tuple[int, int]]:
        """Flags and versions of what changed, means alone."""
        found = flagged(self.world.ask(CLINIC, replace(since(at, self.patient), **more)))  # type: ignore[arg-type]
        return {name: found[name] for name in found if name == self.mean}

    def cut(self) -> None:
        granted(self.world, self.patient, Grain.RAW, periods=HALF)
        assert self.mean not in ids(self.ask())

    def end(self) -> None:
        grants.revoke(self.world.db, self.grant)

    def remove(self) -> Instant:
        self.world.clock.now += HOUR
        withdraw(self.world.db, self.patient, self.wrong)
        return self.world.clock.now


Close: TypeAlias = Callable[[Case], None]
CLOSED = pytest.mark.parametrize("close", [Case.cut, Case.end])
TAKEN = (int(Flag.RETRACTED), 1)


@CLOSED
def test_a_mean_of_what_lay_over_own_readings_is_wrong_once_that_is_gone(world: World, close: Close) -> None:
    case = Case(world, under=6)
    close(case)
    case.remove()
    assert case.named() == {case.mean: TAKEN}


@CLOSED
def test_two_readings_that_lay_over_own_ones_make_no_mean_wrong(world: World, close: Close) -> None:
    case = Case(world, good=4, under=2)
    close(case)
    case.remove()
    assert case.named() == {}


@CLOSED
def test_a_mean_whose_bucket_closes_is_right_and_nobody_is_told_otherwise(
    world: World, close: object
) -> None:
    case = Case(world)
    assert callable(close)
    close(case)
    assert case.since(0) == {} == case.named()
    world.clock.now += HOUR
    world.bring(case.patient, spread([100] * 6, TEN + 2 * MINUTE), source="mine")
    assert case.since(0) == {} == case.named()


@CLOSED
def test_a_mean_that_proves_wrong_after_its_bucket_closed_is_taken_back_once(
    world: World, close: object
) -> None:
    case = Case(world)
    assert callable(close)
    close(case)
    at = case.remove()
    world.clock.now += HOUR
    assert case.mean not in ids(case.ask())  # who does not ask what changed has nothing to mend
    for _ in range(2):
        assert case.since(at) == {case.mean: TAKEN} == case.named()
    assert case.since(at + 1) == {}
    (group,) = case.ask(ids=frozenset({case.mean}), retractions=True).groups
    assert (group.columns["value"].tolist(), group.columns["count"].tolist()) == ([0], [0])
    intent = next(row for row in reversed(ledger.listed(world.db, case.patient)) if row.kind == "intent")
    assert (intent.fields["retracts"], intent.fields["items"], intent.fields["grants"]) == (True, 1, [])


@CLOSED
def test_it_is_told_to_nobody_else_and_to_no_other_question(world: World, close: object) -> None:
    case = Case(world)
    assert callable(close)
    close(case)
    at = case.remove()
    lab = RecipientPermit("lab", "Lab", "TREAT", "t", NOON + DAY)
    granted(
        world,
        case.patient,
        Grain.HOUR,
        recipient=Recipient("Lab", frozenset()),
        periods=between(TEN, TEN + 1),
    )
    assert world.ask(lab, since(at, case.patient)).count == 0
    assert case.since(at, retractions=False) == {}
    for selector, count in (
        (Selector(Stream.GLUCOSE, None, Grain.HOUR), 1),
        (Selector(Stream.GLUCOSE, None, Grain.DAY), 0),
    ):
        assert len(case.since(at, selectors=frozenset({selector}))) == count


@pytest.mark.parametrize(("good", "is_told"), [(4, False), (3, True), (2, True)])
def test_three_readings_must_have_gone_or_fewer_be_left(world: World, good: int, is_told: bool) -> None:
    case = Case(world, good)
    case.end()
    case.remove()
    assert case.since(0) == ({case.mean: TAKEN} if is_told else {})


def test_readings_that_were_re_dated_out_of_it_take_a_mean_back(world: World) -> None:
    patient, key = world.person(), replace(CLARITY, by_counter=True)
    world.bring(patient, spread([100] * 6), key, "mine", counter=list(range(6)))
    grant = granted(world, patient, Grain.HOUR)
    (mean,) = ids(world.ask(CLINIC, wish(patient)))
    world.clock.now += HOUR
    grants.revoke(world.db, grant)
    world.clock.now += HOUR
    world.bring(patient, spread([100] * 2, TEN + 2 * MINUTE), key, "mine", counter=[0, 1])
    assert world.ask(CLINIC, since(0, patient)).count == 0
    world.clock.now += HOUR
    world.bring(patient, spread([100] * 4, TEN - 5 * HOUR), key, "mine", counter=[2, 3, 4, 5])
    assert flagged(world.ask(CLINIC, since(0, patient))) == {mean: TAKEN}


def test_what_is_open_again_is_told_anew_under_a_number_of_its_own(world: World) -> None:
    case = Case(world)
    case.end()
    case.remove()
    assert case.since(0) == {case.mean: TAKEN}
    world.clock.now += HOUR
    world.bring(case.patient, spread([150] * 6), source="mine")
    granted(world, case.patient, Grain.HOUR)
    assert told(case.ask()) == [(TEN, 150, 6, 2)]


def test_an_open_mean_whose_readings_came_back_never_shares_a_number_with_its_retraction(
    world: World,
) -> None:
    case = Case(world)
    case.end()
    case.remove()
    world.clock.now += HOUR
    granted(world, case.patient, Grain.HOUR)
    assert flagged(case.ask()) == {case.mean: TAKEN}
    assert case.since(0) == {case.mean: TAKEN} == case.named()


def test_a_stream_of_everything_that_changed_takes_it_back_and_keeps_that(world: World) -> None:
    case = Case(world)
    world.grant(case.patient, between(TEN + 5 * HOUR, NOON), ways=frozenset({Way.BULK}), sources=NAMED)
    case.cut()
    at = case.remove()
    asked = replace(since(at, case.patient), way=Way.BULK)
    assert asyncio.run(streamed(world, asked))[case.mean] == TAKEN
    world.clock.now += HOUR
    assert case.since(at) == {case.mean: TAKEN}


async def streamed(world: World, asked: Asked) -> dict[str, tuple[int, int]]:
    found = [flagged(page) async for page in world.gate.stream(CLINIC, asked) if page.count]
    world.gate.flush()
    return {name: said for page in found for name, said in page.items()}


def test_under_another_identity_no_mean_is_known(world: World) -> None:
    case = Case(world)
    case.end()
    granted(world, case.patient, Grain.HOUR, identity=Identity.PSEUDONYMOUS, periods=between(NOON - 1, NOON))
    case.remove()
    assert world.ask(CLINIC, since(0, case.patient)).count == 0


# ------------------------------------------------------------- what a mean is made of, and what stands beside


@pytest.mark.parametrize("flag", [Flag.NO_VALUE, Flag.RETRACTED])
def test_a_reading_without_an_amount_beside_it_keeps_no_wrong_mean(world: World, flag: Flag) -> None:
    """It leaves as it is where the mean was, and says nothing of what the mean said."""
    case = Case(world)
    world.bring(case.patient, [(TEN + MINUTE, 0)], source="other", flags=[int(flag)])
    world.grant(case.patient, SPAN, sources=frozenset({"other"}))
    case.remove()
    found = flagged(case.ask())
    assert found[case.mean] == TAKEN


def test_readings_of_a_source_that_no_mean_was_made_of_keep_no_wrong_mean(world: World) -> None:
    patient = world.person()
    wrong = world.bring(patient, spread([200] * 6), source="mine")
    world.bring(patient, spread([100] * 2, TEN + 2 * MINUTE), source="other")
    world.grant(patient, SPAN, grain=Grain.HOUR, sources=frozenset({"mine"}))
    world.grant(patient, SPAN, sources=frozenset({"other"}))
    found = flagged(world.ask(CLINIC, wish(patient)))
    (mean,) = (name for name, said in found.items() if name in ids(hours(world, patient)))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert flagged(world.ask(CLINIC, wish(patient)))[mean] == TAKEN


def hours(world: World, patient: int) -> Disclosure:
    return world.ask(CLINIC, wish(patient, selectors=frozenset({Selector(Stream.GLUCOSE, None, Grain.HOUR)})))


def test_readings_that_the_mean_was_made_of_stand_for_it_until_others_went(world: World) -> None:
    """Of two sources that made it one leaves reading by reading now: the mean is not told, until it is wrong."""
    patient = world.person()
    world.bring(patient, spread([100] * 2, TEN + 2 * MINUTE), source="other")
    wrong = world.bring(patient, spread([200] * 3, TEN + 25 * MINUTE), source="other")
    world.bring(patient, spread([200] * 2, TEN + 45 * MINUTE), source="mine")
    granted(world, patient, Grain.HOUR)
    (mean,) = ids(world.ask(CLINIC, wish(patient)))
    world.grant(patient, SPAN, sources=frozenset({"other"}))
    assert mean not in ids(world.ask(CLINIC, wish(patient)))
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    assert flagged(world.ask(CLINIC, wish(patient)))[mean] == TAKEN
