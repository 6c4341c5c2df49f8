"""Registering a client: what clinic IT gives, checked once, with a sentence for every fault.

Law: a registration names one organisation and one purpose of use, and keys that are public. Scopes that
are not understood in full are refused here rather than dropped silently later. A public or confidential client
sends people to us: it registers the addresses that they come back to, whole and fixed, over https or to its own
machine (SMART App Launch 2.2, app-launch, registration; RFC 9700 4.1.1). A confidential client without keys is
given a secret, which is told once. A backend client signs, and without keys it can be pushed to and cannot ask.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Final

from bridge.net.endpoint import origin
from bridge.smart import scopes
from bridge.smart.jwks import JwksError, read
from bridge.smart.scopes import PERSON, SYSTEM, WORDS
from bridge.smart.tokens import digest, fresh
from bridge.store.clients import Client, ClientType

PURPOSES: Final = frozenset(
    {"TREAT", "ETREAT", "HPAYMT", "HOPERAT", "PATRQT", "FAMRQT", "PWATRNY", "SUPNWK", "CAREMGT", "COC",
     "PUBHLTH", "HRESCH", "CLINTRCH"}
)  # fmt: skip
"""Codes of v3-PurposeOfUse that a client can be registered with."""
DEFAULT_SCOPES: Final = "system/*.rs"
LAUNCH_SCOPES: Final = f"{' '.join(WORDS)} patient/*.rs user/*.rs"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "[::1]", "localhost"})
MOST_TEXT: Final = 200
MOST_ADDRESS: Final = 2000


@dataclass(frozen=True, slots=True)
class Registration:
    """What is asked for. `jwks` is the text of a JWK Set or the https address of one."""

    name: str
    type: str
    organization: str | None = None
    contact: str = ""
    purpose: str = "TREAT"
    jwks: str | None = None
    scope: str = ""
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
    _addresses(asked, kind)
    return Client(
        id=str(uuid.uuid4()),
        name=asked.name.strip(),
        type=kind,
        organization=(asked.organization or asked.name).strip(),
        contact=asked.contact.strip(),
        purpose=asked.purpose,
        scopes=_scopes(asked.scope, kind),
        jwks_inline=inline,
        jwks_url=url,
        redirect_uris=asked.redirect_uris,
        launch_uris=asked.launch_uris,
    )


def with_secret(made: Client) -> tuple[Client, str | None]:
    """The client as it is to be stored, and its secret where it needs one: to be told once and never kept."""
    if made.type is not ClientType.CONFIDENTIAL or made.has_keys:
        return made, None
    secret = fresh()
    return replace(made, secret=digest(secret)), secret


def _type(asked: Registration) -> ClientType:
    if asked.type not in list(ClientType):
        raise RegistrationError(f"type {asked.type!r} is not one of {', '.join(ClientType)}")
    return ClientType(asked.type)


def _addresses(asked: Registration, kind: ClientType) -> None:
    if kind is ClientType.BACKEND:
        if asked.redirect_uris or asked.launch_uris:
            raise RegistrationError(
                "a backend client has no redirect and no launch addresses: leave them out"
            )
        return
    if not asked.redirect_uris:
        raise RegistrationError(f"a {kind} client needs the address that people come back to: --redirect-uri")
    if kind is ClientType.PUBLIC and asked.jwks is not None:
        raise RegistrationError(
            "a public client keeps no keys: register it as confidential, or leave them out"
        )
    for uri in (*asked.redirect_uris, *asked.launch_uris):
        found = origin(uri)
        is_safe = found is not None and (found.scheme == "https" or found.host in LOOPBACK)
        if not is_safe or len(uri) > MOST_ADDRESS or not uri.isascii() or "*" in uri:
            raise RegistrationError(f"{uri!r} is no whole https address (http for this machine alone)")


def _texts(asked: Registration) -> None:
    for label, text in (
        ("name", asked.name),
        ("organization", asked.organization or asked.name),
        ("contact", asked.contact or "-"),
    ):
        if not text.strip() or len(text) > MOST_TEXT or not text.isprintable():
            raise RegistrationError(f"{label} must be one line of 1 to {MOST_TEXT} printable characters")


def _scopes(text: str, kind: ClientType) -> str:
    contexts = SYSTEM if kind is ClientType.BACKEND else PERSON
    wanted = text or (DEFAULT_SCOPES if kind is ClientType.BACKEND else LAUNCH_SCOPES)
    strange = scopes.not_understood(wanted)
    if strange:
        raise RegistrationError(
            f"scope {strange[0]!r} is not understood; one looks like {min(contexts)}/Observation.rs"
        )
    found = scopes.parse(wanted)
    if not found:
        raise RegistrationError("a client needs at least one scope, for example system/Observation.rs")
    own = str(found.of(contexts)).split()
    other = next((scope for scope in str(found).split() if scope not in own), None)
    if other is not None and kind is ClientType.BACKEND:
        raise RegistrationError(
            f"scope {other} needs a person who logs in; a backend client has system/ scopes"
        )
    if other is not None:
        raise RegistrationError(
            f"scope {other} is for a backend client; a {kind} client has patient/ or user/"
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
