"""Which outside endpoints may be called, and for what.

Law: a call is allowed only to a (scheme, host, port) that somebody registered for that purpose; what a
message from outside names (a Location, a link, a jku) is never called. One parser reads the URL, the
same that the connection uses, so the checked host is the called host.

Rejected: matching URL prefixes as text (`https://ehr.example@evil`, `https://ehr.example.evil`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx

from bridge.net.address import Reach, reach

PORTS: Final = {"https": 443, "http": 80}
LINES: Final = {"mllps": 2575, "mllp": 2575}
"""HL7 over MLLP, in TLS and without; the port is IANA's for HL7."""
FOLDERS: Final = {"sftp": 22}
"""Files over SSH. Which folder is no part of the address."""
ENCRYPTED: Final = frozenset({"https", "mllps", "sftp"})


class Purpose(StrEnum):
    """Why the bridge calls out. An endpoint is registered for one of them."""

    DELIVERY = "delivery"  # a destination of pushes
    KEYS = "keys"  # a client's JWKS
    IDENTITY = "identity"  # the identity provider of the staff
    EHR = "ehr"  # an EHR that may launch us
    NOTIFICATION = "notification"  # where a client may have itself notified


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case, IDNA) and port of a URL."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered origin. `internal`: whoever registered it said that it is in a private network."""

    purpose: Purpose
    origin: Origin
    internal: bool = False


def origin(url: str, schemes: Mapping[str, int] = PORTS) -> Origin | None:
    """The origin of an absolute URL of one of the schemes, without credentials or fragment; None for anything else.
    A line (MLLP) and a server of folders (SFTP) have no path."""
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in url):
        return None
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return None
    if parsed.scheme not in schemes or not parsed.host or parsed.userinfo or parsed.fragment:
        return None
    if parsed.scheme not in PORTS and parsed.raw_path not in (b"", b"/"):
        return None
    return Origin(
        parsed.scheme, parsed.raw_host.decode("ascii").lower(), parsed.port or schemes[parsed.scheme]
    )


def endpoint(purpose: Purpose, url: str, internal: bool = False) -> Endpoint | None:
    """The endpoint that registering `url` allows; None where the URL cannot be called at all."""
    found = origin(url, PORTS | LINES | FOLDERS if purpose is Purpose.DELIVERY else PORTS)
    return None if found is None else Endpoint(purpose, found, internal)


def may_reach(allowed: Endpoint, where: Reach, allow_loopback: bool) -> bool:
    """Whether a connection to that kind of address is permitted for this endpoint. Whoever registered this
    machine by its own address meant it; a name that only leads here needs `allow_loopback`."""
    meant = reach(allowed.origin.host.strip("[]")) is Reach.LOOPBACK or allowed.origin.host == "localhost"
    return {
        Reach.PUBLIC: True,
        Reach.PRIVATE: allowed.internal,
        Reach.LOOPBACK: allow_loopback or meant,
        Reach.NEVER: False,
    }[where]
