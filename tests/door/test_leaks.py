"""The leak list of `smart-consent.md` 3.5 at the door itself, each line with its positive twin.

Numbers are those of the list. What needs a route, a renderer or a sink is tested there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from bridge.consent import grants
from bridge.consent.asked import Asked, DateTest, Grain, Kind, Selector, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Identity, Recipient
from bridge.consent.permit import DeliveryPermit, OperatorPermit, OwnerPermit, Permit, RecipientPermit
from bridge.period import ALL, DAY, HOUR, MINUTE, Period, PeriodSet
from bridge.reading import Device, EventKind, Flag, SeriesKey, SourceClass, Stream, Unit
from bridge.store.blocks import withdraw
from bridge.store.ids import Name
from tests.consent.world import CLARITY, CLINIC, LIBRE, NOON, World, between, every, ids, items, wish

START, END = NOON - 4 * DAY, NOON - 2 * DAY
WINDOW = between(START, END)
PHARMACY = RecipientPermit("pharmacy", "Pharmacy", "TREAT", "t2", NOON + DAY)
STEP = 5 * MINUTE


@pytest.fixture
def patient(world: World) -> int:
    """Eight days of readings, of which two in the middle are granted; the edges fall on readings."""
    found = world.person()
    world.bring(found, every(5, 8 * 288, start=NOON - 8 * DAY))
    world.grant(found, WINDOW)
    return found


def ask(world: World, asked: Asked, permit: Permit = CLINIC) -> Disclosure:
    return asyncio.run(world.gate.disclose(permit, asked))


def spelled(
    world: World, patient: int, instants: Iterable[int], series: int = 1, pairing: bytes = b""
) -> list[str]:
    """The true ids of readings, as nobody but the bridge can make them."""
    return [
        world.db.ids.one("Observation", Name(patient, series, instant, 0), pairing) for instant in instants
    ]


def shape(found: Disclosure) -> tuple[object, ...]:
    """All that a refused or absent answer tells."""
    return (
        found.owner, found.subject, found.groups, found.devices, found.count, found.total, found.more,
        found.last_updated, found.notice, found.entry,
    )  # fmt: skip


def is_blank(found: Disclosure) -> bool:
    return not (
        found.groups or found.devices or found.count or found.total or found.more or found.last_updated
    )


# ---------------------------------------------------------------------------------- search and counting


def test_l1_only_what_lies_in_the_window_half_open(world: World, patient: int) -> None:
    found = items(ask(world, wish(patient)))
    assert (found[0][0], found[-1][0], len(found)) == (START, END - STEP, 576)


def test_l1_an_interval_over_the_edge_is_cut_and_never_whole(world: World, patient: int) -> None:
    key = SeriesKey(Stream.BASAL, "pump", "P1", Unit.UNITS_PER_HOUR, 2)
    spans = [(START - HOUR, 80), (END - HOUR, 90), (END + HOUR, 95)]
    world.bring(patient, spans, key, "dexcom-clarity", end=[start + 2 * HOUR for start, _ in spans])
    world.grant(patient, WINDOW, kinds=frozenset({Kind.INSULIN}))
    (group,) = (g for g in ask(world, wish(patient)).groups if g.stream is Stream.BASAL)
    columns = {name: values.tolist() for name, values in group.columns.items()}
    assert (columns["instant"], columns["end"]) == ([START, END - HOUR], [START + HOUR, END])
    assert (columns["cut"], columns["value"]) == ([1, 2], [80, 90])


def test_l1_how_a_delivery_ended_and_what_was_programmed_are_not_told_of_a_part(
    world: World, patient: int
) -> None:
    key = SeriesKey(Stream.BOLUS, "pump", "P1", Unit.UNITS, 2)
    starts = [START - HOUR, START + DAY, END - HOUR]
    world.bring(
        patient, [(at, 400) for at in starts], key, "dexcom-clarity",
        end=[at + 2 * HOUR for at in starts], programmed=[900] * 3, flags=[Flag.INTERRUPTED] * 3,
    )  # fmt: skip
    world.grant(patient, WINDOW, kinds=frozenset({Kind.INSULIN}))
    (group,) = (g for g in ask(world, wish(patient)).groups if g.stream is Stream.BOLUS)
    columns = {name: values.tolist() for name, values in group.columns.items()}
    assert (columns["cut"], columns["value"]) == ([1, 0, 2], [200, 400, 200])
    assert columns["programmed"] == [-1, 900, -1]
    assert [bool(flags & Flag.INTERRUPTED) for flags in columns["flags"]] == [True, True, False]


def test_a_row_is_asked_for_by_kind_and_mark_among_open_rows_alone(world: World, patient: int) -> None:
    key = SeriesKey(Stream.BOLUS, "pump", "P1", Unit.UNITS, 2)
    starts = [START - HOUR, START, START + HOUR, START + 2 * HOUR, END]
    kinds, flags = [1, 1, 2, 1, 1], [0, 0, 0, Flag.INTERRUPTED, Flag.INTERRUPTED]
    world.bring(patient, [(at, 100) for at in starts], key, "dexcom-clarity", kind=kinds, flags=flags)
    world.grant(patient, WINDOW, kinds=frozenset({Kind.INSULIN}))

    def found(**more: object) -> list[int]:
        selectors = frozenset({Selector(Stream.BOLUS, **more)})  # type: ignore[arg-type]
        answer = ask(world, wish(patient, selectors=selectors, total=True))
        assert answer.total == answer.count
        return [at for at, *_ in items(answer)]

    stopped = int(Flag.INTERRUPTED)
    assert found() == starts[1:4]
    assert found(kinds=frozenset({1})) == [starts[1], starts[3]]
    assert found(kinds=frozenset({1}), marks=(stopped, 0)) == [starts[1]]
    assert found(marks=(stopped, stopped)) == [starts[3]]
    assert found(kinds=frozenset()) == []


def test_l2_totals_count_what_is_visible_on_every_page(world: World, patient: int) -> None:
    asked, totals, after = wish(patient, limit=100, total=True), [], None
    while True:
        page = ask(world, replace(asked, after=after))
        totals.append(page.total)
        after = page.more
        if after is None:
            break
    assert totals == [576] * 6
    assert ask(world, replace(asked, total=False)).total is None
    assert ask(world, replace(asked, limit=0)).total == 576
    assert ask(world, replace(asked, limit=0, dates=(DateTest("lt", Period(START, START + 1)),))).total == 0


def test_l4_the_first_and_the_last_are_those_of_the_window(world: World, patient: int) -> None:
    assert items(ask(world, wish(patient, limit=1)))[0][0] == START
    assert items(ask(world, wish(patient, limit=1, order="-date")))[0][0] == END - STEP
    for order in ("lastUpdated", "-lastUpdated"):
        (found,) = items(ask(world, wish(patient, limit=1, order=order)))
        assert START <= found[0] < END


def test_l5_a_page_is_decided_anew(world: World, patient: int) -> None:
    first = ask(world, wish(patient, limit=100))
    assert first.more is not None
    assert ask(world, wish(patient, limit=100, after=first.more)).count == 100
    grant = grants.listed(world.db, patient)[0].grant
    narrow = between(START, START + 10 * HOUR)
    grants.supersede(world.db, grant.id, replace(grant, periods=narrow, signed=world.clock.now))
    after = ask(world, wish(patient, limit=100, after=first.more))
    assert (after.count, after.more) == (20, None)
    grants.revoke(world.db, grant.id)
    assert is_blank(ask(world, wish(patient, limit=100, after=first.more)))


def test_l6_a_keyset_that_was_changed_gives_nothing(world: World, patient: int) -> None:
    more = ask(world, wish(patient, limit=100)).more
    assert more is not None
    for forged in (more[:-1], more[:8] + bytes(16), b"", more + b"x", more[:-1] + bytes([more[-1] ^ 1])):
        assert is_blank(ask(world, wish(patient, limit=100, after=forged)))


@pytest.mark.parametrize(
    "dates",
    [
        (DateTest("lt", Period(NOON - 9000 * DAY, NOON - 8999 * DAY)),),
        (DateTest("lt", Period(START, START + 1)),),
        (DateTest("ge", Period(END, END + 1)),),
        (DateTest("eq", Period(END, END + DAY)),),
        (DateTest("gt", Period(START, START + 1)), DateTest("lt", Period(START, START + 1))),
    ],
)
def test_l8_dates_outside_look_like_no_data(world: World, patient: int, dates: tuple[DateTest, ...]) -> None:
    empty = world.person("Eve Ohnedaten")
    world.grant(empty, WINDOW)
    hidden, none = ask(world, wish(patient, dates=dates)), ask(world, wish(empty, dates=dates))
    assert is_blank(hidden)
    assert hidden.total == none.total == 0
    assert ask(world, wish(patient, dates=(DateTest("ge", Period(END - HOUR, END)),))).count == 12


def test_l9_ids_of_hidden_readings_name_nothing(world: World, patient: int) -> None:
    mixed = spelled(world, patient, (START - STEP, START, END - STEP, END))
    found = ask(world, wish(patient, ids=frozenset(mixed)))
    assert sorted(ids(found)) == sorted(mixed[1:3])
    assert found.total == 2


# ---------------------------------------------------------------------------------- instance and history


def test_l19_a_hidden_id_is_as_absent_as_one_that_never_was(world: World, patient: int) -> None:
    hidden, shown = spelled(world, patient, (START - STEP, START))
    never = "00000000-0000-4000-8000-000000000000"
    answers = [ask(world, wish(patient, ids=frozenset({name}))) for name in (hidden, never, "no-id")]
    assert len({shape(answer)[2:] for answer in answers}) == 1
    assert is_blank(answers[0])
    assert ids(ask(world, wish(patient, ids=frozenset({shown})))) == [shown]


def test_l19_a_patient_without_a_grant_is_as_absent_as_none(world: World, patient: int) -> None:
    stranger = world.person("Ben Beispiel")
    world.bring(stranger, every(5, 100, start=START))
    asked = wish(stranger, patient_resource=True, device_resources=True, total=True)
    unknown = ask(world, replace(asked, patient=None))
    assert shape(ask(world, asked)) == shape(unknown)
    assert shape(ask(world, replace(asked, patient=99))) == shape(unknown)
    assert ask(world, replace(asked, patient=patient)).subject is not None


def test_l19_absent_and_refused_do_the_same_work(world: World, patient: int) -> None:
    """The statements that run for a patient without a grant are those for one that does not exist."""
    stranger = world.person("Ben Beispiel")
    world.bring(stranger, every(5, 100, start=START))
    world.grant(stranger, WINDOW, recipient=Recipient("Pharmacy", frozenset()))
    world.grant(patient, WINDOW, recipient=Recipient("Pharmacy", frozenset()))

    def statements(deed: Callable[[], object]) -> list[str]:
        seen: list[str] = []
        for con in (world.db.reader("bridge"), world.db.reader("ledger"), world.db.reader("keys")):
            con.set_trace_callback(lambda sql: seen.append(re.sub(r"x?'[^']*'|[0-9]+", "?", sql)))
        deed()
        for con in (world.db.reader("bridge"), world.db.reader("ledger"), world.db.reader("keys")):
            con.set_trace_callback(None)
        return seen

    gate = world.gate
    work = [statements(partial(gate.disclose_now, CLINIC, wish(who))) for who in (None, 99, stranger)]
    assert work[0] == work[1] == work[2] != []
    named = [world.db.ids.one("Patient", Name(stranger, 0, 0, 0)), "0" * 8 + "-0000-4000-8000-" + "0" * 12]
    read = [sorted(statements(partial(gate.patient, CLINIC, each))) for each in named]
    assert read[0] == read[1] != []
    texts = ("none", "mrn-Ben Beispiel")
    found = [statements(partial(gate.identified, CLINIC, "urn:mrn", text)) for text in texts]
    assert found[0] == found[1] != []
    assert len(statements(lambda: gate.disclose_now(CLINIC, wish(patient)))) > len(work[0])


def test_l20_history_shows_versions_inside_the_window_alone(world: World, patient: int) -> None:
    key = replace(CLARITY, device="counted", by_counter=True)
    told = {"in": START + HOUR, "out": START - HOUR}
    for value, place in enumerate(("out", "in")):
        _count(world, patient, key, told[place] + 1, 100 + value)
        world.clock.now += MINUTE
    there = (DateTest("eq", Period(told["in"] + 1, told["in"] + 2)),)
    own = ask(world, wish(patient, dates=there), OwnerPermit(patient))
    (name,) = ids(own)
    asked = wish(patient, ids=frozenset({name}), history=True)
    assert _versions(ask(world, asked)) == [(told["in"] + 1, 101, 0)]
    everything = _versions(ask(world, asked, OwnerPermit(patient)))
    assert everything == [(told["in"] + 1, 101, 1), (told["out"] + 1, 100, 0)]
    world.clock.now += MINUTE
    _count(world, patient, key, told["in"] + 1, 102)
    assert _versions(ask(world, asked)) == [(told["in"] + 1, 102, 1), (told["in"] + 1, 101, 0)]


def _count(world: World, patient: int, key: SeriesKey, instant: int, value: int) -> None:
    world.bring(patient, [(instant, value)], key, counter=[7])


def _versions(found: Disclosure) -> list[tuple[int, int, int]]:
    rows = []
    for group in found.groups:
        columns = (group.columns["instant"], group.columns["value"], group.version, group.at)
        rows += list(zip(*(column.tolist() for column in columns), strict=True))
    return [(instant, value, version) for instant, value, version, _ in sorted(rows, key=lambda row: row[3])]


def test_l20_a_reading_that_was_taken_away_is_gone(world: World, patient: int) -> None:
    lone = world.bring(patient, [(START + 1, 250)], replace(CLARITY, device="lone"), "dexcom-clarity")
    found = ask(world, wish(patient, dates=(DateTest("eq", Period(START + 1, START + 2)),)))
    (name,) = ids(found)
    withdraw(world.db, patient, lone.artifact)
    assert is_blank(ask(world, wish(patient, ids=frozenset({name}))))


def test_l21_edits_of_hidden_readings_change_nothing_visible(world: World, patient: int) -> None:
    def seen() -> list[tuple[object, ...]]:
        found = ask(world, wish(patient, patient_resource=True))
        rows = [
            (g.last_updated.tolist(), g.version.tolist(), g.columns["value"].tolist()) for g in found.groups
        ]
        return [*rows, (found.last_updated, found.subject and found.subject.last_updated, found.total)]

    before = seen()
    world.clock.now += HOUR
    world.bring(patient, [(START - STEP, 399), (END, 398), (END + 17, 397)])
    assert seen() == before
    world.bring(patient, [(START, 396)])
    assert seen() != before


def test_l23_ids_tell_neither_order_nor_number(world: World, patient: int) -> None:
    names = ids(ask(world, wish(patient)))
    assert len(set(names)) == len(names)
    rising = sum(one < two for one, two in pairwise(names))
    assert 0.4 < rising / len(names) < 0.6
    shared = max(len({name[i] for name in names}) for i in range(36) if names[0][i] != "-")
    assert shared == 16
    other = world.person("Ben Beispiel")
    world.bring(other, every(5, 8 * 288, start=NOON - 8 * DAY))
    world.grant(other, WINDOW)
    assert not set(names) & set(ids(ask(world, wish(other))))


# -------------------------------------------------------------------------------------------- aggregation


def test_l25_no_mean_is_made_with_readings_outside_the_window(world: World, patient: int) -> None:
    grant = grants.listed(world.db, patient)[0].grant
    grants.revoke(world.db, grant.id)
    lab = Recipient("Lab", frozenset())
    world.grant(patient, between(START + 7 * MINUTE, END - 7 * MINUTE), grain=Grain.HOUR, recipient=lab)
    permit = RecipientPermit("lab", "Lab", "TREAT", "t", NOON + DAY)
    (group,) = ask(world, wish(patient), permit).groups
    starts, ends = group.columns["instant"].tolist(), group.columns["end"].tolist()
    assert min(starts) == START + HOUR
    assert max(ends) == END - HOUR
    assert len(starts) == 46


def test_l26_two_overlapping_grants_tell_no_shorter_interval(world: World, patient: int) -> None:
    grant = grants.listed(world.db, patient)[0].grant
    grants.revoke(world.db, grant.id)
    lab = Recipient("Lab", frozenset())
    permit = RecipientPermit("lab", "Lab", "TREAT", "t", NOON + DAY)
    world.grant(patient, between(START, END), grain=Grain.DAY, recipient=lab)
    before = items(ask(world, wish(patient), permit))
    first = grants.listed(world.db, patient)[-1].grant
    moved = between(START + HOUR, END + HOUR)
    grants.supersede(world.db, first.id, replace(first, periods=moved, signed=world.clock.now))
    after = items(ask(world, wish(patient), permit))
    assert before
    assert set(after) == set(before)


def test_l41_hourly_is_not_to_be_had_as_raw_by_any_question(world: World) -> None:
    patient = world.person()
    rows = every(5, 8 * 288, start=NOON - 8 * DAY)
    world.bring(patient, rows)
    world.grant(patient, WINDOW, grain=Grain.HOUR)
    raw = Selector(Stream.GLUCOSE, Unit.MG_DL, Grain.RAW)
    assert is_blank(ask(world, wish(patient, selectors=frozenset({raw}))))
    assert is_blank(ask(world, wish(patient, ids=frozenset(spelled(world, patient, (START, START + STEP))))))
    tiny = wish(patient, dates=(DateTest("eq", Period(START, START + STEP)),))
    assert is_blank(ask(world, tiny))
    inside = DateTest("eq", Period(START, START + HOUR))
    (found,) = items(ask(world, wish(patient, dates=(inside,))))
    assert found == (START, round(sum(value for at, value in rows if START <= at < START + HOUR) / 12))
    (again,) = items(ask(world, wish(patient, dates=(inside,), limit=1, order="-date")))
    assert again == found


# ------------------------------------------------------------------------------------------- who is asking


def test_l34_each_grant_with_its_own_sides_and_recipient(world: World, patient: int) -> None:
    assert is_blank(ask(world, wish(patient), PHARMACY))
    strips = replace(CLARITY, stream=Stream.CAPILLARY)
    world.bring(patient, [(START + 1, 110), (END + 1, 111)], strips, "dexcom-clarity")
    world.grant(patient, between(END, NOON), kinds=frozenset({Kind.CAPILLARY}))
    found = ask(world, wish(patient))
    streams = {group.stream: len(group.at) for group in found.groups}
    assert streams == {Stream.GLUCOSE: 576, Stream.CAPILLARY: 1}
    world.grant(patient, between(NOON - 8 * DAY, START), recipient=Recipient("Pharmacy", frozenset()))
    assert {at for at, _ in items(ask(world, wish(patient), PHARMACY))} == set(
        range(NOON - 8 * DAY, START, STEP)
    )


def test_l34_a_named_client_is_not_its_whole_organisation(world: World, patient: int) -> None:
    cousin = replace(CLINIC, client="clinic-lab")
    assert is_blank(ask(world, wish(patient), cousin))
    assert is_blank(ask(world, wish(patient), replace(CLINIC, purpose="HMARKT")))
    assert is_blank(ask(world, wish(patient), replace(CLINIC, organization="Other Clinic")))
    assert ask(world, wish(patient)).count == 576


def test_l35_neither_a_token_nor_a_grant_outlives_its_end(world: World, patient: int) -> None:
    grant = grants.listed(world.db, patient)[0].grant
    world.clock.now = grant.ends - 1
    late = replace(CLINIC, expires=grant.ends + DAY)
    assert ask(world, wish(patient), late).count == 576
    world.clock.now = grant.ends
    assert is_blank(ask(world, wish(patient), late))
    world.clock.now = NOON
    assert is_blank(ask(world, wish(patient), replace(CLINIC, expires=NOON)))


def test_l35_a_delivery_ends_with_its_own_grant(world: World, patient: int) -> None:
    """While that counts it has what all grants of the recipient permit; then nothing, whatever else is granted."""
    grant = grants.listed(world.db, patient)[0].grant
    other = world.grant(patient, between(END, NOON)).grant
    permit = DeliveryPermit(grant.id, "clinic-ehr")
    asked = wish(patient, way=Way.FEED, channel="push")
    world.grant(
        patient, between(END - 9 * DAY, NOON), recipient=Recipient("Pharmacy", frozenset({"pharmacy"}))
    )
    assert {at for at, _ in items(ask(world, asked, permit))} == set(range(START, NOON, STEP))
    assert is_blank(ask(world, asked, DeliveryPermit(grant.id, "pharmacy")))
    grants.pause(world.db, other.id)
    assert {at for at, _ in items(ask(world, asked, permit))} == set(range(START, END, STEP))
    grants.resume(world.db, other.id)
    grants.revoke(world.db, grant.id)
    assert is_blank(ask(world, asked, permit))
    assert ask(world, asked, DeliveryPermit(other.id, "clinic-ehr")).count == 576


def test_l37_one_patients_ids_open_nothing_of_anothers(world: World, patient: int) -> None:
    other = world.person("Ben Beispiel")
    world.bring(other, every(5, 8 * 288, start=NOON - 8 * DAY))
    world.grant(other, WINDOW)
    (name,) = spelled(world, other, (START,))
    assert is_blank(ask(world, wish(patient, ids=frozenset({name}))))
    assert ask(world, wish(other, ids=frozenset({name}))).count == 1
    device = world.db.ids.one("Device", Name(other, 1, 0, 0))
    assert is_blank(ask(world, wish(patient, devices=frozenset({device}))))
    assert is_blank(ask(world, wish(other), OwnerPermit(patient)))
    assert is_blank(ask(world, wish(other), OperatorPermit("Sam", "reason", "basis", patient)))


def test_l40_a_reading_that_comes_late_counts_by_when_it_was_taken(world: World, patient: int) -> None:
    world.clock.now += 3 * DAY
    world.bring(patient, [(START + 1, 140), (END + 1, 141)])
    assert (START + 1, 140) in items(ask(world, wish(patient)))
    assert (END + 1, 141) not in items(ask(world, wish(patient)))
    world.clock.now = grants.listed(world.db, patient)[0].grant.ends
    world.bring(patient, [(START + 2, 142)])
    assert is_blank(ask(world, wish(patient), replace(CLINIC, expires=world.clock.now + 1)))


def test_l40_a_grant_acts_from_its_first_to_before_its_last_instant(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(5, 288, start=START))
    world.grant(patient, WINDOW, begins=NOON + HOUR, ends=NOON + 2 * HOUR)
    counts = []
    for now in (NOON + HOUR - 1, NOON + HOUR, NOON + 2 * HOUR - 1, NOON + 2 * HOUR):
        world.clock.now = now
        counts.append(ask(world, wish(patient)).count)
    assert counts == [0, 288, 288, 0]


# ---------------------------------------------------------------------------- sources, devices, identity


def test_a_device_is_told_only_where_granted_and_only_of_disclosed_readings(
    world: World, patient: int
) -> None:
    old = replace(CLARITY, device="8OLD01")
    unworn = Device("Dexcom", "G5", "8OLD01", "", "transmitter")
    world.bring(patient, [(NOON - 30 * DAY, 100)], old, "dexcom-clarity", unworn)
    asked = wish(patient, device_resources=True)
    assert ask(world, asked).devices == ()
    assert all(group.device is None for group in ask(world, asked).groups)
    world.grant(patient, WINDOW, kinds=frozenset({Kind.GLUCOSE, Kind.DEVICE}))
    (device,) = ask(world, asked).devices
    assert (device.manufacturer, device.model, device.serial) == ("Dexcom", "G6", None)
    assert {group.device for group in ask(world, asked).groups} == {device.id}
    alone = ask(world, wish(patient, selectors=frozenset(), device_resources=True))
    assert alone.devices == (device,)
    by_device = wish(patient, devices=frozenset({device.id}))
    assert ask(world, by_device).count == 576
    world.grant(patient, WINDOW, kinds=frozenset({Kind.SERIALS}))
    assert [each.serial for each in ask(world, asked).devices] == ["8XK2P1"]


def test_a_device_that_may_not_be_named_is_no_way_to_ask(world: World, patient: int) -> None:
    device = world.db.ids.one("Device", Name(patient, 1, 0, 0))
    assert is_blank(ask(world, wish(patient, devices=frozenset({device}))))


def test_free_text_leaves_only_as_notes(world: World, patient: int) -> None:
    key = SeriesKey(Stream.MODE, "loop", "phone", Unit.NONE, 0)
    ends = [START + 2 * HOUR]
    world.bring(patient, [(START + HOUR, 1)], key, "dexcom-clarity", end=ends, text=["Dinner with Carla"])
    world.grant(patient, WINDOW, kinds=frozenset({Kind.MODE}))
    wanted = wish(patient, selectors=frozenset({Selector(Stream.MODE)}))
    (group,) = ask(world, wanted).groups
    assert group.columns["text"].tolist() == [""]
    world.grant(patient, WINDOW, kinds=frozenset({Kind.NOTES}))
    (group,) = ask(world, wanted).groups
    assert group.columns["text"].tolist() == ["Dinner with Carla"]


def test_a_health_event_needs_its_own_kind(world: World, patient: int) -> None:
    key = SeriesKey(Stream.EVENT, "dexcom-clarity", "8XK2P1", Unit.NONE, 0)
    told = [EventKind.ALARM, EventKind.ILLNESS, EventKind.CYCLE, 120]
    world.bring(patient, [(START + i, 0) for i in range(4)], key, kind=told)
    wanted = wish(patient, selectors=frozenset({Selector(Stream.EVENT)}))
    world.grant(patient, WINDOW, kinds=frozenset(Kind) - {Kind.ILLNESS, Kind.CYCLE})
    assert [at - START for at, _ in items(ask(world, wanted))] == [0]
    world.grant(patient, WINDOW, kinds=frozenset({Kind.CYCLE}))
    assert [at - START for at, _ in items(ask(world, wanted))] == [0, 2]
    assert ask(world, wanted, OwnerPermit(patient)).count == 4


def test_demographics_leave_by_identity_and_only_when_asked_for(world: World) -> None:
    def subject(identity: Identity, **more: object) -> object:
        patient = world.person(f"Ada {identity}")
        world.bring(patient, every(5, 10, start=START))
        world.grant(patient, WINDOW, identity=identity)
        found = ask(world, wish(patient, **more)).subject
        assert found is not None
        return (
            found.name,
            len(found.identifiers),
            found.id == world.db.ids.one("Patient", Name(patient, 0, 0, 0)),
        )

    assert subject(Identity.FULL) == (None, 0, True)
    assert subject(Identity.FULL, patient_resource=True) == ("Ada full", 1, True)
    assert subject(Identity.VISIT, patient_resource=True) == ("Ada visit", 0, True)
    assert subject(Identity.PSEUDONYMOUS, patient_resource=True) == (None, 0, False)


def test_a_pseudonym_is_not_joined_with_the_name_by_any_id(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(5, 10, start=START))
    grant = world.grant(patient, WINDOW, identity=Identity.PSEUDONYMOUS).grant
    found = ask(world, wish(patient))
    assert found.subject is not None
    real = world.db.ids.one("Patient", Name(patient, 0, 0, 0))
    gate = world.gate
    assert gate.patient(CLINIC, found.subject.id) == patient
    assert gate.patient(CLINIC, real) is None
    assert gate.patient(CLINIC, ids(found)[0], "Observation") == patient
    assert gate.patient(CLINIC, spelled(world, patient, (START,))[0], "Observation") is None
    assert is_blank(ask(world, wish(patient, ids=frozenset(spelled(world, patient, (START,))))))
    assert gate.identified(CLINIC, "urn:mrn", "mrn-Ada Beispiel") is None
    assert gate.patient(PHARMACY, found.subject.id) is None
    assert gate.patient(OwnerPermit(patient), real) == patient
    grants.revoke(world.db, grant.id)
    named = world.grant(patient, WINDOW).grant
    assert gate.patient(CLINIC, real) == patient
    assert gate.patient(CLINIC, found.subject.id) is None
    assert gate.identified(CLINIC, "urn:mrn", "mrn-Ada Beispiel") == patient
    assert named.pairing == b""


def test_provenance_tells_a_recipient_the_route_and_the_owner_the_row(world: World, patient: int) -> None:
    asked = wish(patient, provenance=True, limit=3)
    (group,) = ask(world, asked).groups
    (origin,) = group.origins
    assert (origin.route, origin.revision) == ("dexcom-clarity", "0123abcd")
    assert (origin.received, origin.artifact, origin.sha256, origin.file, origin.source) == (None,) * 5
    assert group.rows is None
    assert "counter" not in group.columns
    assert group.provenance is not None
    assert len(group.provenance) == 3
    (own,) = ask(world, asked, OwnerPermit(patient)).groups
    assert own.origins[0].file == "file-1.csv"
    assert own.rows is not None
    assert own.rows.tolist() == [1, 2, 3]
    (plain,) = ask(world, replace(asked, provenance=False)).groups
    assert (plain.provenance, plain.origins) == (None, ())


def test_the_same_sensor_by_two_routes_leaves_once(world: World, patient: int) -> None:
    follower = SeriesKey(Stream.GLUCOSE, "nightscout", "ns", Unit.MG_DL, 0)
    sensor = Device("Dexcom", "G6", "8XK2P1", "", "transmitter")
    copies = [(at + 20_000, value + 30) for at, value in every(5, 8 * 288, start=NOON - 8 * DAY)]
    world.bring(patient, copies, follower, "dexcom-clarity", sensor, SourceClass.FOLLOWER)
    by_stream = wish(patient, selectors=frozenset({Selector(Stream.GLUCOSE)}))
    assert items(ask(world, wish(patient))) == items(ask(world, by_stream))
    assert ask(world, wish(patient)).count == 576
    grants.revoke(world.db, grants.listed(world.db, patient)[0].grant.id)
    world.grant(patient, between(START, START + HOUR))
    world.grant(patient, between(START + HOUR, START + 2 * HOUR))
    assert ask(world, wish(patient)).count == 24


def test_a_copy_that_may_not_leave_does_not_hide_the_one_that_may(world: World) -> None:
    patient = world.person()
    rows = every(5, 24, start=START)
    world.bring(patient, rows, source="secret")
    libre = [(at, round(value / 18.01559 * 10)) for at, value in rows]
    world.bring(patient, libre, LIBRE, device=Device("", "", "", "phone-1", "app"))
    world.grant(patient, ALL, sources=frozenset({"libreview"}))
    found = ask(world, wish(patient))
    assert {group.format for group in found.groups} == {"libreview"}
    assert found.count == 24
    assert {group.format for group in ask(world, wish(patient), OwnerPermit(patient)).groups} == {
        "dexcom-clarity"
    }


def test_sensors_of_two_makers_stay_two_where_they_agree_by_chance(world: World) -> None:
    patient = world.person()
    rows = every(5, 24, start=START)
    world.bring(patient, rows)
    two = SeriesKey(Stream.GLUCOSE, "libreview", "phone-1", Unit.MG_DL, 0)
    world.bring(patient, rows, two, device=Device("Abbott", "Libre", "", "phone-1", "app"))
    world.grant(patient, ALL, sources=frozenset({"dexcom-clarity", "libreview"}))
    assert ask(world, wish(patient)).count == 48


def test_an_edit_before_the_grant_is_no_edit_to_the_recipient(world: World) -> None:
    patient = world.person()
    rows = every(5, 24, start=START)
    world.bring(patient, rows)
    world.bring(patient, [(rows[0][0], rows[0][1] + 60), *rows[1:]])
    world.grant(patient, ALL)
    found = ask(world, wish(patient))
    assert found.count == 24
    assert all(int(group.version.max()) == 0 for group in found.groups)


def test_a_copy_stays_behind_also_where_the_question_begins_between_the_two(world: World) -> None:
    patient = world.person()
    world.bring(patient, [(START, 100)])
    follower = SeriesKey(Stream.GLUCOSE, "nightscout", "ns", Unit.MG_DL, 0)
    phone = Device(install="phone", kind="app")
    world.bring(patient, [(START + 30_000, 100)], follower, "dexcom-clarity", phone, SourceClass.FOLLOWER)
    world.grant(patient, between(START - HOUR, END))
    between_them = (DateTest("ge", Period(START + 1, START + 2)),)
    assert is_blank(ask(world, wish(patient, dates=between_them)))
    assert items(ask(world, wish(patient))) == [(START, 100)]
    grants.revoke(world.db, grants.listed(world.db, patient)[0].grant.id)
    world.grant(patient, between(START + 1, END))
    assert items(ask(world, wish(patient))) == [(START + 30_000, 100)]


def test_a_copy_that_is_told_as_a_mean_does_not_hide_the_reading(world: World) -> None:
    patient = world.person()
    rows = every(5, 24, start=START)
    world.bring(patient, rows, source="coarse")
    follower = SeriesKey(Stream.GLUCOSE, "nightscout", "ns", Unit.MG_DL, 0)
    phone = Device(install="phone", kind="app")
    world.bring(patient, rows, follower, "fine", phone, SourceClass.FOLLOWER)
    world.grant(patient, WINDOW, sources=frozenset({"coarse"}), grain=Grain.HOUR)
    world.grant(patient, WINDOW, sources=frozenset({"fine"}))
    found = {group.format: (group.grain, len(group.at)) for group in ask(world, wish(patient)).groups}
    assert found == {"dexcom-clarity": (Grain.HOUR, 2), "nightscout": (Grain.RAW, 24)}


def test_two_sensors_worn_together_stay_two(world: World) -> None:
    patient = world.person()
    for serial in ("8AAAAA", "8BBBBB"):
        key = replace(CLARITY, device=serial)
        worn = Device(serial=serial, kind="transmitter")
        world.bring(patient, every(5, 24, start=START), key, "dexcom-clarity", worn)
    world.grant(patient, WINDOW)
    assert ask(world, wish(patient)).count == 48


# ----------------------------------------------------------------------------------- polling, retraction


def test_widening_a_grant_gives_a_polling_client_each_new_item_exactly_once(
    world: World, patient: int
) -> None:
    def poll(since: int) -> list[tuple[int, int]]:
        asked = wish(patient, updated=(DateTest("gt", Period(since, since + 1)),), order="lastUpdated")
        return items(ask(world, asked))

    first = poll(0)
    asked_at = world.clock.now
    assert len(first) == 576
    world.clock.now += HOUR
    assert poll(asked_at) == []
    world.grant(patient, between(START - DAY, START + DAY))
    second = poll(asked_at)
    assert len(second) == 288
    assert not set(first) & set(second)
    asked_at = world.clock.now
    world.clock.now += HOUR
    world.bring(patient, [(START + 1, 222)])
    assert poll(asked_at) == [(START + 1, 222)]
    world.changed["dexcom-clarity"] = world.clock.now + MINUTE
    asked_at, world.clock.now = world.clock.now, world.clock.now + HOUR
    assert len(poll(asked_at)) == 576 + 288 + 1


def test_a_break_opens_everything_anew_and_a_seam_does_not(world: World, patient: int) -> None:
    grant = grants.listed(world.db, patient)[0].grant
    before = ask(world, wish(patient)).last_updated
    world.clock.now += HOUR
    grants.supersede(world.db, grant.id, replace(grant, periods=between(START, END), signed=world.clock.now))
    assert ask(world, wish(patient)).last_updated == before
    grants.pause(world.db, grant.id)
    world.clock.now += HOUR
    grants.resume(world.db, grant.id)
    assert ask(world, wish(patient)).last_updated == world.clock.now


def test_a_retraction_reaches_who_held_it_and_nobody_else(world: World, patient: int) -> None:
    key = replace(CLARITY, device="wrong")
    wrong = world.bring(patient, [(START + 1, 250), (END + 1, 251)], key, "dexcom-clarity")
    grant = grants.listed(world.db, patient)[0].grant
    asked = wish(patient, dates=(DateTest("eq", Period(START + 1, START + 2)),), way=Way.FEED)
    (name,) = ids(ask(world, asked, DeliveryPermit(grant.id, "clinic-ehr")))
    never_left = spelled(world, patient, (END + 1,), series=2)[0]
    world.clock.now += HOUR
    withdraw(world.db, patient, wrong.artifact)
    grants.revoke(world.db, grant.id)

    def retract(permit: Permit) -> Disclosure:
        return asyncio.run(world.gate.retract(permit, patient, frozenset({name, never_left})))

    found = retract(DeliveryPermit(grant.id, "clinic-ehr"))
    assert ids(found) == [name]
    (group,) = found.groups
    assert (group.columns["value"].tolist(), group.columns["flags"].tolist()) == ([0], [256])
    assert is_blank(retract(PHARMACY))
    assert is_blank(
        asyncio.run(world.gate.retract(CLINIC, patient, frozenset(spelled(world, patient, (START,)))))
    )


def test_the_empty_set_is_what_absence_means(world: World) -> None:
    patient = world.person()
    world.bring(patient, every(5, 10, start=START))
    world.grant(patient, PeriodSet())
    assert is_blank(ask(world, wish(patient)))
    world.grant(patient, ALL)
    assert ask(world, wish(patient)).count == 10


def test_the_owner_is_told_why_something_is_held_back(world: World, patient: int) -> None:
    world.bring(patient, every(60, 24, start=START), LIBRE, "libreview", Device(install="reader-1"))
    world.bring(patient, [(START, 110)], replace(CLARITY, stream=Stream.CAPILLARY), "old phone")
    cuts = world.gate.explain(OwnerPermit(patient), "clinic-ehr", "Clinic", "TREAT", Way.LOOK)
    told = "; ".join(cut.sentence for cut in cuts)
    assert "capillary is in no grant that acts now" in told
    assert "the source old phone was not named" in told
    assert "glucose leaves only where it was measured in 2025-12-28T12:00:00Z to 2025-12-30T12:00:00Z" in told
    grants.pause(world.db, grants.listed(world.db, patient)[0].grant.id)
    cuts = world.gate.explain(OwnerPermit(patient), "clinic-ehr", "Clinic", "TREAT", Way.LOOK)
    assert "it is paused" in [cut.sentence for cut in cuts]
