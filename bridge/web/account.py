"""`/account`: a person's own ways in, devices and tokens, what they were told, and for whom they act.

Law: thin; what may be done is asked of `bridge.people` with the session's account at every act, never of what the
form says. What changes ways in, hands out access or erases asks for a sign-in of the last half hour. What is
shown once (a token, codes, a link) is in one answer and nowhere else. Nobody takes away their last way in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.people import erasure, factors, notices, owner, passkeys, passwords, sessions, tickets
from bridge.people import representatives as others
from bridge.people.notices import What
from bridge.people.passkeys import site
from bridge.people.representation import Power, people_of
from bridge.people.sessions import Session
from bridge.period import Instant, ZoneHistory
from bridge.store import accounts, custody
from bridge.store import passkeys as kept_passkeys
from bridge.store.db import Database
from bridge.store.patients import load as load_patient
from bridge.web.lobby import device, shown
from bridge.web.session import Form, checked_form, clear_cookie, entrance, fresh, person
from bridge.web.stating import local

DONE: Final = frozenset(
    {"passkey", "passkey-gone", "password", "device", "token-gone", "erasure", "called-off", "ended"}
)
FAULTS: Final = frozenset(
    {"last", "passkey", "code", "short", "long", "own-name", "simple", "old", "not-allowed", "days"}
)
Act: TypeAlias = Callable[[Request, Session, Form], Awaitable[Response]]


def routes() -> list[Route]:
    """The account's page and what can be done on it."""
    acts: dict[str, tuple[Act, bool]] = {
        "passkeys": (_add_passkey, True),
        "passkeys/remove": (_remove_passkey, True),
        "password": (_set_password, True),
        "recovery": (_new_codes, True),
        "devices": (_end_devices, False),
        "tokens": (_new_token, True),
        "tokens/end": (_end_token, False),
        "erasure": (_erasure, True),
        "representatives/end": (_end_representative, True),
        "representatives": (_name_representative, True),
    }
    made = [
        Route(f"/account/{name}", _posted(act, is_fresh), methods=["POST"])
        for name, (act, is_fresh) in acts.items()
    ]
    return [Route("/account", _page, methods=["GET"]), *made]


def _posted(act: Act, is_fresh: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        known = await person(request)
        form = await checked_form(request, known)
        if is_fresh:
            fresh(request, known)
        return await act(request, known, form)

    return answer


async def _page(request: Request) -> Response:
    known = await person(request)
    done, fault = request.query_params.get("done", ""), request.query_params.get("fault", "")
    told = {"done": done if done in DONE else "", "fault": fault if fault in FAULTS else ""}
    model = await asyncio.to_thread(_model, request, known)
    return shown(request, "people/account.html", known, "account", **told, **model)


def _model(request: Request, known: Session) -> dict[str, object]:
    """Everything on the page; notices are marked as shown."""
    here = entrance(request)
    db, now = here.db, here.clock()
    one, keys, where = (
        accounts.load(db, known.account),
        kept_passkeys.listed(db, known.account),
        site(here.base_url),
    )
    news = notices.listed(db, known.account)
    if news and news[0].is_new:
        notices.saw(db, known.account, news[0].number, now)
    asked, secret = passkeys.challenge(), factors.new_secret()
    login = one.login if one else ""
    ticket = tickets.ticket(db, "account", known.csrf, [secret, asked.hex()], now)
    zones, zone = _zones(db, known.account, now)
    return {
        "zone": zone,
        "login": login,
        "has_password": one is not None and one.password is not None,
        "passkeys": [(each.credential.hex(), each.label, local(each.made, zones)) for each in keys],
        "codes_left": accounts.recovery_left(db, known.account),
        "devices": [
            (each.id, each.device, local(each.seen, zones), each.id == known.id)
            for each in sessions.devices(db, known.account, now)
        ],
        "tokens": [
            (each.id, each.device, local(each.expires, zones))
            for each in owner.listed(db, known.account, now)
        ],
        "notices": [(each.what, each.texts, local(each.at, zones), each.is_new) for each in news],
        "people": [
            _person(db, known.account, each.patient) | {"one": each}
            for each in people_of(db, known.account, now)
        ],
        "ticket": ticket,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "picture": segno.make(factors.address(secret, login), error="m").svg_data_uri(scale=4, light="#fff"),
        "options": passkeys.creation(where, known.account, login or known.name, keys, asked) if where else "",
    }


def _zones(db: Database, account: str, now: Instant) -> tuple[ZoneHistory, str]:
    """Where the clock stands of who is signed in: their own, else that of whom they act for; and what it is called."""
    found = sorted(people_of(db, account, now), key=lambda each: not each.is_self)
    zones = load_patient(db, found[0].patient).zones if found else ZoneHistory.always("UTC")
    return zones, zones.entries[-1][1]


def _person(db: Database, account: str, patient: int) -> dict[str, object]:
    now, pending = db.clock(), erasure.pending(db, patient)
    found = others.representatives(db, account, patient, now)
    own = next((each for each in people_of(db, account, now) if each.patient == patient), None)
    zones = load_patient(db, patient).zones
    return {
        "zone": zones.entries[-1][1],
        "others": [
            (each, local(each.until, zones) if each.until else None)
            for each in found
            if each.account != account
        ],
        "own": [each for each in found if each.account == account and each.may_end],
        "erasure": local(pending.due, zones) if pending else None,
        "stays": custody.of(db, patient),
        "may_erase": own is not None and Power.ERASE in own.powers,
        "may_name": own is not None and Power.GRANT in own.powers and own.kind in others.MAY_NAME,
    }


def _back(done: str = "", fault: str = "") -> Response:
    return RedirectResponse(f"/account?done={done}" if done else f"/account?fault={fault}", 303)


# ------------------------------------------------------------------------------------------ ways in


async def _add_passkey(request: Request, known: Session, form: Form) -> Response:
    here = entrance(request)
    now, where = here.clock(), site(here.base_url)
    texts = tickets.opened(here.db, "account", known.csrf, form.one("ticket"), now)
    if where is None or texts is None:
        return _back(fault="old")
    label = form.one("label") or device(request.headers.get("user-agent", ""))
    made = passkeys.made(where, known.account, form.one("credential"), bytes.fromhex(texts[1]), label, now)
    if made is None or not await asyncio.to_thread(kept_passkeys.add, here.db, made):
        return _back(fault="passkey")
    await asyncio.to_thread(notices.tell, here.db, known.account, None, What.PASSKEY_ADDED, made.label)
    return _back("passkey")


async def _remove_passkey(request: Request, known: Session, form: Form) -> Response:
    here = entrance(request)
    one, keys = accounts.load(here.db, known.account), kept_passkeys.listed(here.db, known.account)
    if len(keys) < 2 and (one is None or one.password is None):
        return _back(fault="last")
    wanted = next((each.credential for each in keys if each.credential.hex() == form.one("credential")), b"")
    await asyncio.to_thread(kept_passkeys.remove, here.db, known.account, wanted)
    await asyncio.to_thread(notices.tell, here.db, known.account, None, What.WAYS_CHANGED)
    return _back("passkey-gone")


async def _set_password(request: Request, known: Session, form: Form) -> Response:
    """A password and an app, both new; every other device is signed out."""
    here = entrance(request)
    now, one = here.clock(), accounts.load(here.db, known.account)
    texts = tickets.opened(here.db, "account", known.csrf, form.one("ticket"), now)
    if texts is None or one is None:
        return _back(fault="old")
    weak = passwords.weakness(form.raw("password"), one.login, one.name)
    if weak is not None:
        return _back(fault=weak.value)
    if factors.step_of(texts[0], form.one("code"), now) is None:
        return _back(fault="code")
    await asyncio.to_thread(_keep_password, here.db, known, texts[0], form)
    return _back("password")


def _keep_password(db: Database, known: Session, secret: str, form: Form) -> None:
    accounts.set_password(db, known.account, passwords.encoded(form.raw("password")))
    accounts.set_totp(db, known.account, secret)
    factors.take(db, known.account, form.one("code"), db.clock())
    sessions.end_everywhere(db, known.account, but=known.id)
    notices.tell(db, known.account, None, What.WAYS_CHANGED)


async def _new_codes(request: Request, known: Session, form: Form) -> Response:
    codes = await asyncio.to_thread(factors.renew_recovery, entrance(request).db, known.account)
    return shown(request, "people/codes.html", known, "account", codes=codes, onward="/account")


async def _end_devices(request: Request, known: Session, form: Form) -> Response:
    """Sign out one device, or every one, this one too."""
    here, wanted = entrance(request), form.one("device")
    if wanted != "all":
        await asyncio.to_thread(sessions.end_one, here.db, known.account, wanted)
        return _back("device")
    await asyncio.to_thread(sessions.end_everywhere, here.db, known.account)
    answer = RedirectResponse("/sign-in", 303)
    clear_cookie(request, answer)
    return answer


# ------------------------------------------------------------------------------------------ tokens


async def _new_token(request: Request, known: Session, form: Form) -> Response:
    here = entrance(request)
    issue = partial(owner.issue, device=form.one("device"), days=_number(form, "days"), now=here.clock())
    try:
        token = await asyncio.to_thread(issue, here.db, known.account, _number(form, "patient"))
    except ValueError:
        return _back(fault="days")
    if token is None:
        return _back(fault="not-allowed")
    base = f"{here.base_url}/fhir"
    return shown(request, "people/token.html", known, "account", token=token, base=base)


async def _end_token(request: Request, known: Session, form: Form) -> Response:
    await asyncio.to_thread(owner.end, entrance(request).db, known.account, form.one("token"))
    return _back("token-gone")


# ------------------------------------------------------------------------------------------ people


async def _erasure(request: Request, known: Session, form: Form) -> Response:
    here, patient = entrance(request), _number(form, "patient")
    if form.one("act") == "call-off":
        did = await asyncio.to_thread(erasure.call_off, here.db, known.account, patient, here.clock())
        return _back("called-off") if did else _back(fault="not-allowed")
    if form.one("sure") != "yes":
        return _back(fault="not-allowed")
    asked = await asyncio.to_thread(erasure.ask, here.db, known.account, patient, here.clock())
    return _back("erasure") if asked else _back(fault="not-allowed")


async def _end_representative(request: Request, known: Session, form: Form) -> Response:
    here = entrance(request)
    end = partial(others.end, number=_number(form, "number"), now=here.clock())
    did = await asyncio.to_thread(end, here.db, known.account, _number(form, "patient"))
    return _back("ended") if did else _back(fault="not-allowed")


async def _name_representative(request: Request, known: Session, form: Form) -> Response:
    here = entrance(request)
    name = partial(others.name, to=form.one("to"), days=_number(form, "days"), now=here.clock())
    try:
        code = await asyncio.to_thread(name, here.db, known.account, _number(form, "patient"))
    except ValueError:
        return _back(fault="days")
    if code is None:
        return _back(fault="not-allowed")
    link = f"{here.base_url}/sign-up/{code}"
    return shown(request, "people/invited.html", known, "account", link=link)


def _number(form: Form, name: str) -> int:
    text = form.one(name)
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise HTTPException(422, "form")
    return int(text)
