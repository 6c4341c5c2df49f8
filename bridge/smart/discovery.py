"""What this installation offers to programs that never met it: SMART and OpenID Connect discovery.

Law: SMART App Launch 2.2, conformance, and OpenID Connect Discovery 3; every line is true of the running program
and the same for everyone (L38): made once, from the address alone. Only extra capabilities that an HL7 guide
defines would be plain words; there are none. `S256` is the only challenge method.
"""

from __future__ import annotations

import json
from typing import Final

from bridge.smart.assertion import KTY_OF
from bridge.smart.narrowed import ORDERED, SUBMITTED, TYPES
from bridge.smart.scopes import WORDS
from bridge.smart.signer import ALG
from bridge.smart.tokens import issuer_of

AUTH_PATH: Final = "/auth/token"
AUTHORIZE_PATH: Final = "/auth/authorize"
INTROSPECT_PATH: Final = "/auth/introspect"
REVOKE_PATH: Final = "/auth/revoke"
JWKS_PATH: Final = "/auth/jwks.json"
BRANDS_PATH: Final = "/fhir/.well-known/user-access-brands"
MANAGE_PATH: Final = "/shares"
"""The patient's page of who has access."""
CAPABILITIES: Final = (
    "launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric",
    "client-confidential-asymmetric", "sso-openid-connect", "context-banner", "context-ehr-patient",
    "context-standalone-patient", "permission-offline", "permission-online", "permission-patient",
    "permission-user", "permission-v1", "permission-v2",
)  # fmt: skip
METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_READ: Final = ("*.rs", *(f"{kind}.rs" for kind in TYPES), "*.read")
_CREATED: Final = tuple(f"system/{kind}.c" for kind in SUBMITTED)
SCOPES: Final = (
    *WORDS,
    *(f"{who}/{what}" for who in ("patient", "user", "system") for what in _READ),
    *_CREATED,
    f"system/{ORDERED}.crus",
    "system/Subscription.cruds",
)


def token_url(base_url: str) -> str:
    """The absolute address of the token endpoint; `base_url` has no slash at its end."""
    return base_url + AUTH_PATH


def configuration(base_url: str) -> bytes:
    """The SMART discovery document as JSON."""
    told = _shared(base_url) | {
        "introspection_endpoint": base_url + INTROSPECT_PATH,
        "revocation_endpoint": base_url + REVOKE_PATH,
        "management_endpoint": base_url + MANAGE_PATH,
        "user_access_brand_bundle": base_url + BRANDS_PATH,
        "user_access_brand_identifier": {"system": "urn:ietf:rfc:3986", "value": base_url},
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "capabilities": list(CAPABILITIES),
    }
    return json.dumps(told, indent=2).encode()


def openid(base_url: str) -> bytes:
    """The OpenID Connect discovery document as JSON."""
    told = _shared(base_url) | {
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALG],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
    return json.dumps(told, indent=2).encode()


def _shared(base_url: str) -> dict[str, object]:
    return {
        "issuer": issuer_of(base_url),
        "jwks_uri": base_url + JWKS_PATH,
        "authorization_endpoint": base_url + AUTHORIZE_PATH,
        "token_endpoint": token_url(base_url),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "token_endpoint_auth_methods_supported": ["none", *METHODS],
        "token_endpoint_auth_signing_alg_values_supported": list(KTY_OF),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": list(SCOPES),
    }
