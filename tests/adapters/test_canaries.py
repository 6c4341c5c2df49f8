"""Nothing of a value is told: a word put into every column of every recording never comes out in its account.

Law: an account, and a sentence that refuses, tell row, column and kind of fault (`bridge/cli/imports.py`); headings
and names of fields are not values. Workbooks are left out, for their cells come by the same way, and so are large recordings.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.adapters import Unreadable
from bridge.mapping import Mappings
from tests.adapters.recordings import FAMILIES, committed
from tests.adapters.suite import read

CANARIES = ("Zanzibarine", "7351246.98", "9931-77-88")
"""Words, numbers and dates fail in ways of their own."""
APART = 5
"""Of so many rows one is poisoned, so that the file is read in spite of it."""
TOGETHER = 8
"""So many names of a document are poisoned at once, each at another place."""
_ROW = re.compile(r"(?!-+[,;\t]).*\d")
PATHS = [
    pytest.param(path, id=f"{path.parent.name}/{path.name}")
    for family in FAMILIES
    for path in committed(family)
    if path.suffix != ".xlsx" and path.stat().st_size < 10_000
]


def told(data: bytes, mappings: Mappings) -> str:
    """Everything that an import tells of these bytes."""
    try:
        account = read(data, mappings).account
    except Unreadable as fault:
        return fault.sentence
    reasons = [each.reason for each in account.rejected]
    return repr((reasons, account.warnings, account.ignored, account.fields_unknown, account.unknown_in))


def poisoned_tables(data: bytes, canary: str) -> Iterator[bytes]:
    """Copies of a table with the word in a cell of some rows, so that each column has it in some copy. Lines
    without a number are headings, and those of dashes begin a section."""
    lines = data.decode("utf-8-sig").splitlines()
    mark = max(",;\t", key=lambda each: sum(line.count(each) for line in lines))
    widest = max(line.count(mark) for line in lines) + 1
    rows = [row for row, line in enumerate(lines) if row > 3 and _ROW.match(line)]
    poisoned = rows[:: -max(1, min(APART, len(rows) // widest))]
    for turn in range(0, widest, max(1, len(poisoned))):
        copy = list(lines)
        for place, row in enumerate(poisoned):
            cells = copy[row].split(mark)
            cells[(turn + place) % len(cells)] = canary
            copy[row] = mark.join(cells)
        yield "\n".join(copy).encode()


def poisoned_documents(data: bytes, canary: str) -> Iterator[bytes]:
    """Copies of a document, in each of which some values are the word, so that each name has it in some copy."""
    documents = [msgspec.json.decode(each) for each in spread(data)]
    found = defaultdict[str, list[tuple[Any, Any]]](list)
    for name, holder, key in (leaf for document in documents for leaf in leaves(document, "")):
        found[name].append((holder, key))
    names = sorted(found)
    for turn in range(0, len(names), TOGETHER):
        before = []
        for nth, name in enumerate(names[turn : turn + TOGETHER], 1):
            holder, key = found[name][len(found[name]) * nth // (TOGETHER + 1)]
            before.append((holder, key, holder[key]))
            holder[key] = canary
        yield b"\n".join(map(msgspec.json.encode, documents))
        for holder, key, value in before:
            holder[key] = value


def spread(data: bytes) -> list[bytes]:
    """The values of a text: one, one a line, or one after the other."""
    text, found, at = data.decode("utf-8-sig").strip(), list[bytes](), 0
    while at < len(text):
        _, end = json.JSONDecoder().raw_decode(text, at)
        found.append(text[at:end].encode())
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def leaves(value: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Every value that is no object or array: its path without numbers, what holds it, and its key there."""
    for key, each in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        below = f"{name}.{key}" if isinstance(value, dict) else f"{name}[]"
        if isinstance(each, dict | list):
            yield from leaves(each, below)
        else:
            yield below, value, key


@pytest.mark.parametrize("path", PATHS)
def test_a_word_in_any_column_is_never_told(path: Path, mappings: Mappings) -> None:
    data = path.read_bytes()
    is_document = data.lstrip(b"\xef\xbb\xbf \r\n")[:1] in (b"{", b"[")
    for canary in CANARIES:
        for bad in (poisoned_documents if is_document else poisoned_tables)(data, canary):
            said = told(bad, mappings)
            assert canary not in said, said[max(0, said.index(canary) - 200) :][:300]
