"""What changes under a subscription: its client is removed, its endpoint moves, the clock goes back, a token reaches
less; and what a change must say."""

from __future__ import annotations

from typing import Final

import pytest

import bridge.consent.grants as grants
import bridge.store.clients as clients
import bridge.store.subscriptions as kept
from bridge.net.endpoint import origin
from bridge.period import HOUR
from bridge.subscriptions.where import spelled
from tests.fhir.valid import valid
from tests.subscriptions.twin import FHIR, Feeds, count, events, listening

SECRET: Final = "Authorization: Bearer very-secret"
NARROW: Final = "system/Subscription.cruds system/Observation.rs?code=http://loinc.org|97507-8"
"""Reaches a summary's code, and no reading."""


@pytest.mark.parametrize("state", ["requested", "active", "error"])
def test_a_removed_client_is_never_called_again_and_its_headers_are_forgotten(
    feeds: Feeds, state: str
) -> None:
    feeds.world.grant()
    id_ = feeds.post(heartbeat=60, headers=[SECRET]).json()["id"]
    if state != "requested":
        feeds.twin.answers = [(200, {})] if state == "active" else [(403, {})]
        feeds.turn()
    before = len(feeds.twin.got)
    clients.remove(feeds.world.db, feeds.clinic.id)
    feeds.bring(2)
    feeds.turn(2)
    feeds.turn(2)
    assert len(feeds.twin.got) == before
    one = kept.found(feeds.world.db, id_)
    assert one is not None and one.status == "off" and "registered" in one.problem
    assert kept.headers(feeds.world.db, one) == ()


def test_headers_stay_at_their_origin_and_never_go_to_another(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe(headers=[SECRET])
    before = kept.found(feeds.world.db, id_)
    assert feeds.put(id_, "requested", endpoint=f"{feeds.twin.url}/other").status_code == 200
    feeds.turn()
    assert feeds.twin.headers[-1]["authorization"] == "Bearer very-secret"
    with listening() as other:
        where = origin(other.url)
        assert where is not None and before is not None
        feeds.allow(spelled(where))
        assert feeds.put(id_, "requested", endpoint=other.url).status_code == 200
        feeds.turn()
        assert other.types() == ["handshake"] and "authorization" not in other.headers[0]
        feeds.put(id_, "requested", endpoint=other.url, headers=["Authorization: Bearer of-the-other"])
        feeds.turn()
        assert other.headers[-1]["authorization"] == "Bearer of-the-other"
    assert kept.headers(feeds.world.db, before) is None  # whoever still calls the old endpoint


def test_a_clock_that_goes_back_loses_no_event_doubles_none_and_stops_no_heartbeat(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.subscribe(heartbeat=600)
    names = feeds.bring()
    feeds.turn()
    feeds.world.clock.now += HOUR
    names += feeds.bring()
    feeds.turn()
    feeds.world.clock.now -= HOUR
    feeds.turn(0.1)
    names += feeds.bring(2)
    feeds.turn(0.1)
    assert feeds.twin.numbers() == [1, 2, 3, 4] and feeds.twin.names() == names
    names += feeds.bring()
    feeds.turn(20)
    assert feeds.twin.types()[-2:] == ["heartbeat", "event-notification"]
    feeds.turn(120)
    assert feeds.twin.numbers() == [1, 2, 3, 4, 5] and feeds.twin.names() == names


def test_one_that_was_made_while_the_clock_was_ahead_is_told_what_comes_after_it(feeds: Feeds) -> None:
    feeds.world.grant()
    feeds.world.clock.now += HOUR
    feeds.subscribe()
    feeds.world.clock.now -= HOUR
    feeds.turn()
    names = feeds.bring()
    feeds.turn()
    assert feeds.twin.names() == names


@pytest.mark.parametrize("content", ["id-only", "empty"])
def test_events_tell_a_token_no_number_and_no_time_beyond_its_scopes(feeds: Feeds, content: str) -> None:
    grant = feeds.world.grant()
    id_ = feeds.subscribe()
    feeds.bring(2)
    feeds.turn()
    asked = f"Subscription/{id_}/$events?content={content}"
    assert events(feeds.ask("GET", asked).json()) == [1, 2]
    token = feeds.world.token(feeds.clinic, NARROW)
    answer = feeds.world.ask("GET", f"/fhir/{asked}", token=token)
    told = valid(answer.content)
    assert events(told) == [] and count(told) == 2 and "event-number" not in answer.text
    grants.revoke(feeds.world.db, grant)
    assert events(feeds.ask("GET", asked).json()) == []


def test_a_change_without_a_scope_of_readings_is_refused_as_a_creation_is(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe()
    token = feeds.world.token(feeds.clinic, "system/Subscription.cu")
    body = feeds.wanted() | {"id": id_}
    for method, path in (("POST", "Subscription"), ("PUT", f"Subscription/{id_}")):
        answer = feeds.world.ask(method, f"/fhir/{path}", token=token, json=body, headers=FHIR)
        assert answer.status_code == 403
    names = feeds.bring()
    feeds.turn()
    assert feeds.twin.names() == names


@pytest.mark.parametrize("other", [{}, {"id": "another"}])
def test_a_change_whose_body_has_not_the_id_of_its_address_is_refused(
    feeds: Feeds, other: dict[str, str]
) -> None:
    id_ = feeds.subscribe()
    body = feeds.wanted(reason="another") | other
    answer = feeds.ask("PUT", f"Subscription/{id_}", json=body, headers=FHIR)
    assert answer.status_code == 400, answer.text
    (issue,) = valid(answer.content)["issue"]
    assert issue["diagnostics"].startswith("Subscription.id")
    assert feeds.read(id_)["reason"] == "to know when to look"
