"""A file opened as its mapping says: one table, a text of sections, or a JSON document of records.

Law: the one way from bytes to sheets. A sheet and the spec that its rows obey lie side by side; what a file
holds outside of them is told, not lost.
"""

from __future__ import annotations

from bridge.mapping.account import Unreadable
from bridge.mapping.header import Header, find, headed, headless
from bridge.mapping.json_source import open_document
from bridge.mapping.language import ReadHalf, Signature
from bridge.mapping.opened import Opened
from bridge.mapping.sections import open_sections
from bridge.mapping.sheet import Look, looks, read_look, sheet_of
from bridge.mapping.stages import Procedures


def open_source(
    data: bytes, signatures: tuple[Signature, ...], half: ReadHalf, procedures: Procedures
) -> Opened:
    """The parts of a file. Unreadable where it is not what the signatures say."""
    if half.records:
        return open_document(data, signatures, half)
    look, header = _found(data, signatures, half)
    table, warnings = read_look(data, look)
    if half.sections is not None:
        return open_sections(table, warnings, half.sections, procedures)
    assert half.table is not None
    sheet = sheet_of(table, warnings, header, half.table)
    return Opened(("",), (sheet,), (half.table,), empty="there is no row below the header")


def _found(data: bytes, signatures: tuple[Signature, ...], half: ReadHalf) -> tuple[Look, Header]:
    for look in looks(data):
        header = find(look.rows, signatures)
        if header is not None:
            return look, header
        plain = headless(look.rows, signatures)
        if plain is not None and half.table is not None:
            return look, headed(plain, half.table)
    raise Unreadable("the header of this format was not found: use the file as it was downloaded")
