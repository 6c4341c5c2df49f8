"""A share: the question of the consent page where no app waits for a code, but a request that a recipient made here.

Law: the page, the choices and the signature are those of any other question (`pending.py`); what differs is the end: no
code and no authorisation is made, and the way back is a page of ours. The person is fixed by the request. What may be
chosen is what the recipient is registered for.

Rejected: a second consent page for shares (two pages, two truths about what was shown).
"""

from __future__ import annotations

from typing import Final

from bridge.period import Instant
from bridge.smart.pending import LIFE, Pending, keep
from bridge.smart.scopes import Scopes, parse
from bridge.smart.tokens import fresh
from bridge.store.clients import Client
from bridge.store.db import Database

CONSENT_PATH: Final = "/consent"


def scopes_of(client: Client) -> Scopes:
    """What a request of this recipient asks for: all that it is registered for."""
    return parse(client.scopes)


def ask(
    db: Database, client: Client, patient: int, request: str, back: str, fhir_base: str, now: Instant
) -> str:
    """The path of the consent page for one request. `back`: the address of ours that an answer leads to."""
    question = Pending(
        id=fresh(),
        client=client,
        redirect_uri=back,
        scopes=scopes_of(client),
        state="",
        nonce="",
        challenge="",
        launch=None,
        expires=now + LIFE,
        aud=fhir_base,
        prompt="",
        patient=patient,
        request=request,
    )
    keep(db, question)
    return f"{CONSENT_PATH}/{question.id}"
