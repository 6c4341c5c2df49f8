"""An app of somebody else that lives in the browser: fhirclient's own bundle, served on loopback, and nothing mended.

Law: the page says to the library what an app's author would (client, scope, redirect address, PKCE) and hands its
client to the test as `client`; what a test asks, the library asks. The bundle is the package of `node/`, as it came.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Page

from tests.peers.node import installed

LAUNCH: Final = """<!doctype html><title>Launch</title><script src="/fhir-client.js"></script><script>
const asked = {settings};
if (new URLSearchParams(location.search).has("launch")) delete asked.iss;
FHIR.oauth2.authorize(asked).catch((error) => {{ document.title = "failed"; document.body.append(String(error)); }});
</script>"""
READY: Final = """<!doctype html><title>Waiting</title><body><script src="/fhir-client.js"></script><script>
FHIR.oauth2.ready().then(
  (found) => { window.client = found; document.title = "ready"; },
  (error) => { document.title = "failed"; document.body.append(String(error)); },
);
</script>"""


@dataclass
class BrowserApp:
    """The app. `base`: its origin; `settings`: what it tells the library, once it is registered."""

    base: str = ""
    settings: str = "{}"

    @property
    def redirect(self) -> str:
        """Where the authorization server sends browsers back."""
        return f"{self.base}/app"

    @property
    def launch(self) -> str:
        """Where it is opened, by a person or by an EHR."""
        return f"{self.base}/launch"

    def registered(self, client: str, scope: str, iss: str) -> None:
        """Tell it under which name it is known there."""
        told = {"clientId": client, "scope": scope, "redirectUri": self.redirect, "pkceMode": "required"}
        self.settings = json.dumps(told | {"iss": iss})

    def document(self, path: str) -> tuple[str, bytes] | None:
        """The type and bytes of an address."""
        if path == "/fhir-client.js":
            bundle = installed("fhirclient") / "build" / "fhir-client.min.js"
            return "text/javascript", bundle.read_bytes()
        pages = {"/launch": LAUNCH.format(settings=self.settings), "/app": READY}
        return ("text/html; charset=utf-8", pages[path].encode()) if path in pages else None


@contextmanager
def browser_app() -> Iterator[BrowserApp]:
    """The app, served."""
    app = BrowserApp()

    class Here(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = app.document(self.path.partition("?")[0])
            kind, body = found or ("text/plain", b"")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Here)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    app.base = f"http://localhost:{server.server_address[1]}"
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


async def ready(page: Page) -> dict[str, Any]:
    """What the library holds once the browser is back at the app: its token response."""
    await page.wait_for_function("['ready', 'failed'].includes(document.title)")
    assert await page.title() == "ready", await page.locator("body").inner_text()
    return dict(await page.evaluate("client.state.tokenResponse"))


async def asked(page: Page, query: str) -> list[dict[str, Any]]:
    """Every page of a search, by the library."""
    way = "query => client.request(query, {pageLimit: 0, flat: true})"
    return list(await page.evaluate(way, query))


async def refused(page: Page, call: str) -> str:
    """What the library says of a call that is refused, '' where it is not."""
    way = f"async () => {{ try {{ await {call}; return ''; }} catch (error) {{ return String(error); }} }}"
    return str(await page.evaluate(way))
