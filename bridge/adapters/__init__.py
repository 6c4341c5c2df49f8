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
from bridge.mapping.json_look import head_of, is_json, shows
from bridge.mapping.rows import read_source, refuse_mostly_rejected
from bridge.mapping.sheet import looks
from bridge.mapping.sources import open_source
from bridge.period import Instant, ZoneHistory

__all__ = ["Account", "DateOrder", "Decoded", "Person", "Rejected", "Unreadable", "decode", "recognise"]

DateOrder = Literal["ymd", "mdy", "dmy"]


def recognise(head: bytes, name: str, mappings: Mappings) -> str:
    """The name of the format whose header or document `head` shows: the whole file, or its first 64 KiB; a
    workbook only whole. Unreadable tells what was seen instead. `name` is the file's name, for nothing but
    the sentence."""
    try:
        found = _document(head, mappings) if is_json(head) else _table(head, mappings)
    except Unreadable as fault:
        raise refusal(head, tuple(mappings.formats)) from fault
    if found is None:
        raise refusal(head, tuple(mappings.formats))
    return found


def _table(head: bytes, mappings: Mappings) -> str | None:
    for look in looks(head):
        for known in mappings.formats.values():
            if find(look.rows, known.detect) is not None:
                return known.name
    return None


def _document(head: bytes, mappings: Mappings) -> str | None:
    top = head_of(head)
    if top is None:
        return None
    for known in mappings.formats.values():
        if any(each.json_ is not None and shows(top, each.json_) for each in known.detect):
            return known.name
    return None


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
    opened = open_source(data, format.detect, format.read, PROCEDURES)
    found = read_source(opened, format.read, format.name, zones, received, PROCEDURES, date_order)
    refuse_mostly_rejected(found)
    return replace(found, revision=format.revision)
