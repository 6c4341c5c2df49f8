"""A batch as it was sent: which entries, and what each one asks (R4 3.1.0.11).

Law: only what is needed is read, into closed types; entries, their number and their length are limited
before anything is done. A transaction is refused whole: it promises all or nothing, and the bridge takes no
writes here (`interface.md`, HTTP). Sentences name the place (`Bundle.entry[3].request`) and never repeat
what was sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from bridge.fhir.outcome import Problem, problem
from bridge.web.call import Refused

MOST_ENTRIES: Final = 100
MOST_URL: Final = 8192


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one entry asks."""

    method: str
    url: str
    if_none_match: str = ""
    if_modified_since: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The entries of a batch in their order; None where one has no request."""

    requests: tuple[Conditions | None, ...]


TRANSACTION: Final = problem(
    400,
    "Transactions are not offered here: send a batch, in which each entry is judged alone.",
    "Bundle.type",
)
NOT_JSON: Final = Problem(400, "structure", "The body is no Bundle in JSON.")
NO_BUNDLE: Final = Problem(400, "structure", "Only a Bundle is accepted at the base address.")
NO_BATCH: Final = Problem(400, "value", "Only a Bundle of type batch is accepted here.", ("Bundle.type",))
NO_ENTRIES: Final = Problem(400, "structure", "The entries are no list of objects.", ("Bundle.entry",))
TOO_MANY: Final = problem(413, f"A batch has at most {MOST_ENTRIES} entries: send several.", "Bundle.entry")
_MEMBERS: Final = ("method", "url", "ifNoneMatch", "ifModifiedSince")


def read(body: bytes) -> Envelope:
    """The batch; Refused where it is none."""
    try:
        bundle = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(NOT_JSON) from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Refused(NO_BUNDLE)
    if bundle.get("type") != "batch":
        raise Refused(TRANSACTION if bundle.get("type") == "transaction" else NO_BATCH)
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise Refused(NO_ENTRIES)
    if len(entries) > MOST_ENTRIES:
        raise Refused(TOO_MANY)
    return Envelope(tuple(_conditions(each.get("request"), at) for at, each in enumerate(entries)))


def _conditions(request: object, at: int) -> Conditions | None:
    if not isinstance(request, dict):
        return None
    told = [request.get(name, "") for name in _MEMBERS]
    if not all(isinstance(each, str) for each in told):
        place = f"Bundle.entry[{at}].request"
        raise Refused(Problem(400, "structure", f"{place} has a member that is no text.", (place,)))
    return Conditions(*told)
