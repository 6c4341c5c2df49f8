"""What a message says of each kind of reading, of summaries and of documents; another library reads it back."""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.consent.asked import Grain
from bridge.consent.disclosure import Disclosure
from bridge.consent.summed import GMI, PANEL, PARTS, WEAR
from bridge.hl7.render import BEYOND, Before, Document, Hl7Bytes, Letters, Person, Scribe, Writing
from bridge.mapping.hl7v2 import Hl7v2
from bridge.period import HOUR
from bridge.reading import Flag, SourceClass, Stream, Unit
from tests.fhir.disclosed import INSTALLATION, NOON, disclose, group, summary
from tests.hl7.engine import read
from tests.shipped import mappings

PERSON = Person("urn:oid:1.2.3", "P-7", "Öberg, Åsa", date(1984, 2, 29))
NOTHING = Before(frozenset(), {})


def writing(before: Before = NOTHING, *, updates: bool = True, **told: Any) -> Writing:
    return Writing(Hl7v2.model_validate(told), PERSON, before, NOON, updates)


def scribe() -> Scribe:
    return Scribe(mappings(), INSTALLATION)


def written(disclosure: Disclosure, to: Writing | None = None) -> Letters:
    return scribe().results(disclosure, to or writing())


def lines(letters: Letters, kind: str) -> list[list[str]]:
    """The fields of every segment of a kind in the first message, which HL7's tables allow."""
    body = bytes(letters.letters[0][1])
    read(body)
    rows = [line.split("|") for line in body.decode().rstrip("\r").split("\r")]
    return [[*row, *[""] * 30] for row in rows if row[0] == kind]


def marked(*flags: int, **more: Any) -> Disclosure:
    """Readings with these marks."""
    return disclose(group(len(flags), columns={"flags": np.array(flags, np.uint16)}, **more))


@pytest.mark.parametrize(
    ("flags", "sign", "said"),
    [
        (Flag.LOW, "<", "<^100"),
        (Flag.LOW | Flag.INCLUSIVE, "<", "<=^100"),
        (Flag.HIGH, ">", ">^100"),
        (Flag.HIGH | Flag.INCLUSIVE, ">", ">=^100"),
    ],
)
def test_out_of_range_is_a_comparator_with_the_limit_and_a_flag(flags: int, sign: str, said: str) -> None:
    (result,) = lines(written(marked(flags)), "OBX")
    assert (result[2], result[5], result[8], result[11]) == ("SN", said, sign, "F")
    (text,) = lines(written(marked(flags), writing(off_scale="ST")), "OBX")
    assert (text[2], text[5], text[8]) == ("ST", said.replace("^", ""), sign)


def test_a_receiver_without_comparators_gets_none_of_it_and_it_is_said() -> None:
    letters = written(marked(0, Flag.LOW, 0), writing(off_scale="hold"))
    assert [row[5] for row in lines(letters, "OBX")] == ["100", "102"]
    (ask, held) = letters.letters[1]
    assert (len(ask.entries), held.problem, bytes(held)) == (1, BEYOND, b"")


def test_what_has_no_value_is_none_and_what_is_uncertain_says_so() -> None:
    letters = written(marked(Flag.NO_VALUE, Flag.UNCERTAIN))
    none, uncertain = lines(letters, "OBX")
    assert (none[5], none[11]) == ("", "X") and (uncertain[5], uncertain[11]) == ("101", "F")
    notes = [row[3] for row in lines(letters, "NTE")]
    assert notes.count("The time of this reading is uncertain.") == 1


def test_a_value_keeps_its_unit_and_precision_and_each_source_its_class() -> None:
    molar = group(
        1, unit=Unit.MMOL_L, scale=1, columns={"value": np.array([50])}, source_class=SourceClass.UNKNOWN
    )
    strip = group(
        1, stream=Stream.KETONE, unit=Unit.MMOL_L, scale=1, at=np.array([1], np.int32), first=5,
        columns={"value": np.array([6])}, source_class=SourceClass.TYPED,
    )  # fmt: skip
    letters = written(disclose(molar, strip))
    assert [(row[3].split("^")[0], row[5], row[6]) for row in lines(letters, "OBX")] == [
        ("105272-9", "5.0", "mmol/L^mmol/l^UCUM"),
        ("66441-7", "0.6", "mmol/L^mmol/L^UCUM"),
    ]
    classes = [row[3] for row in lines(letters, "NTE") if "source class" in row[3]]
    assert [each.rpartition(" ")[2] for each in classes] == ["unknown", "typed-in"]


def test_a_mean_has_its_period_its_count_and_its_own_code() -> None:
    columns: dict[str, NDArray[np.generic]] = {
        "end": NOON + HOUR * np.arange(1, 2, dtype=np.int64),
        "count": np.array([11], np.int32),
        "expected": np.array([12], np.int32),
        "off_scale": np.array([1], np.int32),
    }
    letters = written(disclose(group(1, grain=Grain.HOUR, columns=columns)))
    (order,), (result,) = lines(letters, "OBR"), lines(letters, "OBX")
    assert (order[7], order[8]) == ("20260301110000+0100", "20260301120000+0100")
    assert result[3].startswith("97507-8^")
    assert "mean of 11 of 12 readings, 1 beyond what the sensor measures" in [
        row[3] for row in lines(letters, "NTE")
    ]


def test_the_number_of_a_message_is_what_it_says() -> None:
    one, again = written(marked(0, 0)), written(marked(0, 0))
    later = written(marked(0, 0), Writing(Hl7v2(), PERSON, NOTHING, NOON + HOUR))
    other = written(marked(0, Flag.UNCERTAIN))
    control = [each.letters[0][1].control for each in (one, again, later, other)]
    assert len(set(control[:3])) == 1 and control[3] != control[0] and len(control[0]) == 20


def test_what_may_be_there_already_is_a_correction_and_what_never_was_is_not_taken_back() -> None:
    letters = written(marked(0, 0))
    first, second = (sent.id for sent in letters.letters[0][0].entries)
    versions = {sent.id: sent.version for sent in letters.letters[0][0].entries}
    same = Before(frozenset(), {first: versions[first]})
    assert [row[11] for row in lines(written(marked(0, 0), writing(same)), "OBX")] == ["F", "F"]
    other = Before(frozenset({second}), {first: "?"})
    assert [row[11] for row in lines(written(marked(0, 0), writing(other)), "OBX")] == ["C", "C"]
    gone = marked(Flag.RETRACTED, Flag.RETRACTED)
    back = written(gone, writing(Before(frozenset({second}), {})))
    assert [(row[5], row[11]) for row in lines(back, "OBX")] == [("", "W")]
    assert not written(gone).letters
    left = written(marked(0, 0), writing(Before(frozenset({second}), {}), updates=False))
    assert [each.id for each in left.left] == [second] and len(lines(left, "OBX")) == 1


def test_other_codes_are_another_version_so_what_was_sent_is_said_anew() -> None:
    def version(**told: Any) -> str:
        return written(marked(0), writing(**told)).letters[0][0].entries[0].version

    assert version() == version(seconds=9, processing="T")
    assert version() != version(codes={"cgm-mass": {"code": "GLU"}})


# ---------------------------------------------------------------------------------------- summaries


def test_a_summary_is_one_order_of_its_period_with_every_figure() -> None:
    letters = written(disclose(summaries=(summary(),)))
    (order,), results = lines(letters, "OBR"), lines(letters, "OBX")
    assert (order[4], order[7], order[8], order[25]) == ("107931-8^^LN", "20260101", "20260114", "F")
    ids = dict(summary().ids)
    assert order[3].split("^")[0] == ids[WEAR]
    codes = [row[3].split("^")[0] for row in results]
    assert codes == [
        "97507-8", "104642-4", "104641-6", "97510-2", "104640-8", "104639-0", "97506-0", "104638-2", "104636-6",
        "104637-4",
    ]  # fmt: skip
    bands = [float(row[5]) for row in results[1:6]]
    assert sum(bands) == pytest.approx(100) and all(row[6] == "%^%^UCUM" for row in results[1:6])
    assert {sent.id for sent in letters.letters[0][0].entries} == set(ids.values())
    notes = [row[3] for row in lines(letters, "NTE")]
    assert any("3 of 4032 readings beyond" in note for note in notes) and "patient-supplied" in notes[0]


def test_a_figure_that_is_gone_is_taken_back_and_the_rest_corrected() -> None:
    ids = dict(summary().ids)
    before = Before(frozenset(ids.values()), {})
    one = summary(gone=frozenset({PANEL, GMI}), is_amended=True)
    letters = written(disclose(summaries=(one,)), writing(before))
    status = {row[3].split("^")[0]: (row[5], row[11]) for row in lines(letters, "OBX")}
    assert status["97506-0"] == ("", "W") and status["97507-8"][1] == "C"
    whole = summary(gone=frozenset(PARTS), figures=None, is_amended=True)
    back = written(disclose(summaries=(whole,)), writing(before))
    assert {(row[5], row[11]) for row in lines(back, "OBX")} == {("", "W")} and len(lines(back, "OBX")) == 10
    assert not written(disclose(summaries=(whole,))).letters


# --------------------------------------------------------------------------------------- documents


def document(**more: Any) -> Document:
    told: dict[str, Any] = {
        "id": "5a5a5a5a-0000-4000-8000-00000000000d", "version": "1", "title": "Report | of a fortnight",
        "pdf": b"%PDF-1.7\r\n|^~\\&\x0b\x1c\r", "span": (NOON - HOUR, NOON), "offsets": (60, 60),
        "classes": (SourceClass.MAKER,),
    }  # fmt: skip
    return Document(**told | more)


def test_a_pdf_goes_as_a_result_in_base64() -> None:
    letters = scribe().document(disclose(), document(), writing(orders={"document": {"code": "CGM-PDF"}}))
    (order,), (result,) = lines(letters, "OBR"), lines(letters, "OBX")
    assert order[4] == "CGM-PDF^^L" and result[2] == "ED" and result[11] == "F"
    parts = result[5].split("^")
    assert parts[:4] == ["", "application", "pdf", "Base64"] and b64decode(parts[4]) == document().pdf
    (sent,) = letters.letters[0][0].entries
    assert (sent.kind, sent.id) == ("DocumentReference", document().id)


@pytest.mark.parametrize(
    ("more", "event", "segments"),
    [
        ({}, "T02", ["MSH", "EVN", "PID", "PV1", "TXA", "OBX", *["NTE"] * 4]),
        ({"is_there": True}, "T10", ["MSH", "EVN", "PID", "PV1", "TXA", "OBX", *["NTE"] * 4]),
        ({"is_there": True, "is_gone": True, "pdf": b""}, "T11", ["MSH", "EVN", "PID", "PV1", "TXA"]),
    ],
)
def test_or_as_a_document_that_is_replaced_and_cancelled(
    more: dict[str, Any], event: str, segments: list[str]
) -> None:
    letters = scribe().document(disclose(), document(**more), writing(documents="MDM^T02"))
    body = bytes(letters.letters[0][1]).decode()
    assert [line[:3] for line in body.rstrip("\r").split("\r")] == segments
    assert (
        lines(letters, "MSH")[0][8].startswith(f"MDM^{event}^MDM_T0") and lines(letters, "EVN")[0][1] == event
    )
    (txa,) = lines(letters, "TXA")
    number = txa[12].split("^")[0]
    assert number == document().id and (txa[13].split("^")[0] == number) == (event != "T02")
    assert b"Report \\F\\ of a fortnight" in bytes(letters.letters[0][1]) or event == "T11"


def test_a_document_of_a_disclosure_that_shows_nobody_is_none() -> None:
    assert not scribe().document(disclose(subject=None), document(), writing()).letters


def test_nobody_but_the_scribe_makes_a_message() -> None:
    with pytest.raises(TypeError, match="only the scribe"):
        Hl7Bytes(object(), b"MSH", "1")
    letters = written(marked(0))
    with pytest.raises(AttributeError, match="do not change"):
        letters.letters[0][1].body = b""
