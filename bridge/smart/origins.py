"""From which web origins a browser may call: those of the addresses that clients registered (Fetch, CORS).

Law: discovery and public keys are open to every origin; tokens and data are for the origins of a client's own
redirect addresses (SMART App Launch 2.2, conformance, CORS). No credentials mode, ever: the bridge's cookies do
nothing for a foreign page. `Vary: Origin` goes with every answer that depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable

import bridge.store.clients
from bridge.net.endpoint import PORTS, origin
from bridge.store.clients import Client
from bridge.store.db import Database


def of_client(client: Client) -> frozenset[str]:
    """The origins of a client, as browsers write them."""
    return frozenset(spelled for uri in client.redirect_uris if (spelled := _spelled(uri)))


def is_registered(db: Database, shown: str, client_id: str | None = None) -> bool:
    """Whether a client registered this origin; with `client_id` whether that one did."""
    return any(shown in of_client(each) for each in _among(db, client_id))


def _among(db: Database, client_id: str | None) -> Iterable[Client]:
    if client_id is None:
        return bridge.store.clients.listed(db)
    try:
        return (bridge.store.clients.load(db, client_id),)
    except KeyError:
        return ()


def _spelled(uri: str) -> str:
    """scheme://host[:port] (RFC 6454 6.2); '' where the address has none."""
    found = origin(uri)
    if found is None:
        return ""
    port = "" if found.port == PORTS[found.scheme] else f":{found.port}"
    return f"{found.scheme}://{found.host}{port}"
