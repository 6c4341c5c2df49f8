"""Signs id_tokens, and shows the keys by which they are verified (OpenID Connect Core 2, RFC 7517).

Law: RS256 and nothing else: SMART App Launch 2.2 demands it of id_tokens (scopes-and-launch-context, OpenID
Connect), and a client never has to choose. Keys are of 3072 bits. Rotating makes a new key that signs at once;
the old public half stays shown for a day, longer than any id_token lives. Only public members are ever shown.

Rejected: one key for id_tokens and for our own assertions (each key has one use).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Final

from joserfc import jwt
from joserfc.jwk import RSAKey

import bridge.store.signing_keys as kept
from bridge.period import DAY, Instant
from bridge.store.db import Database

ALG: Final = "RS256"
BITS: Final = 3072
SHOWN_FOR: Final = DAY


class Signer:
    """The id_token keys of one installation."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._opened: dict[str, RSAKey] = {}

    def sign(self, claims: Mapping[str, str | int], now: Instant) -> str:
        """A signed JWT of these claims."""
        kids = kept.published(self._db, now)
        kid = kids[0] if kids else rotate(self._db, now)
        header = {"alg": ALG, "kid": kid, "typ": "JWT"}
        return jwt.encode(header, dict(claims), self._key(kid), algorithms=[ALG])

    def jwks(self, now: Instant) -> str:
        """The public keys as a JWK Set; the first key is made where there is none yet."""
        kids = kept.published(self._db, now) or (rotate(self._db, now),)
        shown = [
            self._key(kid).as_dict(private=False) | {"kid": kid, "use": "sig", "alg": ALG} for kid in kids
        ]
        return json.dumps({"keys": shown}, indent=2)

    def _key(self, kid: str) -> RSAKey:
        found = self._opened.get(kid)
        if found is None:
            found = self._opened[kid] = RSAKey.import_key(json.loads(kept.opened(self._db, kid)))
        return found


def rotate(db: Database, now: Instant) -> str:
    """Make a new key, which signs from now on; its kid."""
    kid = secrets.token_hex(8)
    made = RSAKey.generate_key(BITS, private=True)
    kept.add(db, kid, json.dumps(made.as_dict(private=True)).encode(), now + SHOWN_FOR)
    return kid
