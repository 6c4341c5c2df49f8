"""What a mapping file may say, the table reader that obeys it, and errors with file, line and column."""

from __future__ import annotations

from bridge.mapping.account import Account, Decoded, Person, Rejected, Unreadable
from bridge.mapping.load import Fault, Format, MappingErrors, Mappings, load
from bridge.mapping.shapes import Code, Shape

__all__ = [
    "Account",
    "Code",
    "Decoded",
    "Fault",
    "Format",
    "MappingErrors",
    "Mappings",
    "Person",
    "Rejected",
    "Shape",
    "Unreadable",
    "load",
]
