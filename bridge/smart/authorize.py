"""The authorization endpoint: a question of a client, checked whole, becomes pending and goes to the consent page.

Law: SMART App Launch 2.2, app-launch, and RFC 6749 4.1.1 through oauthlib's code grant with S256 alone. Nothing is
ever sent to an address that the client did not register, character for character: a wrong client or address is a
page for the person, every later fault goes back to the registered address with `state` and `iss` (RFC 9207).
`aud` is our FHIR base or the request is refused: a token for us must not be fetched in another's name. A `launch`
is a living handle that was made for this very client. Scopes are cut to what is registered and served
here, the rest is dropped; a list of which nothing is left that a person could share is `invalid_scope` (RFC 6749
4.1.2.1), because its consent page could not be completed.

Rejected: PKCE `plain`, a default address where one alone is registered, prefixes of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from oauthlib.common import Request
from oauthlib.oauth2 import AuthorizationCodeGrant, FatalClientError, OAuth2Error, RequestValidator
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

import bridge.store.clients
import bridge.store.pendings as kept
from bridge.smart.narrowed import kinds_of, served
from bridge.smart.pending import LIFE, Pending, keep, refusal
from bridge.smart.scopes import PERSON, Scopes, granted
from bridge.smart.tokens import digest, fresh, issuer_of
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database
from bridge.store.verifications import fault

PARAMETERS: Final = frozenset(
    {"response_type", "client_id", "redirect_uri", "scope", "state", "aud", "resource", "launch",
     "code_challenge", "code_challenge_method", "nonce", "prompt"}
)  # fmt: skip
CONSENT_PATH: Final = "/consent"
MOST_WAITING: Final = 2000
"""Questions of one client that wait at once; whoever asks more is told to come later."""
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_ECHOED: Final = re.compile(r"[\x20-\x7e]{1,2048}")
"""What comes back to the client as it was sent (RFC 6749 A.5: VSCHAR)."""
UNKNOWN: Final = (
    "The app that sent you here is not known to this server, or it asked for an address that it never "
    "registered. Nothing was sent anywhere."
)
HELD: Final = (
    "The app that sent you here was changed, and nobody has verified it since. Nothing was sent anywhere: tell whoever "
    "runs this server."
)
TWICE: Final = "The app that sent you here said something twice, so it cannot be answered safely."


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser goes: the consent page, or back to the registered address with an error."""

    address: str


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """Nobody can be told but the person; the sentence stands on a page."""

    sentence: str


class S256Grant(AuthorizationCodeGrant):
    """The code grant with the one challenge method of SMART (RFC 7636 4.2)."""

    _code_challenge_methods: Final = {"S256": code_challenge_method_s256}


class AuthorizeEndpoint:
    """Judges questions for one installation; `fhir_base` is what `aud` must be."""

    def __init__(self, db: Database, fhir_base: str) -> None:
        self._db = db
        self._base = fhir_base
        self.issuer = issuer_of(fhir_base)

    def answer(self, form: Sequence[tuple[str, str]]) -> Redirect | Unanswerable:
        """What comes of one question."""
        pairs = [pair for pair in form if pair[0] in PARAMETERS]
        asked = dict(pairs)
        if len(asked) != len(pairs):
            return Unanswerable(TWICE)
        asked["scope"] = " ".join(asked.get("scope", "").split())
        judged = _Asking(self._db)
        request = Request(self.issuer, "POST", urlencode(asked), {})
        try:
            S256Grant(judged).validate_authorization_request(request)
        except FatalClientError:
            return Unanswerable(HELD if judged.is_held else UNKNOWN)
        except OAuth2Error as wrong:
            return self._back(asked, wrong.error or "invalid_request", wrong.description or "")
        if judged.client is None:
            return Unanswerable(UNKNOWN)
        return self._asked(asked, judged.client)

    def _asked(self, asked: dict[str, str], client: Client) -> Redirect:
        wrong = self._fault(asked)
        if wrong is not None:
            return self._back(asked, *wrong)
        now, launch = self._db.clock(), asked.get("launch")
        patient = None if launch is None else kept.handed(self._db, digest(launch), client.id, now)
        if launch is not None and patient is None:
            return self._back(asked, "invalid_request", "the launch is unknown, used or has run out")
        if kept.waiting(self._db, client.id, now) >= MOST_WAITING:
            return self._back(asked, "temporarily_unavailable", "too many requests wait for an answer")
        question = Pending(
            fresh(), client, asked["redirect_uri"], _cut(asked, client), asked["state"], asked.get("nonce", ""),
            asked["code_challenge"], None if launch is None else digest(launch).hex(), now + LIFE, self._base,
            asked.get("prompt", ""), patient,
        )  # fmt: skip
        keep(self._db, question)
        return Redirect(f"{self.issuer}{CONSENT_PATH}/{question.id}")

    def _fault(self, asked: dict[str, str]) -> tuple[str, str] | None:
        """What SMART demands beyond RFC 6749; None where all is there."""
        if not _ECHOED.fullmatch(asked.get("state", "")):
            return "invalid_request", "state is missing, or it is no plain text"
        named = [asked[name] for name in ("aud", "resource") if name in asked]
        if not named or any(each.removesuffix("/") != self._base for each in named):
            return "invalid_request", f"aud must be {self._base}"
        if not _CHALLENGE.fullmatch(asked["code_challenge"]):
            return "invalid_request", "code_challenge is no S256 challenge"
        if not _ECHOED.fullmatch(asked.get("nonce", "-") or "-"):
            return "invalid_request", "nonce is no plain text"
        if "none" in asked.get("prompt", "").split():
            return "interaction_required", "a person decides about every request"
        return None

    def _back(self, asked: dict[str, str], error: str, sentence: str) -> Redirect:
        """The registered address with an error; only ever called once it was found registered."""
        state = asked.get("state", "")
        echoed = state if _ECHOED.fullmatch(state) else ""
        return Redirect(refusal(asked["redirect_uri"], error, sentence, echoed, self.issuer))


class _Asking(RequestValidator):
    """What oauthlib asks about one question."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.client: Client | None = None
        self.is_held = False

    def validate_client_id(self, client_id: str, request: Request, *args: object, **kwargs: object) -> bool:
        """Whether it is a client that people can be sent from."""
        try:
            found = bridge.store.clients.load(self._db, client_id)
        except KeyError:
            return False
        self.is_held = bool(fault(self._db, found))
        self.client = request.client = None if found.type is ClientType.BACKEND or self.is_held else found
        return self.client is not None

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Whether the client registered exactly this address."""
        return self.client is not None and redirect_uri in self.client.redirect_uris

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: object, **kwargs: object
    ) -> str:
        """None: the address is always said."""
        return ""

    def validate_response_type(
        self, client_id: str, response_type: str, *args: object, **kwargs: object
    ) -> bool:
        """A code and nothing beside it."""
        return response_type == "code"

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """For everybody (RFC 9700 2.1.1)."""
        return True

    def get_default_scopes(self, *args: object, **kwargs: object) -> list[str]:
        """None: an app says what it wants."""
        return []

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: object,
        request: Request,
        *args: object,
        **kwargs: object,
    ) -> bool:
        """Whether anything that a person can share is left of them."""
        registered = self.client.scopes if self.client else ""
        return bool(kinds_of(served(granted(" ".join(scopes), registered).of(PERSON))))


def _cut(asked: dict[str, str], client: Client) -> Scopes:
    """The scopes that are asked for, cut to the registered ones; `launch` only where there is one."""
    cut = served(granted(asked["scope"], client.scopes).of(PERSON))
    words = tuple(word for word in cut.words if word != "launch" or "launch" in asked)
    return Scopes(cut.items, words)
