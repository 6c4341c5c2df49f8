"""What an EHR that launches us says about itself: its endpoints, checked before any of them is used.

Law (SMART App Launch 2.2, conformance; `smart-consent.md` 1.12, 5.4): discovery is fetched from a registered issuer
and nowhere else; every endpoint that it names is https (plain http on this machine alone) and lies at an origin of
that registration, so no EHR can lead us to another one's endpoints (mix-up) or into a network (SSRF). PKCE S256 is
demanded. An answer is kept for a minute, a failure for some seconds: whoever opens our launch address many times
does not make us ask the EHR many times.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bridge.net.endpoint import PORTS, Origin, Purpose, origin
from bridge.net.message import Answer, Caller, Request
from bridge.period import Instant
from bridge.smart.record import parsed, text
from bridge.store.ehrs import Ehr

PATH: Final = "/.well-known/smart-configuration"
MOST_BYTES: Final = 256 * 1024
SECONDS: Final = 10.0
KEPT: Final = 60_000
RESTING: Final = 10_000
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Flaw(StrEnum):
    """Why a launch ends; for the operator's log. Whoever launched is told in plain words of fewer kinds."""

    UNREACHABLE = "the EHR cannot be reached or answers its discovery with an error"
    ENDPOINTS = "the EHR names an endpoint that is not https or lies outside its registration"
    NO_S256 = "the EHR does not offer PKCE with S256"
    STATE = "the answer does not belong to a launch that this browser began"
    MIX_UP = "the answer came to the address of another EHR, or names another issuer"
    REFUSED = "the EHR refused"
    CODE = "the EHR gave no usable token for its code"
    IDENTITY = "the id_token is not of this EHR, this app, this launch or this time"
    NO_PATIENT = "the EHR named no patient, or its record could not be read"


@dataclass(frozen=True, slots=True)
class Found:
    """The checked endpoints. `issuer`: of its tokens; `algs`: in which our assertion may be signed; `says_iss`: its
    answers name the issuer (RFC 9207)."""

    issuer: str
    authorization: str
    token: str
    jwks: str
    revocation: str
    algs: frozenset[str]
    capabilities: frozenset[str]
    says_iss: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    found: Found | Flaw
    until: Instant


class Discoveries:
    """Asks registered EHRs, and remembers for a short while. One serves one event loop."""

    def __init__(self, net: Caller) -> None:
        self._net = net
        self._kept: dict[Ehr, _Kept] = {}

    async def of(self, ehr: Ehr, now: Instant) -> Found | Flaw:
        """What the EHR says, checked."""
        kept = self._kept.get(ehr)
        if kept is not None and now < kept.until:
            return kept.found
        found = await self._asked(ehr)
        self._kept[ehr] = _Kept(found, now + (RESTING if isinstance(found, Flaw) else KEPT))
        return found

    async def _asked(self, ehr: Ehr) -> Found | Flaw:
        accept = (("accept", "application/json"),)
        got = await self._net.fetch(
            Request(Purpose.EHR, "GET", ehr.issuer + PATH, accept, b"", MOST_BYTES, SECONDS)
        )
        if not isinstance(got, Answer) or got.status != 200:
            return Flaw.UNREACHABLE
        return read(ehr, got.body)


def read(ehr: Ehr, body: bytes) -> Found | Flaw:
    """A discovery document, checked against the registration."""
    told = parsed(body)
    needed = [text(told, name) for name in ("authorization_endpoint", "token_endpoint")]
    others = [text(told, name) for name in ("jwks_uri", "revocation_endpoint")]
    if not all(is_inside(ehr, each) for each in (*needed, *filter(None, others))):
        return Flaw.ENDPOINTS
    if "S256" not in words(told, "code_challenge_methods_supported"):
        return Flaw.NO_S256
    return Found(
        issuer=text(told, "issuer") or ehr.issuer,
        authorization=needed[0],
        token=needed[1],
        jwks=others[0],
        revocation=others[1],
        algs=words(told, "token_endpoint_auth_signing_alg_values_supported"),
        capabilities=words(told, "capabilities"),
        says_iss=told.get("authorization_response_iss_parameter_supported") is True,
    )


def is_inside(ehr: Ehr, url: str) -> bool:
    """Whether an endpoint is one of the registration's, and safe to be sent to."""
    where = origin(url)
    return where is not None and is_safe(where) and spelled(where) in ehr.origins


def is_safe(where: Origin) -> bool:
    """Whether secrets may go there: https, or this machine."""
    return where.scheme == "https" or where.host.strip("[]") in LOOPBACK


def spelled(where: Origin) -> str:
    """An origin as registrations are kept: scheme://host[:port]."""
    name = f"[{where.host}]" if ":" in where.host else where.host
    return f"{where.scheme}://{name}" + ("" if where.port == PORTS[where.scheme] else f":{where.port}")


def words(told: object, name: str) -> frozenset[str]:
    """The strings of a list of strings; empty where it is none."""
    listed = told.get(name) if isinstance(told, dict) else None
    return (
        frozenset(each for each in listed if isinstance(each, str))
        if isinstance(listed, list)
        else frozenset()
    )
