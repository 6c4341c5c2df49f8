"""A draft opens nothing; its owner sees through the gate exactly what its recipient will get once it is signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import bridge.store.drafts as drafts
import bridge.store.wordings as wordings
from bridge.consent import grants
from bridge.consent.asked import Grain, Kind, Way
from bridge.consent.disclosure import Disclosure
from bridge.consent.grant import Authoriser, Grant, Identity, NotPossible, Recipient, State, state_at
from bridge.consent.permit import DeliveryPermit, OwnerPermit
from bridge.consent.words import Words
from bridge.period import DAY, HOUR, PeriodSet
from bridge.store.entries import Row
from bridge.store.ids import Name
from bridge.store.ledger import disclosures, listed
from bridge.store.patients import erase
from tests.consent.world import CLINIC, LIBRE, NOON, World, between, every, ids, items, wish

WORDS = Words("sharing", "1", "en", "I share this.")
WINDOW = between(NOON - 4 * DAY, NOON - 2 * DAY)


@pytest.fixture
def ada(world: World) -> int:
    patient = world.person()
    world.bring(patient, every(5, 14 * 288))
    world.bring(patient, every(15, 14 * 96, value=60), LIBRE)
    return patient


def drawn(world: World, patient: int, periods: PeriodSet = WINDOW, **more: object) -> Grant:
    grant = Grant(
        id=grants.new_id(),
        version=1,
        patient=patient,
        authoriser=Authoriser("Ada Beispiel"),
        recipient=Recipient("Clinic", frozenset({"clinic-ehr"}), "The Clinic"),
        purpose="TREAT",
        ways=frozenset({Way.LOOK}),
        periods=periods,
        kinds=frozenset({Kind.GLUCOSE}),
        signed=world.clock.now,
        begins=world.clock.now,
        ends=world.clock.now + 10 * DAY,
        sources=frozenset({"dexcom-clarity"}),
    )
    return replace(grant, **more)  # type: ignore[arg-type]


def preview(world: World, patient: int, draft: str, **more: object) -> Disclosure:
    return world.gate.preview(OwnerPermit(patient), draft, wish(patient, **more))


def asked_by_the_clinic(world: World, patient: int, **more: object) -> Disclosure:
    return world.ask(CLINIC, wish(patient, **more))


def rows(world: World, patient: int) -> tuple[Row, ...]:
    return disclosures(world.db, patient)


def test_a_draft_opens_nothing_to_its_recipient_by_any_way(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada, ways=frozenset(Way)))
    for way in Way:
        assert asked_by_the_clinic(world, ada, way=way).count == 0
    delivery = world.ask(DeliveryPermit(made.grant.id, "clinic-ehr"), wish(ada, way=Way.FILE))
    assert delivery.count == 0
    assert world.gate.patient(CLINIC, world.db.ids.one("Patient", _name(ada))) is None
    assert grants.listed(world.db, ada) == ()
    assert rows(world, ada) == ()


def test_what_is_previewed_is_what_the_recipient_gets_once_it_is_signed(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    seen = preview(world, ada, made.grant.id)
    grants.sign_draft(world.db, made.grant.id, WORDS)
    got = asked_by_the_clinic(world, ada)
    assert seen.count == 2 * 288
    assert items(seen) == items(got)
    assert ids(seen) == ids(got)
    assert not seen.owner
    assert all(group.rows is None for group in seen.groups)


def test_previewed_means_are_those_that_leave_and_none_is_frozen_by_looking(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada, grain=Grain.HOUR))
    seen = items(preview(world, ada, made.grant.id))
    frozen = world.db.reader("ledger").execute("SELECT count(*) FROM published").fetchone()
    assert frozen == (0,)
    grants.sign_draft(world.db, made.grant.id, WORDS)
    assert seen == items(asked_by_the_clinic(world, ada))
    assert len(seen) == 48


def test_a_paired_preview_names_the_person_as_the_recipient_will_know_them(world: World, ada: int) -> None:
    to = Recipient("Clinic", frozenset({"clinic-ehr"}), "The Clinic")
    paired: dict[str, Any] = {
        "identity": Identity.PSEUDONYMOUS,
        "pairing": grants.pairing_for(world.db, to, Identity.PSEUDONYMOUS),
    }
    made = grants.draft(world.db, drawn(world, ada, **paired))
    seen = preview(world, ada, made.grant.id, patient_resource=True)
    assert seen.subject is not None
    assert (seen.subject.name, seen.subject.identifiers) == (None, ())
    assert seen.subject.id != world.db.ids.one("Patient", _name(ada))


def test_a_draft_of_another_person_cannot_be_previewed(world: World, ada: int) -> None:
    bob = world.person("Bob Beispiel")
    world.bring(bob, every(5, 288))
    made = grants.draft(world.db, drawn(world, ada))
    for permit, patient in ((OwnerPermit(bob), ada), (OwnerPermit(bob), bob), (OwnerPermit(ada), bob)):
        assert world.gate.preview(permit, made.grant.id, wish(patient)).count == 0
    nothing = world.gate.preview(OwnerPermit(ada), grants.new_id(), wish(ada))
    assert (nothing.count, nothing.subject) == (0, None)


def test_a_signed_grant_is_no_draft_and_cannot_be_previewed(world: World, ada: int) -> None:
    signed = world.grant(ada, WINDOW)
    assert preview(world, ada, signed.grant.id).count == 0


def test_a_preview_is_an_entry_of_the_owner_and_of_no_recipient(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    preview(world, ada, made.grant.id)
    (row,) = rows(world, ada)
    party = row.fields["party"]
    assert isinstance(party, dict)
    assert (party["client"], party["organization"], party["name"]) == ("owner", "", "")
    assert (row.fields["channel"], row.fields["grants"]) == ("preview", [])
    assert (row.fields["items"], row.fields["purpose"]) == (2 * 288, "PATRQT")
    assert made.grant.id in str(row.fields["asked"])


def test_a_preview_shows_the_draft_alone_also_beside_other_grants(world: World, ada: int) -> None:
    world.grant(ada, between(NOON - 10 * DAY, NOON - 9 * DAY))
    made = grants.draft(world.db, drawn(world, ada))
    assert {NOON - 4 * DAY <= at < NOON - 2 * DAY for at, _ in items(preview(world, ada, made.grant.id))} == {
        True
    }


def test_a_narrowing_is_previewed_as_if_the_wider_grant_had_ended(world: World, ada: int) -> None:
    wide = world.grant(ada, between(NOON - 10 * DAY, NOON))
    narrow = drawn(world, ada, between(NOON - 4 * DAY, NOON - 3 * DAY))
    made = grants.draft(world.db, narrow, replaces=wide.grant.id)
    assert preview(world, ada, made.grant.id).count == 288
    assert asked_by_the_clinic(world, ada).count > 288
    signed = grants.sign_draft(world.db, made.grant.id, WORDS)
    assert (signed.grant.id, signed.grant.version) == (wide.grant.id, 2)
    assert asked_by_the_clinic(world, ada).count == 288


def test_an_identity_can_be_narrowed_by_superseding(world: World, ada: int) -> None:
    wide = world.grant(ada, WINDOW)
    to = wide.grant.recipient
    paired: dict[str, Any] = {
        "identity": Identity.PSEUDONYMOUS,
        "pairing": grants.pairing_for(world.db, to, Identity.PSEUDONYMOUS),
    }
    with pytest.raises(NotPossible):
        grants.draft(world.db, drawn(world, ada, **paired))
    made = grants.draft(world.db, drawn(world, ada, **paired), replaces=wide.grant.id)
    assert preview(world, ada, made.grant.id).count == 2 * 288


def test_the_exact_words_are_kept_with_the_grant(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    signed = grants.sign_draft(world.db, made.grant.id, WORDS, by="Ada Beispiel")
    assert signed.grant.wording == WORDS.wording
    kept = wordings.find(world.db, signed.grant.wording.sha256)
    assert kept is not None
    assert (kept.text, kept.id, kept.version, kept.locale) == ("I share this.", "sharing", "1", "en")


def test_a_draft_is_signed_once(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    signed = grants.sign_draft(world.db, made.grant.id, WORDS)
    with pytest.raises(KeyError):
        grants.sign_draft(world.db, made.grant.id, WORDS)
    assert [row.kind for row in listed(world.db, ada)] == ["grant"]
    assert state_at(signed, world.clock.now) is State.ACTIVE


def test_a_draft_that_waits_for_a_day_is_gone(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    world.clock.now += drafts.KEPT
    assert preview(world, ada, made.grant.id).count == 0
    with pytest.raises(KeyError):
        grants.sign_draft(world.db, made.grant.id, WORDS)
    grants.draft(world.db, drawn(world, ada))
    assert world.db.reader("bridge").execute("SELECT count(*) FROM drafts").fetchone() == (1,)


def test_a_draft_is_signed_from_now_and_not_from_when_it_was_drawn(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    world.clock.now += HOUR
    signed = grants.sign_draft(world.db, made.grant.id, WORDS)
    assert (signed.grant.signed, signed.grant.begins) == (NOON + HOUR, NOON + HOUR)
    short = grants.draft(world.db, drawn(world, ada, ends=world.clock.now + 1))
    world.clock.now += 2
    with pytest.raises(NotPossible):
        grants.sign_draft(world.db, short.grant.id, WORDS)


def test_erasing_a_person_takes_their_drafts(world: World, ada: int) -> None:
    made = grants.draft(world.db, drawn(world, ada))
    erase(world.db, ada)
    assert world.gate.preview(OwnerPermit(ada), made.grant.id, wish(ada)).count == 0
    assert world.db.reader("bridge").execute("SELECT count(*) FROM drafts").fetchone() == (0,)


def _name(patient: int) -> Name:
    return Name(patient, 0, 0, 0)
