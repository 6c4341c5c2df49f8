"""A provider's own record by every way out: its custodian is told of that, others of nothing, and nobody of more.

The ways are those of `ways_out.py`. Whoever may ask of Ada, by her grant or by her own launch, is told of the record no
more than of a number that nobody has; the custodian is told of Ada no more than a stranger is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from bridge.period import MINUTE
from bridge.reading import Stream
from bridge.smart.registration import Registration, client
from bridge.store import clients, custody
from bridge.store.ids import Name
from tests.door.attackers import ATTACKERS, RIGHTFUL
from tests.door.ways_out import SYSTEMS, Hidden, Seen, Through, known, told
from tests.smart.signing import ec_pair, jwks
from tests.web.brought import PDF, summary
from tests.web.custody import SUBMITTER, provider
from tests.web.submitted import SCOPE, START, bundle, locations, readings, submit
from tests.web.world import OLD_SERIAL, World, linked

COUNT: Final = 280
MARK: Final = 321
"""The amount of every reading that the custodian brought."""
OTHERS: Final = ("rightful", "launched_by_ada", "another_recipients", "coarse")
ARRIVES: Final = frozenset(
    {
        "searched",
        "posted",
        "paged",
        "read",
        "remembered",
        "newest",
        "everything",
        "batched",
        "in_xml",
        "compressed",
        "chunks",
        "included",
    }
)
"""Ways by which the custodian is told of its readings."""


@dataclass(frozen=True)
class Kept:
    """A world in which the third keeps a record about Ada; what is known of it, and of a number that nobody has."""

    world: World
    token: str
    record: Hidden
    nobody: Hidden
    instants: frozenset[int]

    def asked(self, token: str, way: str, about: Hidden) -> list[httpx.Response]:
        def ask(method: str, path: str, **more: Any) -> httpx.Response:
            return self.world.ask(method, f"/fhir/{path}" if path else "/fhir", token=token, **more)

        return Through[way](ask, about)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    world = World(tmp_path_factory.mktemp("custody") / "home")
    third = world.register("Third EHR", "Third", SUBMITTER)
    provider(world, world.ada, "Third")
    entries = readings(world.patient_id(world.ada), COUNT, conditional=False)
    for each in entries:
        each["resource"]["valueQuantity"]["value"] = MARK
    entries += summary(world.patient_id(world.ada), value=MARK)
    places = locations(submit(world, bundle(entries), token=world.token(third, SCOPE)))
    (one,) = custody.every(world.db)
    person, token = world.patient_id(one.number), world.token(third, "system/*.rs")
    page = world.get(f"/fhir/Observation?patient={person}&_count=50", token=token).json()
    link = (linked(page, "next") or "").partition("/fhir/")[2]
    assert link
    names = tuple(each.removeprefix("Observation/") for each in places[:COUNT:29])
    instants = frozenset(START + 5 * MINUTE * step for step in range(COUNT))
    gone = tuple(world.db.ids.one("Observation", Name(999, 1, at, 0)) for at in sorted(instants)[::29])
    brought = known(world, link).received
    record = Hidden(person, names, link, brought)
    yield Kept(world, token, record, Hidden(world.patient_id(999), gone, link, brought), instants)
    world.close()


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_is_told_of_the_record_by_any_way(kept: Kept, name: str) -> None:
    who = {**ATTACKERS, **RIGHTFUL}[name](kept.world)
    for way in Through:
        answers, same = (kept.asked(who.token, way, about) for about in (kept.record, kept.nobody))
        codes = [[each.status_code for each in some] for some in (answers, same)]
        assert way in SYSTEMS or codes[0] == codes[1], way
        assert not [each for each in answers if f'"value":{MARK}' in each.text or PDF in each.text], way
        assert way in SYSTEMS or not _seen(answers), way


def test_a_program_of_the_same_organisation_for_another_purpose_is_told_of_nothing(kept: Kept) -> None:
    study = client(
        Registration(
            "Study", "backend", "Third", purpose="HRESCH", jwks=jwks(ec_pair().jwk()), scope=SUBMITTER
        )
    )
    clients.add(kept.world.db, study)
    token = kept.world.token(study, SUBMITTER)
    for way in Through:
        answers, same = (kept.asked(token, way, about) for about in (kept.record, kept.nobody))
        assert way in SYSTEMS or [each.status_code for each in answers] == [
            each.status_code for each in same
        ], way
        assert not _seen(answers), way


def test_the_custodian_is_told_of_its_record_and_of_nothing_else(kept: Kept) -> None:
    arrived = set()
    for way in Through:
        answers = kept.asked(kept.token, way, kept.record)
        assert all(each.status_code < 500 for each in answers), way
        seen = _seen(answers)
        singles = {instant for kind, instant in seen if kind == str(Stream.GLUCOSE)}
        assert singles <= kept.instants, way
        _nothing_of_ada(answers, way)
        arrived |= {way} if singles else set()
    assert arrived >= ARRIVES and not arrived & {"exported", "subscribed", "ordered", "submitted"}


def test_the_custodian_is_told_nothing_of_the_person(kept: Kept) -> None:
    about = known(kept.world, kept.record.link)
    for way in Through:
        answers = kept.asked(kept.token, way, about)
        assert all(each.status_code < 500 for each in answers), way
        assert way == "paged" or not _seen(answers), way  # its own page link is among them
        _nothing_of_ada(answers, way)


def _seen(answers: list[httpx.Response]) -> set[Seen]:
    return {one for each in answers for one in told(each)}


def _nothing_of_ada(answers: list[httpx.Response], way: str) -> None:
    words = (
        OLD_SERIAL,
        "SECRET-FILE",
        "Lovelace",
        "1980-01-02",
        "Europe/Berlin",
        "BOBS-SENSOR",
        "Bob Builder",
    )
    assert not [word for word in words for each in answers if word in each.text], way
