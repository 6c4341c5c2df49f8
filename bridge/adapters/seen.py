"""What an unrecognised file looks like: a sentence for the person who chose it.

Law: content only. Magic numbers name the kind, header words name another vendor's export, else the headings
of a table are quoted, or the names at the top of a document (never values), so that the sender of a bug report
has said what matters.
"""

from __future__ import annotations

import re
from typing import Final

from bridge.mapping.account import Unreadable
from bridge.mapping.json_look import head_of, is_broken, is_json, names, not_a_number
from bridge.mapping.sheet import looks

MAGIC: Final = (
    (b"%PDF", "a PDF: a report cannot be read back; download the CSV export instead"),
    (b"\x89PNG", "a picture: download the CSV export instead"),
    (b"\xff\xd8\xff", "a picture: download the CSV export instead"),
    (b"\x1f\x8b", "packed with gzip: unpack it first"),
    (b"SQLite format 3\x00", "a SQLite database, not an export"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save it as .csv or .xlsx"),
    (b"7z\xbc\xaf", "packed with 7-Zip: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
FOREIGN: Final = (
    (("t:connect",), "a Tandem t:connect export"),
    (("deviceType,serialnumber".casefold(), "egv"), "a Tandem t:connect export"),
    (("bwz estimate",), "a Medtronic CareLink export without the lines that name its devices"),
    (
        ("sensor glucose (mg/dl)", "isig value"),
        "a Medtronic CareLink export without the lines that name its devices",
    ),
    (("glooko",), "a Glooko export"),
    (('"code"', '"message"', '"typename"'), "an error that Dexcom Share answered"),
    (('"access_token"',), "the key to an account: give it to nobody"),
    (('"refresh_token"',), "the key to an account: give it to nobody"),
    (("resourcetype",), "FHIR JSON"),
    (('"deviceid"', '"deviceTime"'.casefold()), "Tidepool data"),
)

_NUMBER: Final = re.compile(r"^\W*\d")
ALONE: Final = (
    (
        re.compile(rb'\s*"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-][\d:]+)?"\s*'),
        "one time alone, the clock of a pump, and no reading: give the rig's glucose.json or pump-history.json",
    ),
    (
        re.compile(rb"\s*-?\d+(?:\.\d+)?\s*"),
        "one number alone, such as what is left in a pump, without a time: give a file with readings",
    ),
    (re.compile(rb'\s*"[^"\n]*"\s*'), "one text alone, perhaps the key to a session: give it to nobody"),
)
"""Files of one value, which is never told."""


def refusal(data: bytes, known: tuple[str, ...]) -> Unreadable:
    """Why `data` is none of the formats in `known`. An Unreadable from the text itself is passed through."""
    kind = next((said for magic, said in MAGIC if data.startswith(magic)), None)
    if kind is not None:
        return Unreadable(f"the file is {kind}")
    reads = f"this version reads {' and '.join(filter(None, (', '.join(known[:-1]), *known[-1:])))}"
    if data.startswith(b"PK\x03\x04") and b"xl/" not in data and b"[Content_Types]" not in data:
        return Unreadable(f"the file is a zip archive: unpack it and give the files in it; {reads}")
    start = data[:4096].decode("utf-8", "replace").casefold()
    if is_json(data):
        return Unreadable(_document(data, start, reads))
    try:
        rows = [row for look in looks(data) for row in look.rows[:3]]
    except Unreadable as fault:
        return fault
    for words, said in FOREIGN:
        if all(word in start for word in words):
            return Unreadable(f"the file looks like {said}: {reads}")
    if start.lstrip().startswith("<"):
        return Unreadable(
            f"the file is a web page or XML, perhaps a login page: download the export again; {reads}"
        )
    alone = next((said for form, said in ALONE if form.fullmatch(data[:4096])), None)
    if alone is not None:
        return Unreadable(f"the file is {alone}; {reads}")
    if not rows:
        return Unreadable(f"the file is no table and no document: {reads}")
    heads = max(rows, key=len)
    if any(_NUMBER.search(cell) for cell in heads):
        return Unreadable(f"the file is a table of no known kind, without headings: {reads}")
    cells = ", ".join(repr(cell[:30]) for cell in heads[:5])
    return Unreadable(f"the file is a table of no known kind, with the columns {cells} …: {reads}")


def _document(data: bytes, start: str, reads: str) -> str:
    """A JSON document of no known kind: whose it looks like, or the names at its top."""
    for words, said in FOREIGN:
        if all(word in start for word in words):
            return f"the file looks like {said}: {reads}"
    if (fault := not_a_number(data)) is not None:
        return fault
    top = head_of(data)
    if top is None or (not names(top) and is_broken(data)):
        return f"the file begins as JSON does but is none, so it is damaged: download it again; {reads}"
    found = ", ".join(repr(name[:30]) for name in names(top))
    return (
        f"the file is JSON of no known kind{f', with the names {found} at its top' if found else ''}: {reads}"
    )
