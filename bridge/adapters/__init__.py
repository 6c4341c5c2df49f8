"""Vendor bytes become readings: which format a file is, and its columns.

Law (`architecture.md`): no network, clock, file, log or store; vendor packages do not know each other; what
a mapping can say is not said here. A file is recognised by its content, never by its name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bridge.adapters.registry import PROCEDURES
from bridge.adapters.seen import refusal
from bridge.mapping import Format, Mappings
from bridge.mapping.account import Account, Decoded, Person, Rejected, Unreadable
from bridge.mapping.header import find
from bridge.mapping.rows import read_table
from bridge.mapping.sheet import looks, open_sheet
from bridge.period import Instant, ZoneHistory

__all__ = ["Account", "DateOrder", "Decoded", "Person", "Rejected", "Unreadable", "decode", "recognise"]

DateOrder = Literal["ymd", "mdy", "dmy"]


def recognise(head: bytes, name: str, mappings: Mappings) -> str:
    """The name of the format whose header `head` shows: the whole file, or its first 64 KiB; a workbook only
    whole. Unreadable tells what was seen instead. `name` is the file's name, for nothing but the sentence."""
    try:
        for look in looks(head):
            for known in mappings.formats.values():
                if find(look.rows, known.detect) is not None:
                    return known.name
    except Unreadable as fault:
        raise refusal(head, tuple(mappings.formats)) from fault
    raise refusal(head, tuple(mappings.formats))


def decode(
    data: bytes,
    format: Format,
    zones: ZoneHistory,
    received: Instant,
    *,
    date_order: DateOrder | None = None,
) -> Decoded:
    """All readings of a file with the account of its rows. Unreadable where nothing can be trusted.
    `received`: nothing can be dated a day later; BEGINNING where it is not known. `date_order` settles dates
    that could be read in two ways."""
    table = format.read.table
    sheet = open_sheet(data, format.detect, table)
    found = read_table(sheet, format.read, format.name, zones, received, PROCEDURES, date_order)
    return replace(found, revision=format.revision)
