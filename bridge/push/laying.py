"""A file goes into a clinic's folder by SFTP, and what the server's answer means.

Law: as `upload.py`: bytes that the binder made, the receiver's pace and pauses, no decision about what goes. Host keys
are those of the destination's file; user, password or key its `auth`. A fault that only a person mends stops the lane
with a sentence about whose turn it is, and a refused login is not shown again by the next lane (`breaker.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.mapping.portal import Portal
from bridge.net.endpoint import Purpose
from bridge.net.message import Answer, Laid, NetFault
from bridge.portal.render import PortalBytes
from bridge.push.answers import Reply, lost
from bridge.push.receiver import Receiver
from bridge.push.retry import Step


@dataclass(frozen=True, slots=True)
class Login:
    """How the bridge proves itself there: a password, or a private key; `problem`: why it cannot."""

    user: str
    secret: str = field(repr=False)
    is_key: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """The uploads of one delivery."""

    receiver: Receiver
    told: Portal
    login: Login

    async def put(self, name: str, content: PortalBytes, words: Mapping[str, str]) -> Reply:
        """One file under its name; `words` are for forms."""
        if self.login.problem:
            return Reply(Step.STOP, self.login.problem, is_untouched=True)
        barred = self.receiver.watch.bars()
        if barred is not None:
            return lost(NetFault(barred, "the receiver"))
        fault = await self.receiver.net.lay(self._laid(name, content))
        self.receiver.watch.saw(fault or Answer(200, {}, b""), is_write=True)
        return Reply(Step.DONE) if fault is None else lost(fault)

    async def tidy(self, name: str) -> bool:
        """Half a file of that name is taken away; whether none is there now."""
        if self.login.problem or self.receiver.watch.bars() is not None:
            return False
        fault = await self.receiver.net.lay(self._laid(name, None))
        self.receiver.watch.saw(fault or Answer(200, {}, b""), is_write=True)
        return fault is None

    def _laid(self, name: str, content: PortalBytes | None) -> Laid:
        login = self.login
        return Laid(
            Purpose.DELIVERY,
            self.receiver.url,
            login.user,
            self.told.host_keys,
            self.told.path.rstrip("/"),
            name,
            b"" if content is None else bytes(content),
            password="" if login.is_key else login.secret,
            key=login.secret if login.is_key else "",
            replaces=self.told.replaces,
            patient=self.receiver.patient,
            only_tidies=content is None,
            stands=self.receiver.watch.stands,
        )
