"""The id_token of an EHR: who launched us, where the EHR says it under its signature.

Law (OpenID Connect Core 3.1.3.7; SMART App Launch 2.2, scopes-and-launch-context): signed by a key that the EHR
publishes, by an asymmetric algorithm; issuer, audience, nonce and times hold, or the launch ends. Who somebody is
says `fhirUser`, and without it nobody knows: then the launch can do only what a person's own session can do.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.period import Instant
from bridge.smart.ehr_discovery import Flaw
from bridge.smart.record import members

ALGORITHMS: Final = ("RS256", "RS384", "PS256", "ES256", "ES384")
LEEWAY_MS: Final = 60_000
_PUBLIC: Final = ("kty", "n", "e", "crv", "x", "y", "kid", "alg")
_USER: Final = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})$")


class Persona(StrEnum):
    """In what capacity somebody launched."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    UNKNOWN = "unknown"


PERSONAS: Final = {
    "Patient": Persona.PATIENT,
    "RelatedPerson": Persona.PATIENT,
    "Practitioner": Persona.CLINICIAN,
    "PractitionerRole": Persona.CLINICIAN,
}


def persona_of(fhir_user: str) -> Persona:
    """The persona of a `fhirUser` claim."""
    match = _USER.search(fhir_user)
    return PERSONAS.get(match[1], Persona.UNKNOWN) if match else Persona.UNKNOWN


def fhir_user(
    token: str, keys: Mapping[str, object], issuer: str, client_id: str, nonce: str, now: Instant
) -> str | Flaw:
    """The `fhirUser` of a verified id_token, '' where it has none."""
    try:
        known = KeySet.import_key_set({"keys": _signing(keys)})
        claims = jwt.decode(token, known, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError, KeyError):
        return Flaw.IDENTITY
    if not _holds(claims, issuer, client_id, nonce, now):
        return Flaw.IDENTITY
    told = claims.get("fhirUser")
    return told if isinstance(told, str) else ""


def _holds(claims: Mapping[str, object], issuer: str, client_id: str, nonce: str, now: Instant) -> bool:
    audience = claims.get("aud")
    heard = audience if isinstance(audience, list) else [audience]
    begun, ends = claims.get("iat"), claims.get("exp")
    return (
        claims.get("iss") == issuer
        and client_id in heard
        and claims.get("azp", client_id) == client_id
        and hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode())
        and isinstance(begun, int | float)
        and isinstance(ends, int | float)
        and begun * 1000 - LEEWAY_MS <= now < ends * 1000 + LEEWAY_MS
    )


def _signing(keys: Mapping[str, object]) -> list[dict[str, str | list[str]]]:
    """The public halves of the keys that can sign."""
    return [
        {name: str(each[name]) for name in _PUBLIC if name in each}
        for each in members(keys, "keys")
        if each.get("kty") in ("RSA", "EC") and each.get("use", "sig") == "sig"
    ]
