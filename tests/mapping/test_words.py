"""Words of the language for sources that many programs write to: beginnings, names of devices, tables without a header,
places by layout, and all that lies below a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.mapping import MappingErrors, Mappings, load
from bridge.period import ZoneHistory
from bridge.reading import Flag, SourceClass, Stream, column

ZONES = ZoneHistory.always("Europe/Berlin")
LATER = 1_795_132_800_000  # 2026-11-20
NOON = 1_774_612_800_000  # 2026-03-27T12:00Z
POOL = """# yaml-language-server: $schema=schema.json
format: pool
version: 1
title: An invented server that many apps send to
detect:
  - {layout: plain, json: {at: $, keys: [sugar, by]}}
  - {layout: wrapped, json: {at: answer, keys: [sugar, by]}}
read:
  source: unknown
  records:
    - name: values
      each: {plain: "$[]", wrapped: "answer[]"}
      fields: {at: at, sugar: sugar, by: by, secret: code}
      ignore: [more.*, tail]
      time: {field: at, formats: [epoch-ms]}
      device:
        install: by
        kind: app
        names: {Pocket app: [pocket*, pk-*], Other: other}
        source: {diy-or-processed: [pocket*, pk-*], cleared-follower-or-aggregator: other}
      reads: secret
      rules:
        - name: beginning
          when: [{by: pocket-smooth*}]
          stream: glucose
          flags: [SMOOTHED]
          value: &value {field: sugar, unit: mg/dL, decimals: {mg/dL: 0}, low: ["low*"]}
        - name: sugar
          when: [{sugar: filled}]
          stream: glucose
          value: *value
fhir: {}
"""
TABLE = """# yaml-language-server: $schema=schema.json
format: bare
version: 1
title: A table without a header
detect:
  - {least: 2, most: 3, forms: {0: epoch-ms, 1: number, 2: any}}
read:
  source: typed-in
  table:
    fields:
      at: {at: 0, names: at}
      sugar: {at: 1, names: sugar}
      word: {at: 2, names: word, ignore: true}
    time: {field: at, formats: [epoch-ms]}
    rules:
      - name: sugar
        when: [{sugar: filled}]
        stream: glucose
        value: {field: sugar, unit: mg/dL, decimals: {mg/dL: 0}}
fhir: {}
"""


@pytest.fixture(scope="module")
def mappings(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Mappings:
    """The shipped mappings and two more."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "pool.yaml").write_text(POOL, "utf-8")
    (folder / "bare.yaml").write_text(TABLE, "utf-8")
    return load(project / "mappings", folder)


def read(mappings: Mappings, document: object) -> Decoded:
    """A document of the pool."""
    data = json.dumps(document).encode()
    assert recognise(data, "x", mappings) == "pool"
    return decode(data, mappings.formats["pool"], ZONES, LATER)


def value(by: str | None, sugar: object = 104, minute: int = 0, **more: object) -> dict[str, object]:
    """A record of the pool."""
    return {"at": NOON + minute * 60_000, "sugar": sugar, "by": by, **more}


def test_a_word_that_ends_in_a_star_is_a_beginning(mappings: Mappings) -> None:
    found = read(
        mappings, [value("pocket-smooth 3", "lower"), value("Pocket-SMOOTH", 99, 1), value("smooth", 98, 2)]
    )
    marks = {
        (batch.device.model, flags)
        for batch in found.readings
        for flags in column(batch.columns, "flags").tolist()
    }
    smoothed = int(Flag.SMOOTHED)
    assert marks == {("Pocket app", smoothed | Flag.LOW | Flag.NO_VALUE), ("Pocket app", smoothed), ("", 0)}


def test_devices_are_named_by_words_and_no_other_text_is_kept(mappings: Mappings) -> None:
    found = read(
        mappings, [value(by, 100 + n, n) for n, by in enumerate(("pk-7", "Pocket", "Ada's phone", None))]
    )
    assert sorted((batch.device.model, batch.source_class, len(batch)) for batch in found.readings) == [
        ("", SourceClass.UNKNOWN, 1),
        ("", SourceClass.UNKNOWN, 1),
        ("Pocket app", SourceClass.PROCESSED, 2),
    ]
    assert "ada" not in repr([(b.key, b.device) for b in found.readings]).casefold()
    assert len({batch.key.device for batch in found.readings}) == 3


def test_the_same_records_at_another_place_are_the_same_series(mappings: Mappings) -> None:
    records = [value("other", 100 + minute, minute) for minute in range(3)]
    plain, wrapped = read(mappings, records), read(mappings, {"answer": records})
    assert [batch.key for batch in plain.readings] == [batch.key for batch in wrapped.readings]
    assert plain.readings[0].source_class is SourceClass.FOLLOWER


def test_an_answer_without_records_is_of_the_layout_whose_place_is_empty(mappings: Mappings) -> None:
    for data in (b"[]", b'{"answer": []}'):
        assert decode(data, mappings.formats["pool"], ZONES, LATER).rows == 0
    with pytest.raises(Unreadable, match="none of those"):
        decode(b'{"question": []}', mappings.formats["pool"], ZONES, LATER)


def test_all_below_a_name_is_ignored_by_one_word(mappings: Mappings) -> None:
    record = value("other", more={"a": 1, "b": {"c": [1]}}, tail=7, code="x", novel=1)
    account = read(mappings, [record]).account
    assert (account.fields_unknown, account.warnings) == (("novel",), ())
    assert set(account.fields_ignored) == {"more.*", "tail"}


def bare(mappings: Mappings, *rows: str) -> Decoded:
    """Rows without a header."""
    data = "\n".join(rows).encode()
    assert recognise(data, "x", mappings) == "bare"
    return decode(data, mappings.formats["bare"], ZONES, LATER)


def test_a_table_is_known_by_the_form_of_its_cells_where_it_has_no_header(mappings: Mappings) -> None:
    done = bare(mappings, f"{NOON},104,x", f"{NOON + 60_000},105,")
    assert done.account.read == {Stream.GLUCOSE: 2}
    assert column(done.readings[0].columns, "row").tolist() == [1, 2]


@pytest.mark.parametrize(
    "text", ["at,sugar,word", "2026-03-27,104,x", f"{NOON},104,x,y", f"{NOON}", "1,104,x"]
)
def test_a_table_of_other_forms_is_none_of_them(mappings: Mappings, text: str) -> None:
    with pytest.raises(Unreadable):
        recognise(f"{text}\n{text}\n".encode(), "x", mappings)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reads: secret", "reads: secrets", "'secrets' is not known here; did you mean 'secret'?"),
        ('wrapped: "answer[]"', 'wraped: "answer[]"', "wraped"),
        ("cleared-follower-or-aggregator: other", "follower: other", "follower"),
    ],
)
def test_a_wrong_word_is_named(project: Path, tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "pool.yaml").write_text(POOL.replace(old, new, 1), "utf-8")
    with pytest.raises(MappingErrors) as errors:
        load(project / "mappings", tmp_path)
    assert any(said in fault.sentence for fault in errors.value.faults), errors.value.faults
