"""The sheet that a person takes home: a code, what it is, and where to enter it; and the same as text for a mail.

Law (issue: print sheet and mail text in plain words): it says who asks, that nothing is shared by entering the code,
until when it works, and nothing about the person beside what they know: no name, no number, no birth date, because a
sheet is left on a bus. It is made once, with the code in it, and kept nowhere.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bridge.pages import Frame, Pages
from bridge.pages.languages import LOCALES
from bridge.people.requests import recipient_name
from bridge.people.sessions import Session
from bridge.people.sharing_codes import Offer, spelled
from bridge.period import Instant
from bridge.web.lobby import moment
from bridge.web.session import entrance
from bridge.web.static import locale_of

_pages = Pages()


def sheet(
    request: Request, known: Session, code: str, offer: Offer, expires: Instant, language: str
) -> Response:
    """The sheet in the person's language."""
    here = entrance(request)
    locale = language if language in LOCALES else locale_of(request)
    model = {
        "recipient": recipient_name(here.db, offer.client),
        "code": spelled(code),
        "until": moment(expires).date(),
        "address": f"{here.base_url}/codes",
        "visit": offer.visit,
    }
    mail = _pages.words("clinic/mail.txt", locale, **model)
    frame = Frame("/clinic/codes", known.csrf, known.name, None, True, "codes")
    return HTMLResponse(_pages.render("clinic/sheet.html", locale, frame=frame, mail=mail, **model))
