"""Vendor bytes become readings: which format a file is, and its columns.

Law (`architecture.md`): no network, clock, file, log or store; vendor packages do not know each other; what
a mapping can say is not said here. A file is recognised by its content, never by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from bridge.adapters.registry import PROCEDURES
from bridge.adapters.seen import refusal
from bridge.mapping import Format, Mappings
from bridge.mapping.account import Account, Decoded, Person, Rejected, Unreadable
from bridge.mapping.header import find, headless
from bridge.mapping.json_look import head_of, is_json, shows
from bridge.mapping.language import Signature
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
    refused = ""
    try:
        for known, signature in (_document if is_json(head) else _table)(head, mappings):
            if not signature.refuse:
                return known
            refused = refused or signature.refuse
    except Unreadable as fault:
        raise refusal(head, tuple(mappings.formats)) from fault
    raise Unreadable(refused) if refused else refusal(head, tuple(mappings.formats))


def _table(head: bytes, mappings: Mappings) -> Iterator[tuple[str, Signature]]:
    for look in looks(head):
        for known in mappings.formats.values():
            header = find(look.rows, known.detect)
            shown = headless(look.rows, known.detect) if header is None else header.signature
            if shown is not None:
                yield known.name, shown


def _document(head: bytes, mappings: Mappings) -> Iterator[tuple[str, Signature]]:
    top = head_of(head)
    for known in mappings.formats.values():
        for each in known.detect:
            if top is not None and each.json_ is not None and shows(top, each.json_):
                yield known.name, each


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
    del (
        data
    )  # a caller that keeps the file has it still; one that does not need not hold it beside its columns
    found = read_source(opened, format.read, format.name, zones, received, PROCEDURES, date_order)
    refuse_mostly_rejected(found)
    return replace(found, revision=format.revision)
