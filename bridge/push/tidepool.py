"""Tidepool's data API for one person: a session, their data set, records put there and taken away.

Law: its API documentation (TidepoolApi, uploading device data, continuous): a data set of type `continuous` with the
deduplicator `dataset.delete.origin`, in which a record takes the place of one with the same origin, and which is never
closed; at most 1,000 records in a request. A session is begun with name and password and its token sent as
`x-tidepool-session-token`; a token of the file goes as a bearer. A refused login stops every lane (`breaker.py`). It
sends bytes that the binder made. Which account is the person's a human confirmed (the link).

Rejected: making an account for a person (`safety.md`: no Patient is created at a destination), the `normal` data set
(its records are known by device and time, so a corrected time would stand there twice).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from bridge.mapping.portal import Portal
from bridge.net.message import Answer, Fault, NetFault
from bridge.period import MINUTE, Instant
from bridge.portal.render import ARRAY, PortalBytes
from bridge.push.answers import Reply, lost
from bridge.push.credentials import Tokens
from bridge.push.laying import Login
from bridge.push.receiver import Receiver
from bridge.push.retry import Step
from bridge.push.upload import meant
from bridge.smart.record import parsed, text

MOST: Final = 1_000
"""Records in one request."""
DEDUPLICATOR: Final = "org.tidepool.deduplicator.dataset.delete.origin"
SESSION: Final = "x-tidepool-session-token"
LASTS: Final = 30 * MINUTE
"""A token is used no longer; how long it lives its documentation does not say."""
TAKEN: Final = frozenset({200, 201, 204})
MENDS: Final[Mapping[int, str]] = {
    400: "Tidepool finds a record wrong: nothing of the request was taken; tell whoever runs the bridge",
    401: "Tidepool does not know the bridge: check the destination's user and secret",
    403: "Tidepool does not let the bridge write for this person: they, or their clinic there, give it the permission "
    "to upload",
    404: "Tidepool has no such account or data set: compare the link with the person's account",
    409: "the person's data set of the bridge was closed at Tidepool: give client another name in the file",
    413: "Tidepool finds the request too large: say limits.bytes",
}
NO_SESSION: Final = "Tidepool does not know the bridge: check the destination's user and secret"
NO_SET: Final = "Tidepool's answer about data sets is not understood: check the address"

Method = Literal["GET", "POST", "DELETE"]


class _Named(msgspec.Struct):
    name: str = ""


class _Set(msgspec.Struct, rename="camel"):
    """A data set in a list."""

    id: str = ""
    upload_id: str = ""
    data_set_type: str = ""
    state: str = msgspec.field(default="", name="_state")
    deduplicator: _Named = msgspec.field(default_factory=_Named)
    client: _Named = msgspec.field(default_factory=_Named)


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account. `user`: its id; `number`: of the destination; `tokens`: sessions that live."""

    receiver: Receiver
    told: Portal
    login: Login | None
    user: str
    number: int
    tokens: Tokens = field(repr=False)
    clock: Callable[[], Instant]

    async def put(self, content: PortalBytes) -> Reply:
        """Records go into the data set of the bridge, over those with the same origin."""
        return await self._in_set("POST", content)

    async def take(self, content: PortalBytes) -> Reply:
        """Records with these origins are taken away."""
        return await self._in_set("DELETE", content)

    async def _in_set(self, method: Method, content: PortalBytes) -> Reply:
        found = await self._data_set()
        if isinstance(found, Reply):
            return found
        path = f"v1/data_sets/{quote(found, safe='')}/data"
        answer = await self._call(method, path, bytes(content))
        return answer if isinstance(answer, Reply) else self._meant(answer)

    async def _data_set(self) -> str | Reply:
        """The id of the data set that is the bridge's, made where there is none."""
        sets = f"v1/users/{quote(self.user, safe='')}/data_sets"
        listed = await self._call("GET", f"{sets}?client.name={self.told.client}")
        if isinstance(listed, Reply):
            return listed
        if listed.status not in TAKEN:
            return _nothing_left(self._meant(listed))
        try:
            known = msgspec.json.decode(listed.body, type=list[_Set])
        except msgspec.MsgspecError:
            return Reply(Step.STOP, NO_SET, is_untouched=True)
        ours = [each for each in known if self._is_ours(each)]
        if ours:
            return ours[0].upload_id or ours[0].id
        return await self._made(sets)

    async def _made(self, sets: str) -> str | Reply:
        made = await self._call("POST", sets, _opening(self.told.client))
        if isinstance(made, Reply):
            return _nothing_left(made)
        if made.status not in TAKEN:
            return _nothing_left(self._meant(made))
        data = parsed(made.body).get("data")
        id_ = text(data, "uploadId") or text(data, "id") if isinstance(data, dict) else ""
        return id_ or Reply(Step.STOP, NO_SET, is_untouched=True)

    def _is_ours(self, each: _Set) -> bool:
        is_right = each.data_set_type == "continuous" and each.deduplicator.name == DEDUPLICATOR
        return is_right and each.client.name == self.told.client and bool(each.upload_id or each.id)

    async def _call(self, method: Method, path: str, body: bytes = b"") -> Answer | Reply:
        """One call under a session; a session that is over is begun anew once."""
        answer = await self._said(method, path, body)
        if isinstance(answer, Answer) and answer.status == 401 and self._is_renewed():
            answer = await self._said(method, path, body)
        return lost(answer) if isinstance(answer, NetFault) else answer

    def _is_renewed(self) -> bool:
        """Whether a session was over, which the next call begins anew."""
        return self.login is not None and self.tokens.pop(self.number, ("", 0))[0] != ""

    async def _said(self, method: Method, path: str, body: bytes) -> Answer | NetFault | Reply:
        token = await self._session()
        if isinstance(token, Reply):
            return token
        headers = ((SESSION, token),) if token else ()
        return await self.receiver.call(method, path, body, headers, ARRAY)

    async def _session(self) -> str | Reply:
        """The token of the session that lives, or of a new one; '' where a bearer stands for it."""
        if self.login is None:
            return ""
        if self.login.problem:
            return Reply(Step.STOP, self.login.problem, is_untouched=True)
        kept = self.tokens.get(self.number)
        if kept is not None and self.clock() < kept[1]:
            return kept[0]
        pair = base64.b64encode(f"{self.login.user}:{self.login.secret}".encode()).decode()
        answer = await self.receiver.call(
            "POST", "auth/login", b"", (("authorization", f"Basic {pair}"),), ARRAY
        )
        if not isinstance(answer, Answer):
            return _nothing_left(answer if isinstance(answer, Reply) else lost(answer))
        token = answer.header(SESSION)
        if answer.status not in TAKEN:
            if answer.status in (401, 403):
                self.receiver.watch.saw(NetFault(Fault.NOT_LET_IN, "Tidepool"), is_write=True)
                return Reply(Step.STOP, f"{NO_SESSION} (HTTP {answer.status})", is_untouched=True)
            return _nothing_left(self._meant(answer))
        if not token.isascii() or not token.isprintable() or not token:
            return Reply(Step.STOP, NO_SESSION, is_untouched=True)
        self.tokens[self.number] = token, self.clock() + LASTS
        return token

    def _meant(self, answer: Answer) -> Reply:
        return meant(answer, TAKEN, MENDS, ("Tidepool", "the records"), self.clock())


def _nothing_left(reply: Reply) -> Reply:
    """Of records nothing left yet, whatever came of the call before them."""
    what = Step.AGAIN if reply.step is Step.UNKNOWN else reply.step
    return Reply(what, reply.problem, reply.asked, is_untouched=True, status=reply.status)


def _opening(client: str) -> bytes:
    told = f'"client":{{"name":"{client}","version":"1.0.0"}},"dataSetType":"continuous"'
    return f'{{{told},"deduplicator":{{"name":"{DEDUPLICATOR}"}}}}'.encode()
