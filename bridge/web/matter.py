"""One decision about sharing on its way from choices to a signature: the same steps for a request and for a change.

Law (`consent.md`, the grant): what is signed is what was shown. The form carries the digest of what it answers, the
draft and the hash of the words, and each is checked again; a draft of another person, of another recipient or of
another matter is as absent as none. A draft opens nothing to anybody. What is shared already in just this way is not
shared twice: the new signature takes the place of the old one, and the page says so.

Rejected: keeping choices in the session (two tabs, one mixed grant), approving without a preview.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bridge.consent import grants
from bridge.consent.gate import Gate, LedgerUnavailable
from bridge.consent.grant import Grant, NotPossible, Standing
from bridge.consent.words import Words
from bridge.pages.asking import Ask, Choice, Errors, Offer, Party
from bridge.pages.languages import LOCALES
from bridge.people.owner import permit
from bridge.people.representation import Represented, authoriser
from bridge.people.sessions import Session
from bridge.period import Instant, ZoneHistory
from bridge.store.clients import Client
from bridge.web import offering, previewing, stating
from bridge.web.choices import Signer, drawn, read
from bridge.web.choosing import held_to, widened
from bridge.web.session import POLICY, Form, entrance
from bridge.web.static import locale_of
from bridge.web.whose import frame, page, problem, public

ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Matter:
    """What is decided, by whom and for whom. `base`: its address; `latest`: when it
    ends at the latest; `digest`: of what is answered; `replaces`: the grant
    that is changed; `leads_to`: where the answer goes, '' for nowhere else; `people`: for whom it could be instead."""

    request: Request
    session: Session
    client: Client
    whose: Represented
    zones: ZoneHistory
    party: Party
    offer: Offer
    latest: Instant
    base: str
    digest: str
    replaces: str = ""
    leads_to: str = ""
    people: Sequence[tuple[str, str, date]] = ()

    @property
    def person(self) -> str:
        """The public id of whom it is about."""
        return public(entrance(self.request).db, self.whose.patient)

    @property
    def decline(self) -> str:
        """Where a no is sent; '' where nobody waits for one."""
        return f"{self.base}/decline" if self.leads_to else ""

    @property
    def headers(self) -> dict[str, str]:
        """A form's answer leads back to the app, which Chromium asks `form-action` about (CSP Level 3, 6.4.1)."""
        split = urlsplit(self.leads_to)
        to = f"{split.scheme}://{split.netloc}" if split.scheme in ("http", "https") else f"{split.scheme}:"
        known = ORIGIN.fullmatch(to) or SCHEME.fullmatch(to)
        policy = POLICY.replace("form-action 'self'", f"form-action 'self' {to}") if known else POLICY
        return {"Content-Security-Policy": policy}


def form(matter: Matter, choice: Choice, errors: Errors, status: int = 200) -> Response:
    """The choices, with what is wrong with them."""
    ask = Ask(
        party=matter.party,
        offer=matter.offer,
        choice=choice,
        action=f"{matter.base}/preview",
        digest=matter.digest,
        person=matter.person,
        decline=matter.decline,
        replaces=matter.replaces,
        errors=errors,
    )
    return _page(matter, "consent/ask.html", status, it=ask, people=matter.people, here=matter.base)


def draw(matter: Matter, sent: Form) -> Response:
    """A draft of what was chosen and the way to its preview, or the form again."""
    db, choice, account = entrance(matter.request).db, read(sent), matter.session.account
    by = authoriser(db, account, matter.whose.patient, db.clock())
    if by is None:
        return problem(matter.request, matter.session, "power", 403)
    patient, to = matter.whose.patient, offering.recipient_of(db, matter.client)
    signer = Signer(by, matter.latest, patient, matter.zones)
    made = drawn(db, choice, matter.offer, matter.client, to, signer)
    if not isinstance(made, Grant):
        return form(matter, choice, made, 422)
    if matter.replaces:
        old = grants.load(db, matter.replaces).grant
        held = held_to(made, old)
        wider = {"ends": "wider"} if held is None else widened(held, old, matter.zones, db.clock())
        if held is None or wider:
            return form(matter, choice, wider, 422)
        made = held
    twin = None if matter.replaces else grants.equal(db, made)
    try:
        draft = grants.draft(db, made, twin.grant.id if twin else matter.replaces)
    except NotPossible:
        return form(matter, choice, {"identity": "mixed"}, 422)
    return RedirectResponse(f"{matter.base}/preview/{draft.grant.id}", 303)


def drafted(matter: Matter, draft: str) -> Standing | None:
    """The draft of that id, where it is one of this matter, drawn by who is signed in, and still inside what is asked
    and inside the share that it changes: another question or a newer version may have come between."""
    db = entrance(matter.request).db
    try:
        standing, replaces = grants.drafted(db, draft)
    except KeyError:
        return None
    grant, client, now = standing.grant, matter.client, db.clock()
    is_ours = grant.patient == matter.whose.patient and grant.recipient.clients == {client.id}
    is_inside = grant.kinds <= matter.offer.asked and grant.purpose == client.purpose
    signer = authoriser(db, matter.session.account, grant.patient, now)
    if not (is_ours and is_inside and grant.authoriser == signer):
        return None
    twin = None if matter.replaces else grants.equal(db, replace(grant, signed=now))
    if replaces != (twin.grant.id if twin else matter.replaces):
        return None
    if twin is not None:
        return standing
    is_wider = replaces and widened(grant, grants.load(db, replaces).grant, matter.zones, now)
    return None if is_wider else standing


async def look(gate: Gate, matter: Matter, draft: str, warning: str = "", status: int = 200) -> Response:
    """What the recipient would see, the exact words, and the two answers."""
    standing = drafted(matter, draft)
    if standing is None:
        return problem(matter.request, matter.session, "draft", back=matter.base)
    grant, db = standing.grant, entrance(matter.request).db
    owner = permit(db, matter.session, grant.patient, db.clock())
    if owner is None:
        return problem(matter.request, matter.session, "power", 403)
    try:
        found = await asyncio.to_thread(previewing.seen, gate, owner, grant)
    except LedgerUnavailable:
        return problem(matter.request, matter.session, "ledger", 503)
    statement = stating.stated(grant, matter.party, matter.zones)
    return _page(
        matter,
        "consent/preview.html",
        status,
        it=previewing.preview(found, grant, matter.party, statement, matter.offer, matter.zones),
        words=stating.words(statement, locale_of(matter.request)),
        warning=warning,
        replaces=matter.replaces,
        is_again=not matter.replaces and bool(grants.drafted(db, draft)[1]),
        **_answers(matter, draft),
    )


def again(matter: Matter, draft: str, words: Words) -> Response:
    """The second question of a first share."""
    return _page(
        matter, "consent/again.html", 200, party=matter.party, words=words, **_answers(matter, draft)
    )


def agreed(matter: Matter, standing: Standing, sent: Form) -> Words | None:
    """The words that were shown, where the form names them by their hash and they still are what the draft says."""
    if sent.one("locale") not in LOCALES:
        return None
    words = stating.words(stating.stated(standing.grant, matter.party, matter.zones), sent.one("locale"))
    return words if words.wording.sha256 == sent.one("words") else None


def _answers(matter: Matter, draft: str) -> dict[str, object]:
    return {
        "draft": draft,
        "digest": matter.digest,
        "person": matter.person,
        "action": f"{matter.base}/approve",
        "decline": matter.decline,
        "back": f"{matter.base}?person={matter.person}&draft={draft}",
    }


def _page(matter: Matter, template: str, status: int, **model: object) -> Response:
    shown = frame(matter.request, matter.session, matter.whose, "shares")
    return page(matter.request, template, status, matter.headers, frame=shown, **model)
