"""What a subscriber is told, and what it is not: over real HTTP, by a clock that is moved."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

import bridge.consent.grants as grants
import bridge.store.subscriptions as kept
from bridge.consent.asked import Way
from bridge.period import DAY, MINUTE, PeriodSet
from bridge.store.ledger import listed
from tests.subscriptions.twin import Feeds, count, focuses, said
from tests.web.world import NOW, WINDOW


def test_a_new_reading_is_told_by_its_id_which_can_be_read(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe()
    assert feeds.twin.types() == ["handshake"] and count(feeds.twin.got[0]) == 0
    names = feeds.bring(3)
    feeds.turn()
    assert feeds.twin.types() == ["handshake", "event-notification"]
    assert feeds.twin.numbers() == [1, 2, 3] and feeds.twin.names() == names
    assert all(feeds.ask("GET", name).status_code == 200 for name in names)
    assert "valueQuantity" not in str(feeds.twin.got) and "effective" not in str(feeds.twin.got)


def test_an_empty_notification_names_nothing_and_no_topic(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe(content="empty")
    feeds.bring(2)
    feeds.turn()
    assert feeds.twin.numbers() == [1, 2] and feeds.twin.names() == []
    assert "topic" not in str(feeds.twin.got[-1]) and "Observation" not in str(feeds.twin.got[-1])


def test_a_hidden_reading_is_no_event_and_leaves_no_gap_and_moves_no_heartbeat(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe(heartbeat=60)
    times: list[tuple[str, int]] = []
    for step in range(6):
        if step % 2:
            feeds.hide()
        feeds.turn(1)
        times.append((feeds.twin.types()[-1], len(feeds.twin.got)))
    assert [kind for kind, _ in times] == ["heartbeat"] * 6
    assert [many for _, many in times] == [2, 3, 4, 5, 6, 7]
    names = feeds.bring()
    feeds.hide()
    names += feeds.bring()
    feeds.turn()
    assert feeds.twin.numbers() == [1, 2] and feeds.twin.names() == names


def test_who_shares_nothing_looks_like_who_has_nothing_new(feeds: Feeds) -> None:
    feeds.world.grant()
    whom = {
        "ada": feeds.world.patient_id(feeds.world.ada),
        "bob": feeds.world.patient_id(feeds.world.bob),
        "nobody": "00000000-0000-0000-0000-000000000000",
    }
    answers = {name: feeds.post(whom=id_, heartbeat=60) for name, id_ in whom.items()}
    assert {each.status_code for each in answers.values()} == {201}
    for _ in range(5):
        feeds.turn(1)
    by = {name: answers[name].json()["id"] for name in whom}
    told = {
        name: [
            (said(each, "type")["valueCode"], said(each, "status")["valueCode"], count(each))
            for each in feeds.twin.got
            if said(each, "subscription")["valueReference"]["reference"] == f"Subscription/{id_}"
        ]
        for name, id_ in by.items()
    }
    assert told["ada"] == told["bob"] == told["nobody"] and len(told["ada"]) == 5


def test_a_revoked_grant_stops_the_next_notification_and_the_heartbeats_go_on(feeds: Feeds) -> None:
    grant = feeds.world.grant()
    id_ = feeds.subscribe(heartbeat=60)
    feeds.bring()
    feeds.turn()
    feeds.bring()
    grants.revoke(feeds.world.db, grant)  # between the event and its notification
    feeds.turn()
    feeds.turn()
    assert feeds.twin.numbers() == [1]
    assert feeds.twin.types()[-2:] == ["heartbeat", "heartbeat"] and count(feeds.twin.got[-1]) == 1
    assert feeds.read(id_)["status"] == "active" and "error" not in feeds.read(id_)
    events = feeds.ask("GET", f"Subscription/{id_}/$events").json()
    assert focuses(events) == []


def test_a_pause_is_silence_and_afterwards_nothing_comes_twice(feeds: Feeds) -> None:
    grant = feeds.world.grant()
    feeds.subscribe()
    first = feeds.bring()
    feeds.turn()
    grants.pause(feeds.world.db, grant)
    second = feeds.bring()
    feeds.turn()
    assert feeds.twin.names() == first
    feeds.world.clock.pass_seconds(1)
    grants.resume(feeds.world.db, grant)
    feeds.turn()
    assert feeds.twin.numbers()[:1] == [1] and feeds.twin.names().count(first[0]) == 1
    assert feeds.twin.names().count(second[0]) == 1
    assert feeds.twin.numbers() == list(range(1, len(feeds.twin.numbers()) + 1))


def test_a_narrowed_grant_numbers_anew_and_tells_no_more_than_it_opens(feeds: Feeds) -> None:
    grant = feeds.world.grant()
    feeds.subscribe()
    feeds.bring(2)
    feeds.turn()
    now = feeds.world.clock()
    less = replace(
        grants.load(feeds.world.db, grant).grant,
        periods=PeriodSet.between(WINDOW.start, NOW + 15 * MINUTE),
        signed=now,
        begins=now,
    )
    grants.supersede(feeds.world.db, grant, less)
    feeds.turn()
    assert feeds.twin.numbers() == [1, 2]
    names = feeds.bring(3)  # the first of them lies inside
    feeds.turn()
    assert feeds.twin.numbers() == [1, 2, 1] and feeds.twin.names()[2:] == names[:1]


def test_a_grant_without_the_way_feed_is_silence(feeds: Feeds) -> None:
    feeds.world.grant(ways=frozenset({Way.LOOK, Way.FILE}))
    feeds.subscribe()
    feeds.bring()
    feeds.turn()
    assert feeds.twin.types() == ["handshake"]


def test_what_can_be_fed_and_not_read_is_not_named(feeds: Feeds) -> None:
    feeds.world.grant(ways=frozenset({Way.FEED}))
    feeds.subscribe()
    feeds.bring()
    feeds.turn()
    assert feeds.twin.types() == ["handshake"]
    feeds.subscribe(content="empty")
    feeds.bring()
    feeds.turn()
    assert feeds.twin.numbers() == [1] and feeds.twin.names() == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_was_not_taken_comes_again_with_its_numbers(feeds: Feeds, status: int) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe()
    feeds.twin.answers = [(status, {"Retry-After": "60"}), (200, {})]
    names = feeds.bring(2)
    feeds.turn()
    feeds.turn(0.01)  # not before its time
    assert feeds.twin.numbers() == [1, 2]
    feeds.turn(2)
    assert feeds.twin.numbers() == [1, 2, 1, 2] and feeds.twin.names() == names * 2
    feeds.bring()
    feeds.turn()
    assert feeds.twin.numbers()[-1] == 3 and feeds.read(id_)["status"] == "active"


def test_a_revocation_between_two_attempts_ends_them(feeds: Feeds) -> None:
    grant = feeds.world.grant()
    feeds.subscribe()
    feeds.twin.answers = [(500, {}), (200, {})]
    feeds.bring()
    feeds.turn()
    grants.revoke(feeds.world.db, grant)
    feeds.turn(10)
    assert feeds.twin.numbers() == [1]


def test_an_endpoint_that_is_gone_is_off_and_one_that_redirects_is_in_error(feeds: Feeds) -> None:
    feeds.world.grant()
    for answer, state in (
        ((410, {}), "off"),
        ((302, {"Location": feeds.twin.url}), "error"),
        ((403, {}), "error"),
    ):
        feeds.twin.answers = [(200, {})]
        id_ = feeds.subscribe()
        feeds.twin.answers = [answer]
        feeds.bring()
        feeds.turn()
        before = len(feeds.twin.got)
        assert feeds.read(id_)["status"] == state and feeds.read(id_)["error"]
        feeds.turn(60)
        assert len(feeds.twin.got) == before
        feeds.ask("DELETE", f"Subscription/{id_}")


def test_what_came_while_it_was_in_error_is_told_and_what_came_while_it_was_off_is_not(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe()
    feeds.twin.answers = [(403, {})]
    missed = feeds.bring()
    feeds.turn()
    feeds.twin.answers = [(200, {})]
    assert feeds.put(id_, "requested").json()["status"] == "requested"
    feeds.turn()
    assert feeds.twin.names()[-1:] == missed and feeds.read(id_)["status"] == "active"
    assert feeds.put(id_, "off").json()["status"] == "off"
    feeds.bring()
    feeds.turn()
    many = len(feeds.twin.names())
    feeds.put(id_, "requested")
    feeds.turn()
    feeds.turn()
    assert len(feeds.twin.names()) == many
    late = feeds.bring()
    feeds.turn()
    assert feeds.twin.names()[-1:] == late


def test_an_endpoint_that_never_answers_is_in_error_and_its_numbers_stay(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe(
        channel={
            "extension": [
                {
                    "url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout",
                    "valueUnsignedInt": 1,
                }
            ]
        }
    )
    feeds.twin.sleeps = 1.3
    feeds.bring()
    feeds.turn()
    feeds.twin.sleeps = 0
    feeds.turn(10)
    assert feeds.twin.numbers() == [1, 1] and feeds.read(id_)["status"] == "active"


def test_a_refused_handshake_is_an_error_and_nothing_of_anybody_leaves(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.twin.answers = [(401, {})]
    id_ = feeds.subscribe()
    feeds.bring()
    feeds.turn(60)
    assert feeds.twin.types() == ["handshake"] and feeds.read(id_)["status"] == "error"


def test_an_endpoint_that_is_down_uses_up_no_numbers(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe()
    url = "http://127.0.0.1:9/hook"
    one = kept.found(feeds.world.db, id_)
    assert one is not None
    feeds.allow("http://127.0.0.1:9")
    down = kept.put(feeds.world.db, one, replace(one, terms=replace(one.terms, endpoint=url)))
    assert down is not None
    feeds.bring()
    feeds.turn()
    now = kept.found(feeds.world.db, id_)
    assert now is not None and now.events == 0 and now.failures == 1
    back = kept.put(feeds.world.db, now, replace(now, terms=one.terms))
    assert back is not None
    feeds.turn(5)
    assert feeds.twin.numbers() == [1]


def test_several_processes_tell_each_event_once(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe()
    others = [feeds.another() for _ in range(4)]
    names = feeds.bring(5)

    async def all_at_once() -> None:
        await asyncio.gather(*(each.once() for each in others))

    feeds.world.clock.pass_seconds(60)
    feeds.world.runner.run(all_at_once())
    feeds.world.runner.run(all_at_once())
    assert feeds.twin.names() == names and feeds.twin.numbers() == [1, 2, 3, 4, 5]


def test_each_notification_is_a_disclosure_and_written_down_before(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe()
    feeds.bring(2)
    feeds.turn()
    rows = [
        each
        for each in listed(feeds.world.db, feeds.world.ada)
        if each.kind == "intent" and each.fields["channel"] == "subscription"
    ]
    assert [each.fields["items"] for each in rows] == [2] and rows[0].fields["way"] == "feed"
    outcomes = {
        each.fields["entry"]: each.fields["outcome"]
        for each in listed(feeds.world.db, feeds.world.ada)
        if each.kind == "outcome"
    }
    assert outcomes[rows[0].entry] == "acknowledged"


def test_a_client_that_lost_its_scope_or_its_verification_is_told_nothing(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe()
    kept.allow(feeds.world.db, feeds.clinic.id, "https://elsewhere.example:443")
    feeds.bring()
    feeds.turn()
    assert feeds.twin.types() == ["handshake"]


def test_its_end_ends_it(feeds: Feeds) -> None:
    from datetime import UTC, datetime

    feeds.world.grant()
    until = datetime.fromtimestamp((NOW + DAY) / 1000, UTC).isoformat()
    id_ = feeds.subscribe(end=until)
    feeds.turn(25 * 60)
    feeds.bring()
    feeds.turn()
    assert feeds.read(id_)["status"] == "off" and feeds.twin.types() == ["handshake"]
