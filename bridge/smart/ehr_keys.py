"""How we prove ourselves to an EHR: our own keys, the set that EHRs fetch, and the signed statement.

Law (SMART App Launch 2.2, client-confidential-asymmetric): RS384 and ES384, a key for each, because an EHR may know
only one; the statement lives for a few minutes, is for that token address, and has a jti that is never used again.
The set shows public members only. These keys sign nothing else (`signer.py` has those of id_tokens).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from typing import Final

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

import bridge.store.assertion_keys as kept
from bridge.period import Instant
from bridge.smart.assertion import KTY_OF
from bridge.store.db import Database

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE_SECONDS: Final = 240
RSA_BITS: Final = 3072


def jwks(db: Database) -> str:
    """Our public keys as a JWK Set; made at the first time that anybody asks."""
    shown = [
        _opened(db, kid, alg).as_dict(private=False) | {"kid": kid, "use": "sig", "alg": alg}
        for kid, alg in _all(db)
    ]
    return json.dumps({"keys": shown}, indent=2)


def proof(
    db: Database, client_id: str, token_url: str, algs: Collection[str], now: Instant
) -> Mapping[str, str]:
    """The parameters that prove us at one token endpoint; `algs`: those that it says it accepts."""
    alg = "ES384" if "ES384" in algs else "RS384"
    kid = next(kid for kid, of in _all(db) if of == alg)
    claims: dict[str, str | int] = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now // 1000,
        "exp": now // 1000 + LIFE_SECONDS,
        "jti": secrets.token_urlsafe(32),
    }
    header = {"alg": alg, "kid": kid, "typ": "JWT"}
    signed = jwt.encode(header, claims, _opened(db, kid, alg), algorithms=[alg])
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


def _all(db: Database) -> tuple[tuple[str, str], ...]:
    known = kept.listed(db)
    missing = KTY_OF.keys() - {alg for _, alg in known}
    for alg in sorted(missing):
        made = RSAKey.generate_key(RSA_BITS) if alg == "RS384" else ECKey.generate_key("P-384")
        kept.add(db, secrets.token_hex(8), alg, json.dumps(made.as_dict(private=True)))
    return kept.listed(db) if missing else known


def _opened(db: Database, kid: str, alg: str) -> RSAKey | ECKey:
    members = json.loads(kept.private(db, kid))
    return RSAKey.import_key(members) if alg == "RS384" else ECKey.import_key(members)
