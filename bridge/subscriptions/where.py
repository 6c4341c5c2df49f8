"""Where a client may have itself notified, and whether anything may go to it at all.

Law: only to an origin that the operator registered for this very client (`net/endpoint.py`: what a message names is
never called); whether the address behind the name may be reached is judged at the call. A feed needs somebody who
looks at what arrives (`safety.md`, intended purpose), and a recipient whose registration changed is held until it is
verified again. One that was removed is called no more, not even to say that all is well. All of this is about the
client, never about a person.
"""

from __future__ import annotations

from typing import Final

import bridge.store.subscriptions as kept
from bridge.net.endpoint import Origin, origin
from bridge.store.clients import Client, load
from bridge.store.db import Database
from bridge.store.recipients import find
from bridge.store.verifications import fault, key_of

NOT_REGISTERED: Final = (
    "this client may not be notified there: have the operator register the origin "
    "(cgm-bridge client edit --notify)"
)
NOT_MONITORED: Final = (
    "nobody is recorded as looking at what arrives at this recipient: have the operator record it "
    "(cgm-bridge client verify --monitored-by)"
)


def spelled(where: Origin) -> str:
    """An origin as it is kept."""
    host = f"[{where.host}]" if ":" in where.host else where.host
    return f"{where.scheme}://{host}:{where.port}"


def registered(db: Database, client: str) -> Client | None:
    """The client of that id; None where it was removed."""
    try:
        return load(db, client)
    except KeyError:
        return None


def may_call(db: Database, client: str, endpoint: str) -> bool:
    """Whether the operator registered the endpoint's origin for this client, which is not removed."""
    where = origin(endpoint)
    if where is None or registered(db, client) is None:
        return False
    return spelled(where) in {known for known, _ in kept.origins(db, client)}


def is_monitored(db: Database, client: Client) -> bool:
    """Whether somebody is recorded as looking at what arrives."""
    return bool(find(db, key_of(client)).watcher)


def is_held(db: Database, client: Client) -> bool:
    """Whether nothing may go to a client now."""
    return bool(fault(db, client)) or not is_monitored(db, client)
