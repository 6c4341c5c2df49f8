"""What may be asked for, by whom, and what is refused with which sentence: over HTTP."""

from __future__ import annotations

from typing import Any, Final

import pytest

import bridge.store.recipients as recipients
import bridge.store.subscriptions as kept
from bridge.fhir.subscriptions import CONTENT, FILTER, TOPIC
from bridge.receive.plain_xml import plain as read_xml
from tests.fhir.valid import valid
from tests.subscriptions.twin import FHIR, Feeds, count, events, focuses


def test_it_is_read_and_found_by_its_own_client_alone_and_its_headers_by_nobody(feeds: Feeds) -> None:
    secret = "Authorization: Bearer very-secret"
    answer = feeds.post(headers=[secret], heartbeat=60)
    assert answer.status_code == 201 and "very-secret" not in answer.text
    made = valid(answer.content)
    assert made["status"] == "requested" and answer.headers["location"].endswith(f"Subscription/{made['id']}")
    found = feeds.ask("GET", "Subscription?status=requested")
    assert [each["resource"]["id"] for each in found.json()["entry"]] == [made["id"]]
    assert "very-secret" not in found.text + feeds.ask("GET", f"Subscription/{made['id']}").text
    other = feeds.register("Other feeding EHR", "Elsewhere")
    for method, path in (("GET", ""), ("GET", "/$status"), ("GET", "/$events"), ("DELETE", "")):
        assert feeds.ask(method, f"Subscription/{made['id']}{path}", other).status_code == 404
    assert feeds.ask("GET", "Subscription", other).json()["total"] == 0
    rests = (feeds.world.db.home / "bridge.db").read_bytes() + (
        feeds.world.db.home / "bridge.db-wal"
    ).read_bytes()
    assert b"very-secret" not in rests and feeds.twin.url.encode() not in rests
    feeds.turn()
    assert feeds.twin.headers[0]["authorization"] == "Bearer very-secret"
    feeds.put(made["id"], "requested")  # without headers: they stay
    feeds.turn()
    assert feeds.twin.headers[-1]["authorization"] == "Bearer very-secret"


def test_in_xml_it_says_the_same(feeds: Feeds) -> None:
    made = feeds.post(heartbeat=60).json()["id"]
    plain = feeds.ask("GET", f"Subscription/{made}")
    written = feeds.ask("GET", f"Subscription/{made}", headers={"Accept": "application/fhir+xml"})
    assert read_xml(written.content) == plain.json()
    xml = {"Content-Type": "application/fhir+xml"}
    again = feeds.ask("PUT", f"Subscription/{made}", content=written.content, headers=xml)
    assert again.status_code == 200, again.text


WRONG: Final[dict[str, dict[str, Any]]] = {
    "another topic": {"criteria": "urn:x"},
    "no filter": {"_criteria": {"extension": []}},
    "a date": {"_criteria": {"extension": [{"url": FILTER, "valueString": "Observation?patient=a&date=ge1990"}]}},
    "two people": {"_criteria": {"extension": [{"url": FILTER, "valueString": "Observation?patient=a&patient=b"}]}},
    "another type": {"_criteria": {"extension": [{"url": FILTER, "valueString": "Patient?patient=a"}]}},
    "another stream": {"_criteria": {"extension": [{"url": FILTER, "valueString": "?patient=a&code=14743-9"}]}},
    "no reason": {"reason": ""},
    "a strange member": {"tag": "x"},
    "a modifier": {"modifierExtension": [{"url": "x", "valueBoolean": True}]},
    "an end that was": {"end": "2020-01-01T00:00:00Z"},
    "an end far away": {"end": "2199-01-01T00:00:00Z"},
    "active for others": {"status": "off"},
    "websocket": {"channel": {"type": "websocket"}},
    "full": {"channel": {"_payload": {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]}}},
    "no content": {"channel": {"_payload": {}}},
    "text": {"channel": {"payload": "text/plain"}},
    "an address of nobody": {"endpoint": "https://evil.example/hook"},
    "a secret in the address": {"endpoint": "https://a:b@evil.example/hook"},
    "a host header": {"headers": ["Host: inside"]},
    "a split header": {"headers": ["X-A: b\r\nHost: inside"]},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_served_is_refused_with_a_sentence(feeds: Feeds, what: str) -> None:
    answer = feeds.post(**WRONG[what])
    assert answer.status_code == 422, answer.text
    (issue,) = valid(answer.content)["issue"]
    assert issue["diagnostics"].startswith("Subscription") and "secret" not in issue["diagnostics"]
    assert kept.listed(feeds.world.db, feeds.clinic.id) == ()
    if what == "full":
        assert "no revocation reaches them" in issue["diagnostics"]


def test_without_a_scope_or_a_watcher_there_is_none(feeds: Feeds) -> None:
    token = feeds.world.token(feeds.clinic, "system/*.rs")
    refused = feeds.world.ask("POST", "/fhir/Subscription", token=token, json=feeds.wanted(), headers=FHIR)
    assert refused.status_code == 403
    recipients.put(feeds.world.db, recipients.Known("Clinic"))
    answer = feeds.post()
    assert answer.status_code == 422 and "--monitored-by" in answer.text


def test_a_name_that_leads_inside_is_not_called(feeds: Feeds) -> None:
    from bridge.net.client import Outbound
    from bridge.net.endpoint import Purpose, endpoint
    from bridge.subscriptions.worker import Notifier

    async def inside(host: str, port: int) -> list[str]:
        return ["10.0.0.7"]

    url = "https://hook.example/in"
    there = endpoint(Purpose.NOTIFICATION, url)
    assert there is not None
    feeds.allow("https://hook.example:443")
    world = feeds.world
    net = Outbound(lambda _: [there], feeds.calls.append, world.clock, resolver=inside)
    made = feeds.post(endpoint=url).json()["id"]
    feeds.turn(notifier=Notifier(world.db, world.gate, world.renderer, net, world.clock))
    told = feeds.read(made)
    assert told["status"] == "error" and "private network" in told["error"]
    assert feeds.calls[-1].outcome == "forbidden-address"


def test_status_and_events_tell_what_was_told(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe()
    names = feeds.bring(3)
    feeds.turn()
    for path in (f"Subscription/{id_}/$status", f"Subscription/$status?id={id_}", "Subscription/$status"):
        told = valid(feeds.ask("GET", path).content)
        parameters = {each["name"]: each for each in told["entry"][0]["resource"]["parameter"]}
        assert told["type"] == "searchset" and told["total"] == 1
        assert parameters["events-since-subscription-start"]["valueString"] == "3"
        assert parameters["type"]["valueCode"] == "query-status"
    some = feeds.ask("GET", f"Subscription/{id_}/$events?eventsSinceNumber=2").json()
    assert events(some) == [2, 3] and focuses(some) == names[1:] and count(some) == 3
    empty = feeds.ask("GET", f"Subscription/{id_}/$events?content=empty").json()
    assert events(empty) == [1, 2, 3] and focuses(empty) == []
    refused = feeds.ask("GET", f"Subscription/{id_}/$events?content=full-resource")
    assert refused.status_code == 400 and "no revocation reaches them" in refused.text


def test_it_can_be_deleted_and_nothing_of_it_is_left(feeds: Feeds) -> None:
    feeds.world.grant()
    id_ = feeds.subscribe()
    feeds.bring()
    feeds.turn()
    assert feeds.ask("DELETE", f"Subscription/{id_}").status_code == 204
    assert feeds.ask("GET", f"Subscription/{id_}").status_code == 404
    left = feeds.world.db.reader("bridge").execute("SELECT count(*) FROM subscription_events").fetchone()
    assert left == (0,)


def test_the_statement_names_the_topic_as_it_is_described(feeds: Feeds) -> None:
    from pathlib import Path

    described = Path(__file__).parents[2] / "conformance" / "fhir" / "Basic-new-glucose.json"
    topic = valid(described.read_bytes())
    urls = {each["url"].rpartition(".")[2]: each for each in topic["extension"]}
    filters = [
        part["valueString"]
        for each in topic["extension"]
        for part in each.get("extension", [])
        if part["url"] == "filterParameter"
    ]
    assert urls["url"]["valueUri"] == TOPIC and filters == ["patient", "code", "category"]
    statement = feeds.world.get("/fhir/metadata").json()
    (said,) = [each for each in statement["rest"][0]["resource"] if each["type"] == "Subscription"]
    assert said["extension"][0]["valueCanonical"] == TOPIC
