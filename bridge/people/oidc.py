"""Sign-in of staff at the hospital's identity provider: OpenID Connect, code flow with PKCE.

Law (OpenID Connect Core 3.1, RFC 7636, RFC 9700): one issuer, one client, one redirect address, all from the
settings; state, nonce and verifier are sealed to the browser and never in an address; the ID token is believed
where its signature, issuer, audience, nonce and times hold, by an asymmetric algorithm and a key that the issuer
publishes. Every address that discovery names must lie at the issuer's own origin, which alone is registered for
calls. From the token only who somebody is is taken; roles are ours (`bridge.people.staff`).
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose, origin
from bridge.net.message import Answer, NetFault, Request
from bridge.period import Instant

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "RS384", "ES384")
LEEWAY_MS: Final = 60_000
MOST: Final = 256 * 1024
CALLBACK: Final = "/clinic/sign-in/callback"
_PUBLIC: Final = ("kty", "n", "e", "crv", "x", "y", "kid", "alg")
_FORM: Final = ("content-type", "application/x-www-form-urlencoded")
_JSON: Final = ("accept", "application/json")


@dataclass(frozen=True, slots=True)
class Provider:
    """The hospital's identity provider as the settings name it. `secret` '' is a public client."""

    issuer: str
    client: str
    secret: str = field(default="", repr=False)


class Flaw(StrEnum):
    """Why a sign-in failed; for the log, staff are told only that it did."""

    UNREACHABLE = "the identity provider cannot be reached, or answers with an error"
    DISCOVERY = "its configuration is unreadable, names another issuer or leads to another host"
    STATE = "the answer does not belong to a sign-in that this browser began"
    REFUSED = "the identity provider refused"
    NOTHING = "its answer holds no ID token"
    SIGNATURE = "the ID token is not signed by a key of the issuer"
    CLAIMS = "the ID token is for another client, another sign-in or another time"


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that a browser began: where to send it, and what must be kept for it."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class _Found:
    authorization: str
    token: str
    jwks: str


async def begin(net: Outbound, provider: Provider, base_url: str) -> Begun | Flaw:
    """Where a browser goes to sign in."""
    found = await _discovered(net, provider)
    if isinstance(found, Flaw):
        return found
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client,
        "redirect_uri": base_url + CALLBACK,
        "scope": "openid",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in found.authorization else "?"
    return Begun(f"{found.authorization}{joint}{urlencode(asked)}", state, nonce, verifier)


async def finish(
    net: Outbound, provider: Provider, base_url: str, begun: Begun, answer: Mapping[str, str], now: Instant
) -> str | Flaw:
    """Who came back: the subject at the issuer."""
    if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
        return Flaw.STATE
    if answer.get("iss", provider.issuer) != provider.issuer:
        return Flaw.STATE
    if not answer.get("code"):
        return Flaw.REFUSED
    found = await _discovered(net, provider)
    if isinstance(found, Flaw):
        return found
    token = await _redeemed(net, provider, base_url, found, begun, answer["code"])
    keys = None if isinstance(token, Flaw) else await _fetched(net, found.jwks)
    if isinstance(token, Flaw) or keys is None:
        return token if isinstance(token, Flaw) else Flaw.UNREACHABLE
    return _subject(token, keys, provider, begun.nonce, now)


async def _discovered(net: Outbound, provider: Provider) -> _Found | Flaw:
    told = await _fetched(net, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told is None:
        return Flaw.UNREACHABLE
    named = [told.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    home = origin(provider.issuer)
    if told.get("issuer") != provider.issuer or home is None:
        return Flaw.DISCOVERY
    if any(not isinstance(each, str) or origin(each) != home for each in named):
        return Flaw.DISCOVERY
    return _Found(*(str(each) for each in named))


async def _redeemed(
    net: Outbound, provider: Provider, base_url: str, found: _Found, begun: Begun, code: str
) -> str | Flaw:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": base_url + CALLBACK,
        "code_verifier": begun.verifier,
    }
    headers = [_FORM, _JSON]
    if provider.secret:
        pair = f"{quote(provider.client, safe='')}:{quote(provider.secret, safe='')}"
        headers.append(("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    else:
        form["client_id"] = provider.client
    body = urlencode(form).encode()
    got = await net.fetch(Request(Purpose.IDENTITY, "POST", found.token, tuple(headers), body, MOST, 10.0))
    told = _read(got)
    if told is None:
        return Flaw.REFUSED if isinstance(got, Answer) else Flaw.UNREACHABLE
    token = told.get("id_token")
    return token if isinstance(token, str) else Flaw.NOTHING


async def _fetched(net: Outbound, url: str) -> dict[str, object] | None:
    return _read(await net.fetch(Request(Purpose.IDENTITY, "GET", url, (_JSON,), b"", MOST, 10.0)))


def _read(got: Answer | NetFault) -> dict[str, object] | None:
    if isinstance(got, NetFault) or got.status != 200:
        return None
    try:
        told = json.loads(got.body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _subject(token: str, keys: dict[str, object], provider: Provider, nonce: str, now: Instant) -> str | Flaw:
    try:
        known = KeySet.import_key_set({"keys": _signing(keys)})
        claims = jwt.decode(token, known, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError, KeyError):
        return Flaw.SIGNATURE
    audience = claims.get("aud")
    heard = audience if isinstance(audience, list) else [audience]
    subject, ends, begun = claims.get("sub"), claims.get("exp"), claims.get("iat")
    holds = (
        claims.get("iss") == provider.issuer
        and provider.client in heard
        and (len(heard) == 1 or claims.get("azp") == provider.client)
        and hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode())
        and isinstance(ends, int | float)
        and isinstance(begun, int | float)
        and begun * 1000 - LEEWAY_MS <= now < ends * 1000 + LEEWAY_MS
    )
    return subject if holds and isinstance(subject, str) and 0 < len(subject) <= 255 else Flaw.CLAIMS


def _signing(keys: dict[str, object]) -> list[dict[str, str | list[str]]]:
    """The public halves of the keys that can sign; what else stands in a key is left out."""
    members = keys.get("keys")
    found = [each for each in members if isinstance(each, dict)] if isinstance(members, list) else []
    return [
        {name: str(each[name]) for name in _PUBLIC if name in each}
        for each in found
        if each.get("kty") in ("RSA", "EC") and each.get("use", "sig") == "sig"
    ]
