"""The bridge as a SMART app: begin a launch at a registered EHR, and finish it with what the EHR says.

Law (SMART App Launch 2.2, app-launch; RFC 7636; RFC 9700): state, nonce and verifier have 256 random bits and are
kept by whoever began, bound to the browser; the code is redeemed only where that launch began, at the endpoint of
that registration; `aud` is the issuer that launched. What the EHR says is a stranger's text: only fields of the right
form are read. Nothing is asked but to read one Patient and one Encounter, and no access that outlasts the visit,
unless the registration says what else to ask: only then is a refresh token kept (`push/user_token.py`).

Rejected: one redirect address for all EHRs (mix-up), asking for more scopes in case they become useful.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from bridge.net.client import Outbound
from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, NetFault, Request
from bridge.period import Instant
from bridge.smart.ehr_calls import posted
from bridge.smart.ehr_discovery import Discoveries, Flaw, Found
from bridge.smart.ehr_identity import Persona, fhir_user, persona_of
from bridge.smart.ehr_refresh import lifetime
from bridge.smart.ehr_registration import callback
from bridge.smart.record import birth_date_of, day, name_of, numbered, parsed, text, unfit
from bridge.store.db import Database
from bridge.store.ehrs import Ehr

SCOPES: Final = {
    "permission-v2": "launch openid fhirUser patient/Patient.r patient/Encounter.r",
    "permission-v1": "launch openid fhirUser patient/Patient.read patient/Encounter.read",
}
MOST_TOKEN: Final = 64 * 1024
MOST_RECORD: Final = 1024 * 1024
SECONDS: Final = 10.0
OFFLINE: Final = "offline_access"
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Begun:
    """A launch that a browser began: where to send it, and what must be kept for it, unseen by others."""

    address: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """An EHR's Patient: its id there, the identifier that names the record, and how it shows the person."""

    id: str
    system: str
    value: str
    name: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a launch brought. `visit`: the day of the encounter; `token` lives until `until`; `refresh` '': it ends
    then."""

    record: Record
    persona: Persona
    user: str
    visit: date | None
    token: str = field(repr=False)
    until: Instant
    refresh: str = field(default="", repr=False)


class EhrApp:
    """The bridge as an app of every registered EHR. One serves one event loop."""

    def __init__(self, db: Database, net: Outbound, base_url: str) -> None:
        self._db, self._net, self._base = db, net, base_url
        self._discoveries = Discoveries(net)

    async def begin(self, ehr: Ehr, iss: str, launch: str) -> Begun | Flaw:
        """Where the browser goes to be let in by the EHR. `iss`: as the EHR wrote it."""
        found = await self._discoveries.of(ehr, self._db.clock())
        if isinstance(found, Flaw):
            return found
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": ehr.client_id,
            "redirect_uri": callback(self._base, ehr.id),
            "launch": launch,
            "scope": ehr.scope or scopes_for(found),
            "state": state,
            "aud": iss,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization else "?"
        return Begun(f"{found.authorization}{joint}{urlencode(asked)}", state, nonce, verifier)

    async def finish(self, ehr: Ehr, begun: Begun, answer: Mapping[str, str]) -> Arrived | Flaw:
        """What the EHR says for its code. `answer`: the parameters that came back."""
        if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            return Flaw.STATE
        found = await self._discoveries.of(ehr, self._db.clock())
        if isinstance(found, Flaw):
            return found
        if answer.get("iss", "" if found.says_iss else found.issuer) != found.issuer:
            return Flaw.MIX_UP
        if "error" in answer or not answer.get("code"):
            return Flaw.REFUSED
        told = await self._redeemed(ehr, found, begun, answer["code"])
        return told if isinstance(told, Flaw) else await self._arrived(ehr, found, begun, told)

    async def record(self, ehr: Ehr, token: str, id_: str) -> Record | Flaw:
        """The EHR's Patient as it shows it now; a record of nobody who lives is none."""
        patient = await self._read(ehr, token, f"Patient/{id_}")
        is_right = text(patient, "resourceType") == "Patient" and text(patient, "id") == id_
        if not is_right or unfit(patient) is not None:
            return Flaw.NO_PATIENT
        return Record(
            id_, *numbered(patient, ehr.identifier_system), name_of(patient), birth_date_of(patient)
        )

    async def revoke(self, ehr: Ehr, token: str) -> None:
        """Give a token back where the EHR takes it (RFC 7009); that it does not is no fault of anybody here."""
        found = await self._discoveries.of(ehr, self._db.clock())
        if not isinstance(found, Flaw) and found.revocation:
            await self._post(
                ehr, found, found.revocation, {"token": token, "token_type_hint": "access_token"}
            )

    # ---------------------------------------------------------------------------------- what it says

    async def _redeemed(self, ehr: Ehr, found: Found, begun: Begun, code: str) -> Mapping[str, object] | Flaw:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback(self._base, ehr.id),
            "code_verifier": begun.verifier,
        }
        got = await self._post(ehr, found, found.token, form)
        told = parsed(got.body) if isinstance(got, Answer) and got.status == 200 else {}
        is_bearer = text(told, "token_type").lower() == "bearer"
        return (
            told
            if is_bearer and text(told, "access_token").isascii() and text(told, "access_token")
            else Flaw.CODE
        )

    async def _arrived(
        self, ehr: Ehr, found: Found, begun: Begun, told: Mapping[str, object]
    ) -> Arrived | Flaw:
        user = await self._user(ehr, found, begun, text(told, "id_token"))
        if isinstance(user, Flaw):
            return user
        token, patient, encounter = (text(told, name) for name in ("access_token", "patient", "encounter"))
        if not _ID.fullmatch(patient):
            return Flaw.NO_PATIENT
        record = await self.record(ehr, token, patient)
        if isinstance(record, Flaw):
            return record
        visit = await self._visit(ehr, token, encounter) if _ID.fullmatch(encounter) else None
        until = self._db.clock() + lifetime(told.get("expires_in"))
        refresh = text(told, "refresh_token") if OFFLINE in ehr.scope.split() else ""
        return Arrived(record, persona_of(user), user, visit, token, until, refresh)

    async def _user(self, ehr: Ehr, found: Found, begun: Begun, token: str) -> str | Flaw:
        if not token:
            return ""
        if not found.jwks:
            return Flaw.IDENTITY
        got = await self._get(found.jwks, (("accept", "application/json"),), MOST_TOKEN)
        keys = parsed(got.body) if isinstance(got, Answer) and got.status == 200 else {}
        return fhir_user(token, keys, found.issuer, ehr.client_id, begun.nonce, self._db.clock())

    async def _visit(self, ehr: Ehr, token: str, id_: str) -> date | None:
        """The day on which the encounter starts; what has not begun yet says when it is planned to."""
        encounter = await self._read(ehr, token, f"Encounter/{id_}")
        period = encounter.get("period")
        return day(text(period, "start")[:10]) if isinstance(period, dict) else None

    # ----------------------------------------------------------------------------------------- calls

    async def _read(self, ehr: Ehr, token: str, path: str) -> Mapping[str, object]:
        headers = (("accept", "application/fhir+json"), ("authorization", f"Bearer {token}"))
        got = await self._get(f"{ehr.issuer}/{path}", headers, MOST_RECORD)
        return parsed(got.body) if isinstance(got, Answer) and got.status == 200 else {}

    async def _get(self, url: str, headers: tuple[tuple[str, str], ...], limit: int) -> Answer | NetFault:
        return await self._net.fetch(Request(Purpose.EHR, "GET", url, headers, b"", limit, SECONDS))

    async def _post(self, ehr: Ehr, found: Found, url: str, form: dict[str, str]) -> Answer | NetFault:
        return await posted(self._db, self._net, ehr, found, url, form)


def scopes_for(found: Found) -> str:
    """What we ask by ourselves, in the spelling that the EHR knows."""
    return SCOPES["permission-v2" if "permission-v2" in found.capabilities else "permission-v1"]


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
