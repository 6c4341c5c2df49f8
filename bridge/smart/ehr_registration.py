"""Registering an EHR that may launch us: what is given, checked once, with a sentence for every fault.

Law (SMART App Launch 2.2, app-launch, registration): an issuer is a FHIR base over https, written as the EHR will
write it. Endpoints lie at the issuer's own origin unless others are named here by a human, because what an EHR says
about its own endpoints is checked against this and not the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridge.net.endpoint import origin
from bridge.smart import scopes
from bridge.smart.ehr_discovery import is_safe, spelled
from bridge.smart.registration import RegistrationError
from bridge.store.clients import Client
from bridge.store.ehrs import Ehr, Method, new_id

LAUNCH_PATH: Final = "/launch"
CALLBACK_PATH: Final = "/launch/callback"
JWKS_PATH: Final = "/launch/jwks.json"
MOST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `endpoints`: addresses at whose origins the EHR's endpoints lie, beside its own."""

    issuer: str
    client_id: str
    method: Method
    endpoints: Sequence[str] = ()
    scope: str = ""
    identifier_system: str = ""
    internal: bool = False


def checked(wanted: Wanted, client: Client) -> Ehr:
    """The registration to keep, for the recipient `client`; RegistrationError where it cannot be."""
    for label, told in (("issuer", wanted.issuer), ("client-id", wanted.client_id)):
        if not told or len(told) > MOST_TEXT or not told.isascii() or not told.isprintable():
            raise RegistrationError(
                f"{label} must be one line of 1 to {MOST_TEXT} printable ASCII characters"
            )
    issuer = wanted.issuer.rstrip("/")
    home = _origin(issuer)
    if "?" in issuer:
        raise RegistrationError(f"{issuer!r} is no FHIR base: leave out what follows the question mark")
    strange = scopes.not_understood(wanted.scope)
    if strange:
        raise RegistrationError(f"scope {strange[0]!r} is not understood; one looks like patient/Patient.r")
    return Ehr(
        id=new_id(),
        issuer=issuer,
        client=client.id,
        client_id=wanted.client_id,
        method=wanted.method,
        origins=tuple(dict.fromkeys((home, *map(_origin, wanted.endpoints)))),
        scope=" ".join(wanted.scope.split()),
        identifier_system=wanted.identifier_system.strip(),
        internal=wanted.internal,
    )


def callback(base_url: str, ehr: str) -> str:
    """The redirect address of one EHR, and of no other one."""
    return f"{base_url}{CALLBACK_PATH}/{ehr}"


def _origin(url: str) -> str:
    found = origin(url)
    if found is None or not is_safe(found):
        raise RegistrationError(f"{url!r} is no whole https address (http for this machine alone)")
    return spelled(found)
