"""One request as the handlers see it: method, path, parameters, the few headers that matter, the body.

Law: nothing of a request is trusted or kept; what is malformed is a `Refused` with the answer in it. Bodies
have limits before they are read. A header that may stand once and stands twice is refused, because two
readers of one request could each take another (a bearer token, a length).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from bridge.consent.permit import RecipientPermit
from bridge.fhir.outcome import NOT_READABLE, Problem, problem
from bridge.fhir.render import JSON, Notation
from bridge.smart.tokens import Bearer

Pairs: TypeAlias = "tuple[tuple[str, str], ...]"

FORM_BYTES: Final = 64 * 1024
BUNDLE_BYTES: Final = 1024 * 1024
MOST_FIELDS: Final = 200
FORM: Final = "application/x-www-form-urlencoded"
SINGLE: Final = frozenset(
    {b"authorization", b"content-length", b"content-type", b"content-encoding", b"origin",
     b"access-control-request-method"}
)  # fmt: skip
LISTED: Final = frozenset({b"accept", b"accept-encoding", b"prefer", b"if-none-match", b"connection"})
TOO_LONG: Final = problem(413, "The request body is longer than is accepted here.")
BAD_ENCODING: Final = problem(400, "The parameters are not percent-encoded UTF-8.")
TOO_MANY: Final = problem(400, f"There are more than {MOST_FIELDS} parameters.")
TWICE: Final = problem(400, "A header that may stand once stands twice.")
COMPRESSED: Final = problem(415, "Send the body without a Content-Encoding.")


class Refused(Exception):
    """A request that ends here; `problem` is the answer."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.sentence)
        self.problem = problem
        self.headers = headers


class Call:
    """One request. `headers` holds the headers that matter; `notation` is how the answer is written, JSON until
    the route has looked; `bearer` is set by the route's guard."""

    __slots__ = ("_receive", "bearer", "headers", "is_twice", "method", "notation", "params", "path", "query")

    bearer: Bearer

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.params: Mapping[str, str] = scope.get("path_params", {})
        self._receive = receive
        self.notation: Notation = JSON
        self.headers: dict[bytes, bytes] = {}
        self.is_twice = False
        for name, value in scope["headers"]:
            if name in LISTED:
                self.headers[name] = self.headers[name] + b"," + value if name in self.headers else value
            elif name in SINGLE:
                self.is_twice = self.is_twice or name in self.headers
                self.headers[name] = value

    def asker(self) -> str | None:
        """The id of the client that asks, once the guard has looked."""
        permit = self.bearer.permit if hasattr(self, "bearer") else None
        return permit.client if isinstance(permit, RecipientPermit) else None

    def header(self, name: bytes) -> bytes:
        """The header of that lower-case name, b"" where it was not sent."""
        return self.headers.get(name, b"")

    def pairs(self) -> Pairs:
        """The parameters of the URL, decoded, in order."""
        return decoded(self.query) if self.query else ()

    async def form(self) -> Pairs:
        """The parameters of a form body (R4 3.1.1.1.2, POST _search); an empty body needs no type."""
        if self.media_type() not in (FORM, ""):
            raise Refused(NOT_READABLE)
        body = await self.body(FORM_BYTES)
        if body and not self.media_type():
            raise Refused(NOT_READABLE)
        return decoded(body)

    def media_type(self) -> str:
        """The media type of the body, lower case, without parameters."""
        return self.header(b"content-type").decode("latin-1").partition(";")[0].strip().lower()

    async def body(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes."""
        if self.header(b"content-encoding") not in (b"", b"identity"):
            raise Refused(COMPRESSED)
        length = self.header(b"content-length")
        if length and (not length.isdigit() or len(length) > 9 or int(length) > limit):
            raise Refused(TOO_LONG)
        parts, size, more = [], 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionAbortedError("the asker left while sending")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > limit:
                raise Refused(TOO_LONG)
        return b"".join(parts)

    async def gone(self) -> None:
        """Returns when the asker has hung up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def decoded(text: bytes) -> Pairs:
    """Percent-decoded pairs of a query or form; a name without `=` has the value ''."""
    try:
        plain = text.decode("ascii")
        if plain.count("&") >= MOST_FIELDS:
            raise Refused(TOO_MANY)
        return tuple(parse_qsl(plain, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Refused(BAD_ENCODING) from None
