"""What oauthlib asks about one token request, and what is kept of its answer.

Law: RFC 6749 and RFC 7636 through oauthlib's grants; the answers come from the store alone. A code is spent the
moment its own client shows it: a wrong verifier or address burns it, because the right client never sends one, and
showing it twice ends the family (RFC 9700 4.5, 4.14). A refresh token is spent at its use and replaced. A request
for more scopes than were approved is cut, never widened. Who asks was proven before (`prover.py`).

Rejected: three attempts for a code (each is a guess that nobody honest needs).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from oauthlib.common import Request
from oauthlib.oauth2 import InvalidGrantError, RequestValidator

import bridge.store.authorisations as families
import bridge.store.tokens
from bridge.period import Instant
from bridge.smart.context import Context, context
from bridge.smart.narrowed import served
from bridge.smart.scopes import SYSTEM, granted, parse
from bridge.smart.tokens import LIFE_SECONDS, digest
from bridge.store.authorisations import NewTokens, Redeemed, Refresh
from bridge.store.clients import Client, ClientType
from bridge.store.db import Database

GRANTS: Final[Mapping[ClientType, frozenset[str]]] = {
    ClientType.BACKEND: frozenset({"client_credentials"}),
    ClientType.PUBLIC: frozenset({"authorization_code", "refresh_token"}),
    ClientType.CONFIDENTIAL: frozenset({"authorization_code", "refresh_token"}),
}
"""Which grants each type of client may use."""


@dataclass(slots=True)
class Issuing(RequestValidator):
    """One request of one client. `prove` says who it is, once; `context` is what a person approved."""

    db: Database
    prove: Callable[[], Client | None]
    now: Instant
    client: Client | None = None
    context: Context | None = None
    _redeemed: Redeemed | None = field(default=None, repr=False)
    _refresh: Refresh | None = field(default=None, repr=False)

    # oauthlib asks through these names; what it hands over beside the request is not needed

    def client_authentication_required(self, request: Request, *args: object, **kwargs: object) -> bool:
        """Always: how a public client is known is the prover's affair too."""
        return True

    def authenticate_client(self, request: Request, *args: object, **kwargs: object) -> bool:
        """Whether the claim holds."""
        self.client = self.prove()
        request.client = self.client
        return self.client is not None

    def validate_grant_type(self, client_id: str, grant_type: str, *args: object, **kwargs: object) -> bool:
        """Whether a client of this type uses that grant."""
        return self.client is not None and grant_type in GRANTS[self.client.type]

    # --------------------------------------------------------------------------------- codes

    def validate_code(
        self, client_id: str, code: str, client: object, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Spend the code; whether it stands for something that a grant still carries."""
        self._redeemed = families.redeem(self.db, digest(code), client_id, self.now)
        return self._redeemed is not None and self._carried(self._redeemed.authorisation, request)

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """For everybody (RFC 9700 2.1.1)."""
        return True

    def get_code_challenge(self, code: str, request: Request) -> str:
        """The S256 challenge of the code."""
        return self._redeemed.challenge if self._redeemed else ""

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        """S256 is the only one that there is."""
        return "S256"

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, *args: object, **kwargs: object
    ) -> bool:
        """Whether it is the address that the code was sent to, character for character."""
        sent = self._redeemed.redirect_uri if self._redeemed else ""
        return hmac.compare_digest(redirect_uri.encode(), sent.encode())

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: object, **kwargs: object
    ) -> str:
        """None: the client says it again (RFC 6749 4.1.3)."""
        return ""

    def invalidate_authorization_code(self, *args: object, **kwargs: object) -> None:
        """Nothing is left to do: it was spent when it was shown."""

    # ------------------------------------------------------------------------------- refresh

    def validate_refresh_token(
        self, refresh_token: str, client: object, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Whether it can be spent, and then it is, unless the request asks for what was never approved."""
        hashed = digest(refresh_token)
        asker = self.client.id if self.client else ""
        self._refresh = families.refreshing(self.db, hashed, asker, self.now)
        if self._refresh is None or not self._carried(self._refresh.authorisation, request):
            return False
        if request.scope and not granted(str(request.scope), " ".join(self.get_original_scopes("", request))):
            return True
        return families.spend(self.db, hashed, self._refresh.authorisation.id, self.now)

    def get_original_scopes(
        self, refresh_token: str, request: Request, *args: object, **kwargs: object
    ) -> list[str]:
        """What the grants in force leave of the refresh token's scopes."""
        if self.context is None or self._refresh is None:
            return []
        return str(self.context.scopes(self._refresh.scope)).split()

    def is_within_original_scope(
        self, request_scopes: list[str], refresh_token: str, request: Request, *args: object, **kwargs: object
    ) -> bool:
        """Cut what is asked to what was approved; whether anything is left."""
        left = granted(" ".join(request_scopes), " ".join(self.get_original_scopes(refresh_token, request)))
        request.scopes = str(left).split()
        return bool(left)

    def rotate_refresh_token(self, request: Request) -> bool:
        """Always (RFC 9700 4.14.2)."""
        return True

    # ---------------------------------------------------------------------- client credentials

    def get_default_scopes(self, *args: object, **kwargs: object) -> list[str]:
        """None: a backend client names what it wants."""
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
        """Cut what a backend client asks to what is registered and served; whether anything is left."""
        registered = self.client.scopes if self.client else ""
        request.scopes = str(served(granted(" ".join(scopes), registered).of(SYSTEM))).split()
        return bool(request.scopes)

    # ------------------------------------------------------------------------------- keeping

    def life(self, request: Request) -> int:
        """Seconds that the access token lives."""
        if self.context is None:
            return LIFE_SECONDS
        return (self.context.access_ends(self.now) - self.now) // 1000

    def save_bearer_token(
        self, token: Mapping[str, object], request: Request, *args: object, **kwargs: object
    ) -> None:
        """Keep the tokens by their hashes. InvalidGrantError where the approval ended meanwhile."""
        hashed, scope = digest(str(token["access_token"])), str(token["scope"])
        expires = self.now + self.life(request) * 1000
        if self.context is None:
            bridge.store.tokens.issue(self.db, hashed, str(request.client_id), scope, expires)
            return
        shown = token.get("refresh_token")
        made = NewTokens(
            hashed,
            expires,
            scope,
            digest(str(shown)) if shown else None,
            self._refresh.scope if self._refresh else self.context.authorisation.scope,
            self.context.refresh_ends(),
        )
        if not families.issue(self.db, self.context.authorisation, made):
            raise InvalidGrantError(request=request)

    def _carried(self, authorisation: families.Authorisation, request: Request) -> bool:
        self.context = context(self.db, authorisation, self.now)
        if self.context is None:
            return False
        request.user = authorisation.account
        request.scopes = str(self.context.scopes(authorisation.scope)).split()
        request.extra_credentials = {"patient": self.context.patient, "need_patient_banner": True}
        return True


def is_openid(scope: object) -> bool:
    """Whether an id_token goes with a token of that scope."""
    return "openid" in parse(str(scope))
