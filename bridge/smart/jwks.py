"""A client's public keys: read from a JWK Set, kept no longer than its host allows (RFC 7517).

Law: only RSA of 2048 bits and more and EC P-384 are keys here, because only RS384 and ES384 are accepted
(SMART App Launch 2.2, client-confidential-asymmetric). A set that shows a private key is refused whole:
whoever published it has lost it. Sockets are not opened here; the fetcher is handed in, and it calls
registered addresses alone. A fetched set lives as long as its Cache-Control says and no longer.

Rejected: a key chosen by trying all of them; the header names one by `kid`, and exactly one must match.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from bridge.net.keys import JwksAnswer
from bridge.net.message import NetFault
from bridge.period import Instant

PublicKey: TypeAlias = RSAKey | ECKey

SMALLEST_RSA: Final = 2048
MOST_KEYS: Final = 100
MOST_BYTES: Final = 256 * 1024
MISS_PAUSE: Final = 10_000
"""After a failed or useless fetch the address rests so long (ms), whatever is sent to us."""
PUBLIC_MEMBERS: Final = frozenset({"kty", "n", "e", "crv", "x", "y"})
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class Key:
    """One usable public key of a set."""

    kid: str
    kty: str
    alg: str | None
    key: PublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a set, and a sentence for each that is not usable."""

    keys: tuple[Key, ...]
    unusable: tuple[str, ...] = ()

    def named(self, kid: str, kty: str) -> Key | None:
        """The one key of that kid and type; None where there is none or more than one."""
        found = [key for key in self.keys if key.kid == kid and key.kty == kty]
        return found[0] if len(found) == 1 else None


NO_KEYS: Final = KeySet(())


class JwksError(Exception):
    """A text that is no JWK Set, or must not be used as one; the sentence says why."""


class Fetcher(Protocol):
    """Fetches the key set at a registered address."""

    async def jwks(self, url: str) -> JwksAnswer | NetFault:
        """The set and how many seconds it may be kept, or what went wrong."""


def read(text: str | bytes) -> KeySet:
    """The keys of a JWK Set; JwksError where it is none."""
    if len(text) > MOST_BYTES:
        raise JwksError(f"the JWK Set is longer than {MOST_BYTES} bytes")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise JwksError(f"the JWK Set is not JSON: {wrong}") from None
    members = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        raise JwksError('a JWK Set looks like {"keys": [{"kty": "EC", "kid": "2026-1", …}]}')
    if len(members) > MOST_KEYS:
        raise JwksError(f"the JWK Set has more than {MOST_KEYS} keys")
    if any(PRIVATE_MEMBERS & each.keys() for each in members):
        raise JwksError(
            "the JWK Set holds a private key: replace that key, and register only the public half"
        )
    read_keys = [_key(each, place) for place, each in enumerate(members, 1)]
    return KeySet(
        tuple(each for each in read_keys if isinstance(each, Key)),
        tuple(each for each in read_keys if isinstance(each, str)),
    )


def _key(member: Mapping[str, object], place: int) -> Key | str:
    kid, kty, alg = member.get("kid"), member.get("kty"), member.get("alg")
    if not isinstance(kid, str) or not kid:
        return f"key {place} has no kid"
    if member.get("use", "sig") != "sig" or "verify" not in _operations(member):
        return f"key {place} ({kid}) is not for signatures"
    if alg is not None and alg not in ("RS384", "ES384"):
        return f"key {place} ({kid}) is for {alg}; only RS384 and ES384 are accepted"
    try:
        key = _imported(kty, {name: str(member[name]) for name in PUBLIC_MEMBERS & member.keys()})
    except (JoseError, ValueError, TypeError, KeyError) as wrong:
        return f"key {place} ({kid}) cannot be read: {wrong}"
    if key is None:
        return f"key {place} ({kid}) is neither RSA of {SMALLEST_RSA} bits or more nor EC P-384"
    return Key(kid, str(kty), alg if isinstance(alg, str) else None, key)


def _imported(kty: object, members: dict[str, str | list[str]]) -> PublicKey | None:
    if kty == "RSA":
        return RSAKey.import_key(members) if _bits(str(members["n"])) >= SMALLEST_RSA else None
    if kty == "EC":
        return ECKey.import_key(members) if members.get("crv") == "P-384" else None
    return None


def _bits(modulus: str) -> int:
    raw = base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    return int.from_bytes(raw, "big").bit_length()


def _operations(member: Mapping[str, object]) -> list[object]:
    operations = member.get("key_ops", ["verify"])
    return operations if isinstance(operations, list) else []


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: KeySet
    fetched: Instant
    until: Instant
    resting: Instant


class KeySource:
    """Where assertions find their keys: inline sets are read, sets by URL fetched and kept. One source
    serves one event loop."""

    def __init__(self, fetcher: Fetcher | None, clock: Callable[[], Instant]) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def keys(self, inline: str | None, url: str | None, kid: str) -> KeySet:
        """The registered set of a client; a set that may still be kept is fetched anew, at most every
        MISS_PAUSE, where `kid` is not in it. Empty where there is none to be had."""
        if inline is not None:
            return _quietly(inline)
        if url is None or self._fetcher is None:
            return NO_KEYS
        arrived = self._clock()
        async with self._locks.setdefault(url, asyncio.Lock()):
            kept, now = self._kept.get(url), self._clock()
            if kept is None:
                return await self._fetched(self._fetcher, url, kid)
            is_fresh = now < kept.until or kept.fetched > arrived
            if now < kept.resting or (is_fresh and _knows(kept.keys, kid)):
                return kept.keys if is_fresh else NO_KEYS
            return await self._fetched(self._fetcher, url, kid)

    async def _fetched(self, fetcher: Fetcher, url: str, kid: str) -> KeySet:
        answer = await fetcher.jwks(url)
        now = self._clock()
        if isinstance(answer, NetFault):
            self._kept[url] = _Kept(NO_KEYS, now, now, now + MISS_PAUSE)
            return NO_KEYS
        found = _quietly(answer.body)
        useful = _knows(found, kid)
        resting = now if useful else now + MISS_PAUSE
        self._kept[url] = _Kept(found, now, now + answer.max_age * 1000, resting)
        return found


def _knows(keys: KeySet, kid: str) -> bool:
    return any(key.kid == kid for key in keys.keys)


def _quietly(text: str | bytes) -> KeySet:
    try:
        return read(text)
    except JwksError:
        return NO_KEYS
