"""The entries of a transaction-response or batch-response, as a stranger's JSON has them.

Law: FHIR R4 3.1.0.11. A Bundle of the usual form is read by its types in one pass; whatever is not of them is read
again with patience, so that a field of another form is as if it were not there (`record.py`) and both ways tell the
same. What is no object in `entry` is none. Pure.

Rejected: patience alone (five dicts and four look-ups for each entry of each answer: a tenth of a delivery).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bridge.smart.record import members, parsed, text

KINDS: Final = ("transaction-response", "batch-response")
"""Types of a Bundle that answers one (R4 bundle-type)."""


class Response(msgspec.Struct, frozen=True):
    """What is said of one entry; '' where nothing is. `outcome`: an OperationOutcome, or whatever stands there."""

    status: str = ""
    location: str = ""
    etag: str = ""
    outcome: object = None


class _Entry(msgspec.Struct):
    response: Response = msgspec.field(default_factory=Response)


class _Bundle(msgspec.Struct):
    resource: str = msgspec.field(default="", name="resourceType")
    type: str = ""
    entry: list[_Entry] = []


_READER: Final = msgspec.json.Decoder(_Bundle)


def responses(body: bytes) -> Sequence[Response]:
    """What an answer says of each entry; none where it is no such Bundle."""
    try:
        found = _READER.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _patiently(body)
    is_one = found.resource == "Bundle" and found.type in KINDS
    return [each.response for each in found.entry] if is_one else ()


def _patiently(body: bytes) -> Sequence[Response]:
    bundle = parsed(body)
    if text(bundle, "resourceType") != "Bundle" or text(bundle, "type") not in KINDS:
        return ()
    return [_said(entry.get("response")) for entry in members(bundle, "entry")]


def _said(response: object) -> Response:
    found: Mapping[str, object] = response if isinstance(response, dict) else {}
    return Response(text(found, "status"), text(found, "location"), text(found, "etag"), found.get("outcome"))
