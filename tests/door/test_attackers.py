"""Every attacker by every way out: it is told what it may have and nothing else, by instant and by code.

The attackers are in `attackers.py`, the ways in `ways_out.py`; whom Ada really gave her window to goes the same ways
and does get it: a server that always says nothing fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from bridge.period import PeriodSet
from tests.door.attackers import ATTACKERS, RIGHTFUL
from tests.door.ways_out import (
    MEAN,
    NO_READINGS,
    SUMMARY,
    SYSTEMS,
    Hidden,
    Pushed,
    Seen,
    Through,
    known,
    told,
    without,
)
from tests.door.who import GLUCOSE, STRIPS, Attacker
from tests.fhir.plain_xml import of_xml
from tests.web.brought import PDF, summary
from tests.web.submitted import SCOPE, bundle, intake, statuses, submit
from tests.web.world import OLD_SERIAL, World, linked

GLUCOSE_ALONE = ("chunks", "notified")
"""Ways by which no fingerstick comes, whoever asks."""


@dataclass(frozen=True)
class Case:
    """One attacker in its world."""

    world: World
    who: Attacker
    hidden: Hidden

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request with its token."""
        where = f"/fhir/{path}" if path else "/fhir"
        return self.world.ask(method, where, token=self.who.token, **more)

    def may(self, seen: Seen, way: str) -> bool:
        """Whether it may be told that, that way."""
        stream, instant = seen
        if stream == MEAN:
            return self.who.means
        if stream == SUMMARY:
            return instant in self.who.open(way).get(GLUCOSE, PeriodSet(()))
        by_name = {str(GLUCOSE): GLUCOSE, str(STRIPS): STRIPS}
        return instant in self.who.open(way).get(by_name[stream], PeriodSet(()))


def made(world: World, name: str) -> Case:
    """The world of an attacker; a page link from before is at hand."""
    earlier = world.grant()
    page = world.get(f"Observation?patient={world.patient_id(world.ada)}&_count=500").json()
    link = (linked(page, "next") or "").partition("/fhir/")[2]
    from bridge.consent.grants import revoke

    bring(world)
    world.clock.now += 1
    revoke(world.db, earlier)
    world.clock.now += 1000
    who = {**ATTACKERS, **RIGHTFUL}[name](world)
    return Case(world, who, known(world, link))


def bring(world: World) -> None:
    """Somebody with whom nobody shares submits summaries about Ada, inside of her window and outside."""
    third = world.register("Third EHR", "Third", SCOPE)
    intake(world, world.ada, to="Third")
    for start in ("2026-08-25", "2026-09-10"):
        period = {"start": start, "end": (date.fromisoformat(start) + timedelta(days=4)).isoformat()}
        found = summary(world.patient_id(world.ada), effectivePeriod=period, value=333)
        assert statuses(submit(world, bundle(found), token=world.token(third, scope=SCOPE))) == [202] * 8


@pytest.fixture(scope="module", params=ATTACKERS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    world = World(tmp_path_factory.mktemp(request.param) / "home")
    yield made(world, request.param)
    world.close()


@pytest.fixture(scope="module", params=RIGHTFUL)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    world = World(tmp_path_factory.mktemp(request.param) / "home")
    yield made(world, request.param)
    world.close()


@pytest.mark.parametrize("way", [*Through, *Pushed])
def test_no_attacker_is_told_what_it_may_not_have_by_any_way(case: Case, way: str) -> None:
    if way in Pushed:
        seen, body = Pushed[way](case.world, case.who)
        texts = [body.decode()]
    else:
        answers = Through[way](case.ask, case.hidden)
        assert all(each.status_code < 500 for each in answers)
        if case.who.is_bobs:
            answers = [without(each, case.world.patient_id(case.world.bob)) for each in answers]
        seen, texts = {one for each in answers for one in told(each)}, [each.text for each in answers]
    assert [each for each in sorted(seen) if not case.may(each, way)] == []
    secrets = (
        OLD_SERIAL,
        "SECRET-FILE",
        "BOBS-SENSOR",
        "Bob Builder",
        "|333|",
        '"value":333',
        'value value="333"',
        PDF,
    )
    assert not [secret for secret in secrets if any(secret in text for text in texts)]


@pytest.mark.parametrize("way", [*Through, *Pushed])
def test_by_every_way_what_is_permitted_does_arrive(own: Case, way: str) -> None:
    if way in Pushed:
        seen, _ = Pushed[way](own.world, own.who)
        if way == "notified" and own.who.is_of_a_person:
            assert not seen, "a client of persons' launches has no scope of a system, so no subscription"
            return
    else:
        answers = Through[way](own.ask, own.hidden)
        seen = {one for each in answers for one in told(each)}
        creates = way == "submitted"  # a token that reads creates nothing
        if creates or (way in SYSTEMS and own.who.is_of_a_person):
            assert {each.status_code for each in answers} == {403} and not seen
            return
        if way in ("subscribed", "ordered"):  # such a token makes none; tests/subscriptions and tests/web do
            assert {each.status_code for each in answers} <= {200, 403, 404} and not seen
            return
        if (
            way == "brought"
        ):  # Ada shares no source of theirs; tests/web/test_received.py has those who are told
            assert {each.status_code for each in answers} <= {200, 404} and not seen
            return
        if way in NO_READINGS:
            assert all(each.status_code in (200, 400) for each in answers) and not seen
            assert way == "chained" or "Provenance/" in answers[0].text
            return
    assert seen and all(own.may(each, way) for each in seen)
    streams = {stream for stream, _ in seen}
    if way in ("summaries", "reported", "filed", "leafed"):
        assert streams == {SUMMARY}
        return
    assert str(GLUCOSE) in streams and (way in GLUCOSE_ALONE or str(STRIPS) in streams)


def test_an_attacker_reads_its_own_consents_and_no_ledger(case: Case) -> None:
    for kind, count in (("Consent", case.who.consents), ("AuditEvent", 0)):
        answer = case.ask("GET", f"{kind}?patient={case.hidden.person}&_count=50")
        if answer.status_code == 403:
            assert count == 0
            continue
        concerned = [each for each in answer.json().get("entry", []) if each["resource"]["id"]]
        assert len(concerned) >= count and (count or not concerned or case.who.client == case.world.clinic.id)
        assert "Elsewhere" not in answer.text


def test_what_was_told_is_read_alike_in_both_notations(own: Case) -> None:
    path = f"Observation?patient={own.hidden.person}&_count=1000"
    plain, xml = own.ask("GET", path), own.ask("GET", path, headers={"Accept": "application/fhir+xml"})
    assert told(plain) == told(xml) and len(told(plain)) == 1000 and of_xml(xml.content)
