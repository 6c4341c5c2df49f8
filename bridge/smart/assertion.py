"""The signed statement by which a backend client proves who it is (RFC 7523, private_key_jwt).

Law: SMART App Launch 2.2, client-confidential-asymmetric, every line of it, and stricter where the text
leaves room: the audience is the token address and nothing beside it, the life is at most five minutes, the
key comes from what was registered and never from the header. Algorithms are two and named; `none`, HMAC
and keys carried inside the assertion are refused before any key is looked at. Pure: keys and time are
handed in, spending the jti is the caller's.

A flaw is told to the operator's log and never to the asker, for whom all of them are `invalid_client`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from joserfc.errors import JoseError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from bridge.period import Instant
from bridge.smart.jwks import KeySet

KTY_OF: Final = {"RS384": "RSA", "ES384": "EC"}
"""The accepted algorithms, and the type of key that each needs."""
LONGEST_LIFE: Final = 300_000
MOST_BYTES: Final = 8192
MOST_TEXT: Final = 255
FORBIDDEN_HEADERS: Final = frozenset({"crit", "jwk", "x5u", "x5c", "b64"})
_REGISTRY: Final = JWSRegistry(algorithms=list(KTY_OF), strict_check_header=False)


class Flaw(StrEnum):
    """Why an assertion was refused."""

    MISSING = "no assertion, or not of the type jwt-bearer"
    UNREADABLE = "the assertion is no signed JWT"
    HEADER = "the header carries a key, a certificate, crit, b64 or a foreign typ"
    ALGORITHM = "the algorithm is neither RS384 nor ES384"
    CLIENT = "iss and sub do not both name this registered backend client"
    JKU = "jku is not the registered address"
    KEY = "the registered keys hold none, or more than one, of this kid and type"
    SIGNATURE = "the signature does not fit the key"
    AUDIENCE = "aud is not this token address"
    LIFE = "exp is past, missing, or more than five minutes ahead"
    JTI = "jti is missing or too long"
    REPLAY = "jti was used before"
    UNKNOWN = "no client of that id is registered"
    METHOD = "the client did not prove itself in the way that it is registered for"
    GUESSED = "the client secret is another one"
    HELD = "its registration was changed, and nobody has verified it since"


@dataclass(frozen=True, slots=True)
class Statement:
    """An assertion as read, nothing of it believed yet."""

    signed: CompactSignature
    issuer: str
    alg: str
    kid: str
    jku: str | None
    claims: dict[str, object]


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified assertion: the hash of its jti, and until when it could be shown again."""

    jti: bytes
    expires: Instant


def read(text: str) -> Statement | Flaw:
    """What the assertion says, before any of it is believed."""
    try:
        signed = extract_compact(text.encode("ascii") if len(text) <= MOST_BYTES else b"")
        claims = json.loads(signed.payload, object_pairs_hook=_once)
    except (JoseError, ValueError, TypeError, RecursionError):
        return Flaw.UNREADABLE
    header = signed.headers()
    alg, kid, jku = header.get("alg"), header.get("kid"), header.get("jku")
    if FORBIDDEN_HEADERS & header.keys() or header.get("typ", "JWT") != "JWT":
        return Flaw.HEADER
    if not isinstance(alg, str) or alg not in KTY_OF:
        return Flaw.ALGORITHM
    if not isinstance(claims, dict) or not isinstance(kid, str) or not isinstance(jku, str | None):
        return Flaw.UNREADABLE
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or claims.get("sub") != issuer or len(issuer) > MOST_TEXT:
        return Flaw.CLIENT
    return Statement(signed, issuer, alg, kid, jku, claims)


def verify(
    statement: Statement, keys: KeySet, jwks_url: str | None, token_url: str, now: Instant
) -> Proof | Flaw:
    """Whether the statement proves its issuer, by keys registered for it."""
    if statement.jku is not None and statement.jku != jwks_url:
        return Flaw.JKU
    key = keys.named(statement.kid, KTY_OF[statement.alg])
    if key is None or key.alg not in (None, statement.alg):
        return Flaw.KEY
    try:
        if not validate_compact(statement.signed, key.key, registry=_REGISTRY):
            return Flaw.SIGNATURE
    except (JoseError, ValueError, TypeError):
        return Flaw.SIGNATURE
    return _claims(statement.claims, token_url, now)


def _claims(claims: dict[str, object], token_url: str, now: Instant) -> Proof | Flaw:
    if claims.get("aud") not in (token_url, [token_url]):
        return Flaw.AUDIENCE
    expires, begins, jti = _instant(claims.get("exp")), claims.get("nbf"), claims.get("jti")
    if expires is None or not now < expires <= now + LONGEST_LIFE:
        return Flaw.LIFE
    if begins is not None and (_instant(begins) or now + 1) > now:
        return Flaw.LIFE
    if not isinstance(jti, str) or not 0 < len(jti) <= MOST_TEXT:
        return Flaw.JTI
    return Proof(sha256(jti.encode("utf-8", "surrogatepass")).digest(), expires)


def _instant(seconds: object) -> Instant | None:
    """A NumericDate (RFC 7519, 2) in ms; None where it is none or absurd."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 2**40:
        return None
    return int(seconds * 1000)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is there twice")
    return found
