"""What a receiver shows of itself by refusing: no conditional create, no Devices, no request of that size.

Law (`abilities.py`): nothing is learnt where nothing was refused, and what was learnt takes away and never adds. Of the
entries that were refused for it nothing is counted: they were not made, and go otherwise at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridge.fhir.consignment import DEVICE, Form
from bridge.push.abilities import Abilities
from bridge.push.account import Settlement, is_update
from bridge.push.answers import Reply
from bridge.push.parcel import Parcel
from bridge.store.outbox import Result

NO_DEVICE: Final = frozenset({403, 404, 405})


def learnt(
    can: Abilities, found: Parcel, settlement: Settlement, reply: Reply
) -> tuple[Abilities, Settlement]:
    """What it can do after all, and the settlement without what was refused for that; the same two where it showed
    nothing."""
    entries = list(zip(found.items, reply.entries, strict=True)) if reply.entries else []
    new = [(item, entry) for item, entry in entries if not is_update(found.before.get(item.id))]
    no_device = {item.id for item, entry in new if item.kind == DEVICE and entry.status in NO_DEVICE}
    is_tried = can.form is Form.SUBMISSION and can.conditional
    shown = can
    if is_tried and new and all(entry.status == 400 for _, entry in new):
        shown = replace(shown, conditional=False)
    if reply.status == 413 and len(found.items) > 1:
        shown = replace(shown, most=max(1, len(found.items) // 2))
    if no_device:
        shown = replace(shown, devices=False)
    if shown == can:
        return can, settlement
    again = no_device | {item.id for item, entry in new if entry.status == 400}
    kept = tuple(result for result in settlement.results if result.id not in again)
    refused = sum(result.state == "refused" for result in kept)
    not_made = tuple(Result(id_, "") for id_ in sorted(again))
    return shown, replace(settlement, results=(*kept, *not_made), refused=refused)
