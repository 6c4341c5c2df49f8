"""A portal in a thread: it takes files by PUT or as a form over real HTTP, with faults that a script orders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Shelf:
    """The running portal. `files`: by name, what was put last; `script`: a status or "torn" for each coming upload;
    `meanwhile`: what happens elsewhere during the next one."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    uploads: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    script: list[int | str] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None

    def lines(self, name: str) -> list[str]:
        """The rows of a table there, without its notice and header."""
        told = [each for each in self.files[name].decode().splitlines() if not each.startswith("#")]
        return told[1:]


@contextmanager
def standing() -> Iterator[Shelf]:
    """A portal that runs until the block ends."""
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._taken(self.path.rpartition("/")[2], self._body(), {})

        def do_POST(self) -> None:
            head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
            form = message_from_bytes(head + self._body())
            fields: dict[str, str] = {}
            name, body = "", b""
            for part in form.get_payload():
                assert not isinstance(part, str)
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                if part.get_filename():
                    name, body = str(part.get_filename()), content
                else:
                    key = part.get_param("name", header="content-disposition")
                    fields[str(key)] = content.decode()
            self._taken(name, body, fields)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("content-length", "0")))

        def _taken(self, name: str, body: bytes, fields: dict[str, str]) -> None:
            said = shelf.script.pop(0) if shelf.script else 201
            happens, shelf.meanwhile = shelf.meanwhile, None
            if happens is not None:
                happens()
            shelf.uploads.append((self.command, name, {**fields, **dict(self.headers.items())}))
            if said == "torn" or said == 201:
                shelf.files[name] = body
            if said == "torn":
                self.close_connection = True
                return
            self.send_response(int(said))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield shelf
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
