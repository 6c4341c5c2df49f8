"""Nightscout: what every adapter of documents keeps, in every version of the server, and what leaves nobody's phone."""

from __future__ import annotations

from bridge.adapters import decode, recognise
from bridge.mapping import Mappings
from bridge.reading import Stream, column
from tests.adapters import nightscout_entries as entries
from tests.adapters.nightscout_entries import document, oid, v3
from tests.adapters.recordings import RECEIVED, ZONES, committed, decoded, golden, golden_of
from tests.adapters.suite import DocumentSuite, names, read, refused

FAMILIES = ("nightscout", "nightscout-csv", "nightscout-exporter", "openaps-pump-history")


class TestNightscout(DocumentSuite):
    """The sentences that every adapter of documents keeps."""

    family = "nightscout"
    small = "entries-loop.json"
    records = ""


def test_v1_v3_and_a_dump_of_the_database_give_the_same_keys(mappings: Mappings) -> None:
    plain = [entries.xdrip(number, sgv) for number, sgv in enumerate(entries.CURVE)]
    dumped = [one | {"_id": {"$oid": one["_id"]}, "date": {"$numberLong": str(one["date"])}} for one in plain]
    answers = [{**one, "identifier": one["_id"], "isValid": True} for one in plain]
    forms = (document(plain), b"\n".join(map(document, dumped)), v3(answers), document(plain[::-1]))
    first, *others = (
        [(batch.key, names(batch)) for batch in read(data, mappings).readings] for data in forms
    )
    assert others == [first] * 3


def test_an_answer_without_records_is_no_fault_to_who_asked_for_it(mappings: Mappings) -> None:
    for data in (b"[]", b'{"status":200,"result":[]}'):
        done = decode(data, mappings.formats["nightscout"], ZONES, RECEIVED)
        assert (done.rows, done.readings) == (0, ())


def test_no_secret_and_no_name_is_in_anything_but_a_note(mappings: Mappings) -> None:
    secret = (
        "f00dbabe",
        "ab12cd",
        "abcdef0123456789",
        "908172",
        "817290",
        "SM-G970F",
        "com.TEAM",
        "DAN00012AB",
    )
    for family in FAMILIES:
        for path in committed(family):
            done = decoded(path, mappings)
            account = repr((done.account, done.person))
            for said in (golden_of(path).read_text("utf-8"), golden(done), account):
                assert not any(word in said for word in secret), path.name
            for batch in done.readings:
                about = repr((batch.key, batch.device, column(batch.columns, "record").tolist()))
                assert not any(name in about.casefold() for name in ("wanda", "max", "grandma", "iphone")), (
                    path.name
                )
                if batch.key.stream not in (Stream.NOTE, Stream.MODE):
                    assert set(column(batch.columns, "text").tolist()) <= {""}
            assert "wanda" not in account.casefold()


def test_a_sentence_that_refuses_repeats_no_secret(mappings: Mappings) -> None:
    odd = {"loopSettings": {"deviceToken": "f00dbabe"}, "deviceToken": "f00dbabe", "enteredBy": "Wanda"}
    assert "f00dbabe" not in refused(document([odd]), mappings)
    assert recognise(document([odd | {"store": {}, "defaultProfile": "x", "_id": oid(1)}]), "p", mappings)


def test_the_settings_of_a_site_are_refused_by_name(mappings: Mappings) -> None:
    status = {
        "status": "ok",
        "apiEnabled": True,
        "serverTime": "2026-03-27T06:00:00Z",
        "extendedSettings": {"a": "s3cret"},
    }
    said = refused(document(status), mappings)
    assert said.startswith("the file holds the settings of a Nightscout site") and "s3cret" not in said
