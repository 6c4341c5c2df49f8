"""A loopback server that says exactly the bytes of a script, and an outbound client that may reach it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.net.client import Outbound, Resolver, resolve
from bridge.net.endpoint import Purpose, endpoint
from bridge.net.message import Call

NOW = 1_760_000_000_000


@dataclass
class Wire:
    """What the server heard, and where it is."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def speaking(
    *answers: bytes, hold: float = 0, tls: ssl.SSLContext | None = None, drip: bytes = b""
) -> AsyncIterator[Wire]:
    """Serve the answers in turn, one a connection; `hold` seconds before answering, `drip` for ever after."""
    left, wire, talking = list(answers), Wire(0), set[asyncio.Task[None]]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            wire.heard.append(await _message(reader))
            await asyncio.sleep(hold)
            writer.write(left.pop(0) if left else b"")
            while drip:
                writer.write(drip)
                await writer.drain()
                await asyncio.sleep(0.02)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(talk(reader, writer))
        talking.add(task)
        task.add_done_callback(talking.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in list(talking):
            task.cancel()
        await asyncio.sleep(0.01)


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            head += await reader.readexactly(int(line.split(b":")[1]))
    return head


def answer(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> bytes:
    """An HTTP/1.1 answer with a right Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def outbound(
    *urls: str,
    purpose: Purpose = Purpose.DELIVERY,
    calls: list[Call] | None = None,
    allow_loopback: bool = True,
    internal: bool = False,
    resolver: Resolver = resolve,
    trust: ssl.SSLContext | None = None,
    clock: Callable[[], int] = lambda: NOW,
) -> Outbound:
    """A client for which the origins of `urls` are registered."""
    found = [endpoint(purpose, url, internal) for url in urls]
    return Outbound(
        lambda asked: [e for e in found if e is not None and e.purpose is asked],
        (calls if calls is not None else []).append,
        clock,
        allow_loopback=allow_loopback,
        resolver=resolver,
        trust=trust,
    )


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())
