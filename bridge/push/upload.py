"""A file goes to a portal: as the body of a PUT, or in a form (RFC 7578), and what the portal's answer means.

Law: it sends bytes that the binder made and decides nothing about them. Any success is a success: a portal that says
202 has the file and files it later (RFC 9110 15.3.3). A status that a repetition cannot mend waits for a human, with a
sentence that says whose turn it is. The address, our proof, the pace and the pauses are the receiver's
(`receiver.py`); a redirect is refused there as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from bridge.mapping.portal import Portal, filled
from bridge.net.message import Answer, NetFault
from bridge.period import Instant
from bridge.portal.render import PortalBytes
from bridge.push.answers import Reply, lost
from bridge.push.receiver import Receiver
from bridge.push.retry import Step, retry_after, step

TAKEN: Final = frozenset({200, 201, 202, 204})
MENDS: Final[Mapping[int, str]] = {
    400: "the portal finds the upload wrong: compare fields and headers of its file with its manual",
    401: "the portal does not know the bridge: check the destination's secret",
    403: "the portal does not let the bridge upload: ask it for the permission",
    404: "there is nothing at the portal's address: check address and path",
    405: "the portal's address takes no upload of this kind: check upload and path",
    409: "the portal keeps a file of this name and puts none over it: say corrections: none and {revision}",
    412: "the portal keeps a file of this name and puts none over it: say corrections: none and {revision}",
    413: "the portal finds the file too large: say limits.bytes, or another form",
    415: "the portal does not take this form: say another form",
    422: "the portal's rules refuse the file: ask it which",
    507: "the portal has no room left: it makes some",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """The uploads of one delivery."""

    receiver: Receiver
    told: Portal
    clock: Callable[[], Instant]

    async def put(self, name: str, content: PortalBytes, words: Mapping[str, str]) -> Reply:
        """One file under its name."""
        headers = tuple((key.lower(), text) for key, text in self.told.headers.items())
        path = filled(self.told.path, {"name": quote(name, safe="")})
        if self.told.upload == "put":
            answer = await self.receiver.call("PUT", path, bytes(content), headers, content.media_type)
        else:
            body, media = form(self.told, name, content, words)
            answer = await self.receiver.call("POST", path, body, headers, media)
        if isinstance(answer, Reply):
            return answer
        if isinstance(answer, NetFault):
            return lost(answer)
        return meant(answer, TAKEN, MENDS, ("the portal", "the file"), self.clock())


def meant(
    answer: Answer, taken: Collection[int], mends: Mapping[int, str], names: tuple[str, str], now: Instant
) -> Reply:
    """What a portal's answer means. `mends`: whose turn it is at a status that a repetition cannot mend; `names`: the
    portal, and what it was to take."""
    if answer.status in taken:
        return Reply(Step.DONE, status=answer.status)
    what = Step.STOP if answer.status in mends else step(answer.status)
    waits = what in (Step.AGAIN, Step.UNKNOWN)
    usual = f"{names[0]} asks to wait, or is out of order" if waits else f"{names[0]} did not take {names[1]}"
    problem = f"{mends.get(answer.status, usual)} (HTTP {answer.status})"
    asked = retry_after(answer.header("retry-after"), now)
    return Reply(what, problem, asked, is_untouched=what is not Step.UNKNOWN, status=answer.status)


def form(told: Portal, name: str, content: PortalBytes, words: Mapping[str, str]) -> tuple[bytes, str]:
    """The body and media type of a form with the file in it. The boundary is made of the file's checksum: it stands in
    no file, for whoever could write it there had found a file that holds its own SHA-256."""
    boundary = f"cgm-bridge-{content.sha256[:48]}"
    return b"".join(_parts(told, name, content, words, boundary)), f"multipart/form-data; boundary={boundary}"


def _parts(
    told: Portal, name: str, content: PortalBytes, words: Mapping[str, str], boundary: str
) -> Iterator[bytes]:
    for key, text in told.fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'
        yield f"{head}{filled(text, words)}\r\n".encode()
    disposition = f'form-data; name="{told.file_field}"; filename="{name}"'
    yield f"--{boundary}\r\nContent-Disposition: {disposition}\r\n".encode()
    yield f"Content-Type: {content.media_type}\r\n\r\n".encode()
    yield bytes(content)
    yield f"\r\n--{boundary}--\r\n".encode()
