"""An account of a file as rows to print: what was kept of each stream, and where every row and field went.

Law: counts, rules and reasons; never a value of a reading.
It is the same whether a file was imported, read again or only tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.cli.shell import Value
from bridge.reading import Stream

if TYPE_CHECKING:
    from bridge.mapping import Account, Rejected
    from bridge.store.blocks import Counts


def kept(streams: Mapping[Stream, Counts]) -> dict[str, Value]:
    """What became of the readings, by stream."""
    return {
        stream.value: {"read": c.read, "stored": c.stored, "duplicate": c.duplicate, "amended": c.amended}
        for stream, c in streams.items()
    }


def _rejected(one: Rejected) -> dict[str, Value]:
    """A row by its line, a record by its number in its part."""
    found: dict[str, Value] = {"row": one.row, "reason": one.reason}
    return {**found, "part": one.part} if one.part else found


def unknown(account: Account) -> tuple[str, ...]:
    """The fields of a file that its mapping does not know, and in how many records of a document they are."""
    return tuple(
        f"{name} (in {account.unknown_in[name]})" if name in account.unknown_in else name
        for name in account.fields_unknown
    )


def told(account: Account) -> dict[str, Value]:
    """What was left out of a file, and what was noticed. `further`: readings beyond the first of their record,
    so that rows = readings - further + ignored + rejected."""
    return {
        **({"further": account.further} if account.further else {}),
        "ignored": dict(account.ignored),
        "rejected": [_rejected(each) for each in account.rejected],
        "ignored_fields": list(account.fields_ignored),
        "unknown_fields": list(account.fields_unknown),
        "warnings": list(account.warnings),
    }
