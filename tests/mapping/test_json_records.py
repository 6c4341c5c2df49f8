"""Records of JSON: the quick path means what the tolerant one means, and nothing that is written is rounded."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.mapping.json_array import PIECE, Taken, take_array, take_lines, take_piece
from bridge.mapping.json_cells import unescaped, values
from bridge.mapping.json_lot import MOST_RUNS, Lot
from bridge.mapping.json_path import Place, is_path, known, path
from bridge.mapping.json_record import Shape, elements, members, tolerant

WANTED = [
    ("id",),
    ("value",),
    ("at", "system"),
    ("at", "shown"),
    ("note",),
    ("_id",),
    ("_id", "$oid"),
    ("rest", "zone"),
]
LEFT = [("colour",), ("at", "zone"), ("kept",), ("kept", "more"), ("rest", "*")]


def top() -> Place:
    """What is known of a record."""
    return known(WANTED, LEFT)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["},{", '"},{"', "[", "\\", "\x1f", "é" * 40]),
)
NAMES = st.sampled_from(
    ["id", "value", "at", "note", "colour", "new", "ünknown", "_id", "kept", "rest", 'a"b', "n\x00", "c\\d"]
)
INNER = st.dictionaries(st.sampled_from(["system", "shown", "zone", "more", "$oid"]), SCALARS, max_size=3)
RECORDS = st.dictionaries(
    NAMES, st.one_of(SCALARS, SCALARS, INNER, st.lists(SCALARS, max_size=2)), max_size=6
)
ELEMENTS = st.lists(st.one_of(RECORDS, RECORDS, RECORDS, SCALARS), max_size=12)


def cells(taken: Taken) -> list[list[str]]:
    """Every column's texts."""
    return (
        [values(Lot([*each.runs], each.text.copy())).column.texts() for each in taken.cells]
        if taken.count
        else []
    )


def one_by_one(array: bytes) -> Taken:
    """The meaning: every record by itself."""
    shape = Shape(top())
    shape.is_quick = False
    taken = Taken()
    take_piece(array, shape, taken)
    return taken


@settings(max_examples=150)
@given(ELEMENTS)
def test_the_quick_path_equals_the_tolerant_path(found: list[object]) -> None:
    array = json.dumps(found).encode()
    quick, slow = Taken(), one_by_one(array)
    take_piece(array, Shape(top()), quick)
    assert cells(quick) == cells(slow)
    assert (quick.count, quick.faults, +quick.unknown, set(quick.left)) == (
        slow.count,
        slow.faults,
        +slow.unknown,
        set(slow.left),
    )


@settings(max_examples=60)
@given(ELEMENTS, ELEMENTS)
def test_names_learned_on_the_way_change_nothing(first: list[object], second: list[object]) -> None:
    shape, taken = Shape(top()), Taken()
    for each in (first, second):
        take_piece(json.dumps(each).encode(), shape, taken)
    slow = one_by_one(json.dumps(first + second).encode())
    assert (cells(taken), taken.faults, +taken.unknown) == (cells(slow), slow.faults, +slow.unknown)


@settings(max_examples=4)
@given(ELEMENTS, st.integers(1, 3), st.sampled_from([None, 1]))
def test_pieces_have_no_seams(found: list[object], times: int, indent: int | None) -> None:
    many = (found or [{"note": '},{ "'}]) * (3 * times * PIECE // max(len(json.dumps(found)), 12) + 1)
    array = json.dumps(many, indent=indent).encode()
    taken = Taken()
    take_array(memoryview(array), Shape(top()), taken)
    assert taken.count == len(many)
    assert values(taken.cells[4]).column.text(0) == values(one_by_one(array).cells[4]).column.text(0)


def test_seams_inside_texts_and_arrays_are_none() -> None:
    record = {"note": "},{" * 50, "id": 1, "new": [{"a": 1}, {"a": 2}] * 20}
    many = [record] * (4 * PIECE // 700)
    taken = Taken()
    take_array(memoryview(json.dumps(many).encode()), Shape(top()), taken)
    assert taken.count == len(many) == taken.unknown["new",]
    assert set(values(taken.cells[4]).column.words().texts) == {"},{" * 50}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**6), max_value=10**6))
def test_numbers_are_the_digits_that_were_written(number: Decimal) -> None:
    taken = Taken()
    take_piece(f'[{{"value": {number:f}}}]'.encode(), Shape(top()), taken)
    assert cells(taken)[1] == [f"{number:f}"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("5.0", "5.0"),
        ("0.02500000037", "0.02500000037"),
        ("1.04e2", "104"),
        ("25E-1", "2.5"),
        ("1e999999", "1e999999"),
        ("9" * 400, "9" * 400),
        ("true", "true"),
        ("null", ""),
        ('" padded "', "padded"),
        (r'"a\"b\\c\u00e9\n"', 'a"b\\cé'),
        (r'"half \ud83d of it"', "half � of it"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"nul\u0000 and bell\u0007"', "nul and bell"),
        (r'"no escape \q"', r"no escape \q"),
    ],
)
def test_what_a_value_says(written: str, read: str) -> None:
    found = values(Lot(text=bytearray(written.encode() + b"\x1f"))).column
    assert found.texts() == [read]


def test_of_a_name_that_occurs_twice_the_last_counts_on_both_paths() -> None:
    array = b'[{"id": 1, "id": 2, "at": {"system": 1}, "at": {"shown": 3}}]'
    quick = Taken()
    take_piece(array, Shape(top()), quick)
    assert cells(quick) == cells(one_by_one(array)) == [["2"], [""], [""], ["3"], [""], [""], [""], [""]]


def test_a_record_that_is_none_is_rejected_alone() -> None:
    taken = Taken()
    take_piece(b'[{"id": 1}, 5, [1], null, {"at": "now"}, {"id": 2}]', Shape(top()), taken)
    assert taken.faults == {
        1: "the record is no object but a number",
        2: "the record is no object but an array",
        3: "the record is no object but null",
        4: "at is a text where an object belongs",
    }
    assert cells(taken)[0] == ["1", "", "", "", "", "2"]


def test_a_line_that_is_no_json_is_rejected_alone() -> None:
    taken = Taken()
    take_lines(b'{"id": 1}\n{"id": \n\n{"id": 3}\r\n{"id": 4', Shape(top()), taken)
    assert cells(taken)[0] == ["1", "", "3", ""]
    assert sorted(taken.faults) == [1, 3]


def test_a_value_that_is_sometimes_an_object_is_read_where_it_is_one() -> None:
    place = known([("clock",), ("clock", "time")], [])
    found = [tolerant(raw, place, 2).cells for raw in elements(b'[{"clock": "a"}, {"clock": {"time": "b"}}]')]
    assert [[bytes(cell) for cell in each] for each in found] == [[b'"a"', b""], [b"", b'"b"']]
    taken = Taken()
    take_piece(b'[{"clock": "a"}, {"clock": {"time": "b"}}]', Shape(place), taken)
    assert cells(taken) == [["a", ""], ["", "b"]]


def test_objects_where_values_may_be_stay_quick_in_a_dump_that_has_them_throughout() -> None:
    shape, taken = Shape(top()), Taken()
    take_piece(b'[{"_id": {"$oid": "a"}, "id": 1}, {"_id": null}, {"_id": {"$oid": "b"}}]', shape, taken)
    assert cells(taken)[5:7] == [["", "", ""], ["a", "", "b"]]
    assert len(shape.quickly(b'[{"_id": {"$oid": "c"}}]')) == len(shape.ways)
    with pytest.raises(msgspec.ValidationError):
        shape.quickly(b'[{"_id": "d"}]')
    take_piece(b'[{"_id": "d"}]', shape, taken)
    assert cells(taken)[5:7] == [["", "", "", "d"], ["a", "", "b", ""]]


def test_deep_values_are_refused_by_the_parser_and_not_by_the_stack() -> None:
    with pytest.raises(RecursionError):
        members(msgspec.Raw(b'{"a":' * 100_000 + b"1" + b"}" * 100_000))


@pytest.mark.parametrize(
    "text",
    ["a", "a.b", "$", "$.a", "$[]", "$[].a", "^.a", "^^^.a.b", "a[].b[]", "store.*.basal", "*", "_id.$oid"],
)
def test_what_is_a_path(text: str) -> None:
    assert is_path(text)


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a[0]", "$a.[", "a^.b", "a b[", "$..a", "**"])
def test_what_is_no_path(text: str) -> None:
    assert not is_path(text)


def test_a_path_knows_where_it_starts() -> None:
    assert [(path(t).up, path(t).steps) for t in ("a.b[]", "$.a", "$", "^^.a", "_id.$oid", "$oid")] == [
        (0, ("a", "b")),
        (-1, ("a",)),
        (-1, ()),
        (2, ("a",)),
        (0, ("_id", "$oid")),
        (0, ("$oid",)),
    ]


@given(st.text(max_size=20))
def test_escapes_of_any_text_give_it_back(text: str) -> None:
    wanted = "".join(letter for letter in text if (letter >= " " and letter != "\x7f") or letter in "\t\n")
    assert unescaped(json.dumps(text)[1:-1]) == wanted


@given(
    st.lists(
        st.tuples(st.sampled_from(['"a"', "null", "5", '"5"', "[1]", "1e2", '"\\u00e9 "']), st.integers(1, 5))
    )
)
def test_what_comes_in_runs_reads_as_if_every_cell_had_come_alone(pieces: list[tuple[str, int]]) -> None:
    runs, text = Lot(), Lot(text=bytearray(b'"x"\x1f'))
    for cell, count in pieces:
        runs.add([cell.encode()] * count)
        text.add([cell.encode()] * count)
    quick, plain = values(runs), values(text)
    assert quick.column.texts() == plain.column.texts()[1:]
    assert quick.is_nested.tolist() == plain.is_nested.tolist()[1:]
    found = quick.column.words()
    assert [found.texts[code] for code in found.codes] == quick.column.texts()
    assert runs.runs or not pieces


def test_a_name_that_changes_with_every_piece_is_kept_as_a_text() -> None:
    lot = Lot()
    for number in range(2 * MOST_RUNS):
        lot.add([str(number).encode()] * 2)
    assert not lot.runs
    assert values(lot).column.texts() == [str(number // 2) for number in range(4 * MOST_RUNS)]
