"""The one outbound client, HTTP, MLLP and SFTP: allow-list, pinned address, no redirects, limits, register of calls.

Law: the name is resolved once, every address it gave is judged, and the connection goes to one of those
addresses while certificate and Host header stay with the name (RFC 9110 7.2, 4.3.4): a second lookup
could answer otherwise. A connection serves one call, or those of one round to the same host, address and
proof (`kept.py`): a pool keyed by address would lend one host's connection to another. The environment's
proxies are not used. Whether to try again is the caller's decision; only a refused connection moves on to the
next address, because nothing was sent.

Rejected: redirects (they lead where nobody registered), compressed answers (a small one can grow without
limit), streaming answers to callers (no caller needs more than a few MB).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import httpx

from bridge.net import mllp
from bridge.net.address import Reach, reach
from bridge.net.endpoint import ENCRYPTED, FOLDERS, LINES, PORTS, Endpoint, Origin, Purpose, may_reach, origin
from bridge.net.kept import connected
from bridge.net.message import Answer, Call, Fault, Framed, Identity, Laid, NetFault, Request, Stop
from bridge.period import Instant

Allowed: TypeAlias = Callable[[Purpose], Collection[Endpoint]]
"""What is registered for a purpose, asked anew at every call."""
Register: TypeAlias = Callable[[Call], None]
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_Said = TypeVar("_Said")

CONNECT_SECONDS: Final = 10.0
ADDRESSES_TRIED: Final = 3

FAULTS: Final[tuple[tuple[type[Exception], Fault], ...]] = (
    (httpx.ConnectTimeout, Fault.UNREACHABLE),
    (httpx.ConnectError, Fault.UNREACHABLE),
    (httpx.TimeoutException, Fault.TIMED_OUT),
    (TimeoutError, Fault.TIMED_OUT),
    (httpx.RemoteProtocolError, Fault.CUT_OFF),
    (httpx.NetworkError, Fault.CUT_OFF),
)
"""What the outside did, most specific first. Anything else is our own fault and raises."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, in the system's order of preference; OSError where there is none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _trusted() -> ssl.SSLContext:
    """Who vouches for names: the authorities that are shipped with httpx, read once. Nobody adds to it."""
    return httpx.create_ssl_context(trust_env=False)


class Outbound:
    """Calls registered endpoints. `allow_loopback` lets a name lead to this machine (tests), also
    over plain http; nothing else is ever called over plain http."""

    def __init__(
        self,
        allowed: Allowed,
        register: Register,
        clock: Callable[[], Instant],
        *,
        allow_loopback: bool = False,
        resolver: Resolver = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._register = register
        self._clock = clock
        self._allow_loopback = allow_loopback
        self._resolver = resolver
        self._trust = trust or _trusted()

    async def fetch(self, request: Request) -> Answer | NetFault:
        """Make one call and note it in the register, whatever came of it."""
        at, where = self._clock(), origin(request.url)
        host = where.host if where else "that host"
        result: Answer | NetFault
        try:
            result = await self._judged(request, where)
        except Stop as stop:
            result = NetFault(stop.fault, host)
        self._note(request, host, at, result)
        return result

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        """Send one message over MLLP and note it in the register like any call; the answers."""
        at, where = self._clock(), origin(message.url, LINES)
        host = where.host if where else "that host"
        result: tuple[bytes, ...] | NetFault
        try:
            result = await self._tried(message, where, partial(self._spoken_to, message))
        except Stop as stop:
            result = NetFault(stop.fault, host)
        self._note(
            message, host, at, Answer(0, {}, b"".join(result)) if isinstance(result, tuple) else result
        )
        return result

    async def lay(self, file: Laid) -> NetFault | None:
        """Lay one file into a folder by SFTP and note it in the register like any call; None: it is there."""
        from bridge.net import sftp

        at, where = self._clock(), origin(file.url, FOLDERS)
        host = where.host if where else "that host"
        fault: NetFault | None = None
        try:
            await self._tried(file, where, lambda one, address: sftp.laid(file, address, one.port))
        except Stop as stop:
            fault = NetFault(stop.fault, host, stop.has_left)
        self._note(file, host, at, fault or Answer(0, {}, b""))
        return fault

    async def _judged(self, request: Request, where: Origin | None) -> Answer:
        return await self._tried(request, where, partial(self._exchange, request))

    async def _tried(
        self,
        call: Request | Framed | Laid,
        where: Origin | None,
        spoken: Callable[[Origin, str], Awaitable[_Said]],
    ) -> _Said:
        """What one of the addresses that may be called said."""
        if where is None:
            raise Stop(Fault.MALFORMED)
        allowed = next((e for e in self._allowed(call.purpose) if e.origin == where), None)
        if allowed is None or allowed.purpose is not call.purpose:
            raise Stop(Fault.NOT_REGISTERED)
        is_plain = isinstance(call, Framed) and call.may_be_plain
        addresses = await self._addresses(allowed, call.seconds, is_plain)
        for address in addresses[:-1]:
            try:
                return await spoken(where, address)
            except Stop as stop:
                if stop.fault is not Fault.UNREACHABLE:
                    raise
        return await spoken(where, addresses[-1])

    async def _spoken_to(self, message: Framed, where: Origin, address: str) -> tuple[bytes, ...]:
        trust = self._context(message) if where.scheme == "mllps" else None
        return await mllp.spoken(message, address, where.port, where.host.strip("[]"), trust)

    async def _addresses(self, allowed: Endpoint, seconds: float, may_be_plain: bool) -> Sequence[str]:
        try:
            async with asyncio.timeout(min(seconds, CONNECT_SECONDS)):
                found = await self._resolver(allowed.origin.host.strip("[]"), allowed.origin.port)
        except (OSError, UnicodeError):
            raise Stop(Fault.UNRESOLVED) from None
        ways = [reach(address) for address in found]
        if not found:
            raise Stop(Fault.UNRESOLVED)
        if not all(may_reach(allowed, way, self._allow_loopback) for way in ways):
            raise Stop(Fault.FORBIDDEN_ADDRESS)
        unencrypted = {Reach.LOOPBACK, Reach.PRIVATE} if may_be_plain else {Reach.LOOPBACK}
        if allowed.origin.scheme not in ENCRYPTED and not unencrypted.issuperset(ways):
            raise Stop(Fault.NOT_HTTPS)
        return found[:ADDRESSES_TRIED]

    async def _exchange(self, request: Request, where: Origin, address: str) -> Answer:
        try:
            async with asyncio.timeout(request.seconds):
                return await self._spoken(request, where, address)
        except (httpx.TransportError, TimeoutError) as fault:
            raise Stop(_named(fault)) from None

    async def _spoken(self, request: Request, where: Origin, address: str) -> Answer:
        times = httpx.Timeout(request.seconds, connect=min(request.seconds, CONNECT_SECONDS))
        async with (
            connected((where, address), self._context(request)) as client,
            client.stream(
                request.method,
                httpx.URL(request.url).copy_with(host=address),
                content=request.body or None,
                headers=_headers(request, where),
                extensions={"sni_hostname": where.host},
                follow_redirects=False,
                timeout=times,
            ) as response,
        ):
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise Stop(Fault.NOT_UNDERSTOOD)
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > request.limit:
                    raise Stop(Fault.TOO_LARGE)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, bytes(body))

    def _context(self, request: Request | Framed) -> ssl.SSLContext:
        """The usual trust, or that of the request: read anew when its files change."""
        if request.identity is None:
            return self._trust
        try:
            return _identified(request.identity, _stamps(request.identity))
        except (OSError, ssl.SSLError):
            raise Stop(Fault.NO_IDENTITY) from None

    def _note(
        self, request: Request | Framed | Laid, host: str, at: Instant, result: Answer | NetFault
    ) -> None:
        answered = isinstance(result, Answer)
        outcome = str(result.status or "answered") if isinstance(result, Answer) else result.fault.value
        left = answered or (isinstance(result, NetFault) and result.is_unknown)
        received = len(result.body) if isinstance(result, Answer) else 0
        sent = len(request.body) if left else 0
        self._register(Call(request.purpose, host, outcome, sent, received, at, request.patient))


def _stamps(identity: Identity) -> tuple[float, ...]:
    paths = (identity.certificate, identity.key, identity.authority)
    return tuple(Path(path).stat().st_mtime for path in paths if path)


@lru_cache(64)
def _identified(identity: Identity, _stamps: tuple[float, ...]) -> ssl.SSLContext:
    if identity.authority is None:
        context = httpx.create_ssl_context(trust_env=False)
    else:
        context = ssl.create_default_context(cafile=identity.authority)
    if identity.certificate is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def _headers(request: Request, where: Origin) -> list[tuple[str, str]]:
    usual = where.port == PORTS[where.scheme]
    name = f"[{where.host}]" if ":" in where.host else where.host
    host = name if usual else f"{name}:{where.port}"
    own = [("host", host), ("user-agent", "cgm-bridge"), ("accept-encoding", "identity")]
    return own + list(request.headers)


def _named(fault: Exception) -> Fault:
    if isinstance(fault, httpx.ConnectError) and _is_about_trust(fault):
        return Fault.NOT_TRUSTED
    for kind, name in FAULTS:
        if isinstance(fault, kind):
            return name
    raise fault


def _is_about_trust(fault: BaseException | None) -> bool:
    while fault is not None:
        if isinstance(fault, ssl.SSLError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
