"""SFTP: one file into a folder of a server whose key is known, over a connection of its own.

Law: RFC 4251 4.1: a host key is verified against what somebody wrote down, never trusted on first use. The file is
written under a name of its own (`.NAME.part`), its length is asked for, and only then is it renamed
(draft-ietf-secsh-filexfer-02 6.5; over another one by OpenSSH's posix-rename), so that nobody picks up half a file.
What is there already byte for byte is not sent again. A connection that is lost before the renaming left no file; lost
during it, the file is looked for once, by length and SHA-256, and only what cannot be seen then is an unknown outcome.
Half a file has left all the same: whoever reads the folder can read it. It is taken away in the same session or in one
more, and where that cannot be had, whenever it is asked for. Whether the file may still go is asked after the login,
between its pieces and before it gets its name: what was called off in between gets none and is taken away.

Rejected: agents, configuration and known hosts of this machine's user (they say whom a person trusts, not this
destination); making folders (a folder that is missing is a wrong path).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from typing import Final, cast

import asyncssh

from bridge.net.message import Fault, Laid, Stop

CONNECT_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 30.0
PIECE: Final = 1 << 18
"""Bytes between two looks whether they may still go."""
MEANT: Final[tuple[tuple[type[Exception], Fault], ...]] = (
    (asyncssh.SFTPPermissionDenied, Fault.DENIED),
    (asyncssh.SFTPWriteProtect, Fault.DENIED),
    (asyncssh.SFTPNoSuchFile, Fault.NO_FOLDER),
    (asyncssh.SFTPNoSuchPath, Fault.NO_FOLDER),
    (asyncssh.SFTPNotADirectory, Fault.NO_FOLDER),
    (asyncssh.SFTPNoSpaceOnFilesystem, Fault.NO_ROOM),
    (asyncssh.SFTPQuotaExceeded, Fault.NO_ROOM),
    (asyncssh.SFTPFileAlreadyExists, Fault.NAME_TAKEN),
    (asyncssh.SFTPError, Fault.NOT_STORED),
)
"""What an SFTP server says, most specific first. To version 3 (OpenSSH) a full disk is a failure alone."""
LOST: Final = (
    asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, asyncssh.ChannelOpenError,
    OSError,
)  # fmt: skip
UNWELCOME: Final[tuple[tuple[type[Exception], Fault], ...]] = (
    (asyncssh.HostKeyNotVerifiable, Fault.OTHER_KEY),
    (asyncssh.PermissionDenied, Fault.NOT_LET_IN),
    (asyncssh.KeyExchangeFailed, Fault.NOTHING_SHARED),
    (asyncssh.KeyImportError, Fault.NO_KEY),
    (asyncssh.DisconnectError, Fault.UNREACHABLE),
    (OSError, Fault.UNREACHABLE),
)
"""Why there is no session. Nothing of a file has left then."""

HOST_KEYS: Final[Mapping[str, str]] = {
    "ssh-ed25519": "ssh-ed25519",
    "ecdsa-sha2-nistp256": "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384": "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521": "ecdsa-sha2-nistp521",
    "rsa-sha2-512": "ssh-rsa",
    "rsa-sha2-256": "ssh-rsa",
}
"""Algorithm of a host key (RFC 8709, 5656, 8332) -> the kind of key."""

UNFINISHED: Final = frozenset({Fault.HALF_SENT, Fault.CALLED_OFF})
"""After which half a file may be there."""

# A line about a session would name its user, one about a request the file, and the file the person.
asyncssh.set_log_level(logging.CRITICAL)
asyncssh.set_sftp_log_level(logging.CRITICAL)


async def laid(file: Laid, address: str, port: int) -> None:
    """Lay a file down at an address that was judged; Stop with the fault."""
    if file.only_tidies:
        await _tidied(file, address, port)
        return
    try:
        async with _session(file, address, port) as sftp:
            _go_on(file)
            with _meant(Fault.HALF_SENT):
                async with asyncio.timeout(file.seconds):
                    if await _is_there(sftp, file):
                        return
                    part = await sftp.open(_part(file), "wb")
            with _meant(Fault.HALF_SENT, has_left=True):
                async with asyncio.timeout(file.seconds):
                    await _written(sftp, part, file)
            with _meant(Fault.CUT_OFF, has_left=True):
                async with asyncio.timeout(LOOK_SECONDS):
                    await _named(sftp, file)
    except Stop as stop:
        left = await _after(file, address, port) if stop.fault is Fault.CUT_OFF else stop.fault
        if left in UNFINISHED and stop.has_left:
            with suppress(Stop):
                await _tidied(file, address, port)
        if left is not None:
            raise Stop(left, stop.has_left) from None


async def _tidied(file: Laid, address: str, port: int) -> None:
    """Half a file of that name is taken away."""
    async with _session(file, address, port) as sftp:
        with _meant(Fault.UNREACHABLE):
            async with asyncio.timeout(LOOK_SECONDS):
                with suppress(asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                    await sftp.remove(_part(file))


async def _after(file: Laid, address: str, port: int) -> Fault | None:
    """After the answer to the renaming was lost: None: the file is there; HALF_SENT: surely not; else nobody knows."""
    try:
        async with _session(file, address, port) as sftp:
            with _meant(Fault.CUT_OFF):
                async with asyncio.timeout(LOOK_SECONDS):
                    if await _is_there(sftp, file):
                        return None
                    return Fault.HALF_SENT if await sftp.exists(_part(file)) else Fault.CUT_OFF
    except Stop:
        return Fault.CUT_OFF


@asynccontextmanager
async def _session(file: Laid, address: str, port: int) -> AsyncIterator[asyncssh.SFTPClient]:
    """A session at a server that has the key which was written down for it."""
    connection = await _connected(file, address, port)
    try:
        try:
            async with asyncio.timeout(min(file.seconds, CONNECT_SECONDS)):
                sftp = await connection.start_sftp_client()
        except (asyncssh.DisconnectError, OSError):
            raise Stop(Fault.UNREACHABLE) from None
        except asyncssh.Error:
            raise Stop(Fault.NOT_LET_IN) from None
        yield sftp
    finally:
        connection.close()
        with suppress(asyncssh.Error, OSError):
            async with asyncio.timeout(1):
                await connection.wait_closed()


async def _connected(file: Laid, address: str, port: int) -> asyncssh.SSHClientConnection:
    try:
        keys = [asyncssh.import_public_key(each) for each in file.host_keys]
        own = [asyncssh.import_private_key(f"{file.key}\n")] if file.key else []
        async with asyncio.timeout(min(file.seconds, CONNECT_SECONDS)):
            return await asyncssh.connect(
                address,
                port,
                config=None,
                known_hosts=(keys, [], []),
                server_host_key_algs=_algorithms(file.host_keys),
                username=file.user,
                client_keys=own or None,
                password=None if own else file.password,
                preferred_auth="publickey" if own else "password",
                agent_path=None,
                gss_host=None,
                disable_trivial_auth=True,
                client_version="cgm-bridge",
            )
    except (asyncssh.Error, ValueError, OSError) as wrong:
        raise Stop(_named_fault(UNWELCOME, wrong, Fault.UNREACHABLE)) from None


def _algorithms(host_keys: Sequence[str]) -> list[str]:
    """Every kind of host key, those that were written down first: a server that has none of them is heard and refused,
    where it would only break off if it were asked for nothing else."""
    known = {each.partition(" ")[0] for each in host_keys}
    return sorted(HOST_KEYS, key=lambda each: HOST_KEYS[each] not in known)


@contextmanager
def _meant(lost: Fault, has_left: bool = False) -> Iterator[None]:
    """What the server says as a fault; `lost`: what a connection that ends in here leaves; `has_left`: content has."""
    try:
        yield
    except LOST:
        raise Stop(lost, has_left) from None
    except asyncssh.SFTPError as said:
        raise Stop(_named_fault(MEANT, said, Fault.NOT_STORED), has_left) from None


def _named_fault(table: tuple[tuple[type[Exception], Fault], ...], what: Exception, else_: Fault) -> Fault:
    return next((fault for kind, fault in table if isinstance(what, kind)), else_)


async def _is_there(sftp: asyncssh.SFTPClient, file: Laid) -> bool:
    """Whether a file of that name holds exactly this. A folder that shows nothing has nothing, as far as is known."""
    with suppress(asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied):
        if (await sftp.stat(_path(file))).size != len(file.body):
            return False
        async with sftp.open(_path(file), "rb") as there:
            body = cast(bytes, await there.read(len(file.body)))
        return sha256(body).digest() == sha256(file.body).digest()
    return False


def _go_on(file: Laid, has_left: bool = False) -> None:
    """Stop where the file may not go any more."""
    if not file.stands():
        raise Stop(Fault.CALLED_OFF, has_left)


async def _written(sftp: asyncssh.SFTPClient, part: asyncssh.SFTPClientFile, file: Laid) -> None:
    """The whole content under the name that nobody looks for; what could not be stored whole is taken away again."""
    async with _taken_away(sftp, file):
        async with part:
            for start in range(0, len(file.body), PIECE):
                _go_on(file, has_left=start > 0)
                await part.write(file.body[start : start + PIECE])
        if (await sftp.stat(_part(file))).size != len(file.body):
            raise Stop(Fault.NOT_STORED, has_left=True)


@asynccontextmanager
async def _taken_away(sftp: asyncssh.SFTPClient, file: Laid) -> AsyncIterator[None]:
    """Where the server refuses something in here, half a file does not stay."""
    try:
        yield
    except (asyncssh.SFTPError, Stop):
        with suppress(asyncssh.SFTPError):
            await sftp.remove(_part(file))
        raise


async def _named(sftp: asyncssh.SFTPClient, file: Laid) -> None:
    """The file gets its name: over the one before it, or where there is none."""
    part, path = _part(file), _path(file)
    async with _taken_away(sftp, file):
        _go_on(file, has_left=True)
        if not file.replaces:
            if await sftp.exists(path):
                raise Stop(Fault.NAME_TAKEN, has_left=True)
            return await sftp.rename(part, path)
        try:
            await sftp.posix_rename(part, path)
        except asyncssh.SFTPOpUnsupported:
            # No renaming over another file there: for a moment it has neither.
            if await sftp.exists(path):
                await sftp.remove(path)
            await sftp.rename(part, path)


def _path(file: Laid) -> str:
    return f"{file.folder}/{file.name}" if file.folder else file.name


def _part(file: Laid) -> str:
    return f"{file.folder}/.{file.name}.part" if file.folder else f".{file.name}.part"
