"""How the bridge proves itself at a destination, made of what its file says.

Law: SMART Backend Services (2.2): a signed statement of ours (`bridge.smart.ehr_keys`) for a short-lived token, which
is kept in memory until it ends and asked for anew at most once after a 401. A user's token is the one that a launch of
that EHR brought for that person, renewed where the EHR gave a refresh token; nobody else's token is ever used for them.
A secret is opened for one call: out of the vault, or of the file that the destination's file names.

Rejected: a token kept on disk (it would outlive whoever withdrew it), a user's token for the next person.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlencode

import bridge.store.destinations as destinations
from bridge.mapping.auth import VAULT, Auth
from bridge.mapping.destination import DestinationFile
from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, Caller, Identity, NetFault, Request
from bridge.period import Instant
from bridge.push.answers import Reply, lost
from bridge.push.laying import Login
from bridge.push.receiver import Bearer, Proof
from bridge.push.retry import Step
from bridge.push.user_token import UserToken
from bridge.smart.ehr_keys import proof
from bridge.smart.record import parsed, text
from bridge.store.db import Database
from bridge.store.destinations import Destination

DISCOVERY: Final = "/.well-known/smart-configuration"
FORM: Final = ("content-type", "application/x-www-form-urlencoded")
LIMIT: Final = 64 * 1024
EARLY: Final = 10_000
"""A token that ends within ten seconds is not begun with."""
LONGEST: Final = 3_600_000

Tokens: TypeAlias = "dict[int, tuple[str, Instant]]"
"""Destination -> its token, and until when."""

LACKING: Final = "there is no secret for this destination: cgm-bridge destination add --token"
UNREADABLE: Final = (
    "the file with the destination's secret cannot be read: check its path and who may read it"
)
NO_ENDPOINT: Final = (
    "the receiver names no token endpoint of its own: write token_url into the destination's file"
)
NOT_GIVEN: Final = (
    "the receiver gave no token: check client_id, scope and our keys at /launch/jwks.json there"
)


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no proof, and why."""

    problem: str

    async def header(self) -> str | Reply:
        """None, and a human has to mend it."""
        return Reply(Step.STOP, self.problem, is_untouched=True)

    def is_renewed(self) -> bool:
        """There is no other."""
        return False


@dataclass(frozen=True, slots=True)
class Backend:
    """A token by our own signature."""

    db: Database
    net: Caller
    goal: Destination
    auth: Auth
    identity: Identity | None
    tokens: Tokens = field(repr=False)
    clock: Callable[[], Instant]

    async def header(self) -> str | Reply:
        """The token that lives, or a new one."""
        kept = self.tokens.get(self.goal.number)
        if kept is not None and self.clock() + EARLY < kept[1]:
            return f"Bearer {kept[0]}"
        return await self._asked()

    def is_renewed(self) -> bool:
        """The next one is new."""
        return self.tokens.pop(self.goal.number, None) is not None

    async def _asked(self) -> str | Reply:
        url, algs = self.auth.token_url or "", frozenset[str]()
        if not url:
            told = await self._told("GET", self.goal.url + DISCOVERY, b"")
            if isinstance(told, Reply):
                return told
            url, algs = text(told, "token_endpoint"), _words(told)
            if not url:
                return Reply(Step.STOP, NO_ENDPOINT, is_untouched=True)
        form = {"grant_type": "client_credentials", "scope": self.auth.scope}
        form |= proof(self.db, self.auth.client_id or "", url, algs, self.clock())
        answer = await self._told("POST", url, urlencode(form).encode())
        if isinstance(answer, Reply):
            return answer
        token, lasts = text(answer, "access_token"), answer.get("expires_in")
        if not token.isascii() or not token or text(answer, "token_type").lower() != "bearer":
            return Reply(Step.STOP, NOT_GIVEN, is_untouched=True)
        ends = min(lasts * 1000, LONGEST) if isinstance(lasts, int) and lasts > 0 else 0
        self.tokens[self.goal.number] = token, self.clock() + ends
        return f"Bearer {token}"

    async def _told(self, method: str, url: str, body: bytes) -> Mapping[str, object] | Reply:
        way, headers = ("POST" if method == "POST" else "GET"), (("accept", "application/json"),)
        request = Request(
            Purpose.DELIVERY,
            "POST" if way == "POST" else "GET",
            url,
            (*headers, FORM) if body else headers,
            body,
            LIMIT,
            identity=self.identity,
        )
        return _read(await self.net.fetch(request))


def of(
    db: Database,
    net: Caller,
    goal: Destination,
    spec: DestinationFile | None,
    patient: int | None,
    tokens: Tokens,
    clock: Callable[[], Instant],
) -> Proof:
    """How we prove ourselves at a destination, for one person's delivery."""
    secret = destinations.secret(db, goal.number)
    if spec is None:
        return Bearer(f"Bearer {secret}" if secret is not None else "")
    auth = spec.auth
    if auth.kind == "backend":
        return Backend(db, net, goal, auth, identity(spec), tokens, clock)
    if auth.kind == "user-token":
        return UserToken(db, net, goal, patient, clock)
    has_login = spec.portal is not None and spec.portal.has_login(auth.kind)
    if auth.kind in ("none", "mtls") or has_login:
        return Bearer()
    opened = secret if auth.secret == VAULT else _in_file(auth.secret or "")
    if not opened:
        return Nothing(LACKING if auth.secret == VAULT else UNREADABLE)
    if auth.kind == "bearer":
        return Bearer(f"Bearer {opened}")
    pair = base64.b64encode(f"{auth.user}:{opened}".encode()).decode()
    return Bearer(f"Basic {pair}")


def login(db: Database, goal: Destination, auth: Auth) -> Login:
    """Who we are at a server of folders."""
    secret = destinations.secret(db, goal.number) if auth.secret == VAULT else _in_file(auth.secret or "")
    problem = "" if secret or auth.kind == "none" else LACKING if auth.secret == VAULT else UNREADABLE
    return Login(auth.user or "", secret or "", auth.kind == "ssh-key", problem)


def identity(spec: DestinationFile | None) -> Identity | None:
    """Who we are in TLS there; None: as everywhere."""
    if spec is None or not (spec.auth.certificate or spec.authority):
        return None
    return Identity(spec.auth.certificate, spec.auth.key, spec.authority)


def _in_file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _words(told: Mapping[str, object]) -> frozenset[str]:
    listed = told.get("token_endpoint_auth_signing_alg_values_supported")
    return (
        frozenset(each for each in listed if isinstance(each, str))
        if isinstance(listed, list)
        else frozenset()
    )


def _read(answer: Answer | NetFault) -> Mapping[str, object] | Reply:
    """The JSON of a good answer. Nothing of what is to be delivered left, whatever came of it."""
    if isinstance(answer, NetFault):
        return Reply(Step.AGAIN, lost(answer).problem, is_untouched=True)
    if answer.status >= 500 or answer.status == 429:
        return Reply(
            Step.AGAIN,
            f"the receiver's token endpoint does not work (HTTP {answer.status})",
            is_untouched=True,
        )
    if answer.status != 200:
        return Reply(Step.STOP, f"{NOT_GIVEN} (HTTP {answer.status})", is_untouched=True)
    return parsed(answer.body)
