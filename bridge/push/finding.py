"""Orders found at a record system: searched for one linked record, read strictly, and kept as what it shows now.

Law (HL7 CGM IG 1.0.0, learning preferences; `smart-consent.md` 7.2): only for a confirmed link and while a grant lets
deliveries go there, because the question itself tells that this person is here. What the server was asked is not
believed to be what it answers: each order is held against the codes, and one about another record than the linked one
is not taken, nor is its name kept. Pages are followed below the registered address alone. What is not shown any more
is no order.

Rejected: asking for active ones (one that was revoked could not be told from one that was never there, and servers
differ in what they filter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import bridge.store.orders as orders
from bridge.order import Order
from bridge.period import Instant
from bridge.push import chart
from bridge.push.answers import Reply, token
from bridge.push.receiver import Receiver
from bridge.receive.bundle import JSON, UNRECKONABLE, Unfit, parsed
from bridge.receive.node import Node, is_beyond, node, nodes, text
from bridge.receive.order import Codes, is_order, order
from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.links import Link, Shown
from bridge.store.orders import Look, Written

PAGE: Final = 50
MOST_PAGES: Final = 10
NO_ID: Final = "the receiver does not show the patient, so orders cannot be looked for there"
NO_BUNDLE: Final = "the receiver does not answer a search for orders with a Bundle"
ENDLESS: Final = f"the receiver shows more than {MOST_PAGES * PAGE} orders of one person: narrow the codes"
OTHERS: Final = (
    "the receiver showed orders of another record than the linked one, not taken: tell its FHIR team"
)
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(slots=True)
class _Seen:
    """What the pages of a search showed."""

    written: dict[str, Written] = field(default_factory=dict)
    has_others: bool = False


async def look(
    db: Database, receiver: Receiver, lane: Lane, client: str, link: Link, codes: Codes, now: Instant
) -> str:
    """Look for the orders of a linked record and keep what there is; why it could not be done, '' it was."""
    record = link.shown.id or await _record(db, receiver, link, now)
    seen = await _searched(receiver, record, codes, now) if record else NO_ID
    if isinstance(seen, str):
        orders.looked(db, lane, Look(link.number, now, seen))
        return seen
    told = OTHERS if seen.has_others else ""
    orders.found(db, lane, client, Look(link.number, now, told), list(seen.written.values()))
    return ""


async def _record(db: Database, receiver: Receiver, link: Link, now: Instant) -> str:
    shown = await chart.recognised(db, receiver, link, now)
    return shown.id if isinstance(shown, Shown) else ""


async def _searched(receiver: Receiver, record: str, codes: Codes, now: Instant) -> _Seen | str:
    wanted = ",".join(token(*each) for each in sorted(codes.start | codes.stop))
    path = f"ServiceRequest?patient={quote(record, safe='')}&code={wanted}&_count={PAGE}"
    seen = _Seen()
    for _ in range(MOST_PAGES):
        body = await receiver.search(path, now)
        if isinstance(body, Reply):
            return f"orders could not be looked for: {body.problem}"
        bundle = _bundle(body)
        if bundle is None:
            return NO_BUNDLE
        for resource in _requests(bundle):
            _read(seen, resource, receiver.url, record, codes)
        path = _following(bundle, receiver.url)
        if not path:
            return seen
    return ENDLESS


def _bundle(body: bytes) -> Node | None:
    try:
        found = parsed(body, JSON)
    except Unfit:
        return None
    return found if text(found, "resourceType") == "Bundle" else None


def _requests(bundle: Node) -> Iterator[Node]:
    for entry in nodes(bundle, "entry"):
        resource = node(entry, "resource")
        if text(resource, "resourceType") == "ServiceRequest":
            yield resource


def _read(seen: _Seen, resource: Node, base: str, record: str, codes: Codes) -> None:
    if not is_order(resource, codes):
        return
    about = text(node(resource, "subject"), "reference").removeprefix(f"{base}/")
    if about.partition("/_history/")[0] != f"Patient/{record}":
        seen.has_others = True
        return
    id_ = text(resource, "id")
    if not _ID.fullmatch(id_):
        return
    reference = f"ServiceRequest/{id_}"
    found = (("", UNRECKONABLE),) if is_beyond(resource) else order(resource, codes)
    if isinstance(found, Order):
        seen.written[reference] = Written(found, reference)
    else:
        seen.written[reference] = Written(
            None, reference, tuple(f"{where} {why}".strip() for where, why in found)
        )


def _following(bundle: Node, base: str) -> str:
    """The path of the next page below the base; '' where there is none."""
    urls = (text(each, "url") for each in nodes(bundle, "link") if text(each, "relation") == "next")
    url = next(urls, "")
    return url.removeprefix(f"{base}/") if url.startswith(f"{base}/") else ""
