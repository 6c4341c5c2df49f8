"""Registering a client: what clinic IT gives, checked once, with a sentence for every fault.

Law: a registration names one organisation and one purpose of use, and keys that are public. Scopes that
are not understood in full are refused here rather than dropped silently later. Only backend clients can
be registered in this version: launches and logins are not built, and a client that could never get in
would be a false promise. A backend client without keys can be pushed to and cannot ask.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from bridge.net.endpoint import origin
from bridge.smart import scopes
from bridge.smart.jwks import JwksError, read
from bridge.store.clients import Client, ClientType

PURPOSES: Final = frozenset(
    {"TREAT", "ETREAT", "HPAYMT", "HOPERAT", "PATRQT", "FAMRQT", "PWATRNY", "SUPNWK", "CAREMGT", "COC",
     "PUBHLTH", "HRESCH", "CLINTRCH"}
)  # fmt: skip
"""Codes of v3-PurposeOfUse that a client can be registered with."""
DEFAULT_SCOPES: Final = "system/*.rs"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "[::1]", "localhost"})
MOST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Registration:
    """What is asked for. `jwks` is the text of a JWK Set or the https address of one."""

    name: str
    type: str
    organization: str | None = None
    contact: str = ""
    purpose: str = "TREAT"
    jwks: str | None = None
    scope: str = DEFAULT_SCOPES
    redirect_uris: tuple[str, ...] = ()
    launch_uris: tuple[str, ...] = ()


class RegistrationError(Exception):
    """A registration that cannot be accepted; the sentence says what to change."""


def client(asked: Registration) -> Client:
    """The client to store, with a fresh id; RegistrationError where it cannot be."""
    kind = _type(asked)
    _texts(asked)
    if asked.purpose not in PURPOSES:
        raise RegistrationError(f"purpose {asked.purpose!r} is not one of {', '.join(sorted(PURPOSES))}")
    inline, url = _keys(asked.jwks)
    return Client(
        id=str(uuid.uuid4()),
        name=asked.name.strip(),
        type=kind,
        organization=(asked.organization or asked.name).strip(),
        contact=asked.contact.strip(),
        purpose=asked.purpose,
        scopes=_scopes(asked.scope or DEFAULT_SCOPES),
        jwks_inline=inline,
        jwks_url=url,
        redirect_uris=asked.redirect_uris,
        launch_uris=asked.launch_uris,
    )


def _type(asked: Registration) -> ClientType:
    if asked.type not in list(ClientType):
        raise RegistrationError(f"type {asked.type!r} is not one of {', '.join(ClientType)}")
    if asked.type != ClientType.BACKEND:
        raise RegistrationError(
            f"this version serves backend clients only: a {asked.type} client needs a login page, "
            "which is not built"
        )
    if asked.redirect_uris or asked.launch_uris:
        raise RegistrationError("a backend client has no redirect and no launch addresses: leave them out")
    return ClientType.BACKEND


def _texts(asked: Registration) -> None:
    for label, text in (
        ("name", asked.name),
        ("organization", asked.organization or asked.name),
        ("contact", asked.contact or "-"),
    ):
        if not text.strip() or len(text) > MOST_TEXT or not text.isprintable():
            raise RegistrationError(f"{label} must be one line of 1 to {MOST_TEXT} printable characters")


def _scopes(text: str) -> str:
    strange = scopes.not_understood(text)
    if strange:
        raise RegistrationError(
            f"scope {strange[0]!r} is not understood; one looks like system/Observation.rs"
        )
    found = scopes.parse(text)
    if not found:
        raise RegistrationError("a client needs at least one scope, for example system/Observation.rs")
    other = next((scope for scope in found.items if scope.context != "system"), None)
    if other is not None:
        raise RegistrationError(
            f"scope {other} needs a person who logs in; a backend client has system/ scopes"
        )
    return str(found)


def _keys(jwks: str | None) -> tuple[str | None, str | None]:
    if jwks is None:
        return None, None
    if "{" not in jwks:
        return None, _address(jwks.strip())
    try:
        found = read(jwks)
    except JwksError as wrong:
        raise RegistrationError(str(wrong)) from wrong
    if found.unusable:
        raise RegistrationError(found.unusable[0])
    if not found.keys:
        raise RegistrationError("the JWK Set holds no key: publish one of RSA 2048 bits or more, or EC P-384")
    names = [(key.kid, key.kty) for key in found.keys]
    twice = next((kid for kid, kty in names if names.count((kid, kty)) > 1), None)
    if twice is not None:
        raise RegistrationError(f"two keys are called {twice!r}: give each its own kid")
    return jwks, None


def _address(url: str) -> str:
    found = origin(url)
    if found is None or (found.scheme != "https" and found.host not in LOOPBACK):
        raise RegistrationError(f"{url!r} is no https address of a JWK Set, and no JSON text of one")
    return url
