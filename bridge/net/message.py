"""What goes out, what comes back, and what can go wrong between: the closed vocabulary of a call.

Law: an outside fault is a value with a sentence that names the host and the mend. Each fault says
whether the request may have had its effect: a lost answer is not a lost request (`smart-consent.md`
7.1: a POST that timed out has an unknown outcome). Neither bodies nor headers are ever printed or kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol

from bridge.net.endpoint import Purpose
from bridge.period import Instant


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are and whom we trust in TLS, as paths of PEM files: our certificate with its key, and the certificates
    that the other's is signed by; None: no certificate of ours, those that the world trusts."""

    certificate: str | None = None
    key: str | None = None
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `limit`: the most bytes of answer that are read; `seconds`: for the whole call;
    `patient`: whose call it is in the register (None: nobody's); `identity`: other than usual."""

    purpose: Purpose
    method: Literal["GET", "POST", "PUT", "DELETE"]
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    limit: int = 1 << 20
    seconds: float = 30.0
    patient: int | None = None
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of any status. Header names are lower case; the body is at most `limit` long."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The header's value, '' where it is missing."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Framed:
    """One message over MLLP. `is_more`: whether after this answer another is waited for; `limit`: bytes of one answer;
    `may_be_plain`: mllp:// is right in our own network, as somebody wrote down; the rest as in a Request."""

    purpose: Purpose
    url: str
    body: bytes = field(repr=False)
    is_more: Callable[[bytes], bool] = lambda _: False
    limit: int = 1 << 16
    seconds: float = 30.0
    patient: int | None = None
    identity: Identity | None = None
    may_be_plain: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """One file that is laid into a folder by SFTP. `host_keys`: the public keys that the server may have; `key`: our
    private one, else `password`; `replaces`: over a file of that name; `seconds`: for its content; the rest as in a
    Request. `only_tidies`: nothing is laid down; half a file of that name is taken away where there is one. `stands`:
    whether it may still go, asked again and again while it does."""

    purpose: Purpose
    url: str
    user: str
    host_keys: tuple[str, ...]
    folder: str
    name: str = field(repr=False)
    body: bytes = field(repr=False)
    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    replaces: bool = True
    seconds: float = 120.0
    patient: int | None = None
    only_tidies: bool = False
    stands: Callable[[], bool] = field(default=lambda: True, repr=False)


class Fault(StrEnum):
    """Everything that can go wrong in a call."""

    MALFORMED = "malformed-address"
    NOT_REGISTERED = "not-registered"
    NOT_HTTPS = "not-https"
    UNRESOLVED = "unresolved"
    FORBIDDEN_ADDRESS = "forbidden-address"
    UNREACHABLE = "unreachable"
    NOT_TRUSTED = "not-trusted"
    TIMED_OUT = "timed-out"
    CUT_OFF = "cut-off"
    TOO_LARGE = "too-large"
    NOT_UNDERSTOOD = "not-understood"
    WRONG_STATUS = "wrong-status"
    WRONG_TYPE = "wrong-type"
    NO_IDENTITY = "no-identity"
    PACED = "paced"
    BUSY = "busy"
    OTHER_ANSWER = "other-answer"
    OTHER_KEY = "other-host-key"
    NOTHING_SHARED = "nothing-shared"
    NOT_LET_IN = "not-let-in"
    NO_KEY = "no-key"
    DENIED = "denied"
    NO_FOLDER = "no-folder"
    NO_ROOM = "no-room"
    NOT_STORED = "not-stored"
    NAME_TAKEN = "name-taken"
    HALF_SENT = "half-sent"
    CALLED_OFF = "called-off"


SENTENCES: Final[Mapping[Fault, str]] = {
    Fault.MALFORMED: "the address of {host} cannot be called: give an absolute https:// address without "
    "credentials or fragment",
    Fault.NOT_REGISTERED: "{host} is not registered for this purpose: register it first",
    Fault.NOT_HTTPS: "{host} is not called unencrypted: register an https:// or mllps:// address",
    Fault.UNRESOLVED: "the name {host} leads to no address: check its spelling and the name server",
    Fault.FORBIDDEN_ADDRESS: "{host} leads to an address inside a private network or this machine: register "
    "it as internal if that is meant",
    Fault.UNREACHABLE: "{host} accepts no connection: check that it runs and that a firewall lets it through",
    Fault.NOT_TRUSTED: "the certificate of {host} is not trusted: have it renewed or its issuer installed",
    Fault.TIMED_OUT: "{host} did not answer in time: it may have done what was asked",
    Fault.CUT_OFF: "{host} broke the connection off: it may have done what was asked",
    Fault.TOO_LARGE: "{host} answered more than was asked for: the answer was not read to its end",
    Fault.NOT_UNDERSTOOD: "{host} answered something that is not understood: check the address",
    Fault.WRONG_STATUS: "{host} answered with another status than 200: check the address",
    Fault.WRONG_TYPE: "{host} answered with another content type than JSON: check the address",
    Fault.NO_IDENTITY: "our certificate, its key or the authority for {host} cannot be read: check the paths in the "
    "destination's file",
    Fault.BUSY: "{host} cannot take messages just now: its interface team sees why",
    Fault.OTHER_ANSWER: "{host} answered another message than ours: it may have done what was asked",
    Fault.OTHER_KEY: "{host} shows another host key than the one in its file, so nothing was sent: ask its IT whether "
    "the key was changed, and write the new one down only from their word",
    Fault.NOTHING_SHARED: "{host} has no host key of the kind in its file, or no cipher that the bridge takes: have "
    "both compared with its IT",
    Fault.NOT_LET_IN: "{host} does not let the bridge in: check user, password or key, and that the account may use "
    "SFTP",
    Fault.NO_KEY: "our private key for {host}, or a host key in its file, cannot be read: give an OpenSSH key without "
    "a passphrase",
    Fault.DENIED: "{host} lets the bridge in and not write there: ask its IT for the permission on the folder",
    Fault.NO_FOLDER: "{host} has no such folder: check path in the destination's file, or have the folder made",
    Fault.NO_ROOM: "{host} has no room left, or the account's quota is used up: its IT makes room",
    Fault.NOT_STORED: "{host} could not store the file and says no more: most often its disk or the account's quota "
    "is full",
    Fault.NAME_TAKEN: "{host} keeps another file of this name already: look at it, then repeat",
    Fault.HALF_SENT: "{host} broke the connection off before the file had its name: it goes again, and what there is "
    "of it is taken away",
    Fault.PACED: "{host} takes so many calls a minute and no more: the rest goes later",
    Fault.CALLED_OFF: "what may go to {host} changed while it was on its way: it is decided anew",
}

AFTER_SENDING: Final = frozenset(
    {Fault.TIMED_OUT, Fault.CUT_OFF, Fault.TOO_LARGE, Fault.NOT_UNDERSTOOD, Fault.OTHER_ANSWER}
)
"""Faults after which the request may have had its effect."""


FOR_PEOPLE: Final = frozenset(
    {
        Fault.OTHER_KEY, Fault.NOTHING_SHARED, Fault.NOT_LET_IN, Fault.NO_KEY, Fault.DENIED, Fault.NO_FOLDER,
        Fault.NO_ROOM, Fault.NOT_STORED, Fault.NAME_TAKEN,
    }
)  # fmt: skip
"""Faults that no repetition mends."""


class Stop(Exception):
    """A call ends with this fault; it does not leave the package."""

    def __init__(self, fault: Fault, has_left: bool = False) -> None:
        super().__init__(fault)
        self.fault, self.has_left = fault, has_left


@dataclass(frozen=True, slots=True)
class NetFault:
    """A call that brought no usable answer. `has_left`: the receiver got content of ours, though it took no effect."""

    fault: Fault
    host: str
    has_left: bool = False

    @property
    def sentence(self) -> str:
        """What happened, where, and the mend."""
        return SENTENCES[self.fault].format(host=self.host)

    @property
    def is_unknown(self) -> bool:
        """Whether the receiver may nevertheless have done what was asked."""
        return self.fault in AFTER_SENDING


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the register of calls: that it happened, never what it said. `outcome` is the status
    of the answer or the fault."""

    purpose: Purpose
    host: str
    outcome: str
    sent: int
    received: int
    at: Instant
    patient: int | None


class Caller(Protocol):
    """Whoever makes calls: the one way out, or what stands for it in a rehearsal."""

    async def fetch(self, request: Request) -> Answer | NetFault:
        """Make one call, whatever comes of it."""
        ...

    async def exchange(self, message: Framed) -> tuple[bytes, ...] | NetFault:
        """Send one message over MLLP, whatever comes of it."""
        ...

    async def lay(self, file: Laid) -> NetFault | None:
        """Lay one file into a folder by SFTP; None: it is there."""
        ...
