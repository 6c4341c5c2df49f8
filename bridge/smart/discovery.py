"""`.well-known/smart-configuration`: what this installation offers, and nothing that it does not.

Law: SMART App Launch 2.2, conformance; every line is true of the running program. There is no
authorization_endpoint because nobody can log in here yet, and no issuer or jwks_uri because there is no
OpenID Connect. The same for everyone (L38): it is made once, from the address alone.
"""

from __future__ import annotations

import json
from typing import Final

from bridge.smart.assertion import KTY_OF

AUTH_PATH: Final = "/auth/token"
TYPES: Final = ("Observation", "MedicationAdministration", "Device", "Patient", "Provenance")
SCOPES: Final = ("system/*.rs", *(f"system/{kind}.rs" for kind in TYPES), "system/*.read")


def token_url(base_url: str) -> str:
    """The absolute address of the token endpoint; `base_url` has no slash at its end."""
    return base_url + AUTH_PATH


def configuration(base_url: str) -> bytes:
    """The discovery document as JSON."""
    return json.dumps(
        {
            "token_endpoint": token_url(base_url),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(KTY_OF),
            "scopes_supported": list(SCOPES),
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
        },
        indent=2,
    ).encode()
