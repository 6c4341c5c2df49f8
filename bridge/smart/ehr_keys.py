"""How we prove ourselves to an EHR: our own keys, the set that EHRs fetch, and the signed statement.

Law (SMART App Launch 2.2, client-confidential-asymmetric): RS384 and ES384, a key for each, because an EHR may know
only one; the statement lives for a few minutes, is for that token address, and has a jti that is never used again.
The set shows public members only. These keys sign nothing else (`signer.py` has those of id_tokens). A key is shown
a day before it signs and a day after it last did: EHRs keep what they fetched for a while (SMART, JWKS by URL).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from typing import Final

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

import bridge.store.assertion_keys as kept
from bridge.period import DAY, Instant
from bridge.smart.assertion import KTY_OF
from bridge.store.assertion_keys import Kept
from bridge.store.db import Database

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE_SECONDS: Final = 240
RSA_BITS: Final = 3072
LEAD: Final = DAY
"""How long a key is shown before it signs, and after."""


def jwks(db: Database, now: Instant) -> str:
    """Our public keys as a JWK Set; made at the first time that anybody asks."""
    known = _all(db)
    shown = [
        _opened(db, each).as_dict(private=False) | {"kid": each.kid, "use": "sig", "alg": each.alg}
        for each in known
        if _is_shown(each, known, now)
    ]
    return json.dumps({"keys": shown}, indent=2)


def rotate(db: Database, now: Instant) -> tuple[str, ...]:
    """New keys, which sign from a day on; those that nobody needs any more are forgotten. Their kids."""
    known = _all(db)
    kept.drop(db, [each.kid for each in known if not _is_shown(each, known, now)])
    return tuple(_made(db, alg) for alg in sorted(KTY_OF))


def proof(
    db: Database, client_id: str, token_url: str, algs: Collection[str], now: Instant
) -> Mapping[str, str]:
    """The parameters that prove us at one token endpoint; `algs`: those that it says it accepts."""
    alg = "ES384" if "ES384" in algs else "RS384"
    used = _signing(_all(db), alg, now)
    claims: dict[str, str | int] = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now // 1000,
        "exp": now // 1000 + LIFE_SECONDS,
        "jti": secrets.token_urlsafe(32),
    }
    header = {"alg": alg, "kid": used.kid, "typ": "JWT"}
    signed = jwt.encode(header, claims, _opened(db, used), algorithms=[alg])
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


def _all(db: Database) -> tuple[Kept, ...]:
    known = kept.listed(db)
    missing = KTY_OF.keys() - {each.alg for each in known}
    for alg in sorted(missing):
        _made(db, alg)
    return kept.listed(db) if missing else known


def _made(db: Database, alg: str) -> str:
    made, kid = (
        RSAKey.generate_key(RSA_BITS) if alg == "RS384" else ECKey.generate_key("P-384"),
        secrets.token_hex(8),
    )
    kept.add(db, kid, alg, json.dumps(made.as_dict(private=True)))
    return kid


def _signing(known: Collection[Kept], alg: str, now: Instant) -> Kept:
    """The newest that was shown long enough; the oldest where none was."""
    mine = [each for each in known if each.alg == alg]
    return next((each for each in mine if each.made <= now - LEAD), mine[-1])


def _is_shown(one: Kept, known: Collection[Kept], now: Instant) -> bool:
    """Whether it signs, will, or signed until lately."""
    after = [each.made for each in known if each.alg == one.alg and each.made > one.made]
    return not after or now < min(after) + 2 * LEAD


def _opened(db: Database, one: Kept) -> RSAKey | ECKey:
    members = json.loads(kept.private(db, one.kid))
    return RSAKey.import_key(members) if one.alg == "RS384" else ECKey.import_key(members)
