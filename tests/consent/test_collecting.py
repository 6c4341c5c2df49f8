"""The record of a consent to collect: sealed, append-only, chained, and what it opens."""

from __future__ import annotations

import hashlib
import sqlite3

import pytest

from bridge.consent import collecting
from bridge.consent.asked import Kind
from bridge.consent.collecting import NotCollected, Signed
from bridge.consent.grant import Authoriser, NotPossible
from bridge.consent.provider_words import ID, TEXTS, VERSION, provider_words
from bridge.consent.words import COLLECTING, INTAKES, Words
from bridge.period import DAY
from bridge.store import ledger
from bridge.store.anchors import verify
from bridge.store.custody import Rule
from bridge.store.patients import erase, load
from tests.consent.test_ledger import faults, tamper
from tests.consent.world import CLARITY, World, every

GLUCOSE = frozenset({Kind.GLUCOSE})
BY_PARENT = Signed(Authoriser("Pia Beispiel", "parent", "form.pdf"), GLUCOSE, "TREAT", 30, by="Ana Amt")


SHIPPED = {
    ("collecting", "1", "en"): "fd5c2374142d223d4711cb78ebf8595ab54958259613e1c31f6195d2d0ce340b",
    ("intake", "1", "en"): "1e6abb26d4331b11429529af042753b5edcba9e7bc4e7238591442d87f7fb263",
    ("intake", "1", "de"): "9b680946e755aba9a845e74e58d7c9445560c1d8f1d7e50c35df0e8bd3e651f4",
    ("intake", "1", "es"): "fe8335b34ed12883494616f9fb9d7db502d32126146072fce78f42dca2f7baf4",
    ("intake", "1", "fi"): "9bc368d230cbd57230b61c1bd7ef5643d78b05a8a48d0326a11c44fa21901555",
    ("intake-provider", "1", "en"): "36079e71ed1b17e95bccf68e55ef46affe276b9c2d41664ff88cf4341d0e0613",
    ("intake-provider", "1", "de"): "f6b73b2409f37e2395704e4c5e327cebd8343c495258c99f85c629ad4fc8affe",
    ("intake-provider", "1", "es"): "593a5093e883ed679c36dd47ed13410971b3c582d77c31a9ed7b79930c07de7e",
    ("intake-provider", "1", "fi"): "92bf2c760c199f3045e5ac43705db0c7711e3ba5a826f9c1b96b6ad750264b78",
}
"""Append only: a text that somebody agreed to is never another one later."""


@pytest.mark.parametrize("words", [COLLECTING, *INTAKES.values()])
def test_words_that_were_shipped_never_change(words: Words) -> None:
    assert SHIPPED[words.id, words.version, words.locale] == words.wording.sha256


@pytest.mark.parametrize("language", TEXTS)
def test_the_words_of_a_providers_custody_never_change_but_in_their_blanks(language: str) -> None:
    assert SHIPPED[ID, VERSION, language] == hashlib.sha256(TEXTS[language].encode()).hexdigest()
    told = provider_words(language, "Sjö {law} AB", Rule("Act § 9", 12)).text
    assert "{organization}" not in told and "{years}" not in told and "Act § 9" in told and "12" in told
    assert "Sjö {law} AB" in told


def test_without_a_consent_there_is_none_and_the_owners_act_is_one(world: World) -> None:
    patient = world.person()
    with pytest.raises(NotCollected, match="no consent to collect from 'phone' is on record"):
        collecting.required(world.db, patient, "phone", GLUCOSE)
    act = collecting.own_act(load(world.db, patient))
    assert collecting.required(world.db, patient, "phone", GLUCOSE, act) is None
    assert collecting.listed(world.db, patient) == ()
    collecting.given(world.db, patient, "phone", act)()
    collecting.given(world.db, patient, "phone", act)()
    (given,) = collecting.listed(world.db, patient)
    assert (given.signed.giver.name, given.signed.kinds) == ("Ada Beispiel", frozenset(Kind))
    assert collecting.required(world.db, patient, "phone", GLUCOSE, act) == given
    assert collecting.required(world.db, patient, "phone", GLUCOSE) == given
    with pytest.raises(NotCollected):
        collecting.required(world.db, patient, "pump", GLUCOSE)


def test_an_act_does_not_open_what_was_withdrawn(world: World) -> None:
    patient = world.person()
    act = collecting.own_act(load(world.db, patient))
    collecting.given(world.db, patient, "phone", act)()
    collecting.withdraw(world.db, patient, "phone")
    with pytest.raises(NotCollected, match="withdrawn"):
        collecting.required(world.db, patient, "phone", GLUCOSE, act)
    with pytest.raises(NotPossible):
        collecting.withdraw(world.db, patient, "phone")
    collecting.give(world.db, patient, "phone", act)
    found = collecting.required(world.db, patient, "phone", GLUCOSE)
    assert found is not None
    assert found.withdrawn is None


def test_the_newest_record_counts_also_where_it_names_less(world: World) -> None:
    patient = world.person()
    collecting.give(world.db, patient, "phone", collecting.own_act(load(world.db, patient)))
    collecting.give(world.db, patient, "phone", BY_PARENT)
    with pytest.raises(NotCollected, match="does not name insulin, notes"):
        collecting.required(world.db, patient, "phone", GLUCOSE | {Kind.NOTES, Kind.INSULIN})
    found = collecting.required(world.db, patient, "phone", GLUCOSE)
    assert found is not None
    assert found.signed == BY_PARENT


def test_who_gave_it_and_from_what_rest_sealed_and_each_step_is_in_the_ledger(world: World) -> None:
    patient = world.person()
    collecting.give(world.db, patient, "Pia's old phone", BY_PARENT)
    collecting.withdraw(world.db, patient, "Pia's old phone", "Ana Amt", "asked by mail")
    with sqlite3.connect(world.db.home / "ledger.db") as con:
        stored = b"".join(b"".join(row) for row in con.execute("SELECT body, sealed FROM collecting"))
        stored += b"".join(body for (body,) in con.execute("SELECT body FROM ledger"))
    con.close()
    for secret in (b"Pia", b"form.pdf", b"Ana Amt", b"mail"):
        assert secret not in stored
    rows = ledger.listed(world.db, patient)
    assert [(row.kind, row.fields["step"], row.fields["person"]) for row in rows] == [
        ("collecting", "give", "Ana Amt"),
        ("collecting", "withdraw", "Ana Amt"),
    ]
    assert rows[0].fields["asked"] == "give collecting from Pia's old phone"


def test_a_record_that_was_changed_is_found(world: World) -> None:
    patient = world.person()
    collecting.give(world.db, patient, "phone", BY_PARENT)
    assert verify(world.db).is_sound
    tamper(world, "UPDATE collecting SET body = replace(body, 'glucose', 'insulin')")
    assert f"collecting consent 1 of patient {patient} is not what was signed" in faults(world)


def test_an_erased_patients_records_stay_and_no_longer_tell(world: World) -> None:
    patient = world.person()
    collecting.give(world.db, patient, "phone", BY_PARENT)
    collecting.withdraw(world.db, patient, "phone")
    erase(world.db, patient)
    (record,) = collecting.listed(world.db, patient)
    assert (record.source, record.signed.giver.name) == ("erased", "erased")
    assert record.signed.kinds == GLUCOSE
    assert record.withdrawn is not None


def test_what_is_kept_for_longer_than_agreed_is_found(world: World) -> None:
    patient = world.person()
    collecting.give(world.db, patient, "phone", BY_PARENT)
    world.bring(patient, every(5, 3), CLARITY, "phone")
    world.bring(patient, every(5, 3, value=150), CLARITY, "pump")
    assert collecting.overdue(world.db, patient, world.clock.now + 29 * DAY) == ()
    (late,) = collecting.overdue(world.db, patient, world.clock.now + 30 * DAY)
    assert late.source == "phone"
