"""An account of a file as rows to print: what was kept of each stream, and where every row and field went.

Law: counts, rules and reasons; never a value of a reading.
It is the same whether a file was imported, read again or only tried.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.adapters import Account
from bridge.cli.shell import Value
from bridge.reading import Stream
from bridge.store.blocks import Counts


def kept(streams: Mapping[Stream, Counts]) -> dict[str, Value]:
    """What became of the readings, by stream."""
    return {
        stream.value: {"read": c.read, "stored": c.stored, "duplicate": c.duplicate, "amended": c.amended}
        for stream, c in streams.items()
    }


def told(account: Account) -> dict[str, Value]:
    """What was left out of a file, and what was noticed."""
    return {
        "ignored": dict(account.ignored),
        "rejected": [{"row": each.row, "reason": each.reason} for each in account.rejected],
        "ignored_fields": list(account.fields_ignored),
        "unknown_fields": list(account.fields_unknown),
        "warnings": list(account.warnings),
    }
