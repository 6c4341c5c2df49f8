"""Two items of ours that a receiver says stand at one place.

Law (`safety.md`, corrections travel): one place holds one item of one person. A receiver that joins equal values says
the place of the first for the second as well; whoever took the second back there would overwrite the first, which
stands. So a place that is another item's is not believed: the second has none, and is looked for by its own identifier
when it is corrected or taken back. A Device may be shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import bridge.store.outbox as outbox
from bridge.fhir.consignment import DEVICE
from bridge.push.answers import Reply
from bridge.store.db import Database
from bridge.store.lanes import Lane
from bridge.store.outbox import Item


def believed(db: Database, lane: Lane, items: Sequence[Item], reply: Reply) -> Reply:
    """The reply without places that are another item's. `items`: what its entries are of, in order."""
    if not reply.entries:
        return reply
    pairs = list(zip(items, reply.entries, strict=True))
    said = {entry.reference for item, entry in pairs if entry.reference and item.kind != DEVICE}
    owners = outbox.owners(db, lane.destination, said)
    for item, entry in pairs:
        if entry.reference in said:
            owners.setdefault(entry.reference, {item.id})
    entries = tuple(
        entry if item.id in owners.get(entry.reference, {item.id}) else entry._replace(reference="", etag="")
        for item, entry in pairs
    )
    return reply if entries == reply.entries else replace(reply, entries=entries)
