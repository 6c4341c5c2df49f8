"""Every page is tried by a stranger who is signed in and by staff of all roles: neither is told anything of Ada.

Law (`architecture.md`, laws): addresses are discovered in the program as it is composed, so a new page is tried without
a line here. Each is asked with GET and, with a good form secret, with POST; what comes back holds no canary, no name
and no birth date of another person, and changes no grant.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import httpx
import pytest
from starlette.routing import Route

import bridge.app
import bridge.served
import bridge.settings
import bridge.store.accounts as accounts
import bridge.store.patients as patients
from bridge.app import Bridge
from bridge.consent import grants
from bridge.people import sessions, staff
from bridge.people.roles import Role
from bridge.store.representations import RepresentationRow, add
from tests.web.pumped import pumped, telling
from tests.web.world import World, leaks

APART = ("/fhir", "/auth", "/docs", "/openapi.json", "/health", "/metrics", "/.well-known")
FOR_ANYBODY = ("/sign-", "/clinic/sign-in", "/launch", "/static", "/language")
ADA = ("Ada Lovelace", "1980", "January 2")


@dataclass
class Crawl:
    """The composed program over a home with canaries, and two attackers."""

    world: World
    found: Bridge
    runner: asyncio.Runner
    app: bridge.served.Served
    paths: tuple[str, ...]
    grant: str

    def asked(self, persona: accounts.Persona) -> Iterator[httpx.Response]:
        """Every answer that an attacker gets."""
        account = "stranger" if persona == "person" else self._member()
        cookie, known = sessions.start(self.found.db, account, persona, self.found.now())
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
        web = httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", cookies={"bridge": cookie}
        )
        fields = {
            "csrf": known.csrf,
            "patient": str(self.world.ada),
            "sure": "yes",
            "days": "9",
            "grant": self.grant,
        }
        for path in self.paths:
            yield self.runner.run(web.get(path))
            if path not in ("/sign-out", "/account/devices"):
                yield self.runner.run(
                    web.post(path, data=fields | {"act": "ask", "number": "1", "device": "x"})
                )
        self.runner.run(web.aclose())

    def _member(self) -> str:
        return staff.add(self.found.db, "Ana", list(Role), None, self.found.now())[0]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    home = tmp_path_factory.mktemp("pages") / "home"
    world = World(home)
    pumped(world)
    grant = world.grant()
    settings = bridge.settings.load({"BRIDGE_MASTER_KEY": (b"k" * 32).hex()}, home=home)
    found = bridge.app.opened(settings)
    own = patients.add(found.db, "Stranger", date(1970, 5, 6), "UTC")
    accounts.add(found.db, "stranger", "person", "Stranger", "stranger")
    add(
        found.db,
        RepresentationRow(
            0, own, "stranger", "self", ("see", "connect", "grant", "revoke", "erase"), 0, None, None
        ),
    )
    app = bridge.served.built(found, worker=False)
    pages = [each.path for each in app.routes if isinstance(each, Route) and not each.path.startswith(APART)]
    named = {"grant": grant, "patient": str(world.ada)}
    paths = tuple(re.sub(r"{(\w+)(?::\w+)?}", lambda m: named.get(m[1], "x"), path) for path in pages)
    with asyncio.Runner() as runner:
        yield Crawl(world, found, runner, app, paths, grant)
    found.close()
    world.close()


@pytest.mark.parametrize("persona", ["person", "staff"])
def test_no_page_tells_a_stranger_or_staff_anything_of_somebody_else(
    crawl: Crawl, persona: accounts.Persona
) -> None:
    before = grants.listed(crawl.found.db, crawl.world.ada)
    answers = list(crawl.asked(persona))
    assert len(answers) > 50
    for answer in answers:
        assert answer.status_code < 500, answer.request.url
        assert not leaks(crawl.world, answer) and not telling(answer.text), answer.request.url
        told = re.sub(r"<footer>.*?</footer>", "", answer.text, flags=re.DOTALL)
        assert not any(word in told for word in ADA), answer.request.url
    assert grants.listed(crawl.found.db, crawl.world.ada) == before
    assert sum(answer.status_code == 200 for answer in answers) > 5


def test_nobody_who_is_not_signed_in_is_shown_a_page_about_a_person(crawl: Crawl) -> None:
    transport = httpx.ASGITransport(crawl.app)
    web = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
    for path in crawl.paths:
        answer = crawl.runner.run(web.get(path))
        assert answer.status_code in (303, 403, 404, 405, 410) or path.startswith(FOR_ANYBODY), path
        assert not leaks(crawl.world, answer)
    crawl.runner.run(web.aclose())


def test_an_address_that_only_takes_forms_leads_to_the_page_that_has_the_form(crawl: Crawl) -> None:
    taking: dict[str, set[str]] = {}
    for each in crawl.app.routes:
        if isinstance(each, Route) and not each.path.startswith(APART):
            taking.setdefault(each.path, set()).update(each.methods or ("GET",))
    only = [path for path, methods in taking.items() if "GET" not in methods]
    assert {"/account/devices", "/account/tokens/end", "/clinic/codes/make", "/sign-out"} <= set(only)
    transport = httpx.ASGITransport(crawl.app)
    web = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
    for path in only:
        above = path
        while above and "GET" not in taking.get(above, ()):
            above = above.rpartition("/")[0]
        answer = crawl.runner.run(web.get(re.sub(r"{\w+}", "x", path)))
        led = re.sub(r"{\w+}", "x", above) or "/"
        assert (answer.status_code, answer.headers["location"]) == (303, led), path
        assert crawl.runner.run(web.put(re.sub(r"{\w+}", "x", path))).status_code == 405
    crawl.runner.run(web.aclose())
