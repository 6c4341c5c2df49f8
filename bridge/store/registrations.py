"""Changing a client's registration: keys, addresses, contact.

Law: what a client is (its id, organisation and purpose) never changes, because grants name it; how it is reached and
proves itself may, and from then on nothing goes to it until somebody verified it again (`verifications.py`). Its
tokens end with the change: they were given to whoever held the old key.
"""

from __future__ import annotations

from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.verifications import mark_changed


def change(db: Database, client: Client) -> None:
    """Keep the client's keys, addresses and contact as they are in `client`; KeyError where it is unknown."""
    now = db.clock()
    with db.write("bridge") as con:
        before = con.execute(
            "SELECT jwks_inline, jwks_url, redirect_uris, launch_uris FROM clients WHERE id = ? AND removed IS NULL",
            (client.id,),
        ).fetchone()
        if before is None:
            raise KeyError(client.id)
        after = (
            client.jwks_inline, client.jwks_url, "\n".join(client.redirect_uris), "\n".join(client.launch_uris)
        )  # fmt: skip
        con.execute(
            "UPDATE clients SET jwks_inline = ?, jwks_url = ?, redirect_uris = ?, launch_uris = ?, contact = ?"
            " WHERE id = ?",
            (*after, client.contact, client.id),
        )
        if tuple(before) != after:
            con.execute("DELETE FROM tokens WHERE client = ?", (client.id,))
            mark_changed(con, client.id, now)
