"""Page links: what was asked and where the page ended, sealed.

Law: a link proves nothing. It holds what was asked, the keyset position, client, patient and time of
issue, never the token, the grant or what was found; the next page is decided anew (`consent.md`, what
the asker learns). Every reason why a link does not work is the one answer `STALE`.

Form: base64url(nonce 12 | AES-256-GCM). Inside: version, issued (ms), patient, keyset length and bytes,
then the client and the asked pairs as a query string. Rejected: server-side cursors (a page that
outlives a grant), signed plain text (shows the keyset, which holds a row's instant).
"""

from __future__ import annotations

import base64
import binascii
import secrets
import struct
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.fhir.outcome import Problem, problem
from bridge.period import HOUR, Instant

LIFETIME: Final = HOUR
PARAMETER: Final = "_page"
"""The one parameter of a page link."""

STALE: Final = problem(404, "This page link is not valid here or is older than one hour; search again.")

_HEAD: Final = struct.Struct(">BqqB")
_VERSION: Final = 1
_NONCE: Final = 12
_AAD: Final = b"bridge.fhir.page"


@dataclass(frozen=True, slots=True)
class Page:
    """One position in one search. `kind` is what stands in its address behind the base, `after` the gate's
    keyset; `pairs` are the used parameters."""

    kind: str
    pairs: tuple[tuple[str, str], ...]
    after: bytes
    client: str
    patient: int
    issued: Instant


def seal(key: bytes, page: Page) -> str:
    """The page as a text for a URL."""
    head = _HEAD.pack(_VERSION, page.issued, page.patient, len(page.after))
    told = urlencode((("", page.client), ("", page.kind), *page.pairs)).encode("ascii")
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, head + page.after + told, _AAD)
    return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode("ascii")


def unseal(key: bytes, text: str, client: str, now: Instant) -> Page | Problem:
    """The page that this client was given within the last hour, or STALE."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        plain = AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], _AAD)
    except (binascii.Error, InvalidTag, ValueError):
        return STALE
    page = _parsed(plain)
    if page.client != client or not 0 <= now - page.issued < LIFETIME:
        return STALE
    return page


def _parsed(plain: bytes) -> Page:
    _, issued, patient, length = _HEAD.unpack_from(plain)
    after = plain[_HEAD.size : _HEAD.size + length]
    told = plain[_HEAD.size + length :].decode("ascii")
    (_, client), (_, kind), *pairs = parse_qsl(told, keep_blank_values=True)
    return Page(kind, tuple(pairs), after, client, patient, issued)


def link(base: str, address: str, token: str) -> str:
    """The URL of the next page; `address`: what stands behind the base."""
    return f"{base}/{address}?{PARAMETER}={token}"
