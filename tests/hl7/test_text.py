"""No text of anybody ends a field, a segment or a frame; another library reads back what was meant."""

from __future__ import annotations

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.hl7.text import Line, Unwritable, Value, escaped, message
from tests.hl7.engine import read

HOSTILE = [
    "O|Bri^en&~\\",
    "\\F\\",
    "\\E\\",
    "\\X0D\\",
    "\\.br\\",
    "a\\",
    "x\rPID|1||EVIL",
    "x\nOBX|1|NM|EVIL",
    "\x0b\x1c\rMSH|^~\\&|",
    "Ünïcode 名前",
    "line\u2028line",
    '""',
]


def told(text: str) -> bytes:
    head: list[Value] = ["A", "B", "C", "D", "20260101", "", ("ACK", "R01", "ACK"), "1", "P", "2.5.1"]
    return message([("MSH", head), ("MSA", ["AA", "1", text])], "UNICODE UTF-8")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_in_its_field(text: str) -> None:
    body = told(text)
    assert not set(b"\x0b\x1c\n") & set(body) and body.count(b"\r") == 2
    back = hl7.parse(body.decode())
    assert len(back) == 2 and len(back.segment("MSA")) == 4
    # python-hl7 undoes what we escaped, ends of lines as one carriage return
    plain = text.replace("\n", "\r").replace("\u2028", "\r")
    assert back.unescape(str(back.segment("MSA")[3])) == plain


@pytest.mark.parametrize("text", HOSTILE)
def test_the_other_library_sees_the_same_fields(text: str) -> None:
    found = read(told(text))
    assert len(found.children) == 2 and len(found.msa.children) == 3
    if "\\X" not in escaped(text):  # hl7apy knows no hexadecimal escapes
        assert found.msa.msa_3.value == escaped(text)


@given(st.text())
def test_no_text_at_all_has_a_delimiter_or_a_control_left(text: str) -> None:
    left = escaped(text)
    outside = left.split("\\")[::2]
    assert not any(set("|^&~\x00\x0b\x1c\r\n") & set(part) for part in outside) and "\r" not in left


@pytest.mark.parametrize(
    ("charset", "text"), [("ASCII", "Röbin"), ("8859/1", "名前"), ("UNICODE UTF-8", "\ud800")]
)
def test_what_a_character_set_lacks_is_never_a_question_mark(charset: str, text: str) -> None:
    with pytest.raises(Unwritable):
        message([("MSA", ["AA", text])], charset)
    assert "Röbin".encode("latin-1") in message([("MSA", ["Röbin"])], "8859/1")


def test_nothing_empty_stands_at_an_end_and_subcomponents_are_apart() -> None:
    line: Line = ("PID", ["1", "", ("a&", ("", "1.2", "ISO"), ""), "", ("", "")])
    assert message([line], "ASCII") == b"PID|1||a\\T\\^&1.2&ISO\r"
