"""Passkeys: WebAuthn Level 3 ceremonies, by py_webauthn, with the person verified by their device.

Law: a passkey is both factors, so user verification is required and checked, not asked for. It is discoverable:
signing in names no account, so nobody learns which there are. Origin and host come from the public address of the
installation, never from the request. A host that is an IP address can have none (WebAuthn 5.1.2: effective
domain); the page then offers the password alone. Attestation is not asked for: which device somebody owns is
their affair. Rejected: own CBOR and signature code.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bridge.period import Instant
from bridge.store import passkeys as kept
from bridge.store.db import Database
from bridge.store.passkeys import Passkey

NAME: Final = "CGM bridge"
MOST: Final = 32 * 1024
LABEL_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys belong: the host and the origin of the public address."""

    host: str
    origin: str


def site(base_url: str) -> Site | None:
    """The site of a public address; None where its host can have no passkeys."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        is_safe = parts.scheme == "https" or host == "localhost"
        return Site(host, f"{parts.scheme}://{parts.netloc}") if host and is_safe else None
    return None


def challenge() -> bytes:
    """A new challenge: 256 random bits."""
    return secrets.token_bytes(32)


def creation(where: Site, account: str, name: str, known: tuple[Passkey, ...], asked: bytes) -> str:
    """The options with which a browser makes a passkey, as JSON. A `name` that is not known yet is the page's to fill
    in: the library takes none that is empty."""
    return options_to_json(
        generate_registration_options(
            rp_id=where.host,
            rp_name=NAME,
            user_id=account.encode(),
            user_name=name or NAME,
            user_display_name=name,
            challenge=asked,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential) for each in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def request(where: Site, asked: bytes) -> str:
    """The options with which a browser signs in by any passkey of this site, as JSON."""
    return options_to_json(
        generate_authentication_options(
            rp_id=where.host, challenge=asked, user_verification=UserVerificationRequirement.REQUIRED
        )
    )


def made(where: Site, account: str, answer: str, asked: bytes, label: str, now: Instant) -> Passkey | None:
    """The passkey that a browser made in answer to `asked`; None where the answer does not prove it."""
    try:
        found = verify_registration_response(
            credential=answer[:MOST],
            expected_challenge=asked,
            expected_rp_id=where.host,
            expected_origin=where.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    told = label.strip()[:LABEL_LENGTH]
    return Passkey(
        found.credential_id, account, found.credential_public_key, found.sign_count, told, now, None
    )


def signer(db: Database, where: Site, answer: str, asked: bytes, now: Instant) -> str | None:
    """The account whose passkey signed `asked`; None where none did."""
    try:
        shown = parse_authentication_credential_json(answer[:MOST])
        known = kept.find(db, base64url_to_bytes(shown.id))
        if known is None or shown.response.user_handle not in (None, known.account.encode()):
            return None
        found = verify_authentication_response(
            credential=shown,
            expected_challenge=asked,
            expected_rp_id=where.host,
            expected_origin=where.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    kept.used(db, known.credential, found.new_sign_count, now)
    return known.account
