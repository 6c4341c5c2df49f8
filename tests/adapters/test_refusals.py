"""Bad input of each kind gets its sentence."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from bridge.adapters import Unreadable, recognise
from bridge.mapping import Mappings
from bridge.mapping.text import LARGEST_LINE
from tests.adapters.clarity_files import g6_2023, workbook
from tests.adapters.libreview_files import us_12h
from tests.adapters.suite import read, refused


def packed(name: str, data: bytes) -> bytes:
    """A zip archive of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


TANDEM = b"DeviceType,SerialNumber,Description,EventDateTime,Readings (mg/dL)\nt:slim X2,1,EGV,2024-01-01T00:00:00,100\n"
CARELINK = b"Index;Date;Time;New Device Time;BG Reading (mg/dL);Linked BG Meter ID;BWZ Estimate (U)\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "the file is empty"),
        (bytes(5000), "the file is empty"),
        (b"%PDF-1.7 ...", "a PDF: a report cannot be read back"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (gzip.compress(b"x", mtime=0), "packed with gzip: unpack it first"),
        (packed("a.csv", b"x"), "a zip archive: unpack it"),
        (b'{"resourceType": "Bundle"}', "looks like FHIR JSON"),
        (b"[1, 2]", "JSON of no known kind"),
        (b"<!doctype html><html>", "a web page or XML, perhaps a login page"),
        (
            b'{"Code": "x", "Message": "y", "TypeName": "FaultException"}',
            "an error that Dexcom Share answered",
        ),
        (b'{"access_token": "s3cr3t"}', "the key to an account: give it to nobody"),
        (b'"5e0c0000-0000-4000-8000-000000000001"', "one text alone, perhaps the key to a session"),
        (b'"2026-03-27T06:08:00-07:00"', "one time alone, the clock of a pump"),
        (b"134.5\n", "one number alone, such as what is left in a pump"),
        (TANDEM, "looks like a Tandem t:connect export"),
        (CARELINK, "looks like a Medtronic CareLink export"),
        (b"Datum,Wert\n2024-01-01,100\n", "a table of no known kind, with the columns 'Datum', 'Wert'"),
        (b"hello world\n", "no table and no document"),
        (b"\x00\x01\x02\x03" * 500, "line 1 holds NUL bytes"),
        (b"x" * (LARGEST_LINE + 1), f"line 1 is longer than {LARGEST_LINE} bytes"),
    ],
)
def test_what_is_no_export_is_named(mappings: Mappings, data: bytes, said: str) -> None:
    sentence = refused(data, mappings)
    assert said in sentence
    assert "\n" not in sentence


def test_a_refusal_names_what_this_version_reads(mappings: Mappings) -> None:
    *others, last = mappings.formats
    assert refused(TANDEM, mappings).endswith(f"this version reads {', '.join(others)} and {last}")


def test_nul_bytes_inside_a_good_file_are_refused_with_their_line(mappings: Mappings) -> None:
    lines = us_12h().split(b"\n")
    lines[9] = bytes(40)
    assert refused(b"\n".join(lines), mappings) == (
        "line 10 holds NUL bytes: the file is binary or damaged, download it again"
    )


def test_an_endless_line_inside_a_good_file_is_refused(mappings: Mappings) -> None:
    sentence = refused(us_12h() + b"y" * (LARGEST_LINE + 1), mappings)
    assert sentence.startswith("line 48 is longer than")


def test_a_quote_that_is_never_closed_is_refused(mappings: Mappings) -> None:
    lines = g6_2023().split(b"\r\n")
    lines[50] = b'"' + lines[50].replace(b'"', b"")
    assert "line 51" in refused(b"\r\n".join(lines), mappings)


def test_a_wrong_encoding_is_told_and_read(mappings: Mappings) -> None:
    text = us_12h().decode().replace("Ada Muster", "Åda Müster")
    done = read(text.encode("cp1252"), mappings)
    assert "the text is not UTF-8" in done.account.warnings[0]
    assert done.person is not None and done.person.name == "Åda Müster"


def test_utf16_without_a_mark_is_told_and_read(mappings: Mappings) -> None:
    assert (
        "UTF-16 without a mark" in read(us_12h().decode().encode("utf-16-le"), mappings).account.warnings[0]
    )


def test_control_characters_are_left_out_and_told(mappings: Mappings) -> None:
    done = read(us_12h().replace(b"pork belly", b"pork\x0b\x1f belly"), mappings)
    assert done.account.warnings == ("2 control characters were left out",)


def test_a_damaged_workbook_is_refused(mappings: Mappings) -> None:
    assert "the workbook is damaged" in refused(workbook()[:-300], mappings)


def test_a_workbook_of_something_else_is_named(mappings: Mappings) -> None:
    whole = zipfile.ZipFile(io.BytesIO(workbook()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name).replace(b"mmol", b"EUR"))
    assert "a table of no known kind" in refused(buffer.getvalue(), mappings)


def test_a_workbook_that_unpacks_to_a_flood_is_refused(mappings: Mappings) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" ")
        with archive.open("xl/workbook.xml", "w") as flood:
            for _ in range(257):
                flood.write(bytes(1024 * 1024))
    assert "unpacks to more than" in refused(buffer.getvalue(), mappings)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "Infinity"])
@pytest.mark.parametrize("good", [0, 2])
def test_a_number_that_is_none_is_refused_with_its_place_and_the_mend(
    mappings: Mappings, number: str, good: int
) -> None:
    record = '{"type": "sgv", "sgv": 100, "date": 1790000000000, "device": "share2"}'
    records = [*[record] * good, record.replace("100", number)]
    said = refused(f"[{', '.join(records)}]".encode(), mappings)
    assert said.startswith(f"the document is no JSON in record {good + 1}, at sgv (byte ")
    assert "put null in their place" in said and "damaged" not in said


def test_a_short_answer_of_which_all_is_rejected_is_taken_in_and_told(mappings: Mappings) -> None:
    done = read(b'[{"type": "sgv", "sgv": 5000, "date": 1790000000000, "device": "share2"}]', mappings)
    assert [each.where for each in done.account.rejected] == ["record 1 of entries"]


def test_the_file_name_decides_nothing(mappings: Mappings) -> None:
    assert recognise(us_12h(), "Clarity_Export_Muster_Ada.csv", mappings) == "libreview"
    with pytest.raises(Unreadable):
        recognise(b"hello\n", "Clarity_Export_Muster_Ada.csv", mappings)
