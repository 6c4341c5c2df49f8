"""The table reader: the fast path means what the tolerant one means, cells mean what they say."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal, InvalidOperation

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.account import Unreadable
from bridge.mapping.cells import MOST_DECIMALS, WIDEST, Column, scaled
from bridge.mapping.dates import read_stamps
from bridge.mapping.scan import PIECE
from bridge.mapping.table import Table, from_rows, regular, split, tolerant
from bridge.mapping.text import clean

LETTERS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x00", exclude_categories=("Cc", "Cs")), max_size=9
)
PLAIN = LETTERS.map(lambda text: text.replace('"', "").replace(",", "").replace(";", ""))
TABLES = st.lists(st.lists(PLAIN, min_size=1, max_size=6), min_size=1, max_size=12)


def texts(table: Table) -> list[list[str]]:
    """All cells of a table."""
    return [table.cells(row) for row in range(len(table))]


def column(*cells: str) -> Column:
    """A column of these cells."""
    return from_rows([[cell] for cell in cells], range(1, len(cells) + 1)).column(0)


@given(TABLES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_the_fast_path_equals_the_tolerant_path(
    rows: list[list[str]], end: str, quoted: bool, closed: bool
) -> None:
    lines = [",".join(f'"{cell}"' if quoted else cell for cell in row) for row in rows]
    text = end.join(lines) + (end if closed else "")
    fast, slow = regular(text.encode(), ","), tolerant(text.encode(), ",")
    assert fast is not None
    assert texts(fast) == texts(slow)
    assert fast.line.tolist() == slow.line.tolist()
    assert fast.open_end == slow.open_end


@given(st.text(st.sampled_from('ab ,;"\n\r\tü'), max_size=60), st.sampled_from([",", ";", "\t"]))
def test_whatever_the_bytes_the_fast_path_refuses_or_equals(text: str, delimiter: str) -> None:
    fast = regular(text.encode(), delimiter) if text else None
    if fast is None:
        return
    try:
        slow = tolerant(text.encode(), delimiter)
    except Unreadable:
        pytest.fail("the fast path read what the tolerant path refuses")
    assert texts(fast) == texts(slow)
    assert fast.line.tolist() == slow.line.tolist()


@given(
    st.text(st.sampled_from('ab ,;"\n\r\tü'), max_size=40), st.sampled_from([",", ";", "\t"]), st.booleans()
)
def test_quotes_above_a_table_that_hold_nothing_special_change_nothing(
    above: str, delimiter: str, more: bool
) -> None:
    lines = [f'"Last";"{above}";x', "1;2;3", *(['4;"5";6'] if more else ["4;5;6"]), ""]
    text = "\n".join(lines).replace(";", delimiter)
    try:
        slow = tolerant(text.encode(), delimiter)
    except Unreadable:
        with pytest.raises(Unreadable):
            split(text.encode(), delimiter)
        return
    fast = split(text.encode(), delimiter)
    assert texts(fast) == texts(slow)
    assert fast.line.tolist() == slow.line.tolist()


def test_a_table_under_quoted_names_is_split_by_its_bytes() -> None:
    text = '"Beispiel";"Noor";"";x\r\n' + "1;2;3;4\r\n" * 500
    found = split(text.encode(), ";")
    assert found.buffer[found.marks[-1]] == 10 and texts(found)[:2] == [
        ["Beispiel", "Noor", "", "x"],
        ["1", "2", "3", "4"],
    ]


@given(st.lists(st.lists(LETTERS, min_size=2, max_size=5), min_size=1, max_size=8))
def test_any_table_that_csv_writes_is_read(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    found = texts(split(buffer.getvalue().encode(), ","))
    assert found == [[cell.strip(" \t\r\n") for cell in row] for row in rows]


def test_seams_of_pieces_lose_nothing() -> None:
    row = b'"1","2024-01-01T00:00:00","EGV","","x"\r\n'
    data = row * (PIECE // len(row) * 3)
    fast = regular(data, ",")
    assert fast is not None and len(fast) == data.count(b"\n")
    assert set(fast.column(4).words().texts) == {"x"}
    odd = data[: PIECE - 3].rpartition(b"\n")[0] + b'\n"1","a "" b"\n' + data
    assert regular(odd, ",") is None


def test_a_byte_order_mark_and_blank_lines_are_no_rows() -> None:
    found = split(clean("\ufeffa,b\n\n1,2\r\n\n".encode()).data, ",")
    assert texts(found) == [["a", "b"], ["1", "2"]]
    assert found.line.tolist() == [1, 3]


def test_rows_of_blanks_are_found() -> None:
    for data in (b"a,b\n,\n1,2\n", b'"a","b"\n"",""\n"1","2"\n', b"a,b\n , \t\n1,2\n", b'a,"b"\n,\n1,2\n'):
        assert split(data, ",").blank_rows().tolist() == [False, True, False]


def test_lines_that_are_quoted_whole_are_unwrapped() -> None:
    assert texts(split(b'"a,""b, c"",d"\r\n"1,2,3"\r\n', ",")) == [["a", "b, c", "d"], ["1", "2", "3"]]


@pytest.mark.parametrize(
    ("data", "cut"), [(b'a,"b\n', True), (b'a,"b"\n', False), (b'a,"b', True), (b'a,b"\n', True)]
)
def test_an_open_quote_at_the_end_is_seen(data: bytes, cut: bool) -> None:
    assert tolerant(b"x,y\n" + data, ",").cut == cut


def _decimal(text: str) -> Decimal | None:
    """What a cell says as a number, by the library."""
    if text.count(",") + text.count(".") > 1 or not text or not set(text) <= set("0123456789.,-+"):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


@given(st.lists(st.text(st.sampled_from("0123456789.,-+eN "), max_size=12), min_size=1, max_size=30))
def test_numbers_are_read_as_decimals(cells: list[str]) -> None:
    stripped = [cell.strip() for cell in cells]
    found = column(*stripped).numbers()
    for cell, amount, decimals, ok in zip(stripped, found.amount, found.decimals, found.ok, strict=True):
        wanted = _decimal(cell)
        if wanted is not None and -int(wanted.as_tuple().exponent) > MOST_DECIMALS:
            wanted = None
        assert bool(ok) == (wanted is not None), cell
        if wanted is not None:
            assert Decimal(int(amount)).scaleb(-int(decimals)) == wanted


def test_numbers_too_long_to_be_amounts_are_none() -> None:
    assert column("1" * 15, "1" * 16, "9" * 30, "1" * 90).numbers().ok.tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("cell", "decimals", "amount", "scale"),
    [
        ("108.0", 0, 108, 0),
        ("5", 1, 50, 1),
        ("5.00", 1, 50, 1),
        ("5.25", 1, 525, 2),
        ("-0.5", 0, -5, 1),
        ("0.0", 0, 0, 0),
    ],
)
def test_amounts_have_the_vendors_decimals_or_finer(
    cell: str, decimals: int, amount: int, scale: int
) -> None:
    found = scaled(column(cell).numbers(), decimals)
    assert (int(found[0][0]), int(found[1][0])) == (amount, scale)


@given(st.lists(st.sampled_from(["", "EGV", "Insulin", "ü", "x" * 70, "x" * 71, "Low"]), max_size=40))
def test_words_are_the_cells(cells: list[str]) -> None:
    found = column(*cells).words() if cells else from_rows([], []).column(0).words()
    assert [found.texts[code] for code in found.codes] == cells
    assert len(set(found.texts)) == len(found.texts)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=200))
def test_many_words_are_still_the_cells(numbers: list[int]) -> None:
    cells = [f"word {number}" for number in numbers]
    found = column(*cells).words()
    assert [found.texts[code] for code in found.codes] == cells


def test_cells_are_replaced_at_their_rows_alone() -> None:
    found = column("1", "2", "3").replaced(np.array([0, 2]), ["13,0", ""])
    assert found.texts() == ["13,0", "2", ""]
    assert found.numbers().ok.tolist() == [True, True, False]


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=20))
@pytest.mark.parametrize(
    ("mask", "form"),
    [
        ("YYYY-MM-DDThh:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("YYYY-MM-DD hh:mm", "%Y-%m-%d %H:%M"),
        ("DD-MM-YYYY hh:mm", "%d-%m-%Y %H:%M"),
        ("MM-DD-YYYY hh:mm AM", "%m-%d-%Y %I:%M %p"),
    ],
)
def test_stamps_are_read_as_datetimes(mask: str, form: str, moments: list[datetime]) -> None:
    found = read_stamps(column(*(f"{moment:{form}}" for moment in moments)), [mask])[mask]
    assert found.ok.all()
    wanted = [moment.replace(microsecond=0, second=moment.second if "S" in form else 0) for moment in moments]
    assert found.wall.tolist() == [
        round((moment - datetime(1970, 1, 1)).total_seconds() * 1000) for moment in wanted
    ]


@pytest.mark.parametrize(
    ("cell", "mask", "ok"),
    [
        ("2024-02-29 00:00", "YYYY-MM-DD hh:mm", True),
        ("2023-02-29 00:00", "YYYY-MM-DD hh:mm", False),
        ("1900-02-29 00:00", "YYYY-MM-DD hh:mm", False),
        ("2024-1-2 3:04", "YYYY-MM-DD hh:mm", True),
        ("2024/01/02T03:04", "YYYY-MM-DD hh:mm", True),
        ("2024-01-02 24:00", "YYYY-MM-DD hh:mm", False),
        ("2024-01-02 00:60", "YYYY-MM-DD hh:mm", False),
        ("01-02-2024 13:00 PM", "MM-DD-YYYY hh:mm AM", False),
        ("01-02-2024 12:00 am", "MM-DD-YYYY hh:mm AM", True),
        ("1/2/24 3:04", "MM/DD/YY hh:mm", True),
        ("1/2/2024 3:04", "MM/DD/YY hh:mm", False),
        ("2024-01-02T03:04:05.678", "YYYY-MM-DDThh:mm:ss", True),
        ("", "YYYY-MM-DD hh:mm", False),
        ("yesterday", "YYYY-MM-DD hh:mm", False),
        ("2024-01-02 03:04" + " " * WIDEST + "x", "YYYY-MM-DD hh:mm", False),
    ],
)
def test_what_is_a_stamp(cell: str, mask: str, ok: bool) -> None:
    found = read_stamps(column(cell, "2024-01-01 00:00"), [mask, "YYYY-MM-DD hh:mm"])
    assert bool(found[mask].ok[0] if mask in found else False) == ok


def test_clean_text_is_the_same_bytes() -> None:
    data = b"a,b\n" * 10
    assert clean(data).data is data
