"""One authorisation that was asked for and waits for a person: kept, shown, answered.

Law: everything that a client says is checked before it becomes pending (`authorize.py`), so an answer goes to a
registered address and nowhere else. A pending is found by a random id, lives ten minutes, and is answered once.
What is approved is what was shown: `digest` is the hash of the whole question, which the form carries and the
answer checks (consent swap). An approval never widens: its scopes are cut to what was asked and to what the
signed grant leaves, and the grant must be active, for this client and its purpose, of the patient in context.

Rejected: the question in a signed cookie or URL (it could be answered twice).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import bridge.store.clients
import bridge.store.pendings as kept
from bridge.consent import authorising, grants
from bridge.consent.authorising import AUTHORISED, DECLINED
from bridge.consent.grant import Grant, State, state_at
from bridge.period import Instant
from bridge.smart.narrowed import narrowed
from bridge.smart.scopes import Scopes, met, parse
from bridge.smart.tokens import digest, fresh, issuer_of
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.pendings import Approval, PendingRow

LIFE: Final = 600_000
"""How long a person may think (ms)."""
CODE_LIFE: Final = 60_000
SELF: Final = frozenset({"patient", "owner"})
"""Roles in which whoever signed is the patient."""


class NotApproved(Exception):
    """An answer that cannot be given; the sentence says why. Nothing was issued."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What one client asks. `id` is the secret of the address; `scopes` is cut to what is registered;
    `launch`: the hash (hex) of the handle that an EHR launch brought, None standalone; `patient`: whom that
    handle has in context, and nobody else may then be chosen; `aud`: our FHIR base; `request`: of ours, that a share
    answers (`sharing.py`), '' where a client waits for a code."""

    id: str
    client: Client
    redirect_uri: str
    scopes: Scopes
    state: str
    nonce: str
    challenge: str
    launch: str | None
    expires: Instant
    aud: str
    prompt: str
    patient: int | None = None
    request: str = ""

    @property
    def digest(self) -> str:
        """The hash (hex) of everything that was asked, and by whom."""
        asker, scopes = self.client, str(self.scopes)
        told = (
            self.id, asker.id, asker.name, asker.organization, asker.purpose, self.redirect_uri, scopes,
            self.state, self.nonce, self.challenge, self.launch, self.patient, self.aud, self.prompt,
            self.request,
        )  # fmt: skip
        return sha256(repr(told).encode()).hexdigest()


def keep(db: Database, pending: Pending) -> None:
    """Keep a question that `authorize` has checked."""
    kept.keep(db, digest(pending.id), _row(pending))


def load(db: Database, id: str, now: Instant) -> Pending | None:
    """The living, unanswered question of that id; None where there is none, or its client is gone."""
    row = kept.find(db, digest(id), now)
    if row is None:
        return None
    try:
        client = bridge.store.clients.load(db, row.client)
    except KeyError:
        return None
    launch = None if row.launch is None else row.launch.hex()
    return Pending(
        id, client, row.redirect_uri, parse(row.scope), row.state, row.nonce, row.challenge, launch,
        row.expires, row.aud, row.prompt, row.patient, row.request or "",
    )  # fmt: skip


def approve(
    db: Database,
    pending: Pending,
    account: str,
    patient: int,
    grant: str,
    scopes: Scopes,
    now: Instant,
    by: str = "",
) -> str:
    """Answer with yes, under the signed grant of that id: the address to go back to, with a one-use code; a share
    goes back to a page of ours, without one. `by`: the name of whoever answered, for the ledger. NotApproved where
    the grant does not fit or the question was answered before."""
    signed = _fitting(db, pending, patient, grant, now)
    if pending.request:
        under, asked = (grant, signed.version), str(pending.scopes)
        authorising.record(db, patient, pending.client, AUTHORISED, by, asked, under)
        if not kept.share(db, digest(pending.id), pending.request, "approved", grant, now):
            raise NotApproved("this request was answered before, or it has run out")
        return pending.redirect_uri
    left = narrowed(met(pending.scopes, scopes), signed.kinds, signed.ways)
    is_self = signed.authoriser.role in SELF
    if not is_self:
        left = Scopes(left.items, tuple(word for word in left.words if word != "fhirUser"))
    code = fresh()
    made = Approval(
        secrets.token_hex(16), patient, account, grant, str(left), is_self, digest(code), now + CODE_LIFE
    )
    authorising.record(db, patient, pending.client, AUTHORISED, by, str(left), (grant, signed.version))
    if not kept.approve(db, digest(pending.id), _row(pending), made, now):
        raise NotApproved("this request was answered before, or it has run out: start again from the app")
    return address(pending.redirect_uri, code=code, state=pending.state, iss=issuer_of(pending.aud))


def decline(db: Database, pending: Pending, now: Instant, patient: int | None = None, by: str = "") -> str:
    """Answer with no: the address to go back to. Saying it twice says nothing more. `patient`: whose ledger tells it,
    as answered by the name `by`."""
    if pending.request:
        kept.share(db, digest(pending.id), pending.request, "declined", "", now)
    else:
        kept.decline(db, digest(pending.id), now)
    if patient is not None:
        authorising.record(db, patient, pending.client, DECLINED, by, str(pending.scopes), None)
    if pending.request:
        return pending.redirect_uri
    said = "The person declined."
    return refusal(pending.redirect_uri, "access_denied", said, pending.state, issuer_of(pending.aud))


def refusal(redirect_uri: str, error: str, sentence: str, state: str, issuer: str) -> str:
    """The registered address with an error (RFC 6749 4.1.2.1)."""
    told = {"error": error, "error_description": sentence}
    return address(redirect_uri, **told, **({"state": state} if state else {}), iss=issuer)


def address(redirect_uri: str, **parameters: str) -> str:
    """A registered address with parameters behind those that it has (RFC 6749 3.1.2)."""
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{joint}{urlencode(parameters, quote_via=quote)}"


def _row(pending: Pending) -> PendingRow:
    launch = None if pending.launch is None else bytes.fromhex(pending.launch)
    return PendingRow(
        pending.client.id, pending.redirect_uri, str(pending.scopes), pending.state, pending.nonce,
        pending.challenge, launch, pending.patient, pending.aud, pending.prompt, pending.expires,
        pending.request or None,
    )  # fmt: skip


def _fitting(db: Database, pending: Pending, patient: int, grant: str, now: Instant) -> Grant:
    """The grant, where it may answer this question."""
    if pending.patient not in (None, patient):
        raise NotApproved("the launch is about another person than the one who was chosen")
    try:
        standing = grants.load(db, grant)
    except KeyError as unknown:
        raise NotApproved("there is no such grant") from unknown
    signed, client = standing.grant, pending.client
    if signed.patient != patient:
        raise NotApproved("the grant is of another person")
    if not signed.recipient.includes(client.id, client.organization) or signed.purpose != client.purpose:
        raise NotApproved("the grant is for another recipient or purpose than the one who asks")
    if state_at(standing, now) is not State.ACTIVE:
        raise NotApproved("the grant is not in force")
    return signed
