"""A launched app and the person who decides, over the routes of a whole bridge.

The consent page stands beside; here its answer is given by hand: a grant is signed and the question approved, as the
page does it.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx

import bridge.store.clients
from bridge.consent.asked import Kind
from bridge.consent.grant import Authoriser, Recipient
from bridge.period import DAY
from bridge.smart.pending import Pending, approve, decline, load
from bridge.smart.registration import Registration, client, with_secret
from bridge.smart.scopes import Scopes
from bridge.store.clients import Client
from tests.web.world import BASE_URL, FHIR, World

REDIRECT: Final = "https://app.example/callback"
ORIGIN: Final = "https://app.example"
LAUNCH: Final = "https://app.example/launch"
VERIFIER: Final = "v" * 43 + "-Verifier_1"
CHALLENGE: Final = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE: Final = "launch/patient openid fhirUser offline_access patient/*.rs"
STATE: Final = "sixteen-characte"
ACCOUNT: Final = "account-of-ada"


@dataclass
class App:
    """A registered app as its code behaves. `secret`: where it has one."""

    world: World
    client: Client
    secret: str | None = None
    redirect: str = REDIRECT
    said: dict[str, Any] = field(default_factory=dict)
    grant: str = ""
    is_basic: bool = True

    # ------------------------------------------------------------------------------------ asking

    def question(self, scope: str = SCOPE, **changed: str | None) -> dict[str, str]:
        """The parameters of a good authorization request; None takes one away."""
        base = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.redirect,
            "scope": scope,
            "state": STATE,
            "aud": FHIR,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (base | changed).items() if value is not None}

    def ask(self, scope: str = SCOPE, method: str = "GET", **changed: Any) -> httpx.Response:
        """The answer to an authorization request."""
        sent = self.question(scope, **changed)
        how = {"params": sent} if method == "GET" else {"data": sent}
        return self.world.ask(method, "/auth/authorize", token=None, **how)

    def pending(self, scope: str = SCOPE, **changed: Any) -> Pending:
        """The question as the consent page finds it."""
        answer = self.ask(scope, **changed)
        assert answer.status_code == 303, answer.text
        where = answer.headers["location"]
        assert where.startswith(f"{BASE_URL}/consent/"), where
        found = load(self.world.db, where.rpartition("/")[2], self.world.clock())
        assert found is not None
        return found

    def sign(self, patient: int | None = None, **changed: Any) -> str:
        """Sign a grant of Ada's window for this very app."""
        to = Recipient(self.client.organization, frozenset({self.client.id}))
        told = {"recipient": to, "authoriser": Authoriser("Ada Lovelace"), **changed}
        return self.world.grant(patient, **told)

    def approved(
        self, pending: Pending, patient: int | None = None, scopes: Scopes | None = None, **changed: Any
    ) -> dict[str, str]:
        """What comes back to the app after yes."""
        who = self.world.ada if patient is None else patient
        self.grant = self.sign(who, **changed)
        cut = pending.scopes if scopes is None else scopes
        return back(approve(self.world.db, pending, ACCOUNT, who, self.grant, cut, self.world.clock()))

    def declined(self, pending: Pending) -> dict[str, str]:
        """What comes back to the app after no."""
        return back(decline(self.world.db, pending, self.world.clock()))

    # ------------------------------------------------------------------------------------- tokens

    def post(self, path: str = "/auth/token", **form: str) -> httpx.Response:
        """A form with the app's proof: Basic, or in the form, or its id alone."""
        headers = {}
        if self.secret is not None and self.is_basic:
            told = base64.b64encode(f"{self.client.id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {told}"
        elif self.secret is not None:
            form |= {"client_id": self.client.id, "client_secret": self.secret}
        else:
            form = {"client_id": self.client.id} | form
        return self.world.ask("POST", path, token=None, data=form, headers=headers)

    def exchange(self, code: str, **changed: str) -> httpx.Response:
        """The answer to a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": VERIFIER,
        }
        return self.post("/auth/token", **(form | changed))

    def launched(self, scope: str = SCOPE, patient: int | None = None, **changed: Any) -> dict[str, Any]:
        """A whole standalone launch: the token response."""
        answer = self.exchange(self.approved(self.pending(scope), patient, **changed)["code"])
        assert answer.status_code == 200, answer.text
        self.said = answer.json()
        return self.said

    def refresh(self, token: str | None = None, **more: str) -> httpx.Response:
        """The answer to a refresh token; the newest one where none is named."""
        form = {"grant_type": "refresh_token", "refresh_token": token or self.said["refresh_token"]}
        answer = self.post("/auth/token", **(form | more))
        if answer.status_code == 200:
            self.said = answer.json()
        return answer

    def introspect(self, token: str) -> Any:
        """What a confidential app learns of a token."""
        answer = self.post("/auth/introspect", token=token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, **more: Any) -> httpx.Response:
        """A FHIR request with the app's token."""
        return self.world.get(path, token=self.said["access_token"], **more)


def app(world: World, kind: str = "confidential", organization: str | None = None, **changed: Any) -> App:
    """A registered app."""
    asked = Registration(
        "An App",
        kind,
        organization or f"Maker {uuid4()}",
        redirect_uris=(REDIRECT,),
        launch_uris=(LAUNCH,),
        purpose="TREAT",
    )
    made, secret = with_secret(client(dataclasses.replace(asked, **changed)))
    bridge.store.clients.add(world.db, made)
    return App(world, made, secret, made.redirect_uris[0])


def back(address: str) -> dict[str, str]:
    """The parameters with which a browser comes back."""
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


GLUCOSE: Final = frozenset({Kind.GLUCOSE})
MONTH: Final = 30 * DAY
