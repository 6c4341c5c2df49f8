"""A backend client's side of the talk: key pairs, JWK Sets, assertions, also wrong ones.

Signed by hand over `cryptography`, so that what a good library refuses to make can still be sent.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha384
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True)
class Pair:
    """A private key under a kid."""

    kid: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def alg(self) -> str:
        return "RS384" if isinstance(self.private, rsa.RSAPrivateKey) else "ES384"

    def jwk(self, **more: Any) -> dict[str, Any]:
        if isinstance(self.private, rsa.RSAPrivateKey):
            public = self.private.public_key().public_numbers()
            return {"kty": "RSA", "kid": self.kid, "n": number(public.n), "e": number(public.e)} | more
        point = self.private.public_key().public_numbers()
        size = (self.private.curve.key_size + 7) // 8
        name = {"secp384r1": "P-384", "secp256r1": "P-256"}[self.private.curve.name]
        x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
        return {"kty": "EC", "kid": self.kid, "crv": name, "x": b64(x), "y": b64(y)} | more

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, padding.PKCS1v15(), hashes.SHA384())
        size = (self.private.curve.key_size + 7) // 8
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA384())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def rsa_pair(kid: str = "r1", size: int = 2048) -> Pair:
    return _rsa(kid, size)


def ec_pair(kid: str = "e1", curve: str = "P-384") -> Pair:
    return _ec(kid, curve)


@lru_cache
def _rsa(kid: str, size: int) -> Pair:
    return Pair(kid, rsa.generate_private_key(65537, size))


@lru_cache
def _ec(kid: str, curve: str) -> Pair:
    return Pair(kid, ec.generate_private_key(ec.SECP384R1() if curve == "P-384" else ec.SECP256R1()))


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


def claims(client: str, audience: Any, now: int, **more: Any) -> dict[str, Any]:
    """What a good assertion says; `None` takes a claim away. `now` in ms."""
    base = {
        "iss": client,
        "sub": client,
        "aud": audience,
        "exp": now // 1000 + 240,
        "jti": secrets.token_hex(8),
    }
    return {name: value for name, value in (base | more).items() if value is not None}


def signed(pair: Pair, body: Any, **header: Any) -> str:
    """A compact JWS; header members given as None are left out."""
    head = {"alg": pair.alg, "kid": pair.kid, "typ": "JWT"} | header
    head = {name: value for name, value in head.items() if value is not None}
    text = body if isinstance(body, str) else json.dumps(body)
    message = f"{b64(json.dumps(head).encode())}.{b64(text.encode())}"
    if head.get("alg") == "none":
        return message + "."
    if str(head.get("alg")).startswith("HS"):
        return message + "." + b64(hmac.digest(pair.pem(), message.encode(), sha384))
    return message + "." + b64(pair.sign(message.encode()))


def form(assertion: str, scope: str | None = "system/*.rs", **more: str) -> dict[str, str]:
    """The parameters of a good token request around `assertion`."""
    base = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return base | ({"scope": scope} if scope is not None else {}) | more
