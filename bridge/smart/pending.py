"""One authorisation that was asked for and waits for a person: kept, shown, answered.

Law: everything that a client says is checked before it becomes pending (`authorize.py`), so an answer goes to a
registered address and nowhere else. A pending is found by a random id, lives ten minutes, and is answered once.
What is approved is what was shown: `digest` is the hash of the whole question, which the form carries and the
answer checks (consent swap). An approval never widens: its scopes are cut to what was asked and to what the
signed grant leaves, and the grant must be active, for this client and its purpose, of the patient in context. The
signature, the answer and its row in the ledger are one step: all of it happened, or nothing did.

Rejected: the question in a signed cookie or URL (it could be answered twice); signing first and ending the grant where
no code can be given (what ends it can fail as well).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import bridge.store.answers as answers
import bridge.store.clients
import bridge.store.pendings as kept
from bridge.consent import authorising, grants
from bridge.consent.grant import Grant, Standing, State, state_at
from bridge.consent.words import Words
from bridge.period import Instant
from bridge.smart.narrowed import narrowed
from bridge.smart.scopes import Scopes, met, parse
from bridge.smart.tokens import digest, fresh, issuer_of
from bridge.store.answers import AnsweredBefore, Claim
from bridge.store.clients import Client
from bridge.store.db import Database
from bridge.store.entries import Authorisation
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


def sign(
    db: Database, pending: Pending, account: str, draft: str, words: Words, by: str = ""
) -> tuple[Grant, str]:
    """Answer with yes by signing a draft under the words that were shown: what was signed, and the address to go back
    to, with a one-use code; a share goes back to a page of ours, without one. The grant, the answer and its row are
    kept together or not at all. `by`: the name of whoever answers. NotApproved where the draft does not fit or the
    question was answered before; LedgerUnavailable, Erased, and what stands against signing."""
    code = fresh()

    def answering(standing: Standing) -> tuple[Claim, Authorisation]:
        now = db.clock()
        _fits(pending, standing, standing.grant.patient, now)
        return _yes(db, pending, account, standing.grant, pending.scopes, code, now, by)

    try:
        signed = grants.sign_draft(db, draft, words, by, answering)
    except AnsweredBefore as late:
        raise NotApproved(f"{late}: start again from the app") from late
    return signed.grant, _back(pending, code)


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
    """Answer with yes under a grant that was signed before: the address as of `sign`. `scopes`: the most that is given
    of what was asked. NotApproved where the grant does not fit or the question was answered before."""
    try:
        standing = grants.load(db, grant)
    except KeyError as unknown:
        raise NotApproved("there is no such grant") from unknown
    _fits(pending, standing, patient, now)
    code = fresh()
    try:
        answers.keep(db, *_yes(db, pending, account, standing.grant, scopes, code, now, by))
    except AnsweredBefore as late:
        raise NotApproved(f"{late}: start again from the app") from late
    return _back(pending, code)


def decline(db: Database, pending: Pending, now: Instant, patient: int | None = None, by: str = "") -> str:
    """Answer with no: the address to go back to. `patient`: whose ledger tells it, as answered by the name `by`.
    NotApproved where the question was answered before; LedgerUnavailable, Erased: then it waits as it did."""
    hashed, asked = digest(pending.id), str(pending.scopes)
    if pending.request:
        claim = kept.sharing(hashed, pending.request, "declined", "", now)
    else:
        claim = kept.declining(hashed, now)
    told = None if patient is None else authorising.declined(db, patient, pending.client, by, asked)
    try:
        answers.keep(db, claim, told)
    except AnsweredBefore as late:
        raise NotApproved(str(late)) from late
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


def _yes(
    db: Database,
    pending: Pending,
    account: str,
    signed: Grant,
    scopes: Scopes,
    code: str,
    now: Instant,
    by: str,
) -> tuple[Claim, Authorisation]:
    """The answer under that grant, and the row that tells what was asked and what of it is given."""
    hashed, is_self = digest(pending.id), signed.authoriser.role in SELF
    left = narrowed(met(pending.scopes, scopes), signed.kinds, signed.ways)
    if not is_self:
        left = Scopes(left.items, tuple(word for word in left.words if word != "fhirUser"))
    made = Approval(
        secrets.token_hex(16), signed.patient, account, signed.id, str(left), is_self, digest(code),
        now + CODE_LIFE,
    )  # fmt: skip
    if pending.request:
        claim = kept.sharing(hashed, pending.request, "approved", signed.id, now)
    else:
        claim = kept.approving(hashed, _row(pending), made, now)
    asked, under = str(pending.scopes), (signed.id, signed.version)
    return claim, authorising.authorised(db, signed.patient, pending.client, by, asked, str(left), under)


def _back(pending: Pending, code: str) -> str:
    if pending.request:
        return pending.redirect_uri
    return address(pending.redirect_uri, code=code, state=pending.state, iss=issuer_of(pending.aud))


def _fits(pending: Pending, standing: Standing, patient: int, now: Instant) -> None:
    """NotApproved where the grant may not answer this question."""
    signed, client = standing.grant, pending.client
    if pending.patient not in (None, patient):
        raise NotApproved("the launch is about another person than the one who was chosen")
    if signed.patient != patient:
        raise NotApproved("the grant is of another person")
    if not signed.recipient.includes(client.id, client.organization) or signed.purpose != client.purpose:
        raise NotApproved("the grant is for another recipient or purpose than the one who asks")
    if state_at(standing, now) is not State.ACTIVE:
        raise NotApproved("the grant is not in force")
