"""`push` and `deliveries …`: what is due goes now; what went, waits or failed; who holds what.

Law: it starts a round and tells what came of it; whether anything may leave is decided by the gate inside the
round, at each attempt. Reasons are sentences without a person's name.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, deed, noted, noted_of, operator_options
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, patient_option, table
from bridge.consent.askers import Asker, askers
from bridge.period import iso
from bridge.store import outbox, receipts
from bridge.store.outbox import Delivery
from bridge.store.receipts import Receipt

if TYPE_CHECKING:
    from bridge.push.affected import Affected
    from bridge.push.round import Report

IDLE: Final = "nothing new"
"""In the place of the state, for people, of a delivery that had nothing to send."""


@click.command("push")
@patient_option
@click.option("--client", required=True, metavar="ID")
@click.option("--once", is_flag=True, help="Send now, whatever cadence was ordered; never beyond the grant.")
@operator_options
@home_option
@json_option
def push(patient: str, client: str, once: bool, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Deliver what is due to a client's destination now."""
    with bridge(home) as found:
        one, to = named.number(found, patient), named.client(found, client).id
        noted(found, one, acting, "push", to)
        done = asyncio.run(found.worker.once(one, to, at_once=once))
    value: Value = {
        "sent": done.sent,
        "updated": done.updated,
        "retracted": done.retracted,
        "held": list(done.held),
        "failed": list(done.failed),
    }
    emit(value, as_json, told(done))
    if done.failed or done.held:
        raise Failed("; ".join((*done.failed, *done.held)))


def told(done: Report) -> str:
    """A report in words."""
    lines = [f"sent {done.sent}, updated {done.updated}, retracted {done.retracted}"]
    return "\n".join(
        [*lines, *(f"  held: {each}" for each in done.held), *(f"  failed: {e}" for e in done.failed)]
    )


@click.group()
def deliveries() -> None:
    """What went, waits or failed."""


@deliveries.command("list")
@click.option("--patient", metavar="ID")
@operator_options
@home_option
@json_option
def list_deliveries(patient: str | None, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every delivery; as JSON with the receipt of each attempt."""
    with bridge(home) as found:
        of = named.number(found, patient) if patient else None
        known = outbox.listed(found.db, of)
        noted_of(found, [of] if of else [each.patient for each in known], acting, "deliveries list")
        told = receipts.listed(found.db, of)
        rows = [_row(found, each, [one for one in told if one.delivery == each.delivery]) for each in known]
    shown = [row | ({"state": IDLE} if each.is_idle else {}) for row, each in zip(rows, known, strict=True)]
    emit(
        rows,
        as_json,
        table(
            shown, ("id", "destination", "state", "what", "items", "taken", "attempts", "began", "problem")
        ),
    )


@deliveries.command("retry")
@click.argument("delivery_id", metavar="ID", type=int)
@operator_options
@home_option
@json_option
def retry_delivery(delivery_id: int, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Let a failed delivery be tried again at the next round."""
    with bridge(home) as found:
        try:
            patient = outbox.load(found.db, delivery_id).patient
            noted(found, patient, acting, "deliveries retry", str(delivery_id))
            deed(found, "deliveries retry", str(delivery_id), acting)
            outbox.retry(found.db, delivery_id)
        except (KeyError, ValueError) as refused:
            raise Failed(str(refused).strip("'\"")) from refused
    emit({"id": delivery_id, "retry": True}, as_json, f"delivery {delivery_id} will be tried again.")


@deliveries.command("affected")
@click.option("--artifact", required=True, metavar="ID")
@operator_options
@home_option
@json_option
def affected_deliveries(artifact: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Who holds what of an upload, removed or not, and how far taking it back has come; never a value."""
    from bridge.push.affected import affected

    with bridge(home) as found:
        kept = named.artifact(found, artifact)
        noted(found, kept.patient, acting, "deliveries affected", artifact)
        rows = [
            *(_pushed(found, each) for each in affected(found.db, kept.patient, kept.number)),
            *(_asked(each) for each in askers(found.db, kept.patient, kept.number)),
        ]
    emit(rows, as_json, table(rows, ("way", "recipient", "destination", "items", "states")))


def _pushed(found: Bridge, one: Affected) -> dict[str, Value]:
    system = f"urn:uuid:{found.db.installation}"
    copies: list[Value] = [
        {
            "identifier": f"{system}|{each.identifier}",
            "version": each.version,
            "at_receiver": each.reference or None,
            "state": each.state,
        }
        for each in one.copies
    ]
    states = Counter(each.state for each in one.copies)
    return {
        "way": "push",
        "recipient": one.client,
        "destination": one.destination,
        "items": len(copies),
        "states": [f"{count} {state}" for state, count in sorted(states.items())],
        "copies": copies,
    }


def _asked(one: Asker) -> dict[str, Value]:
    counts = {
        "told that it was taken away": one.told,
        "to be told when it asks next": one.due,
        "may be held": one.items - one.told - one.due,
    }
    return {
        "way": "query",
        "recipient": one.recipient,
        "destination": None,
        "items": one.items,
        "states": [f"{count} {state}" for state, count in counts.items() if count],
        "first": iso(one.first),
        "last": iso(one.last),
        "entries": list(one.entries),
    }


def _row(found: Bridge, one: Delivery, attempts: Sequence[Receipt]) -> dict[str, Value]:
    return {
        "id": one.delivery,
        "patient": found.patient_id(one.patient),
        "destination": one.destination,
        "what": one.what,
        "grant": one.grant_id,
        "state": one.state,
        "items": one.items,
        "taken": one.taken,
        "attempts": one.attempts,
        "due": None if one.due is None else iso(one.due),
        "began": iso(one.began),
        "problem": one.problem or None,
        "receipts": [
            {
                "attempt": each.attempt,
                "at": iso(each.at),
                "ledger": each.entry,
                "outcome": each.outcome,
                "taken": each.taken,
                "refused": each.refused,
                "problem": each.problem or None,
            }
            for each in attempts
        ],
    }
