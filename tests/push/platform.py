"""Tidepool in a thread, as its API documentation and the facts sheet say: sessions, data sets, records known by origin.

Law: it holds what is in force and refuses what Tidepool refuses: no session (401), no permission for the person (403),
an unknown account or data set (404), a closed one (409), more than 1,000 records (413), a record without what its type
needs (400, and then nothing of the request is taken). 413 and 429 are our guess: its documentation asks for chunks of
1,000 and names no status for more.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

GLUCOSE = ("units", "value")
NEEDS: dict[str, tuple[str, ...]] = {
    "cbg": GLUCOSE,
    "smbg": GLUCOSE,
    "bloodKetone": GLUCOSE,
    "deviceEvent": ("subType", *GLUCOSE),
    "bolus": ("subType",),
    "basal": ("deliveryType", "duration"),
    "food": ("nutrition",),
    "insulin": ("dose",),
}
ALWAYS = ("time", "deviceTime", "timezoneOffset", "deviceId", "origin")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MOST = 1_000


@dataclass
class Tidepool:
    """The running platform. `sets`: by id; `records`: by data set and origin; `script`: a status or "torn" for each
    coming request with records; `meanwhile`: what happens during the next one; `looked`: during the next look for data
    sets; `calls`, `sizes`: method and
    path, and bytes, of all."""

    users: dict[str, str] = field(default_factory=lambda: {"bridge@clinic.example": "s3cret"})
    may_write: set[str] = field(default_factory=lambda: {"0042"})
    url: str = ""
    sessions: set[str] = field(default_factory=set)
    logins: list[int] = field(default_factory=list)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    script: list[int | str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None
    looked: Callable[[], None] | None = None

    def told(self) -> list[dict[str, Any]]:
        """What is in force, in order of time."""
        every = [each for some in self.records.values() for each in some.values()]
        return sorted(every, key=lambda each: (each["time"], each["type"]))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What is in force of a type."""
        return [each for each in self.told() if each["type"] == kind]


def fault(record: dict[str, Any]) -> str:
    """What is wrong with a record; '' nothing."""
    needs = NEEDS.get(record.get("type", ""))
    if needs is None:
        return "type"
    lacks = [name for name in (*ALWAYS, *needs) if name not in record]
    if lacks or not TIME.fullmatch(record["time"]) or not record["origin"].get("id"):
        return f"{lacks}"
    if "units" in record and record["units"] not in ("mg/dL", "mmol/L"):
        return "units"
    return ""


def taken(there: Tidepool, method: str, id_: str, told: list[dict[str, Any]]) -> int:
    """The status of a request with records, which is taken whole or not at all."""
    if id_ not in there.sets:
        return 404
    if there.sets[id_].get("_state") == "closed":
        return 409
    if len(told) > MOST:
        return 413
    if method == "DELETE":
        for each in told:
            there.records[id_].pop(each["origin"]["id"], None)
        return 200
    if any(fault(each) for each in told):
        return 400
    there.records[id_] |= {each["origin"]["id"]: each for each in told}
    return 200


@contextmanager
def standing() -> Iterator[Tidepool]:
    """A platform that runs until the block ends."""
    there = Tidepool()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._served("GET")

        def do_POST(self) -> None:
            self._served("POST")

        def do_DELETE(self) -> None:
            self._served("DELETE")

        def _served(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            where = urlsplit(self.path)
            parts = [unquote(each) for each in where.path.strip("/").split("/")]
            there.calls.append((method, where.path))
            there.sizes.append(len(body))
            if parts == ["auth", "login"]:
                self._login()
            elif self.headers.get("x-tidepool-session-token") not in there.sessions and not self._bearer():
                self._answer(401)
            elif parts[:2] == ["v1", "users"] and parts[3:] == ["data_sets"]:
                self._sets(method, parts[2], parse_qs(where.query), body)
            elif parts[:2] == ["v1", "data_sets"] and parts[3:] == ["data"]:
                self._data(method, parts[2], json.loads(body))
            else:
                self._answer(404)

        def _bearer(self) -> bool:
            return self.headers.get("authorization") == "Bearer t0ken"

        def _login(self) -> None:
            told = self.headers.get("authorization", "").removeprefix("Basic ")
            user, _, secret = base64.b64decode(told).decode().partition(":")
            is_known = there.users.get(user) == secret
            there.logins.append(200 if is_known else 401)
            token = f"token-{len(there.logins)}" if is_known else ""
            there.sessions |= {token} - {""}
            self._answer(there.logins[-1], {"userid": "u1"} if is_known else None, token)

        def _sets(self, method: str, user: str, query: dict[str, list[str]], body: bytes) -> None:
            if user not in there.may_write:
                self._answer(403)
            elif method == "GET":
                happens, there.looked = there.looked, None
                if happens is not None:
                    happens()
                name = query["client.name"][0]
                every = [each for each in there.sets.values() if each["of"] == user]
                self._answer(200, [each for each in every if each["client"]["name"] == name])
            else:
                id_ = f"set-{len(there.sets) + 1}"
                there.sets[id_] = json.loads(body) | {
                    "of": user,
                    "id": id_,
                    "uploadId": id_,
                    "type": "upload",
                }
                there.records[id_] = {}
                self._answer(201, {"data": there.sets[id_]})

        def _data(self, method: str, id_: str, told: list[dict[str, Any]]) -> None:
            happens, there.meanwhile = there.meanwhile, None
            if happens is not None:
                happens()
            said = there.script.pop(0) if there.script else 200
            status = taken(there, method, id_, told) if said in (200, "torn") else int(said)
            if said == "torn":
                self.close_connection = True
                return
            self._answer(status, [] if status == 200 else None)

        def _answer(self, status: int, body: Any = None, token: str = "") -> None:
            told = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if token:
                self.send_header("x-tidepool-session-token", token)
            if status == 429:
                self.send_header("retry-after", "120")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
