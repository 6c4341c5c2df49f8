"""`/docs` describes what is not FHIR, and a browser that shows it speaks with nobody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from starlette.routing import Route

import bridge.app
import bridge.served
import bridge.settings
from bridge.web.docs import ASSETS

HERE = "http://testserver"


@dataclass
class Site:
    """The whole application, as it is served, asked over ASGI."""

    app: bridge.served.Served
    runner: asyncio.Runner
    pages: frozenset[str]
    """Addresses that are for people: no API."""

    def get(self, path: str) -> httpx.Response:
        return self.runner.run(self._got(path))

    async def _got(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=HERE) as client:
            return await client.get(path)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = bridge.app.opened(bridge.settings.load({}, home=tmp_path_factory.mktemp("docs")))
    with asyncio.Runner() as runner:
        pages = frozenset(each.path for each in bridge.served._pages(found))
        yield Site(bridge.served.built(found, worker=False), runner, pages)
    found.close()


class Links(HTMLParser):
    """Every address that a page names, and every script, style or handler that stands in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._open = tag if tag in ("script", "style") else ""
        self.addresses += [str(named[name]) for name in ("src", "href", "action", "data") if name in named]
        self.inline += [name for name in named if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.inline += [data] if self._open and data.strip() else []


def test_the_page_names_no_other_host_and_all_that_it_names_is_here(web: Site) -> None:
    page = web.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = Links(page.text)
    assert len(links.addresses) >= 5 and links.inline == []
    for address in links.addresses:
        whole = urljoin(f"{HERE}/docs", address)
        assert urlsplit(whole).netloc == urlsplit(HERE).netloc
        assert web.get(urlsplit(whole).path).status_code == 200
    assert not re.search(r"https?:|//\w", page.text + web.get("/docs/start.js").text)


def test_the_policy_lets_a_browser_load_and_call_this_origin_alone(web: Site) -> None:
    for path in ("/docs", "/docs/start.js", *(f"/docs/{name}" for name in ASSETS), "/docs/nothing"):
        headers = web.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy.pop("default-src") == "'none'"
        assert {policy[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
        sources = {word for name, words in policy.items() if name.endswith("-src") for word in words.split()}
        assert sources == {"'self'", "data:"}
        assert "data:" not in policy["script-src"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["../core.py", "..%2fcore.py", "redoc.standalone.js", "%2e%2e/core.py", "a/b"]
)
def test_nothing_but_the_page_s_own_files_is_served(web: Site, name: str) -> None:
    assert web.get(f"/docs/{name}").status_code == 404


def test_every_route_but_fhir_s_is_described(web: Site) -> None:
    document = web.get("/openapi.json").json()
    paths = {each.path for each in web.app.routes if isinstance(each, Route)} - web.pages
    mine = {path for path in paths if not path.startswith(("/fhir", "/docs")) and path != "/openapi.json"}
    assert set(document["paths"]) == mine
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"] and operation["responses"]
    assert "servers" not in document


def test_the_script_is_there_whole(web: Site) -> None:
    script = web.get("/docs/swagger-ui-bundle.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "exports.SwaggerUIBundle=" in script.text[:300] and len(script.content) > 1_000_000
