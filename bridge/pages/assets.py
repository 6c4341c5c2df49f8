"""Style, script and icon: served under a name that holds the hash of their content.

Law: what an address names never changes, so browsers may keep it for good (RFC 8246); a new style has a new address.
Only what is in `static/` is served, by a table made at the start: no path of a request is ever opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, final

FOLDER: Final = Path(__file__).parent / "static"
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PREFIX: Final = "/static/"


@final
@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its name with the hash in it, its bytes and what they are."""

    name: str
    body: bytes
    media_type: str


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Asset(f"{path.stem}.{digest}{path.suffix}", body, MEDIA_TYPES[path.suffix])


_ASSETS: Final = {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}
SERVED: Final[Mapping[str, Asset]] = MappingProxyType({each.name: each for each in _ASSETS.values()})
"""Name with hash -> the file."""


def address(name: str) -> str:
    """The address of a file of `static/`; KeyError where there is none."""
    return PREFIX + _ASSETS[name].name
