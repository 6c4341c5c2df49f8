"""What is told of subscriptions, judged by HAPI's validator with R4: notifications, `$status`, `$events`, the resource.

Law: as `test_ours_is_valid.py`: what is judged came over real HTTP, as the endpoint and the client got it, in JSON and
in XML. The profiles of the R5 Backport IG are on no registry that this machine reaches, so they are not checked here:
the two remarks that say just that are the only ones that pass beside the usual table. What those profiles demand beyond
R4 is written in `SLICES` (backport-subscription-notification-r4 and -status-r4) and checked by hand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bridge.consent.grants as grants
from bridge.fhir.subscriptions import IG
from tests.peers.test_ours_is_valid import tolerated
from tests.peers.validator import Issue, Validator
from tests.subscriptions.twin import Feeds, listening

BEATS = 60
ABSENT = ("has not been checked because it could not be found", "Failed to retrieve profile with url=")

SLICES = {
    "subscription": ("valueReference", 1, 1),
    "topic": ("valueCanonical", 0, 1),
    "status": ("valueCode", 1, 1),
    "type": ("valueCode", 1, 1),
    "events-since-subscription-start": ("valueString", 0, 1),
    "notification-event": ("part", 0, 1000),
    "error": ("valueCodeableConcept", 0, 1000),
}
"""Parameters of a status: what each has, how often at least and at most."""
PARTS = {
    "event-number": ("valueString", 1, 1),
    "timestamp": ("valueInstant", 0, 1),
    "focus": ("valueReference", 0, 1),
    "additional-context": ("valueReference", 0, 1000),
}


@pytest.fixture(params=["json", "xml"])
def notation(request: pytest.FixtureRequest) -> str:
    return f"application/fhir+{request.param}"


@pytest.fixture
def feeds(tmp_path: Path) -> Iterator[Feeds]:
    with listening() as twin:
        made = Feeds(tmp_path / "home", twin)
        yield made
        made.world.close()


def is_of_the_guide(issue: Issue) -> bool:
    """Whether it says no more than that a definition of the IG is not here."""
    return IG in issue.message and any(each in issue.message for each in ABSENT)


def remarks(validator: Validator, body: bytes) -> Counter[str]:
    issues = [each for each in validator.issues(body) if each.severity != "information"]
    return Counter(
        f"{each.severity} {each.location}: {each.message}"
        for each in issues
        if not tolerated(each) and not is_of_the_guide(each)
    )


@pytest.mark.timeout(600)
def test_everything_that_is_told_of_a_subscription_is_valid_r4(
    feeds: Feeds, validator: Validator, notation: str
) -> None:
    grant = feeds.world.grant()
    told, id_ = dict[str, bytes](), ""
    for content in ("id-only", "empty"):
        channel = {"payload": notation}
        id_ = feeds.subscribe(content=content, heartbeat=BEATS, channel=channel)
        feeds.turn()
        feeds.bring(3)
        feeds.turn()
        for way in ("", "/$status", "/$events"):
            answer = feeds.ask("GET", f"Subscription/{id_}{way}", headers={"accept": notation})
            assert answer.status_code == 200
            told[f"{content} {way}"] = answer.content
        feeds.put(id_, "off", content=content, heartbeat=BEATS, channel=channel)
    grants.revoke(feeds.world.db, grant)
    answer = feeds.ask("GET", f"Subscription/{id_}/$events", headers={"accept": notation})
    told["hidden"] = answer.content
    told["all"] = feeds.ask("GET", "Subscription", headers={"accept": notation}).content
    told |= {f"sent {at}": body for at, body in enumerate(feeds.twin.bodies)}
    types = Counter(each for each in feeds.twin.kinds())
    assert {"handshake", "heartbeat", "event-notification"} <= types.keys()
    found = Counter[str]()
    for name, body in told.items():
        found += Counter({f"{name}: {each}": many for each, many in remarks(validator, body).items()})
    assert found == Counter()


def assert_sliced(parameters: list[dict[str, Any]], slices: dict[str, tuple[str, int, int]]) -> None:
    many = Counter(each["name"] for each in parameters)
    assert many.keys() <= slices.keys()
    assert all(least <= many[name] <= most for name, (_, least, most) in slices.items())
    assert all(slices[each["name"]][0] in each for each in parameters)


def test_every_notification_is_what_the_guides_profiles_demand(feeds: Feeds) -> None:
    feeds.world.grant()
    for content in ("id-only", "empty"):
        id_ = feeds.subscribe(content=content, heartbeat=BEATS)
        feeds.bring(3)
        feeds.turn()
        feeds.turn()
        feeds.twin.got.append(feeds.ask("GET", f"Subscription/{id_}/$events").json())
    for bundle in feeds.twin.got:
        assert bundle["type"] == "history" and bundle["entry"][0]["resource"]["resourceType"] == "Parameters"
        kinds = [each["resource"]["resourceType"] for each in bundle["entry"] if "resource" in each]
        assert kinds == ["Parameters"], "one status, and no resource beside it"
        told = bundle["entry"][0]["resource"]["parameter"]
        assert_sliced(told, SLICES)
        for each in told:
            if each["name"] == "notification-event":
                assert_sliced(each["part"], PARTS)


def test_a_notification_that_is_broken_is_no_valid_r4(feeds: Feeds, validator: Validator) -> None:
    feeds.world.grant()
    feeds.subscribe()
    feeds.bring()
    feeds.turn()
    bundle = feeds.twin.got[-1]
    del bundle["entry"][0]["request"]
    assert any("bdl-3" in each.message for each in validator.errors(json.dumps(bundle)))
